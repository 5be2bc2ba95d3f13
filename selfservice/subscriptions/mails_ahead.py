"""What purchasers are told by mail before it happens."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from selfservice.activity.services import choices, mail
from selfservice.catalog.models import Frequency, Price
from selfservice.core import hooks
from selfservice.subscriptions.models import ScheduledChange, Subscription

mail.kinds.register("renewal", _("Soon renewed: %(product)s"))
mail.kinds.register("trial_started", _("Your trial has started: %(product)s"))
mail.kinds.register("trial_ends", _("The trial ends soon: %(product)s"))
mail.kinds.register("card_expires", _("Your card expires: %(card)s"))
choices.optional.register(
    "renewal",
    choices.Optional(
        _("Renewals"),
        _("A subscription is renewed soon: when, for how much, with which card."),
        reminder=True,
    ),
)
choices.optional.register(
    "trial_ends",
    choices.Optional(
        _("Ends of trials"),
        _("A trial ends soon, and what is charged then."),
        reminder=True,
    ),
)
choices.optional.register(
    "card_expires",
    choices.Optional(
        _("Cards that expire"),
        _("A card will have expired when it is charged next."),
        reminder=True,
    ),
)


def renewal(
    changes: Mapping[uuid.UUID, ScheduledChange],
    subscription: Subscription,
    period: str,
) -> mail.Letter:
    """It is renewed at the end of its term, with what is scheduled for then.

    `changes` are those that wait, by subscription. The amount is the stored price,
    which a renewal charges, without tax: the next invoice that Stripe could preview
    may be one of an earlier month, and nobody knows before which tax there will be.
    """
    change = changes.get(subscription.pk)
    price = change.price if change else subscription.price
    count = change.quantity if change else subscription.quantity
    return _letter(
        subscription,
        "renewal",
        period,
        {"ends": subscription.term_end, **_charge(subscription, price, count)},
        page="subscriptions:recurring_billing",
    )


@hooks.subscription_paid.register
def trial_started(paid: hooks.SubscriptionPaid) -> None:
    """Queue it in the transaction that starts the trial: until when, and what then."""
    subscription = Subscription.objects.select_related(
        "product", "plan", "price", "payment_method", "purchaser__organization"
    ).get(organization_id=paid.organization_id, pk=paid.subscription_id)
    if not subscription.is_trial or not subscription.purchaser.can_sign_in:
        return
    facts: mail.MailFacts = {
        "ends": subscription.trial_end,
        "licenses": subscription.quantity,
    }
    mail.queue(
        _letter(
            subscription, "trial_started", "", {**facts, **after_trial(subscription)}
        )
    )


def trial_ends(subscription: Subscription, period: str) -> mail.Letter:
    """The trial ends, and what is charged for how many licenses then."""
    return _letter(
        subscription,
        "trial_ends",
        period,
        {"ends": subscription.trial_end, **after_trial(subscription)},
        page="subscriptions:trial",
    )


def card_expires(subscription: Subscription, period: str) -> mail.Letter:
    """The card is no longer valid when this subscription is charged next."""
    card = subscription.card
    return _letter(
        subscription,
        "card_expires",
        period,
        {
            "card": str(card),
            "expires": card.expires,
            "charged": subscription.period_end,
        },
        page="subscriptions:payment_method",
        about_card=True,
    )


def after_trial(subscription: Subscription) -> mail.MailFacts:
    """What is paid for when the trial is over: `count` is 0 when nothing is."""
    count = subscription.paid_quantity if subscription.recurring_billing else 0
    return _charge(subscription, subscription.price, count)


def _charge(subscription: Subscription, price: Price, count: int) -> mail.MailFacts:
    """So many licenses at this price: what one period costs, exclusive of tax."""
    return {
        "count": count,
        "total": price.money * count,
        "yearly": price.plan.frequency == Frequency.YEARLY,
        "card": str(subscription.payment_method),
    }


def _letter(
    subscription: Subscription,
    kind: str,
    period: str,
    facts: mail.MailFacts,
    *,
    page: str = "subscriptions:details",
    about_card: bool = False,
) -> mail.Letter:
    purchaser = subscription.purchaser
    return mail.Letter(
        kind=kind,
        organization_id=subscription.organization_id,
        subject_id=subscription.card.pk if about_card else subscription.pk,
        period=period,
        to=purchaser,
        path=reverse(page, args=[subscription.pk]),
        zone=purchaser.organization.time_zone,
        facts={"product": subscription.product.name, **facts},
    )
