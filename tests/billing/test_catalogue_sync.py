from io import StringIO
from pathlib import Path

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.db import transaction

from billing.gateway import GatewayUnavailable
from billing.gateway.client import CallInsideTransaction
from billing.services.catalogue_sync import Pushed, push_catalogue
from selfservice.catalog.models import Price, Product
from selfservice.catalog.queries import products_on_sale
from selfservice.catalog.services.catalog_file import read_catalog
from selfservice.catalog.services.sync import sync_catalog
from tests.factories.catalog import catalog_toml
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import StripeAccount

pytestmark = pytest.mark.django_db


def sync(text: str) -> Pushed:
    sync_catalog(read_catalog(text))
    return push_catalogue()


def prices_of(client: stripe.StripeClient, product: Product) -> list[stripe.Price]:
    return client.v1.prices.list({"product": str(product.pk)}).data


def writes(sandbox: SandboxProcess) -> list[str]:
    return [call["path"] for call in sandbox.calls("POST")]


def test_products_and_prices_are_made_at_stripe(
    stripe_client: stripe.StripeClient,
) -> None:
    counts = sync(catalog_toml(prices={"EUR": "10.30", "GBP": "8.90"}))

    assert counts == Pushed(products=1, prices_made=2)
    price = Price.objects.get(currency="EUR")
    there = stripe_client.v1.prices.retrieve(price.stripe_price_id)
    assert (there.unit_amount, there.currency) == (1030, "eur")
    assert there.recurring is not None
    assert (there.recurring.interval, there.tax_behavior) == ("month", "exclusive")
    product = stripe_client.v1.products.retrieve(str(Product.objects.get().pk))
    assert (product.name, product.description) == ("Boards", "Boards.")
    assert [p.name for p in products_on_sale(currency="GBP")] == ["Boards"]


def test_the_same_file_again_writes_nothing_to_stripe(sandbox: SandboxProcess) -> None:
    sync(catalog_toml())
    before = writes(sandbox)

    assert sync(catalog_toml()).nothing
    assert writes(sandbox) == before


def test_a_changed_price_is_another_one_and_the_old_is_retired(
    stripe_client: stripe.StripeClient,
) -> None:
    sync(catalog_toml())
    old = Price.objects.get()

    counts = sync(catalog_toml(prices={"EUR": "11.00"}))

    assert counts == Pushed(prices_made=1, prices_retired=1)
    assert not stripe_client.v1.prices.retrieve(old.stripe_price_id).active
    new = Price.objects.get(retired_at=None)
    assert stripe_client.v1.prices.retrieve(new.stripe_price_id).unit_amount == 1100


def test_a_product_that_left_the_file_is_retired_at_stripe(
    stripe_client: stripe.StripeClient,
) -> None:
    sync(catalog_toml() + catalog_toml(slug="lists"))

    assert sync(catalog_toml()) == Pushed(prices_retired=1)
    (left, kept) = (Product.objects.get(slug=slug) for slug in ("lists", "boards"))
    assert [price.active for price in prices_of(stripe_client, left)] == [False]
    assert [price.active for price in prices_of(stripe_client, kept)] == [True]


def test_a_renamed_product_is_renamed_at_stripe(
    stripe_client: stripe.StripeClient,
) -> None:
    sync(catalog_toml())

    assert sync(catalog_toml(name="Boards Plus")) == Pushed(products=1)
    product = stripe_client.v1.products.retrieve(str(Product.objects.get().pk))
    assert product.name == "Boards Plus"


def test_what_stripe_lost_is_made_again(sandbox: SandboxProcess) -> None:
    sync(catalog_toml())
    lost = Price.objects.get().stripe_price_id
    sandbox.reset()

    counts = sync(catalog_toml())

    assert counts == Pushed(products=1, prices_made=1)
    assert Price.objects.get().stripe_price_id != lost
    assert sync(catalog_toml()).nothing


def test_a_price_whose_answer_was_lost_is_found_not_doubled(
    stripe_client: stripe.StripeClient,
) -> None:
    sync(catalog_toml())
    made = Price.objects.get().stripe_price_id
    Price.objects.update(stripe_price_id="")

    assert push_catalogue() == Pushed(prices_found=1)
    assert Price.objects.get().stripe_price_id == made
    assert len(prices_of(stripe_client, Product.objects.get())) == 1


def test_a_price_retired_by_hand_is_sold_again(
    stripe_client: stripe.StripeClient,
) -> None:
    sync(catalog_toml())
    price_id = Price.objects.get().stripe_price_id
    stripe_client.v1.prices.update(price_id, {"active": False})

    assert push_catalogue() == Pushed(prices_found=1)
    assert stripe_client.v1.prices.retrieve(price_id).active


@pytest.mark.parametrize(
    ("fault", "afterwards"),
    [
        ("500_before", Pushed(prices_made=1)),
        ("drop_before", Pushed(prices_made=1)),
        ("500_after", Pushed(prices_found=1)),
        ("drop_after", Pushed(prices_found=1)),
    ],
)
def test_an_interrupted_sync_is_finished_by_the_next(
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    fault: str,
    afterwards: Pushed,
) -> None:
    sandbox.fault(fault, "POST", "/v1/prices", times=3)
    with pytest.raises(GatewayUnavailable):
        sync(catalog_toml())
    assert products_on_sale(currency="EUR") == []

    assert push_catalogue() == afterwards
    assert len(prices_of(stripe_client, Product.objects.get())) == 1


def test_stripe_is_never_asked_inside_a_transaction(
    stripe_account: StripeAccount,
) -> None:
    sync_catalog(read_catalog(catalog_toml()))

    with transaction.atomic(), pytest.raises(CallInsideTransaction):
        push_catalogue()


def test_the_command_says_what_it_did(
    stripe_account: StripeAccount, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(catalog_toml(), "utf-8")
    said = StringIO()

    call_command("sync_catalog", str(file), stdout=said)
    call_command("sync_catalog", str(file), stdout=said)

    assert said.getvalue().splitlines() == [
        "Catalogue: 1 products written, 1 prices made, 0 prices and 0 plans retired.",
        "Stripe: 1 products written, 1 prices made, 0 found again, 0 retired.",
        "Catalogue: up to date.",
        "Stripe: up to date.",
    ]


def test_the_command_lists_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(catalog_toml(slug="A B", prices={"XYZ": "0"}), "utf-8")

    with pytest.raises(CommandError, match=r"(?s)A B, slug.*A B, plan 1"):
        call_command("sync_catalog", str(file))

    assert not Product.objects.exists()


def test_the_command_says_that_stripe_is_away(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(catalog_toml(), "utf-8")
    sandbox.fault("500_before", "GET", "/v1/products", times=3)

    with pytest.raises(CommandError, match="The catalogue is written"):
        call_command("sync_catalog", str(file))
