"""The components' behaviour, on the page that shows them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from selfservice.accounts.models import User

PANE = "#pane[open]"
STATES = [
    "Empty",
    "One",
    "Many",
    "Very long names",
    "Error",
    "Loading",
    "Past due",
    "Expired",
    "Trial ending",
    "End of sale",
    "Read-only",
]


@pytest.fixture
def gallery(
    page: Page, live_server: object, sign_in: Callable[[User], None], anna: User
) -> Page:
    sign_in(anna)
    page.goto(f"{live_server.url}/gallery/")
    return page


def open_picker(page: Page) -> None:
    page.locator(".page-head").get_by_role("link", name="Assign licenses").click()
    expect(page.locator(f"{PANE} #picker")).to_be_focused()


def choose(page: Page, words: str) -> None:
    page.locator("#picker").press_sequentially(words)
    expect(page.locator(".picker [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_component_is_accessible_and_fits(
    gallery: Page, accessible: Callable[[Page], list[str]], width: int, scheme: str
) -> None:
    gallery.set_viewport_size({"width": width, "height": 900})
    gallery.emulate_media(color_scheme=scheme)

    assert accessible(gallery) == []
    assert gallery.evaluate("document.documentElement.scrollWidth") == width
    open_picker(gallery)
    gallery.locator("#picker").press_sequentially("ber")
    expect(gallery.get_by_text("Already has a license")).to_be_visible()
    assert accessible(gallery) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_every_state_is_accessible_and_fits(
    gallery: Page, accessible: Callable[[Page], list[str]], width: int, scheme: str
) -> None:
    gallery.set_viewport_size({"width": width, "height": 900})
    gallery.emulate_media(color_scheme=scheme)
    gallery.get_by_role("link", name="every state").click()

    headings = gallery.get_by_role("main").get_by_role("heading", level=2)
    expect(headings).to_have_text(STATES)
    assert accessible(gallery) == []
    assert gallery.evaluate("document.documentElement.scrollWidth") == width


def test_a_pane_takes_the_focus_and_gives_it_back(gallery: Page) -> None:
    opener = gallery.locator(".page-head").get_by_role("link", name="Assign licenses")
    open_picker(gallery)

    gallery.keyboard.press("Escape")

    expect(gallery.locator(PANE)).to_have_count(0)
    expect(opener).to_be_focused()


def test_people_are_picked_by_keyboard_and_assigned(gallery: Page) -> None:
    open_picker(gallery)
    choose(gallery, "hann")
    choose(gallery, "ruben")

    expect(gallery.locator("#picker-count")).to_have_text("2 of 20")
    gallery.locator(PANE).get_by_role("button", name="Assign", exact=True).click()

    expect(gallery.locator(PANE)).to_have_count(0)
    expect(gallery.locator("#messages")).to_contain_text("2 licenses assigned.")


def test_a_person_too_many_is_refused_with_a_sentence(gallery: Page) -> None:
    open_picker(gallery)
    gallery.locator(".picker").evaluate("(picker) => (picker.dataset.max = 1)")
    choose(gallery, "hann")

    choose(gallery, "ruben")

    expect(gallery.locator("#picker-say")).to_contain_text("You can choose up to")
    expect(gallery.locator(".token")).to_have_count(1)


def test_a_refused_pane_keeps_the_focus_on_why(
    gallery: Page, complaints: list[str]
) -> None:
    open_picker(gallery)

    gallery.locator(PANE).get_by_role("button", name="Assign", exact=True).click()

    expect(gallery.locator(f"{PANE} [role=alert]")).to_be_focused()
    # Chromium reports the 422 itself.
    assert len(complaints) == 1
    complaints.clear()


def test_a_filter_stands_in_the_address_and_back_undoes_it(gallery: Page) -> None:
    rows = gallery.locator("#list tbody tr")
    gallery.locator("#list summary", has_text="Filter").click()
    gallery.locator("#list .menu-list a", has_text="Trial").first.click()

    expect(rows).to_have_count(1)
    assert gallery.url.endswith("?status=Trial")
    gallery.go_back()
    expect(rows).to_have_count(6)


def test_typing_searches_and_keeps_the_focus(gallery: Page) -> None:
    box = gallery.get_by_role("searchbox", name="Find a product")

    box.press_sequentially("meet")

    expect(gallery.locator("#list tbody tr")).to_have_count(1)
    expect(box).to_be_focused()


def test_a_row_menu_is_walked_by_arrows(gallery: Page) -> None:
    button = gallery.get_by_role("link", name="More actions for Insights Pro")
    button.press("Enter")
    items = button.locator("xpath=..").locator(".menu-list a")

    expect(items.first).to_be_focused()
    gallery.keyboard.press("ArrowUp")
    expect(items.last).to_be_focused()
    gallery.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(items).to_have_count(0)


def test_selected_rows_are_counted_and_cleared(gallery: Page) -> None:
    command = gallery.get_by_role("button", name="Unassign licenses")
    expect(command).to_be_disabled()

    gallery.get_by_label("Select all on this page").check()

    expect(gallery.get_by_text("8 selected")).to_be_visible()
    expect(command).to_be_enabled()
    gallery.get_by_role("button", name="Clear").click()
    expect(command).to_be_disabled()


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_javascript_a_pane_is_a_page_that_assigns(gallery: Page) -> None:
    gallery.locator(".page-head").get_by_role("link", name="Assign licenses").click()
    expect(gallery.locator("h1")).to_have_text("Assign licenses to users")

    gallery.get_by_role("button", name="Find").click()
    gallery.get_by_role("checkbox").nth(1).check()
    gallery.get_by_role("button", name="Assign", exact=True).click()

    expect(gallery.locator("#messages")).to_contain_text("1 licenses assigned.")
    assert gallery.url.endswith("/gallery/")
