"""The user's journey, row by row: what the portal exists for.

A function a row, or a few of them; each begins where the one before ended. `buyer`
is Anna, who has bought nothing yet; 21 is done by an admin.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from billing.models import BillingProfile, Invoice, PaymentMethod
from selfservice.subscriptions.models import Subscription
from tests.browser.walking import Walker
from tests.subscriptions.changing import settle

CARD, MASTERCARD, AMEX = "4242424242424242", "5555555555554444", "378282246310005"
COMPANY = "Noordzee Advies"
PRODUCT, TRIAL = "Diagrams Pro", "Flow Automation"
PEOPLE = ("Zoë van den Bergh", "Daan Kuipers", "Yara Özdemir")
TIP = "https://portal.other.example/"


def sign_in(walk: Walker, email: str) -> None:
    """23: whoever is served by another portal is told so at the door."""
    walk.page.goto("/accounts/login/")
    walk.arrives(walk.say("Sign in"))
    expect(walk.page.get_by_role("link", name=TIP)).to_be_visible()
    walk.fill("Email", email)
    walk.fill("Password", "demo")
    walk.press("Sign in")


def buy(walk: Walker) -> None:
    """1, by buying: 12 licenses with a new card."""
    _to_checkout(walk, PRODUCT, "Buy: 1 year, billed yearly")
    walk.fill("Street and number", "Maaskade 85")
    walk.fill("Postal code", "3071 NE")
    walk.fill("City", "Rotterdam")
    walk.press("Next")
    walk.arrives(walk.say("Checkout"))
    walk.fill("Licenses", "12")
    walk.leave() if walk.way.script else walk.press("Update amount")
    # Nobody accepts an amount that isn't shown yet.
    summary = walk.page.get_by_role("region", name=PRODUCT)
    expect(summary).to_contain_text(re.compile(r"714[.,]38"))
    _accept(walk)
    if walk.way.script:
        _enter_card(walk)
    walk.press("Place order")
    if not walk.way.script:
        _enter_card_at_stripe(walk)
        walk.arrives(walk.say("Checkout"))
        _accept(walk)
        walk.press("Place order")
    walk.arrives(walk.say("Order confirmed"))
    assert Invoice.objects.get().total_minor == 71438


def _to_checkout(walk: Walker, product: str, button: str) -> None:
    walk.go("Purchase services")
    walk.arrives(walk.say("Purchase services"))
    walk.press(f"Details of {product}")
    walk.arrives(product)
    plans = walk.page.get_by_role("heading", name=walk.say("Select a plan"))
    expect(plans).to_be_visible()
    walk.press(button)
    walk.arrives(walk.say("Checkout"))


def _accept(walk: Walker) -> None:
    walk.tick(re.compile(walk.say("I accept the")))


def _enter_card(walk: Walker, number: str = CARD) -> None:
    fields = walk.frame("Secure card entry").locator("body")
    walk.fill("Card number", number, within=fields)
    walk.fill("Expiration date", "12 / 34", within=fields)
    walk.fill("Security code", "1234" if number == AMEX else "123", within=fields)


def _enter_card_at_stripe(walk: Walker, number: str = CARD) -> None:
    """On Stripe's own page, and back."""
    values = {
        "Card number": number,
        "Month": "12",
        "Year": "2034",
        "Security code": "1234" if number == AMEX else "123",
    }
    for label, value in values.items():
        walk.fill(label, value)
    walk.press("Save card")


def start_a_trial(walk: Walker) -> None:
    """1, by a trial, with the card of before."""
    _to_checkout(walk, TRIAL, "Start free trial")
    walk.choose(re.compile("Visa •••• 4242"))
    _accept(walk)
    walk.press("Place order")
    walk.arrives(walk.say("Order confirmed"))
    walk.sees(walk.say("The trial has started."))


def find_the_subscription(walk: Walker) -> None:
    """2, 3 and 4: the list, its filter, a subscription's page."""
    walk.go("Your products")
    walk.arrives(walk.say("Your products"))
    tabs = walk.page.get_by_role("navigation", name=walk.say("Your products"))
    tab = tabs.get_by_role("link", name=walk.say("Products"))
    expect(tab).to_have_attribute("aria-current", "page")
    walk.open_menu("Filter")
    walk.press("Self-service")
    expect(walk.page).to_have_url(re.compile("channel=self-service"))
    walk.press_named(PRODUCT)
    walk.arrives(PRODUCT)


def change_the_number(walk: Walker) -> None:
    """5 and 6: the box takes the new total."""
    for button, total in (("Buy licenses", 15), ("Remove licenses", 14)):
        walk.press(button)
        walk.opens(button)
        walk.fill("Total licenses", str(total))
        if walk.way.script:
            walk.leave()
        else:
            walk.press("Show the amount")
            walk.opens(button)
        happens = walk.here.get_by_text(re.compile(f"{total} × "))
        expect(happens.first).to_be_visible()
        walk.press("Save")
        walk.sees(re.compile(f"^{total} {walk.say('licenses')}"))
        expect(walk.page.get_by_role("dialog")).to_have_count(0)
    assert _bought(PRODUCT).quantity == 14


