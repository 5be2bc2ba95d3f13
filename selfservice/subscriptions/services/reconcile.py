"""Subscriptions here against those at Stripe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import QuerySet

from billing import gateway
from billing.gateway import listing
from billing.gateway.shapes import StripeSubscription
from billing.models import BillingProfile, StripeRef
from billing.services import unfinished
from billing.services.reconcile import compare_invoices, read_or_none, unseen
from selfservice.core.drift import (
    Comparison,
    Difference,
    Finding,
    Outcome,
    Subject,
    differing,
    judge,
)
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import counting
from selfservice.subscriptions.services.contract import (
    belongs,
    sync_subscription,
)
from selfservice.subscriptions.services.next_contract import waiting_contract
from selfservice.subscriptions.services.stripe_status import ENDED, USABLE

_GONE = "Stripe doesn't have it; look there what became of it."
_LEFT_BEHIND = "Another took its place: cancel it at Stripe, or it goes on charging."
_HELD = "People hold more licenses than are paid for: take some back, or buy more."
_NO_ROW = "It carries our ids, and the database has no such row."


def compare_subscriptions(
    profile: BillingProfile, run: Comparison
) -> Iterator[Finding]:
    """The profile's subscriptions both ways, with everything that Stripe decides.

    Must be called outside any transaction. Raises GatewayUnavailable,
    GatewayRejected.
    """
    seen: set[str] = set()
    for page in listing.subscriptions_of(profile.stripe_customer_id):
        owners = _owners(profile, page)
        for found in page:
            seen.add(found.id)
            run.compared["subscriptions"] += 1
            ours = owners.get(found.id)
            if ours is None:
                yield _unknown(found, run)
            elif differences(ours, found):
                yield from judge(_subject(ours, found.id), run)
    rows = Subscription.objects.filter(
        organization_id=profile.organization_id, profile=profile
    ).exclude(stripe_subscription_id="")
    own = rows.values_list("stripe_subscription_id", flat=True)
    for stripe_id in unseen(own, seen):
        run.compared["subscriptions"] += 1
        ours = rows.filter(stripe_subscription_id=stripe_id).get()
        yield from judge(_subject(ours, stripe_id), run)


def reconcile_subscription(subscription: Subscription) -> list[Finding]:
    """Make one subscription and its invoices what Stripe says now, webhooks or not.

    For a renewal that should have come. Returns what differed. Must be called
    outside any transaction. Raises GatewayUnavailable, GatewayRejected.
    """
    stripe_id = subscription.stripe_subscription_id
    if not stripe_id:
        return []
    run = Comparison(fix=True)
    found = list(judge(_subject(subscription, stripe_id), run))
    profile = subscription.profile
    found += compare_invoices(profile, run, stripe_subscription_id=stripe_id)
    return found


def rows_of(profile: BillingProfile) -> list[UUID]:
    """The keys of a profile's subscriptions."""
    rows = Subscription.objects.filter(
        organization_id=profile.organization_id, profile=profile
    )
    return list(rows.values_list("pk", flat=True))


def differences(
    ours: Subscription, theirs: StripeSubscription | None
) -> list[Difference]:
    """What differs; `theirs` is null for a subscription that Stripe doesn't have."""
    if theirs is None:
        return [Difference("subscription", "known", "not", _GONE)]
    if not belongs(ours, theirs):
        if _is_next(ours, theirs):
            # Until it is paid everything stays; then, or when it lapsed, we follow.
            waits = theirs.status == "incomplete"
            return [] if waits else differing(next_contract=("waiting", theirs.status))
        if theirs.status in ENDED:
            return []
        known = ours.stripe_subscription_id or f"attempt {ours.attempt}"
        return [Difference("left behind", known, theirs.status, _LEFT_BEHIND)]
    found = differing(status=(ours.stripe_status, theirs.status))
    if theirs.status in USABLE:
        found += _contract_differences(ours, theirs)
    elif theirs.status in ENDED and ours.order_state == OrderState.CONFIRMED:
        found += differing(recurring_billing=(ours.recurring_billing, False))
    return found


def _is_next(ours: Subscription, theirs: StripeSubscription) -> bool:
    waiting = waiting_contract(ours)
    return waiting is not None and theirs.metadata.get("attempt") == str(
        waiting.attempt
    )


