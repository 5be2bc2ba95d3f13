"""Assigning licenses and taking one back, as people do it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Route,
    ViewportSize,
    expect,
)
from pytest_django.fixtures import Settings

from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.browser.walking import DESKTOP, PHONE
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

NAMES = ("Daan Kuipers", "Yara Özdemir", "Zoë van den Bergh")


@pytest.fixture
def planboard(anna: User, noordzee: Organization) -> Subscription:
    for name in NAMES:
        make_user(noordzee, name)
    return make_subscription(
        anna, quantity=25, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


@pytest.fixture
def page_of(
    live_server: object, sign_in: Callable[[User], None], anna: User
) -> Callable[[Page], None]:
    def open_it(page: Page) -> None:
        sign_in(anna)
        page.goto(f"{live_server.url}/licenses/")
        page.get_by_role("link", name="Planboard Plus").click()

    return open_it


# Somebody quick types into the new pane before HTMX knows its fields.
TYPE_TOO_EARLY = """
document.addEventListener(
    "htmx:afterSwap", () => (document.querySelector("#picker").value = "yara"),
    { once: true },
)
"""


def test_three_colleagues_get_licenses_and_one_loses_it(
    page: Page,
    planboard: Subscription,
    page_of: Callable[[Page], None],
    accessible: Callable[[Page], list[str]],
) -> None:
    page_of(page)
    assert accessible(page) == []
    page.get_by_role("link", name="Assign licenses").click()
    picker = page.get_by_role("combobox", name="People from")
    for typed, name in zip(("daa", "ozde", "van den"), NAMES, strict=True):
        picker.press_sequentially(typed)
        expect(page.get_by_role("option", name=name)).to_be_visible()
        picker.press("Enter")
        expect(page.locator("#picker-say")).to_have_text(f"{name} is chosen.")
    pane = page.locator("#pane")
    expect(pane.get_by_text("3 of 20")).to_be_visible()
    expect(pane.get_by_text("22", exact=True)).to_be_visible()
    assert accessible(page) == []

    page.evaluate(TYPE_TOO_EARLY)
    pane.get_by_role("button", name="Assign").click()
    expect(pane.get_by_text("3 licenses of Planboard Plus assigned.")).to_be_visible()
    expect(page.get_by_role("option", name="Yara Özdemir")).to_be_visible()
    picker.press("Enter")
    expect(page.locator("#picker-say")).to_have_text(
        "Yara Özdemir: Already has a license"
    )
    expect(page.locator(".token")).to_have_count(0)
    pane.get_by_text("Close", exact=True).click()

    expect(page.locator("#licenses-sum")).to_have_text(re.compile("^3 of 25"))
    page.get_by_label("Select Daan Kuipers").check()
    page.get_by_role("button", name="Unassign licenses").click()
    expect(pane.get_by_text("Daan Kuipers loses Planboard Plus")).to_be_visible()
    assert accessible(page) == []
    pane.get_by_role("button", name="Unassign").click()
    expect(page.locator("#licenses-sum")).to_have_text(re.compile("^2 of 25"))
    expect(page.get_by_label("Select Daan Kuipers")).to_have_count(0)
    expect(page.get_by_role("button", name="Unassign licenses")).to_be_disabled()


def test_it_works_without_a_script(
    browser: Browser,
    context: BrowserContext,
    planboard: Subscription,
    sign_in: Callable[[User], None],
    anna: User,
    live_server: object,
) -> None:
    sign_in(anna)
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(context.cookies())
    page = plain.new_page()
    page.goto(f"{live_server.url}/licenses/{planboard.product_id}/")

    page.get_by_role("link", name="Assign licenses").click()
    for typed, name in zip(("daan", "yara"), NAMES, strict=False):
        page.get_by_role("combobox", name="People from").fill(typed)
        page.get_by_role("button", name="Find").click()
        page.get_by_label(name).check()
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("#licenses-sum")).to_have_text(re.compile("^2 of 25"))

    page.get_by_label("Select Daan Kuipers").check()
    page.get_by_role("button", name="Unassign licenses").click()
    page.get_by_role("button", name="Unassign").click()
    expect(page.locator("#licenses-sum")).to_have_text(re.compile("^1 of 25"))
    plain.close()


def test_whoever_is_one_too_many_is_told_where_one_looks(
    page: Page,
    planboard: Subscription,
    page_of: Callable[[Page], None],
    settings: Settings,
) -> None:
    settings.ASSIGN_AT_ONCE = 2
    page.set_viewport_size(PHONE)
    page_of(page)
    page.get_by_role("link", name="Assign licenses").click()
    # Nothing has to be found before somebody can be named.
    expect(page.get_by_role("combobox", name="People from")).to_be_focused()

    for name in NAMES:
        page.keyboard.type(name[:4])
        page.get_by_role("option", name=name).click()

    expect(page.get_by_text("You can choose up to 2 people")).to_be_in_viewport()
    expect(page.locator("#picker-list > *")).to_have_count(0)
    expect(page.locator(".token")).to_have_count(2)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_selected_far_down_is_unassigned_there(
    page: Page,
    planboard: Subscription,
    noordzee: Organization,
    page_of: Callable[[Page], None],
    size: ViewportSize,
) -> None:
    give_licenses(planboard, make_people(noordzee, 25))
    page.set_viewport_size(size)
    page_of(page)
    button = page.get_by_role("button", name="Unassign licenses")
    last = page.locator("tbody [type=checkbox]").last

    last.scroll_into_view_if_needed()
    expect(button).not_to_be_in_viewport()
    last.check()
    expect(button).to_be_in_viewport()
    expect(page.get_by_text("1 selected")).to_be_in_viewport()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Select all on this page").click()
    expect(page.get_by_text("25 selected")).to_be_visible()


def test_another_page_and_another_order_keep_the_reader_there(
    page: Page,
    planboard: Subscription,
    noordzee: Organization,
    page_of: Callable[[Page], None],
) -> None:
    Subscription.objects.update(quantity=120)
    planboard.refresh_from_db()
    give_licenses(planboard, make_people(noordzee, 120))
    page_of(page)

    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="Previous")).to_be_attached()
    expect(page.get_by_role("table")).to_be_focused()
    expect(page.get_by_role("link", name="Name")).to_be_in_viewport()

    head = page.get_by_role("link", name="Name")
    head.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(head).to_be_focused()


def test_an_answer_that_got_lost_is_told_in_the_pane_and_the_list_catches_up(
    page: Page,
    planboard: Subscription,
    page_of: Callable[[Page], None],
    complaints: list[str],
) -> None:
    page_of(page)
    pane = page.locator("#pane")
    page.get_by_role("link", name="Assign licenses").click()
    page.get_by_role("combobox", name="People from").fill("yara")
    page.get_by_role("option", name="Yara Özdemir").click()

    page.route("**/assign/", lambda route: (route.fetch(), route.abort()))
    pane.get_by_role("button", name="Assign").click()
    expect(pane.get_by_text("The portal could not be reached")).to_be_visible()
    page.unroute("**/assign/")
    pane.get_by_role("button", name="Assign").click()
    expect(pane.get_by_text("Yara Özdemir already has a license.")).to_be_visible()
    expect(pane.get_by_text("The portal could not be reached")).to_have_count(0)
    pane.get_by_text("Close", exact=True).click()

    expect(page.locator("#licenses-sum")).to_have_text(re.compile("^1 of 25"))
    expect(page.get_by_label("Select Yara Özdemir")).to_be_visible()
    complaints.clear()


def test_a_list_that_is_being_read_is_not_read_once_more(
    page: Page,
    planboard: Subscription,
    noordzee: Organization,
    page_of: Callable[[Page], None],
    complaints: list[str],
) -> None:
    """It was when a pane had refused before: HTMX complained of the first answer."""
    Subscription.objects.update(quantity=120)
    planboard.refresh_from_db()
    people = make_people(noordzee, 60)
    give_licenses(planboard, people)
    page_of(page)
    pane = page.locator("#pane")
    page.get_by_label("All 60 people").check()
    page.get_by_role("button", name="Unassign licenses").click()
    expect(pane.get_by_text("60 people lose Planboard Plus at once.")).to_be_visible()
    LicenseAssignment.objects.filter(user=people[0]).update(ended_at=clock.now())
    pane.get_by_role("button", name="Unassign").click()
    expect(pane.get_by_text("Meanwhile these are other people")).to_be_visible()

    def slowly(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route(f"**/licenses/{planboard.product_id}/", slowly)
    pane.get_by_role("button", name="Unassign").click()
    expect(page.get_by_text("Nobody has a license yet.")).to_be_visible()

    complaints[:] = [said for said in complaints if "422" not in said]
