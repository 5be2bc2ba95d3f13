"""The panes that give another card what a card pays for, and delete one."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.forms import CardForm
from billing.models import PaymentMethod
from billing.services.card_changes import (
    CannotChangeCard,
    Done,
    delete_card,
    pays_already,
    replace_card,
    use_card,
)
from billing.views.card_changes import CHANGED, answer_changed, checking_sentence
from billing.views.card_choice import (
    CardChoice,
    card_choice,
    chosen_card,
    to_card_page,
)
from billing.views.payment_methods import card_pane, on_own_card, show_details
from billing.views.returning import back_of
from billing.wallet import Entry, WalletCard, entry_of, find_card
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane

NONE = "none"


def _as_it_is(request: HtmxHttpRequest, entry: Entry) -> Entry:
    """The same card, as it is after what was refused."""
    card = find_card(person(request), entry.method.pk)
    return entry_of(card, entry.method.pk) if card is not None else entry


def _chosen(
    request: HtmxHttpRequest, entry: Entry, page: str
) -> PaymentMethod | HttpResponse:
    """The card that takes over; or on to Stripe's page, which comes back to `page`.

    Raises CannotChangeCard, CardNotUsable, GatewayUnavailable, GatewayRejected.
    """
    form = CardForm(request.POST)
    if not form.is_valid():
        raise CannotChangeCard(form.refusal)
    path = reverse(f"billing:{page}", args=[entry.method.pk])
    card = chosen_card(form, entry.profile)
    return card or to_card_page(request, entry.profile, path)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
@on_own_card
def payment_method_replace(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    return _pane(request, entry_of(card, method_id), _show_replace, _replace)


def _pane(
    request: HtmxHttpRequest,
    entry: Entry,
    show: Callable[[HtmxHttpRequest, Entry, str, int], HttpResponse],
    do: Callable[[HtmxHttpRequest, Entry], HttpResponse],
) -> HttpResponse:
    """Show it; or do it, and show it as it is by now when that is refused."""
    if request.method != "POST":
        return show(request, entry, "", 200)
    try:
        return do(request, entry)
    except DomainError as error:
        return show(request, _as_it_is(request, entry), str(error), 422)


def _replace(request: HtmxHttpRequest, entry: Entry) -> HttpResponse:
    _check_used(entry)
    card = _chosen(request, entry, "payment_method_replace")
    if isinstance(card, HttpResponse):
        return card
    outcome = replace_card(entry=entry, card=card)
    said = _("%(card)s pays from now on.") % {"card": card}
    return answer_changed(request, outcome, said, card.pk)


def _check_used(entry: Entry) -> None:
    if not entry.in_use:
        raise CannotChangeCard(
            _("%(card)s pays for nothing, so there is nothing to replace.")
            % {"card": entry.method}
        )


def _show_replace(
    request: HtmxHttpRequest, entry: Entry, refusal: str, status: int
) -> HttpResponse:
    context: dict[str, Any] = {
        "entry": entry,
        "method": entry.method,
        "refusal": refusal,
    }
    try:
        _check_used(entry)
    except DomainError as error:
        context["refusal"] = refusal or str(error)
    else:
        context["choice"] = _others(request, entry)
    return card_pane(
        request,
        "payment_method_replace",
        context,
        partial="replace-method-pane",
        status=status,
    )


def _others(request: HtmxHttpRequest, entry: Entry) -> CardChoice:
    """What can take over; ticked is what was chosen, else the first that can pay.

    The same card with a newer expiration date can, too.
    """
    return _without(
        request,
        card_choice(request, entry.profile, None),
        lambda card: pays_already(entry, card),
    )


def _without(
    request: HtmxHttpRequest,
    choice: CardChoice,
    is_out: Callable[[PaymentMethod], bool],
) -> CardChoice:
    kept = [each for each in choice.cards if not is_out(each.card)]
    if choice.entered is None and not any(each.ticked for each in kept):
        asked = request.GET.get("card", "")
        able = [each for each in kept if not each.expired]
        wanted = [each for each in able if str(each.card.pk) == asked]
        first = next(iter(wanted or able), None)
        kept = [dataclasses.replace(o, ticked=o is first) for o in kept]
    return dataclasses.replace(choice, cards=kept)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
@on_own_card
def payment_method_delete(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    return _pane(request, entry_of(card, method_id), _show_delete, _delete)


def _delete(request: HtmxHttpRequest, entry: Entry) -> HttpResponse:
    if entry.in_use and request.POST.get("payment") != NONE:
        return _replace_and_delete(request, entry)
    if delete_card(entry=entry, card=None) is Done.CHECKING:
        messages.info(request, checking_sentence())
    else:
        messages.success(request, _("%(card)s was deleted.") % {"card": entry.method})
    to = back_of(request) or "billing:payment_methods"
    return close_pane(request, to, changed=CHANGED)


def _replace_and_delete(request: HtmxHttpRequest, entry: Entry) -> HttpResponse:
    card = _chosen(request, entry, "payment_method_delete")
    if isinstance(card, HttpResponse):
        return card
    outcome = delete_card(entry=entry, card=card)
    said = _("%(former)s was deleted. %(card)s pays from now on.")
    words = {"former": entry.method, "card": card}
    return answer_changed(request, outcome, said % words, card.pk)


def _show_delete(
    request: HtmxHttpRequest, entry: Entry, refusal: str, status: int
) -> HttpResponse:
    context: dict[str, Any] = {
        "entry": entry,
        "method": entry.method,
        "refusal": refusal,
    }
    if entry.in_use:
        choice = _without(
            request,
            card_choice(request, entry.profile, None),
            lambda card: card.pk in entry.ids,
        )
        context["choice"] = choice
        context["last"] = bool(entry.uses) and not (choice.cards or choice.entered)
        # Nobody is charged: the profile may be left without a card.
        context["none_allowed"] = not entry.uses
    return card_pane(
        request,
        "payment_method_delete",
        context,
        partial="delete-method-pane",
        status=status,
    )


@require_POST
@recent_sign_in
@on_own_card
def payment_method_use(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    """Let a billing profile that has no payment method pay with this card."""
    entry = entry_of(card, method_id)
    try:
        outcome = use_card(entry=entry)
    except DomainError as error:
        messages.error(request, str(error))
        return show_details(request, method_id)
    said = _("%(card)s pays from now on.") % {"card": entry.method}
    return answer_changed(request, outcome, said, entry.method.pk)
