"""The next period of a subscription: its draft, its charge, and refusals."""

from __future__ import annotations

import dataclasses

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

DAY = 86_400
HOUR = 3_600
TOLD = {"invoice", "customer", "test_helpers"}
# 15 January 2027, 12:00 UTC
START = 1_800_014_400


@dataclasses.dataclass
class Bought:
    """A monthly subscription of three at € 41.00, of a customer with a test clock."""

    shop: Shop
    clock: str
    customer: str
    id: str

    def now(self) -> stripe.Subscription:
        return self.shop.v1.subscriptions.retrieve(self.id)

    def latest(self) -> stripe.Invoice:
        return self.shop.invoice_of(self.now())

    def ends(self) -> int:
        return self.now()["items"].data[0].current_period_end

    def go(self, to: int) -> None:
        self.shop.advance(self.clock, to)

    def told(self) -> list[str]:
        """The types of events, oldest first, since it was bought."""
        return [event.type for event in reversed(self.shop.events())]


def buy(shop: Shop, card: str = "pm_card_visa", **more: object) -> Bought:
    clock = shop.clock(START)
    customer = shop.customer(card="pm_card_visa", test_clock=clock)
    price = shop.price(4100, interval="month")
    bought = shop.subscribe(customer.id, price, 3, **more)
    if card != "pm_card_visa":
        shop.give_card(customer.id, card)
        _own_card_is_the_customers(shop, bought.id, customer.id)
    return Bought(shop, clock, customer.id, bought.id)


def _own_card_is_the_customers(shop: Shop, sub_id: str, customer_id: str) -> None:
    customer = shop.v1.customers.retrieve(customer_id)
    method = customer.invoice_settings.default_payment_method
    shop.v1.subscriptions.update(sub_id, {"default_payment_method": str(method)})


def past_due(shop: Shop, card: str = "pm_card_chargeCustomerFail") -> Bought:
    """One whose first renewal was refused an hour ago."""
    bought = buy(shop, card)
    bought.go(bought.ends() + 2 * HOUR)
    return bought


def test_a_renewal_moves_the_period_and_makes_a_draft(shop: Shop) -> None:
    bought = buy(shop)
    first, ends = bought.latest(), bought.ends()

    bought.go(ends)

    item = bought.now()["items"].data[0]
    assert (item.current_period_start, bought.ends()) == (ends, ends + 28 * DAY)
    draft = bought.latest()
    assert draft.id != first.id
    assert (draft.status, draft.billing_reason) == ("draft", "subscription_cycle")
    assert draft.automatically_finalizes_at == ends + HOUR
    assert (draft.number, draft.created) == (None, ends)
    assert draft.total == 3 * 4100 * 121 // 100
    line = draft.lines.data[0]
    assert (line.period.start, line.period.end) == (ends, ends + 28 * DAY)


def test_the_draft_is_charged_an_hour_later(shop: Shop) -> None:
    bought = buy(shop)
    ends = bought.ends()

    bought.go(ends + HOUR)

    paid = bought.latest()
    assert (paid.status, paid.amount_remaining) == ("paid", 0)
    assert paid.status_transitions.finalized_at == ends + HOUR
    assert paid.status_transitions.paid_at == ends + HOUR
    assert (paid.next_payment_attempt, paid.attempt_count) == (None, 1)
    assert bought.now().status == "active"


def test_a_draft_that_is_made_final_early_is_charged_in_its_hour(shop: Shop) -> None:
    bought = buy(shop)
    bought.go(bought.ends())

    final = shop.v1.invoices.finalize_invoice(bought.latest().id)

    assert (final.status, final.amount_due > 0) == ("open", True)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.v1.invoices.finalize_invoice(final.id)
    assert refusal.value.code == "invoice_not_editable"
    bought.go(final.created + HOUR)
    assert bought.latest().status == "paid"


def test_a_final_invoice_that_does_not_advance_stays_open(shop: Shop) -> None:
    bought = buy(shop)
    bought.go(bought.ends())

    shop.v1.invoices.finalize_invoice(bought.latest().id, {"auto_advance": False})
    bought.go(bought.latest().created + DAY)

    assert bought.latest().status == "open"


