"""Whether the buyer accounts for an invoice's VAT, as its own words tell."""

from __future__ import annotations

from django.conf import settings
from stdnum.eu import vat

from billing.models import Invoice


def is_reverse_charged(invoice: Invoice) -> bool:
    """Whether VAT was left to the buyer: a number of another member state, and none.

    While a number isn't known to be valid, Stripe charges tax like anybody's; so an
    invoice with such a number, an amount and no tax is one of these.
    Source: Directive 2006/112/EC, articles 196 and 226 (11a)
    """
    prefix = invoice.bill_to.get("tax_id", "")[:2].upper()
    # Greece writes EL before its numbers.
    sellers = {"GR": "EL"}.get(settings.SELLER_COUNTRY, settings.SELLER_COUNTRY)
    foreign = prefix.lower() in vat.MEMBER_STATES and prefix != sellers
    return foreign and bool(invoice.subtotal_minor) and not invoice.tax_minor
