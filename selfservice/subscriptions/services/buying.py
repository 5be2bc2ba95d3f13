"""Placing an order: one row, one charge, whatever is pressed, reloaded or lost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.gateway.shapes import Quote
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.services import customers, operations
from billing.services.invoices import sync_invoice
from billing.services.payers import locked_card, locked_payer, why_card_cant_pay
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.core.errors import DomainError
from selfservice.core.money import Money
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.operations import BUY, DROP
from selfservice.subscriptions.services.contract import begin_drop
from selfservice.subscriptions.services.offering import (
    CannotBuy,
    check_buyer,
    check_trial,
    had_trial,
    trial_licenses,
)
from selfservice.subscriptions.services.selling import why_not_sold


class PriceChanged(DomainError):
    """What is charged now is not what was shown. Nothing was charged."""

    def __init__(self, total: Money) -> None:
        super().__init__(
            _(
                "The amount has changed to %(total)s. Look at it, then place the order"
                " again."
            )
            % {"total": total}
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What the buyer saw and accepted. `total` is tax included.

    Of a trial, `quantity` licenses and `total` are for the time afterwards.
    """

    key: uuid.UUID
    offer: Offer
    quantity: int
    profile: BillingProfile
    total: Money
    assign_to_me: bool
    trial: bool = False


def quote(*, offer: Offer, quantity: int, profile: BillingProfile) -> Quote:
    """What the order costs now, by Stripe's own preview; minor units.

    Raises GatewayUnavailable, GatewayRejected.
    """
    customers.settle(profile)
    return gateway.quote_purchase(
        customer_id=profile.stripe_customer_id,
        price_id=offer.price.stripe_price_id,
        quantity=quantity,
    )


def check_offer(*, buyer: User, offer: Offer, quantity: int) -> None:
    """Refuse what can't be sold, with the reason. Raises CannotBuy."""
    check_buyer(buyer)
    reason = why_not_sold(offer.plan.product, quantity, clock.now())
    if reason:
        raise CannotBuy(reason)


def check_own_license(*, buyer: User, assign_to_me: bool) -> None:
    """Refuse to assign to a buyer without a usage location. Raises CannotBuy."""
    if assign_to_me and not buyer.usage_location:
        raise CannotBuy(
            _(
                "You can't get a license, because your organization's directory has no"
                " usage location for you. Clear “Assign a license to me”, or ask your"
                " admin to fill it in."
            )
        )


def place_order(
    *, order: Order, card: PaymentMethod | None, buyer: User
) -> Subscription:
    """Buy it, or start its trial, once. A trial may go without a card.

    The same `order.key` again returns what became of it.

    A declined order may be placed again with the same key and another card. The
    answer can be a subscription that is processing: Stripe's word is unknown, and
    the worker finds out. Raises CannotBuy, PriceChanged, GatewayUnavailable (when
    nothing was begun yet).
    """
    placed = find_order(buyer=buyer, key=order.key)
    if placed is not None and placed.order_state != OrderState.DECLINED:
        return placed
    check_offer(buyer=buyer, offer=order.offer, quantity=order.quantity)
    check_own_license(buyer=buyer, assign_to_me=order.assign_to_me)
    if order.trial:
        check_trial(buyer=buyer, product=order.offer.plan.product)
    _check_card(card, order)
    now = quote(offer=order.offer, quantity=order.quantity, profile=order.profile)
    if (now.total_minor, now.currency) != (order.total.minor, order.total.currency):
        raise PriceChanged(Money(now.total_minor, now.currency))
    operation = _begin(order, card, buyer)
    if operation is not None:
        _ask_stripe(operation)
    subscription = _read(buyer, order.key)
    if subscription.order_state == OrderState.DECLINED:
        finish_drop(subscription)
    return subscription


def _ask_stripe(operation: StripeOperation) -> None:
    """Buy, and fetch the invoice along; whatever stays unknown the worker settles."""
    with suppress(
        gateway.GatewayUnavailable, gateway.GatewayRejected, gateway.PaymentDeclined
    ):
        answer = operations.run(operation, BUY)
        if answer is not None and answer.found.latest_invoice_id:
            sync_invoice(answer.found.latest_invoice_id)


def find_order(*, buyer: User, key: uuid.UUID) -> Subscription | None:
    """What became of the buyer's order with this key; null when it wasn't placed."""
    return (
        Subscription.objects.filter(
            organization_id=buyer.organization_id, purchaser=buyer, order_key=key
        )
        .select_related("product", "plan", "price", "profile", "payment_method")
        .first()
    )


