"""The only parser of what a page of the log is asked for."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from selfservice.activity.queries import Search
from selfservice.activity.words import Group, verbs_in
from selfservice.core import clock

# Who: the portal itself, or Stripe.
PORTAL = "portal"
RANGE = "range"
DAYS = {"7": 7, "30": 30, "90": 90}
PERIODS: list[tuple[str, str | Promise]] = [
    ("", _("Any time")),
    ("7", _("Past 7 days")),
    ("30", _("Past 30 days")),
    ("90", _("Past 90 days")),
    (RANGE, _("Specify a date range")),
]

# No log reaches further, and no date of these overflows.
YEARS = range(2000, 2101)


def date_input() -> forms.DateInput:
    """The browser's own date picker, which takes and gives ISO dates."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ActivityFilter(forms.Form):
    """The filters of the log; what can't be read filters nothing."""

    who = forms.CharField(required=False, max_length=36)
    what = forms.ChoiceField(required=False, choices=Group.choices)
    period = forms.ChoiceField(required=False, choices=PERIODS)
    start = forms.DateField(required=False, label=_("Start date"), widget=date_input())
    end = forms.DateField(required=False, label=_("End date"), widget=date_input())
    after = forms.UUIDField(required=False)
    export = forms.ChoiceField(
        required=False, choices=[("csv", "csv"), ("json", "json")]
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if data.get("period") == RANGE and start and end and start > end:
            del data["end"]
            self.add_error("start", _("The start date is after the end date."))
        return data

    def value(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name) or ""

    @property
    def actor_id(self) -> uuid.UUID | None:
        try:
            return uuid.UUID(self.value("who"))
        except ValueError:
            return None

    def search(self, subject_ids: list[uuid.UUID] | None) -> Search:
        since, until = self._period()
        group = self.value("what")
        return Search(
            subject_ids=subject_ids,
            actor_id=self.actor_id,
            portal=self.value("who") == PORTAL,
            verbs=verbs_in(group) if group else (),
            since=since,
            until=until,
        )

    def _period(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """The days asked for, in the reader's time zone; both may be open."""
        period = self.value("period")
        if period in DAYS:
            return clock.now() - dt.timedelta(days=DAYS[period]), None
        if period != RANGE:
            return None, None
        start, end = self.value("start"), self.value("end")
        day = dt.timedelta(days=1)
        return (
            _midnight(start) if start and start.year in YEARS else None,
            _midnight(end + day) if end and end.year in YEARS else None,
        )


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
