"""Making our row equal to what Stripe says of the subscription."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import gateway
from billing.gateway.shapes import PaymentTry, StripeSubscription
from billing.models import PaymentMethod, StripeRef
from billing.services import operations, refs
from billing.services.cards import sync_card
from selfservice.accounts.models import User
from selfservice.core import hooks
from selfservice.core.dates import add_months
from selfservice.subscriptions import mails, mails_to_admins
from selfservice.subscriptions.lifecycle import PAST_DUE_LASTS
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import counting, next_contract, recurring
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.stripe_status import ENDED, UNPAID, USABLE


def locked_subscription(
    organization_id: uuid.UUID, subscription_id: uuid.UUID
) -> Subscription:
    """The row, locked for this transaction, with its plan."""
    return (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plan", "product", "price")
        .get(organization_id=organization_id, pk=subscription_id)
    )


def locked_to_apply(
    organization_id: uuid.UUID, subscription_id: uuid.UUID
) -> Subscription:
    """The row, locked for applying what Stripe says.

    Until the order is confirmed its purchaser is locked first, as people are
    everywhere: confirming gives them a license, and looks whether they have left.
    So are those who get theirs back by a next contract, while one waits.
    """
    next_contract.lock_people(organization_id, subscription_id)
    waiting = Subscription.objects.filter(
        organization_id=organization_id, pk=subscription_id
    ).exclude(order_state=OrderState.CONFIRMED)
    purchaser = User.objects.filter(
        organization_id=organization_id, pk__in=waiting.values("purchaser_id")
    )
    list(purchaser.select_for_update(no_key=True).values_list("pk", flat=True))
    return locked_subscription(organization_id, subscription_id)


def sync_subscription(stripe_id: str) -> Subscription | None:
    """Read it from Stripe and apply it; null when it isn't one of ours.

    Raises GatewayUnavailable, GatewayRejected.
    """
    read_at = timezone.now()
    found = gateway.read_subscription(stripe_id)
    owner = _owner(found)
    if owner is None:
        return None
    payment_try = read_payment_try(found)
    # Chosen at Stripe or on its pages: one that we have never seen.
    if found.card_id and refs.find(found.card_id) is None:
        sync_card(found.card_id)
    with transaction.atomic():
        subscription = locked_to_apply(*owner)
        apply_subscription(
            subscription=subscription,
            found=found,
            payment_try=payment_try,
            read_at=read_at,
        )
    return subscription


def read_payment_try(found: StripeSubscription) -> PaymentTry | None:
    """How paying the first invoice went; asked only while that is open.

    Raises GatewayUnavailable, GatewayRejected.
    """
    if found.status != "incomplete" or not found.latest_invoice_id:
        return None
    return gateway.last_payment_try(found.latest_invoice_id)


def apply_subscription(
    *,
    subscription: Subscription,
    found: StripeSubscription,
    payment_try: PaymentTry | None,
    read_at: dt.datetime,
) -> None:
    """Apply what was read at `read_at`, in the caller's transaction.

    `subscription` is locked. What was read before the last time, or belongs to an
    earlier attempt at paying, changes nothing. The next contract takes the row over
    as soon as it is paid.
    """
    taken = next_contract.follow(subscription, found)
    if not belongs(subscription, found) or _older(subscription, read_at):
        return
    subscription.stripe_subscription_id = found.id
    subscription.stripe_item_id = found.item_id
    subscription.stripe_quantity = found.quantity
    subscription.stripe_status = found.status
    subscription.stripe_synced_at = read_at
    refs.keep(
        stripe_id=found.id,
        kind="subscription",
        organization_id=subscription.organization_id,
        row_id=subscription.pk,
    )
    if found.status in USABLE:
        _use(subscription, found)
    elif found.status in ENDED:
        _end(subscription, found)
    elif found.status == "incomplete":
        _wait(subscription, payment_try)
    subscription.save()
    if taken is not None:
        next_contract.finish(subscription, taken)


def decline(subscription: Subscription, sentence: str) -> None:
    """Note that the order can't be paid like this; the row is locked and saved."""
    subscription.order_state = OrderState.DECLINED
    subscription.decline = sentence[:300]
    log(
        subscription,
        "order_declined",
        by=subscription.purchaser_id,
        after={"attempt": subscription.attempt},
    )


