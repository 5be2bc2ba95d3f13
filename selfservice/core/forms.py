"""How every form looks (templates/forms/), and the field for a line of text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting

from selfservice.core.numbers import Grouped


class FluentRenderer(TemplatesSetting):
    """Our form and field templates around Django's own widgets."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


def choice_field(form: forms.BaseForm, name: str) -> forms.ChoiceField:
    """A field of a form, whose choices are known later. Raises TypeError for others."""
    field = form.fields[name]
    if not isinstance(field, forms.ChoiceField):
        raise TypeError(f"{name} has no choices.")
    return field


# Marks that turn the direction of what follows, and what takes no room at all. What
# joins and parts letters (U+200C, U+200D) belongs to the spelling of several languages.
_UNSEEN = dict.fromkeys(
    [
        *(0x061C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)
# Line breaks and their like are spaces; a NUL is refused by the field itself.
_BREAKS = dict.fromkeys([*range(1, 32), *range(127, 160), 0x2028, 0x2029], " ")


def one_line(text: str) -> str:
    """What somebody could have typed into one line, as it will be read."""
    return " ".join(text.translate(_UNSEEN | _BREAKS).split())


class CountField(forms.IntegerField):
    """How many of something; a limit is told with its thousands, as people read it."""

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError as errors:
            for error in errors.error_list:
                told = dict(error.params or {})
                if "limit_value" in told:
                    told["limit_value"] = Grouped(told["limit_value"])
                error.params = told
            raise


class LineField(forms.CharField):
    """A name or the like: it stands in mails, lists, files and on invoices.

    A browser sends no line break from such a field. Whoever sends one by hand, or
    marks that nobody sees, would have it read as something else than was stored.
    """

    def to_python(self, value: Any) -> str:
        return one_line(str(super().to_python(value)))
