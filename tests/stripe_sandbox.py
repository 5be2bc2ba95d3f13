"""Fixtures for tests in which the portal talks to Stripe, over HTTP.

That is the sandbox, or Stripe's own test mode when STRIPE_TEST_KEY is set. A test
that takes `sandbox` steers it, and is skipped against Stripe; one that takes only
the others runs unchanged against both.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

import pytest
import requests
import stripe
from pytest_django.fixtures import Settings

from billing import gateway
from billing.models import BillingProfile, PaymentMethod
from billing.services import cards
from billing.services.accounts import SoldTo, open_account
from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Product, Term
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.services.buying import Order
from tests import live_mode
from tests.factories.catalog import make_plan, make_price, make_product
from tests.sandbox_process import SandboxProcess, start_sandbox

SOLD_TO = SoldTo(
    name="Noordzee Advies",
    email="anna@noordzee.example",
    line1="Maaskade 85",
    line2="",
    postal_code="3071 NE",
    city="Rotterdam",
    country="NL",
    tax_id="NL004495445B01",
    po_number="PRJ-2026-118",
)


@pytest.fixture(scope="session")
def sandbox_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SandboxProcess]:
    process = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()


@dataclasses.dataclass(frozen=True, slots=True)
class StripeAccount:
    """What the portal's gateway talks to. `base` is empty for Stripe's address."""

    key: str
    base: str
    is_sandbox: bool


@pytest.fixture
def stripe_account(
    request: pytest.FixtureRequest,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StripeAccount]:
    """An empty sandbox that answers in Stripe's own shapes, or an account at Stripe.

    The account keeps what earlier runs left, so that tests look only at what their
    own customer and product have. The sandbox is asked again without the half second
    that the client waits before it.
    """
    live = live_mode.chosen()
    if live is not None:
        settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = live.base, live.key
        yield StripeAccount(live.key, live.base, is_sandbox=False)
        return
    process: SandboxProcess = request.getfixturevalue("sandbox_process")
    process.reset()
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    settings.STRIPE_API_BASE = process.base
    settings.STRIPE_SANDBOX_ORIGIN = process.base
    settings.STRIPE_JS_URL = f"{process.base}/endive/stripe.js"
    yield StripeAccount("sk_test_beside", process.base, is_sandbox=True)
    assert process.violations() == []


@pytest.fixture
def sandbox(
    stripe_account: StripeAccount, sandbox_process: SandboxProcess
) -> SandboxProcess:
    """The sandbox that the portal talks to, to be steered; never Stripe itself."""
    return sandbox_process


@pytest.fixture
def stripe_client(stripe_account: StripeAccount) -> stripe.StripeClient:
    """A client beside the portal's, to look at what is really there."""
    return stripe.StripeClient(
        stripe_account.key,
        base_addresses={"api": stripe_account.base} if stripe_account.base else {},
        max_network_retries=0 if stripe_account.is_sandbox else 2,
    )


def put_on_sale(product: Product, amount_minor: int, **plan: object) -> Offer:
    """A plan whose price Stripe knows too."""
    made = make_plan(product, **plan)
    product_id = str(product.pk)
    gateway.put_product(
        product_id=product_id, name=product.name, description="", key=str(made.pk)
    )
    price_id = gateway.create_price(
        product_id=product_id,
        currency="EUR",
        amount_minor=amount_minor,
        months=made.billing_months,
        own_id=str(made.pk),
        key=f"price-{made.pk}",
    )
    return Offer(made, make_price(made, amount_minor, stripe_price_id=price_id))


@pytest.fixture
def diagrams(db: None, stripe_account: StripeAccount) -> Offer:
    """Diagrams Pro for a year, billed yearly: €49.20 a license."""
    return put_on_sale(
        make_product("Diagrams Pro"),
        4920,
        term=Term.YEAR,
        frequency=Frequency.YEARLY,
    )


@pytest.fixture
def profile(anna: User, stripe_account: StripeAccount) -> BillingProfile:
    """Anna's billing profile, with its customer at Stripe."""
    return open_account(purchaser=anna, sold_to=SOLD_TO)


@pytest.fixture
def order(diagrams: Offer, profile: BillingProfile) -> Order:
    """Twelve licenses of it, for whoever places it."""
    return Order(
        key=uuid.uuid4(),
        offer=diagrams,
        quantity=12,
        profile=profile,
        total=Money(71438, "EUR"),
        assign_to_me=True,
    )


def enter_card(
    client: stripe.StripeClient, profile: BillingProfile, named: str = "pm_card_visa"
) -> PaymentMethod:
    """A test card, entered for the profile as the Payment Element would.

    One that asks for 3-D Secure skips the test against Stripe itself.
    """
    setup = cards.begin_card_setup(profile=profile)
    client.v1.setup_intents.confirm(setup.id, {"payment_method": named})
    intent = client.v1.setup_intents.retrieve(setup.id)
    if intent.status == "requires_action":
        if live_mode.chosen() is not None:
            pytest.skip("not against Stripe: nobody is there to confirm 3-D Secure")
        base = client._requestor.base_addresses["api"]  # the sandbox's own address
        requests.post(
            f"{base}/elements/authenticate",
            data={"client_secret": setup.client_secret, "outcome": "ok"},
            timeout=30,
        )
    card = cards.entered_card(profile=profile, setup_id=setup.id)
    return cards.keep_card(profile=profile, card=card)


@pytest.fixture
def visa(profile: BillingProfile, stripe_client: stripe.StripeClient) -> PaymentMethod:
    """A card that always works, under Anna's profile."""
    return enter_card(stripe_client, profile)
