"""A day on which no webhook arrives, beside the same day on which all do."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
import stripe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from billing import gateway
from billing.models import BillingProfile, Invoice, PaymentMethod, StripeEvent
from billing.services import inbox
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.catalog import make_product
from tests.portal.reconciling import buy, reconcile
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO, enter_card, put_on_sale

DAY = 86_400


@pytest.fixture
def boards(db: None, sandbox: SandboxProcess) -> Offer:
    """Boards for a month at a time: € 5.00 a license."""
    return put_on_sale(
        make_product("Boards"), 500, term=Term.MONTH, frequency=Frequency.MONTHLY
    )


@pytest.fixture
def told(profile: BillingProfile) -> BillingProfile:
    """Anna's: every webhook arrives."""
    return profile


@pytest.fixture
def untold(bram: User, sandbox: SandboxProcess) -> BillingProfile:
    """Bram's: none does."""
    return open_account(purchaser=bram, sold_to=SOLD_TO)


def live(
    profile: BillingProfile, diagrams: Offer, boards: Offer, client: stripe.StripeClient
) -> None:
    """Buy this and that; then everything happens at Stripe."""
    visa = enter_card(client, profile)
    asking = enter_card(client, profile, "pm_card_authenticationRequired")
    spare = enter_card(client, profile, "pm_card_mastercard")
    buy(boards, visa, 6)
    kept, ended = buy(diagrams, visa, 12), buy(diagrams, visa, 3)
    unpaid = buy(boards, visa, 7)
    confirmed, voided, paid = (buy(diagrams, asking, count) for count in (2, 4, 5))

    confirm_at_the_bank(confirmed)
    client.v1.invoices.void_invoice(invoice_of(voided))
    client.v1.invoices.pay(
        invoice_of(paid), {"payment_method": visa.stripe_payment_method_id}
    )
    client.v1.subscriptions.cancel(ended.stripe_subscription_id)
    client.v1.credit_notes.create(
        {"invoice": invoice_of(confirmed), "amount": 1000, "refund_amount": 1000}
    )
    change_cards(client, kept, visa, spare)
    change_number(client, kept, 14, "always_invoice")
    change_number(client, paid, 1, "none")
    pay_with(client, unpaid, "pm_card_chargeCustomerFail")


def change_cards(
    client: stripe.StripeClient,
    kept: Subscription,
    visa: PaymentMethod,
    spare: PaymentMethod,
) -> None:
    methods = client.v1.payment_methods
    pay_with(client, kept, "pm_card_mastercard")
    methods.update(
        visa.stripe_payment_method_id, {"card": {"exp_month": 3, "exp_year": 2044}}
    )
    methods.detach(spare.stripe_payment_method_id)


def pay_with(
    client: stripe.StripeClient, subscription: Subscription, card: str
) -> None:
    """Give the subscription a card of its own, at Stripe."""
    customer = subscription.profile.stripe_customer_id
    new = client.v1.payment_methods.attach(card, {"customer": customer})
    client.v1.subscriptions.update(
        subscription.stripe_subscription_id, {"default_payment_method": new.id}
    )


def change_number(
    client: stripe.StripeClient,
    subscription: Subscription,
    quantity: int,
    proration: Literal["always_invoice", "none"],
) -> None:
    """Have so many licenses from now on, at Stripe."""
    stripe_id = subscription.stripe_subscription_id
    item = gateway.read_subscription(stripe_id).item_id
    client.v1.subscriptions.update(
        stripe_id,
        {
            "items": [{"id": item, "quantity": quantity}],
            "proration_behavior": proration,
        },
    )


def invoice_of(subscription: Subscription) -> str:
    stripe_id = subscription.stripe_subscription_id
    return gateway.read_subscription(stripe_id).latest_invoice_id


def confirm_at_the_bank(subscription: Subscription) -> None:
    page = gateway.hosted_invoice_url(invoice_of(subscription))
    requests.post(page, data={"outcome": "ok"}, timeout=30)


