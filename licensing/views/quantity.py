"""Buy licenses, Remove licenses: one pane for the new total of a subscription.

Everything is shown before it is saved: what is charged or given back, and from whom
licenses are taken. What is saved is what was shown, or nothing.
"""

from __future__ import annotations

import dataclasses
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from licensing.bulk import lists_of
from licensing.forms import QuantityForm
from licensing.models import LicenseAssignment
from licensing.queries import longest_licensed
from licensing.services.assigning import take_from
from licensing.wording import Explained, explain, saved_sentence
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import (
    HtmxHttpRequest,
    close_pane,
    redirect_page,
    render_page,
)
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import subscription_for
from selfservice.subscriptions.services.changing import Outcome, PreviewStale
from selfservice.subscriptions.services.quantity import (
    Preview,
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.quantity_rules import why_no_more

# Beyond those who must lose one, so many more to choose from.
CHOICE = 20
MOST_SHOWN = 200


@dataclasses.dataclass(slots=True)
class Page:
    """What the pane shows: a preview, or why there is none."""

    subscription: Subscription
    form: QuantityForm
    preview: Preview | None = None
    words: Explained | None = None
    refusal: str = ""
    # Saved before the amount was seen.
    unseen: bool = False
    losing: int = 0
    holders: list[LicenseAssignment] = dataclasses.field(default_factory=list)

    @property
    def chosen(self) -> set[uuid.UUID]:
        """Who loses a license; those licensed longest until somebody is chosen."""
        chosen = set(self.form.chosen)
        return chosen or {holder.user_id for holder in self.holders[: self.losing]}

    @property
    def more_holders(self) -> int:
        return max(self.subscription.assigned - len(self.holders), 0)

    @property
    def tax_percent(self) -> str:
        """The rate as it is said: 21 or 5.5; empty without tax."""
        quote = self.preview.quote if self.preview else None
        rate = quote.tax_rate_bp if quote else None
        return "" if rate is None else f"{rate / 100:g}"

    @property
    def removes(self) -> bool:
        """Whether it was opened to remove licenses."""
        return bool(self.form.data.get("mode") == "remove")


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def quantity(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    owner = person(request)
    if request.method == "POST":
        return _save(request, owner, subscription_id)
    subscription = _own(owner, subscription_id)
    asked = {"total": subscription.quantity, "mode": request.GET.get("mode", "")}
    page = Page(subscription, QuantityForm(asked))
    if "total" in request.GET:
        page.form = QuantityForm(request.GET)
        unchanged = page.form.data.get("total") == str(subscription.quantity)
        # Back at the number that there is: nothing to charge, and nothing wrong.
        if not unchanged:
            _look(page)
            return _show(request, page)
    if not page.removes:
        page.refusal = why_no_more(owner)
    return _show(request, page)


def _save(
    request: HtmxHttpRequest, owner: User, subscription_id: uuid.UUID
) -> HttpResponse:
    page = Page(_own(owner, subscription_id), QuantityForm(request.POST))
    form, subscription = page.form, page.subscription
    if "look" in request.POST:
        _look(page)
        return _show(request, page)
    if not form.is_valid() or not form.cleaned_data["seal"]:
        _look(page)
        page.unseen = page.preview is not None
        return _show(request, page, 422)

    def take() -> None:
        if form.chosen:
            take_from(subscription=subscription, people=form.chosen, actor=owner)

    try:
        preview, outcome = save_quantity(
            subscription=subscription,
            quantity=form.cleaned_data["total"],
            seal=form.cleaned_data["seal"],
            prepare=take,
            at_renewal=form.at_renewal if form.cleaned_data["when"] else None,
        )
    except DomainError as error:
        page = Page(_own(owner, subscription_id), form)
        _look(page)
        # What was changed elsewhere may leave no amount to look at.
        stale = isinstance(error, PreviewStale) and page.refusal
        page.refusal = page.refusal if stale else str(error)
        return _show(request, page, 422)
    return _saved(request, page, _list_of(owner, page), preview, outcome)


def _saved(
    request: HtmxHttpRequest,
    page: Page,
    bulk: uuid.UUID | None,
    preview: Preview,
    outcome: Outcome,
) -> HttpResponse:
    subscription = page.subscription
    # What waits for the bank is said there, with the way to confirm it.
    if not (bulk and outcome == Outcome.WAITING):
        messages.success(request, saved_sentence(preview, outcome))
    if bulk:
        return redirect_page(
            request, "licensing:bulk_list", subscription.product_id, bulk
        )
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )


def _list_of(owner: User, page: Page) -> uuid.UUID | None:
    """The list of people that the licenses are for, if it is this person's."""
    page.form.is_valid()
    asked = page.form.cleaned_data.get("bulk")
    if not isinstance(asked, uuid.UUID):
        return None
    rows = lists_of(owner, page.subscription.product_id).filter(pk=asked)
    return asked if rows.exists() else None


def _own(owner: User, subscription_id: uuid.UUID) -> Subscription:
    """The purchaser's own; raises Http404 for any other."""
    subscription = subscription_for(owner, subscription_id)
    if subscription is None or subscription.term_end is None:
        raise Http404
    return subscription


def _look(page: Page) -> None:
    """Find out what the new total would do, or why it can't be."""
    if not page.form.is_valid():
        page.refusal = " ".join(
            str(error) for errors in page.form.errors.values() for error in errors
        )
        return
    total = page.form.cleaned_data["total"]
    page.losing = max(page.subscription.assigned - total, 0) if total else 0
    if page.losing:
        limit = min(page.losing + CHOICE, MOST_SHOWN)
        page.holders = longest_licensed(page.subscription, limit)
    try:
        page.preview = preview_quantity(
            subscription=page.subscription,
            quantity=total,
            at_renewal=page.form.at_renewal,
        )
    except DomainError as error:
        page.refusal = str(error)
    else:
        page.words = explain(page.preview)


def _show(request: HtmxHttpRequest, page: Page, status: int = 200) -> HttpResponse:
    asks_amount = request.htmx and request.htmx.target == "change"
    bulk = _list_of(person(request), page)
    context = {
        "page": page,
        "subscription": page.subscription,
        "form": page.form,
        "bulk": bulk,
        "back_url": reverse(
            "licensing:bulk_list", args=[page.subscription.product_id, bulk]
        )
        if bulk
        else reverse("subscriptions:details", args=[page.subscription.pk]),
    }
    return render_page(
        request,
        "licensing/quantity.html",
        context,
        partial="change" if asks_amount else "quantity-pane",
        status=status,
    )
