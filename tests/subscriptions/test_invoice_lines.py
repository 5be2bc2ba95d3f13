"""What the lines of an invoice say that a subscription's life leads to."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe
from django.utils import translation

from billing.models import Invoice, InvoiceLine
from billing.wording import line_words
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.quantity import preview_quantity, save_quantity
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import pass_time, read, sync_all_invoices
from tests.subscriptions.trying import *

pytestmark = pytest.mark.usefixtures("moving")
type Client = stripe.StripeClient
HOURS = dt.timedelta(hours=2)


def said(client: Client, subscription: Subscription) -> list[tuple[str, str]]:
    """Kind and words of every line, as a Dutch reader sees them, oldest first."""
    sync_all_invoices(client, subscription)
    invoices = Invoice.objects.filter(subscription_id=subscription.pk)
    lines = InvoiceLine.objects.filter(invoice__in=invoices).select_related("invoice")
    with translation.override("nl"):
        return [
            (line.get_kind_display(), line_words(line, line.invoice.title))
            for line in lines.order_by("invoice__finalized_at", "position")
        ]


def test_a_trial_is_converted_then_renewed(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    assert trial.trial_end is not None
    said(stripe_client, trial)
    pass_time(sandbox, trial.trial_end - clock.now() + HOURS)
    said(stripe_client, trial)
    pass_time(sandbox, dt.timedelta(days=366))

    assert said(stripe_client, trial) == [
        ("Aankoop", "Gratis proefversie van Diagrams Pro"),
        ("Omzetten", "3 × Diagrams Pro"),
        ("Verlengen", "3 × Diagrams Pro"),
    ]


def test_both_lines_of_more_licenses_are_one_addition(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, dt.timedelta(days=30))
    shown = preview_quantity(subscription=read(bought), quantity=15)
    save_quantity(subscription=read(bought), quantity=15, seal=shown.seal)

    assert said(stripe_client, bought)[1:] == [
        ("Aantal verhogen", "Niet-gebruikte tijd van 12 × Diagrams Pro"),
        ("Aantal verhogen", "Resterende tijd van 15 × Diagrams Pro"),
    ]
