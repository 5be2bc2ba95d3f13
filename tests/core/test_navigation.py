from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from django.urls import resolve

from selfservice.core import navigation
from selfservice.core.navigation import BILLING, END, NavItem, Shell, register


@pytest.fixture
def items() -> Iterator[None]:
    kept = dict(navigation._items)
    navigation._items.clear()
    yield
    navigation._items.clear()
    navigation._items.update(kept)


def entry(name: str, **more: object) -> NavItem:
    return NavItem(label=name, url_name=name, icon="home", **more)


def shell(path: str = "/healthz") -> Shell:
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)
    return Shell(request)


@pytest.mark.usefixtures("items")
def test_entries_stand_in_groups_and_by_order() -> None:
    register(entry("account_login", group=END))
    register(entry("core:readyz", group=BILLING, order=20))
    register(entry("core:healthz", group=BILLING, order=10))

    first, last = shell().groups

    assert [link.label for link in first.links] == ["core:healthz", "core:readyz"]
    assert (first.heading, first.last) == (BILLING, False)
    assert (last.heading, last.last) == ("", True)


@pytest.mark.usefixtures("items")
def test_a_place_is_current_on_its_own_page_and_on_those_below() -> None:
    register(entry("core:readyz", also=("core:",)))
    register(entry("core:language"))

    (group,) = shell().groups

    assert [link.current for link in group.links] == [True, False]


@pytest.mark.usefixtures("items")
def test_what_somebody_may_not_see_and_what_is_not_there_is_left_out() -> None:
    register(entry("core:readyz", visible=lambda user: False))
    register(entry("core:not_there"))

    assert shell().groups == []


@pytest.mark.usefixtures("items")
def test_one_address_has_one_entry() -> None:
    register(entry("core:readyz"))
    register(entry("core:readyz"))

    with pytest.raises(ValueError, match="taken"):
        register(entry("core:readyz", order=1))


def test_the_switch_offers_the_other_language_by_its_own_name() -> None:
    assert shell().languages == [("nl", "Nederlands")]


def test_a_change_of_language_returns_to_the_same_page() -> None:
    assert shell("/healthz").here == "/healthz"


def test_a_page_is_written_at_one_moment() -> None:
    page = shell()

    assert page.now is page.now
