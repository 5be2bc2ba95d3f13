"""Every pane and menu: in its place, in a tab of its own, when the session ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import resolve
from playwright.sync_api import BrowserContext, Page, expect

from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.browser.house import *
from tests.browser.house import House
from tests.browser.shop import *
from tests.browser.test_places import EVERY, LOOKS, put_on
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *

# From these pages every pane can be opened.
OPENERS = (
    "/subscriptions/{bought}/",
    "/subscriptions/{trial}/",
    "/subscriptions/{expired}/",
    "/licenses/{product}/",
    "/billing/invoices/",
    "/billing/payment-methods/",
)
MENUS = "/products/", "/billing/invoices/", "/billing/payment-methods/"
OPENS = "main :is(a[data-pane], button[data-pane])"
LEADS_TO = """part => new URL(
    part.href || part.form.getAttribute("action"), location).pathname"""
INSIDE = "() => document.querySelector('#pane').contains(document.activeElement)"
WITHOUT_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)


def openers(house: House) -> list[str]:
    keys = {name: row.pk for name, row in house.states.items()}
    product = house.states["bought"].product_id
    return [path.format(product=product, **keys) for path in OPENERS]


def test_every_pane_takes_the_focus_gives_it_back_and_is_accessible(
    house: House,
    page: Page,
    sign_in: Callable[[User], None],
    accessible: Callable[..., list[str]],
) -> None:
    sign_in(house.anna)
    page.emulate_media(reduced_motion="reduce")
    opened, wrong, looks = set(), [], cycle(LOOKS)
    for path in openers(house):
        page.goto(path)
        page.wait_for_load_state()
        links = page.locator(OPENS)
        for number in range(links.count()):
            link = links.nth(number)
            route = resolve(link.evaluate(LEADS_TO))
            if route.view_name in opened or not link.is_visible():
                continue
            if link.is_disabled():
                page.locator("tbody [type=checkbox]").first.check()
            opened.add(route.view_name)
            link.press("Enter")
            pane = page.get_by_role("dialog")
            expect(pane).to_be_visible()
            expect(pane.get_by_role("heading").first).to_be_visible()
            assert page.evaluate(INSIDE), route.view_name
            put_on(page, look := next(looks))
            found = accessible(page, "#pane")
            wrong += [f"{route.view_name} {look}: {line}" for line in found]
            put_on(page, LOOKS[0])
            page.keyboard.press("Escape")
            expect(pane).to_have_count(0)
            expect(link).to_be_focused()

    assert wrong == []
    assert {"licensing:unassign", "subscriptions:cancel"} <= opened
    assert len(opened) >= 9, opened


def test_a_pane_opens_in_a_tab_of_its_own_and_nothing_opens_here(
    bought: Subscription,
    page: Page,
    context: BrowserContext,
    sign_in: Callable[[User], None],
    anna: User,
) -> None:
    sign_in(anna)
    page.goto(f"/subscriptions/{bought.pk}/")
    with context.expect_page() as tab:
        page.get_by_role("link", name="Buy licenses").click(modifiers=["Control"])

    expect(tab.value.get_by_role("heading", name="Buy licenses")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_open_menus_are_accessible(
    house: House,
    page: Page,
    sign_in: Callable[[User], None],
    accessible: Callable[..., list[str]],
) -> None:
    sign_in(house.anna)
    wrong, opened, looks = [], 0, cycle(LOOKS)
    for path in MENUS:
        page.goto(path)
        page.wait_for_load_state()
        menus = page.locator("details.menu > summary:visible, [data-menu]:visible")
        # Some of the many rows will do.
        for number in range(min(menus.count(), 6)):
            menus.nth(number).click()
            expect(page.locator(".menu-list:visible").first).to_be_visible()
            put_on(page, look := next(looks))
            found = accessible(page, "details.menu[open], td.menu-cell")
            wrong += [f"{path} {number} {look}: {line}" for line in found]
            put_on(page, LOOKS[0])
            page.keyboard.press("Escape")
            opened += 1

    assert wrong == []
    assert opened >= 10


def test_every_pane_has_an_address_that_reloads_and_goes_back_and_forth(
    house: House, page: Page, client: Client, sign_in: Callable[[User], None]
) -> None:
    every = [place for place in house.places(client, house.anna) if place.pane]
    panes = every if EVERY else every[::4]
    sign_in(house.anna)
    page.goto("/help/")
    first, title = page.url, page.locator("h1")
    for place in panes:
        page.goto(place.path)
        said = title.inner_text()
        page.reload()
        expect(title).to_have_text(said)
        page.go_back()
        expect(page).to_have_url(first)
        page.go_forward()
        expect(title).to_have_text(said)
        page.go_back()

    assert len(every) >= 20


@pytest.mark.parametrize("script", [True, pytest.param(False, marks=WITHOUT_SCRIPT)])
def test_a_session_that_ends_in_a_pane_loses_nothing(
    bought: Subscription,
    page: Page,
    sign_in: Callable[[User], None],
    anna: User,
    script: bool,
) -> None:
    sign_in(anna)
    page.goto(f"/subscriptions/{bought.pk}/")
    page.get_by_role("link", name="Cancel subscription").click()
    page.get_by_label("Why are you canceling?").select_option("mistake")
    page.get_by_label("Additional feedback").fill("Twice, by accident")
    Session.objects.all().delete()

    page.get_by_role("button", name="Save").click()
    page.get_by_label("Email").fill(anna.email)
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    heading = page.get_by_role("heading", name="What you entered is not sent yet")
    expect(heading).to_be_visible()
    page.get_by_role("button", name="Send it now").click()

    expect(page.get_by_text(re.compile("The subscription is canceled"))).to_be_visible()
    bought.refresh_from_db()
    assert (bought.cancel_reason, bought.disabled_at is not None) == ("mistake", True)