def belongs(subscription: Subscription, found: StripeSubscription) -> bool:
    """Whether it is the one that the row stands for now, not an earlier attempt's."""
    if found.metadata.get("attempt") != str(subscription.attempt):
        return False
    return subscription.stripe_subscription_id in {"", found.id}


def _older(subscription: Subscription, read_at: dt.datetime) -> bool:
    known = subscription.stripe_synced_at
    return known is not None and read_at < known


def _use(subscription: Subscription, found: StripeSubscription) -> None:
    if subscription.order_state != OrderState.CONFIRMED:
        # Before what has changed since, which is told of next: a lost answer may
        # be found when the trial that it was about is over.
        verb = "trial_started" if subscription.is_trial else "bought"
        log(
            subscription,
            verb,
            by=subscription.purchaser_id,
            after={"quantity": subscription.quantity},
        )
    subscription.period_start = found.period_start
    subscription.period_end = found.period_end
    _follow_card(subscription, found)
    if found.status not in UNPAID:
        subscription.past_due_since = None
    else:
        _owe(subscription, found)
    subscription.recurring_billing = not (
        found.cancel_at_period_end or found.cancel_at is not None
    )
    if subscription.is_trial:
        _follow_trial(subscription, found)
    else:
        counting.follow(subscription, found)
    if subscription.order_state == OrderState.CONFIRMED:
        _renew_term(subscription, found)
        _stop_if_left(subscription)
        return
    _confirm(subscription, found)


def _confirm(subscription: Subscription, found: StripeSubscription) -> None:
    """It can be used from now on, and whoever hands out licenses is told."""
    subscription.order_state = OrderState.CONFIRMED
    subscription.decline = ""
    # From its first day, also when we hear of it only after a renewal.
    subscription.bought_at = subscription.bought_at or found.started_at
    _renew_term(subscription, found)
    _stop_if_left(subscription)
    people = (subscription.purchaser_id,) if subscription.assign_to_purchaser else ()
    # Saved before the receivers look: they count licenses on the stored row.
    subscription.save()
    hooks.subscription_paid.send(
        hooks.SubscriptionPaid(subscription.organization_id, subscription.pk, people)
    )
    subscription.refresh_from_db(fields=["assigned"])


def _stop_if_left(subscription: Subscription) -> None:
    """Nobody pays on for somebody who left before this was paid, or turned on."""
    if not subscription.recurring_billing or recurring.is_ending(subscription):
        return
    if not recurring.is_handed_over(subscription):
        stop_if_left(subscription)


def stop_if_left(subscription: Subscription) -> None:
    """Stop the renewal, and tell the admins, if the purchaser has left."""
    if recurring.has_left(subscription):
        recurring.stop_renewal(subscription)
        mails_to_admins.purchasers_left(subscription.organization_id, [subscription])


def _owe(subscription: Subscription, found: StripeSubscription) -> None:
    """The 30 days count from the first period that is unpaid, whenever we hear of it.

    An answer to a change doesn't say which that is; what we know of it is kept.
    """
    first_time = subscription.past_due_since is None
    unpaid = found.unpaid
    since = unpaid.since if unpaid else subscription.past_due_since
    since = since or found.period_start
    subscription.past_due_since = since
    if first_time:
        mails.payment_failed(subscription, since, unpaid)


def _follow_trial(subscription: Subscription, found: StripeSubscription) -> None:
    """While it lasts nothing is paid; once it is over, it is a purchase of that day."""
    if found.status == "trialing":
        subscription.trial_end = subscription.term_end = found.trial_end
        counting.follow_trial(subscription, found)
        return
    counting.end_trial(subscription, found)
    subscription.trial_end = found.trial_end
    subscription.bought_at = found.trial_end or found.started_at
    # The trial's term is over, whenever we hear of it.
    subscription.term_end = None


def _follow_card(subscription: Subscription, found: StripeSubscription) -> None:
    card = PaymentMethod.objects.filter(
        organization_id=subscription.organization_id,
        stripe_payment_method_id=found.card_id,
    ).first()
    if card is not None:
        subscription.payment_method = card


