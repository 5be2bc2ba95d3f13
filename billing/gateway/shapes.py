"""What the gateway answers: our words, frozen, in minor units and UTC."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class StripeProduct:
    """A product as Stripe has it; its id is ours."""

    id: str
    name: str
    description: str


@dataclasses.dataclass(frozen=True, slots=True)
class StripePrice:
    """A price as Stripe has it; `own_id` is our row's, empty on a foreign one."""

    id: str
    own_id: str
    active: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Party:
    """Who is billed, as Stripe keeps it on the customer."""

    name: str
    email: str
    line1: str
    line2: str
    postal_code: str
    city: str
    region: str
    country: str


@dataclasses.dataclass(frozen=True, slots=True)
class Customer:
    """A customer as Stripe has it now."""

    party: Party
    po_number: str


@dataclasses.dataclass(frozen=True, slots=True)
class TaxNumber:
    """A VAT number of a customer, and what Stripe found out about it.

    `status` is pending, verified, unverified or unavailable.
    """

    id: str
    value: str
    status: str


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """A payment method of type card, without its number.

    `address` has Stripe's names of its parts: line1, line2, postal_code, city, state
    and country; without those that are empty.
    """

    id: str
    customer_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    holder_name: str
    address: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class CardSetup:
    """A SetupIntent: the entering of a card. `decline` is a code, or empty."""

    id: str
    client_secret: str
    status: str
    customer_id: str
    card: Card | None
    decline: str


@dataclasses.dataclass(frozen=True, slots=True)
class HostedCardPage:
    """Stripe's own page for entering a card, for browsers without JavaScript."""

    id: str
    url: str
    setup_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class Quote:
    """What a purchase or a change costs now. Minor units of `currency`.

    Negative is given back. `tax_rate_bp` is in basis points; null without tax.
    """

    currency: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    tax_rate_bp: int | None
    reverse_charge: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Unpaid:
    """The first invoice of a renewal that is open, and since when. Minor units."""

    since: dt.datetime
    number: str
    due_minor: int
    currency: str


@dataclasses.dataclass(frozen=True, slots=True)
class StripeSubscription:
    """A subscription as Stripe has it now. `latest_invoice_id` may be empty.

    `anchor` is the instant from which its periods are counted; `unpaid` what is
    still to be paid of the first period whose charge was refused.
    """

    id: str
    item_id: str
    customer_id: str
    status: str
    quantity: int
    price_id: str
    card_id: str
    started_at: dt.datetime
    anchor: dt.datetime
    period_start: dt.datetime
    period_end: dt.datetime
    trial_end: dt.datetime | None
    cancel_at: dt.datetime | None
    cancel_at_period_end: bool
    ended_at: dt.datetime | None
    latest_invoice_id: str
    metadata: Mapping[str, str]
    schedule_id: str = ""
    # More licenses that wait for their payment, and until when they do.
    pending_quantity: int | None = None
    pending_until: dt.datetime | None = None
    unpaid: Unpaid | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class StripeSchedule:
    """What its last phase says: the change that waits, or what runs until one is."""

    id: str
    status: str
    subscription_id: str
    changes_at: dt.datetime | None
    price_id: str
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True)
class Refundable:
    """A paid invoice, and how much of it can still be given back. Minor units."""

    invoice_id: str
    created_at: dt.datetime
    left_minor: int


@dataclasses.dataclass(frozen=True, slots=True)
class StripeCredit:
    """A credit note. Minor units, tax included."""

    id: str
    number: str
    total_minor: int


@dataclasses.dataclass(frozen=True, slots=True)
class StripeCharge:
    """A try of charging a card, answered. `decline` is a code, empty if it wasn't."""

    id: str
    amount_minor: int
    succeeded: bool
    decline: str
    brand: str
    last4: str
    receipt_number: str
    made_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class StripeCreditLine:
    """What a credit note takes back; `amount_minor` excludes tax."""

    text: str
    quantity: int | None
    amount_minor: int
    tax_minor: int


@dataclasses.dataclass(frozen=True, slots=True)
class StripeCreditNote:
    """A credit note with all its lines. Minor units, tax included.

    The total went back to the card, was kept for the next invoice, or is no longer
    to be paid of this one.
    """

    id: str
    number: str
    void: bool
    reason: str
    tax_minor: int
    total_minor: int
    refunded_minor: int
    kept_minor: int
    reduced_minor: int
    issued_at: dt.datetime
    lines: tuple[StripeCreditLine, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class PaymentTry:
    """How the last try to pay an invoice ended. Stripe's PaymentIntent status."""

    status: str
    decline: str


@dataclasses.dataclass(frozen=True, slots=True)
class StripeInvoiceLine:
    """A line; `amount_minor` excludes tax."""

    text: str
    quantity: int | None
    unit_minor: int | None
    amount_minor: int
    tax_minor: int
    tax_rate_bp: int | None
    is_proration: bool
    period_start: dt.datetime
    period_end: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class StripeInvoice:
    """An invoice as Stripe has it now. Drafts have no number and no date."""

    id: str
    number: str
    status: str
    attempted: bool
    customer_id: str
    subscription_id: str
    reason: str
    currency: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    remaining_minor: int
    refunded_minor: int
    finalized_at: dt.datetime | None
    paid_at: dt.datetime | None
    period_start: dt.datetime
    period_end: dt.datetime
    bill_to: Mapping[str, str]
    po_number: str
    lines: tuple[StripeInvoiceLine, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class EventHint:
    """A verified webhook: which object to read again."""

    id: str
    type: str
    object_id: str
    customer_id: str


def instant(timestamp: int | None) -> dt.datetime | None:
    """Stripe's seconds since 1970 as an aware UTC instant."""
    if timestamp is None:
        return None
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)


def required_instant(timestamp: int) -> dt.datetime:
    """Like `instant`, for what Stripe always fills in."""
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)


def seconds(at: dt.datetime) -> int:
    """An aware instant as Stripe's seconds since 1970."""
    return int(at.timestamp())


def text_id(value: object) -> str:
    """The id of a reference, whether it was expanded or not; empty for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(getattr(value, "id", ""))


def rate_bp(tax_minor: int, taxable_minor: int) -> int | None:
    """The tax rate in basis points, as the amounts imply; null without tax.

    Rates go by halves of a percent (25.5 in Finland). The amounts are rounded, so
    what is too small to tell halves apart counts in whole percents.
    """
    if not taxable_minor or not tax_minor:
        return None
    step = 50 if abs(taxable_minor) >= 1000 else 100
    return round(tax_minor * 10_000 / taxable_minor / step) * step
