"""The steps of the wizard Add a billing profile: what each asks, and parses.

A step keeps what was typed as it was typed, also when it is left half done; `Steps`
reads it again, so that the last step checks all of them once more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.account_forms import BilledForm, InvoiceMailForm, PoForm
from billing.address_forms import AddressForm
from billing.addresses import PostalAddress
from billing.models import BillingAccount
from billing.models.accounts import address_of
from billing.services.adding_profiles import NewProfile
from selfservice.core.forms import LineField

BASIC, ADDRESS, PAYMENT, INVOICES, REVIEW = (
    "basic",
    "address",
    "payment",
    "invoices",
    "review",
)
TITLES: dict[str, str | Promise] = {
    BASIC: _("Basic information"),
    ADDRESS: _("Address information"),
    PAYMENT: _("How to pay"),
    INVOICES: _("Invoice settings"),
    REVIEW: _("Review and finish"),
}
ASKING = [BASIC, ADDRESS, PAYMENT, INVOICES]
SAME, OTHER = "same", "other"
LATER, CARD = "later", "card"

type Typed = Mapping[str, str]


class BasicForm(forms.Form):
    """What the profile is called."""

    name = LineField(
        label=_("Name"),
        max_length=200,
        help_text=_("For you, to tell your billing profiles apart: a team, a project."),
        error_messages={"required": _("Enter a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SameForm(forms.Form):
    """Whether the two addresses are others than those that are known."""

    bill_to = forms.ChoiceField(
        label=_("Bill to"),
        choices=[(SAME, _("Same as sold-to")), (OTHER, _("Another address"))],
        widget=forms.RadioSelect,
        initial=SAME,
        error_messages={"required": _("Choose an address.")},
    )
    usage_at = forms.ChoiceField(
        label=_("Service usage address"),
        choices=[(SAME, _("Same as bill-to")), (OTHER, _("Another address"))],
        widget=forms.RadioSelect,
        initial=SAME,
        error_messages={"required": _("Choose an address.")},
    )


class PaymentForm(forms.Form):
    """Whether a card is entered right after the profile was made."""

    pay = forms.ChoiceField(
        label=_("How to pay"),
        choices=[(LATER, _("Choose later")), (CARD, _("Add a card"))],
        widget=forms.RadioSelect,
        initial=LATER,
        error_messages={"required": _("Choose how to pay.")},
    )

    @property
    def wants_card(self) -> bool:
        return self.is_valid() and self.cleaned_data["pay"] == CARD


class InvoicesForm(PoForm, InvoiceMailForm):
    """What stands on the invoices, and who gets them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # There are none of before.
        self.fields["po_number"].help_text = _("Printed on your invoices.")


class StepForms:
    """The forms of one step, bound to `data`, or filled in with what was `typed`."""

    def __init__(
        self,
        step: str,
        account: BillingAccount,
        *,
        data: Typed | None = None,
        typed: Typed | None = None,
    ) -> None:
        self.step = step
        self.account = account
        self._data = data
        self._typed = typed
        self.main = self._main()
        self.bill: AddressForm | None = None
        self.usage: AddressForm | None = None
        if step == ADDRESS:
            country = account.country
            self.bill = BilledForm(
                self._if_other("bill_to"),
                prefix="bill",
                fixed=country,
                initial=self._known("bill"),
            )
            self.usage = AddressForm(
                self._if_other("usage_at"),
                prefix="usage",
                initial={"country": country, **self._known("usage")},
            )

    def is_valid(self) -> bool:
        """Whether everything is right that is asked for."""
        valid = [form.is_valid() for form in self._asked()]
        return all(valid)

    def retyped(self) -> StepForms:
        """With what was typed, for another country, and no errors."""
        return StepForms(self.step, self.account, typed=self.typed())

    def typed(self) -> dict[str, str]:
        """What was typed, of what the step asks for."""
        data = self._data or {}
        names = [
            form.add_prefix(name)
            for form in self._every()
            for name in type(form).base_fields
        ]
        return {name: str(data[name])[:3000] for name in names if name in data}

    def bill_to(self) -> tuple[str, str, PostalAddress]:
        """Name, email and address of who is billed, once the step is valid."""
        if self.bill is None or self.main.cleaned_data["bill_to"] == SAME:
            account = self.account
            return account.name, account.email, PostalAddress(**address_of(account))
        data = self.bill.cleaned_data
        return data["name"], data["email"], self.bill.address()

    def usage_address(self) -> PostalAddress | None:
        """Where it is used, once the step is valid; null: where it is billed."""
        if self.usage is None or self.main.cleaned_data["usage_at"] == SAME:
            return None
        return self.usage.address()

    def _main(self) -> forms.Form:
        kinds: dict[str, type[forms.Form]] = {
            BASIC: BasicForm,
            ADDRESS: SameForm,
            PAYMENT: PaymentForm,
            INVOICES: InvoicesForm,
        }
        initial = self._known("") or self._proposed()
        return kinds[self.step](self._data, initial=initial)

    def _proposed(self) -> dict[str, Any]:
        if self.step == INVOICES:
            return {"wanted": True, "attach_pdf": True}
        return {}

    def _if_other(self, choice: str) -> Typed | None:
        """What was typed of an address, when another one is wanted."""
        data = self._data
        return data if data is not None and data.get(choice) == OTHER else None

    def _known(self, prefix: str) -> dict[str, str]:
        """What was typed into the form of that prefix, by its own names."""
        start = f"{prefix}-" if prefix else ""
        return {
            name.removeprefix(start): value
            for name, value in (self._typed or self._data or {}).items()
            if name.startswith(start)
        }

    def _every(self) -> list[forms.Form]:
        return [form for form in (self.main, self.bill, self.usage) if form is not None]

    def _asked(self) -> list[forms.Form]:
        if self.step != ADDRESS or not self.main.is_valid():
            return [self.main]
        data = self.main.cleaned_data
        others = [(data["bill_to"], self.bill), (data["usage_at"], self.usage)]
        return [self.main, *[form for how, form in others if how == OTHER and form]]


class Steps:
    """All the answers of a draft."""

    def __init__(self, account: BillingAccount, answers: Mapping[str, Any]) -> None:
        self._forms = {
            step: StepForms(step, account, data=answers.get(step, {}).get("typed", {}))
            for step in ASKING
        }
        self._done = {
            step for step in ASKING if self._forms[step].is_valid() and step in answers
        }

    def first_open(self) -> str:
        """The first step that isn't answered well; REVIEW when all are."""
        return next((step for step in ASKING if not self.is_done(step)), REVIEW)

    def is_done(self, step: str) -> bool:
        return step in self._done

    @property
    def wants_card(self) -> bool:
        main = self._forms[PAYMENT].main
        return isinstance(main, PaymentForm) and main.wants_card

    def new_profile(self, key: uuid.UUID) -> NewProfile:
        """The profile that the answers describe; only when none is open."""
        name, email, address = self._forms[ADDRESS].bill_to()
        invoices = self._forms[INVOICES].main.cleaned_data
        return NewProfile(
            key=key,
            name=self._forms[BASIC].main.cleaned_data["name"],
            bill_to_name=name,
            email=email,
            bill_to=address,
            usage=self._forms[ADDRESS].usage_address(),
            po_number=invoices["po_number"],
            wants_mail=invoices["wanted"],
            attach_pdf=invoices["attach_pdf"],
            recipients=tuple(invoices["recipients"]),
        )
