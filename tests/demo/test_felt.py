"""How quick the demo feels in a browser: what is drawn, what moves, what answers.

Times are told, not judged: they are the machine's. docs/performance.md has some.
What moves, and what a first visit fetches, is judged. Part of `make nightly`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import *
from tests.browser.test_checkout import GOOD, choose, enter, to_checkout
from tests.demo.conftest import Start

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        os.environ.get("BROWSER") != "every", reason="part of `make nightly`"
    ),
]
PAGES = {
    "Home": "/",
    "Purchase services": "/marketplace/",
    "A product": "/marketplace/diagrams-pro/",
    "Your products": "/products/",
    "Licenses": "/licenses/",
    "Bills & payments": "/billing/invoices/",
    "Payment methods": "/billing/payment-methods/",
    "Billing accounts": "/billing/accounts/",
    "Help & support": "/help/",
}
LARGEST_DRAWN, ANSWERED, MOST_SHIFTED = 1000, 100, 0.02
FIRST_BYTES, FIRST_REQUESTS = 60 * 1024, 15

WATCH = """
window.seen = { drawn: 0, shifted: 0, slowest: 0 };
const watch = (type, note) => new PerformanceObserver(
    list => list.getEntries().forEach(note)
).observe({ type, buffered: true, durationThreshold: 16 });
watch("largest-contentful-paint", entry => { seen.drawn = entry.startTime; });
watch("layout-shift", entry => {
    if (!entry.hadRecentInput) seen.shifted += entry.value; });
watch("event", entry => {
    if (entry.interactionId) seen.slowest = Math.max(seen.slowest, entry.duration); });
"""
SEEN = """() => new Promise(resolve => requestAnimationFrame(() => setTimeout(() => {
    const files = performance.getEntriesByType("resource");
    const weight = files.filter(file => /\\.(css|js)(\\?|$)/.test(file.name)).reduce(
        (sum, file) => sum + file.encodedBodySize, 0);
    resolve({ ...seen, requests: files.length + 1, weight });
}, 100)))"""


@pytest.fixture
def visitor(browser: Browser, start: Start, used_var: Path) -> Page:
    """Anna in a new demo, before she signs in."""
    demo = start(used_var).wait_until_ready()
    context = browser.new_context(base_url=demo.address, locale="en-GB")
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto("/")
    return page


def sign_in_and_buy(page: Page) -> None:
    page.get_by_label("Email", exact=True).fill("anna@noordzee.example")
    page.get_by_label("Password", exact=True).fill("demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    to_checkout(page)
    choose(page)
    enter(page, GOOD)
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", name="Order confirmed")).to_be_visible()


def visit(page: Page, path: str) -> dict[str, Any]:
    page.goto(path)
    page.wait_for_load_state("networkidle")
    seen: dict[str, Any] = page.evaluate(SEEN)
    return seen


def addresses(page: Page) -> dict[str, str]:
    """The pages whose address isn't known before something is bought."""
    page.goto(PAGES["A product"])
    buy = page.get_by_role("link", name="Buy: 1 year, billed yearly")
    found = {"Checkout": buy.get_attribute("href") or ""}
    page.goto(PAGES["Your products"])
    details = page.get_by_role("link", name="Diagrams Pro").first
    return {**found, "A subscription": details.get_attribute("href") or ""}


def interactions(page: Page, checkout: str) -> dict[str, float]:
    """The slowest answer to a key or a click, in milliseconds, by what is done."""
    slowest = {}
    page.goto("/products/")
    page.locator("summary", has_text="Status").click()
    page.get_by_role("searchbox", name="Find a product").press_sequentially("Dia")
    page.locator("a[data-menu]").first.click()
    expect(page.get_by_role("link", name="Remove licenses")).to_be_visible()
    slowest["Filter, search and menu of a list"] = page.evaluate(SEEN)["slowest"]
    page.get_by_role("link", name="Diagrams Pro").first.click()
    page.get_by_role("link", name="Buy licenses").click()
    total = page.get_by_label("Total licenses")
    total.fill("15")
    total.press("Tab")
    expect(page.locator("#change")).to_contain_text("15 ×")
    page.keyboard.press("Escape")
    slowest["Buy licenses, the pane"] = page.evaluate(SEEN)["slowest"]
    page.goto(checkout)
    licenses = page.get_by_label("Licenses", exact=True)
    licenses.fill("3")
    licenses.press("Tab")
    expect(page.locator("#order-summary")).to_contain_text("3 ×")
    page.get_by_label("I accept the").check()
    slowest["Checkout, number of licenses and terms"] = page.evaluate(SEEN)["slowest"]
    return slowest


def test_pages_come_at_once_and_stay_where_they_are(
    visitor: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page = visitor
    first = visit(page, "/accounts/login/")
    sign_in_and_buy(page)
    paths = {**PAGES, **addresses(page)}
    seen = {name: visit(page, path) for name, path in paths.items()}
    answers = interactions(page, paths["Checkout"])

    with capsys.disabled():
        sys.stdout.write(report(first, seen, answers))
    assert first["weight"] <= FIRST_BYTES
    assert first["requests"] <= FIRST_REQUESTS
    assert {
        n: s["shifted"] for n, s in seen.items() if s["shifted"] > MOST_SHIFTED
    } == {}
    assert all(figures["drawn"] > 0 for figures in seen.values())


def report(
    first: dict[str, Any], seen: dict[str, Any], answers: dict[str, float]
) -> str:
    """As tables for docs/performance.md; what is over its limit is bold."""
    lines = [
        f"\n\nFirst page: {first['requests']} requests, {first['weight']:,} bytes of"
        " script and style.\n",
        "| Page | largest drawn after, ms | moved | requests |",
        "| --- | --- | --- | --- |",
    ]
    for name, figures in {"Sign in, first visit": first, **seen}.items():
        drawn = _said(figures["drawn"], LARGEST_DRAWN)
        moved = f"{figures['shifted']:.3f}"
        lines.append(f"| {name} | {drawn} | {moved} | {figures['requests']} |")
    lines += ["\n| What is done | slowest answer, ms |", "| --- | --- |"]
    lines += [f"| {name} | {_said(ms, ANSWERED)} |" for name, ms in answers.items()]
    return "\n".join(lines) + "\n"


def _said(milliseconds: float, most: int) -> str:
    text = f"{milliseconds:.0f}"
    return text if milliseconds <= most else f"**{text}**"
