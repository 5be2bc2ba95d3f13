"""The whole way through the product, in a browser, in both languages."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from billing.models import BillingProfile, Invoice
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import OrderState, Subscription
from tests.browser.shop import *
from tests.factories.accounts import make_user
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *

GOOD = "4242424242424242"
COLLEAGUES = ("Zoë van den Bergh", "Daan Kuipers", "Yara Özdemir")


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """What stands on the controls in one language."""

    code: str
    shop: str
    details: str
    buy: str
    street: str
    postal_code: str
    city: str
    go_on: str
    licenses: str
    new_card: str
    card: tuple[str, str, str]
    accept: str
    place: str
    confirmed: str
    products: str
    filter: str
    self_service: str
    licenses_page: str
    assign_licenses: str
    assign: str
    close: str
    unassign_licenses: str
    unassign: str
    bills: str
    select: str
    purchases: str


EN = Words(
    code="en",
    shop="Purchase services",
    details="Details of Diagrams Pro",
    buy="Buy: 1 year, billed yearly",
    street="Street and number",
    postal_code="Postal code",
    city="City",
    go_on="Next",
    licenses="Licenses",
    new_card="New card",
    card=("Card number", "Expiration date", "Security code"),
    accept="I accept the",
    place="Place order",
    confirmed="Order confirmed",
    products="Your products",
    filter="Filter",
    self_service="Self-service",
    licenses_page="Licenses",
    assign_licenses="Assign licenses",
    assign="Assign",
    close="Close",
    unassign_licenses="Unassign licenses",
    unassign="Unassign",
    bills="Bills & payments",
    select="Select",
    purchases="Self-service purchases",
)


NL = Words(
    code="nl",
    shop="Services aanschaffen",
    details="Details van Diagrams Pro",
    buy="Kopen: 1 jaar, jaarlijks gefactureerd",
    street="Straat en nummer",
    postal_code="Postcode",
    city="Plaats",
    go_on="Volgende",
    licenses="Licenties",
    new_card="Nieuwe kaart",
    card=("Kaartnummer", "Vervaldatum", "Beveiligingscode"),
    accept="Ik ga akkoord met de",
    place="Order plaatsen",
    confirmed="Order bevestigd",
    products="Uw producten",
    filter="Filter",
    self_service="Selfservice",
    licenses_page="Licenties",
    assign_licenses="Licenties toewijzen",
    assign="Toewijzen",
    close="Sluiten",
    unassign_licenses="Licenties intrekken",
    unassign="Toewijzing opheffen",
    bills="Facturen en betalingen",
    select="Selecteer",
    purchases="Selfserviceaankopen",
)


@pytest.fixture
def colleagues(anna: User) -> list[User]:
    return [make_user(anna.organization, name) for name in COLLEAGUES]


def card_frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Secure card entry']")


def bank_frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='3-D Secure']")


def to_checkout(page: Page, words: Words = EN) -> None:
    """From the shop to Checkout, saying who buys on the way."""
    page.goto("/marketplace/")
    expect(page.get_by_role("heading", name=words.shop)).to_be_visible()
    page.get_by_role("link", name=words.details).click()
    page.get_by_role("link", name=words.buy).click()
    page.get_by_label(words.street).fill("Maaskade 85")
    page.get_by_label(words.postal_code).fill("3071 NE")
    page.get_by_label(words.city).fill("Rotterdam")
    page.get_by_role("button", name=words.go_on).click()


def choose(page: Page, words: Words = EN) -> None:
    # The script listens from then on; the page before this one was loaded long ago.
    expect(page.locator("#order-summary")).to_be_visible()
    page.wait_for_load_state()
    field = page.get_by_label(words.licenses, exact=True)
    field.fill("12")
    field.blur()
    # Nobody accepts an amount that isn't shown yet.
    expect(page.locator("#order-summary")).to_contain_text("714")
    page.get_by_label(words.accept).check()


def enter(page: Page, number: str, words: Words = EN) -> None:
    frame = card_frame(page)
    frame.get_by_label(words.card[0]).fill(number)
    frame.get_by_label(words.card[1]).fill("12 / 34")
    frame.get_by_label(words.card[2]).fill("123")


@pytest.fixture
def at_checkout(
    page: Page,
    sign_in: Callable[[User], None],
    anna: User,
    diagrams: Offer,
    profile: BillingProfile,
) -> Page:
    """Anna, who is known, with 12 licenses in Checkout and the terms accepted."""
    sign_in(anna)
    page.goto(f"/checkout/{diagrams.plan.pk}/")
    choose(page)
    return page


def test_buying_shows_what_is_charged_and_charges_it(
    page: Page, sign_in: Callable[[User], None], anna: User, diagrams: Offer
) -> None:
    sign_in(anna)
    to_checkout(page)
    choose(page)
    expect(page.get_by_text("€714.38").first).to_be_visible()
    enter(page, GOOD)
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()
    expect(page.get_by_text("€714.38 was charged to Visa •••• 4242")).to_be_visible()
    assert Invoice.objects.get().total_minor == 71438


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("4000000000000002", "The bank declined this card"),
        ("4000000000009995", "There isn't enough money on this card"),
        ("4000000000000069", "This card has expired"),
        ("4000000000000341", "The bank declined this card"),
    ],
)
def test_a_card_that_fails_ends_in_a_sentence_and_no_charge(
    at_checkout: Page, complaints: list[str], number: str, sentence: str
) -> None:
    page = at_checkout
    enter(page, number)
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    expect(page.get_by_label("Licenses", exact=True)).to_have_value("12")
    assert not Subscription.objects.filter(order_state=OrderState.CONFIRMED).exists()
    # The browser notes the refusals' status codes.
    complaints.clear()


def test_a_card_may_ask_the_bank_first(at_checkout: Page) -> None:
    page = at_checkout
    enter(page, "4000002500003155")
    page.get_by_role("button", name="Place order").click()
    bank_frame(page).get_by_role("button", name="Complete authentication").click()

    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()


def test_a_bank_that_is_not_convinced_ends_in_a_sentence(
    at_checkout: Page, complaints: list[str]
) -> None:
    page = at_checkout
    enter(page, "4000002500003155")
    page.get_by_role("button", name="Place order").click()
    bank_frame(page).get_by_role("button", name="Fail authentication").click()
    alert = page.get_by_role("alert").filter(has_text="The bank asked you to confirm")
    expect(alert).to_be_visible()
    assert not Subscription.objects.exists()

    enter(page, GOOD)
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()
    complaints.clear()


def test_a_double_click_buys_once(at_checkout: Page) -> None:
    page = at_checkout
    enter(page, GOOD)
    page.get_by_role("button", name="Place order").dblclick()
    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()

    assert Subscription.objects.count() == 1
    assert Invoice.objects.count() == 1


def test_back_after_the_order_shows_the_order(at_checkout: Page) -> None:
    page = at_checkout
    enter(page, GOOD)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()

    page.go_back()
    page.reload()

    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()
    assert Subscription.objects.count() == 1


def test_a_lost_answer_shows_that_it_is_asked_again(
    at_checkout: Page, sandbox: SandboxProcess
) -> None:
    page = at_checkout
    enter(page, GOOD)
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=3)
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_text("nothing is charged twice")).to_be_visible()
    assert Subscription.objects.get().order_state == OrderState.PROCESSING


def test_no_card_number_is_in_the_page(at_checkout: Page) -> None:
    enter(at_checkout, "5555555555554444")

    assert "5555 5555" not in at_checkout.content()
    assert at_checkout.locator("main input[name=number]").count() == 0


def test_checkout_is_accessible(
    at_checkout: Page, accessible: Callable[[Page], list[str]]
) -> None:
    assert accessible(at_checkout) == []


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_javascript_the_card_is_entered_at_stripe(
    page: Page, sign_in: Callable[[User], None], anna: User, diagrams: Offer
) -> None:
    sign_in(anna)
    to_checkout(page)
    page.get_by_label("Licenses", exact=True).fill("12")
    page.get_by_label("Assign a license to me").uncheck()
    page.get_by_role("button", name="Update amount").click()
    expect(page.locator("#order-summary")).to_contain_text("€714.38")
    page.get_by_label("I accept the").check()
    page.get_by_role("button", name="Place order").click()

    page.get_by_label("Card number").fill(GOOD)
    page.get_by_label("Month").fill("12")
    page.get_by_label("Year").fill("2034")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Save card").click()

    expect(page.get_by_label("Licenses", exact=True)).to_have_value("12")
    expect(page.get_by_label("Assign a license to me")).not_to_be_checked()
    page.get_by_label("I accept the").check()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()
    assert Subscription.objects.get().assigned == 0