def _renew_term(subscription: Subscription, found: StripeSubscription) -> None:
    """A period that begins at or after the term's end is the next term's.

    Counted from the day it was bought: from term to term the 31st would be lost. From
    another frequency's first day, as Stripe does, once that was changed at a renewal.
    """
    months = subscription.plan.term_months
    anchor, period = counted_from(subscription, found), found.period_start
    if anchor is None:
        return
    if subscription.is_trial and subscription.stripe_status == "trialing":
        subscription.term_start = anchor
        return
    unpaid = subscription.past_due_since
    if unpaid is not None and unpaid + PAST_DUE_LASTS <= period:
        # Disabled since then: what Stripe still renewed before it was told is no term.
        period = max(unpaid, subscription.term_start or unpaid)
    terms = 1
    while add_months(anchor, terms * months) <= period:
        terms += 1
    subscription.term_start = add_months(anchor, (terms - 1) * months)
    subscription.term_end = add_months(anchor, terms * months)


def counted_from(
    subscription: Subscription, found: StripeSubscription
) -> dt.datetime | None:
    """One that took another's place has the anchor of a period, not of a term."""
    if found.metadata.get("anchored_at") == found.anchor.isoformat():
        return dt.datetime.fromisoformat(found.metadata["terms_from"])
    return (
        found.anchor if found.anchor <= found.period_start else subscription.bought_at
    )


def _end(subscription: Subscription, found: StripeSubscription) -> None:
    if subscription.order_state in {OrderState.DECLINED, OrderState.DROPPED}:
        return
    if subscription.order_state != OrderState.CONFIRMED:
        subscription.order_state = OrderState.DROPPED
        log(subscription, "order_dropped", by=subscription.purchaser_id)
        return
    if recurring.is_handed_over(subscription):
        # Another one takes its place: nobody loses a license in between.
        return
    ended = found.ended_at
    if ended and subscription.term_end and ended < subscription.term_end:
        subscription.disabled_at = subscription.disabled_at or ended
    subscription.recurring_billing = False


def _wait(subscription: Subscription, payment_try: PaymentTry | None) -> None:
    """Not paid yet: the bank is asked, or has said no."""
    if subscription.order_state not in {OrderState.PROCESSING, OrderState.PENDING}:
        return
    if payment_try is None or payment_try.status in {"requires_action", "processing"}:
        subscription.order_state = OrderState.PENDING
        if recurring.has_left(subscription):
            # Nobody is there to ask their bank.
            begin_drop(subscription)
        return
    if subscription.order_state == OrderState.PENDING:
        # A try on the bank's page failed; another one may follow until it lapses.
        return
    decline(subscription, gateway.decline_sentence(payment_try.decline))
    begin_drop(subscription)


def begin_drop(subscription: Subscription) -> None:
    """Ask, in the caller's transaction, that Stripe ends what isn't paid."""
    operations.begin(
        kind="subscription.drop",
        key=f"drop-{subscription.pk}-{subscription.attempt}",
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        arguments={"stripe_id": subscription.stripe_subscription_id},
        for_worker=True,
    )


def _owner(found: StripeSubscription) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Whose it is: by our ref, else by the ids that went along with the order.

    An event can be faster than the answer that would have made the ref.
    """
    ref = refs.find(found.id)
    if ref is not None:
        return ref.organization_id, ref.row_id
    try:
        organization_id = uuid.UUID(found.metadata["organization"])
        subscription_id = uuid.UUID(found.metadata["subscription"])
    except (KeyError, ValueError):
        return None
    known = Subscription.objects.filter(
        organization_id=organization_id, pk=subscription_id
    )
    return (organization_id, subscription_id) if known.exists() else None


def _row(ref: StripeRef) -> Subscription | None:
    subscriptions = Subscription.objects.filter(organization_id=ref.organization_id)
    return subscriptions.select_related("product").filter(pk=ref.row_id).first()


def subject_of_invoice(asked: hooks.InvoiceAsked) -> hooks.InvoiceSubject:
    """Tell billing which subscription an invoice is for, and how it is called.

    Raises GatewayUnavailable, GatewayRejected.
    """
    stripe_id = asked.stripe_subscription_id
    if stripe_id:
        ref = refs.find(stripe_id)
        # Told of the invoice first: whose it is stands on Stripe's subscription.
        found = _row(ref) if ref is not None else sync_subscription(stripe_id)
        if ref is not None and found is not None and found.past_due_since is not None:
            # One of several that are owed may be paid; Stripe tells of no change then.
            sync_subscription(stripe_id)
        if found is not None and found.organization_id == asked.organization_id:
            return hooks.InvoiceSubject(found.pk, found.product.name)
    return hooks.InvoiceSubject(None, _("Subscription"))
