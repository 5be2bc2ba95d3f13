"""Checkout: who buys (once), then what, with which card, for how much."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.models import BillingProfile
from billing.services import cards as card_service
from billing.services.accounts import currency_of, open_account
from billing.views.card_choice import returned_card
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.catalog.models import Plan, Product
from selfservice.catalog.queries import Offer, offer_of
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest
from selfservice.core.ids import uuid7
from selfservice.subscriptions.forms import (
    NO_PLAN,
    NO_PROFILE,
    CheckoutQuery,
    OrderForm,
    SoldToForm,
)
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.queries import buyer_profiles
from selfservice.subscriptions.services.buying import (
    check_offer,
    find_order,
    place_order,
)
from selfservice.subscriptions.views.checkout_page import (
    CheckoutPage,
    checkout_address,
    order_from,
    show_checkout,
    show_sold_to,
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def checkout(request: HtmxHttpRequest, plan_id: uuid.UUID) -> HttpResponse:
    buyer = person(request)
    plan = Plan.objects.select_related("product").filter(pk=plan_id).first()
    if plan is None:
        raise Http404
    if request.method == "POST":
        return _post(request, buyer, plan)
    query = CheckoutQuery(request.GET)
    key = query.value("order", None)
    if key is None:
        address = checkout_address(
            plan.pk, uuid7(), query.value("quantity", 1), trial=_tries(query)
        )
        return redirect(address)
    placed = find_order(buyer=buyer, key=key)
    if placed is not None and placed.order_state != OrderState.DECLINED:
        return redirect("subscriptions:order", placed.pk)
    if plan.retired_at is not None:
        raise Http404
    return _get(request, buyer, plan, query, placed)


def _tries(query: CheckoutQuery) -> bool:
    return bool(query.value("trial", False))


def _get(
    request: HtmxHttpRequest,
    buyer: User,
    plan: Plan,
    query: CheckoutQuery,
    placed: Subscription | None,
) -> HttpResponse:
    quantity = query.value("quantity", 1)
    profiles = buyer_profiles(buyer)
    # An order that was declined stays with its profile.
    before = placed.profile_id if placed is not None else None
    profile = _chosen(profiles, query.value("profile", before))
    if profile is None:
        form = SoldToForm(initial=SoldToForm.proposed(buyer))
        key, trial = query.value("order", ""), _tries(query)
        return show_sold_to(request, plan, quantity, form, key=key, trial=trial)
    form_data = {
        "order": query.value("order", None),
        "plan": plan.pk,
        "quantity": quantity,
        "assign_to_me": bool(buyer.usage_location)
        and query.value("assign", "") != "no",
        "trial": _tries(query),
    }
    page = CheckoutPage(
        buyer=buyer,
        plan=plan,
        profile=profile,
        profiles=profiles,
        quantity=quantity,
        form=OrderForm(initial=form_data),
        error=placed.decline if placed is not None else "",
        entered=returned_card(profile, query.value("card_session", "")),
        trial=_tries(query),
    )
    return show_checkout(request, page)


def _chosen(
    profiles: list[BillingProfile], chosen: uuid.UUID | None
) -> BillingProfile | None:
    """The one with that key; else the oldest, null when there is none at all."""
    first = next(iter(profiles), None)
    return next((each for each in profiles if each.pk == chosen), first)


def _post(request: HtmxHttpRequest, buyer: User, plan: Plan) -> HttpResponse:
    profiles = buyer_profiles(buyer)
    if not profiles or "line1" in request.POST:
        return _sold_to(request, buyer, plan)
    form = OrderForm(request.POST)
    form.is_valid()
    asked = form.cleaned_data.get("profile")
    profile = _chosen(profiles, asked) or profiles[0]
    if asked is not None and profile.pk != asked:
        form.add_error("profile", NO_PROFILE)
    chosen = _plan_of(plan.product, form)
    if chosen is None and "plan" not in form.errors:
        form.add_error("plan", NO_PLAN)
    plan = chosen or plan
    page = CheckoutPage(
        buyer=buyer,
        plan=plan,
        profile=profile,
        profiles=profiles,
        quantity=form.cleaned_data.get("quantity") or 1,
        form=form,
        trial=form.cleaned_data.get("trial", False),
    )
    if page.offer().plan.pk != plan.pk:
        form.add_error("plan", _("This plan is no longer sold. Select another one."))
    if not form.places:
        return show_checkout(request, page)
    if form.errors:
        return show_checkout(request, page, status=422)
    return _place(request, page)


def _plan_of(product: Product, form: OrderForm) -> Plan | None:
    """The plan that was chosen; null for one of another product."""
    chosen = form.cleaned_data.get("plan")
    plans = Plan.objects.filter(product=product).select_related("product")
    return plans.filter(pk=chosen).first() if chosen else None


def _sold_to(request: HtmxHttpRequest, buyer: User, plan: Plan) -> HttpResponse:
    """The first step: who buys. Its answer is the next step's address."""
    if plan.retired_at is not None:
        raise Http404
    query = CheckoutQuery(request.POST)
    quantity = query.value("quantity", 1)
    key, trial = query.value("order", None) or uuid7(), _tries(query)
    form = SoldToForm(request.POST)
    if request.POST.get("action") == "country":
        return show_sold_to(
            request, plan, quantity, form.retyped(), key=key, trial=trial
        )
    form.is_valid()
    if form.cleaned_data.get("country"):
        _refuse_currency(form, plan, form.cleaned_data["country"])
    if not form.errors:
        sold_to = form.sold_to()
        try:
            check_offer(
                buyer=buyer, offer=_any_offer(plan, sold_to.country), quantity=1
            )
            open_account(purchaser=buyer, sold_to=sold_to)
            return redirect(checkout_address(plan.pk, key, quantity, trial=trial))
        except DomainError as error:
            form.add_error(None, str(error))
    return show_sold_to(request, plan, quantity, form, key=key, trial=trial, status=422)


