"""Handing what somebody bought to a colleague, who pays for it from then on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.services import operations
from billing.services.payers import locked_card, why_card_cant_pay
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.models import Frequency
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import (
    OrderState,
    QuantityChange,
    QuantityReason,
    Subscription,
)
from selfservice.subscriptions.operations import TRANSFER
from selfservice.subscriptions.services.changing import (
    Outcome,
    refuse_while_under_way,
    run_change,
)
from selfservice.subscriptions.services.contract import (
    counted_from,
    locked_subscription,
    sync_subscription,
)
from selfservice.subscriptions.services.next_contract import next_attempt
from selfservice.subscriptions.services.recurring import TRANSFER as KIND

# So long the worker has for what a lost answer left undone, before a renewal.
MARGIN = dt.timedelta(days=2)
# Nothing is renewed then: it only has to be done in time.
LAST_MOMENT = dt.timedelta(hours=1)
_SWITCHES = ["recurring_on", "recurring_off", "cancelled", "purchaser_left"]


class CannotTransfer(DomainError):
    """It stays with whom it is; the sentence says why, and what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Transfer:
    """What handing a subscription over does.

    `renews`: it is renewed at the end of its term. `turned_on`: it went off only
    because the purchaser left. `drops_change`: what waited for the renewal is dropped.
    """

    subscription: Subscription
    receiver: User
    card: PaymentMethod
    renews: bool
    turned_on: bool
    drops_change: bool


def handed_over_by(giver: User) -> list[Subscription]:
    """What somebody bought and that isn't over, the soonest end first."""
    rows = Subscription.objects.filter(
        organization_id=giver.organization_id,
        purchaser=giver,
        order_state=OrderState.CONFIRMED,
        disabled_at=None,
        term_end__gt=clock.now() - lifecycle.RENEWAL_GRACE,
    )
    found = rows.select_related("product", "plan", "price", "payment_method")
    return list(found.order_by("term_end", "pk"))


def plan_transfer(
    *, subscription: Subscription, receiver: User, card: str = ""
) -> Transfer:
    """What would happen, nothing of it done. Reads Stripe: what is paid stands there.

    `card` is the last four digits or the id of one of the receiver's; empty for what
    their profile pays with. Raises CannotTransfer, ChangeUnderWay,
    GatewayUnavailable, GatewayRejected.
    """
    _check_receiver(subscription, receiver)
    chosen = choose_card(
        receiver=receiver, currency=subscription.price.currency, card=card
    )
    sync_subscription(subscription.stripe_subscription_id)
    subscription.refresh_from_db()
    refuse_while_under_way(subscription)
    on = _goes_on(subscription)
    _check(subscription, renews=on)
    return Transfer(
        subscription=subscription,
        receiver=receiver,
        card=chosen,
        renews=on,
        turned_on=on and not subscription.recurring_billing,
        drops_change=subscription.scheduled_quantity is not None,
    )


def transfer(planned: Transfer) -> Outcome:
    """Hand it over as planned. CHECKING: the answer is unknown, the worker goes on.

    Raises CannotTransfer, ChangeUnderWay, GatewayRejected, and GatewayUnavailable
    when nothing was begun.
    """
    known = gateway.read_subscription(planned.subscription.stripe_subscription_id)
    with transaction.atomic(durable=True):
        operation = _begin(planned, known)
    return run_change(operation, TRANSFER)[0]


def choose_card(*, receiver: User, currency: str, card: str = "") -> PaymentMethod:
    """The receiver's card that pays in this currency. Raises CannotTransfer."""
    found = BillingProfile.objects.filter(
        organization_id=receiver.organization_id, purchaser=receiver, currency=currency
    )
    profiles = list(found.exclude(stripe_customer_id="").order_by("pk"))
    if not profiles:
        raise CannotTransfer(
            _(
                "%(name)s has no billing profile in %(currency)s. They make one under"
                " Billing accounts, or with a purchase; then try again."
            )
            % {"name": receiver, "currency": currency}
        )
    cards = _usable_cards(profiles)
    if card:
        cards = [each for each in cards if card in _names(each)]
    else:
        pays = {profile.payment_method_id for profile in profiles}
        cards = [each for each in cards if each.pk in pays]
    if not cards:
        raise CannotTransfer(
            _(
                "%(name)s has no card for this that can be used. They add one under"
                " Bills & payments, Payment methods; then try again."
            )
            % {"name": receiver}
        )
    if card and len({each.pk for each in cards}) > 1:
        raise CannotTransfer(
            _("Several cards are called so. Say which: %(cards)s.")
            % {"cards": ", ".join(str(each.pk) for each in cards)}
        )
    return cards[0]


def _usable_cards(profiles: Sequence[BillingProfile]) -> list[PaymentMethod]:
    now = clock.now()
    found = PaymentMethod.objects.filter(
        organization_id=profiles[0].organization_id,
        profile__in=profiles,
        detached_at=None,
        leaving_at=None,
    ).order_by("pk")
    return [card for card in found if not card.expired_by(now.year, now.month)]


def _names(card: PaymentMethod) -> set[str]:
    return {card.last4, str(card.pk), card.stripe_payment_method_id}


