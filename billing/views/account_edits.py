"""The panes in which a billing account or a billing profile is changed."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.account_forms import (
    BillToForm,
    InvoiceMailForm,
    NameForm,
    PoNumberForm,
    RegistrationForm,
    SoldToAddressForm,
    TaxIdForm,
    UsageAddressForm,
)
from billing.account_queries import invoice_mail_of
from billing.address_forms import AddressForm, FieldsQuery
from billing.models import BillingAccount, BillingProfile
from billing.models.accounts import TaxIdState, address_of
from billing.services import account_changes, profile_changes
from billing.services.customers import Outcome
from billing.views.accounts import account_or_404, profile_or_404
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page

CHANGED = "billing:changed"
PANE = require_http_methods(["GET", "HEAD", "POST"])


@dataclasses.dataclass(frozen=True, slots=True)
class Edit[Form: forms.Form]:
    """One pane: what it changes, the form, and what Save does with it.

    `form` makes it of what was sent, and shows `initial` before; `save` is given the
    valid one, and answers how far it came, or nothing.
    """

    title: str
    subject: BillingAccount | BillingProfile
    form: Callable[..., Form]
    initial: dict[str, Any]
    save: Callable[[Form], Outcome | None]
    said: str
    note: str = ""
    happens: str = ""


def edit_pane[Form: forms.Form](
    request: HtmxHttpRequest, edit: Edit[Form]
) -> HttpResponse:
    """Show the pane, or save what was typed in it."""
    if request.method != "POST":
        return _show(request, edit, edit.form(initial=edit.initial))
    form = edit.form(request.POST, initial=edit.initial)
    if isinstance(form, AddressForm) and request.POST.get("action") == "country":
        return _show(request, edit, form.retyped())
    if form.is_valid():
        try:
            outcome = edit.save(form)
        except DomainError as error:
            edit.subject.refresh_from_db()
            form.add_error(None, str(error))
        else:
            _say(request, edit.said, outcome)
            return close_pane(request, _back(edit.subject), changed=CHANGED)
    return _show(request, edit, form, status=422)


def _say(request: HtmxHttpRequest, said: str, outcome: Outcome | None) -> None:
    if outcome == Outcome.CHECKING:
        sentence = _(
            "The payment provider hasn't answered yet. We keep asking, and the page"
            " shows the change as soon as it is there."
        )
        messages.info(request, sentence)
    else:
        messages.success(request, said)


def _show(
    request: HtmxHttpRequest, edit: Edit[Any], form: forms.Form, *, status: int = 200
) -> HttpResponse:
    context = {
        "title": edit.title,
        "text": edit.subject.name,
        "note": edit.note,
        "happens": edit.happens
        or _(
            "Invoices from now on say what you save. Those that you have already don't"
            " change. Nothing is charged, and your subscriptions go on as they are."
        ),
        "form": form,
        "address": isinstance(form, AddressForm),
        "version": edit.subject.version,
        "back_url": _back(edit.subject),
        "back_name": edit.subject.name,
    }
    return render_page(
        request, "billing/edit.html", context, partial="edit-pane", status=status
    )


def _back(subject: BillingAccount | BillingProfile) -> str:
    page = "account" if isinstance(subject, BillingAccount) else "profile"
    return reverse(f"billing:{page}", args=[subject.pk])


@require_POST
def address_fields(request: HtmxHttpRequest) -> HttpResponse:
    """The fields of an address in the country that was chosen just now."""
    form = FieldsQuery(request.POST).form_of(request.POST).retyped()
    return render(request, "billing/_address_parts.html", {"form": form})


@PANE
@recent_sign_in
def account_name(request: HtmxHttpRequest, account_id: uuid.UUID) -> HttpResponse:
    account, owner = account_or_404(request, account_id), person(request)
    rename = partial(account_changes.rename_account, account=account, actor=owner)
    edit = Edit(
        title=_("Update name"),
        subject=account,
        form=NameForm,
        initial={"name": account.name},
        save=lambda form: rename(**form.cleaned_data),
        said=_("Saved. Invoices from now on say the new name."),
        note=_("Stands as the buyer on invoices. Those of before keep the old name."),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def account_address(request: HtmxHttpRequest, account_id: uuid.UUID) -> HttpResponse:
    account, owner = account_or_404(request, account_id), person(request)
    change = partial(account_changes.change_sold_to, account=account, actor=owner)
    edit = Edit(
        title=_("Edit sold-to address"),
        subject=account,
        form=partial(SoldToAddressForm, fixed=account.country),
        initial={**address_of(account), "email": account.email},
        save=lambda form: change(address=form.address(), **form.beside()),
        said=_("Saved. Invoices from now on say the new address."),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def account_registration(
    request: HtmxHttpRequest, account_id: uuid.UUID
) -> HttpResponse:
    account, owner = account_or_404(request, account_id), person(request)
    change = partial(
        account_changes.set_registration_number, account=account, actor=owner
    )
    edit = Edit(
        title=_("Edit registration number"),
        subject=account,
        form=RegistrationForm,
        initial={"registration_number": account.registration_number},
        save=lambda form: change(**form.cleaned_data),
        said=_("Saved."),
        happens=_("It stands on your billing account. Invoices don't show it."),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def account_tax_id(request: HtmxHttpRequest, account_id: uuid.UUID) -> HttpResponse:
    account, owner = account_or_404(request, account_id), person(request)
    change = partial(account_changes.set_tax_id, account=account, actor=owner)
    invalid = account.tax_id_state == TaxIdState.INVALID
    edit = Edit(
        title=_("Edit tax ID") if account.tax_id else _("Add tax ID"),
        subject=account,
        form=partial(TaxIdForm, country=account.country),
        initial={"tax_id": account.tax_id},
        save=lambda form: change(**form.cleaned_data),
        said=_("Saved. The VAT register is asked about it."),
        note=_("The VAT register doesn't know this number. Save it to ask once more.")
        if invalid
        else "",
        happens=_(
            "The VAT register is asked whether the number is valid. Where tax follows"
            " from it, invoices from then on are made with it. Those that you have"
            " already don't change."
        ),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def profile_name(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    profile, owner = profile_or_404(request, profile_id), person(request)
    rename = partial(profile_changes.rename_profile, profile=profile, actor=owner)
    edit = Edit(
        title=_("Edit name"),
        subject=profile,
        form=NameForm,
        initial={"name": profile.name},
        save=lambda form: rename(**form.cleaned_data),
        said=_("Saved. Invoices of before keep the old name."),
        note=_("For you, to tell your billing profiles apart."),
        happens=_(
            "The pages and the invoices from now on say the new name. Nothing else"
            " changes."
        ),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def profile_bill_to(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    profile, owner = profile_or_404(request, profile_id), person(request)
    change = partial(profile_changes.change_bill_to, profile=profile, actor=owner)
    edit = Edit(
        title=_("Edit bill-to address"),
        subject=profile,
        form=partial(BillToForm, fixed=profile.country),
        initial={
            **address_of(profile),
            "name": profile.bill_to_name,
            "email": profile.email,
        },
        save=lambda form: change(address=form.address(), **form.beside()),
        said=_("Saved. Invoices from now on say it; those of before don't change."),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def profile_usage(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    profile, owner = profile_or_404(request, profile_id), person(request)
    own = address_of(profile)

    def save(form: UsageAddressForm) -> None:
        same = dataclasses.asdict(form.address()) == own
        profile_changes.change_usage_address(
            profile=profile,
            actor=owner,
            address=None if same else form.address(),
            **form.beside(),
        )

    edit = Edit(
        title=_("Edit service usage address"),
        subject=profile,
        form=UsageAddressForm,
        initial=profile.usage_address or own,
        save=save,
        said=_("Saved."),
        note=_("Where what you buy is used. Tax follows from the sold-to country."),
        happens=_(
            "It stands on the billing profile. Amounts and invoices don't change."
        ),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def profile_po_number(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    profile, owner = profile_or_404(request, profile_id), person(request)
    change = partial(profile_changes.set_po_number, profile=profile, actor=owner)
    edit = Edit(
        title=_("Edit PO number"),
        subject=profile,
        form=PoNumberForm,
        initial={"po_number": profile.po_number},
        save=lambda form: change(**form.cleaned_data),
        said=_("Saved. Invoices from now on say it; those of before don't change."),
    )
    return edit_pane(request, edit)


@PANE
@recent_sign_in
def profile_invoices(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    profile, owner = profile_or_404(request, profile_id), person(request)
    choose = partial(profile_changes.choose_invoice_mail, profile=profile, actor=owner)
    row = invoice_mail_of(profile)
    edit = Edit(
        title=_("Invoices by email"),
        subject=profile,
        form=InvoiceMailForm,
        initial={
            "wanted": row.wanted,
            "attach_pdf": row.attach_pdf,
            "recipients": ", ".join(row.recipients),
        },
        save=lambda form: choose(**form.cleaned_data),
        said=_("Saved."),
        happens=_(
            "The next invoices of this billing profile are sent by email as you chose."
            " All of them are under Bills & payments, whatever you choose."
        ),
    )
    return edit_pane(request, edit)
