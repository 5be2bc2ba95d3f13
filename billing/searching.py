"""What this room answers the search in the header: invoices by their number."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Invoice
from billing.queries import invoices_numbered
from billing.wording import given_back_words, status_badge
from selfservice.accounts.requests import person
from selfservice.core import hooks
from selfservice.core.templatetags.ui import format_day, icon, money


def invoices(asked: hooks.SearchAsked) -> hooks.HitGroup:
    """The reader's own invoices with the text in their number, the newest first."""
    rows = invoices_numbered(person(asked.request), asked.text, asked.limit + 1)
    return hooks.HitGroup(
        key="invoices",
        order=30,
        heading=_("Invoices"),
        hits=[_hit(row) for row in rows[: asked.limit]],
        more=len(rows) > asked.limit,
    )


def _hit(row: Invoice) -> hooks.Hit:
    known = [format_day(row.finalized_at), row.title, money(row.total)]
    return hooks.Hit(
        title=row.number,
        url=reverse("billing:invoice", args=[row.pk]),
        text=" · ".join(filter(None, [*known, given_back_words(row)])),
        picture=icon("receipt"),
        badge=status_badge(row),
    )
