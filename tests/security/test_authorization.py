"""Everybody asks for every address by every method: only whoever may gets in.

The table is `tests/security/routes.py`; the people are in `tests/security/world.py`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver, reverse
from pytest_django.fixtures import Settings

from selfservice.core.headers import PERMISSIONS
from selfservice.core.ids import uuid7
from tests.security.routes import (
    ANYBODY,
    EVERY,
    OVERSEER,
    OWNER,
    Row,
)
from tests.security.world import (
    ADMINS,
    ANNA,
    ANONYMOUS,
    DIRK,
    ELS,
    OUTSIDE,
    OWNERS,
    PERSONAS,
    World,
    fingerprint,
    make_world,
)

NOTHING: frozenset[str] = frozenset()
# Their own keys: a signature, a signed address. Machines ask before there is any.
WITHOUT_CSRF = {
    "billing:stripe_webhook",
    "portal:unsubscribe",
    "core:healthz",
    "core:readyz",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}
# Answered before anything else, for machines; the calendar's stricter ones; and the
# demo's mailbox, which shows a mail in a frame.
OTHER_HEADERS = {
    "core:healthz",
    "core:readyz",
    "portal:calendar",
    "portal:mailbox",
    "portal:mail",
    "portal:mail_html",
}
METHODS = ("GET", "POST", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS")
# No page looks at who asks by these: one person of each kind of access is enough.
BLIND = frozenset({"HEAD", "PATCH", "DELETE", "OPTIONS"})
OF_EACH_KIND = frozenset({ANONYMOUS, ANNA, "global_admin"})
# Strangers get no part of a page either, such as what a pane shows.
ASKS_FOR_PARTS = frozenset({ANNA, DIRK, "global_admin"})
A_PART = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "pane"}
HOW = (
    "{name} has no row: add it to the table of its room in tests/security/routes.py,"
    ' for instance  "{name}": Row(OWNER, get=200, post=422)  with who may ask for it'
    " (ANYBODY, SIGNED_IN, OWNER, OVERSEER) and what they are answered; a part of its"
    " address that is new needs an entry in Owned.ids (tests/security/world.py)."
)

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])


def routes(
    resolver: Any = None, names: tuple[str, ...] = (), parts: frozenset[str] = NOTHING
) -> Iterator[tuple[str, frozenset[str]]]:
    """Every address: its name, as `reverse()` takes it, and its changing parts."""
    for found in (resolver or get_resolver()).url_patterns:
        inside = parts | found.pattern.regex.groupindex.keys()
        if isinstance(found, URLResolver):
            space = (found.namespace,) if found.namespace else ()
            yield from routes(found, (*names, *space), inside)
        else:
            yield ":".join([*names, found.name or str(found.pattern)]), inside


ROUTES = dict(routes())
ROWS = {name: row for rows in EVERY.values() for name, row in rows.items()}


@pytest.fixture(autouse=True)
def without_warnings() -> Iterator[None]:
    """Thousands of refusals are nothing to tell."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    missing = [HOW.format(name=name) for name in ROUTES if name not in ROWS]

    assert not missing, "\n".join(missing)
    gone = sorted(set(ROWS) - set(ROUTES))
    assert not gone, f"rows of tests/security/routes.py without a route: {gone}"


def url_of(name: str, ids: dict[str, Any]) -> str:
    if name.endswith("/"):
        return f"/accounts/{name}"
    known = {"token": "x", "pk": 1, "provider_id": "x", **ids}
    if name == "billing:profile_step":
        known["key"] = uuid7()
    known |= {"uidb36": "x", "kind": "json", "name": "x", "place": 1}
    return reverse(name, kwargs={part: known[part] for part in ROUTES[name]})


def names_an_object(name: str) -> bool:
    return ROWS[name].access in {OWNER, OVERSEER} and bool(ROUTES[name])


def statuses(row: Row, method: str, get: Any, post: Any) -> set[int]:
    """What the row says about a method: 405 where it says nothing."""
    said = {"GET": get, "HEAD": get, "POST": post}.get(method)
    if said is not None:
        return numbers(said)
    if not row.class_based:
        return {405}
    options = {200} if method == "OPTIONS" else set()
    return {405, *options, *numbers(get), *numbers(post)}


def numbers(said: Any) -> set[int]:
    if said is None:
        return set()
    return {said} if isinstance(said, int) else set(said)


def expected(name: str, method: str, persona: str, owner: str) -> set[int]:
    """What this person is answered about what that owner has."""
    row = ROWS[name]
    if row.access == ANYBODY:
        outside = persona in OUTSIDE and row.outside
        get, post = row.outside if outside and row.outside else (row.get, row.post)
        return statuses(row, method, get, post)
    if persona in OUTSIDE:
        return {302}
    found = statuses(row, method, row.get, row.post)
    if found == {405}:
        return found
    if row.access == OVERSEER:
        if persona not in ADMINS:
            return {403}
        return {404} if names_an_object(name) and owner == DIRK else found
    if row.access == OWNER and persona != owner:
        return {404}
    return found


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def owners(name: str, persona: str, *, own: bool) -> list[str]:
    """Whose things this person asks for: their own, or at home and elsewhere."""
    if own:
        return [persona] if persona in OWNERS else []
    others = [owner for owner in (ANNA, DIRK, ELS) if owner != persona][:2]
    return others if names_an_object(name) else others[:1]


