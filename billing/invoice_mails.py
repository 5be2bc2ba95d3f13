"""Invoices by mail, to whom a billing profile's purchaser chose."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.urls import reverse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import gateway
from billing.models import BillingProfile, Invoice
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail, Mail
from selfservice.activity.services import mail
from selfservice.core import clock

KIND = "invoice"
# What a reconcile finds much later is no news.
NEWS_FOR = dt.timedelta(days=7)

mail.kinds.register(KIND, gettext_lazy("Invoice %(number)s: %(title)s"))


@dataclasses.dataclass(slots=True)
class _Copied:
    """Somebody with an address and no account here."""

    pk: uuid.UUID
    email: str
    language: str
    display_name: str


def invoice_made(invoice: Invoice, profile: BillingProfile) -> None:
    """Queue it once for each reader, in the transaction that stores the invoice."""
    if not invoice.total_minor or invoice.finalized_at < clock.now() - NEWS_FOR:
        return
    chosen = InvoiceMail.objects.filter(
        organization_id=profile.organization_id, profile_id=profile.pk
    ).first()
    if chosen is None or not (chosen.wanted or chosen.recipients):
        return
    purchaser = User.objects.select_related("organization").get(
        organization_id=profile.organization_id, pk=profile.purchaser_id
    )
    letters = []
    if chosen.wanted and purchaser.can_sign_in:
        letters.append(_letter(invoice, purchaser, purchaser, chosen))
    letters += [
        _letter(
            invoice,
            purchaser,
            _Copied(uuid.uuid5(profile.pk, address), address, purchaser.language, ""),
            chosen,
        )
        for address in chosen.recipients
        if address != purchaser.email.lower() or not chosen.wanted
    ]
    mail.queue_all(letters)


def _letter(
    invoice: Invoice, purchaser: User, to: User | _Copied, chosen: InvoiceMail
) -> mail.Letter:
    return mail.Letter(
        kind=KIND,
        organization_id=invoice.organization_id,
        subject_id=invoice.pk,
        to=to,
        path=reverse("billing:invoice", args=[invoice.pk]),
        zone=purchaser.organization.time_zone,
        facts={
            "number": invoice.number,
            "title": invoice.title,
            "total": invoice.total,
            "day": invoice.finalized_at,
            "pdf": invoice.stripe_invoice_id if chosen.attach_pdf else "",
            "sent_by": "" if to is purchaser else purchaser.display_name,
        },
    )


def pdf_of(row: Mail) -> list[mail.Attachment]:
    """The PDF, when it is wanted. Raises GatewayUnavailable, GatewayRejected."""
    stripe_invoice_id = row.context.get("pdf", "")
    if not stripe_invoice_id:
        return []
    name = get_valid_filename(f"{_('Invoice')} {row.context['number']}.pdf")
    content = gateway.invoice_pdf(stripe_invoice_id)
    return [mail.Attachment(name, content, "application/pdf")]


mail.attachments.register(KIND, pdf_of)
