"""Who is billed, with what, for what; and what we asked of Stripe."""

from billing.models.accounts import BillingAccount, BillingProfile, PaymentMethod
from billing.models.invoices import Invoice, InvoiceLine
from billing.models.stripe import StripeEvent, StripeOperation, StripeRef

__all__ = [
    "BillingAccount",
    "BillingProfile",
    "Invoice",
    "InvoiceLine",
    "PaymentMethod",
    "StripeEvent",
    "StripeOperation",
    "StripeRef",
]
