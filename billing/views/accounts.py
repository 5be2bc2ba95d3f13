"""Billing accounts: the list, an account, its billing profiles, a profile."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.account_queries import (
    Standing,
    account_for,
    accounts_of,
    activity_of,
    invoice_mail_of,
    is_changing,
    profile_for,
    profiles_in,
    standing_of,
)
from billing.addresses import address_lines, country_name
from billing.models import BillingAccount, BillingProfile, PaymentMethod
from billing.models.accounts import TaxIdState, address_of
from billing.services.accounts import currency_of
from billing.services.adding_profiles import MOST_PROFILES
from billing.views.returning import with_back
from selfservice.accounts.history import lines_of
from selfservice.accounts.requests import person
from selfservice.core import clock, hooks
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import Choice

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
TAX_BADGES = {
    TaxIdState.VALID: "ok",
    TaxIdState.INVALID: "bad",
    TaxIdState.UNCHECKED: "",
}


@dataclasses.dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as the list shows it."""

    account: BillingAccount
    currency: str
    place: str
    profiles: int


@dataclasses.dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile as the list shows it."""

    profile: BillingProfile
    badge: str
    label: str | Promise
    place: str
    card_expired: bool


@require_safe
def accounts(request: HtmxHttpRequest) -> HttpResponse:
    rows = [
        AccountRow(
            account,
            currency_of(account.country),
            _joined(account.city, country_name(account.country)),
            profiles,
        )
        for account, profiles in accounts_of(person(request))
    ]
    context = {
        "rows": rows,
        "tabs": [Choice(_("Overview"), reverse("billing:accounts"), current=True)],
    }
    return render_page(
        request, "billing/accounts.html", context, partial="accounts-list"
    )


@require_safe
def account(request: HtmxHttpRequest, account_id: uuid.UUID) -> HttpResponse:
    owner = person(request)
    found = account_or_404(request, account_id)
    asked = hooks.TermsAsked(found.organization_id, found.purchaser_id)
    context = {
        "account": found,
        "tabs": _tabs(found, profiles=False),
        "changing": is_changing(found),
        "currency": currency_of(found.country),
        "sold_to": address_lines({"name": found.name, **address_of(found)}),
        "tax_badge": TAX_BADGES.get(TaxIdState(found.tax_id_state), ""),
        "terms": [each for some in hooks.terms_accepted.send(asked) for each in some],
        "lines": lines_of(activity_of(found.organization_id, found.pk), owner),
    }
    return render_page(request, "billing/account.html", context, partial="account")


@require_safe
def account_profiles(request: HtmxHttpRequest, account_id: uuid.UUID) -> HttpResponse:
    owner = person(request)
    found = account_or_404(request, account_id)
    profiles = profiles_in(found)
    standing = standing_of(owner, [profile.pk for profile in profiles])
    context = {
        "account": found,
        "tabs": _tabs(found, profiles=True),
        "rows": [_profile_row(profile, standing) for profile in profiles],
        "full": len(profiles) >= MOST_PROFILES,
        "most": MOST_PROFILES,
    }
    return render_page(
        request, "billing/account_profiles.html", context, partial="profiles-list"
    )


@require_safe
def profile(request: HtmxHttpRequest, profile_id: uuid.UUID) -> HttpResponse:
    owner = person(request)
    found = profile_or_404(request, profile_id)
    standing = standing_of(owner, [found.pk])
    row = _profile_row(found, standing)
    context = {
        "profile": found,
        "row": row,
        "changing": found.pk in standing.changing,
        "past_due": found.pk in standing.past_due,
        "invoices_url": f"{reverse('billing:invoices')}?profile={found.pk}",
        "past_due_url": f"{reverse('billing:invoices')}?profile={found.pk}"
        "&status=past_due",
        "bill_to": address_lines({"name": found.bill_to_name, **address_of(found)}),
        "usage": address_lines(found.usage_address) if found.usage_address else [],
        "mail": invoice_mail_of(found),
        "card_urls": _card_urls(found),
        "uses": _uses(found),
        "lines": lines_of(activity_of(found.organization_id, found.pk), owner),
    }
    return render_page(request, "billing/profile.html", context, partial="profile")


def account_or_404(request: HtmxHttpRequest, account_id: uuid.UUID) -> BillingAccount:
    """The reader's own account; anybody else's is not found. Raises Http404."""
    found = account_for(person(request), account_id)
    if found is None:
        raise Http404
    return found


def profile_or_404(request: HtmxHttpRequest, profile_id: uuid.UUID) -> BillingProfile:
    """The reader's own profile; anybody else's is not found. Raises Http404."""
    found = profile_for(person(request), profile_id)
    if found is None:
        raise Http404
    return found


def _tabs(found: BillingAccount, *, profiles: bool) -> Sequence[Choice]:
    overview = reverse("billing:account", args=[found.pk])
    own = reverse("billing:account_profiles", args=[found.pk])
    return [
        Choice(_("Overview"), overview, current=not profiles),
        Choice(_("Billing profile"), own, current=profiles),
    ]


def _profile_row(found: BillingProfile, standing: Standing) -> ProfileRow:
    badge, label = "ok", _("Active")
    if not found.stripe_customer_id:
        badge, label = "info", _("Being set up")
    elif found.pk in standing.past_due:
        badge, label = "bad", _("Past due")
    place = _joined(found.line1, found.city)
    return ProfileRow(found, badge, label, place, _expired(found.payment_method))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _expired(card: PaymentMethod | None) -> bool:
    now = clock.now()
    return card is not None and card.expired_by(now.year, now.month)


def _card_urls(found: BillingProfile) -> dict[str, str]:
    """Where its card is edited, replaced or added; each comes back here."""
    own = reverse("billing:profile", args=[found.pk])
    card = found.payment_method
    if card is None:
        add = f"{reverse('billing:payment_method_add')}?profile={found.pk}"
        return {"add": with_back(add, own)}
    return {
        name: with_back(reverse(f"billing:payment_method_{name}", args=[card.pk]), own)
        for name in ("edit", "replace")
    }


def _uses(found: BillingProfile) -> list[hooks.CardUse]:
    """What is paid through the profile, the next charge first."""
    asked = hooks.CardsAsked(found.organization_id, (found.pk,))
    uses = [use for some in hooks.payment_method_usage.send(asked) for use in some]
    return sorted(uses, key=lambda use: use.charged_at or NEVER)
