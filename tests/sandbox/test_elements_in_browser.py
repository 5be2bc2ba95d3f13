"""The stand-in for Stripe.js in a real browser, under the portal's policy.

The page's own script is the portal's `card.js`, so that this is the call order
which also meets Stripe's real script.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.chromium import *
from tests.browser.chromium import CHROMIUM
from tests.browser.complaints import *
from tests.sandbox.card_page import CardPage
from tests.sandbox.shop import Shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CI"),
        reason="no Chromium found: set CHROMIUM",
    ),
]
REFUSED = "Failed to load resource"


@pytest.fixture
def card_page(shop: Shop) -> Iterator[CardPage]:
    made = CardPage(shop)
    yield made
    made.stop()


@pytest.fixture
def form(page: Page, card_page: CardPage) -> Page:
    page.goto(card_page.url)
    return page


def card(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Secure card entry']")


def bank(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='3-D Secure']")


def enter(page: Page, number: str) -> None:
    card(page).get_by_label("Card number").fill(number)
    card(page).get_by_label("Expiration date").fill("1234")
    card(page).get_by_label("Security code").fill("123")


def place(page: Page) -> None:
    page.get_by_role("button", name="Place order").click()


def forget_refusals(complaints: list[str]) -> None:
    """The browser notes every answer that is no 200; anything else stays."""
    complaints[:] = [said for said in complaints if REFUSED not in said]


def test_a_page_can_look_at_its_setup_intent(
    form: Page, card_page: CardPage, shop: Shop
) -> None:
    intent = shop.v1.setup_intents.create({"customer": card_page.customer_id})
    asked = """async (secret) => {
        const found = await Stripe("pk_test_page").retrieveSetupIntent(secret);
        return found.setupIntent?.status ?? found.error.code;
    }"""

    # The script asks across origins, as Stripe's own does.
    assert form.evaluate(asked, intent.client_secret) == "requires_payment_method"


def test_a_card_is_confirmed_and_the_form_goes_on(
    form: Page, card_page: CardPage, shop: Shop
) -> None:
    enter(form, "4242424242424242")
    place(form)

    expect(form.get_by_role("heading", name="Done")).to_be_visible()
    intent = shop.v1.setup_intents.retrieve(card_page.placed[0])
    assert intent.status == "succeeded"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000009995", "Your card has insufficient funds."),
        ("4111111111111111", "only Stripe's test cards work here"),
    ],
)
def test_a_refused_card_is_explained_and_can_be_replaced(
    form: Page,
    card_page: CardPage,
    complaints: list[str],
    number: str,
    sentence: str,
) -> None:
    enter(form, number)
    place(form)
    expect(form.get_by_role("alert")).to_contain_text(sentence)
    assert card_page.placed == []

    enter(form, "4242424242424242")
    place(form)
    expect(form.get_by_role("heading", name="Done")).to_be_visible()
    forget_refusals(complaints)


@pytest.mark.parametrize(
    ("answer", "placed"), [("Complete authentication", 1), ("Fail authentication", 0)]
)
def test_the_bank_asks_over_the_page(
    form: Page,
    card_page: CardPage,
    complaints: list[str],
    answer: str,
    placed: int,
) -> None:
    enter(form, "4000002500003155")
    place(form)
    bank(form).get_by_role("button", name=answer).click()

    if placed:
        expect(form.get_by_role("heading", name="Done")).to_be_visible()
    else:
        expect(form.get_by_role("alert")).to_contain_text("unable to authenticate")
        expect(form.locator("dialog")).to_have_count(0)
    assert len(card_page.placed) == placed
    forget_refusals(complaints)


def test_escape_at_the_bank_is_a_refusal(
    form: Page,
    complaints: list[str],
) -> None:
    enter(form, "4000002500003155")
    place(form)
    expect(bank(form).get_by_role("button").first).to_be_visible()
    form.keyboard.press("Escape")

    expect(form.get_by_role("alert")).to_contain_text("unable to authenticate")
    forget_refusals(complaints)


def test_an_incomplete_number_is_not_sent(form: Page, card_page: CardPage) -> None:
    enter(form, "4242 4242")
    place(form)

    expect(form.get_by_role("alert")).to_contain_text("card number is incomplete")
    number = card(form).get_by_label("Card number")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_be_focused()
    assert card_page.placed == []


def test_no_digit_of_a_card_is_in_the_page(form: Page) -> None:
    enter(form, "5555555555554444")

    expect(card(form).get_by_label("Card number")).to_have_value("5555 5555 5555 4444")
    assert "5555" not in form.content()
    # The page can't look inside: the frame is of another origin.
    assert form.evaluate("document.querySelector('iframe').contentDocument") is None


def test_the_frame_speaks_the_pages_language(page: Page, card_page: CardPage) -> None:
    page.goto(f"{card_page.url}/nl")

    expect(card(page).get_by_label("Kaartnummer")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "system", "text"),
    [
        ("/", "light", "rgb(36, 36, 36)"),
        ("/", "dark", "rgb(255, 255, 255)"),
        # The page is dark although the system is light.
        ("/dark", "light", "rgb(255, 255, 255)"),
    ],
)
def test_the_frame_is_see_through_in_the_pages_colours(
    page: Page, card_page: CardPage, path: str, system: str, text: str
) -> None:
    page.emulate_media(color_scheme=system)
    page.goto(f"{card_page.url}{path}")
    label = card(page).get_by_text("Card number")
    expect(label).to_have_css("color", text)

    body = label.evaluate("getComputedStyle(document.body).backgroundColor")
    inside = label.evaluate("getComputedStyle(document.documentElement).colorScheme")
    around = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert body == "rgba(0, 0, 0, 0)"
    # A browser paints a frame's canvas where the two differ.
    assert inside == around
