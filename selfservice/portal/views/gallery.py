"""Every component in every state on one page, for looking at and for tests.

Demo only. What stands here is sample text, so it is not translated.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from selfservice.core.htmx import close_pane, render_page
from selfservice.core.lists import Choice, choices, with_query

MOST = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    number: int
    display_name: str
    department: str

    @property
    def pk(self) -> uuid.UUID:
        return uuid.UUID(int=self.number)

    @property
    def email(self) -> str:
        return self.display_name.lower().replace(" ", ".") + "@noordzee.example"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    number: int
    name: str
    icon: str
    plan: str
    kind: str
    status: str
    assigned: int
    quantity: int
    recurring: bool
    next_on: dt.date
    next_text: str
    price_minor: int
    per: str

    @property
    def pk(self) -> uuid.UUID:
        return uuid.UUID(int=self.number)


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    label: str
    icon: str
    pane: bool
    url: str = "/gallery/pane/"


MONTHLY, YEARLY = "1 year, billed monthly", "1 year, billed yearly"
ROWS = (
    Row(
        4,
        "Flow Automation",
        "flow",
        "Trial, then billed monthly",
        "info",
        "Trial",
        6,
        25,
        True,
        dt.date(2026, 12, 2),
        "Becomes paid, 6 licenses",
        8400,
        "per month, from 2 Dec",
    ),
    Row(
        2,
        "Sketchroom Teams",
        "whiteboard",
        YEARLY,
        "",
        "Expired",
        4,
        6,
        False,
        dt.date(2026, 12, 8),
        "Reactivate or it is disabled",
        36000,
        "per year",
    ),
    Row(
        6,
        "Insights Pro",
        "data-histogram",
        "1 month, billed monthly",
        "bad",
        "Past due",
        8,
        10,
        True,
        dt.date(2026, 12, 20),
        "Pay now to keep access",
        13100,
        "per month",
    ),
    Row(
        1,
        "Meet Premium",
        "video",
        MONTHLY,
        "warn",
        "Ends soon",
        3,
        5,
        False,
        dt.date(2027, 1, 31),
        "Expires, 3 people lose access",
        4700,
        "per month",
    ),
    Row(
        3,
        "Diagrams Pro",
        "organization",
        YEARLY,
        "ok",
        "Active",
        12,
        12,
        True,
        dt.date(2027, 2, 3),
        "Renews with 12 licenses",
        59040,
        "per year",
    ),
    Row(
        0,
        "Planboard Plus",
        "board",
        MONTHLY,
        "ok",
        "Active",
        18,
        25,
        True,
        dt.date(2027, 3, 14),
        "Renews with 25 licenses",
        25750,
        "per month",
    ),
)
PEOPLE = (
    Person(8, "Hannah Bergsma", "Advice"),
    Person(20, "Anouk Berends", "Finance"),
    Person(17, "Jeroen van Bergen", "Finance"),
    Person(11, "Sofie Bergman", "Projects"),
    Person(12, "Zoë van den Bergh", "Projects"),
    Person(2, "Fatima El Amrani", "Projects"),
    Person(1, "Sanne de Wit", "Advice"),
    Person(7, "Ruben van Dijk", "Projects"),
)
ACTIONS: tuple[Action | None, ...] = (
    Action("Buy licenses", "add", True),
    Action("Remove licenses", "subtract", True),
    Action("Assign licenses", "person-add", True),
    None,
    Action("Edit recurring billing", "arrow-repeat-all", True),
    Action("View invoices", "receipt", False, "/gallery/"),
    None,
    Action("Cancel subscription", "prohibited", True, "/gallery/dialog/"),
)


class SampleForm(forms.Form):
    """One field of every kind."""

    name = forms.CharField(label="Company name", max_length=80)
    vat = forms.CharField(
        label="VAT number", required=False, help_text="Such as NL812345678B01."
    )
    email = forms.EmailField(label="Email address")
    country = forms.ChoiceField(
        label="Country or region", choices=[("NL", "Netherlands"), ("BE", "Belgium")]
    )
    reason = forms.ChoiceField(
        label="Reason",
        choices=[("cost", "It costs too much"), ("use", "We don't use it")],
        widget=forms.RadioSelect,
    )
    notes = forms.CharField(
        label="Additional feedback",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    terms = forms.BooleanField(label="I accept the terms of 1 Oct 2026")


class QuantityForm(forms.Form):
    total = forms.IntegerField(
        label="Total licenses", min_value=18, max_value=300, initial=25
    )


@require_http_methods(["GET", "HEAD", "POST"])
def gallery(request: HttpRequest) -> HttpResponse:
    """The page, and its list as a fragment; a POST shows a refused form."""
    status = request.GET.get("status", "")
    query = request.GET.get("q", "")
    values = [("", "All"), *((row.status, row.status) for row in ROWS)]
    rows = [
        row
        for row in ROWS
        if (not status or row.status == status) and query.lower() in row.name.lower()
    ]
    context = {
        "rows": rows,
        "people": PEOPLE,
        "q": query,
        "sort": request.GET.get("sort", "next"),
        "status": status,
        "statuses": choices(request, "status", values, chosen=status),
        "without_status": with_query(request, status=None),
        "tabs": [
            Choice("Products", "?", True),
            Choice("Self-service trials", "?tab=trials"),
        ],
        "form": SampleForm(request.POST or None),
        "quantity": QuantityForm(),
    }
    return render_page(
        request,
        "portal/gallery.html",
        context,
        partial="gallery-list",
        status=422 if request.method == "POST" else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def pane(request: HttpRequest) -> HttpResponse:
    """A pane with the people picker; a POST without people is refused."""
    chosen = request.POST.getlist("people")
    finding = "find" in request.POST
    if request.method == "POST" and 0 < len(chosen) <= MOST and not finding:
        messages.success(request, f"{len(chosen)} licenses assigned.")
        return close_pane(request, "portal:gallery", changed="gallery:changed")
    context = {
        "refused": request.method == "POST" and not finding,
        "chosen": [p for p in PEOPLE if str(p.pk) in chosen],
        "results": [p for p in PEOPLE if finding and str(p.pk) not in chosen],
    }
    return render_page(
        request,
        "portal/gallery_pane.html",
        context,
        partial="gallery-pane",
        status=422 if context["refused"] else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def dialog(request: HttpRequest) -> HttpResponse:
    """A confirmation."""
    if request.method == "POST":
        messages.success(request, "2 licenses unassigned.")
        return close_pane(request, "portal:gallery", changed="gallery:changed")
    return render_page(request, "portal/gallery_dialog.html", partial="gallery-dialog")


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """The picker's results."""
    query = request.GET.get("q", "").strip()
    found = [p for p in PEOPLE if query.lower() in p.display_name.lower()]
    context = {"found": found, "q": query, "taken": {PEOPLE[2].pk}}
    return render_page(
        request, "portal/gallery_people.html", context, partial="gallery-people"
    )


@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """The actions of a row."""
    return render_page(
        request,
        "portal/gallery_menu.html",
        {"items": ACTIONS},
        partial="gallery-menu",
    )


urlpatterns = [
    path("gallery/", gallery, name="gallery"),
    path("gallery/pane/", pane, name="gallery_pane"),
    path("gallery/dialog/", dialog, name="gallery_dialog"),
    path("gallery/people/", people, name="gallery_people"),
    path("gallery/menu/", menu, name="gallery_menu"),
]
