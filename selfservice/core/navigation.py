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
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
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


class Shell:
    """Computed only where a template asks: fragments need none of it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.demo: bool = settings.DEMO

    @cached_property
    def groups(self) -> list[NavGroup]:
        """The navigation that this person sees, without empty groups."""
        user = getattr(self._request, "user", None)
        match = self._request.resolver_match
        here = match.view_name if match else ""
        items = sorted(_items.values(), key=lambda item: item.order)
        groups = []
        for heading in GROUPS:
            links = [
                NavLink(item.label, url, item.icon, item.covers(here))
                for item in items
                if item.group == heading and item.visible(user)
                # A room may name a page that is not there yet.
                if (url := _optional_url(item.url_name))
            ]
            if links:
                last = heading == END
                groups.append(NavGroup("" if last else heading, links, last))
        return groups

    @cached_property
    def home_url(self) -> str:
        return _optional_url("portal:home") or "/"

    @cached_property
    def search_url(self) -> str:
        return _optional_url("portal:search")

    @cached_property
    def password_url(self) -> str:
        return _optional_url("account_change_password")

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

    @property
    def now(self) -> dt.datetime:
        return clock.now()

    @property
    def other_portal_tip(self) -> str:
        return str(getattr(settings, "OTHER_PORTAL_TIP", ""))


def shell(request: HttpRequest) -> dict[str, Shell]:
    """The context processor: `shell` in every template."""
    return {"shell": Shell(request)}
