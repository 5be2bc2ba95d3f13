"""Every page and every pane of a full portal: for every eye, on every screen.

Each is opened once, in one of several looks; BROWSER=every opens each in all of them.
SHOTS=folder keeps a picture of each.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from selfservice.accounts.models import User
from tests.browser.house import *
from tests.browser.house import NO_PAGES, House, Place, routes
from tests.browser.shop import *
from tests.stripe_sandbox import *

# A script, a form or a chart reads it: 2500 there, whatever a reader sees.
GROUPED = re.compile(
    r"(?:value|max|min|step|x|y|width|height|points|data-(?:base|every|max))="
    r'"[\d.,-]*\d[.,]\d{3}(?!\d)[^"]*"'
)
EVERY = os.environ.get("BROWSER") == "every"
SHOTS = os.environ.get("SHOTS", "")
# 400 % of a screen of 1280 pixels.
ZOOMED = 320
MOST_SHIFTED = 0.02
MOST_REQUESTS = 15

# Every text 40 % longer, the way that many languages are.
LENGTHEN = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) found.push(texts.currentNode);
    for (const text of found) {
        if (text.parentElement.closest("script, template, time, bdi, .num")) continue;
        const words = text.data.split(/(\\s+)/);
        text.data = words.map(word => /[a-z]{3}/i.test(word)
            ? word + "~".repeat(Math.ceil(word.length * 0.4)) : word).join("");
    }
}"""
# How far the page can be moved sideways, and what sticks out.
SIDEWAYS = """() => {
    const root = document.scrollingElement, by = root.scrollWidth - root.clientWidth;
    if (by <= 0) return "";
    const out = [...document.querySelectorAll("body *")].filter(
        part => { const box = part.getBoundingClientRect();
            return part.checkVisibility() && box.width
                && (box.right > innerWidth + 1 || box.left < -1); });
    const last = out.at(-1), said = last?.textContent.slice(0, 40);
    return `${by}px by ${last?.tagName} .${last?.className} ${said}`;
}"""
SHIFTS = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(
        entry => { if (!entry.hadRecentInput) sum += entry.value; }
    )).observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => resolve(sum), 30));
})"""
REQUESTS = "() => performance.getEntriesByType('resource').length + 1"
# What a column is too narrow for, and what lies under a button.
CRAMPED = """() => {
    const out = [], buttons = [...document.querySelectorAll("main .btn")]
        .filter(each => each.checkVisibility())
        .map(each => [each, each.getBoundingClientRect()]);
    const texts = document.createTreeWalker(
        document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (texts.nextNode()) {
        const text = texts.currentNode, said = text.data.trim().slice(0, 40);
        const parent = text.parentElement;
        if (!said || !parent.checkVisibility() || parent.clientWidth === 1
            || parent.closest(".vh, svg")) continue;
        range.selectNodeContents(text);
        const lines = [...range.getClientRects()];
        const widest = Math.max(...lines.map(line => line.width));
        if (lines.length > 4 && widest < 64) out.push(`${said} in ${widest}px`);
        for (const [button, box] of buttons) if (!button.contains(text)
            && lines.some(line => line.left < box.right - 2 && line.right > box.left + 2
                && line.top < box.bottom - 2 && line.bottom > box.top + 2))
            out.push(`${said} under ${button.textContent.trim()}`);
    }
    return out;
}"""
# What has the focus and can't be seen: hidden, or under something else.
UNSEEN = """() => {
    const out = [];
    for (const part of document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary")) {
        if (part.disabled || !part.checkVisibility()) continue;
        part.focus({ focusVisible: true });
        if (document.activeElement !== part) continue;
        const box = part.getClientRects()[0];
        const top = document.elementFromPoint(
            box.left + box.width / 2, box.top + box.height / 2);
        const seen = top && (part.contains(top) || top === part.parentElement);
        if (!seen || box.width < 2)
            out.push(part.ariaLabel || part.textContent.trim() || part.name);
    }
    return [...new Set(out)].slice(0, 5);
}"""
BARE_TABLES = """() => [...document.querySelectorAll("table")].filter(table =>
    !table.caption?.textContent.trim() || table.querySelector("th:not([scope])")
    ).map(table => table.outerHTML.slice(0, 80))"""


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What somebody set in their system."""

    scheme: Literal["light", "dark"] = "light"
    forced: bool = False
    width: int = 1440


LOOKS = (
    Look("light"),
    Look("dark", width=390),
    Look("light", forced=True),
    Look("light", width=390),
    Look("dark"),
    Look("dark", forced=True, width=390),
)


@pytest.fixture
def visitor(page: Page, sign_in: Callable[[User], None]) -> Callable[[User], Page]:
    def enter(user: User) -> Page:
        sign_in(user)
        page.emulate_media(reduced_motion="reduce")
        return page

    return enter


def put_on(page: Page, look: Look) -> None:
    page.set_viewport_size({"width": look.width, "height": 900})
    page.emulate_media(
        color_scheme=look.scheme, forced_colors="active" if look.forced else "none"
    )
    # Colors change within a moment, and are looked at when they have.
    page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter((each) => each instanceof CSSTransition).map((each) => each.finished))"
    )


