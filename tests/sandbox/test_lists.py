"""Lists, cursors and expansion."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop


@pytest.fixture
def seven(shop: Shop) -> list[str]:
    """Seven customers, newest first."""
    made = [shop.v1.customers.create({"name": f"{n}"}).id for n in range(7)]
    return made[::-1]


def test_a_page_is_the_newest_and_says_that_there_is_more(
    shop: Shop, seven: list[str]
) -> None:
    page = shop.v1.customers.list({"limit": 3})

    assert [row.id for row in page.data] == seven[:3]
    assert page.has_more
    assert page.url == "/v1/customers"


def test_paging_walks_through_everything_once(shop: Shop, seven: list[str]) -> None:
    page = shop.v1.customers.list({"limit": 3})

    assert [row.id for row in page.auto_paging_iter()] == seven


def test_paging_backwards_stops_at_the_newest(shop: Shop, seven: list[str]) -> None:
    page = shop.v1.customers.list({"limit": 2, "ending_before": seven[4]})
    assert [row.id for row in page.data] == seven[2:4]
    assert page.has_more

    page = shop.v1.customers.list({"limit": 2, "ending_before": seven[2]})
    assert [row.id for row in page.data] == seven[:2]
    assert not page.has_more


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_1_to_100_rows(shop: Shop, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="1 to 100"):
        shop.v1.customers.list({"limit": limit})


def test_a_cursor_that_is_gone_is_refused(shop: Shop, seven: list[str]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        shop.v1.customers.list({"starting_after": "cus_gone"})


def test_an_expanded_id_is_the_object(shop: Shop) -> None:
    customer = shop.customer()
    bought = shop.subscribe(
        customer.id,
        shop.price(),
        default_payment_method=shop.give_card(customer.id),
        expand=["latest_invoice.customer", "default_payment_method"],
    )

    assert bought.latest_invoice.customer.name == "Noordzee Advies"
    assert bought.default_payment_method.card.last4 == "4242"


def test_a_list_is_expanded_below_data(shop: Shop) -> None:
    shop.subscribe(shop.customer(card="pm_card_visa").id, shop.price())

    page = shop.v1.subscriptions.list({"expand": ["data.customer"]})

    assert page.data[0].customer.name == "Noordzee Advies"


@pytest.mark.parametrize(
    "path", ["latest_invoice.payments.data.payment.payment_intent", "colour"]
)
def test_five_levels_and_unknown_words_cannot_be_expanded(
    shop: Shop, path: str
) -> None:
    customer = shop.customer(card="pm_card_visa")

    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        shop.subscribe(customer.id, shop.price(), expand=[path])


def test_a_filter_by_time_keeps_its_bounds(shop: Shop) -> None:
    made = shop.customer()
    newest = {"created": {"gte": made.created}}
    later = {"created": {"gt": made.created}}

    assert len(shop.v1.customers.list(newest).data) == 1
    assert shop.v1.customers.list(later).data == []


def test_metadata_is_merged_and_an_empty_value_takes_away(shop: Shop) -> None:
    made = shop.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = shop.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}})

    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


def test_a_missing_object_is_a_404_in_stripes_words(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.customers.retrieve("cus_gone")

    assert refused.value.http_status == 404
    assert refused.value.code == "resource_missing"
