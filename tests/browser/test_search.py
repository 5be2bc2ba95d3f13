"""The search in the header: by keyboard, on a phone, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from selfservice.accounts.models import User
from tests.browser.shop import *
from tests.factories.billing import make_invoice
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.stripe_sandbox import *

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def home(page: Page, anna: User, bram: User, sign_in: Callable[[User], None]) -> Page:
    """Anna's Home; Bram has a license of Planboard Plus."""
    offer = make_offer(name="Planboard Plus", slug="planboard")
    give_licenses(make_subscription(anna, offer=offer), [bram])
    make_invoice(anna, number="NZA-2027-0042")
    sign_in(anna)
    page.goto("/")
    return page


def test_by_keyboard_from_any_page(
    home: Page, accessible: Callable[[Page], list[str]]
) -> None:
    box = home.get_by_role("searchbox", name="Search", exact=True)
    for _key in ("skip to content", "brand", "search"):
        home.keyboard.press("Tab")
    expect(box).to_be_focused()
    home.keyboard.type("bram")
    home.keyboard.press("Enter")

    people = home.get_by_role("region", name="People with your licenses")
    expect(people.get_by_role("link", name="Bram Visser", exact=True)).to_be_visible()
    # Until its style sheet is there, the page shows a box of its own, too.
    home.wait_for_load_state()
    expect(box).to_have_value("bram")
    assert accessible(home) == []


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_on_a_phone_without_a_script(home: Page) -> None:
    home.set_viewport_size(PHONE)
    home.get_by_role("link", name="Search", exact=True).click()
    # Until its style sheet is there, the header shows its own box too.
    home.wait_for_url("/search/")
    home.get_by_role("searchbox", name="Search", exact=True).fill("0042")
    home.get_by_role("button", name="Search", exact=True).click()

    expect(home.get_by_role("heading", level=1)).to_have_text("Search for “0042”")
    home.get_by_role("link", name="NZA-2027-0042").click()
    expect(home).to_have_url(re.compile("/billing/invoices/.+/$"))


@pytest.mark.parametrize(
    ("language", "category", "diagrams"),
    [
        ("en", "Category: All", "Diagrams and design"),
        ("nl", "Categorie: Alle", "Diagrammen en ontwerp"),
    ],
)
def test_the_shop_is_searched_in_one_line(
    home: Page, language: str, category: str, diagrams: str
) -> None:
    home.set_viewport_size({"width": 1440, "height": 900})
    home.context.add_cookies(
        [{"name": "django_language", "value": language, "url": home.url}]
    )
    home.goto("/marketplace/")
    menu, box = home.get_by_text(category), home.locator("main input[type=search]")

    here, there = menu.bounding_box(), box.bounding_box()
    assert here
    assert there
    assert here["y"] == there["y"]
    menu.click()
    home.get_by_role("link", name=diagrams).click()
    expect(home.get_by_role("heading", name="Planboard Plus")).to_be_hidden()