def _any_offer(plan: Plan, country: str) -> Offer:
    offer = offer_of(plan_id=plan.pk, currency=currency_of(country))
    if offer is None:
        raise Http404
    return offer


def _refuse_currency(form: SoldToForm, plan: Plan, country: str) -> None:
    currency = currency_of(country)
    if offer_of(plan_id=plan.pk, currency=currency) is None:
        form.add_error(
            "country",
            _(
                "%(product)s isn't sold in %(currency)s, the currency of this country."
                " Choose another plan or another country."
            )
            % {"product": plan.product.name, "currency": currency},
        )


def _place(request: HtmxHttpRequest, page: CheckoutPage) -> HttpResponse:
    data = page.form.cleaned_data
    try:
        card = page.choose_card(data["payment"], data["setup_intent"])
        if card is None and not (page.card_optional and page.form.without_card):
            return _card_page(page)
        placed = place_order(order=order_from(page), card=card, buyer=page.buyer)
    except DomainError as error:
        page.form.add_error(None, str(error))
        return show_checkout(request, page, status=422)
    if placed.order_state == OrderState.DECLINED:
        page.form.add_error(None, placed.decline)
        return show_checkout(request, page, status=422)
    return redirect("subscriptions:order", placed.pk)


def _card_page(page: CheckoutPage) -> HttpResponse:
    """Without JavaScript the card is entered on Stripe's own page."""
    key = page.form.cleaned_data["order"]
    address = checkout_address(page.plan.pk, key, page.quantity, trial=page.trial)
    back = f"{settings.PORTAL_BASE_URL}{address}&profile={page.profile.pk}"
    if not page.form.cleaned_data["assign_to_me"]:
        back += "&assign=no"
    hosted = card_service.begin_hosted_card_page(
        profile=page.profile, back_url=f"{back}&card_session={{CHECKOUT_SESSION_ID}}"
    )
    return redirect(hosted.url)
