"""The pane Pay now, of one invoice, and the way to its bank."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing import gateway
from billing.forms import PayForm
from billing.models import Invoice, PaymentMethod
from billing.services.paying import (
    Paid,
    check_payable,
    pay_invoice,
    standing,
    waits_for_the_bank,
)
from billing.views.card_choice import card_choice, chosen_card, to_card_page
from billing.views.invoices import invoice_or_404
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, redirect_page, render_page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def invoice_pay(request: HtmxHttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    invoice = invoice_or_404(request, invoice_id)
    if request.method != "POST":
        return _show(request, invoice)
    form = PayForm(request.POST)
    if not form.is_valid():
        return _show(request, invoice, form.refusal, status=422)
    try:
        return _pay(request, invoice, form)
    except DomainError as error:
        invoice = invoice_or_404(request, invoice_id)
        return _show(request, invoice, str(error), status=422)


@require_POST
def confirm(request: HtmxHttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """On to the bank, by Stripe's own page of the invoice."""
    invoice = invoice_or_404(request, invoice_id)
    if not invoice.is_open:
        return redirect("billing:invoice", invoice.pk)
    try:
        url = gateway.hosted_invoice_url(invoice.stripe_invoice_id)
    except DomainError as error:
        return _show(request, invoice, str(error), status=503)
    return redirect(url)


def _pay(request: HtmxHttpRequest, invoice: Invoice, form: PayForm) -> HttpResponse:
    check_payable(invoice)
    card = chosen_card(form, invoice.profile)
    if card is None:
        path = reverse("billing:invoice_pay", args=[invoice.pk])
        return to_card_page(request, invoice.profile, path)
    attempt = form.cleaned_data["attempt"] or 0
    outcome = pay_invoice(invoice=invoice, card=card, attempt=attempt)
    if outcome == Paid.WAITING:
        return redirect_page(request, "billing:invoice_pay", invoice.pk)
    if outcome == Paid.DONE:
        messages.success(request, _paid_sentence(invoice, card))
    return redirect_page(request, "billing:invoice", invoice.pk)


def _paid_sentence(invoice: Invoice, card: PaymentMethod) -> str:
    return _("%(amount)s was charged to %(card)s. Invoice %(number)s is paid.") % {
        "amount": invoice.total,
        "card": card,
        "number": invoice.number,
    }


def _show(
    request: HtmxHttpRequest, invoice: Invoice, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The form with what was chosen; without one when there is nothing to choose."""
    known = standing(invoice)
    bank = waits_for_the_bank(invoice)
    context: dict[str, Any] = {
        "invoice": invoice,
        "refusal": refusal,
        "attempt": known.attempts,
        "checking": known.checking and invoice.is_open,
        "asks": invoice.is_open and (bank or known.asks),
    }
    if invoice.is_open and not bank and not known.checking:
        pays = invoice.profile.payment_method
        context["choice"] = card_choice(request, invoice.profile, pays)
    elif not refusal and not bank and not known.checking:
        context["refusal"] = _nothing_to_pay(invoice)
    return render_page(
        request,
        "billing/invoice_pay.html",
        context,
        partial="invoice-pay-pane",
        status=status,
    )


def _nothing_to_pay(invoice: Invoice) -> str:
    try:
        check_payable(invoice)
    except DomainError as error:
        return str(error)
    return ""
