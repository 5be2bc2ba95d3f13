"""How what becomes of a card is called at Stripe, applied, refused and proven.

All of them are about a billing profile, one change at a time. One that depends on
others waits until they are settled: `after` in its arguments. The last of a change
has `tell` there: what is said by mail once all of it is so.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing import card_mails, gateway
from billing.gateway.listing import is_gone
from billing.gateway.shapes import Card
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.models.stripe import UNSETTLED
from billing.services import operations
from billing.services.cards import keep_card
from selfservice.activity.services.record import Change, record
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.hooks import CardsAsked, payment_method_usage

DEFAULT, UPDATE, DETACH = "profile.card", "card.update", "card.detach"
KINDS = (DEFAULT, UPDATE, DETACH)


class StillInUse(gateway.GatewayRejected):
    """What it pays for could not be given to another card, so it stays."""

    def __init__(self) -> None:
        DomainError.__init__(
            self,
            _("The card wasn't deleted: something is still paid with it."),
        )
        self.code, self.status = "still_in_use", 409


def _profile(operation: StripeOperation) -> BillingProfile:
    return BillingProfile.objects.get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _method(operation: StripeOperation) -> QuerySet[PaymentMethod]:
    return PaymentMethod.objects.filter(
        organization_id=operation.organization_id, pk=operation.arguments["method"]
    )


def _waits(operation: StripeOperation) -> bool:
    """Whether one that it depends on isn't settled yet."""
    return StripeOperation.objects.filter(
        organization_id=operation.organization_id,
        pk__in=operation.arguments["after"],
        state__in=UNSETTLED,
    ).exists()


def _wait(operation: StripeOperation) -> None:
    """Raises GatewayUnavailable, so that the worker comes back to it."""
    if _waits(operation):
        raise gateway.GatewayUnavailable


def _tell(operation: StripeOperation) -> None:
    told = operation.arguments.get("tell")
    if told:
        card_mails.card_changed(_profile(operation), str(operation.pk), told)


def _refused(operation: StripeOperation, error: Exception) -> None:
    """The log says that it was wanted; it says too that it didn't come about."""
    record(
        Change(
            organization_id=operation.organization_id,
            actor_id=None,
            subject_kind="billing_profile",
            subject_id=operation.subject_id,
            verb="card_change_refused",
        )
    )


def _set_default(operation: StripeOperation) -> str:
    _wait(operation)
    card_id: str = operation.arguments["card"]
    gateway.set_default_card(
        customer_id=_profile(operation).stripe_customer_id,
        card_id=card_id,
        key=operation.key,
    )
    return card_id


def _prove_default(operation: StripeOperation) -> str | None:
    if _waits(operation):
        return None
    found = gateway.read_default_card(_profile(operation).stripe_customer_id)
    return found if found == operation.arguments["card"] else None


def _apply_default(operation: StripeOperation, card_id: str) -> str:
    BillingProfile.objects.filter(
        organization_id=operation.organization_id, pk=operation.subject_id
    ).update(payment_method=operation.arguments["method"])
    _tell(operation)
    return card_id


def _detach(operation: StripeOperation) -> str:
    _wait(operation)
    if _is_used(operation):
        raise StillInUse
    card_id: str = operation.arguments["card"]
    gateway.detach_card(card_id=card_id, key=operation.key)
    return card_id


def _is_used(operation: StripeOperation) -> bool:
    """Whether something was to be given to another card, and wasn't."""
    method_id = uuid.UUID(operation.arguments["method"])
    asked = CardsAsked(operation.organization_id, (operation.subject_id,))
    uses = [use for found in payment_method_usage.send(asked) for use in found]
    if any(use.method_id == method_id for use in uses):
        return True
    replaced: bool = operation.arguments["replaced"]
    return replaced and _profile(operation).payment_method_id == method_id


def _prove_detached(operation: StripeOperation) -> str | None:
    card_id: str = operation.arguments["card"]
    try:
        found = gateway.read_card(card_id)
    except gateway.GatewayRejected as error:
        if is_gone(error):
            return card_id
        raise
    return None if found.customer_id else card_id


def _apply_detached(operation: StripeOperation, card_id: str) -> str:
    _method(operation).filter(detached_at=None).update(
        detached_at=clock.now(), leaving_at=None
    )
    BillingProfile.objects.filter(
        organization_id=operation.organization_id,
        pk=operation.subject_id,
        payment_method=operation.arguments["method"],
    ).update(payment_method=None)
    _tell(operation)
    return card_id


def _stays(operation: StripeOperation, error: Exception) -> None:
    _method(operation).update(leaving_at=None)
    _refused(operation, error)


def _update(operation: StripeOperation) -> Card:
    wanted: dict[str, Any] = operation.arguments
    card = gateway.update_card(
        card_id=wanted["card"],
        exp_month=wanted["exp_month"],
        exp_year=wanted["exp_year"],
        holder_name=wanted["holder_name"],
        address=wanted["address"],
        key=operation.key,
    )
    return gateway.read_card(card.id) if operation.attempts > 1 else card


def _prove_updated(operation: StripeOperation) -> Card | None:
    wanted = operation.arguments
    card = gateway.read_card(wanted["card"])
    so = (card.exp_month, card.exp_year, card.holder_name, dict(card.address))
    asked = (wanted["exp_month"], wanted["exp_year"], wanted["holder_name"])
    return card if so == (*asked, wanted["address"]) else None


def _apply_updated(operation: StripeOperation, card: Card) -> str:
    if card.customer_id:
        keep_card(profile=_profile(operation), card=card, chosen=False)
    _tell(operation)
    _forget(operation)
    return card.id


def _not_updated(operation: StripeOperation, error: Exception) -> None:
    _refused(operation, error)
    _forget(operation)


def _forget(operation: StripeOperation) -> None:
    """Name and address stand where they can be erased, not in what was asked once."""
    StripeOperation.objects.filter(
        organization_id=operation.organization_id, pk=operation.pk
    ).update(arguments={"card": operation.arguments["card"]})


SET_DEFAULT = operations.Kind(
    call=_set_default, apply=_apply_default, refuse=_refused, prove=_prove_default
)
UPDATE_CARD = operations.Kind(
    call=_update, apply=_apply_updated, refuse=_not_updated, prove=_prove_updated
)
DETACH_CARD = operations.Kind(
    call=_detach, apply=_apply_detached, refuse=_stays, prove=_prove_detached
)
operations.kinds.register(DEFAULT, SET_DEFAULT)
operations.kinds.register(UPDATE, UPDATE_CARD)
operations.kinds.register(DETACH, DETACH_CARD)