def test_a_renewal_is_told_in_order_and_at_its_instants(shop: Shop) -> None:
    bought = buy(shop)
    before, ends = len(bought.told()), bought.ends()

    bought.go(ends + DAY)

    events = list(reversed(shop.events()))[before:]
    # Payments and charges tell of themselves between these.
    events = [event for event in events if event.type.split(".")[0] in TOLD]
    assert [(event.type, event.created - ends) for event in events] == [
        ("test_helpers.test_clock.advancing", START - ends),
        ("invoice.created", 0),
        ("customer.subscription.updated", 0),
        ("invoice.finalized", HOUR),
        ("invoice.paid", HOUR),
        ("test_helpers.test_clock.ready", DAY),
    ]
    previous = events[2].data.previous_attributes.to_dict()
    assert set(previous) == {"items", "latest_invoice"}
    assert previous["items"]["data"][0]["current_period_end"] == ends


def test_a_refused_renewal_makes_it_past_due(shop: Shop) -> None:
    bought = buy(shop, "pm_card_chargeCustomerFail")
    ends = bought.ends()

    bought.go(ends + HOUR)

    refused = bought.latest()
    assert (refused.status, refused.attempt_count) == ("open", 1)
    assert refused.next_payment_attempt == ends + HOUR + 3 * DAY
    assert bought.now().status == "past_due"
    told = shop.events("invoice.payment_failed")[0].data.object
    assert told["next_payment_attempt"] == refused.next_payment_attempt


def test_a_refused_renewal_is_tried_again_three_times(shop: Shop) -> None:
    bought = past_due(shop)
    failed = shop.events("invoice.payment_failed")[0].created
    seen = []
    for days in (3, 8, 15):
        bought.go(failed + days * DAY)
        found = bought.latest()
        seen.append((found.attempt_count, found.next_payment_attempt))

    assert seen == [(2, failed + 8 * DAY), (3, failed + 15 * DAY), (4, None)]
    assert bought.now().status == "past_due"


def test_a_retry_takes_the_new_card(shop: Shop) -> None:
    bought = past_due(shop)
    shop.give_card(bought.customer)
    _own_card_is_the_customers(shop, bought.id, bought.customer)

    bought.go(bought.latest().next_payment_attempt or 0)

    assert bought.latest().status == "paid"
    assert bought.now().status == "active"


def test_paying_a_refused_renewal_makes_it_active(shop: Shop) -> None:
    bought = past_due(shop)
    card = shop.give_card(bought.customer)

    shop.v1.invoices.pay(str(bought.latest().id), {"payment_method": card})

    assert bought.now().status == "active"
    assert bought.latest().next_payment_attempt is None
    updated = shop.events("customer.subscription.updated")[0].data
    assert updated.previous_attributes is not None
    assert updated.previous_attributes.to_dict() == {"status": "past_due"}


def test_paying_on_the_invoices_page_makes_it_active(shop: Shop) -> None:
    bought = past_due(shop)
    shop.give_card(bought.customer)
    _own_card_is_the_customers(shop, bought.id, bought.customer)
    page = str(bought.latest().hosted_invoice_url).removeprefix(shop.base)

    assert shop.post(page).status_code == 200

    assert bought.now().status == "active"
    assert bought.latest().status_transitions.paid_at == bought.ends() - 28 * DAY + (
        2 * HOUR
    )


@pytest.mark.parametrize("end", ["void_invoice", "mark_uncollectible"])
def test_giving_up_the_latest_invoice_makes_it_active(shop: Shop, end: str) -> None:
    bought = past_due(shop)

    getattr(shop.v1.invoices, end)(str(bought.latest().id))

    assert bought.now().status == "active"
    assert bought.latest().next_payment_attempt is None


def test_an_uncollectible_invoice_can_still_be_paid(shop: Shop) -> None:
    bought = past_due(shop)
    invoice = str(bought.latest().id)
    shop.v1.invoices.mark_uncollectible(invoice)

    paid = shop.v1.invoices.pay(
        invoice, {"payment_method": shop.give_card(bought.customer)}
    )

    assert paid.status == "paid"


