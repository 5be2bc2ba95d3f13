"""Every state of a list, and of what stands in it, below each other.

Demo only, like the gallery of components. The rows are sample text.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from selfservice.portal.views.gallery import ROWS, Row

TRIAL, EXPIRED, PAST_DUE, ENDS_SOON, ACTIVE, _ = ROWS
LONG = (
    "Enterprise Resource Planning and Compliance Reporting Suite Professional for"
    " Donaudampfschifffahrtsgesellschaften"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """The bar over the page of what is in this state."""

    kind: str
    icon: str
    title: str
    text: str
    action: str = ""

    @property
    def url(self) -> str:
        return "#" if self.action else ""


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """A state, its notice and its rows; without rows the list says `empty`."""

    name: str
    rows: tuple[Row, ...] = ()
    notice: Notice | None = None
    empty: str = ""
    pages: str = ""
    waits: bool = False


SAMPLES = (
    Sample("Empty", empty="You haven't bought anything yet."),
    Sample("One", (ACTIVE,)),
    Sample(
        "Many",
        tuple(
            replace(ACTIVE, number=number, assigned=1234, quantity=2500)
            for number in range(12)
        ),
        pages="1–12 of 2,500",
    ),
    Sample("Very long names", (replace(ACTIVE, name=LONG, next_text=LONG),)),
    Sample(
        "Error",
        notice=Notice(
            "bad",
            "error-circle",
            "The payment provider doesn't answer right now.",
            "Nothing is lost: try again in a minute.",
            "Try again",
        ),
        empty="The list can't be shown now.",
    ),
    Sample("Loading", waits=True),
    Sample(
        "Past due",
        (PAST_DUE,),
        Notice(
            "bad",
            "warning",
            "The last payment failed.",
            "Pay by 20 Dec 2026, with Visa •••• 4242 or another card, or access ends"
            " then.",
            "Pay now",
        ),
    ),
    Sample(
        "Expired",
        (EXPIRED, replace(EXPIRED, number=5, status="Disabled", next_text="Deleted")),
        Notice(
            "warn",
            "warning",
            "This subscription has expired.",
            "People keep their licenses until 8 Dec 2026.",
            "Reactivate",
        ),
    ),
    Sample(
        "Trial ending",
        (replace(TRIAL, kind="warn", next_text="Becomes paid in 2 days"),),
        Notice(
            "",
            "clock",
            "The trial ends on 2 Dec 2026.",
            "Then 6 licenses for €84.00 a month, excl. tax.",
            "Edit",
        ),
    ),
    Sample(
        "End of sale",
        (replace(ENDS_SOON, status="End of sale", next_text="Isn't sold any more"),),
        Notice(
            "warn",
            "warning",
            "No longer sold.",
            "Licenses that you have stay usable until their term ends.",
        ),
    ),
    Sample(
        "Read-only",
        (ACTIVE,),
        Notice("", "lock-closed", "Read-only.", "Only the purchaser can change it."),
    ),
)


@require_safe
def states(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/gallery_states.html", {"samples": SAMPLES})


urlpatterns = [path("gallery/states/", states, name="gallery_states")]
