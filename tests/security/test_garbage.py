"""Garbage at every address: a page, a refusal, or nothing there; never an error 500.

Everything that any form reads is filled with the worst. `GARBAGE=200` tries so many
times as much (`make nightly`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django import forms
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.routes import EVERY
from tests.security.test_authorization import ROUTES, url_of
from tests.security.world import ANNA, Browser, World, make_world
from tests.subscriptions.garbage import BROKEN, NASTY, nasty

# Read outside of forms, or by sign-in's library.
OTHERS = (
    *("section", "calendar", "profile", "code", "login", "password", "remember"),
    *("next", "email", "credential", "secret", "state", "oldpassword", "password1"),
    *("all", "line1", "export", "language", "back", "days", "cursor", "id"),
)
PLACES = ["%00", "%FF%FE", "..%2f..%2f", "x" * 3000, "%E2%80%AE", "-1", "%0d%0aSet: x"]
LARGE = "x" * 1_000_000
FILES = ["../../etc/passwd", "a\x00.csv", "\r\nX: y", "…" * 300, ".", "", "CON"]
URLENCODED = "application/x-www-form-urlencoded"
HEADERS: dict[str, str] = {
    "HTTP_ACCEPT_LANGUAGE": "nl;q=\x00,*;q=9e999," + "x-" * 3000,
    "HTTP_HX_CURRENT_URL": "http://[::/%FF\x00",
    "HTTP_HX_TARGET": "<script>",
    "HTTP_HX_REQUEST": "true",
    "HTTP_REFERER": "javascript:\x00",
    "HTTP_USER_AGENT": "\x00" * 900,
    "HTTP_X_FORWARDED_FOR": "' OR 1=1, ::::, 999.1.1.1",
}
some = settings(
    max_examples=int(os.environ.get("GARBAGE", "1")),
    deadline=None,
    derandomize="GARBAGE" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])


def ours(base: type[forms.BaseForm] = forms.BaseForm) -> Iterator[type[forms.BaseForm]]:
    """Every form of the portal, wherever it stands."""
    for found in base.__subclasses__():
        if found.__module__.startswith(("billing.", "licensing.", "selfservice.")):
            yield found
        yield from ours(found)


def names() -> Iterator[str]:
    """Every field of every form; the addresses' views have read them all."""
    assert get_resolver().url_patterns
    for found in ours():
        yield from found.base_fields
    yield from OTHERS


NAMES = sorted(set(names()))
filled = st.fixed_dictionaries(dict.fromkeys(NAMES, nasty))


def addresses(world: World, room: str) -> list[tuple[str, str]]:
    ids = world.owned[ANNA].ids
    return [(name, url_of(name, ids)) for name in EVERY[room] if "logout" not in name]


def fine(answer: Any, about: str) -> None:
    """No error of ours. 503 says that Stripe can't be asked, and when to come back."""
    assert answer.status_code < 500 or answer.status_code == 503, about


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def web(world: World) -> Browser:
    return world.browser(ANNA)


@pytest.mark.parametrize("room", EVERY)
def test_in_every_field(room: str, world: World, web: Browser, sandbox: Any) -> None:
    @some
    @given(fields=filled, htmx=st.booleans())
    def asked(fields: dict[str, str], htmx: bool) -> None:
        headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "pane"} if htmx else {}
        query = "&".join(f"{name}={quote(value)}" for name, value in fields.items())
        for name, url in addresses(world, room):
            fine(web.ask("GET", f"{url}?{query}", {}, **headers), f"{name} {fields}")
            fine(web.ask("POST", url, fields, **headers), f"{name} {fields}")

    asked()


@pytest.mark.parametrize("room", EVERY)
def test_that_is_no_text(room: str, world: World, web: Browser, sandbox: Any) -> None:
    query = "&".join(
        f"{name}={BROKEN[at % len(BROKEN)]}" for at, name in enumerate(NAMES)
    )
    for name, url in addresses(world, room):
        fine(web.ask("GET", f"{url}?{query}", {}, **HEADERS), name)
        fine(web.send(url, query.encode(), URLENCODED, **HEADERS), name)
        fine(web.send(url, b"\xff\x00--x--", "multipart/form-data; boundary=x"), name)
        fine(web.send(url, b"x", "multipart/form-data"), name)
        fine(web.send(url, b"{", "application/json; charset=klingon"), name)


@pytest.mark.parametrize("room", EVERY)
def test_by_the_megabyte(room: str, world: World, web: Browser, sandbox: Any) -> None:
    many = b"&".join(b"people=%d" % number for number in range(1001))
    for name, url in addresses(world, room):
        read = [field for field in NAMES if field in {"q", "text", "feedback", "page"}]
        fine(web.ask("POST", url, dict.fromkeys(read, LARGE)), name)
        fine(web.send(url, many, URLENCODED), name)


def test_where_an_address_has_changing_parts(world: World, web: Browser) -> None:
    ids = world.owned[ANNA].ids
    for name, parts in ROUTES.items():
        url = url_of(name, ids)
        for value, place in ((v, p) for v in parts for p in PLACES):
            known = quote(str({"token": "x", **ids}.get(value, "")))
            if known and known in url:
                fine(web.ask("GET", url.replace(known, place), {}), f"{name} {place}")


@pytest.mark.parametrize("file_name", FILES)
def test_in_the_name_of_a_file(file_name: str, world: World, web: Browser) -> None:
    url = url_of("licensing:bulk", world.owned[ANNA].ids)
    for content in (
        b"",
        b"\x00" * 5000,
        b"\xff\xfe\x00\xd8",
        b'"' * 9000,
        b"a@b\n" * 9,
    ):
        body = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
            + file_name.encode()
            + b'"\r\nContent-Type: text/csv\r\n\r\n'
            + content
            + b"\r\n--x--\r\n"
        )
        fine(web.send(url, body, "multipart/form-data; boundary=x"), file_name)


def test_all_of_the_worst_is_among_it() -> None:
    assert {"\x00", "9" * 5000} <= set(NASTY)
    # One of each room, and those that stand apart from `forms.py`.
    assert {"q", "total", "seal", "people", "recipients", "registration_number"} <= set(
        NAMES
    )