def test_an_older_invoice_that_is_paid_leaves_it_past_due(shop: Shop) -> None:
    bought = past_due(shop)
    older = str(bought.latest().id)
    bought.go(bought.ends() + 2 * HOUR)
    card = shop.give_card(bought.customer)

    shop.v1.invoices.pay(older, {"payment_method": card})
    assert bought.now().status == "past_due"
    shop.v1.invoices.pay(str(bought.latest().id), {"payment_method": card})

    assert bought.now().status == "active"


def test_a_renewal_whose_bank_asks_is_past_due_until_it_is_answered(shop: Shop) -> None:
    bought = past_due(shop, "pm_card_authenticationRequired")
    assert bought.now().status == "past_due"
    assert len(shop.events("invoice.payment_action_required")) == 1
    waiting = shop.v1.invoices.retrieve(
        str(bought.latest().id), {"expand": ["confirmation_secret"]}
    )

    shop.bank(str(waiting.confirmation_secret.client_secret))

    assert bought.latest().status == "paid"
    assert bought.now().status == "active"


def test_without_any_card_a_renewal_fails(shop: Shop) -> None:
    bought = buy(shop)
    for card in shop.v1.customers.payment_methods.list(bought.customer).data:
        shop.v1.payment_methods.detach(card.id)

    bought.go(bought.ends() + HOUR)

    assert bought.now().status == "past_due"
    assert bought.latest().attempted


def test_it_ends_with_its_period_when_it_was_to(shop: Shop) -> None:
    bought = buy(shop)
    ends = bought.ends()
    shop.v1.subscriptions.update(bought.id, {"cancel_at_period_end": True})

    bought.go(ends + DAY)

    found = bought.now()
    assert (found.status, found.ended_at, found.canceled_at) == (
        "canceled",
        ends,
        START,
    )
    assert found.cancellation_details is not None
    assert found.cancellation_details.reason == "cancellation_requested"
    assert len(shop.v1.invoices.list({"customer": bought.customer}).data) == 1
    assert shop.events("customer.subscription.deleted")[0].created == ends


def test_it_ends_at_the_instant_that_was_named(shop: Shop) -> None:
    bought = buy(shop)
    second = bought.ends() + 28 * DAY
    shop.v1.subscriptions.update(bought.id, {"cancel_at": second})

    bought.go(bought.ends() + 2 * HOUR)
    assert bought.now().status == "active"
    bought.go(second)

    assert bought.now().ended_at == second
    assert len(shop.v1.invoices.list({"customer": bought.customer}).data) == 2


def test_a_cancelled_subscription_is_not_charged_again(shop: Shop) -> None:
    bought = past_due(shop)
    shop.v1.subscriptions.cancel(bought.id)
    shop.give_card(bought.customer)

    bought.go(bought.ends() + 20 * DAY)

    assert (bought.latest().status, bought.latest().attempt_count) == ("open", 1)


def test_a_free_renewal_is_paid_without_a_card(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(test_clock=clock)
    free = shop.subscribe(customer.id, shop.price(0, interval="month"))

    shop.advance(clock, free["items"].data[0].current_period_end + HOUR)

    found = shop.v1.subscriptions.retrieve(free.id)
    assert found.status == "active"
    assert shop.invoice_of(found).status == "paid"
    assert found.latest_invoice != free.latest_invoice


def test_the_own_clock_renews_as_a_test_clock_does(
    sandbox: SandboxProcess, shop: Shop
) -> None:
    customer = shop.customer(card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price(interval="month"))

    sandbox.advance(100 * DAY)

    found = shop.v1.invoices.list({"customer": customer.id}).data
    assert [invoice.status for invoice in found] == ["paid"] * 4
    starts = [invoice.lines.data[0].period.start for invoice in reversed(found)]
    assert starts[1] == bought["items"].data[0].current_period_end
    assert [i.created for i in reversed(found)] == starts
