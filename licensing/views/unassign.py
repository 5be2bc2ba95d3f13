"""Unassign licenses: asked once, then free at once."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from licensing.forms import PeopleFilter, UnassignForm
from licensing.people import MOST_AT_ONCE, matching
from licensing.queries import Holding, holders_named
from licensing.services.assigning import unassign_licenses, unassign_matching
from licensing.services.undoing import undo_unassign
from licensing.views.access import holding_for
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import (
    HtmxHttpRequest,
    close_pane,
    redirect_page,
    render_page,
)
from selfservice.core.ids import uuid7
from selfservice.core.numbers import Grouped

NAMED = 5


@require_http_methods(["GET", "HEAD", "POST"])
def unassign(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    holding = holding_for(request, product_id)
    asked = request.POST if request.method == "POST" else request.GET
    form, filters = UnassignForm(asked), PeopleFilter(asked)
    if request.method != "POST" or not (form.chosen or form.takes_all):
        return _box(request, holding, form, filters)
    withdrawal = uuid7()
    count = _take(person(request), holding, form, filters, withdrawal)
    if count is None:
        return _box(request, holding, form, filters)
    undo_url = reverse("licensing:undo", args=[product_id, withdrawal])
    messages.success(
        request,
        _unassigned_sentence(count, holding),
        extra_tags=undo_url if count else "",
    )
    return close_pane(
        request, "licensing:product", product_id, changed="licenses:changed"
    )


@require_POST
def undo(
    request: HtmxHttpRequest, product_id: uuid.UUID, withdrawal: uuid.UUID
) -> HttpResponse:
    """Give back what was just taken; what was said with it stands on the list."""
    holding = holding_for(request, product_id)
    try:
        count = undo_unassign(
            actor=person(request), product_id=product_id, withdrawal=withdrawal
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _returned_sentence(count, holding))
    return redirect_page(request, "licensing:product", product_id)


def _take(
    purchaser: User,
    holding: Holding,
    form: UnassignForm,
    filters: PeopleFilter,
    withdrawal: uuid.UUID,
) -> int | None:
    """How many were taken back; null when others are meant than were shown."""
    if not form.takes_all:
        return unassign_licenses(
            actor=purchaser,
            purchaser=purchaser,
            product_id=holding.pk,
            people=form.chosen,
            withdrawal=withdrawal,
        )
    if not 0 < form.expected <= MOST_AT_ONCE:
        return None
    return unassign_matching(
        actor=purchaser,
        found=matching(purchaser, holding, filters.search),
        expected=form.expected,
        withdrawal=withdrawal,
    )


def _box(
    request: HtmxHttpRequest,
    holding: Holding,
    form: UnassignForm,
    filters: PeopleFilter,
) -> HttpResponse:
    purchaser, refusal = person(request), form.refusal
    if form.takes_all:
        found = matching(purchaser, holding, filters.search)
        count = found[: MOST_AT_ONCE + 1].count()
        first = found.select_related("user").order_by("-pk")[:NAMED]
        people = [row.user for row in first]
        if count > MOST_AT_ONCE:
            refusal = _(
                "At most %(most)s licenses can be unassigned at a time. Narrow the"
                " list with its filters first."
            ) % {"most": Grouped(MOST_AT_ONCE)}
    else:
        people = holders_named(purchaser, holding.pk, form.chosen)
        count = len(people)
    changed = request.method == "POST" and form.takes_all and not refusal
    context = {
        "holding": holding,
        "people": people,
        "count": count,
        "takes_all": form.takes_all,
        "kept": filters.kept,
        "sentence": _sentence(people, count, holding) if people else "",
        "names": _names(people, count) if count > 1 else "",
        "changed": changed,
        "refusal": refusal,
    }
    return render_page(
        request,
        "licensing/unassign.html",
        context,
        partial="unassign-box",
        status=422 if request.method == "POST" else 200,
    )


def _sentence(people: list[User], count: int, holding: Holding) -> str:
    """Who loses what, and what becomes free."""
    if count == 1:
        return _("%(name)s loses %(product)s at once. The license is free again.") % {
            "name": people[0].display_name,
            "product": holding.name,
        }
    return ngettext(
        "%(count)s person loses %(product)s at once. The license is free again.",
        "%(count)s people lose %(product)s at once. The %(count)s licenses are free"
        " again.",
        count,
    ) % {"count": Grouped(count), "product": holding.name}


def _names(people: list[User], count: int) -> str:
    """Not more names than can be read."""
    names = ", ".join(person.display_name for person in people[:NAMED])
    rest = count - NAMED
    if rest <= 0:
        return names
    return ngettext(
        "%(names)s and %(count)s more", "%(names)s and %(count)s more", rest
    ) % {"names": names, "count": Grouped(rest)}


def _unassigned_sentence(count: int, holding: Holding) -> str:
    if not count:
        return _("Nobody of these people had a license any more.")
    return ngettext(
        "%(count)s license of %(product)s is free again.",
        "%(count)s licenses of %(product)s are free again.",
        count,
    ) % {"count": Grouped(count), "product": holding.name}


def _returned_sentence(count: int, holding: Holding) -> str:
    return ngettext(
        "Undone: %(count)s person has %(product)s again.",
        "Undone: %(count)s people have %(product)s again.",
        count,
    ) % {"count": Grouped(count), "product": holding.name}
