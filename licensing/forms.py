"""The only parsers of what comes in about licenses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import Bulk
from licensing.people import Search
from selfservice.core.forms import CountField
from selfservice.core.numbers import Grouped
from selfservice.subscriptions.forms import MOST_LICENSES
from selfservice.subscriptions.services.quantity import When

# As many as one page can hold, and some; the number at a time is the service's.
MOST_PEOPLE = 500


class PeopleField(forms.Field):
    """The keys of people, from boxes or chips of the same name."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[uuid.UUID]:
        try:
            keys = [uuid.UUID(key) for key in value or []]
        except ValueError as error:
            raise forms.ValidationError(
                _("These people could not be read. Choose them again.")
            ) from error
        if len(keys) > MOST_PEOPLE:
            raise forms.ValidationError(
                _("More than %(most)s people can't be chosen here.")
                % {"most": Grouped(MOST_PEOPLE)}
            )
        return list(dict.fromkeys(keys))


class ChosenPeople(forms.Form):
    """Who was selected. Nobody is allowed here: the service says what is missing."""

    people = PeopleField(required=False)

    @property
    def chosen(self) -> list[uuid.UUID]:
        """The people, as far as they could be read."""
        self.is_valid()
        return list(self.cleaned_data.get("people") or [])

    @property
    def refusal(self) -> str:
        """Why they could not be read."""
        return " ".join(str(e) for e in self.errors.get("people", []))


class AssignForm(ChosenPeople):
    """The pane. `find` is the button that searches where there is no script."""

    q = forms.CharField(required=False, max_length=100)
    find = forms.CharField(required=False, max_length=1)

    @property
    def text(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("q", ""))

    @property
    def finds(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("find"))


class QuantityForm(ChosenPeople):
    """The new total of a subscription, and who loses a license for it."""

    total = CountField(
        label=_("Total licenses"),
        min_value=0,
        max_value=MOST_LICENSES,
        widget=forms.NumberInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Enter how many licenses you want in total."),
            "invalid": _("Enter a whole number, such as 12."),
            "max_value": _("More than %(limit_value)s licenses can't be bought here."),
            "min_value": _("Enter a whole number, such as 12."),
        },
    )
    when = forms.ChoiceField(
        required=False, choices=[(when.value, when.value) for when in When]
    )
    seal = forms.CharField(required=False, max_length=4000)
    # What the pane was opened for; only its title differs.
    mode = forms.ChoiceField(required=False, choices=[("remove", "remove")])
    # Without a script: only show the amount.
    look = forms.BooleanField(required=False)
    # The list of people that these licenses are for, to which it goes back.
    bulk = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def at_renewal(self) -> bool:
        return bool(self.cleaned_data.get("when") == When.RENEWAL)


class Filter(forms.Form):
    """A list's address; what can't be read filters nothing."""

    q = forms.CharField(required=False, max_length=100)

    def value(self, name: str, default: Any = "") -> Any:
        self.is_valid()
        found = self.cleaned_data.get(name)
        return default if found in (None, "") else found


class LicensesFilter(Filter):
    """The filters of Licenses."""

    SORTS = ("name", "-name", "assigned", "-assigned", "free", "-free")
    SHOWN = (("free", _("Licenses available")), ("none", _("No licenses available")))

    show = forms.ChoiceField(required=False, choices=SHOWN)
    sort = forms.ChoiceField(required=False, choices=[(s, s) for s in SORTS])
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)


class PeopleFilter(Filter):
    """The licensed people of a product: which, how sorted, where the page begins."""

    SORTS = ("name", "-name", "department", "-department", "since", "-since")
    DAYS = (
        (7, _("Past 7 days")),
        (30, _("Past 30 days")),
        (90, _("Past 90 days")),
        (365, _("Past 365 days")),
    )

    department = forms.CharField(required=False, max_length=128)
    subscription = forms.UUIDField(required=False)
    since = forms.TypedChoiceField(required=False, choices=DAYS, coerce=int)
    sort = forms.ChoiceField(required=False, choices=[(s, s) for s in SORTS])
    after = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)

    @property
    def search(self) -> Search:
        return Search(
            text=self.value("q"),
            department=self.value("department"),
            subscription=self.value("subscription", None),
            days=self.value("since", 0),
        )

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The filters as they stand in an address; what can't be read is gone."""
        names = ("q", "department", "subscription", "since")
        return [(name, str(self.value(name))) for name in names if self.value(name)]


class UnassignForm(ChosenPeople):
    """The box: who was selected, or `all` that fit the filters beside it.

    `count` is how many the box named.
    """

    all = forms.BooleanField(required=False)
    count = forms.IntegerField(required=False, min_value=0)

    @property
    def takes_all(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("all"))

    @property
    def expected(self) -> int:
        self.is_valid()
        return int(self.cleaned_data.get("count") or 0)


class BulkForm(forms.Form):
    """Who is on the list: typed or pasted, out of a file, a department; or several."""

    does = forms.ChoiceField(choices=Bulk, required=False)
    text = forms.CharField(
        required=False,
        label=_("Email addresses"),
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "spellcheck": "false",
                "autocapitalize": "none",
                "placeholder": "zoe@example.com; Daan Kuipers <daan@example.com>",
            }
        ),
    )
    file = forms.FileField(
        required=False,
        label=_("CSV file"),
        allow_empty_file=True,
        max_length=None,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    department = forms.CharField(required=False, label=_("Department"), max_length=128)

    @property
    def does_what(self) -> Bulk:
        self.is_valid()
        return Bulk(self.cleaned_data.get("does") or Bulk.ASSIGN)


class BulkSealForm(forms.Form):
    """The confirmation of a list that was looked at."""

    seal = forms.CharField(required=False, max_length=64)

    @property
    def shown(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("seal") or "")