def drop_order(*, subscription: Subscription) -> Subscription:
    """Give up an order whose payment is pending. Nothing is charged afterwards.

    A payment that came at the same moment wins: the subscription is then confirmed.
    Raises GatewayUnavailable, when the worker goes on with it.
    """
    with transaction.atomic(durable=True):
        locked = Subscription.objects.select_for_update(no_key=True).get(
            organization_id=subscription.organization_id, pk=subscription.pk
        )
        if locked.order_state != OrderState.PENDING:
            return locked
        begin_drop(locked)
    finish_drop(subscription)
    subscription.refresh_from_db()
    return subscription


def finish_drop(subscription: Subscription) -> None:
    """Let Stripe end what isn't paid, now rather than when the worker gets to it."""
    operation = StripeOperation.objects.filter(
        organization_id=subscription.organization_id,
        key=f"drop-{subscription.pk}-{subscription.attempt}",
    ).first()
    if operation is not None:
        with suppress(gateway.GatewayUnavailable, gateway.GatewayRejected):
            operations.run(operation, DROP)


def lapses_at(subscription: Subscription) -> dt.datetime:
    """Until when a pending payment can be finished."""
    return subscription.ordered_at + dt.timedelta(
        hours=settings.ORDER_LAPSES_AFTER_HOURS
    )


def _check_card(card: PaymentMethod | None, order: Order) -> None:
    if card is None:
        if order.trial and not order.offer.plan.product.trial_needs_card:
            return
        raise CannotBuy(_("This can't be started without a card. Enter one."))
    refusal = why_card_cant_pay(card, order.profile.pk)
    if refusal:
        raise CannotBuy(refusal)


def _begin(
    order: Order, card: PaymentMethod | None, buyer: User
) -> StripeOperation | None:
    """Store the order and its operation; null when another request was faster."""
    try:
        with transaction.atomic(durable=True):
            check_buyer(locked_payer(buyer.organization_id, buyer.pk))
            subscription = _locked_order(buyer, order.key)
            if subscription and subscription.order_state != OrderState.DECLINED:
                return None
            if card is not None:
                card = locked_card(card)
                _check_card(card, order)
            if subscription is None:
                subscription = _new_order(order, card, buyer)
            else:
                _order_again(subscription, order, card)
            return operations.begin(
                kind="subscription.buy",
                key=f"buy-{subscription.pk}-{subscription.attempt}",
                organization_id=subscription.organization_id,
                subject_id=subscription.pk,
                arguments={"attempt": subscription.attempt}
                | _trial_end(order)
                | _charged(card),
            )
    except IntegrityError as error:
        if "subscription_order_key_unique" in str(error):
            return None
        if "subscription_one_trial" in str(error):
            raise had_trial(order.offer.plan.product) from None
        raise


def _trial_end(order: Order) -> dict[str, str]:
    if not order.trial:
        return {}
    return {"trial_end": add_months(clock.now(), 1).isoformat()}


def _charged(card: PaymentMethod | None) -> dict[str, str]:
    """Named, so that nobody deletes it while Stripe's answer is awaited."""
    return {"card": card.stripe_payment_method_id} if card is not None else {}


def _locked_order(buyer: User, key: uuid.UUID) -> Subscription | None:
    return (
        Subscription.objects.select_for_update(no_key=True)
        .filter(organization_id=buyer.organization_id, purchaser=buyer, order_key=key)
        .first()
    )


def _new_order(order: Order, card: PaymentMethod | None, buyer: User) -> Subscription:
    return Subscription.objects.create(
        organization_id=buyer.organization_id,
        purchaser=buyer,
        order_key=order.key,
        terms_version=settings.TERMS_VERSION,
        **_ordered(order, card),
    )


def _order_again(
    subscription: Subscription, order: Order, card: PaymentMethod | None
) -> None:
    """A declined order, placed once more: a new attempt with a key of its own."""
    for name, value in _ordered(order, card).items():
        setattr(subscription, name, value)
    subscription.order_state = OrderState.PROCESSING
    subscription.attempt += 1
    subscription.decline = ""
    subscription.stripe_subscription_id = ""
    subscription.stripe_item_id = ""
    subscription.stripe_status = ""
    subscription.stripe_synced_at = None
    subscription.save()


def _ordered(order: Order, card: PaymentMethod | None) -> dict[str, Any]:
    """What the order says, as columns."""
    product = order.offer.plan.product
    return {
        "product": product,
        "plan": order.offer.plan,
        "price": order.offer.price,
        "profile": order.profile,
        "payment_method": card,
        "quantity": trial_licenses(product) if order.trial else order.quantity,
        "quantity_after_trial": order.quantity if order.trial else None,
        "expected_total_minor": 0 if order.trial else order.total.minor,
        "assign_to_purchaser": order.assign_to_me,
        "ordered_at": clock.now(),
    }


def _read(buyer: User, key: uuid.UUID) -> Subscription:
    subscription = find_order(buyer=buyer, key=key)
    if subscription is None:
        raise CannotBuy(_("This order belongs to somebody else. Start a new one."))
    return subscription
