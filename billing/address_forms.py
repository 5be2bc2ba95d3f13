"""The only parser of postal addresses, by the rules of their country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.addresses import (
    PostalAddress,
    country_choices,
    country_name,
    postal_code_fits,
    postal_code_of_region,
    region_known,
    region_name,
    rules_of,
)
from selfservice.core.forms import LineField, choice_field


class AddressForm(forms.Form):
    """A postal address, with the parts and checks of its country.

    The country that was typed, given or `fixed` decides. A fixed one can't be
    chosen, and is shown with the reason.
    """

    # Whether any part may be missing; what is there is checked all the same.
    loose = False
    # What `FieldsQuery` calls it, when its country is chosen.
    kind = ""

    line1 = LineField(
        label=gettext_lazy("Street and number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "address-line1"}),
    )
    line2 = LineField(
        label=gettext_lazy("Address line 2"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    postal_code = LineField(
        label=gettext_lazy("Postal code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = LineField(
        label=gettext_lazy("City"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    region = LineField(
        label=gettext_lazy("Province"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "address-level1"}),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country or region"),
        choices=country_choices,
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    def __init__(self, *args: Any, fixed: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fixed = fixed
        self.shown_country = fixed or self._country()
        if fixed:
            del self.fields["country"]
        elif self.loose:
            self.fields["country"].required = False
            choice_field(self, "country").choices = [("", "–"), *country_choices()]
        self._follow(self.shown_country)

    @property
    def fixed_country(self) -> str:
        """The country that can't be chosen, by its name."""
        return country_name(self.fixed) if self.fixed else ""

    def address(self) -> PostalAddress:
        """What was typed, once the form is valid; parts that aren't there are empty."""
        data = self.cleaned_data
        return PostalAddress(
            line1=data["line1"],
            line2=data["line2"],
            postal_code=data.get("postal_code", ""),
            city=data.get("city", ""),
            region=data.get("region", ""),
            country=self.fixed or data["country"],
        )

    def beside(self) -> dict[str, Any]:
        """What else was typed, once the form is valid, and isn't the address."""
        data = self.cleaned_data
        return {
            name: data[name] for name in data if name not in AddressForm.base_fields
        }

    def retyped(self) -> Self:
        """The same form with what was typed, for another country, and no errors."""
        typed = {name: self.data.get(self.add_prefix(name), "") for name in self.fields}
        typed["country"] = self.shown_country
        return self.filled_in(typed)

    def filled_in(self, typed: dict[str, Any]) -> Self:
        """A form of the same kind, not sent yet."""
        return type(self)(initial=typed, prefix=self.prefix)

    def clean_postal_code(self) -> str:
        code = str(self.cleaned_data["postal_code"]).strip().upper()
        if code and not postal_code_fits(self.shown_country, code):
            raise ValidationError(self._postal_sentence())
        return code

    def clean_region(self) -> str:
        region = str(self.cleaned_data["region"]).strip()
        if region and not region_known(self.shown_country, region):
            raise ValidationError(_("Choose one of the list."))
        return region

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        code, region = data.get("postal_code", ""), data.get("region", "")
        country = self.shown_country
        if code and region and not postal_code_of_region(country, region, code):
            self.add_error(
                "postal_code",
                _("%(code)s isn't in %(region)s. Correct one of the two.")
                % {"code": code, "region": region_name(country, region)},
            )
        return data

    def _country(self) -> str:
        typed = self.data.get(self.add_prefix("country")) if self.is_bound else ""
        given = self.get_initial_for_field(self.fields["country"], "country")
        return str(typed or given or "")[:2]

    def _follow(self, country: str) -> None:
        """Leave the parts that an address has there, with their words."""
        rules = rules_of(country)
        labels = {
            "postal_code": rules.postal_label,
            "city": rules.city_label,
            "region": rules.region_label,
        }
        for name, label in labels.items():
            # What a bank knows without the country is kept.
            known = self.loose and not country and self.initial.get(name)
            if name not in rules.parts and not known:
                del self.fields[name]
                continue
            field = self.fields[name]
            field.label = str(label)
            field.required = name in rules.required and not self.loose
            field.error_messages["required"] = _(
                "Fill this in: addresses in that country have it."
            )
        self.fields["line1"].required = not self.loose
        self.fields["line1"].error_messages["required"] = _(
            "Enter the street and the number."
        )
        if "postal_code" in self.fields and rules.postal_example:
            self.fields["postal_code"].help_text = _("Such as %(example)s") % {
                "example": rules.postal_example
            }
        if rules.regions and "region" in self.fields:
            self._offer(rules.regions)

    def _offer(self, regions: tuple[tuple[str, str], ...]) -> None:
        attrs = {"autocomplete": "address-level1"}
        choices = [("", _("Choose one")), *regions]
        self.fields["region"].widget = forms.Select(attrs=attrs, choices=choices)

    def _postal_sentence(self) -> str:
        example = rules_of(self.shown_country).postal_example
        if not example:
            return _("This isn't a postal code of that country.")
        return _(
            "This isn't a postal code of that country. One looks like %(example)s."
        ) % {"example": example}


class LooseAddressForm(AddressForm):
    """The address that a bank knows: any part of it may be missing."""

    loose = True
    kind = "card"


class FieldsQuery(forms.Form):
    """Of which address on the page the country was chosen; what can't be is none."""

    which = forms.ChoiceField(
        required=False,
        choices=[("bill", "bill"), ("usage", "usage"), ("card", "card")],
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__({"which": data.get("which", "")})

    def form_of(self, data: Mapping[str, Any]) -> AddressForm:
        """That address as it was typed so far."""
        which = self.cleaned_data["which"] if self.is_valid() else ""
        if which == LooseAddressForm.kind:
            return LooseAddressForm(data)
        return AddressForm(data, prefix=which or None)
