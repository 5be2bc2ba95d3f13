"""What of a product is sold: whether at all, and how many licenses."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.catalog.models import Product
from selfservice.core.numbers import Grouped


def why_not_sold(product: Product, quantity: int, now: dt.datetime) -> str:
    """The sentence that refuses so many licenses in all; empty when they are sold."""
    if not product.sold_at(now):
        return _("%(product)s is no longer sold. Licenses that you have stay.") % {
            "product": product.name
        }
    cap = product.license_cap
    if cap is None or quantity <= cap:
        return ""
    return ngettext(
        "%(product)s is sold with at most %(count)s license.",
        "%(product)s is sold with at most %(count)s licenses.",
        cap,
    ) % {"product": product.name, "count": Grouped(cap)}
