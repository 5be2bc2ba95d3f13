"""Reactivating what has expired or was disabled: a new term at today's price."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from billing.gateway.shapes import Quote
from billing.models import PaymentMethod, StripeOperation
from billing.services import operations
from billing.services.payers import locked_card
from selfservice.catalog.queries import Offer, offer_of
from selfservice.core import clock, hooks
from selfservice.core.dates import add_months
from selfservice.core.money import Money
from selfservice.subscriptions import lifecycle, mails
from selfservice.subscriptions.models import (
    ContractReason,
    NextContract,
    Subscription,
)
from selfservice.subscriptions.operations import DROP, REACTIVATE
from selfservice.subscriptions.services.buying import check_offer
from selfservice.subscriptions.services.buying import quote as ask_quote
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    PreviewStale,
    begin_change,
    fetch_invoice,
    run_change,
    unseal,
)
from selfservice.subscriptions.services.contract import (
    locked_subscription,
    sync_subscription,
)
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.next_contract import (
    begin_drop,
    begin_next,
    contract_lapses_at,
    waiting_contract,
)
from selfservice.subscriptions.services.offering import check_buyer
from selfservice.subscriptions.services.paying_card import check_card
from selfservice.subscriptions.services.quoting import Quoted
from selfservice.subscriptions.services.stripe_status import ENDED

SALT = "subscriptions.reactivate"
REACTIVABLE = frozenset({lifecycle.EXPIRED, lifecycle.DISABLED})


@dataclasses.dataclass(frozen=True, slots=True)
class Reactivation(Quoted):
    """What reactivating charges and when it renews, as it is shown. Tax included.

    `seal` binds it to what was shown.
    """

    subscription: Subscription
    offer: Offer
    quote: Quote
    term_end: dt.datetime
    next_charge_at: dt.datetime
    seal: str

    @property
    def former_price(self) -> Money | None:
        """What a license cost before; null when that is today's price, too."""
        before = self.subscription.price.money
        return before if before != self.offer.price.money else None


def why_not_reactivated(subscription: Subscription, now: dt.datetime) -> str:
    """The sentence that refuses it, without asking anybody; empty when it goes."""
    state = lifecycle.state_at(subscription, now)
    if state == lifecycle.DELETED:
        return _("This subscription is deleted for good. Buy the product again.")
    if state not in REACTIVABLE:
        return _("Only an expired or disabled subscription can be reactivated.")
    if subscription.is_trial:
        return _("A trial that is over can't be reactivated. Buy the product instead.")
    return ""


def preview_reactivation(*, subscription: Subscription) -> Reactivation:
    """What a new term from today would cost, sealed.

    Raises CannotChange, CannotBuy, GatewayUnavailable, GatewayRejected.
    """
    _read_again(subscription)
    _check(subscription)
    return _preview(subscription)


def reactivate(
    *, subscription: Subscription, seal: str, card: PaymentMethod
) -> tuple[Reactivation, Outcome]:
    """Start a new term today for what was shown under `seal`, once.

    Raises CannotChange, CannotBuy, ChangeUnderWay, PreviewStale, PaymentDeclined,
    GatewayRejected, and GatewayUnavailable when nothing was begun.
    """
    shown = unseal(seal, SALT)
    if shown["change_number"] != subscription.change_number:
        raise PreviewStale
    _check(subscription)
    check_card(card, subscription)
    preview = _preview(subscription)
    if _facts(preview) != shown:
        raise PreviewStale
    operation = begin_change(
        subscription,
        change_number=shown["change_number"],
        begin=lambda locked: _begin(locked, preview, card),
    )
    said = run_change(operation, REACTIVATE)
    outcome, answer = said
    if answer is not None:
        fetch_invoice(answer.found.latest_invoice_id)
    subscription.refresh_from_db()
    if outcome == Outcome.DONE and waiting_contract(subscription) is not None:
        outcome = Outcome.WAITING
    return preview, outcome


def give_up_waiting(*, subscription: Subscription) -> None:
    """Drop the payment that waits for the bank; nothing is charged afterwards.

    A payment that came at the same moment wins. Raises GatewayUnavailable (the
    worker goes on), GatewayRejected.
    """
    with transaction.atomic(durable=True):
        locked = locked_subscription(subscription.organization_id, subscription.pk)
        contract = waiting_contract(locked)
        if contract is None or not contract.stripe_subscription_id:
            return
        operation = begin_drop(locked, contract)
    operations.run(operation, DROP)


def _read_again(subscription: Subscription) -> None:
    """Ask Stripe where our row may have missed something: a renewal, a payment."""
    contract = waiting_contract(subscription)
    lapsed = contract is not None and contract_lapses_at(contract) <= clock.now()
    if contract is not None and lapsed and contract.stripe_subscription_id:
        sync_subscription(contract.stripe_subscription_id)
    stripe_id = subscription.stripe_subscription_id
    if stripe_id and subscription.stripe_status not in ENDED:
        sync_subscription(stripe_id)
    subscription.refresh_from_db()


def _check(subscription: Subscription) -> None:
    refusal = why_not_reactivated(subscription, clock.now())
    if refusal:
        raise CannotChange(refusal)
    if waiting_contract(subscription) is not None:
        raise CannotChange(
            _("A payment waits for your bank. Confirm it first, or let it lapse.")
        )


def _offer(subscription: Subscription) -> Offer:
    """The same plan at today's price. Raises CannotChange, CannotBuy."""
    offer = offer_of(plan_id=subscription.plan_id, currency=subscription.price.currency)
    if offer is None:
        raise CannotChange(
            _("%(plan)s is no longer offered. Buy %(product)s with another plan.")
            % {"plan": subscription.plan, "product": subscription.product}
        )
    check_offer(
        buyer=subscription.purchaser, offer=offer, quantity=subscription.quantity
    )
    return offer


def _preview(subscription: Subscription) -> Reactivation:
    offer = _offer(subscription)
    quote = ask_quote(
        offer=offer, quantity=subscription.quantity, profile=subscription.profile
    )
    now = clock.now()
    made = Reactivation(
        subscription=subscription,
        offer=offer,
        quote=quote,
        term_end=add_months(now, offer.plan.term_months),
        next_charge_at=add_months(now, offer.plan.billing_months),
        seal="",
    )
    return dataclasses.replace(made, seal=signing.dumps(_facts(made), salt=SALT))


def _facts(preview: Reactivation) -> dict[str, Any]:
    subscription = preview.subscription
    return {
        "subscription": str(subscription.pk),
        "change_number": subscription.change_number,
        "price": str(preview.offer.price.pk),
        "quantity": subscription.quantity,
        "total": [preview.quote.total_minor, preview.quote.currency],
    }


def _begin(
    locked: Subscription, preview: Reactivation, card: PaymentMethod
) -> StripeOperation:
    _check(locked)
    check_buyer(locked.purchaser)
    if locked.quantity != preview.subscription.quantity:
        raise PreviewStale
    check_card(locked_card(card), locked)
    return begin_next(
        locked,
        reason=ContractReason.REACTIVATION,
        price=preview.offer.price,
        profile=locked.profile,
        card=card,
        total=preview.total,
    )


def reactivated(subscription: Subscription, contract: NextContract) -> None:
    """It runs again: the log and the purchaser are told, and licenses come back."""
    log(
        subscription,
        "reactivated",
        by=subscription.purchaser_id,
        after={
            "quantity": subscription.quantity,
            "amount_minor": contract.total_minor,
        },
    )
    mails.reactivated(subscription, contract)
    hooks.subscription_resumed.send(
        hooks.SubscriptionResumes(subscription.organization_id, subscription.pk)
    )
