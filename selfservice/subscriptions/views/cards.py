"""The choice of the card that pays for a subscription: billing's, told what pays."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from billing.views import card_choice as choosing
from billing.views.card_choice import CardChoice
from selfservice.subscriptions.models import Subscription


def card_choice(request: HttpRequest, subscription: Subscription) -> CardChoice:
    """What can be chosen for it; ticked is what was, else what pays now."""
    pays = subscription.payment_method or subscription.profile.payment_method
    return choosing.card_choice(request, subscription.profile, pays)


def to_card_page(
    request: HttpRequest, subscription: Subscription, pane: str
) -> HttpResponse:
    """On to Stripe's own page; it comes back to the pane of that name, with the card.

    Raises GatewayUnavailable, GatewayRejected.
    """
    path = reverse(pane, args=[subscription.pk])
    return choosing.to_card_page(request, subscription.profile, path)
