"""The only parser of what the pages of billing are asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.queries import Cursor
from selfservice.core.dates import add_months

PAST_3, PAST_6, RANGE = "3-months", "6-months", "range"
PERIODS: list[tuple[str, str | Promise]] = [
    (PAST_3, _("Past 3 months")),
    (PAST_6, _("Past 6 months")),
    (RANGE, _("Specify a date range")),
]
STATUSES: list[tuple[str, str | Promise]] = [
    ("due", _("Due")),
    ("past_due", _("Past due")),
    ("paid", _("Paid")),
    ("void", _("Void")),
]
FIRST_YEAR, LAST_YEAR, MOST_YEARS = 2000, 2100, 10
_DATE_FORMATS = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"]
_NO_DATE = {
    "invalid": _("There is no such date. Enter one of the calendar, like 2026-02-28.")
}


class DateInput(forms.DateInput):
    """The browser's own date picker, which takes and gives ISO dates."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class InvoiceFilter(forms.Form):
    """The filters of the invoices. Dates that make no sense are refused with a
    sentence; of the rest, what can't be read filters nothing."""

    period = forms.ChoiceField(required=False, choices=PERIODS)
    start = forms.DateField(
        label=_("Start date"),
        input_formats=_DATE_FORMATS,
        widget=DateInput,
        error_messages=_NO_DATE,
    )
    end = forms.DateField(
        label=_("End date"),
        input_formats=_DATE_FORMATS,
        widget=DateInput,
        error_messages=_NO_DATE,
    )
    status = forms.ChoiceField(required=False, choices=STATUSES)
    profile = forms.UUIDField(required=False)
    q = forms.CharField(required=False, max_length=100)
    sort = forms.ChoiceField(required=False, choices=[("date", ""), ("-date", "")])
    page = forms.CharField(required=False, max_length=80)

    def __init__(self, data: Any, *, today: dt.date) -> None:
        super().__init__(data)
        self.today = today
        if self.value("period") == RANGE:
            self._propose_dates()

    def value(self, name: str, default: Any = "") -> Any:
        self.is_valid()
        found = self.cleaned_data.get(name)
        return default if found in (None, "") else found

    @property
    def refused(self) -> bool:
        """Whether a date range was asked for that can't be looked up."""
        self.is_valid()
        asked = self.value("period") == RANGE
        return asked and bool(self.errors.keys() & {"start", "end"})

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day asked for, both included; only if not refused."""
        if self.value("period") == RANGE:
            return self.cleaned_data["start"], self.cleaned_data["end"]
        months = 6 if self.value("period") == PAST_6 else 3
        return months_before(self.today, months), self.today

    @property
    def cursor(self) -> Cursor | None:
        return Cursor.parsed(self.value("page"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if data.get("period") != RANGE:
            return data
        for name in ("start", "end"):
            day = data.get(name)
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                self.add_error(name, self._year_sentence())
        if self.errors.keys() & {"start", "end"} or not (start and end):
            return data
        if start > end:
            self.add_error("start", _("The start date is after the end date."))
        elif end > months_before(start, -12 * MOST_YEARS):
            self.add_error(
                "start",
                _("Ask for %(years)d years at most: move one of the dates.")
                % {"years": MOST_YEARS},
            )
        return data

    def _year_sentence(self) -> str:
        return _("Enter a year from %(first)d to %(last)d.") % {
            "first": FIRST_YEAR,
            "last": LAST_YEAR,
        }

    def _propose_dates(self) -> None:
        """A date that isn't given is the default period's, and shown as such."""
        given = {name: value for name, value in self.data.items() if value}
        end = self.cleaned_data.get("end") or self.today
        self.data = {
            "end": end.isoformat(),
            "start": months_before(end, 3).isoformat(),
            **given,
        }
        self.full_clean()


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day `months` earlier, the last of the month where it is missing."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return add_months(start, -months).date()