def _bought(product: str) -> Subscription:
    return Subscription.objects.get(product__name=product)


def see_licenses(walk: Walker) -> None:
    """7: one row a product."""
    walk.go("Licenses")
    walk.arrives(walk.say("Licenses"))
    expect(_row(walk, PRODUCT)).to_contain_text("1/14")
    expect(_row(walk, TRIAL)).to_contain_text("1/25")
    walk.press_named(PRODUCT)
    walk.arrives(PRODUCT)


def _row(walk: Walker, text: str) -> Locator:
    return walk.page.get_by_role("row").filter(has_text=text)


def assign(walk: Walker) -> None:
    """8: people of one's own organization, by typing their names."""
    walk.press("Assign licenses")
    walk.opens("Assign licenses to users")
    label = walk.say("People from Noordzee Advies")
    for name in PEOPLE:
        box = walk.here.get_by_role("combobox", name=label)
        walk.fill_in(box, name.split()[-1][:4])
        if not walk.way.script:
            walk.press("Find")
            walk.opens("Assign licenses to users")
            walk.tick(re.compile(name))
            continue
        option = walk.here.get_by_role("option", name=re.compile(name))
        expect(option).to_be_visible()
        walk.page.keyboard.press("Enter") if walk.way.keyboard else option.click()
    walk.press("Assign")
    if walk.way.script:
        expect(_row(walk, PEOPLE[-1])).to_be_attached()
        walk.press("Close")
    for name in PEOPLE:
        expect(_row(walk, name)).to_be_visible()


def unassign(walk: Walker) -> None:
    """9: a question first, then it is free at once."""
    walk.tick(walk.say("Select Daan Kuipers"))
    walk.press("Unassign licenses")
    walk.opens("Unassign licenses")
    walk.press("Unassign")
    expect(_row(walk, "Daan Kuipers")).to_have_count(0)
    expect(_row(walk, "Yara Özdemir")).to_be_visible()
    assert _bought(PRODUCT).assigned == 3


def cancel(walk: Walker) -> None:
    """10: from the row's three dots, inside the seven days."""
    walk.go("Your products")
    walk.arrives(walk.say("Your products"))
    # The worker, which finishes paying back what row 6 gave up, isn't part of tests.
    settle()
    walk.press("More actions", within=_row(walk, PRODUCT))
    walk.press("Cancel subscription")
    walk.opens("Cancel subscription")
    walk.select("Why are you canceling?", "Bought by mistake")
    walk.fill("Additional feedback", "Thank you.")
    walk.press("Save")
    walk.sees(walk.say("Disabled"))
    assert _bought(PRODUCT).disabled_at


def open_the_billing_profile(walk: Walker) -> None:
    """11, 12 and 13: the account, its profiles, one of them."""
    walk.go("Billing accounts")
    walk.arrives(walk.say("Billing accounts"))
    expect(walk.named(walk.say("Overview"), "link")).to_be_visible()
    walk.press_on(walk.page.get_by_role("row").get_by_role("link", name=COMPANY))
    walk.arrives(COMPANY)
    walk.press("Billing profile")
    expect(walk.page).to_have_url(re.compile("/profiles/$"))
    walk.arrives(COMPANY)
    walk.press_on(walk.page.get_by_role("row").get_by_role("link", name=COMPANY))
    expect(walk.page).to_have_url(re.compile("/billing/profiles/[^/]+/$"))
    walk.arrives(COMPANY)
    section = walk.page.get_by_role(
        "region", name=walk.say("Invoice and billing notifications")
    )
    expect(section).to_contain_text(walk.say("Payment method"))


def edit_its_payment_method(walk: Walker) -> None:
    """14: what may be changed of a card."""
    walk.press("Edit the payment method")
    walk.opens("Edit payment method")
    walk.fill("Name on card", "A. de Vries")
    walk.press("Save")
    if walk.way.script:
        _shows_the_card(walk, "A. de Vries")
    else:  # back whence it was opened
        walk.sees(walk.say("Visa •••• 4242 was changed."))
        walk.arrives(COMPANY)
    assert _cards()["4242"].holder_name == "A. de Vries"


def _shows_the_card(walk: Walker, holder: str) -> None:
    """Saved: the card's pane stays, with what it says now."""
    expect(walk.here.get_by_text(holder).first).to_be_visible(timeout=15_000)
    if walk.way.script:
        walk.press("Close")
        expect(walk.page.get_by_role("dialog")).to_have_count(0)


def _cards() -> dict[str, PaymentMethod]:
    return {card.last4: card for card in PaymentMethod.objects.all()}


