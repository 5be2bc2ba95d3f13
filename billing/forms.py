"""The only parser of what the pages of billing are asked for."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any, Self

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.address_forms import LooseAddressForm
from billing.queries import Cursor
from selfservice.core.dates import add_months
from selfservice.core.forms import LineField, choice_field

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
# As far ahead as cards are issued.
CARD_YEARS = 21
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


class CardForm(forms.Form):
    """Which card pays. `payment` is a stored card's id, or `new`."""

    payment = forms.CharField(
        max_length=64, error_messages={"required": _("Choose a payment method.")}
    )
    setup_intent = forms.CharField(required=False, max_length=200)

    def clean_payment(self) -> uuid.UUID | None:
        """The stored card; null for a new one."""
        return stored_card(self.cleaned_data["payment"])

    @property
    def refusal(self) -> str:
        """Everything that is wrong with it, in one line."""
        return " ".join(str(e) for errors in self.errors.values() for e in errors)


class EnteredForm(forms.Form):
    """A card that was entered at Stripe, and the billing profile that it is for."""

    profile = forms.UUIDField(required=False)
    setup_intent = forms.CharField(required=False, max_length=200)

    def value(self, name: str) -> Any:
        """What was given; null for what can't be read."""
        self.is_valid()
        return self.cleaned_data.get(name) or None


class CardDetailsForm(LooseAddressForm):
    """What can be changed of a card; the number can't."""

    exp_month = forms.TypedChoiceField(
        label=_("Month"),
        coerce=int,
        choices=[(month, f"{month:02d}") for month in range(1, 13)],
        widget=forms.Select(attrs={"autocomplete": "cc-exp-month"}),
    )
    exp_year = forms.TypedChoiceField(
        label=_("Year"),
        coerce=int,
        choices=[],
        widget=forms.Select(attrs={"autocomplete": "cc-exp-year"}),
    )
    holder_name = LineField(
        label=_("Name on card"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "cc-name"}),
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        years = range(today.year, today.year + CARD_YEARS)
        known = str(self.initial.get("exp_year", ""))
        readable = known.isdecimal() and len(known) == len("2026")
        choices = sorted({*years, *([int(known)] if readable else [])})
        choice_field(self, "exp_year").choices = [(year, str(year)) for year in choices]

    def filled_in(self, typed: dict[str, Any]) -> Self:
        return type(self)(initial={**self.initial, **typed}, today=self.today)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        month, year = data.get("exp_month"), data.get("exp_year")
        if month and year and (year, month) < (self.today.year, self.today.month):
            self.add_error(
                "exp_month",
                _(
                    "This date is over. Enter the one on the card, or replace it by a"
                    " card that is valid."
                ),
            )
        return data

    @property
    def parts(self) -> dict[str, str]:
        """The address in Stripe's names, without what is empty."""
        given = dataclasses.asdict(self.address())
        given["state"] = given.pop("region")
        return {name: value.strip() for name, value in given.items() if value.strip()}


class PayForm(CardForm):
    """Paying an invoice. `attempt` is how many were made before, as it was shown."""

    attempt = forms.IntegerField(required=False, min_value=0, max_value=10_000)


class ReturnQuery(forms.Form):
    """The address to which Stripe's own card page comes back."""

    session = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any) -> None:
        super().__init__({"session": data.get("card_session", "")})

    @property
    def card_session(self) -> str:
        """The id of its session; empty for what can't be one."""
        return str(self.cleaned_data["session"]) if self.is_valid() else ""


def stored_card(chosen: str) -> uuid.UUID | None:
    """The id of the stored card that was chosen; null for a new one, or none."""
    if chosen in {"", "new", "none"}:
        return None
    try:
        return uuid.UUID(chosen)
    except ValueError as error:
        raise forms.ValidationError(_("Choose a payment method.")) from error
