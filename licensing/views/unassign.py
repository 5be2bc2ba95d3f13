"""Unassign licenses: asked once, then free at once."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from licensing.forms import ChosenPeople
from licensing.queries import Holding, holders_named
from licensing.services.assigning import unassign_licenses
from licensing.views.access import holding_for
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page

NAMED = 5


@require_http_methods(["GET", "HEAD", "POST"])
def unassign(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    holding = holding_for(request, product_id)
    asked = request.POST if request.method == "POST" else request.GET
    form = ChosenPeople(asked)
    if request.method != "POST" or not form.chosen:
        return _box(request, holding, form)
    purchaser = person(request)
    count = unassign_licenses(
        actor=purchaser,
        purchaser=purchaser,
        product_id=product_id,
        people=form.chosen,
    )
    messages.success(request, _unassigned_sentence(count, holding))
    return close_pane(
        request, "licensing:product", product_id, changed="licenses:changed"
    )


def _box(
    request: HtmxHttpRequest, holding: Holding, form: ChosenPeople
) -> HttpResponse:
    people = holders_named(person(request), holding.pk, form.chosen)
    context = {
        "holding": holding,
        "people": people,
        "sentence": _sentence(people, holding) if people else "",
        "names": _names(people) if len(people) > 1 else "",
        "refusal": form.refusal,
    }
    return render_page(
        request,
        "licensing/unassign.html",
        context,
        partial="unassign-box",
        status=422 if request.method == "POST" else 200,
    )


def _sentence(people: list[User], holding: Holding) -> str:
    """Who loses what, and what becomes free."""
    if len(people) == 1:
        return _("%(name)s loses %(product)s at once. The license is free again.") % {
            "name": people[0].display_name,
            "product": holding.name,
        }
    return ngettext(
        "%(count)d person loses %(product)s at once. The license is free again.",
        "%(count)d people lose %(product)s at once. The %(count)d licenses are free"
        " again.",
        len(people),
    ) % {"count": len(people), "product": holding.name}


def _names(people: list[User]) -> str:
    """Not more names than can be read."""
    names = ", ".join(person.display_name for person in people[:NAMED])
    rest = len(people) - NAMED
    if rest <= 0:
        return names
    return ngettext(
        "%(names)s and %(count)d more", "%(names)s and %(count)d more", rest
    ) % {"names": names, "count": rest}


def _unassigned_sentence(count: int, holding: Holding) -> str:
    if not count:
        return _("Nobody of these people had a license any more.")
    return ngettext(
        "%(count)d license of %(product)s is free again.",
        "%(count)d licenses of %(product)s are free again.",
        count,
    ) % {"count": count, "product": holding.name}
