"""What stands on every page while an invoice is past due."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Invoice
from billing.queries import past_due_invoices
from selfservice.accounts.models import User
from selfservice.core.money import Money, sums
from selfservice.core.navigation import Notice, register_notice
from selfservice.core.numbers import Grouped

# A page of a higher room that says it with its own button.
SUBSCRIPTION = "subscriptions:details"
# Who owes more invoices than that is told of so many.
MOST = 100


def register_all() -> None:
    register_notice(past_due)


def past_due(request: HttpRequest) -> Notice | None:
    """One statement, and none for whoever has paid everything."""
    user: User | None = getattr(request, "user", None)
    if user is None or not getattr(user, "has_past_due", False):
        return None
    invoices = past_due_invoices(user, limit=MOST)
    if not invoices or _is_here(request, invoices):
        return None
    return _notice(invoices)


def _is_here(request: HttpRequest, invoices: list[Invoice]) -> bool:
    """Whether the page is about the only one, and says so itself."""
    match = request.resolver_match
    if match is None or len(invoices) != 1:
        return False
    if match.view_name == SUBSCRIPTION:
        return bool(invoices[0].subscription_id == match.kwargs["subscription_id"])
    return bool(invoices[0].pk == match.kwargs.get("invoice_id"))


def _notice(invoices: list[Invoice]) -> Notice:
    owed: list[Money] = sums(invoice.amount_due for invoice in invoices)
    first, only = invoices[0], len(invoices) == 1
    count = len(invoices)
    title = ngettext(
        "%(amount)s is past due.",
        "%(amount)s of %(count)s invoices is past due.",
        count,
    )
    text = _("People keep their licenses for now. Pay before access ends.")
    if only:
        url = reverse("billing:invoice_pay", args=[first.pk])
    else:
        url = reverse("billing:invoices") + "?status=past_due"
    return Notice(
        title=title
        % {"amount": " + ".join(str(part) for part in owed), "count": Grouped(count)},
        text=text,
        url=url,
        action=_("Pay now") if only else _("View invoices"),
        pane=only,
    )