def questions(
    persona: str, nth: int, *, own: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """How somebody asks for what the nth owner has: methods, headers."""
    for method in METHODS:
        seldom = nth and method not in {"GET", "POST"}
        blind = method in BLIND and persona not in OF_EACH_KIND
        if not seldom and not blind:
            yield method, {}
    if not own and persona in ASKS_FOR_PARTS:
        yield "GET", A_PART


def walk(world: World, rows: Mapping[str, Row], *, own: bool) -> Iterator[str]:
    """Everybody, everything, every method; what is answered otherwise than said."""
    browsers = {persona: world.browser(persona) for persona in PERSONAS}
    for (name, row), persona in itertools.product(rows.items(), PERSONAS):
        for nth, owner in enumerate(owners(name, persona, own=own)):
            owned = world.owned[owner]
            url, data = url_of(name, owned.ids), {} if own else row.sends(owned)
            for method, headers in questions(persona, nth, own=own):
                answer = browsers[persona].ask(method, url, data, **headers)
                if not (headers and answer.status_code == 404):
                    yield from wrong(world, name, method, persona, owner, answer)
                if "logout" in url and method in {"POST", "PUT"}:
                    browsers[persona] = world.browser(persona)


def wrong(
    world: World, name: str, method: str, persona: str, owner: str, answer: Any
) -> Iterator[str]:
    """What is not as it should be about an answer."""
    who = f"{name}: {method} by {persona} on what {owner} has"
    wanted = expected(name, method, persona, owner)
    if answer.status_code not in wanted:
        yield f"{who}: {answer.status_code}, not {wanted}"
    sent_on = persona in OUTSIDE and ROWS[name].access != ANYBODY
    place = answer.get("Location", "")
    if sent_on and not place.startswith("/accounts/login/?"):
        yield f"{who}: sent to {place or 'nowhere'}"
    yield from (f"{who}: {each}" for each in odd_headers(name, answer))
    if persona not in OUTSIDE and kept(answer) and name not in OTHER_HEADERS:
        yield f"{who}: browsers may keep it"
    said = text_of(answer)
    for other, owned in world.owned.items():
        # Its address is the calendar's key.
        if other != persona and name != "portal:calendar":
            yield from (
                f"{who}: tells {word}"
                for word in secrets(name, persona, owned)
                if word in said
            )


def odd_headers(name: str, answer: Any) -> Iterator[str]:
    """What every answer says to browsers, and this one doesn't."""
    for header, value in HEADERS.items():
        if answer.headers.get(header) != value and name not in OTHER_HEADERS:
            yield f"{header}: {answer.headers.get(header)}"
    policy = answer.headers.get("Content-Security-Policy", "unsafe")
    if (
        "unsafe" in policy and name not in OTHER_HEADERS
    ) or "Content-Security-Policy-Report-Only" in answer.headers:
        yield f"policy {policy}"


def kept(answer: Any) -> bool:
    """Whether a browser may keep the page."""
    return answer.status_code == 200 and not {"no-store", "no-cache"} & set(
        answer.headers.get("Cache-Control", "").replace(" ", "").split(",")
    )


def secrets(name: str, persona: str, owned: Any) -> list[str]:
    """Words about what somebody owns that this person may not read."""
    if (
        persona in ADMINS
        and ROWS[name].access == OVERSEER
        and owned.owner.organization.slug == "noordzee"
    ):
        # Who has a license, but neither cards nor addresses nor invoices.
        return [f"{owned.secret} profile", f"{owned.secret}-", owned.last4]
    return [owned.secret, f"•••• {owned.last4}"]


@pytest.mark.parametrize("room", EVERY)
def test_only_who_may_gets_in_and_strangers_change_nothing(
    room: str, sandbox: Any
) -> None:
    world = make_world()
    before = fingerprint()

    found = list(walk(world, EVERY[room], own=False))
    changed = fingerprint() != before
    found += walk(world, EVERY[room], own=True)

    assert not found, "\n".join(found)
    assert not changed


def not_asked_again(world: World) -> Iterator[str]:
    """What moves money for somebody who signed in long ago, without asking."""
    web, owned = world.browser(ANNA), world.owned[ANNA]
    for name, row in ((name, row) for name, row in ROWS.items() if row.money):
        answer = web.ask("POST", url_of(name, owned.ids), row.sends(owned))
        asks = answer.get("Location", "").startswith("/accounts/reauthenticate/")
        if answer.status_code != 302 or not asks:
            yield name


def test_before_money_moves_they_are_asked_again(settings: Settings) -> None:
    settings.MONEY_ASKS_AGAIN_AFTER = 0

    assert list(not_asked_again(make_world())) == []


def taken_from_elsewhere(world: World, names: Iterable[str]) -> set[str]:
    """What is done for a form that doesn't come from a page of ours."""
    web, ids = world.browser(ANNA, csrf=True), world.owned[ANNA].ids
    return {
        name
        for name in names
        if web.ask("POST", url_of(name, ids), {}).status_code != 403
    }


@pytest.mark.parametrize("room", EVERY)
def test_no_form_from_elsewhere_is_taken(room: str) -> None:
    taken = taken_from_elsewhere(make_world(), EVERY[room])

    assert taken == WITHOUT_CSRF & set(EVERY[room])
