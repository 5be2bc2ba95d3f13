"""What Checkout shows, sealed, so that nothing else can be charged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.core import signing

from billing.gateway.shapes import Quote
from billing.models import BillingProfile
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.core.money import Money
from selfservice.subscriptions.services.buying import quote as ask_quote
from selfservice.subscriptions.services.offering import trial_licenses

SALT = "subscriptions.quote"


class Quoted:
    """The amounts of a `quote`, as they are shown."""

    __slots__ = ()
    quote: Quote

    @property
    def subtotal(self) -> Money:
        return Money(self.quote.subtotal_minor, self.quote.currency)

    @property
    def tax(self) -> Money:
        return Money(self.quote.tax_minor, self.quote.currency)

    @property
    def total(self) -> Money:
        return Money(self.quote.total_minor, self.quote.currency)

    @property
    def tax_percent(self) -> str:
        """The rate as it is said: 21 or 5.5; empty without tax."""
        rate = self.quote.tax_rate_bp
        return "" if rate is None else f"{rate / 100:g}"


@dataclasses.dataclass(frozen=True, slots=True)
class Summary(Quoted):
    """What is charged now and later, as it stands beside the order.

    Of a trial, `trial_end` is set: nothing is charged before then.
    """

    offer: Offer
    quantity: int
    quote: Quote
    next_charge_at: dt.datetime
    term_end: dt.datetime
    refund_until: dt.datetime
    seal: str
    trial_end: dt.datetime | None = None

    @property
    def trial_licenses(self) -> int:
        return trial_licenses(self.offer.plan.product)

    @property
    def unit(self) -> Money:
        return self.offer.price.money

    @property
    def charged_within_term(self) -> bool:
        """Whether the same amount is charged again before the term ends."""
        return self.next_charge_at < self.term_end


def summarise(
    *, offer: Offer, quantity: int, profile: BillingProfile, trial: bool = False
) -> Summary:
    """Ask Stripe what the order costs and seal it.

    Raises GatewayUnavailable, GatewayRejected.
    """
    quote = ask_quote(offer=offer, quantity=quantity, profile=profile)
    now = clock.now()
    total = Money(quote.total_minor, quote.currency)
    starts = add_months(now, 1) if trial else now
    return Summary(
        offer=offer,
        quantity=quantity,
        quote=quote,
        next_charge_at=add_months(starts, offer.plan.billing_months),
        term_end=add_months(starts, offer.plan.term_months),
        refund_until=starts + dt.timedelta(days=7),
        seal=seal(offer, quantity, profile, total, trial=trial),
        trial_end=starts if trial else None,
    )


def seal(
    offer: Offer,
    quantity: int,
    profile: BillingProfile,
    total: Money,
    *,
    trial: bool = False,
) -> str:
    """Bind an amount to what it is for; only this server can."""
    facts = _facts(offer, quantity, profile, trial)
    return signing.dumps([*facts, total.minor, total.currency], salt=SALT)


def unseal(
    sealed: str,
    *,
    offer: Offer,
    quantity: int,
    profile: BillingProfile,
    trial: bool = False,
) -> Money | None:
    """The amount that was shown for exactly this; null for anything else."""
    try:
        *facts, minor, currency = signing.loads(sealed, salt=SALT, max_age=86_400)
    except (signing.BadSignature, ValueError):
        return None
    if facts != _facts(offer, quantity, profile, trial):
        return None
    return Money(int(minor), str(currency))


def _facts(
    offer: Offer, quantity: int, profile: BillingProfile, trial: bool
) -> list[str | int]:
    ids: tuple[uuid.UUID, uuid.UUID] = (offer.price.pk, profile.pk)
    return [*map(str, ids), quantity, "trial" if trial else ""]
