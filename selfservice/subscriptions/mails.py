"""What purchasers are told by mail about what they bought."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.gateway.shapes import Unpaid
from billing.models import Invoice
from selfservice.accounts.models import User
from selfservice.activity.services import mail
from selfservice.core import hooks
from selfservice.core.money import Money
from selfservice.subscriptions.lifecycle import DISABLED_LASTS, PAST_DUE_LASTS
from selfservice.subscriptions.models import NextContract, Subscription

mail.kinds.register("order_confirmed", _("Your order is confirmed: %(product)s"))
mail.kinds.register("payment_failed", _("The payment failed: %(product)s"))
mail.kinds.register("given_up", _("Disabled, as it wasn't paid: %(product)s"))
mail.kinds.register("refunded", _("Refund: %(product)s"))
mail.kinds.register("transferred", _("Yours from now on: %(product)s"))
mail.kinds.register("cancelled", _("Canceled: %(product)s"))
mail.kinds.register("reactivated", _("Reactivated: %(product)s"))


@hooks.subscription_paid.register
def order_confirmed(paid: hooks.SubscriptionPaid) -> None:
    """Queue the confirmation of an order, in the transaction that confirms it."""
    subscription = Subscription.objects.select_related(
        "product", "price", "payment_method", "purchaser__organization"
    ).get(organization_id=paid.organization_id, pk=paid.subscription_id)
    if subscription.is_trial:
        # Nothing was ordered yet: `mails_ahead.trial_started` tells of it.
        return
    total = Money(subscription.expected_total_minor, subscription.price.currency)
    _queue(
        subscription,
        "order_confirmed",
        facts={
            "count": subscription.quantity,
            "total": total,
            "card": str(subscription.payment_method),
            "term_end": subscription.term_end,
        },
    )


def payment_failed(
    subscription: Subscription, since: dt.datetime, unpaid: Unpaid | None
) -> None:
    """Queue it once for what is unpaid since then, in the caller's transaction.

    It names `unpaid`; null when only the state of the subscription is known yet.
    """
    due = Money(unpaid.due_minor, unpaid.currency) if unpaid else None
    _queue(
        subscription,
        "payment_failed",
        period=f"{since:%Y-%m-%d}",
        facts={
            "card": str(subscription.payment_method),
            "due": due,
            "invoice": unpaid.number if unpaid else "",
            "until": since + PAST_DUE_LASTS,
        },
        page="subscriptions:pay",
    )


def given_up(subscription: Subscription) -> None:
    """Queue it once for what stayed past due, in the transaction that disables it."""
    disabled_at = subscription.disabled_at
    if disabled_at is None:
        raise ValueError("Only what is disabled was given up.")
    _queue(
        subscription,
        "given_up",
        period=f"{disabled_at:%Y-%m-%d}",
        facts={
            "card": str(subscription.payment_method),
            "disabled": disabled_at,
            "assigned": subscription.assigned,
            "until": disabled_at + DISABLED_LASTS,
        },
    )


def reactivated(subscription: Subscription, contract: NextContract) -> None:
    """Queue it once for each new term, in the transaction that begins it."""
    _queue(
        subscription,
        "reactivated",
        period=str(contract.attempt),
        facts={
            "total": contract.total,
            "card": str(contract.payment_method),
            "term_end": subscription.term_end,
        },
    )


def cancelled(
    subscription: Subscription,
    *,
    period: str,
    until: dt.datetime | None,
    refund: Money | None,
) -> None:
    """Queue it when Stripe has agreed, in the transaction that applies its answer.

    `until` is null when it ended at once; `refund` when no money goes back.
    """
    _queue(
        subscription,
        "cancelled",
        period=period,
        facts={
            "until": until,
            "refund": refund,
            "card": str(subscription.payment_method),
        },
    )


def transferred(subscription: Subscription) -> None:
    """Queue it for the receiver, in the transaction that hands it over."""
    purchaser = User.objects.select_related("organization").get(
        organization_id=subscription.organization_id, pk=subscription.purchaser_id
    )
    subscription.purchaser = purchaser
    _queue(
        subscription,
        "transferred",
        period=str(subscription.attempt),
        facts={
            "quantity": subscription.quantity,
            "assigned": subscription.assigned,
            "renews": subscription.recurring_billing,
            "term_end": subscription.term_end,
            "charged": subscription.period_end,
            "card": str(subscription.payment_method),
        },
    )


@hooks.refund_made.register
def refunded(made: hooks.RefundMade) -> None:
    """Queue it when Stripe has agreed, in the transaction that applies its answer."""
    subscription = Subscription.objects.select_related(
        "product", "price", "purchaser__organization"
    ).get(organization_id=made.organization_id, pk=made.subscription_id)
    invoice = Invoice.objects.filter(
        organization_id=made.organization_id, stripe_invoice_id=made.stripe_invoice_id
    ).first()
    _queue(
        subscription,
        "refunded",
        period=made.reference,
        facts={
            "amount": Money(made.amount_minor, subscription.price.currency),
            "invoice": invoice.number if invoice else "",
        },
    )


def _queue(
    subscription: Subscription,
    kind: str,
    *,
    facts: mail.MailFacts,
    period: str = "",
    page: str = "subscriptions:details",
) -> None:
    purchaser = subscription.purchaser
    if not purchaser.can_sign_in:
        # Whoever left reads no mail here any more, and could not follow the link.
        return
    mail.queue(
        mail.Letter(
            kind=kind,
            organization_id=subscription.organization_id,
            subject_id=subscription.pk,
            period=period,
            to=purchaser,
            path=reverse(page, args=[subscription.pk]),
            zone=purchaser.organization.time_zone,
            facts={"product": subscription.product.name, **facts},
        )
    )
