"""A portal in which everything is, and every page and pane of it.

Every state of a subscription and of an invoice, long names, many people. The pages
are found by walking the addresses.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django.fixtures import Settings

from billing.models import PaymentMethod
from billing.services.adding_profiles import keep_answers
from billing.wizard_forms import TITLES
from licensing.models import Bulk, BulkList
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.ids import uuid7
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people, make_user
from tests.factories.billing import make_invoice, make_invoices
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.portal.reconciling import buy

DAY = dt.timedelta(days=1)
LONG = "Donaudampfschifffahrtsgesellschaftskapitän Maximiliaan van den Oeverbosch"
LONG_PRODUCT = (
    "Enterprise Resource Planning and Compliance Reporting Suite Professional"
)
SHOWN_IN_EVERY_STATE = {
    "subscriptions:details",
    "subscriptions:product",
    "licensing:product",
    "billing:invoice",
    "billing:profile_step",
}
ROOMS = ("core", "portal", "subscriptions", "licensing", "billing", "oversight")
# What has no page of the portal's own, or shows nothing by a plain GET.
NO_PAGES = {
    "portal:calendar": "a file for calendar programs",
    "portal:unsubscribe": "only by the address in a mail",
    "portal:mail": "the demo's mailbox: somebody else's words",
    "portal:mail_html": "the same",
    "portal:mail_file": "a file",
    "oversight:spots": "a part, fetched by its page",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A page, or a pane as a page."""

    name: str
    path: str
    pane: bool

    def __str__(self) -> str:
        return f"{self.name} {self.path}"


@dataclasses.dataclass(frozen=True, slots=True)
class House:
    """Anna's portal. `ids` fills in addresses; `states` are her subscriptions."""

    anna: User
    carla: User
    ids: dict[str, list[Any]]
    states: dict[str, Subscription]

    def places(self, client: Client, user: User) -> list[Place]:
        """Every page that this person can open, by the address of its route."""
        client.force_login(user)
        found = {}
        for name, parameters in routes():
            sample = name.startswith("portal:gallery")  # has tests of its own
            if sample or name in NO_PAGES or set(parameters) - self.ids.keys():
                continue
            values = [self.ids[parameter] for parameter in parameters]
            cases = list(zip(*values, strict=False)) if values else [()]
            # A pane is the same in every state, but for what it refuses.
            for chosen in cases if name in SHOWN_IN_EVERY_STATE else cases[:1]:
                given = dict(zip(parameters, map(str, chosen), strict=True))
                path = reverse(name, kwargs=given)
                answer = client.get(path)
                html = answer.headers.get("Content-Type", "").startswith("text/html")
                if answer.status_code == 200 and html:
                    pane = b"pane-page" in answer.content
                    found[path] = Place(name, path, pane)
        return list(found.values())


def routes() -> Iterator[tuple[str, list[str]]]:
    """Every named address of our rooms, with the names of its parameters."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace in ROOMS:
            for pattern in resolver.url_patterns:
                assert isinstance(pattern, URLPattern)
                name = f"{resolver.namespace}:{pattern.name}"
                yield name, re.findall(r"<(?:\w+:)?(\w+)>", str(pattern.pattern))


@pytest.fixture
def house(
    anna: User,
    bram: User,
    carla: User,
    diagrams: Offer,
    visa: PaymentMethod,
    settings: Settings,
    tmp_path: Path,
) -> House:
    """One subscription is really Stripe's; the others are as if."""
    settings.MAILERS = _mail_in(tmp_path)
    bought = buy(diagrams, visa, 12)
    states = {"bought": bought, **_in_every_state(anna)}
    long_named = make_user(anna.organization, LONG, department="Algemene Zaken")
    crowd = make_people(anna.organization, 60, department="Advies")
    give_licenses(states["many"], [long_named, bram, *crowd])
    give_licenses(bought, [bram])
    open_invoice = make_invoice(anna, status="open", attempted=True, title=LONG_PRODUCT)
    User.objects.filter(pk=anna.pk).update(has_past_due=True)
    make_invoices(anna, 60)
    paid = make_invoice(anna, lines=12)
    void = make_invoice(anna, status="void")
    bulk = _list_of(crowd, anna, bought)
    subscriptions = [row.pk for row in states.values()]
    products = [bought.product_id, states["many"].product_id]
    wizard = _in_the_wizard(anna)
    ids: dict[str, list[Any]] = {
        "subscription_id": subscriptions,
        "product_id": products,
        "slug": [bought.product.slug, states["ending"].product.slug],
        "plan_id": [bought.plan_id],
        "invoice_id": [open_invoice.pk, paid.pk, void.pk],
        "method_id": [visa.pk],
        "profile_id": [visa.profile_id],
        "account_id": [visa.profile.account_id],
        "bulk_id": [bulk.pk],
        "number": ["1"],
        "key": [wizard] * len(TITLES),
        "name": list(TITLES),
    }
    return House(anna, carla, ids, states)


def _mail_in(folder: Path) -> dict[str, Any]:
    backend = "django.core.mail.backends.filebased.EmailBackend"
    return {"default": {"BACKEND": backend, "OPTIONS": {"file_path": str(folder)}}}


def _list_of(crowd: list[User], anna: User, bought: Subscription) -> BulkList:
    return BulkList.objects.create(
        organization=anna.organization,
        purchaser=anna,
        product=bought.product,
        does=Bulk.ASSIGN,
        people=[person.pk for person in crowd],
        unknown=["nobody@noordzee.example"],
        strange=["no address"],
    )


def _in_the_wizard(anna: User) -> uuid.UUID:
    """Add a billing profile, with every step answered."""
    key = uuid7()
    answers = {
        "basic": {"name": LONG},
        "address": {"bill_to": "same", "usage_at": "same"},
        "payment": {"pay": "later"},
        "invoices": {"wanted": "on", "po_number": "PO-9"},
    }
    for step, typed in answers.items():
        keep_answers(purchaser=anna, key=key, step=step, answers={"typed": typed})
    return key


def _in_every_state(anna: User) -> dict[str, Subscription]:
    now = clock.now()

    def made(name: str, **fields: Any) -> Subscription:
        offer = make_offer(name=name, trial_offered=True)
        return make_subscription(anna, offer=offer, **fields)

    ending = make_offer(name="Sunset Viewer", ends_sale_at=now + 20 * DAY)
    trial = now + 5 * DAY
    return {
        "many": made("Planboard Plus", quantity=2500),
        "long": made(LONG_PRODUCT, quantity=1),
        "trial": made(
            "Flow Automation",
            quantity=25,
            trial_end=trial,
            term_end=trial,
            period_end=trial,
            quantity_after_trial=3,
            stripe_status="trialing",
        ),
        "past due": made("Insights Pro", stripe_status="past_due"),
        "expired": made(
            "Whiteboard",
            term_start=now - 40 * DAY,
            term_end=now - 3 * DAY,
            recurring_billing=False,
        ),
        "disabled": made(
            "Meetings",
            term_start=now - 4 * DAY,
            disabled_at=now - 2 * DAY,
            stripe_status="canceled",
        ),
        "canceled": made(
            "Reporting", recurring_billing=False, cancelled_at=now - 2 * DAY
        ),
        "ending": make_subscription(anna, offer=ending),
    }