def events_of(
    client: stripe.StripeClient, profile: BillingProfile
) -> Iterator[stripe.Event]:
    """Everything that Stripe tells of a customer, newest first."""
    for event in client.v1.events.list({"limit": 100}).auto_paging_iter():
        # A detached card names its customer among what was so before.
        if f'"{profile.stripe_customer_id}"' in str(event):
            yield event


def deliver(events: Sequence[stripe.Event]) -> None:
    """Post them, signed, and let the worker work them off."""
    for event in events:
        body = str(event)
        header = stripe.WebhookSignature.generate_signature_header(
            body, settings.STRIPE_WEBHOOK_SECRET, timestamp=int(time.time())
        )
        answer = Client().post(
            reverse("billing:stripe_webhook"),
            body.encode(),
            content_type="application/json",
            headers={"Stripe-Signature": header},
        )
        assert answer.status_code == 200
        inbox.process(event.id)


def rows(profile: BillingProfile) -> list[dict[str, Any]]:
    """Everything that is stored of a profile, but for when it was read."""
    found: list[dict[str, Any]] = []
    for model in (Subscription, Invoice, PaymentMethod):
        found += model.objects.filter(profile=profile).order_by("pk").values()
    for row in found:
        row.pop("stripe_synced_at", None)
    return found


def story(profile: BillingProfile) -> dict[str, Any]:
    """The same without ids and instants, to lay beside somebody else's."""
    return {
        "subscriptions": [
            _subscription(row)
            for row in Subscription.objects.filter(profile=profile)
            .order_by("pk")
            .select_related("payment_method", "product")
        ],
        "invoices": sorted(
            _invoice(row) for row in Invoice.objects.filter(profile=profile)
        ),
        "cards": sorted(
            (card.brand, card.expires, card.detached_at is None)
            for card in PaymentMethod.objects.filter(profile=profile)
        ),
        "log": Counter(
            Activity.objects.filter(actor_id=profile.purchaser_id).values_list(
                "verb", flat=True
            )
        ),
    }


def _subscription(row: Subscription) -> tuple[object, ...]:
    span = row.term_end - row.term_start if row.term_end and row.term_start else None
    since = None
    if row.period_start and row.bought_at:
        since = (row.period_start - row.bought_at).days
    return (
        row.product.name,
        row.order_state,
        row.stripe_status,
        (row.quantity, row.assigned, row.pending_quantity),
        (span, since, row.recurring_billing, row.disabled_at is None),
        (row.payment_method.brand, row.past_due_since is None),
    )


def _invoice(row: Invoice) -> tuple[object, ...]:
    # In whole euros: a proration is a cent less when it was made a second later.
    amounts = tuple(
        minor // 100
        for minor in (
            row.total_minor,
            row.paid_minor,
            row.remaining_minor,
            row.refunded_minor,
        )
    )
    kind = (row.title, row.reason, row.lines.count(), row.subscription_id is None)
    return (kind, amounts, row.status, row.attempted, row.paid_at is None)


@pytest.fixture
def a_day_has_passed(
    told: BillingProfile,
    untold: BillingProfile,
    diagrams: Offer,
    boards: Offer,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """Both lived through the same, and a month later Boards was renewed."""
    settings.CLOCK_FILE = tmp_path / "clock"
    for profile in (told, untold):
        live(profile, diagrams, boards, stripe_client)
    sandbox.advance(40 * DAY)
    clock.advance(dt.timedelta(days=40))


def test_a_day_without_webhooks_is_healed_by_one_run(
    a_day_has_passed: None,
    told: BillingProfile,
    untold: BillingProfile,
    stripe_client: stripe.StripeClient,
) -> None:
    deliver(list(events_of(stripe_client, told))[::-1])
    assert story(untold) != story(told)

    status, lines = reconcile("--fix")

    assert status == 0, lines
    assert story(untold) == story(told)
    status, (summary,) = reconcile()
    assert (status, summary.endswith("No drift found.")) == (0, True)
    assert StripeEvent.objects.exists()

    healed = rows(untold)
    deliver(list(events_of(stripe_client, untold)))
    assert rows(untold) == healed, "what came late changed something"
