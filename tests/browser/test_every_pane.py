"""Every pane: in two tabs, and when the session ends while somebody fills it in.

`make test` takes a few of them, BROWSER=every all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from selfservice.accounts.models import User
from tests.browser.house import *
from tests.browser.house import House, Place
from tests.browser.shop import *
from tests.browser.test_places import EVERY
from tests.stripe_sandbox import *

# Without a script a pane asks nothing more once it is shown.
pytestmark = pytest.mark.browser_context_args(java_script_enabled=False)
SOME = 1 if EVERY else 6
FORM = "main form[method=post]:not([data-own])"
TYPED = ":is(textarea, input:is([type=text], [type=number], [type=email])):visible"
CHOSEN = ":is([type=radio], [type=checkbox]):not(:checked, :disabled):visible"


@pytest.fixture
def panes(house: House, client: Client) -> list[Place]:
    return [place for place in house.places(client, house.anna) if place.pane][::SOME]


def change(form: Locator) -> tuple[Locator, str] | None:
    """Enter something; where, and what it is now. None where nothing can be."""
    box = form.locator(TYPED).first
    if box.count():
        number = box.get_attribute("type") == "number"
        box.fill("7" if number else "anna@noordzee.example")
        return box, box.input_value()
    free = form.locator(CHOSEN).first
    if not free.count():
        return None
    name, value = free.get_attribute("name"), free.get_attribute("value")
    # What was free isn't any more: it is found by what it stands for.
    stands_for = f"[value='{value}']" if value else ":not([value])"
    box = form.locator(f"[name='{name}']{stands_for}").first
    box.check()
    return box, value or "on"


def test_two_tabs_of_any_pane_know_nothing_of_each_other(
    house: House,
    panes: list[Place],
    context: BrowserContext,
    sign_in: Callable[[User], None],
) -> None:
    sign_in(house.anna)
    one, other = context.new_page(), context.new_page()
    changed = []
    for place in panes:
        one.goto(place.path)
        other.goto(place.path)
        entered = change(other.locator(FORM).first)
        one.reload()
        if entered is None:
            continue
        box, value = entered
        changed.append(place.name)
        if box.get_attribute("type") in {"radio", "checkbox"}:
            expect(box).to_be_checked()
        else:
            expect(box).to_have_value(value)

    assert len(changed) * 2 >= len(panes), changed


def test_no_pane_loses_what_was_entered_when_the_session_ends(
    house: House,
    panes: list[Place],
    page: Page,
    sign_in: Callable[[User], None],
    complaints: list[str],
) -> None:
    kept = []
    for place in panes:
        sign_in(house.anna)
        page.goto(place.path)
        form = page.locator(FORM).first
        button = page.locator(".pane-foot button[form]")
        if not form.count() or not button.count():
            continue
        entered = change(form)
        name = entered[0].get_attribute("name") if entered else None
        Session.objects.all().delete()
        button.first.click()
        page.get_by_label("Email").fill(house.anna.email)
        page.get_by_label("Password").fill("demo")
        page.get_by_role("button", name="Sign in", exact=True).click()
        asks = page.get_by_role("heading", name="What you entered is not sent yet")
        expect(asks).to_be_visible()
        if entered:
            values = page.locator(f"main input[name='{name}']").all()
            assert entered[1] in [box.input_value() for box in values], place
        with page.expect_navigation() as sent:
            page.get_by_role("button", name="Send it now").click()
        assert sent.value is not None
        assert sent.value.status < 500, place
        kept.append(place.name)

    assert len(kept) * 2 >= len(panes), kept
    # The browser notes what the panes refused.
    complaints[:] = [said for said in complaints if "422" not in said]
