"""A passkey, with a virtual authenticator in the browser: made, used, and removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import CDPSession, Page, expect

from selfservice.accounts.models import User
from tests.cast import PASSWORD

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def reader(page: Page) -> Iterator[tuple[CDPSession, str]]:
    """The finger reader of a laptop, which always says yes."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield cdp, made["authenticatorId"]
    cdp.detach()


def credentials(reader: tuple[CDPSession, str]) -> list[object]:
    cdp, which = reader
    found = cdp.send("WebAuthn.getCredentials", {"authenticatorId": which})
    return list(found["credentials"])


def sign_out(page: Page) -> None:
    page.goto(urljoin(page.url, "/accounts/logout/"))
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


def to_add(page: Page, anna: User) -> None:
    """Sign in by password, and ask for a passkey."""
    page.get_by_label("Email").fill(anna.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    passkeys = page.get_by_role("listitem").filter(has_text="Passkeys")
    passkeys.get_by_role("link", name="Manage").click()
    page.get_by_role("link", name="Add").click()


def remove(page: Page) -> None:
    page.get_by_role("link", name="Delete").click()
    # Asked again: with the passkey itself.
    with page.expect_navigation():  # the button needs its script
        page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a security key").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/accounts/2fa/webauthn/")


def test_made_used_and_removed(
    page: Page,
    live_server: Any,
    anna: User,
    reader: tuple[CDPSession, str],
    accessible: Callable[[Page], list[str]],
) -> None:
    page.goto(f"{live_server.url}/accounts/login/?next=/accounts/security/")
    to_add(page, anna)

    # Before that it is asked once more who this is.
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/webauthn/add/")
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    assert accessible(page) == []
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Sign in with it without a password").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    assert len(credentials(reader)) == 1
    made = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert (made.user_id, made.last_used_at) == (anna.pk, None)

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    made.refresh_from_db()
    assert made.last_used_at is not None

    page.goto(f"{live_server.url}/accounts/2fa/webauthn/")
    remove(page)
    assert not Authenticator.objects.filter(type="webauthn").exists()

    # The device still has it; here nobody knows it any more.
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey isn't known here")).to_be_visible()
    page.goto(f"{live_server.url}/help/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
