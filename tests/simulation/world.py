"""Where a run of the simulation happens: two organizations, and Stripe."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from pathlib import Path

import stripe
from django.conf import settings
from django.core import mail
from django.db import connection
from django.db.models import QuerySet

from billing.gateway import GatewayRejected, GatewayUnavailable
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from selfservice.accounts.models import Organization, Role, User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from tests import emptying
from tests.factories.accounts import make_organization, make_people, make_user
from tests.factories.catalog import make_product
from tests.sandbox_process import SandboxProcess
from tests.simulation.post import Post
from tests.simulation.theirs import Theirs
from tests.simulation.trouble import NONE, Died, Trouble
from tests.stripe_sandbox import put_on_sale

_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """An order as somebody placed it: what they saw, and what they pressed with."""

    key: uuid.UUID
    buyer: User
    offer: Offer
    quantity: int
    total: Money
    to_me: bool


@dataclasses.dataclass(slots=True)
class World:
    """One run's people, catalogue and Stripe.

    `acts` counts what the portal did; `shown`: by the key of its operation, what a
    change was to charge and to give back, as its pane said; `ever_gone`: who was
    disabled or removed, even if they came back.
    """

    sandbox: SandboxProcess
    client: stripe.StripeClient
    companies: list[Organization]
    buyers: list[User]
    people: list[User]
    upns: dict[uuid.UUID, str]
    admin: User
    offers: list[Offer]
    theirs: Theirs
    post: Post
    placed: list[Placed] = dataclasses.field(default_factory=list)
    shown: dict[str, int] = dataclasses.field(default_factory=dict)
    ever_gone: set[uuid.UUID] = dataclasses.field(default_factory=set)
    acts: int = 0

    def act[Answer](
        self, do: Callable[[], Answer], trouble: Trouble = NONE, *, here: bool = False
    ) -> Answer | DomainError | None:
        """Let the portal do something: its answer, its refusal, null if it died.

        Without trouble nothing may be unavailable, nor refused by Stripe. What
        happens only `here` has nothing to do with Stripe.
        """
        answer: Answer | DomainError | None
        try:
            with trouble.around(self.sandbox):
                answer = do()
        except Died:
            answer = None
        except DomainError as refusal:
            if trouble is NONE and _is_stripes(refusal):
                raise
            answer = refusal
        if not here:
            self.look()
        self.acts += 1
        return answer

    def look(self) -> None:
        """See what happened at Stripe."""
        self.post.take(self.theirs.new_events())

    def moved(self) -> str:
        """Another word whenever anything was written, or happened, or time went on."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
            (written,) = cursor.fetchone()
        return f"{written} {self.theirs.last_event} {clock.offset()}"

    @property
    def organization_ids(self) -> list[uuid.UUID]:
        return [company.pk for company in self.companies]

    def profile_of(self, buyer: User) -> BillingProfile | None:
        """The buyer's billing profile, when Stripe knows it too."""
        return (
            BillingProfile.objects.filter(organization=buyer.organization)
            .filter(purchaser=buyer)
            .exclude(stripe_customer_id="")
            .first()
        )

    def customers(self) -> list[User]:
        """The buyers who have a billing profile, in their order."""
        known = set(
            BillingProfile.objects.filter(organization_id__in=self.organization_ids)
            .exclude(stripe_customer_id="")
            .values_list("purchaser_id", flat=True)
        )
        return [buyer for buyer in self.buyers if buyer.pk in known]

    def cards_of(self, buyer: User) -> list[PaymentMethod]:
        return list(
            PaymentMethod.objects.filter(
                organization=buyer.organization,
                profile__purchaser=buyer,
                detached_at=None,
            ).order_by("pk")
        )

    def subscriptions(self) -> QuerySet[Subscription]:
        """Every order and what became of it, oldest first."""
        return (
            Subscription.objects.filter(organization_id__in=self.organization_ids)
            .select_related(
                "product", "plan", "price", "profile", "payment_method", "purchaser"
            )
            .order_by("pk")
        )

    def operations(self) -> list[StripeOperation]:
        return list(
            StripeOperation.objects.filter(
                organization_id__in=self.organization_ids
            ).order_by("created_at", "pk")
        )

    def pass_time(self, by: dt.timedelta) -> None:
        """Both clocks go on; what is due at Stripe happens."""
        self.sandbox.advance(int(by.total_seconds()))
        clock.advance(by)
        self.look()


def new_world(sandbox: SandboxProcess, client: stripe.StripeClient) -> World:
    """Two organizations in which nobody has bought anything, and an empty Stripe."""
    _forget_others()
    sandbox.reset()
    offers = [
        _offer("Diagrams", 4920, Term.YEAR, Frequency.YEARLY),
        _offer("Boards", 500, Term.MONTH, Frequency.MONTHLY),
    ]
    mail.outbox.clear()
    number = next(_numbers)
    home = make_organization(f"Home {number}")
    other = make_organization(f"Other {number}")
    buyers = [*make_people(home, 2), *make_people(other, 1)]
    people = [
        *buyers,
        *make_people(home, 5),
        make_user(home, is_guest=True, upn=f"guest{number}#EXT#@home.example"),
        *make_people(home, 1, usage_location=""),
        *make_people(other, 2),
    ]
    for person in people:
        User.objects.filter(pk=person.pk).update(object_id=str(person.pk))
    world = World(
        sandbox=sandbox,
        client=client,
        companies=[home, other],
        buyers=buyers,
        people=people,
        upns={person.pk: person.upn for person in people},
        admin=make_user(home, role=Role.GLOBAL_READER),
        offers=offers,
        theirs=Theirs(sandbox.base),
        post=Post(),
    )
    world.theirs.new_events()
    return world


def _offer(name: str, amount_minor: int, term: Term, frequency: Frequency) -> Offer:
    # One can be tried with a card only.
    product = make_product(
        f"{name} {next(_numbers)}",
        trial_offered=True,
        trial_needs_card=term == Term.YEAR,
    )
    return put_on_sale(product, amount_minor, term=term, frequency=frequency)


def _forget_others() -> None:
    """What another run left is not this one's, now that time is real again: a trial
    that was over then would be running, at a Stripe that doesn't know it."""
    if settings.CLOCK_FILE is not None:
        Path(settings.CLOCK_FILE).unlink(missing_ok=True)
    emptying.empty(connection)


def _is_stripes(refusal: DomainError) -> bool:
    """Whether Stripe said no, or nothing, where it shouldn't."""
    return isinstance(refusal, GatewayRejected | GatewayUnavailable)
