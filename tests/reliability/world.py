"""One buyer of an organization of their own, with the portal and Stripe beside."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from typing import Any

import requests
import stripe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import gateway
from billing.models import BillingProfile, PaymentMethod, StripeEvent, StripeOperation
from billing.models.stripe import UNSETTLED, OperationState
from billing.services import cards, operations
from billing.services.accounts import open_account
from billing.tasks import process_event
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.hooks import stripe_handlers
from tests.factories.accounts import make_organization, make_user
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO

_numbers = itertools.count(1)

type Json = dict[str, Any]


@dataclasses.dataclass(slots=True)
class World:
    """Where one case happens. `form` is what the person sends, and sends again."""

    sandbox: SandboxProcess
    stripe: stripe.StripeClient
    offer: Offer
    buyer: User
    web: Client
    form: Json = dataclasses.field(default_factory=dict)
    made: Json = dataclasses.field(default_factory=dict)
    last_event: str = ""

    @property
    def profile(self) -> BillingProfile:
        return BillingProfile.objects.get(
            organization=self.buyer.organization, purchaser=self.buyer
        )

    @property
    def customer(self) -> str:
        return self.profile.stripe_customer_id

    def get(self, name: str, *args: object, **query: str) -> str:
        """A page, as the buyer sees it."""
        answer = self.web.get(reverse(name, args=args), query, follow=True)
        return str(answer.content.decode())

    def post(self, name: str, *args: object, **changes: str) -> None:
        """Send the form."""
        self.web.post(reverse(name, args=args), {**self.form, **changes})

    def operations(self, kind: str = "") -> list[StripeOperation]:
        """What was asked of Stripe for this buyer."""
        found = StripeOperation.objects.filter(
            organization=self.buyer.organization
        ).order_by("created_at")
        return list(found.filter(kind=kind) if kind else found)

    def unsettled(self) -> list[StripeOperation]:
        return [o for o in self.operations() if o.state in UNSETTLED]


def new_world(
    sandbox: SandboxProcess, client: stripe.StripeClient, offer: Offer
) -> World:
    """A buyer who has bought nothing yet, after whom nobody left anything to do."""
    forget_the_unfinished()
    number = next(_numbers)
    buyer = make_user(make_organization(f"Buyers {number}"), f"Buyer {number}")
    web = Client()
    web.force_login(buyer)
    world = World(sandbox, client, offer, buyer, web)
    world.last_event = next((event["id"] for event in _events(world)[-1:]), "")
    return world


def give_card(
    world: World, named: str = "pm_card_visa", owner: User | None = None
) -> PaymentMethod:
    """A billing profile with a card that was entered long ago; else the buyer's."""
    profile = open_account(purchaser=owner or world.buyer, sold_to=SOLD_TO)
    found = world.stripe.v1.payment_methods.attach(
        named, {"customer": profile.stripe_customer_id}
    )
    return cards.keep_card(profile=profile, card=gateway.read_card(found.id))


def forget_the_unfinished() -> None:
    """Nothing of another world's is left for the worker to do."""
    StripeOperation.objects.filter(state__in=UNSETTLED).update(
        state=OperationState.REFUSED
    )
    StripeEvent.objects.filter(processed_at=None).delete()


def let_leases_end() -> None:
    """As if nobody had come back to what is unfinished for an hour."""
    StripeOperation.objects.filter(state__in=UNSETTLED).update(
        leased_until=timezone.now()
    )


def let_a_day_pass(world: World) -> None:
    """As if the worker came only when Stripe has long forgotten the keys."""
    for operation in world.unsettled():
        operation.created_at -= dt.timedelta(days=2)
        operation.key += "-forgotten"
        operation.save()


def work() -> None:
    """One round of the worker: operations, then events."""
    operations.sweep()
    for event in StripeEvent.objects.filter(processed_at=None).order_by("received_at"):
        process_event(event_id=event.pk)


def deliver(world: World, *, copies: int = 1, backwards: bool = False) -> int:
    """Post the events that it reads, since the last time, to the portal; how many."""
    found = _events(world)
    if found:
        world.last_event = found[-1]["id"]
    found = [event for event in found if stripe_handlers.get(event["type"])]
    if backwards:
        found.reverse()
    for event in found * copies:
        _post(event)
    return len(found)


def _post(event: Json) -> None:
    body = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(
        body, settings.STRIPE_WEBHOOK_SECRET
    )
    answer = Client().post(
        reverse("billing:stripe_webhook"),
        body,
        content_type="application/json",
        headers={"stripe-signature": signature},
    )
    assert answer.status_code == 200


def _events(world: World) -> list[Json]:
    """The events after the last known one, oldest first."""
    query = {"limit": "100"}
    if world.last_event:
        query["ending_before"] = world.last_event
    answer = requests.get(
        f"{world.sandbox.base}/v1/events",
        query,
        headers={
            "Authorization": "Bearer sk_test_beside",
            "Stripe-Version": settings.STRIPE_API_VERSION,
        },
        timeout=30,
    )
    found: list[Json] = answer.json()["data"]
    return found[::-1]
