"""Passwords, second steps and sessions, in the dark on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from selfservice.accounts.models import User
from tests.browser.shop import *
from tests.browser.test_places import Look, Place, put_on, wrong_with
from tests.cast import PASSWORD
from tests.stripe_sandbox import *

PHONE = Look("dark", width=390)
PAGES = (
    "/accounts/security/",
    "/accounts/sessions/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
)
AGAIN = "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"


@pytest.fixture
def annas(page: Page, anna: User) -> Page:
    """Signed in by the form: these pages ask how and when that was."""
    page.emulate_media(reduced_motion="reduce")
    page.goto("/accounts/login/?next=/accounts/security/")
    page.get_by_label("Email").fill(anna.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/accounts/security/")
    # The first of these asks once more who this is.
    page.goto(AGAIN[0])
    if page.get_by_role("button", name="Confirm").count():
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Set up the app")).to_be_visible()
    return page


def test_each_is_accessible_and_fits(
    annas: Page, accessible: Callable[[Page], list[str]]
) -> None:
    wrong = []
    for path in PAGES + AGAIN:
        wrong += wrong_with(
            annas, Place("accounts", path, pane=False), PHONE, accessible
        )

    assert wrong == []


def test_the_square_can_be_scanned_in_the_dark(annas: Page) -> None:
    put_on(annas, PHONE)
    annas.goto(AGAIN[0])

    square = annas.get_by_role("img", name="A square to scan")

    expect(square).to_have_css("background-color", "rgb(255, 255, 255)")
