"""What a page needs for entering a card in Stripe's own frame."""

from __future__ import annotations

import dataclasses
import json
import uuid

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from billing import gateway
from billing.models import BillingProfile
from billing.services.cards import begin_card_setup
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest


@dataclasses.dataclass(frozen=True, slots=True)
class CardEntry:
    """For `data-card-form`: static/js/card.js reads it.

    `start` is where the entering begins, empty while no profile is chosen; `words`
    are the bank's reasons, as JSON, and what is said when Stripe doesn't answer;
    `open`: the fields have their place from the beginning.
    """

    script: str
    key: str
    start: str
    locale: str
    words: str
    open: bool


def card_entry(profile: BillingProfile | None, *, open: bool = True) -> CardEntry:
    sentences = gateway.decline_sentences()
    sentences["unreachable"] = str(gateway.GatewayUnavailable())
    return CardEntry(
        script=settings.STRIPE_JS_URL,
        key=settings.STRIPE_PUBLISHABLE_KEY,
        start=start_url(profile) if profile is not None else "",
        locale=get_language() or "en",
        words=json.dumps(sentences),
        open=open and profile is not None,
    )


def start_url(profile: BillingProfile) -> str:
    return reverse("billing:card_setup", args=[profile.pk])


@require_POST
def card_setup(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    """For the Payment Element: a new SetupIntent of one of the reader's profiles."""
    profile = own_profile(request, profile_id)
    try:
        setup = begin_card_setup(profile=profile)
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=503)
    return JsonResponse({"client_secret": setup.client_secret})


def own_profile(request: HtmxHttpRequest, profile_id: uuid.UUID) -> BillingProfile:
    """The reader's own profile that Stripe knows. Raises Http404."""
    buyer = person(request)
    profiles = BillingProfile.objects.filter(
        organization_id=buyer.organization_id, purchaser=buyer, pk=profile_id
    )
    found = profiles.exclude(stripe_customer_id="").first()
    if found is None:
        raise Http404
    return found
