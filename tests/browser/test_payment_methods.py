"""Payment methods in a browser, rows 14 to 18 of the journey, in both languages."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

import pytest
import stripe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Locator,
    Page,
    expect,
)

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.browser.shop import *
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import read

LIST = "/billing/payment-methods/"
# The bank asks for 3-D Secure when it is entered.
ASKS = "4000002500003155"
MASTERCARD = "5555555555554444"
CVC = "987"


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """What stands on the controls in one language."""

    code: str
    tab: str
    add: str
    edit: str
    replace: str
    delete: str
    save: str
    close: str
    new_card: str
    name: str
    year: str
    code_button: str
    card: tuple[str, str, str]


EN = Words(
    code="en",
    tab="Payment methods",
    add="Add a payment method",
    edit="Edit",
    replace="Replace",
    delete="Delete",
    save="Save",
    close="Close",
    new_card="New card",
    name="Name on card",
    year="Year",
    code_button="Change security code",
    card=("Card number", "Expiration date", "Security code"),
)
NL = Words(
    code="nl",
    tab="Betalingswijzen",
    add="Een betalingswijze toevoegen",
    edit="Bewerken",
    replace="Vervangen",
    delete="Verwijderen",
    save="Opslaan",
    close="Sluiten",
    new_card="Nieuwe kaart",
    name="Naam op de kaart",
    year="Jaar",
    code_button="Beveiligingscode wijzigen",
    card=("Kaartnummer", "Vervaldatum", "Beveiligingscode"),
)


class Heard(logging.Handler):
    """Every line that the portal logs."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def overheard(context: BrowserContext, live_server: object) -> Iterator[list[str]]:
    """Whatever the browser sends to the portal, and whatever the portal logs."""
    heard = Heard()
    root = logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    portal: str = live_server.url

    def listen(request: object) -> None:
        url: str = request.url
        if url.startswith(portal):
            body = request.post_data or ""
            heard.lines.append(f"{url} {body}")

    context.on("request", listen)
    yield heard.lines
    root.removeHandler(heard)
    root.setLevel(level)


def card_frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Secure card entry']")


def enter(page: Page, words: Words, number: str) -> None:
    fields = card_frame(page)
    for label, value in zip(words.card, (number, "12 / 34", CVC), strict=True):
        fields.get_by_label(label).fill(value)


def speak(context: BrowserContext, words: Words) -> None:
    context.set_extra_http_headers({"Accept-Language": words.code})


