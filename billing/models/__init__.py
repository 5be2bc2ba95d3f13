"""Who is billed, with what, for what; and what we asked of Stripe."""

from billing.models.accounts import (
    BillingAccount,
    BillingProfile,
    PaymentMethod,
    ProfileDraft,
)
from billing.models.exports import InvoiceArchive, InvoiceArchiveFile
from billing.models.invoices import Invoice, InvoiceLine
from billing.models.payments import InvoiceCredit, InvoicePayment
from billing.models.stripe import StripeEvent, StripeOperation, StripeRef

__all__ = [
    "BillingAccount",
    "BillingProfile",
    "Invoice",
    "InvoiceArchive",
    "InvoiceArchiveFile",
    "InvoiceCredit",
    "InvoiceLine",
    "InvoicePayment",
    "PaymentMethod",
    "ProfileDraft",
    "StripeEvent",
    "StripeOperation",
    "StripeRef",
]
