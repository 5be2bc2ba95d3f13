"""A subscription's life, years of it: time passes, Stripe's news arrive, jobs run."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from html import unescape
from typing import Any

import pytest
import stripe
from django.test import Client

from billing.models import BillingProfile, Invoice, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote
from tests.dates import shown_day
from tests.sandbox_process import SandboxProcess
from tests.simulation.post import Post, sweep_everything, work
from tests.simulation.theirs import Theirs
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import invoices_at_stripe, read

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
# A renewal's invoice is a draft for an hour.
CHARGED = HOUR * 2
TAGS = re.compile(r"<[^>]+>")


@dataclasses.dataclass(slots=True)
class Life:
    """One buyer with a browser, and what they bought. `rounds` of jobs a stop."""

    sandbox: SandboxProcess
    stripe: stripe.StripeClient
    web: Client
    anna: User
    profile: BillingProfile
    card: PaymentMethod
    theirs: Theirs
    post: Post = dataclasses.field(default_factory=Post)
    rounds: int = 1
    bought: Subscription = None

    def go_to(self, when: dt.datetime) -> None:
        """Time passes up to there; what happened meanwhile is told, and worked off."""
        left = when - clock.now()
        if left > dt.timedelta():
            clock.advance(left)
        self.sandbox.advance(to=max(int(clock.now().timestamp()), self.sandbox.now()))
        self.hear()

    def hear(self) -> None:
        """Stripe's events arrive, each once, and the jobs run, until nothing is new."""
        news = self.theirs.new_events()
        while True:
            self.post.take(news)
            self.post.deliver_all(seed=1)
            for _ in range(self.rounds):
                work()
                sweep_everything()
            news = self.theirs.new_events()
            if not news:
                break

    def buy(self, offer: Offer, quantity: int = 10) -> Subscription:
        shown = quote(offer=offer, quantity=quantity, profile=self.profile)
        order = Order(
            key=uuid.uuid4(),
            offer=offer,
            quantity=quantity,
            profile=self.profile,
            total=Money(shown.total_minor, shown.currency),
            assign_to_me=True,
        )
        self.bought = read(place_order(order=order, card=self.card, buyer=self.anna))
        self.hear()
        return self.bought

    @property
    def now(self) -> Subscription:
        """The row as it is."""
        return read(self.bought)

    @property
    def state(self) -> str:
        return lifecycle.state_at(self.now, clock.now())

    def invoices(self) -> list[Invoice]:
        """What we know of, oldest first."""
        own = Invoice.objects.filter(subscription_id=self.bought.pk)
        return list(own.order_by("finalized_at", "pk"))

    def subtotals(self, status: str = "paid") -> list[int]:
        """What was charged, or not, oldest first; the same here and at Stripe."""
        ours = [i.subtotal_minor for i in self.invoices() if i.status == status]
        found = invoices_at_stripe(self.stripe, self.bought)
        theirs = [i.subtotal for i in reversed(found) if i.status == status]
        assert sorted(ours) == sorted(theirs)
        return theirs

    def change(self, pane: str, **fields: Any) -> str:
        """Look at a pane, then save exactly what it showed; what the page says."""
        address = f"/subscriptions/{self.bought.pk}/{pane}/"
        shown = self.web.get(address, fields).content.decode()
        seal = re.search(r'name="seal" value="([^"]+)"', shown)
        data = fields | ({"seal": seal[1]} if seal else {})
        answer = self.web.post(address, data, follow=True)
        assert answer.status_code == 200, words(answer.content.decode())
        return words(answer.content.decode())

    def pages(self) -> tuple[str, str]:
        """What the details page and the row in Your products say, as plain words."""
        details = self.web.get(f"/subscriptions/{self.bought.pk}/")
        assert details.status_code == 200
        products = self.web.get("/products/")
        return words(details.content.decode()), words(products.content.decode())

    def says(self, state: str, *sentences: str) -> None:
        """Both pages name the state; the details page says the rest, too."""
        details, products = self.pages()
        assert self.state == state
        label = str(lifecycle.LABELS[state])
        assert f"Subscription status {label}" in details
        if state != lifecycle.DELETED:
            assert label in products
        for sentence in sentences:
            assert sentence in details, sentence


def words(page: str) -> str:
    """A page without its tags."""
    return " ".join(unescape(TAGS.sub(" ", page)).split())


def day(instant: dt.datetime | None) -> str:
    assert instant is not None
    return shown_day(instant)


@pytest.fixture
def life(
    moving: None,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    client: Client,
    anna: User,
    profile: BillingProfile,
) -> Life:
    client.force_login(anna)
    card = enter_card(stripe_client, profile)
    theirs = Theirs(sandbox.base)
    made = Life(sandbox, stripe_client, client, anna, profile, card, theirs)
    made.hear()
    return made
