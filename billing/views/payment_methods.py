"""Bills & payments: the payment methods, and one of them with what it pays for."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.addresses import address_lines
from billing.card_wording import Warned, warned
from billing.models import BillingProfile, Invoice, PaymentMethod
from billing.queries import past_due_invoices, profiles_of
from billing.views.returning import back_context
from billing.views.tabs import bills_tabs
from billing.wallet import (
    Entry,
    WalletCard,
    find_card,
    method_of,
    wallet_of,
)
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.hooks import CardUse
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import with_query
from selfservice.core.numbers import Grouped

type CardView = Callable[[HtmxHttpRequest, WalletCard, uuid.UUID], HttpResponse]

PAGE_SIZE = 25
SHOWN_PROFILES = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A card as the list shows it."""

    card: WalletCard
    warning: Warned | None
    profiles: str
    subscriptions: str
    next: CardUse | None


def row_of(card: WalletCard) -> Row:
    names = [profile.name for profile in card.profiles]
    more = len(names) - SHOWN_PROFILES
    shown = ", ".join(names[:SHOWN_PROFILES])
    paid = {use.subscription_id for use in card.uses}
    return Row(
        card=card,
        warning=warned(card.method, card.uses, clock.now()),
        profiles=f"{shown} +{more}" if more > 0 else shown,
        subscriptions=ngettext(
            "%(count)s subscription", "%(count)s subscriptions", len(paid)
        )
        % {"count": Grouped(len(paid))}
        if paid
        else "",
        next=card.next_use,
    )


@require_safe
def payment_methods(request: HtmxHttpRequest) -> HttpResponse:
    buyer = person(request)
    cards = wallet_of(buyer)
    last = max(1, -(-len(cards) // PAGE_SIZE))
    number = min(_page(request), last)
    shown = cards[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    context: dict[str, Any] = {
        "tabs": bills_tabs("payment_methods"),
        "rows": [row_of(card) for card in shown],
        "count": len(cards),
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if number < last else "",
        # Without any there is nothing that a card could be entered for.
        "buys_first": not cards and not profiles_of(buyer, limit=1),
    }
    return render_page(
        request,
        "billing/payment_methods.html",
        context,
        partial="payment-methods-list",
    )


def _page(request: HtmxHttpRequest) -> int:
    """The number in the address; the first page for what isn't one."""
    asked = request.GET.get("page", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1


@dataclasses.dataclass(frozen=True, slots=True)
class MenuItem:
    """As components/menu_list.html draws it."""

    label: str
    url: str
    icon: str
    pane: bool = True


@require_safe
def payment_method_menu(request: HtmxHttpRequest, method_id: uuid.UUID) -> HttpResponse:
    card = card_or_404(request, method_id)
    context = {"card": card, "items": menu_of(card)}
    return render_page(
        request, "billing/payment_method_menu.html", context, partial="method-menu"
    )


def menu_of(card: WalletCard) -> list[MenuItem]:
    """Edit once; Replace and Delete for each billing profile that has it."""
    edit = _url("payment_method_edit", card.entries[0])
    items = [MenuItem(_("Edit"), edit, "edit")]
    several = len(card.entries) > 1
    for entry in card.entries:
        name = {"name": entry.profile.name}
        replace, delete = _("Replace"), _("Delete")
        if several:
            replace = _("Replace for %(name)s") % name
            delete = _("Delete for %(name)s") % name
        if entry.in_use:
            url = _url("payment_method_replace", entry)
            items.append(MenuItem(replace, url, "arrow-sync"))
        items.append(MenuItem(delete, _url("payment_method_delete", entry), "delete"))
    return items


def _url(name: str, entry: Entry) -> str:
    return reverse(f"billing:{name}", args=[entry.method.pk])


def on_own_card(view: CardView) -> Callable[..., HttpResponse]:
    """Find the reader's own card for the view; say so where it was deleted meanwhile.

    Anybody else's is not found.
    """

    @wraps(view)
    def found(request: HtmxHttpRequest, method_id: uuid.UUID) -> HttpResponse:
        card = find_card(person(request), method_id)
        if card is None:
            return _gone_or_404(request, method_id)
        return view(request, card, method_id)

    return found


@require_safe
@on_own_card
def payment_method(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    """The details pane of a card."""
    return show_details(request, method_id)


def show_details(request: HtmxHttpRequest, method_id: uuid.UUID) -> HttpResponse:
    """The card as it is now, with what was just said. Raises Http404."""
    buyer = person(request)
    card = card_or_404(request, method_id)
    context = {
        "card": card,
        "method": card.method,
        "address": _address(card.method),
        "warning": warned(card.method, card.uses, clock.now()),
        "entries": [_entry_row(entry) for entry in card.entries],
        "owed": _owed(past_due_invoices(buyer), card) if _owes(card) else [],
    }
    return card_pane(request, "payment_method", context, partial="method-pane")


def _address(method: PaymentMethod) -> list[str]:
    parts: dict[str, str] = method.address
    return address_lines({**parts, "region": parts.get("state", "")}) if parts else []


@dataclasses.dataclass(frozen=True, slots=True)
class EntryRow:
    """What a card is for one billing profile; `pays` is the id of its present card."""

    entry: Entry
    profile: BillingProfile
    pays: uuid.UUID | None


def _entry_row(entry: Entry) -> EntryRow:
    return EntryRow(entry, entry.profile, entry.profile.payment_method_id)


def _owes(card: WalletCard) -> bool:
    return any(entry.past_due for entry in card.entries)


def _owed(invoices: list[Invoice], card: WalletCard) -> list[Invoice]:
    """The past due invoices of what the card pays for."""
    unpaid = {use.subscription_id for use in card.uses if use.past_due}
    return [invoice for invoice in invoices if invoice.subscription_id in unpaid]


def card_or_404(request: HtmxHttpRequest, method_id: uuid.UUID) -> WalletCard:
    """The reader's own card; anybody else's is not found. Raises Http404."""
    found = find_card(person(request), method_id)
    if found is None:
        raise Http404
    return found


def _gone_or_404(request: HtmxHttpRequest, method_id: uuid.UUID) -> HttpResponse:
    """That one's own card was deleted meanwhile. Raises Http404 for another's."""
    method = method_of(person(request), method_id)
    if method is None:
        raise Http404
    return card_pane(
        request,
        "payment_method_gone",
        {"method": method},
        partial="gone-pane",
        status=422 if request.method == "POST" else 200,
    )


def card_pane(
    request: HtmxHttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    partial: str,
    status: int = 200,
) -> HttpResponse:
    """A pane about cards, which as a page leads back to whence it was opened."""
    return render_page(
        request,
        f"billing/{template}.html",
        {**context, **back_context(request)},
        partial=partial,
        status=status,
    )
