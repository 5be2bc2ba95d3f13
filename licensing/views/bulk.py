"""Assign or unassign in bulk: a list of people, what it would do, all or nobody."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from licensing import addresses
from licensing.bulk import (
    Look,
    can_be_undone,
    lists_of,
    look_at,
    people_of,
    to_grow,
)
from licensing.bulk_wording import groups_of, said_of
from licensing.forms import BulkForm, BulkSealForm
from licensing.models import Bulk, BulkList, BulkState
from licensing.people import departments
from licensing.queries import Holding
from licensing.services.bulk import CannotStart, confirm, hurry, keep_list
from licensing.services.refusals import going_away
from licensing.services.undoing import UNDO_FOR
from licensing.views.access import buy_url, holding_for, must_confirm
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import ask_again
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.csv_export import csv_response
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.numbers import Grouped

# After so long nobody should have to wait for it.
SLOW = dt.timedelta(minutes=2)
# What asks again while the bank waits to be answered.
WAITS = "bulk-waits"


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    """Who is meant; what is wrong with it is said beside what was typed."""
    holding = holding_for(request, product_id)
    if request.method != "POST":
        return _form(request, holding, BulkForm(request.GET))
    form = BulkForm(request.POST, request.FILES)
    try:
        bulk = _kept(person(request), holding, form)
    except DomainError as error:
        return _form(request, holding, form, refusal=str(error))
    return redirect("licensing:bulk_list", product_id, bulk.pk)


def _kept(purchaser: User, holding: Holding, form: BulkForm) -> BulkList:
    """The list, kept to be looked at. Raises Unreadable."""
    if not form.is_valid():
        raise addresses.Unreadable(
            " ".join(str(error) for errors in form.errors.values() for error in errors)
        )
    given = form.cleaned_data
    lists = [addresses.read_text(given["text"])]
    file: UploadedFile[bytes] | None = given["file"]
    if file is not None:
        lists.append(addresses.read_file(file))
    people: list[uuid.UUID] = []
    if given["department"]:
        people = people_of(purchaser.organization_id, given["department"])
    listed = addresses.merged(lists)
    if len(listed.found) + len(people) > addresses.MOST_ADDRESSES:
        raise addresses.too_many(len(listed.found) + len(people))
    if not (listed.found or listed.strange or people):
        raise addresses.Unreadable(
            _(
                "Nobody is on the list yet. Paste email addresses, choose a CSV file"
                " or choose a department."
            )
        )
    return keep_list(
        purchaser=purchaser,
        product_id=holding.pk,
        does=form.does_what,
        addresses=listed,
        people=people,
    )


def _form(
    request: HtmxHttpRequest, holding: Holding, form: BulkForm, *, refusal: str = ""
) -> HttpResponse:
    context = {
        "holding": holding,
        "form": form,
        "unassigns": form.does_what == Bulk.UNASSIGN,
        "departments": departments(person(request).organization_id),
        "most": addresses.MOST_BYTES // addresses.MEGABYTE,
        "refusal": refusal,
        # A file can't be kept in the form: it must be chosen again.
        "file_gone": bool(refusal and request.FILES),
    }
    return render_page(
        request,
        "licensing/bulk.html",
        context,
        partial="bulk-form",
        status=422 if refusal else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def bulk_list(
    request: HtmxHttpRequest, product_id: uuid.UUID, bulk_id: uuid.UUID
) -> HttpResponseBase:
    """What the list would do, does, or did."""
    holding, purchaser = holding_for(request, product_id), person(request)
    bulk = lists_of(purchaser, product_id).filter(pk=bulk_id).first()
    if bulk is None:
        raise Http404
    bulk.purchaser = purchaser
    if request.method == "POST":
        return _confirm(request, bulk)
    if bulk.state != BulkState.DRAFT:
        return _progress(request, holding, bulk)
    look = look_at(bulk)
    if "export" in request.GET:
        return csv_response(
            "bulk.csv",
            (_("Name"), _("Email address"), _("Outcome")),
            _rows(bulk, look),
        )
    return _dry_run(request, holding, bulk, look)


def _confirm(request: HtmxHttpRequest, bulk: BulkList) -> HttpResponse:
    if bulk.state == BulkState.UNDER_WAY:
        hurry(bulk)
    elif bulk.state == BulkState.DRAFT:
        gives = len(bulk.people) if bulk.does == Bulk.ASSIGN else 0
        if gives and must_confirm(request, bulk.product_id, gives):
            return ask_again(request)
        try:
            confirm(bulk=bulk, seal=BulkSealForm(request.POST).shown)
        except CannotStart as error:
            messages.error(request, str(error))
    return HttpResponseRedirect(request.path)


def _dry_run(
    request: HtmxHttpRequest, holding: Holding, bulk: BulkList, look: Look
) -> HttpResponse:
    unassigns = bulk.does == Bulk.UNASSIGN
    wanted = len(look.ready)
    missing = 0 if unassigns else max(wanted - holding.available, 0)
    context: dict[str, Any] = {
        "groups": groups_of(bulk, look),
        "wanted": wanted,
        "left": max(holding.available - wanted, 0),
        "missing": missing,
        "seal": look.seal,
        "said": said_of(bulk, look, holding),
    }
    if missing:
        context["held_back"] = holding.held_back and going_away(holding.held_back)
        grows = to_grow(bulk.purchaser, holding.pk)
        context["buy_url"] = buy_url(grows, holding, missing, bulk=bulk.pk)
        if grows and grows.pending_quantity is not None:
            context["waits"] = grows
            if request.htmx.trigger == WAITS:
                # Nothing new, and nothing under the reader's hands is replaced.
                return HttpResponse(status=204)
    return _show(request, holding, bulk, context)


def _show(
    request: HtmxHttpRequest, holding: Holding, bulk: BulkList, context: dict[str, Any]
) -> HttpResponse:
    shown = {
        "holding": holding,
        "bulk": bulk,
        "unassigns": bulk.does == Bulk.UNASSIGN,
        "free": ngettext(
            "%(product)s · %(n)s license available",
            "%(product)s · %(n)s licenses available",
            holding.available,
        )
        % {"product": holding.name, "n": Grouped(holding.available)},
        **context,
    }
    return render_page(request, "licensing/bulk_list.html", shown, partial="bulk-state")


def _progress(
    request: HtmxHttpRequest, holding: Holding, bulk: BulkList
) -> HttpResponse:
    now = clock.now()
    context = {
        "working": bulk.state == BulkState.UNDER_WAY,
        "done": bulk.state == BulkState.DONE,
        "slow": now - (bulk.confirmed_at or now) > SLOW,
        "can_undo": can_be_undone(bulk, now - UNDO_FOR),
    }
    return _show(request, holding, bulk, context)


def _rows(bulk: BulkList, look: Look) -> Iterator[tuple[str, str, str]]:
    """Everybody on the list, for the file."""
    for group in groups_of(bulk, look):
        for name, address in group.members:
            yield name, address, group.label
