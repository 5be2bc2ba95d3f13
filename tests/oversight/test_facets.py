"""The menus that the list of purchases is narrowed by: short, whatever there is."""

from __future__ import annotations

import pytest

from selfservice.accounts.models import User
from selfservice.catalog.models import Product
from selfservice.oversight.facets import MENU_LENGTH, facets_of
from selfservice.subscriptions.models import OrderState
from tests.factories.accounts import make_people
from tests.factories.catalog import make_product_with_plan
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])


@pytest.fixture
def product() -> Product:
    return make_product_with_plan("Diagrams")


def test_those_with_the_most_subscriptions_by_name(
    anna: User, dirk: User, product: Product
) -> None:
    notes = make_product_with_plan("Notes")
    people = make_people(anna.organization, MENU_LENGTH + 2)
    for person in people:
        make_subscription(person, product)
    often = [people[5], people[0]]
    for person in often:
        make_subscription(person, notes)
    make_subscription(dirk, make_product_with_plan("Elsewhere"))

    products, purchasers = facets_of(anna.organization_id, None, None)

    assert [facet.name for facet in products] == ["Diagrams", "Notes"]
    assert len(purchasers) == MENU_LENGTH
    assert {person.pk for person in often} <= {facet.id for facet in purchasers}
    names = [facet.name for facet in purchasers]
    assert names == sorted(names, key=str.lower)


def test_what_is_chosen_is_always_there(anna: User, product: Product) -> None:
    people = make_people(anna.organization, MENU_LENGTH + 2)
    for person in people:
        make_subscription(person, product)
    shown = {f.id for f in facets_of(anna.organization_id, None, None)[1]}
    hidden = next(person for person in people if person.pk not in shown)

    _products, purchasers = facets_of(anna.organization_id, None, hidden.pk)

    assert hidden.display_name in [facet.name for facet in purchasers]
    assert len(purchasers) == MENU_LENGTH


def test_an_order_that_was_dropped_puts_nobody_on_a_menu(
    anna: User, product: Product
) -> None:
    make_subscription(anna, product, order_state=OrderState.DROPPED)

    assert facets_of(anna.organization_id, None, None) == ([], [])
