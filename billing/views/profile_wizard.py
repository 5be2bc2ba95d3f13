"""The wizard Add a billing profile: five steps, each a page of its own."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing.account_queries import accounts_of, profile_for
from billing.addresses import address_lines
from billing.models import BillingAccount, BillingProfile
from billing.models.accounts import address_of
from billing.services import adding_profiles
from billing.services.accounts import currency_of
from billing.services.customers import Outcome
from billing.views.returning import back_of, with_back
from billing.wizard_forms import (
    ADDRESS,
    ASKING,
    BASIC,
    INVOICES,
    REVIEW,
    TITLES,
    PaymentForm,
    StepForms,
    Steps,
)
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, redirect_page, render_page
from selfservice.core.ids import uuid7


@dataclasses.dataclass(frozen=True, slots=True)
class StepLink:
    """A step in the row above the wizard; without an address it can't be opened."""

    label: str | Promise
    url: str
    current: bool
    done: bool


@dataclasses.dataclass(slots=True)
class Wizard:
    """One profile that is being added, as the request found it."""

    owner: User
    account: BillingAccount
    key: uuid.UUID
    answers: dict[str, Any]
    back: str

    @property
    def steps(self) -> Steps:
        return Steps(self.account, self.answers)

    def url(self, step: str) -> str:
        path = reverse("billing:profile_step", args=[self.key, step])
        return with_back(path, self.back)

    def links(self, current: str) -> list[StepLink]:
        """Every step; those after the first open one can't be opened yet."""
        steps = self.steps
        reached = [*ASKING, REVIEW].index(steps.first_open())
        return [
            StepLink(
                TITLES[step],
                self.url(step) if number <= reached else "",
                step == current,
                step in ASKING and steps.is_done(step),
            )
            for number, step in enumerate([*ASKING, REVIEW])
        ]


@never_cache
@require_safe
def start(request: HtmxHttpRequest) -> HttpResponse:
    """A wizard of its own for every tab: its key stands in the address."""
    if _account(person(request)) is None:
        return redirect("billing:accounts")
    path = reverse("billing:profile_step", args=[uuid7(), BASIC])
    return redirect(with_back(path, back_of(request)))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def step(request: HtmxHttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
    owner = person(request)
    account = _account(owner)
    if account is None or name not in TITLES:
        raise Http404
    draft = adding_profiles.draft_of(owner, key)
    if draft is None and (made := profile_for(owner, key)) is not None:
        # Finished: pressed twice, or reached by the browser's Back.
        return redirect_page(request, _destination(request, made))
    answers = draft.answers if draft else {}
    wizard = Wizard(owner, account, key, answers, back_of(request))
    if name == REVIEW:
        return _review(request, wizard)
    if request.method == "POST":
        return _answer(request, wizard, name)
    reached = wizard.steps.first_open()
    if [*ASKING, REVIEW].index(name) > [*ASKING, REVIEW].index(reached):
        return redirect(wizard.url(reached))
    typed = answers.get(name, {}).get("typed")
    return _show(request, wizard, StepForms(name, account, typed=typed))


def _answer(request: HtmxHttpRequest, wizard: Wizard, name: str) -> HttpResponse:
    forms = StepForms(name, wizard.account, data=request.POST.dict())
    action = request.POST.get("action", "")
    if action.endswith("country"):
        return _show(request, wizard, forms.retyped())
    valid = forms.is_valid()
    if not valid and action != "back":
        return _show(request, wizard, forms, status=422)
    try:
        adding_profiles.keep_answers(
            purchaser=wizard.owner,
            key=wizard.key,
            step=name,
            answers={"typed": forms.typed()},
        )
    except adding_profiles.NotYours:
        raise Http404 from None
    every = [*ASKING, REVIEW]
    place = every.index(name) + (-1 if action == "back" else 1)
    return redirect_page(request, wizard.url(every[max(place, 0)]))


def _review(request: HtmxHttpRequest, wizard: Wizard) -> HttpResponse:
    steps = wizard.steps
    if (reached := steps.first_open()) != REVIEW:
        return redirect_page(request, wizard.url(reached))
    if request.method != "POST":
        return _show_review(request, wizard)
    try:
        made, outcome = adding_profiles.add_profile(
            account=wizard.account,
            new=steps.new_profile(wizard.key),
            actor=wizard.owner,
        )
    except adding_profiles.NotYours:
        raise Http404 from None
    except DomainError as error:
        return _show_review(request, wizard, refusal=str(error), status=422)
    if outcome == Outcome.CHECKING:
        messages.info(
            request,
            _(
                "The payment provider hasn't answered yet. The profile can be used as"
                " soon as it has; you needn't add it again."
            ),
        )
    else:
        messages.success(request, _("The billing profile was added."))
    return redirect_page(request, _destination(request, made))


def _destination(request: HtmxHttpRequest, made: BillingProfile) -> str:
    """Where the wizard leads: back to Checkout, on to the card, or to the profile."""
    back = back_of(request)
    if back:
        return f"{back}{'&' if '?' in back else '?'}profile={made.pk}"
    if PaymentForm(request.POST).wants_card and made.stripe_customer_id:
        return f"{reverse('billing:payment_method_add')}?profile={made.pk}"
    return reverse("billing:profile", args=[made.pk])


def _show(
    request: HtmxHttpRequest, wizard: Wizard, forms: StepForms, *, status: int = 200
) -> HttpResponse:
    context = {
        "account": wizard.account,
        "links": wizard.links(forms.step),
        "step": forms.step,
        "title": TITLES[forms.step],
        "forms": forms,
        "form": forms.main,
        "first": forms.step == BASIC,
        "sold_to": _sold_to(wizard.account),
        "cancel_url": _cancel_url(wizard),
    }
    return render_page(
        request,
        "billing/profile_step.html",
        context,
        partial="profile-step",
        status=status,
    )


def _show_review(
    request: HtmxHttpRequest, wizard: Wizard, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    steps = wizard.steps
    new = steps.new_profile(wizard.key)
    usage = dataclasses.asdict(new.usage) if new.usage else {}
    context = {
        "account": wizard.account,
        "links": wizard.links(REVIEW),
        "title": TITLES[REVIEW],
        "refusal": refusal,
        "new": new,
        "currency": currency_of(wizard.account.country),
        "bill_to": address_lines(
            {"name": new.bill_to_name, **dataclasses.asdict(new.bill_to)}
        ),
        "usage": address_lines(usage) if usage else [],
        "wants_card": steps.wants_card,
        "urls": {step: wizard.url(step) for step in ASKING},
        "back_url": wizard.url(INVOICES),
        "address_url": wizard.url(ADDRESS),
        "cancel_url": _cancel_url(wizard),
    }
    return render_page(
        request,
        "billing/profile_review.html",
        context,
        partial="profile-review",
        status=status,
    )


def _sold_to(account: BillingAccount) -> list[str]:
    return address_lines({"name": account.name, **address_of(account)})


def _cancel_url(wizard: Wizard) -> str:
    return wizard.back or reverse("billing:account_profiles", args=[wizard.account.pk])


def _account(owner: User) -> BillingAccount | None:
    return next((account for account, _profiles in accounts_of(owner)), None)
