"""Assign licenses to users: the pane, and the picker's results."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from licensing.addresses import Addresses
from licensing.bulk import to_grow
from licensing.forms import AssignForm, Filter
from licensing.models import Bulk
from licensing.queries import Holding, holders_among, people_with_ids
from licensing.services.assigning import assign_licenses
from licensing.services.bulk import keep_list
from licensing.services.refusals import CannotAssign
from licensing.views.access import buy_url, holding_for, must_confirm
from licensing.wording import none_sentence
from selfservice.accounts.models import User
from selfservice.accounts.queries import Found, search_people
from selfservice.accounts.reauthentication import ask_again
from selfservice.accounts.requests import person
from selfservice.core.htmx import HtmxHttpRequest, render_page, wants_fragment
from selfservice.core.numbers import Grouped

FOUND_AT_ONCE = 10
CHANGED = "licenses:changed"


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    if request.method != "POST":
        return _pane(request, holding_for(request, product_id), AssignForm())
    form = AssignForm(request.POST)
    if form.finds:
        holding = holding_for(request, product_id)
        return _pane(request, holding, form, found=_found(request, holding, form))
    if must_confirm(request, product_id, len(form.chosen)):
        return ask_again(request)
    try:
        count = _assign(person(request), product_id, form)
    except CannotAssign as error:
        return _pane(request, holding_for(request, product_id), form, error=error)
    holding = holding_for(request, product_id)
    messages.success(request, _assigned_sentence(count, holding))
    if not wants_fragment(request):
        return redirect("licensing:product", product_id)
    # The pane stays for the next ones; the list behind it reads itself again.
    return trigger_client_event(
        _pane(request, holding, AssignForm()), CHANGED, {"target": "body"}
    )


def _assign(purchaser: User, product_id: uuid.UUID, form: AssignForm) -> int:
    if form.refusal:
        raise CannotAssign(form.refusal)
    rows = assign_licenses(
        actor=purchaser,
        purchaser=purchaser,
        product_id=product_id,
        people=form.chosen,
    )
    return len(rows)


@require_safe
def picker(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    """People whose name has a word that starts with `q`, as options of the pane."""
    if not wants_fragment(request):
        return redirect("licensing:assign", product_id)
    purchaser, text = person(request), Filter(request.GET).value("q")
    people, more = _called(purchaser, text)
    taken = holders_among(purchaser, product_id, [p.pk for p in people])
    if taken is None:
        raise Http404
    context = {
        "people": people,
        "taken": taken,
        "q": text,
        "text": _found_sentence(len(people), text, more=more),
    }
    # Alone: what was said before is not for the answer to a letter.
    return render(request, "licensing/assign.html#people-found", context)


def _pane(
    request: HtmxHttpRequest,
    holding: Holding,
    form: AssignForm,
    *,
    error: CannotAssign | None = None,
    found: tuple[list[Found], bool] | None = None,
) -> HttpResponse:
    chosen = _chosen(request, form) if form.is_bound else []
    context: dict[str, Any] = {
        "holding": holding,
        "chosen": chosen,
        "left": max(holding.available - len(chosen), 0),
        "most": settings.ASSIGN_AT_ONCE,
        "error": error,
        "results": found and found[0],
        "q": form.text if form.is_bound else "",
    }
    if holding.assignable and not holding.available:
        context["none"] = none_sentence(holding)
    if holding.available < max(len(chosen), 1):
        missing = error.missing if error else 0
        context["buy_url"] = _buy_url(person(request), holding, missing, chosen)
    if found is not None:
        results, more = found
        context["said"] = _found_sentence(len(results), form.text, more=more)
    status = 422 if error else 200
    return render_page(
        request, "licensing/assign.html", context, partial="assign-pane", status=status
    )


def _buy_url(
    purchaser: User, holding: Holding, missing: int, chosen: list[User]
) -> str:
    """To where the missing ones are bought, and from there back to who was chosen.

    Without anybody chosen: at least one more than there are.
    """
    grows = to_grow(purchaser, holding.pk)
    if grows is None or not missing:
        return buy_url(grows, holding, missing or 1)
    kept = keep_list(
        purchaser=purchaser,
        product_id=holding.pk,
        does=Bulk.ASSIGN,
        addresses=Addresses([], 0, []),
        people=[user.pk for user in chosen],
    )
    return buy_url(grows, holding, missing, bulk=kept.pk)


def _chosen(request: HtmxHttpRequest, form: AssignForm) -> list[User]:
    known = people_with_ids(person(request), form.chosen)
    return [known[key] for key in form.chosen if key in known]


def _called(purchaser: User, text: str) -> tuple[list[Found], bool]:
    """The first ten of that name, and whether there are more."""
    people = search_people(
        organization_id=purchaser.organization_id, text=text, limit=FOUND_AT_ONCE + 1
    )
    return people[:FOUND_AT_ONCE], len(people) > FOUND_AT_ONCE


def _found(
    request: HtmxHttpRequest, holding: Holding, form: AssignForm
) -> tuple[list[Found], bool]:
    """What the search without a script finds, but whom it need not offer."""
    purchaser = person(request)
    people, more = _called(purchaser, form.text)
    taken = holders_among(purchaser, holding.pk, [p.pk for p in people]) or set()
    offered = [p for p in people if p.pk not in taken and p.pk not in form.chosen]
    return offered, more


def _assigned_sentence(count: int, holding: Holding) -> str:
    return ngettext(
        "%(count)s license of %(product)s assigned.",
        "%(count)s licenses of %(product)s assigned.",
        count,
    ) % {"count": Grouped(count), "product": holding.name}


def _found_sentence(count: int, text: str, *, more: bool) -> str:
    if not text:
        return ""
    if more:
        return _(
            "More than %(count)s people found. Type more letters to see others."
            " Guests and disabled people are left out."
        ) % {"count": Grouped(FOUND_AT_ONCE)}
    if not count:
        return _(
            "Nobody found. Type at least two letters of a first name, a last name or"
            " an email address. Guests and disabled people are left out."
        )
    return ngettext(
        "%(count)s person found. Guests and disabled people are left out.",
        "%(count)s people found. Guests and disabled people are left out.",
        count,
    ) % {"count": Grouped(count)}
