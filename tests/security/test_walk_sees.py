"""The walk of `test_authorization.py` sees what it is for: bugs that are planted here.

Without them, a walk that had stopped asking would go on passing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django.fixtures import Settings

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.views import products
from tests.security.routes import ANYBODY, EVERY, Row
from tests.security.test_authorization import (
    ROWS,
    not_asked_again,
    numbers,
    taken_from_elsewhere,
    walk,
    without_warnings,
)
from tests.security.world import fingerprint, make_world

__all__ = ["without_warnings"]

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])

type View = Callable[..., HttpResponse]


def patterns(resolver: Any = None, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every pattern, by its name in the table."""
    found: dict[str, URLPattern] = {}
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            space = (each.namespace,) if each.namespace else ()
            found |= patterns(each, (*names, *space))
        else:
            found[":".join([*names, each.name or str(each.pattern)])] = each
    return found


def plant(monkeypatch: pytest.MonkeyPatch, name: str, view: View) -> None:
    monkeypatch.setattr(patterns()[name], "callback", view)


def without_check(row: Row) -> View:
    """Answers as the row says, and asks nobody who they are."""

    def answer(request: HttpRequest, **given: object) -> HttpResponse:
        said = {"GET": row.get, "HEAD": row.get, "POST": row.post}
        wanted = numbers(said.get(request.method or ""))
        if not wanted:
            return HttpResponseNotAllowed([])
        return HttpResponse(
            status=min(wanted),
            headers={"Cache-Control": "no-store", "Location": "/somewhere/"},
        )

    return login_not_required(answer)


def seen(name: str) -> str:
    return "\n".join(walk(make_world(), {name: ROWS[name]}, own=False))


@pytest.mark.parametrize("room", EVERY)
def test_every_route_that_has_lost_its_check(
    room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {name: row for name, row in EVERY[room].items() if row.access != ANYBODY}
    for name, row in rows.items():
        plant(monkeypatch, name, without_check(row))

    found = list(walk(make_world(), rows, own=False))

    assert {line.partition(": ")[0] for line in found} == set(rows)


def test_somebody_elses_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def anybodys(purchaser: User, subscription_id: Any) -> Subscription:
        return Subscription.objects.get(pk=subscription_id)

    monkeypatch.setattr(products, "subscription_for", anybodys)

    found = seen("subscriptions:details")

    assert "GET by other organization on what purchaser has: 200, not {404}" in found
    assert "GET by member on what purchaser has: tells secret1" in found


def test_a_role_that_everybody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "sees_oversight", True)

    found = seen("oversight:purchases")

    assert "GET by member on what purchaser has: 200, not {403}" in found


def test_a_word_of_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    def tells(request: HttpRequest) -> HttpResponse:
        names = Subscription.objects.values_list("profile__name", flat=True)
        return HttpResponse(", ".join(names))

    plant(monkeypatch, "subscriptions:products", tells)

    found = seen("subscriptions:products")

    assert "GET by purchaser on what other organization has: tells secret3" in found


def test_a_page_that_browsers_may_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(request: HttpRequest) -> HttpResponse:
        return HttpResponse("", headers={"Cache-Control": "max-age=60"})

    plant(monkeypatch, "portal:help", kept)

    assert "portal:help: GET by member" in seen("portal:help")


def test_what_is_done_before_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def acts(request: HttpRequest, product_id: Any) -> HttpResponse:
        LicenseAssignment.objects.filter(product_id=product_id).delete()
        raise Http404

    plant(monkeypatch, "licensing:unassign", acts)
    world = make_world()
    before = fingerprint()

    list(walk(world, {"licensing:unassign": ROWS["licensing:unassign"]}, own=False))

    assert fingerprint() != before


def test_money_that_moves_unasked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.MONEY_ASKS_AGAIN_AFTER = 0
    plant(
        monkeypatch,
        "subscriptions:cancel",
        without_check(ROWS["subscriptions:cancel"]),
    )

    assert list(not_asked_again(make_world())) == ["subscriptions:cancel"]


def test_a_form_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    view = without_check(ROWS["licensing:assign"])
    view.csrf_exempt = True
    plant(monkeypatch, "licensing:assign", view)

    taken = taken_from_elsewhere(make_world(), ["licensing:assign", "licensing:bulk"])

    assert taken == {"licensing:assign"}