@dataclasses.dataclass(frozen=True, slots=True)
class Journey:
    """One step after the other, each looked at in English."""

    page: Page
    words: Words
    accessible: Callable[[Page], list[str]]

    @property
    def pane(self) -> Locator:
        return self.page.locator("#pane")

    def look(self) -> None:
        assert self.words is not EN or self.accessible(self.page) == []

    def card(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def save(self) -> None:
        self.pane.get_by_role("button", name=self.words.save).click()

    def close(self) -> None:
        self.pane.get_by_role("link", name=self.words.close, exact=True).last.click()

    def add_with_the_bank(self) -> None:
        """Row 18: a card is added, and the bank asks for it."""
        self.page.locator("summary", has_text=self.words.add).click()
        self.page.locator(".menu-list").get_by_role("link", name=self.words.add).click()
        enter(self.page, self.words, ASKS)
        self.look()
        self.save()
        bank = self.page.frame_locator("iframe[title='3-D Secure']")
        bank.get_by_role("button").first.click()
        expect(self.card("Visa •••• 3155")).to_be_visible()
        expect(self.pane).not_to_be_visible()

    def edit(self) -> None:
        """Row 17: one is selected, and edited."""
        self.card("Visa •••• 4242").click()
        self.look()
        self.pane.get_by_role("link", name=self.words.edit).click()
        self.pane.get_by_label(self.words.name).fill("A. de Vries")
        self.pane.get_by_label(self.words.year).select_option("2033")
        self.look()
        self.save()
        expect(self.pane.get_by_text("12/2033")).to_be_visible()
        self.close()
        expect(self.page.locator("#list").get_by_text("A. de Vries")).to_be_visible()

    def change_its_code(self) -> None:
        """Another card is refused, the same one taken."""
        self.card("Visa •••• 4242").click()
        self.pane.get_by_role("link", name=self.words.edit).click()
        self.pane.get_by_role("link", name=self.words.code_button).click()
        enter(self.page, self.words, MASTERCARD)
        self.save()
        alert = self.pane.get_by_role("alert").first
        expect(alert).to_contain_text(self.words.replace)
        enter(self.page, self.words, "4242424242424242")
        self.save()
        expect(self.pane.get_by_text("12/2034")).to_be_visible()

    def replace_by_a_new_one(self) -> None:
        """Rows 14 and 15."""
        self.pane.get_by_role("link", name=self.words.replace, exact=True).click()
        expect(self.pane.get_by_text("Diagrams Pro")).to_be_visible()
        self.pane.get_by_label(self.words.new_card).check()
        enter(self.page, self.words, MASTERCARD)
        self.look()
        self.pane.get_by_role("button", name=self.words.replace).click()
        heading = self.pane.get_by_role("heading", name="Mastercard •••• 4444")
        expect(heading).to_be_visible()
        self.close()

    def delete_what_pays_for_nothing(self) -> None:
        row = self.page.get_by_role("row").filter(has_text="Visa •••• 3155")
        row.locator("[data-menu]").click()
        row.get_by_role("link", name=self.words.delete).click()
        self.pane.get_by_role("button", name=self.words.delete).click()
        expect(self.card("Visa •••• 3155")).to_have_count(0)
        self.look()


def no_card_was_told(overheard: list[str]) -> None:
    told = [unquote_plus(line) for line in overheard]
    assert any("setup_intent=seti_" in line for line in told)
    for secret in (ASKS, MASTERCARD, "4242424242424242", CVC):
        spaced = " ?".join(secret)
        leaked = [line for line in told if re.search(rf"\b{spaced}\b", line)]
        assert leaked == []


@pytest.mark.parametrize("words", [EN, NL], ids=lambda words: words.code)
def test_the_journey_of_a_card(
    page: Page,
    context: BrowserContext,
    words: Words,
    bought: Subscription,
    anna: User,
    sign_in: Callable[[User], None],
    accessible: Callable[[Page], list[str]],
    overheard: list[str],
    complaints: list[str],
) -> None:
    sign_in(anna)
    speak(context, words)
    journey = Journey(page, words, accessible)
    page.goto("/billing/invoices/")
    page.get_by_role("link", name=words.tab).click()
    expect(journey.card("Visa •••• 4242")).to_be_visible()

    journey.add_with_the_bank()
    assert read(bought).card.last4 == "4242"
    journey.edit()
    journey.change_its_code()
    journey.replace_by_a_new_one()
    assert read(bought).card.last4 == "4444"
    journey.delete_what_pays_for_nothing()

    # The card that was another one.
    assert [text for text in complaints if "422" not in text] == []
    complaints.clear()
    no_card_was_told(overheard)


def test_a_menu_stays_open_when_its_list_is_read_again(
    page: Page, visa: PaymentMethod, anna: User, sign_in: Callable[[User], None]
) -> None:
    sign_in(anna)
    page.goto(LIST)
    page.locator("[data-menu]").click()
    first = page.locator(".menu-cell .menu-list a").first
    expect(first).to_be_focused()
    before = first.element_handle()

    page.evaluate("htmx.trigger(document.body, 'cards:changed')")

    page.wait_for_function("link => !link.isConnected", arg=before)
    expect(first).to_be_focused()
    first.press("Escape")
    expect(first).to_have_count(0)
    expect(page.locator("[data-menu]")).to_be_focused()


def test_without_a_script_stripes_page_takes_the_card(
    browser: Browser,
    context: BrowserContext,
    live_server: object,
    profile: BillingProfile,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
    anna: User,
    sign_in: Callable[[User], None],
) -> None:
    sign_in(anna)
    plain = browser.new_context(
        java_script_enabled=False,
        base_url=live_server.url,
    )
    plain.add_cookies(context.cookies())
    page = plain.new_page()
    page.goto(LIST)

    page.locator("summary", has_text="Add a payment method").click()
    page.get_by_role("link", name="Add a payment method").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Card number").fill(MASTERCARD)
    page.get_by_label("Month").fill("12")
    page.get_by_label("Year").fill("2034")
    page.get_by_label("Security code").fill(CVC)
    page.get_by_role("button", name="Save card").click()
    expect(page.get_by_text("Entered just now")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Mastercard •••• 4444 was added.")).to_be_visible()

    page.get_by_role("link", name="Visa •••• 4242", exact=True).click()
    page.get_by_role("link", name="Replace", exact=True).click()
    page.get_by_label("Mastercard •••• 4444").check()
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_text("Mastercard •••• 4444 pays from now on.")).to_be_visible()
    plain.close()
