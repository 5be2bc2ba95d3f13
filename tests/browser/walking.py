"""Somebody who walks through the portal: in a language, with a mouse or a keyboard.

Controls are found by their role and their name, as people find them, and pressed the
way this person presses. What the names are called in Dutch: `words`.
"""

from __future__ import annotations

import dataclasses
import re

from playwright.sync_api import FrameLocator, Locator, Page, ViewportSize, expect

from tests.browser.words import DUTCH

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# More than any page has places to stop at.
FARTHEST = 250
PRESSABLE = ("link", "button")

_FOCUSED = """wanted => {
    const now = wanted.ownerDocument.activeElement;
    if (!wanted.isConnected) return null;
    if (!wanted.ownerDocument.hasFocus()) return false;
    return now === wanted || (wanted.type === "radio" && now.name === wanted.name);
}"""
_BEFORE_FOCUS = """wanted => {
    const now = wanted.ownerDocument.activeElement;
    if (now === wanted.ownerDocument.body || now.matches("iframe, :popover-open"))
        return false;
    return !!(wanted.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """How somebody uses the portal."""

    language: str = "en"
    script: bool = True
    keyboard: bool = False
    phone: bool = False

    def __str__(self) -> str:
        return " ".join(
            (
                self.language,
                "script" if self.script else "plain",
                "keyboard" if self.keyboard else "mouse",
                "phone" if self.phone else "desktop",
            )
        )

    @property
    def browser(self) -> dict[str, object]:
        """What the browser is opened with. Nobody chose a language in the portal."""
        return {
            "locale": {"en": "en-GB", "nl": "nl-NL"}[self.language],
            "java_script_enabled": self.script,
            "viewport": PHONE if self.phone else DESKTOP,
        }


class Walker:
    """The one who walks. Every name is given in English."""

    def __init__(self, page: Page, way: Way) -> None:
        self.page, self.way = page, way

    def say(self, english: str) -> str:
        """A control's word in the walker's language; KeyError for an unknown one."""
        return english if self.way.language == "en" else DUTCH[english]

    @property
    def here(self) -> Locator:
        """The open pane, else the page."""
        pane = self.page.get_by_role("dialog")
        return pane if pane.count() else self.page.get_by_role("main")

    def named(self, name: str, *roles: str, within: Locator | None = None) -> Locator:
        """The control of one of these roles with exactly this name, which is shown."""
        place = within or self.here
        first, *others = roles
        found = place.get_by_role(first, name=name, exact=True)
        for role in others:
            found = found.or_(place.get_by_role(role, name=name, exact=True))
        return found.filter(visible=True).first

    def press(self, english: str, *, within: Locator | None = None) -> None:
        """A link or a button."""
        self.press_on(self.named(self.say(english), *PRESSABLE, within=within))

    def press_named(self, name: str) -> None:
        """A link or a button that is called the same in every language."""
        self.press_on(self.named(name, *PRESSABLE))

    def press_on(self, control: Locator) -> None:
        if self.way.keyboard:
            self.reach(control)
            self.page.keyboard.press("Enter")
        else:
            control.click()

    def open_menu(self, english: str) -> None:
        """A menu of the page, which is a <details>."""
        summary = self.here.locator("summary").filter(has_text=self.say(english))
        self.press_on(summary.filter(visible=True).first)

    def go(self, english: str) -> None:
        """Through the navigation, which a phone hides behind a button."""
        if self.way.phone:
            self.press("Navigation", within=self.page.get_by_role("banner"))
        main = self.page.get_by_role("navigation", name=self.say("Main"), exact=True)
        self.press(english, within=main)

    def fill(self, english: str, text: str, within: Locator | None = None) -> None:
        """A text box, or a number; what is optional says so after its name."""
        place, label = within or self.here, self.say(english)
        optional = f"{label} ({self.say('optional')})"
        box = place.get_by_label(label, exact=True)
        self.fill_in(box.or_(place.get_by_label(optional, exact=True)).first, text)

    def fill_in(self, box: Locator, text: str) -> None:
        if self.way.keyboard:
            self.reach(box)
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        else:
            box.fill(text)

    def leave(self) -> None:
        """Go on to what comes next: only then is a change known."""
        self.page.keyboard.press("Tab")

    def tick(self, name: str | re.Pattern[str]) -> None:
        box = self.here.get_by_role("checkbox", name=name).first
        if self.way.keyboard:
            self.reach(box)
            self.page.keyboard.press("Space")
        else:
            box.click()
        expect(box).to_be_checked()

    def choose(self, name: str | re.Pattern[str]) -> None:
        """One of several: a radio button."""
        button = self.here.get_by_role("radio", name=name).first
        if self.way.keyboard:
            self.reach(button)
            for _ in range(9):
                if button.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        elif not button.is_checked():
            button.click()
        expect(button).to_be_checked()

    def select(self, english: str, option: str) -> None:
        box = self.here.get_by_label(self.say(english), exact=True)
        if self.way.keyboard:
            self.reach(box)
            self.page.keyboard.type(self.say(option))
        else:
            box.select_option(label=self.say(option))
        expect(box.locator("option:checked")).to_have_text(self.say(option))

    def reach(self, control: Locator) -> None:
        """With the Tab key alone."""
        expect(control).to_be_visible()
        key = "Shift+Tab" if control.evaluate(_BEFORE_FOCUS) else "Tab"
        wanted = control.element_handle()
        for _ in range(FARTHEST):
            there = wanted.evaluate(_FOCUSED)
            if there:
                return
            if there is None:  # it was read again meanwhile
                wanted = control.element_handle()
            self.page.keyboard.press(key)
        raise AssertionError(f"the keyboard never gets to {control}")

    def arrives(self, heading: str) -> None:
        """The page with this heading is there, with its style and its script."""
        at = self.page.get_by_role("heading", level=1, name=heading)
        expect(at).to_be_visible(timeout=15_000)
        self.page.wait_for_load_state()

    def opens(self, english: str) -> None:
        """A pane: a dialog; without a script a page."""
        self.opens_named(self.say(english))

    def opens_named(self, name: str) -> None:
        """The same, for one that is called the same in every language."""
        if self.way.script:
            pane = self.page.get_by_role("dialog", name=name)
            expect(pane).to_be_visible(timeout=15_000)
        else:
            self.arrives(name)

    def sees(self, text: str | re.Pattern[str]) -> None:
        place = self.page.get_by_role("main")
        expect(place.get_by_text(text).filter(visible=True).first).to_be_visible()

    def frame(self, title: str) -> FrameLocator:
        return self.page.frame_locator(f"iframe[title='{title}']")
