"""The left navigation, and what else the frame of every page needs to know.

A room registers its entries in `AppConfig.ready()`:

    register(NavItem(label=_("Licenses"), url_name="licensing:licenses",
                     icon="contact-card", group=BILLING, order=30))
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from selfservice.core import clock

# Groups stand in this order; START and END have no heading.
START = ""
BILLING = _("Billing")
ORGANIZATION = _("Organization")
END = "end"
GROUPS: tuple[str | Promise, ...] = (START, BILLING, ORGANIZATION, END)


def _everybody(user: Any) -> bool:
    return True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """An entry. It is the current place on `url_name`, and on the pages in `also`,
    which are view names ("licensing:assign") or whole namespaces ("licensing:")."""

    label: str | Promise
    url_name: str
    icon: str
    group: str | Promise = START
    order: int = 50
    also: tuple[str, ...] = ()
    visible: Callable[[Any], bool] = _everybody

    def covers(self, view_name: str) -> bool:
        return view_name == self.url_name or any(
            view_name == place or (place.endswith(":") and view_name.startswith(place))
            for place in self.also
        )


@dataclasses.dataclass(frozen=True, slots=True)
class NavLink:
    """An entry as the template shows it."""

    label: str | Promise
    url: str
    icon: str
    current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class NavGroup:
    heading: str | Promise
    links: list[NavLink]
    last: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """What stands under the header of every page until it is dealt with."""

    title: str
    text: str
    url: str
    action: str
    # Whether `url` opens in a pane.
    pane: bool = False


type Noticing = Callable[[HttpRequest], Notice | None]

_noticing: list[Noticing] = []


def register_notice(ask: Noticing) -> Noticing:
    """Add what may stand on every page; asked once a page, so it must cost nothing
    for whom it isn't about."""
    if ask not in _noticing:
        _noticing.append(ask)
    return ask


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    """Add an entry. The same address twice is a mistake: raises ValueError."""
    if _items.setdefault(item.url_name, item) != item:
        raise ValueError(f"navigation: {item.url_name} is taken")


def _optional_url(name: str) -> str:
    """The address of a page that a later part of the portal may add, or nothing."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


# As HTML, by who sees what, on which page, in which language: few, and each stands
# on every page of theirs.
_written: dict[tuple[object, ...], SafeString] = {}


class Shell:
    """Computed only where a template asks: fragments need none of it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.demo: bool = settings.DEMO

    @cached_property
    def _here(self) -> str:
        match = self._request.resolver_match
        return match.view_name if match else ""

    @cached_property
    def _seen(self) -> tuple[NavItem, ...]:
        user = getattr(self._request, "user", None)
        return tuple(item for item in _items.values() if item.visible(user))

    @cached_property
    def groups(self) -> list[NavGroup]:
        """The navigation that this person sees, without empty groups."""
        items = sorted(self._seen, key=lambda item: item.order)
        groups = []
        for heading in GROUPS:
            links = [
                NavLink(item.label, url, item.icon, item.covers(self._here))
                for item in items
                # A room may name a page that is not there yet.
                if item.group == heading and (url := _optional_url(item.url_name))
            ]
            if links:
                last = heading == END
                groups.append(NavGroup("" if last else heading, links, last))
        return groups

    @property
    def navigation(self) -> SafeString:
        """The same as HTML."""
        seen = tuple(item.url_name for item in self._seen)
        key = (seen, self._here, get_language(), get_script_prefix())
        if key not in _written:
            context = {"groups": self.groups}
            _written[key] = render_to_string("components/navigation.html", context)
        return _written[key]

    @cached_property
    def notices(self) -> list[Notice]:
        """What this person must see on every page."""
        asked = (ask(self._request) for ask in _noticing)
        return [notice for notice in asked if notice is not None]

    @cached_property
    def home_url(self) -> str:
        return _optional_url("portal:home") or "/"

    @cached_property
    def search_url(self) -> str:
        return _optional_url("portal:search")

    @cached_property
    def searched(self) -> str:
        """What was searched for, on the page that shows what was found."""
        return self._request.GET.get("q", "") if self.searching else ""

    @property
    def searching(self) -> bool:
        match = self._request.resolver_match
        return match is not None and match.view_name == "portal:search"

    @cached_property
    def security_url(self) -> str:
        return _optional_url("accounts:security")

    @cached_property
    def personal_url(self) -> str:
        return _optional_url("portal:personal_data")

    @cached_property
    def languages(self) -> list[tuple[str, str]]:
        """Code and own name of the languages that are not in use now."""
        names = {"en": "English", "nl": "Nederlands"}
        return [
            (code, names.get(code, str(label)))
            for code, label in settings.LANGUAGES
            if code != get_language()
        ]

    @cached_property
    def here(self) -> str:
        """Where a change of language returns to: this page, if it can be got."""
        request = self._request
        return request.get_full_path() if request.method == "GET" else request.path

    @property
    def demo_people(self) -> list[dict[str, Any]]:
        """Who can sign in to the demo; nobody is named anywhere else."""
        return list(getattr(settings, "DEMO_PEOPLE", []))

    @cached_property
    def moved(self) -> bool:
        """Whether the demo's time runs ahead of the real one."""
        return bool(clock.offset())

    @cached_property
    def now(self) -> dt.datetime:
        """One moment for all of the page, however long it takes to write."""
        return clock.now()

    @property
    def other_portal_tip(self) -> str:
        return str(getattr(settings, "OTHER_PORTAL_TIP", ""))


def shell(request: HttpRequest) -> dict[str, Shell]:
    """The context processor: `shell` in every template."""
    return {"shell": Shell(request)}
