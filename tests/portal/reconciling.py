"""What the tests of reconcile share: buying, and running the command."""

from __future__ import annotations

import uuid
from io import StringIO

from django.core.management import call_command

from billing.models import BillingProfile, PaymentMethod
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote


def reconcile(*options: str) -> tuple[int, list[str]]:
    """The command's exit status and its lines."""
    said = StringIO()
    try:
        call_command("reconcile", *options, stdout=said, stderr=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue().splitlines()
    return 0, said.getvalue().splitlines()


def order_of(offer: Offer, profile: BillingProfile, quantity: int = 12) -> Order:
    """An order as its buyer saw it."""
    shown = quote(offer=offer, quantity=quantity, profile=profile)
    return Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=quantity,
        profile=profile,
        total=Money(shown.total_minor, shown.currency),
        assign_to_me=True,
    )


def buy(offer: Offer, card: PaymentMethod, quantity: int = 12) -> Subscription:
    """The profile's purchaser buys; what came of it."""
    profile = card.profile
    order = order_of(offer, profile, quantity)
    return place_order(order=order, card=card, buyer=profile.purchaser)


def read(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def drift(*options: str) -> str:
    """The only line that tells of drift; the exit status says so too."""
    status, lines = reconcile(*options)
    assert status == 1
    (line, _summary) = lines
    return line


def mended() -> list[str]:
    """What one run mends, without the ids; the next one finds nothing."""
    status, lines = reconcile("--fix")
    assert status == 0, lines
    status, (summary,) = reconcile()
    assert (status, summary.endswith("No drift found.")) == (0, True)
    return [line.partition(" [")[0] for line in lines[:-1]]
