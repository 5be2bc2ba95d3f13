"""Money: once, as shown, and for something that is there. Always true."""

from __future__ import annotations

from collections import Counter

from billing.models import StripeOperation
from billing.models.stripe import UNSETTLED, OperationState
from selfservice.subscriptions.models import OrderState, Subscription
from tests.simulation.facts import Facts
from tests.simulation.invariants import always
from tests.simulation.theirs import ENDED, LIVE, Json, subscription_of

CHARGED_AT_ONCE = ("subscription.more", "subscription.trial_convert")
NOT_CHARGED = {OrderState.DECLINED, OrderState.DROPPED}


def took_money(invoice: Json) -> bool:
    return invoice["status"] == "paid"


@always
def one_customer_for_a_billing_profile(facts: Facts) -> None:
    for profile in facts.profiles:
        made = facts.theirs.customers.get(str(profile.pk), [])
        assert len(made) <= 1, made
        if profile.stripe_customer_id:
            assert made == [profile.stripe_customer_id]


@always
def an_order_is_charged_once_as_shown(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        paid = [
            invoice
            for found in facts.theirs.own(row.pk)
            for invoice in facts.theirs.of_subscription(found["id"])
            if invoice["billing_reason"] == "subscription_create"
            and took_money(invoice)
        ]
        assert len(paid) <= 1, "charged twice for one order"
        for invoice in paid:
            assert invoice["amount_paid"] == invoice["total"]
            assert invoice["total"] == row.expected_total_minor
        if row.order_state == OrderState.CONFIRMED:
            assert len(paid) == 1, "confirmed and not paid"
        if row.order_state in NOT_CHARGED:
            assert not paid, f"{row.order_state} and charged"


@always
def nothing_is_left_to_pay_for_what_was_given_up(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        if row.order_state not in NOT_CHARGED:
            continue
        waits = [o for o in facts.operations if o.subject_id == row.pk]
        if any(o.state in UNSETTLED for o in waits):
            continue
        for found in facts.theirs.own(row.pk):
            assert found["status"] in ENDED, f"{row.order_state} and goes on"
            for invoice in facts.theirs.of_subscription(found["id"]):
                assert invoice["status"] != "open", "given up, and still to be paid"


@always
def one_purchase_an_operation(facts: Facts) -> None:
    made = Counter(
        found["metadata"]["operation"] for found in facts.theirs.subscriptions.values()
    )
    assert set(made.values()) <= {1}, "one operation bought twice"
    buying = ("subscription.buy", "subscription.transfer")
    known = {str(o.pk): o for o in facts.operations if o.kind in buying}
    assert set(made) <= set(known), "bought without an operation"
    for key, operation in known.items():
        if operation.state == OperationState.SUCCEEDED:
            assert made[key] == 1
    for row in facts.subscriptions.values():
        running = [
            s["id"] for s in facts.theirs.own(row.pk) if s["status"] not in ENDED
        ]
        waits = facts.begun(row.pk, "subscription.drop", *buying)
        if all(o.state == OperationState.SUCCEEDED for o in waits):
            assert len(running) <= 1, "two run for one order"
        renewed = [s for s in facts.theirs.own(row.pk) if _is_renewed(s)]
        assert len(renewed) <= 1, "two are renewed for one order"


@always
def more_licenses_are_charged_once_as_shown(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        shown = Counter(
            facts.shown[name][0]
            for operation in facts.begun(row.pk, *CHARGED_AT_ONCE)
            if (name := shown_name(operation)) in facts.shown
        )
        charged = Counter(i["total"] for i in updates(facts, row) if took_money(i))
        assert charged <= shown, (charged, shown)


@always
def renewals_are_charged_once_a_period(facts: Facts) -> None:
    ours = {
        found["id"]: found["metadata"]["subscription"]
        for found in facts.theirs.subscriptions.values()
    }
    periods = Counter(
        (ours[subscription_of(invoice)], line["period"]["start"])
        for invoice in facts.theirs.invoices.values()
        if invoice["billing_reason"] == "subscription_cycle"
        for line in invoice["lines"]["data"]
        if not prorated(line)
    )
    assert set(periods.values()) <= {1}, periods


@always
def money_goes_back_once_as_shown(facts: Facts) -> None:
    credits = list(facts.theirs.credits.values())
    made = Counter(operation_of(c) for c in credits)
    assert set(made.values()) <= {1}, "one operation refunded twice"
    known = {str(o.pk): o for o in facts.operations if o.kind == "invoice.refund"}
    assert set(made) <= set(known), "refunded without an operation"
    for credit in credits:
        wanted = known[operation_of(credit)]
        assert credit["total"] == wanted.arguments["amount_minor"]
        assert credit["invoice"] == wanted.arguments["invoice_id"]
    for operation in facts.operations:
        _refunds_as_shown(facts, operation)


def _refunds_as_shown(facts: Facts, operation: StripeOperation) -> None:
    """What a change gives back is what its pane said, share by share."""
    shares = operation.arguments.get("refunds")
    if shares is None:
        return
    total = sum(amount for _invoice, amount in shares)
    if operation.kind == "subscription.end":
        key = f"{operation.key} "
        allowed = {v[1] for name, v in facts.shown.items() if name.startswith(key)}
        assert total in allowed
    elif operation.kind == "subscription.fewer":
        assert total == facts.shown[shown_name(operation)][1]
    begun = [
        (o.arguments["invoice_id"], o.arguments["amount_minor"])
        for o in facts.operations
        if o.kind == "invoice.refund"
        and o.key.replace("-forgotten", "").startswith(f"{operation.key}-refund-")
    ]
    done = operation.state == OperationState.SUCCEEDED
    assert Counter(begun) == Counter(map(tuple, shares)) if done else not begun


def shown_name(operation: StripeOperation) -> str:
    """Under what its pane was noted in World.shown."""
    given = operation.arguments
    return f"{operation.key} {given['to']} {given.get('at', '')}".strip()


def updates(facts: Facts, row: Subscription) -> list[Json]:
    """The invoices of changes of a subscription."""
    return [
        i
        for i in facts.theirs.of_subscription(row.stripe_subscription_id)
        if i["billing_reason"] == "subscription_update"
    ]


def operation_of(credit: Json) -> str:
    """The operation of ours that made it."""
    return str((credit["metadata"] or {})["operation"])


def _is_renewed(found: Json) -> bool:
    return found["status"] in LIVE and not found["cancel_at"]


def prorated(line: Json) -> bool:
    details = (line["parent"] or {}).get("subscription_item_details")
    return bool(details and details["proration"])
