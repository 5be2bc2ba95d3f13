"""Double clicks and second tabs: never charged twice, never paid back twice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import stripe
from playwright.sync_api import BrowserContext, Page, expect

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.browser.shop import *
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import given_back, invoices_at_stripe, read, settle

UNDER_WAY = "Another change of this subscription is under way."
CHANGED = "Something has changed since this was shown, so nothing was done."
WITHOUT_SCRIPT = pytest.mark.browser_context_args(java_script_enabled=False)
AMOUNT = re.compile(r"€([\d.]+)")


@pytest.fixture
def tabs(
    bought: Subscription,
    context: BrowserContext,
    sign_in: Callable[[User], None],
    anna: User,
) -> list[Page]:
    """Two tabs of the same person, on the subscription's page."""
    sign_in(anna)
    opened = [context.new_page(), context.new_page()]
    for page in opened:
        page.goto(f"/subscriptions/{bought.pk}/")
    return opened


def ask_for(page: Page, total: int) -> int:
    """Open Buy licenses and enter a number; the amount that is shown, in cents."""
    page.get_by_role("link", name="Buy licenses").click()
    page.get_by_label("Total licenses").fill(str(total))
    return shown(page, total)


def shown(page: Page, total: int) -> int:
    expect(page.locator("#change")).to_contain_text(f"{total} ×")
    pays = page.locator("#change .total").inner_text()
    found = AMOUNT.search(pays)
    assert found, pays
    return int(found[1].replace(".", ""))


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def charges(client: stripe.StripeClient, subscription: Subscription) -> list[int]:
    """What was paid after the purchase, oldest first, in cents."""
    found = invoices_at_stripe(client, subscription)
    return [invoice.total for invoice in reversed(found)][1:]


def test_a_double_click_on_save_charges_once(
    tabs: list[Page],
    bought: Subscription,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    page = tabs[0]
    amount = ask_for(page, 15)
    sandbox.fault("slow_before", "POST", "/v1/subscriptions/", seconds=1)

    page.get_by_role("button", name="Save").dblclick()

    expect(page.get_by_text("3 licenses added.")).to_be_visible()
    assert charges(stripe_client, bought) == [amount]
    assert len(sandbox.calls("POST", "/v1/subscriptions/")) == 1


def test_while_one_save_is_under_way_another_waits_and_is_confirmed_again(
    tabs: list[Page],
    bought: Subscription,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    complaints: list[str],
) -> None:
    first, second = tabs
    amount = ask_for(first, 15)
    ask_for(second, 20)
    sandbox.fault("slow_before", "POST", "/v1/subscriptions/", seconds=2)

    save(first)
    first.wait_for_timeout(500)
    save(second)

    expect(second.get_by_role("alert")).to_contain_text(UNDER_WAY)
    expect(first.get_by_text("3 licenses added.")).to_be_visible()
    save(second)
    again = shown(second, 20)
    assert charges(stripe_client, bought) == [amount]
    save(second)
    expect(second.get_by_text("5 licenses added.")).to_be_visible()
    assert charges(stripe_client, bought) == [amount, again]
    assert read(bought).quantity == 20
    complaints.clear()  # the refusals' status codes


def test_a_save_of_what_is_no_longer_so_shows_the_new_amount(
    tabs: list[Page],
    bought: Subscription,
    stripe_client: stripe.StripeClient,
    complaints: list[str],
) -> None:
    first, second = tabs
    amount = ask_for(first, 15)
    old = ask_for(second, 20)
    save(first)
    expect(first.get_by_text("3 licenses added.")).to_be_visible()

    save(second)

    expect(second.get_by_role("alert")).to_contain_text(CHANGED)
    again = shown(second, 20)
    assert again < old
    assert charges(stripe_client, bought) == [amount]
    save(second)
    expect(second.get_by_text("5 licenses added.")).to_be_visible()
    assert charges(stripe_client, bought) == [amount, again]
    complaints.clear()


@WITHOUT_SCRIPT
def test_without_script_two_tabs_charge_what_each_confirmed(
    tabs: list[Page],
    bought: Subscription,
    stripe_client: stripe.StripeClient,
    complaints: list[str],
) -> None:
    for page, total in zip(tabs, (15, 20), strict=True):
        page.get_by_role("link", name="Buy licenses").click()
        page.get_by_label("Total licenses").fill(str(total))
        page.get_by_role("button", name="Show the amount").click()
        shown(page, total)
    first, second = tabs
    save(first)
    expect(first.get_by_text("3 licenses added.")).to_be_visible()

    save(second)

    expect(second.get_by_role("alert")).to_contain_text(CHANGED)
    again = shown(second, 20)
    save(second)
    expect(second.get_by_text("5 licenses added.")).to_be_visible()
    assert charges(stripe_client, bought)[1:] == [again]
    complaints.clear()


@pytest.mark.parametrize("script", [True, pytest.param(False, marks=WITHOUT_SCRIPT)])
def test_two_tabs_that_cancel_pay_back_once(
    tabs: list[Page],
    bought: Subscription,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    complaints: list[str],
    script: bool,
) -> None:
    for page in tabs:
        page.get_by_role("link", name="Cancel subscription").click()
        page.get_by_label("Why are you canceling?").select_option("mistake")
    first, second = tabs
    sandbox.fault("slow_before", "DELETE", "/v1/subscriptions/", seconds=1)
    first.get_by_role("button", name="Save").dblclick()
    said = first.get_by_text("The subscription is canceled.")
    expect(said if script else first.get_by_role("alert").or_(said)).to_be_visible()

    save(second)

    expect(second.get_by_role("alert")).to_be_visible()
    settle()
    assert given_back(stripe_client, bought) == 71438
    assert len(sandbox.calls("POST", "/v1/credit_notes")) == 1
    complaints.clear()


@pytest.mark.parametrize("script", [True, pytest.param(False, marks=WITHOUT_SCRIPT)])
def test_one_order_in_two_tabs_is_bought_once(
    context: BrowserContext,
    sign_in: Callable[[User], None],
    anna: User,
    diagrams: Offer,
    visa: PaymentMethod,
    sandbox: SandboxProcess,
    complaints: list[str],
    script: bool,
) -> None:
    sign_in(anna)
    first, second = context.new_page(), context.new_page()
    first.goto(f"/checkout/{diagrams.plan.pk}/?quantity=12")
    second.goto(first.url)
    for page in (first, second):
        page.get_by_label("Visa").check()
        page.get_by_label("I accept the").check()
    sandbox.fault("slow_before", "POST", "/v1/subscriptions", seconds=2)

    button = first.get_by_role("button", name="Place order")
    button.dblclick() if script else button.click()
    second.get_by_role("button", name="Place order").click()

    for page in (first, second):
        confirmed = page.get_by_role("heading", name="Order confirmed")
        expect(confirmed).to_be_visible(timeout=15_000)
    assert first.url == second.url
    assert len(sandbox.calls("POST", "/v1/subscriptions")) == 1
    assert Subscription.objects.count() == 1
    complaints.clear()


def test_a_pane_whose_opener_is_gone_leaves_the_focus_at_the_heading(
    tabs: list[Page],
) -> None:
    page = tabs[0]
    page.get_by_role("link", name="Cancel subscription").click()
    page.get_by_label("Why are you canceling?").select_option("mistake")

    save(page)

    expect(page.get_by_text("The subscription is canceled.")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel subscription")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