def replace_its_payment_method(walk: Walker) -> None:
    """15: by a new card, which pays from then on."""
    walk.press("Replace the payment method")
    walk.opens("Replace payment method")
    walk.choose(re.compile(walk.say("New card")))
    if walk.way.script:
        _enter_card(walk, MASTERCARD)
    walk.press("Replace")
    if not walk.way.script:
        _enter_card_at_stripe(walk, MASTERCARD)
        walk.opens("Replace payment method")
        walk.press("Replace")
    expect(walk.here.get_by_text("4444").first).to_be_visible(timeout=15_000)
    if walk.way.script and walk.page.get_by_role("dialog").count():
        walk.press("Close")
    profile = BillingProfile.objects.get()
    assert profile.payment_method == _cards()["4444"]
    assert _bought(TRIAL).payment_method == _cards()["4444"]


def look_after_payment_methods(walk: Walker) -> None:
    """16, 17 and 18: the list, one of it, another one."""
    walk.go("Bills & payments")
    walk.arrives(walk.say("Bills & payments"))
    walk.press("Payment methods")
    expect(walk.page).to_have_url(re.compile("/payment-methods/"))
    walk.arrives(walk.say("Bills & payments"))
    walk.press_named("Visa •••• 4242")
    walk.opens_named("Visa •••• 4242")
    walk.press("Edit")
    walk.opens("Edit payment method")
    walk.fill("Name on card", "Anna de Vries")
    walk.press("Save")
    _shows_the_card(walk, "Anna de Vries")
    if not walk.way.script:
        walk.press("Close")
    expect(_row(walk, "Visa •••• 4242")).to_contain_text("Anna de Vries")
    walk.open_menu("Add a payment method")
    walk.press("Add a payment method")
    walk.opens("Add a payment method")
    if walk.way.script:
        _enter_card(walk, AMEX)
    walk.press("Save")
    if not walk.way.script:
        _enter_card_at_stripe(walk, AMEX)
        walk.opens("Add a payment method")
        walk.press("Save")
    expect(_row(walk, "•••• 0005")).to_be_visible()
    assert _cards()["0005"].profile.payment_method != _cards()["0005"]


def read_an_invoice(walk: Walker) -> None:
    """19: the list, the invoice, its PDF."""
    walk.go("Bills & payments")
    walk.arrives(walk.say("Bills & payments"))
    number = Invoice.objects.order_by("finalized_at", "id")[0].number
    walk.press_named(number)
    walk.arrives(number)
    walk.sees(re.compile(r"714[.,]38"))
    link = walk.named(walk.say("Download PDF"), "link")
    answer = walk.page.request.get(str(link.get_attribute("href")))
    assert answer.body().startswith(b"%PDF")


def widen_the_dates(walk: Walker) -> None:
    """20: past 3 months, past 6 months, a range of one's own."""
    walk.go("Bills & payments")
    walk.arrives(walk.say("Bills & payments"))
    default = walk.named(walk.say("Past 3 months"), "link")
    expect(default).to_have_attribute("aria-current", "true")
    walk.press("Past 6 months")
    expect(walk.page).to_have_url(re.compile("period=6-months"))
    walk.press("Specify a date range")
    expect(walk.page).to_have_url(re.compile("period=range"))
    for label in ("Start date", "End date"):
        expect(walk.page.get_by_label(walk.say(label))).to_be_visible()
    walk.press("Show")
    expect(walk.page.get_by_role("row").nth(1)).to_be_visible()


def get_help(walk: Walker) -> None:
    """22 and 23: answers, an address, and another portal's."""
    walk.go("Help & support")
    walk.arrives(walk.say("Help & support"))
    walk.sees(walk.say("Self-service purchases FAQ"))
    support = walk.named(walk.say("Contact support"), "link")
    expect(support).to_have_attribute("href", re.compile("^mailto:"))
    walk.sees(walk.say("Another portal"))
    expect(walk.page.get_by_role("link", name=TIP)).to_be_visible()


def review(walk: Walker) -> None:
    """21: an admin sees every purchase, and can change nothing."""
    walk.go("Self-service purchases")
    walk.arrives(walk.say("Self-service purchases"))
    row = _row(walk, TRIAL)
    expect(row).to_contain_text("Anna de Vries")
    expect(row).to_contain_text("1/25")
    walk.press_on(row.get_by_role("link"))
    walk.arrives(TRIAL)
    walk.sees(walk.say("Purchaser"))
    walk.sees(walk.say("Assigned users"))
    main = walk.page.get_by_role("main")
    expect(main.locator("form[method=post]")).to_have_count(0)
    expect(main.get_by_role("button")).to_have_count(0)


type Step = Callable[[Walker], None]

BUYER: tuple[Step, ...] = (
    buy,
    start_a_trial,
    find_the_subscription,
    change_the_number,
    see_licenses,
    assign,
    unassign,
    cancel,
    open_the_billing_profile,
    edit_its_payment_method,
    replace_its_payment_method,
    look_after_payment_methods,
    read_an_invoice,
    widen_the_dates,
    get_help,
)
ADMIN: tuple[Step, ...] = (review,)
