"""The panes that add a card, edit it, and change its security code."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from billing.addresses import region_code
from billing.forms import CardDetailsForm, EnteredForm, ReturnQuery
from billing.models import BillingProfile, PaymentMethod
from billing.queries import profiles_of
from billing.services.card_changes import (
    Details,
    Done,
    add_card,
    renew_card,
    same_card,
    update_card,
)
from billing.services.cards import CardNotUsable
from billing.views.card_choice import returned_card, to_card_page
from billing.views.card_form import card_entry, start_url
from billing.views.payment_methods import (
    card_or_404,
    card_pane,
    on_own_card,
    show_details,
)
from billing.views.returning import back_of
from billing.wallet import WalletCard, entry_of
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import (
    HtmxHttpRequest,
    close_pane,
    redirect_page,
    wants_fragment,
)

CHANGED = "cards:changed"
# Without JavaScript: show the fields of the country that was chosen.
COUNTRY = "country"


@dataclasses.dataclass(frozen=True, slots=True)
class ProfileChoice:
    """A billing profile that a card can be entered for; `start` is where it begins."""

    profile: BillingProfile
    start: str
    ticked: bool


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def payment_method_add(request: HtmxHttpRequest) -> HttpResponse:
    buyer = person(request)
    profiles = [p for p in profiles_of(buyer) if p.stripe_customer_id]
    form = EnteredForm(request.POST or request.GET)
    chosen = _chosen_profile(profiles, form)
    if request.method != "POST":
        return _show_add(request, profiles, chosen)
    try:
        return _add(request, chosen, form.value("setup_intent") or "")
    except DomainError as error:
        return _show_add(request, profiles, chosen, str(error), status=422)


def _chosen_profile(
    profiles: list[BillingProfile], form: EnteredForm
) -> BillingProfile | None:
    """The one that was chosen, or the only one; null for none, and for another's."""
    wanted = form.value("profile")
    if wanted is None and len(profiles) == 1:
        return profiles[0]
    return next((profile for profile in profiles if profile.pk == wanted), None)


def _add(
    request: HtmxHttpRequest, profile: BillingProfile | None, setup_id: str
) -> HttpResponse:
    if profile is None:
        raise CardNotUsable(_("Choose the billing profile that the card is for."))
    if not setup_id:
        path = f"{reverse('billing:payment_method_add')}?profile={profile.pk}"
        return to_card_page(request, profile, path)
    method = add_card(profile=profile, setup_id=setup_id)
    messages.success(
        request,
        _("%(card)s was added. It pays for nothing until you choose it.")
        % {"card": method},
    )
    to = back_of(request) or "billing:payment_methods"
    return close_pane(request, to, changed=CHANGED)


def _show_add(
    request: HtmxHttpRequest,
    profiles: list[BillingProfile],
    chosen: BillingProfile | None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    session = ReturnQuery(request.GET).card_session
    context: dict[str, Any] = {
        "profiles": [
            ProfileChoice(profile, start_url(profile), profile == chosen)
            for profile in profiles
        ],
        "entry": card_entry(chosen),
        "entered": returned_card(chosen, session) if chosen else None,
        "profile_url": reverse("billing:profile_add"),
        "refusal": refusal,
    }
    return card_pane(
        request,
        "payment_method_add",
        context,
        partial="add-method-pane",
        status=status,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
@on_own_card
def payment_method_edit(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    today = clock.today_in(person(request).organization.time_zone)
    if request.method != "POST":
        form = CardDetailsForm(initial=_initial(card.method), today=today)
        return _show_edit(request, card, form)
    form = CardDetailsForm(request.POST, initial=_initial(card.method), today=today)
    if request.POST.get("action") == COUNTRY:
        return _show_edit(request, card, form.retyped())
    if not form.is_valid():
        return _show_edit(request, card, form, status=422)
    try:
        outcome = update_card(card=card, details=_details(form))
    except DomainError as error:
        form.add_error(None, str(error))
        return _show_edit(request, card, form, status=422)
    said = _("%(card)s was changed.") % {"card": card.method}
    return answer_changed(request, outcome, said, method_id)


def _initial(method: PaymentMethod) -> dict[str, Any]:
    return {
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "holder_name": method.holder_name,
        **method.address,
        "region": region_code(
            method.address.get("country", ""), method.address.get("state", "")
        ),
    }


def _details(form: CardDetailsForm) -> Details:
    data = form.cleaned_data
    return Details(
        exp_month=data["exp_month"],
        exp_year=data["exp_year"],
        holder_name=data["holder_name"].strip(),
        address=form.parts,
    )


def _show_edit(
    request: HtmxHttpRequest,
    card: WalletCard,
    form: CardDetailsForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "method": card.method,
        "profiles": [entry.profile for entry in card.entries],
        "in_use": any(entry.in_use for entry in card.entries),
        "form": form,
        "errors": form.non_field_errors(),
    }
    return card_pane(
        request,
        "payment_method_edit",
        context,
        partial="edit-method-pane",
        status=status,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
@on_own_card
def payment_method_security_code(
    request: HtmxHttpRequest, card: WalletCard, method_id: uuid.UUID
) -> HttpResponse:
    """The whole card is entered again: a security code is stored nowhere."""
    if request.method != "POST":
        return _show_code(request, card, method_id)
    entry = entry_of(card, method_id)
    setup_id = EnteredForm(request.POST).value("setup_intent")
    try:
        if setup_id is None:
            return to_card_page(request, entry.profile, request.path)
        entered = same_card(entry=entry, setup_id=setup_id)
        outcome = renew_card(entry=entry, card=entered)
    except DomainError as error:
        return _show_code(request, card, method_id, str(error), status=422)
    said = _("The security code of %(card)s was changed.") % {"card": entered}
    return answer_changed(request, outcome, said, entered.pk)


def _show_code(
    request: HtmxHttpRequest,
    card: WalletCard,
    method_id: uuid.UUID,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    entry = entry_of(card, method_id)
    session = ReturnQuery(request.GET).card_session
    # Refused, the card is entered anew: what was entered is another one, or used up.
    entered = None if refusal else returned_card(entry.profile, session)
    context = {
        "method": entry.method,
        "profile": entry.profile,
        "several": len(card.entries) > 1,
        "entry": card_entry(entry.profile),
        "entered": entered,
        "refusal": refusal,
    }
    return card_pane(
        request,
        "payment_method_security_code",
        context,
        partial="security-code-pane",
        status=status,
    )


def answer_changed(
    request: HtmxHttpRequest, outcome: Done, said: str, method_id: uuid.UUID
) -> HttpResponse:
    """The details of the card as it is now, with what was done to it.

    In the dialog they take the form's place, and the list behind reads itself again.
    A pane that was a page leads back to whence it was opened.
    """
    if outcome is Done.CHECKING:
        messages.info(request, checking_sentence())
    else:
        messages.success(request, said)
    if not wants_fragment(request):
        details = reverse("billing:payment_method", args=[method_id])
        return redirect_page(request, back_of(request) or details)
    card_or_404(request, method_id)
    answer = show_details(request, method_id)
    return trigger_client_event(answer, CHANGED, {"target": "body"})


def checking_sentence() -> str:
    return _(
        "We're checking with the payment provider. You can leave this page: nothing is"
        " done twice."
    )
