"""The only parser of what the oversight pages are asked for."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from selfservice.oversight.orders import ALL_ORDERS, GROUP_ORDERS, ORDERS
from selfservice.oversight.queries import PAGE_SIZE
from selfservice.oversight.spots import SPOTS
from selfservice.subscriptions.lifecycle import LABELS

EXPIRIES: list[tuple[str, str | Promise]] = [
    ("ending", _("Ending within 30 days")),
    ("30", _("Term over within 30 days")),
    ("90", _("Term over within 90 days")),
    ("past", _("Already over")),
]

PRODUCT, PURCHASER = "product", "purchaser"
GROUPS: list[tuple[str, str | Promise]] = [
    ("", _("Subscriptions")),
    (PRODUCT, _("By product")),
    (PURCHASER, _("By purchaser")),
]


class PurchasesFilter(forms.Form):
    """The filters of the list; what can't be read filters nothing."""

    product = forms.UUIDField(required=False)
    purchaser = forms.UUIDField(required=False)
    status = forms.ChoiceField(required=False, choices=list(LABELS.items()))
    expiry = forms.ChoiceField(required=False, choices=EXPIRIES)
    spot = forms.ChoiceField(required=False, choices=SPOTS)
    group = forms.ChoiceField(required=False, choices=GROUPS)
    export = forms.ChoiceField(required=False, choices=[("csv", "csv")])
    q = forms.CharField(required=False, max_length=100)
    sort = forms.ChoiceField(required=False, choices=[(s, s) for s in ALL_ORDERS])
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)

    @property
    def start(self) -> int:
        """How many rows stand before the page that is asked for."""
        return (int(self.value("page", 1)) - 1) * PAGE_SIZE

    @property
    def order(self) -> str:
        """The one in force: of a column that the list or the groups have."""
        asked: str = self.value("sort")
        if not self.value("group"):
            return asked if asked in ORDERS else "product"
        return asked if asked.removeprefix("-") in GROUP_ORDERS else "name"

    def value(self, name: str, default: Any = "") -> Any:
        self.is_valid()
        found = self.cleaned_data.get(name)
        return default if found in (None, "") else found


class PeoplePage(forms.Form):
    """Where in the list of licensed people somebody is."""

    after = forms.UUIDField(required=False)

    @property
    def place(self) -> uuid.UUID | None:
        self.is_valid()
        place: uuid.UUID | None = self.cleaned_data.get("after")
        return place
