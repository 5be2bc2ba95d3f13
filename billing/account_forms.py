"""The only parser of what is typed about billing accounts and profiles."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NumberError

from billing.address_forms import AddressForm
from selfservice.core.forms import LineField
from selfservice.core.numbers import Grouped

MOST_RECIPIENTS = 10
_BETWEEN = re.compile(r"[\s,;]+")
_OPEN_AGAIN = dict.fromkeys(
    ("required", "invalid", "min_value"),
    gettext_lazy("This can't be saved from here. Close it and open it again."),
)


class VersionedForm(forms.Form):
    """A form of a pane: `version` is that of the row as it was shown."""

    version = forms.IntegerField(
        min_value=0, widget=forms.HiddenInput, error_messages=_OPEN_AGAIN
    )


class NameForm(VersionedForm):
    """What an account or a profile is called."""

    name = LineField(
        label=gettext_lazy("Name"),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SoldToAddressForm(AddressForm, VersionedForm):
    """The address of the legal entity that buys, and its email."""

    email = forms.EmailField(
        label=gettext_lazy("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class BilledForm(AddressForm):
    """Who stands on the invoices as the one who is billed."""

    name = LineField(
        label=gettext_lazy("Name on the invoices"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Email for invoices"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class BillToForm(BilledForm, VersionedForm):
    """The same, of a profile that is there."""


class UsageAddressForm(AddressForm, VersionedForm):
    """Where the service is used."""


class RegistrationForm(VersionedForm):
    """The number in the register of companies."""

    registration_number = LineField(
        label=gettext_lazy("Registration number"),
        max_length=40,
        required=False,
        help_text=gettext_lazy(
            "Of the chamber of commerce or another register. Leave it empty for none."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PoForm(forms.Form):
    """The purchase order that invoices are to name."""

    po_number = LineField(
        label=gettext_lazy("PO number"),
        max_length=30,
        required=False,
        help_text=gettext_lazy(
            "Printed on the invoices that are made from now on; those of before keep"
            " theirs. Leave it empty for none."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PoNumberForm(PoForm, VersionedForm):
    """The same, of a profile that is there."""


class TaxIdForm(VersionedForm):
    """A VAT number of the account's country."""

    tax_id = forms.CharField(
        label=gettext_lazy("Tax ID"),
        max_length=30,
        required=False,
        help_text=gettext_lazy(
            "Your VAT number in the European Union, such as NL004495445B01. Leave it"
            " empty for none."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_tax_id(self) -> str:
        return checked_vat_number(self.cleaned_data["tax_id"], self.country)


class InvoiceMailForm(forms.Form):
    """Who gets a billing profile's invoices by email."""

    wanted = forms.BooleanField(
        label=gettext_lazy("Send me the invoices"), required=False
    )
    attach_pdf = forms.BooleanField(
        label=gettext_lazy("Attach the PDF"), required=False
    )
    recipients = forms.CharField(
        label=gettext_lazy("Additional recipients"),
        help_text=gettext_lazy(
            "Email addresses, separated by commas. They get the invoices, too, and"
            " need no account here."
        ),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    def clean_recipients(self) -> list[str]:
        typed = [a for a in _BETWEEN.split(self.cleaned_data["recipients"]) if a]
        addresses = list(dict.fromkeys(address.lower() for address in typed))
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(
                    _("%(text)s is no email address. Correct it or leave it out.")
                    % {"text": address}
                ) from None
        if len(addresses) > MOST_RECIPIENTS:
            raise ValidationError(
                _(
                    "These are %(count)s addresses, and a profile can have %(most)s:"
                    " use a distribution list of your organization instead."
                )
                % {"count": Grouped(len(addresses)), "most": Grouped(MOST_RECIPIENTS)}
            )
        return addresses


def checked_vat_number(typed: str, country: str) -> str:
    """The number without spaces, once its form and check digit are right.

    Empty stays empty; without a `country` any of the Union is taken. Raises
    ValidationError with a sentence.
    """
    number = typed.strip()
    if not number:
        return ""
    try:
        number = str(vat.compact(vat.validate(number)))
    except NumberError as error:
        raise ValidationError(
            _(
                "This isn't a VAT number of the European Union: check it, with"
                " its two letters at the start, or leave it empty."
            )
        ) from error
    # Greece writes EL before its numbers.
    if country and not number.startswith({"GR": "EL"}.get(country, country)):
        raise ValidationError(
            _("This VAT number is of another country than the address.")
        )
    return number
