"""Two organizations, everybody who can ask for something, and what they own.

Each of three purchasers owns one of everything that has an address; what they own
says so in words that no page may show to anybody else.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.test import Client, RequestFactory
from django.test.client import ClientHandler

from billing.models import Invoice, InvoiceArchive, InvoiceCredit
from licensing.models import Bulk, BulkList, LicenseAssignment
from licensing.services.assigning import unassign_licenses
from selfservice.accounts.models import Organization, Role, User
from selfservice.activity.services import choices
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.ids import uuid7
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_organization, make_user
from tests.factories.billing import make_invoice
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_profile, make_subscription

ANONYMOUS = "anonymous"
MEMBER = "member"
ANNA = "purchaser"
ELS = "other purchaser"
DIRK = "other organization"
DISABLED = "disabled purchaser"
ADMINS = ("billing_admin", "global_admin", "global_reader")
PERSONAS = (ANONYMOUS, MEMBER, ANNA, ELS, *ADMINS, DIRK, DISABLED)
OWNERS = (ANNA, ELS, DIRK)
OUTSIDE = frozenset({ANONYMOUS, DISABLED})


@dataclasses.dataclass(frozen=True, slots=True)
class Owned:
    """What one purchaser has, by the name of the part of an address that says it."""

    owner: User
    secret: str
    people: list[User]
    last4: str
    ids: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    people: dict[str, User]
    owned: dict[str, Owned]

    def browser(self, persona: str, *, csrf: bool = False) -> Browser:
        """A browser of theirs, signed in while they still could."""
        user = self.people.get(persona)
        if user is None:
            return Browser({}, csrf=csrf)
        web = Client()
        User.objects.filter(pk=user.pk).update(is_active=True)
        web.force_login(user)
        User.objects.filter(pk=user.pk).update(is_active=persona != DISABLED)
        name = settings.SESSION_COOKIE_NAME
        return Browser({name: web.cookies[name].value}, csrf=csrf)


class Browser(RequestFactory):
    """Asks as Django's test client does, but keeps nothing of what was rendered:
    tens of thousands of questions take seconds, not minutes."""

    def __init__(self, cookies: dict[str, str], *, csrf: bool = False) -> None:
        super().__init__()
        self._handler = ClientHandler(enforce_csrf_checks=csrf)
        self.cookies.load(cookies)

    def request(self, **request: Any) -> Any:
        """The answer, where the factory only makes a request."""
        return self._handler(self._base_environ(**request))

    def ask(
        self, method: str, url: str, data: Mapping[str, Any], **headers: str
    ) -> Any:
        """One request, its data as a form; headers as WSGI names them."""
        if method == "POST":
            return self.post(url, data, **headers)
        return self.generic(method, url, **headers)

    def send(self, url: str, body: bytes, content_type: str, **headers: str) -> Any:
        """POST a body as it is."""
        return self.generic("POST", url, body, content_type, **headers)


def make_world() -> World:
    noordzee, tulp = make_organization("Noordzee"), make_organization("Tulp")
    people = {
        MEMBER: _person(noordzee, "Bram"),
        ANNA: _person(noordzee, "Anna"),
        ELS: _person(noordzee, "Els"),
        DIRK: _person(tulp, "Dirk"),
        DISABLED: _person(noordzee, "Cor"),
        **{role: _person(noordzee, role, role=Role(role)) for role in ADMINS},
    }
    shared = make_offer(name="Shared product")
    owned = {
        name: _owned(people[name], number, shared)
        for number, name in enumerate(OWNERS, 1)
    }
    return World(people, owned)


def _person(organization: Organization, name: str, **fields: Any) -> User:
    return make_user(organization, name, password="demo", **fields)


def _owned(owner: User, number: int, shared: Offer) -> Owned:
    """One of everything; `number` keeps it apart from what the others have."""
    secret = f"secret{number}"
    profile = make_profile(owner, name=f"{secret} profile", po_number=secret)
    card = profile.payment_method
    assert card is not None
    card.last4 = f"90{number}7"
    card.save()
    offer = make_offer(name=f"Product of {number}")
    subscription = make_subscription(owner, offer=offer, profile=profile)
    also = make_subscription(owner, offer=shared, profile=profile)
    names = (f"{secret} colleague {each}" for each in "ab")
    people = [make_user(owner.organization, name) for name in names]
    for bought in (subscription, also):
        give_licenses(bought, people)
    withdrawal = _withdrawal(owner, offer, people[1])
    invoice = make_invoice(owner, profile=profile, number=f"{secret}-1", status="open")
    return Owned(
        owner=owner,
        secret=secret,
        people=people,
        last4=card.last4,
        ids={
            "subscription_id": subscription.pk,
            "product_id": offer.plan.product_id,
            "plan_id": offer.plan.pk,
            "slug": offer.plan.product.slug,
            "invoice_id": invoice.pk,
            "credit_id": _credit(invoice, f"{secret}-CN").pk,
            "archive_id": _archive(owner, invoice).pk,
            "bulk_id": _bulk_list(owner, offer, people[1]).pk,
            "withdrawal": withdrawal,
            "organization_id": owner.organization_id,
            "key": choices.renew_calendar(owner.organization_id, owner.pk),
            "profile_id": profile.pk,
            "card_id": card.pk,
            "method_id": card.pk,
            "account_id": profile.account_id,
        },
    )


def _withdrawal(owner: User, offer: Offer, person: User) -> uuid.UUID:
    """What Undo of a license that was taken away is found by."""
    withdrawal = uuid7()
    unassign_licenses(
        actor=owner,
        purchaser=owner,
        product_id=offer.plan.product_id,
        people=[person.pk],
        withdrawal=withdrawal,
    )
    return withdrawal


def _credit(invoice: Invoice, number: str) -> InvoiceCredit:
    return InvoiceCredit.objects.create(
        organization_id=invoice.organization_id,
        invoice=invoice,
        stripe_credit_note_id=f"cn_{number}",
        number=number,
        tax_minor=0,
        total_minor=100,
        refunded_minor=100,
        kept_minor=0,
        reduced_minor=0,
        issued_at=clock.now(),
    )


def _archive(owner: User, invoice: Invoice) -> InvoiceArchive:
    return InvoiceArchive.objects.create(
        organization_id=owner.organization_id,
        purchaser=owner,
        wanted=[str(invoice.pk)],
        asked_at=clock.now(),
        finished_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=1),
    )


def _bulk_list(owner: User, offer: Offer, person: User) -> BulkList:
    return BulkList.objects.create(
        organization_id=owner.organization_id,
        purchaser=owner,
        product_id=offer.plan.product_id,
        does=Bulk.ASSIGN,
        people=[person.pk],
    )


def fingerprint() -> list[Any]:
    """What nobody but its owner may change."""
    return [
        list(Subscription.objects.order_by("pk").values()),
        list(LicenseAssignment.objects.order_by("pk").values()),
        list(BulkList.objects.order_by("pk").values()),
        list(User.objects.order_by("pk").values("pk", "email", "password", "role")),
    ]
