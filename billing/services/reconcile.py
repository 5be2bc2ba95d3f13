"""Cards and invoices here against those at Stripe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence

from billing import gateway
from billing.gateway import listing
from billing.gateway.listing import ListedCard
from billing.gateway.shapes import Card, StripeInvoice
from billing.models import BillingProfile, Invoice, PaymentMethod
from billing.services import unfinished
from billing.services.cards import sync_card
from billing.services.invoices import attempted, sync_invoice
from selfservice.core import clock
from selfservice.core.drift import (
    Comparison,
    Difference,
    Finding,
    Subject,
    differing,
    judge,
)
from selfservice.core.money import Money

# Whoever enters a card right now is about to send the page that keeps it.
BEING_ENTERED = dt.timedelta(minutes=10)
_GONE = "Stripe doesn't have it; look there what became of it."


def compare_cards(profile: BillingProfile, run: Comparison) -> Iterator[Finding]:
    """The profile's cards both ways: attached, expiry date, name on the card.

    Must be called outside any transaction. Raises GatewayUnavailable,
    GatewayRejected (with `is_gone` when Stripe doesn't have the customer).
    """
    seen: set[str] = set()
    for page in listing.cards_of(profile.stripe_customer_id):
        ours = _our_cards(profile, [listed.card.id for listed in page])
        for listed in page:
            card = listed.card
            seen.add(card.id)
            run.compared["cards"] += 1
            if card_differences(ours.get(card.id), card, profile):
                yield from judge(_card_subject(profile, card.id, run, listed), run)
    live = PaymentMethod.objects.filter(
        organization_id=profile.organization_id, profile=profile, detached_at=None
    )
    for card_id in unseen(
        live.values_list("stripe_payment_method_id", flat=True), seen
    ):
        run.compared["cards"] += 1
        yield from judge(_card_subject(profile, card_id, run), run)


def compare_invoices(
    profile: BillingProfile, run: Comparison, *, stripe_subscription_id: str = ""
) -> Iterator[Finding]:
    """The profile's invoices both ways: status, what was paid, what is left, totals.

    With an id only those of one subscription at Stripe, and only their way. Must be
    called outside any transaction. Raises GatewayUnavailable, GatewayRejected.
    """
    seen: set[str] = set()
    for page in listing.invoices_of(
        profile.stripe_customer_id, subscription_id=stripe_subscription_id
    ):
        ours = _our_invoices(profile, [found.id for found in page])
        for found in page:
            seen.add(found.id)
            run.compared["invoices"] += 1
            if invoice_differences(ours.get(found.id), found):
                yield from judge(_invoice_subject(profile, found.id, run), run)
    if stripe_subscription_id:
        return
    own = Invoice.objects.filter(
        organization_id=profile.organization_id, profile=profile
    ).values_list("stripe_invoice_id", flat=True)
    for invoice_id in unseen(own, seen):
        run.compared["invoices"] += 1
        yield from judge(_invoice_subject(profile, invoice_id, run), run)


def card_differences(
    ours: PaymentMethod | None, theirs: Card | None, profile: BillingProfile
) -> list[Difference]:
    """What differs; `theirs` is null for a card that Stripe doesn't have."""
    attached = theirs is not None and theirs.customer_id == profile.stripe_customer_id
    if ours is None:
        words = _card_words(theirs) if theirs is not None else ""
        return [Difference("card", "unknown", words)] if attached else []
    kept = ours.detached_at is None
    if theirs is None or not attached or not kept:
        return differing(attached=(kept, attached))
    same_address = ours.address == dict(theirs.address)
    return differing(
        expires=(ours.expires, f"{theirs.exp_month:02d}/{theirs.exp_year}"),
        name=(ours.holder_name, theirs.holder_name),
        # Not in words: reports are read by those who needn't know where people live.
        address=("known", "known" if same_address else "another"),
    )


def invoice_differences(
    ours: Invoice | None, theirs: StripeInvoice | None
) -> list[Difference]:
    """What differs; `theirs` is null for an invoice that Stripe doesn't have."""
    if theirs is None:
        gone = Difference("invoice", "known", "not", _GONE)
        return [gone] if ours is not None else []
    if ours is None:
        if theirs.finalized_at is None or not theirs.number:
            return []
        words = f"{theirs.number} ({theirs.status})"
        return [Difference("invoice", "unknown", words)]
    return differing(
        status=(ours.status, theirs.status),
        number=(ours.number, theirs.number),
        total=(str(ours.total), _money(theirs, theirs.total_minor)),
        paid=(_own_money(ours, ours.paid_minor), _money(theirs, theirs.paid_minor)),
        to_pay=(
            _own_money(ours, ours.remaining_minor),
            _money(theirs, theirs.remaining_minor),
        ),
        given_back=(str(ours.refunded), _money(theirs, theirs.refunded_minor)),
        payment_failed=(ours.attempted, attempted(theirs)),
    )


def unseen(own_ids: Iterable[str], seen: set[str]) -> Iterator[str]:
    """Those of our ids that Stripe didn't list."""
    return (own_id for own_id in own_ids if own_id not in seen)


def read_or_none[Found](read: Callable[[str], Found], stripe_id: str) -> Found | None:
    """What Stripe has under this id now; null when it has nothing there.

    Raises GatewayUnavailable, GatewayRejected.
    """
    try:
        return read(stripe_id)
    except gateway.GatewayRejected as error:
        if not listing.is_gone(error):
            raise
        return None


def _our_cards(
    profile: BillingProfile, card_ids: Sequence[str]
) -> dict[str, PaymentMethod]:
    rows = PaymentMethod.objects.filter(
        organization_id=profile.organization_id, stripe_payment_method_id__in=card_ids
    )
    return {row.stripe_payment_method_id: row for row in rows}


def _our_invoices(
    profile: BillingProfile, invoice_ids: Sequence[str]
) -> dict[str, Invoice]:
    rows = Invoice.objects.filter(
        organization_id=profile.organization_id, stripe_invoice_id__in=invoice_ids
    )
    return {row.stripe_invoice_id: row for row in rows}


def _card_subject(
    profile: BillingProfile,
    card_id: str,
    run: Comparison,
    listed: ListedCard | None = None,
) -> Subject:
    def look() -> list[Difference]:
        theirs = read_or_none(gateway.read_card, card_id)
        return card_differences(
            _our_cards(profile, [card_id]).get(card_id), theirs, profile
        )

    def under_way() -> bool:
        young = listed is not None and clock.now() - listed.entered_at < BEING_ENTERED
        # Keeping it early harms nobody; only calling it drift would be too early.
        return (young and not run.fix) or unfinished.any_about(
            profile.organization_id, [profile.pk], [card_id]
        )

    return Subject(
        name="card",
        ids=(card_id, profile.stripe_customer_id),
        look=look,
        mend=lambda: sync_card(card_id),
        under_way=under_way,
    )


def _invoice_subject(
    profile: BillingProfile, invoice_id: str, run: Comparison
) -> Subject:
    def ours() -> Invoice | None:
        return _our_invoices(profile, [invoice_id]).get(invoice_id)

    def look() -> list[Difference]:
        theirs = read_or_none(gateway.read_invoice, invoice_id)
        return invoice_differences(ours(), theirs)

    def under_way() -> bool:
        known = ours()
        if known is None:
            # Fetching it early harms nobody; only calling it drift would be too early.
            return not run.fix and unfinished.any_about(
                profile.organization_id, None, [invoice_id]
            )
        subjects = [profile.pk, known.pk]
        if known.subscription_id is not None:
            subjects.append(known.subscription_id)
        return unfinished.any_about(profile.organization_id, subjects, [invoice_id])

    return Subject(
        name="invoice",
        ids=(invoice_id, profile.stripe_customer_id),
        look=look,
        mend=lambda: sync_invoice(invoice_id),
        under_way=under_way,
    )


def _card_words(card: Card) -> str:
    return f"{card.brand} ending in {card.last4}"


def _money(invoice: StripeInvoice, minor: int) -> str:
    return str(Money(minor, invoice.currency))


def _own_money(invoice: Invoice, minor: int) -> str:
    return str(Money(minor, invoice.currency))
