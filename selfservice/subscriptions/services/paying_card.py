"""The card that a subscription is paid with, and another one in its place."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from billing.models import PaymentMethod, StripeOperation
from billing.services import operations
from billing.services.payers import locked_card, why_card_cant_pay
from selfservice.core import clock
from selfservice.core.hooks import CardReplaced
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations import CARD
from selfservice.subscriptions.queries import SHOWN
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    begin_change,
    operation_key,
    refuse_while_under_way,
    run_change,
)
from selfservice.subscriptions.services.log import log


def check_replaceable(subscription: Subscription) -> None:
    """Raises CannotChange when no other card can take over now."""
    if lifecycle.state_at(subscription, clock.now()) not in lifecycle.ASSIGNABLE:
        raise CannotChange(
            _(
                "The payment method can be replaced only while a subscription is"
                " active: nothing is charged for this one any more."
            )
        )
    if subscription.pending_until is not None:
        raise CannotChange(
            _("A payment waits for your bank. Confirm it first, or let it lapse.")
        )


def check_card(card: PaymentMethod, subscription: Subscription) -> None:
    """Raises CannotChange for a card that can't pay for this subscription."""
    refusal = why_card_cant_pay(card, subscription.profile_id)
    if refusal:
        raise CannotChange(refusal)


def pays_already(subscription: Subscription, card: PaymentMethod) -> bool:
    """Whether it is paid with this card now; entered twice, it is the same one.

    With another expiration date it isn't: that is the one the bank sent since.
    """
    now = subscription.payment_method
    if now is None or now.detached_at is not None:
        return False
    twin = (card.fingerprint, card.exp_year, card.exp_month)
    known = (now.fingerprint, now.exp_year, now.exp_month)
    return now.pk == card.pk or (bool(now.fingerprint) and known == twin)


def replace_card(*, subscription: Subscription, card: PaymentMethod) -> Outcome:
    """Pay with `card` from now on; what is open stays open. A second time is fine.

    Recurring billing stays as it is. Raises CannotChange, ChangeUnderWay,
    PreviewStale, GatewayRejected.
    """
    check_replaceable(subscription)
    check_card(card, subscription)
    if pays_already(subscription, card):
        return Outcome.DONE
    operation = begin_change(
        subscription,
        change_number=subscription.change_number,
        begin=lambda locked: _begin(locked, card),
    )
    outcome = run_change(operation, CARD)[0]
    subscription.refresh_from_db()
    return outcome


def _begin(locked: Subscription, card: PaymentMethod) -> StripeOperation:
    check_replaceable(locked)
    # Handed over meanwhile, it is another profile's; or it was deleted.
    card = locked_card(card)
    check_card(card, locked)
    former = locked.payment_method_id
    log(
        locked,
        "card_replaced",
        by=locked.purchaser_id,
        before={"card": str(former)} if former else {},
        after={"card": str(card.pk)},
    )
    return operations.begin(
        kind="subscription.card",
        key=operation_key(locked, "card"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={"card": card.stripe_payment_method_id},
    )


def begin_replacing(replaced: CardReplaced) -> list[uuid.UUID]:
    """Begin to pay with another card whatever the former ones pay for now.

    In the caller's transaction; subscriptions are locked in their order, cards last.
    Raises CannotChange, ChangeUnderWay.
    """
    paid = _locked_payers(replaced)
    if not paid:
        return []
    if replaced.card_id is None:
        raise CannotChange(
            _("It is the last card behind %(names)s. Choose another one first.")
            % {"names": _names(paid)}
        )
    card = PaymentMethod.objects.select_for_update(no_key=True).get(
        organization_id=replaced.organization_id, pk=replaced.card_id
    )
    return [_begin_next(subscription, card).pk for subscription in paid]


def _locked_payers(replaced: CardReplaced) -> list[Subscription]:
    now = clock.now()
    found = (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plan", "product", "price")
        .filter(
            organization_id=replaced.organization_id,
            profile_id=replaced.profile_id,
            payment_method_id__in=replaced.former_ids,
            order_state__in=SHOWN,
        )
        .order_by("id")
    )
    live = {*lifecycle.ASSIGNABLE, lifecycle.PENDING}
    return [each for each in found if lifecycle.state_at(each, now) in live]


def _begin_next(locked: Subscription, card: PaymentMethod) -> StripeOperation:
    name = locked.product.name
    waits = lifecycle.state_at(locked, clock.now()) == lifecycle.PENDING
    if waits or locked.pending_until is not None:
        raise CannotChange(
            _(
                "A payment for %(name)s waits for your bank. Confirm it first, or let"
                " it lapse."
            )
            % {"name": name}
        )
    refuse_while_under_way(locked)
    locked.change_number += 1
    operation = _begin(locked, card)
    locked.save(update_fields=["change_number"])
    return operation


def _names(subscriptions: list[Subscription]) -> str:
    return ", ".join(dict.fromkeys(each.product.name for each in subscriptions))
