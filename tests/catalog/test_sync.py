import pytest

from selfservice.catalog.models import Plan, Price, Product
from selfservice.catalog.services.catalog_file import read_catalog
from selfservice.catalog.services.sync import Synced, sync_catalog
from tests.factories.catalog import catalog_toml

pytestmark = pytest.mark.django_db


def sync(text: str) -> Synced:
    return sync_catalog(read_catalog(text))


def current() -> dict[str, int]:
    prices = Price.objects.filter(retired_at=None, plan__retired_at=None)
    return dict(prices.values_list("currency", "amount_minor"))


def test_a_first_sync_writes_everything() -> None:
    counts = sync(catalog_toml(prices={"EUR": "10.30", "GBP": "8.90"}))

    assert (counts.products, counts.prices_made) == (1, 2)
    assert Product.objects.get().summary_nl == "Borden."
    assert current() == {"EUR": 1030, "GBP": 890}
    assert set(Price.objects.values_list("stripe_price_id", flat=True)) == {""}


def test_the_same_file_again_writes_nothing() -> None:
    sync(catalog_toml())
    before = list(Price.objects.values())

    assert sync(catalog_toml()).nothing
    assert list(Price.objects.values()) == before


def test_a_changed_price_is_a_new_row_beside_the_retired_one() -> None:
    sync(catalog_toml(prices={"EUR": "10.30", "GBP": "8.90"}))
    old = Price.objects.get(currency="EUR")

    counts = sync(catalog_toml(prices={"EUR": "11.00", "GBP": "8.90"}))

    assert (counts.prices_made, counts.prices_retired) == (1, 1)
    assert current() == {"EUR": 1100, "GBP": 890}
    old.refresh_from_db()
    assert old.amount_minor == 1030
    assert old.retired_at is not None


def test_a_currency_that_is_gone_is_no_longer_offered() -> None:
    sync(catalog_toml(prices={"EUR": "10.30", "GBP": "8.90"}))

    sync(catalog_toml(prices={"EUR": "10.30"}))

    assert current() == {"EUR": 1030}


def test_a_changed_text_changes_the_product_only() -> None:
    sync(catalog_toml())

    counts = sync(catalog_toml(name="Boards Plus"))

    assert counts == Synced(products=1)
    assert Product.objects.get().name == "Boards Plus"


def test_the_plans_of_a_product_that_is_gone_are_retired() -> None:
    sync(catalog_toml() + catalog_toml(slug="lists"))

    counts = sync(catalog_toml())

    assert (counts.plans_retired, counts.prices_retired) == (1, 1)
    assert Product.objects.count() == 2
    assert Plan.objects.get(retired_at=None).product.slug == "boards"


def test_a_product_that_comes_back_is_sold_at_a_new_price() -> None:
    sync(catalog_toml() + catalog_toml(slug="lists"))
    sync(catalog_toml())

    counts = sync(catalog_toml() + catalog_toml(slug="lists"))

    assert counts == Synced(prices_made=1)
    assert Plan.objects.filter(retired_at=None).count() == 2
