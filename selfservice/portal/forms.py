"""What is typed on Billing notifications, and nothing else parses it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import QueryDict

from selfservice.activity.services.choices import optional
from selfservice.core.forms import choice_field
from selfservice.subscriptions.services.reminding import LEAD_TIMES


class SearchForm(forms.Form):
    """What is typed into the header."""

    q = forms.CharField(required=False, max_length=100)

    @property
    def text(self) -> str:
        self.is_valid()
        # Too long for anything here: its beginning is as good.
        typed = self.cleaned_data.get("q") or self.data.get("q", "")[:100]
        return " ".join(typed.split())


class MailsForm(forms.Form):
    """Which optional kinds are wanted, and how reminders come."""

    kinds = forms.MultipleChoiceField(required=False)
    digest = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice_field(self, "kinds").choices = [(kind, kind) for kind in optional]

    @property
    def off(self) -> set[str]:
        return set(optional) - set(self.cleaned_data["kinds"])


def lead_times_typed(data: QueryDict) -> dict[uuid.UUID, list[int]]:
    """Days by subscription, for all that were shown; what can't be is left out."""
    typed: dict[uuid.UUID, list[int]] = {}
    for name in data.getlist("shown"):
        try:
            key = uuid.UUID(name)
        except ValueError:
            continue
        chosen = set(data.getlist(name))
        typed[key] = [days for days in LEAD_TIMES if str(days) in chosen]
    return typed


def page_asked(data: QueryDict) -> int:
    """From 1."""
    text = data.get("page", "")
    return (
        max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 5 else 1
    )