def _contract_differences(
    ours: Subscription, theirs: StripeSubscription
) -> list[Difference]:
    renews = not theirs.cancel_at_period_end and theirs.cancel_at is None
    found = differing(
        price=(ours.price.stripe_price_id, theirs.price_id),
        period_start=(_instant(ours.period_start), _instant(theirs.period_start)),
        period_end=(_instant(ours.period_end), _instant(theirs.period_end)),
        recurring_billing=(ours.recurring_billing, renews),
    )
    if ours.is_trial and theirs.status == "trialing":
        # There Stripe has the number to pay for afterwards.
        found += differing(
            trial_end=(_instant(ours.trial_end), _instant(theirs.trial_end)),
            paid_licenses=(ours.stripe_quantity, theirs.quantity),
        )
        return found + _card_differences(ours, theirs)
    found += differing(
        licenses_to_come=(ours.pending_quantity, theirs.pending_quantity)
    )
    if ours.quantity != theirs.quantity:
        held = _HELD if ours.assigned > theirs.quantity else ""
        found.append(
            Difference("licenses", str(ours.quantity), str(theirs.quantity), held)
        )
    found += _card_differences(ours, theirs)
    return found + _change_differences(ours, theirs)


def _card_differences(
    ours: Subscription, theirs: StripeSubscription
) -> list[Difference]:
    if not theirs.card_id:
        return []
    card = ours.payment_method
    known = card.stripe_payment_method_id if card is not None else ""
    return differing(card=(known, theirs.card_id))


def _change_differences(
    ours: Subscription, theirs: StripeSubscription
) -> list[Difference]:
    """A change that waits for the renewal. One that came to pass keeps its schedule
    at Stripe until the period is over, so only ours is asked for."""
    if ours.scheduled_quantity is None:
        return []
    change = counting.scheduled_change(ours)
    if change is None or not change.stripe_schedule_id:
        return []
    return differing(scheduled_change=(change.stripe_schedule_id, theirs.schedule_id))


def _owners(
    profile: BillingProfile, page: Sequence[StripeSubscription]
) -> dict[str, Subscription]:
    """Ours by the ids of theirs: by our refs, else by the ids that went along."""
    refs = StripeRef.objects.filter(
        stripe_id__in=[found.id for found in page],
        kind="subscription",
        organization_id=profile.organization_id,
    )
    rows_of = {found.id: _own_id(found) for found in page}
    rows_of |= {ref.stripe_id: ref.row_id for ref in refs}
    rows = _rows(profile.organization_id).in_bulk(
        [row_id for row_id in rows_of.values() if row_id]
    )
    return {
        stripe_id: rows[row_id]
        for stripe_id, row_id in rows_of.items()
        if row_id in rows
    }


def _own_id(found: StripeSubscription) -> UUID | None:
    try:
        return UUID(found.metadata["subscription"])
    except (KeyError, ValueError):
        return None


def _rows(organization_id: UUID) -> QuerySet[Subscription]:
    return Subscription.objects.filter(organization_id=organization_id).select_related(
        "price", "payment_method"
    )


def _unknown(found: StripeSubscription, run: Comparison) -> Finding:
    words = f"{found.status}, {found.quantity} licenses"
    ids = (found.id, found.customer_id)
    if _own_id(found) is None:
        difference = Difference("subscription", "unknown", words)
        return Finding("subscription", difference, ids, Outcome.STRANGER)
    difference = Difference("subscription", "no row", words)
    return Finding("subscription", difference, ids, run.unmended, _NO_ROW)


def _subject(subscription: Subscription, stripe_id: str) -> Subject:
    def look() -> list[Difference]:
        theirs = read_or_none(gateway.read_subscription, stripe_id)
        ours = _rows(subscription.organization_id).get(pk=subscription.pk)
        return differences(ours, theirs)

    def under_way() -> bool:
        return unfinished.any_about(
            subscription.organization_id,
            [subscription.pk, subscription.profile_id],
            [stripe_id],
        )

    return Subject(
        name="subscription",
        ids=(stripe_id, str(subscription.pk)),
        look=look,
        mend=lambda: sync_subscription(stripe_id),
        under_way=under_way,
    )


def _instant(moment: dt.datetime | None) -> str:
    return f"{moment:%F %T} UTC" if moment is not None else ""