def wrong_with(
    page: Page, place: Place, look: Look, accessible: Callable[[Page], list[str]]
) -> list[str]:
    """What a visit finds wrong, in short lines."""
    put_on(page, look)
    page.goto(place.path)
    page.wait_for_load_state()
    for box in page.locator("[data-card]:not([hidden])").all():
        expect(box.frame_locator("iframe").get_by_role("textbox")).to_have_count(3)
    found = [f"axe {line}" for line in accessible(page)]
    found += [f"no number {text}" for text in GROUPED.findall(page.content())]
    if (shifted := page.evaluate(SHIFTS)) > MOST_SHIFTED:
        found.append(f"shifts by {shifted:.3f}")
    if (requests := page.evaluate(REQUESTS)) > MOST_REQUESTS:
        found.append(f"asks {requests} times")
    found += [f"cramped: {text}" for text in page.evaluate(CRAMPED)]
    found += [f"bare table {table}" for table in page.evaluate(BARE_TABLES)]
    keep_picture(page, place, look)
    found += zoomed(page)
    return [f"{place} {look}: {line}" for line in found]


def zoomed(page: Page) -> list[str]:
    """What has to be moved sideways, or is lost: zoomed, long words, from the right."""
    found = []
    for name, script in (
        ("zoomed", ""),
        ("long words", LENGTHEN),
        ("from the right", "() => { document.documentElement.dir = 'rtl' }"),
    ):
        if script:
            page.evaluate(script)
        for width in (ZOOMED, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if not script and (unseen := page.evaluate(UNSEEN)):
                found.append(f"unseen with the focus at {width}: {unseen}")
            if sticks_out := page.evaluate(SIDEWAYS):
                found.append(f"too wide, {name} at {width}: {sticks_out}")
    return found


def keep_picture(page: Page, place: Place, look: Look) -> None:
    if SHOTS:
        name = re.sub(r"\W+", "-", f"{place.name}-{look.width}-{look.scheme}")
        forced = "-forced" if look.forced else ""
        number = len(list(Path(SHOTS).glob("*.png")))
        page.screenshot(path=f"{SHOTS}/{name}{forced}-{number:03}.png", full_page=True)


@pytest.fixture
def all_places(house: House, client: Client) -> list[tuple[User, Place]]:
    hers = [(house.anna, place) for place in house.places(client, house.anna)]
    names = {place.name for _user, place in hers}
    others = house.places(client, house.carla)
    admins = [(house.carla, place) for place in others if place.name not in names]
    return hers + admins


def test_every_address_is_known_to_the_house(house: House) -> None:
    unknown = {
        f"{name}: {parameter}"
        for name, parameters in routes()
        for parameter in parameters
        if name not in NO_PAGES and parameter not in house.ids
    }

    assert unknown <= {
        "portal:personal_download: kind",
        "billing:archive: archive_id",
        "billing:archive_zip: archive_id",
        "billing:credit_pdf: credit_id",
        "licensing:undo: withdrawal",
    }


def test_every_place_is_accessible_and_fits(
    all_places: list[tuple[User, Place]],
    visitor: Callable[[User], Page],
    accessible: Callable[[Page], list[str]],
) -> None:
    wrong: list[str] = []
    person: Any = None
    for number, (user, place) in enumerate(all_places):
        if user != person:
            page, person = visitor(user), user
        for look in LOOKS if EVERY else [LOOKS[number % len(LOOKS)]]:
            found = wrong_with(page, place, look, accessible)
            wrong += found

    assert len(all_places) > 45
    assert wrong == []