def _check_receiver(subscription: Subscription, receiver: User) -> None:
    if receiver.organization_id != subscription.organization_id:
        raise CannotTransfer(
            _("%(name)s is of another organization.") % {"name": receiver}
        )
    if receiver.pk == subscription.purchaser_id:
        raise CannotTransfer(
            _("%(name)s has this subscription already.") % {"name": receiver}
        )
    if not receiver.can_buy:
        raise CannotTransfer(
            _(
                "%(name)s can't buy: a guest, or somebody who can't sign in. Choose"
                " another colleague."
            )
            % {"name": receiver}
        )


def _goes_on(subscription: Subscription) -> bool:
    """Renewed as before; turned on again what only the leaving turned off."""
    if subscription.recurring_billing:
        return True
    last = (
        Activity.objects.filter(
            organization_id=subscription.organization_id,
            subject_id=subscription.pk,
            verb__in=_SWITCHES,
        )
        .order_by("-id")
        .first()
    )
    return last is not None and last.verb == "purchaser_left"


def _check(subscription: Subscription, *, renews: bool) -> None:
    now = clock.now()
    state = lifecycle.state_at(subscription, now)
    if state == lifecycle.PAST_DUE:
        raise CannotTransfer(
            _("The last payment failed. Have the open invoice paid first.")
        )
    if state != lifecycle.ACTIVE:
        raise CannotTransfer(
            _("Only an active subscription can be handed over; this one is: %(state)s.")
            % {"state": lifecycle.LABELS.get(state, state)}
        )
    if subscription.pending_quantity is not None:
        raise CannotTransfer(
            _("More licenses wait for the bank. Try again when that is settled.")
        )
    _check_dates(subscription, now, renews=renews)


def _check_dates(subscription: Subscription, now: dt.datetime, *, renews: bool) -> None:
    """Not while money can go back to the giver's card, nor just before a renewal."""
    window = _refundable_until(subscription)
    if now < window:
        raise CannotTransfer(
            _(
                "Until %(day)s it can be canceled with the money back to the card that"
                " paid it. Hand it over from then on."
            )
            % {"day": format_day(window)}
        )
    ends = subscription.period_ends
    goes_on = renews or ends != subscription.term_end
    if now > ends - (MARGIN if goes_on else LAST_MOMENT):
        raise CannotTransfer(
            _("It is charged on %(day)s. Hand it over when that is done.")
            % {"day": format_day(ends)}
            if goes_on
            else _("It ends today. It is too late to hand it over.")
        )


def _refundable_until(subscription: Subscription) -> dt.datetime:
    """When the last window is over in which something would be given back."""
    start = subscription.term_starts
    added = (
        QuantityChange.objects.filter(
            organization_id=subscription.organization_id,
            subscription=subscription,
            reason=QuantityReason.ADDED,
        )
        .order_by("-happened_at")
        .first()
    )
    latest = max(start, added.happened_at) if added else start
    return latest + lifecycle.REFUND_WINDOW


def _begin(planned: Transfer, found: StripeSubscription) -> StripeOperation:
    """The operation, with all that it needs however late it is done."""
    people = User.objects.filter(
        organization_id=planned.receiver.organization_id, pk=planned.receiver.pk
    )
    receiver = people.select_for_update(no_key=True).get()
    row = planned.subscription
    locked = locked_subscription(row.organization_id, row.pk)
    _check_receiver(locked, receiver)
    refuse_while_under_way(locked)
    _check(locked, renews=planned.renews)
    refusal = why_card_cant_pay(locked_card(planned.card), planned.card.profile_id)
    if refusal:
        raise CannotTransfer(refusal)
    locked.change_number += 1
    locked.save(update_fields=["change_number"])
    return operations.begin(
        kind=KIND,
        key=f"transfer-{locked.pk}-{locked.change_number}",
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments=_arguments(locked, planned, found),
    )


def _arguments(
    locked: Subscription, planned: Transfer, found: StripeSubscription
) -> dict[str, str | int | bool]:
    card = planned.card
    profile = BillingProfile.objects.get(
        organization_id=locked.organization_id, pk=card.profile_id
    )
    terms_from, term_end = counted_from(locked, found), locked.term_ends
    if terms_from is None:
        raise ValueError("Only a subscription that was bought is handed over.")
    return {
        "from": found.id,
        "giver": str(locked.purchaser_id),
        "receiver": str(planned.receiver.pk),
        "profile": str(profile.pk),
        "payment_method": str(card.pk),
        "customer": profile.stripe_customer_id,
        "card": card.stripe_payment_method_id,
        "price": locked.price.stripe_price_id,
        "quantity": locked.quantity,
        "attempt": next_attempt(locked),
        "period_start": found.period_start.isoformat(),
        "period_end": found.period_end.isoformat(),
        "periods_from": _periods_from(found),
        "terms_from": terms_from.isoformat(),
        "yearly": locked.plan.frequency == Frequency.YEARLY,
        "until": "" if planned.renews else term_end.isoformat(),
    }


def _periods_from(found: StripeSubscription) -> str:
    """What its periods are counted from; one handed over before remembers its day."""
    anchor = found.anchor.isoformat()
    if found.metadata.get("anchored_at") == anchor:
        return found.metadata["periods_from"]
    return anchor
