"""Which trials are offered, and to whom."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from selfservice.accounts.models import User
from selfservice.catalog.models import Product
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions.models import Subscription

TRIAL_LICENSES = 25
NOT_HAD = ["declined", "dropped"]


class CannotBuy(DomainError):
    """The order is refused before Stripe is asked; the sentence says why."""


def check_buyer(buyer: User) -> None:
    """Refuse whoever may buy nothing. Raises CannotBuy."""
    if not buyer.can_buy:
        raise CannotBuy(_("Guests can't buy. Ask a colleague to buy this for you."))


def trial_licenses(product: Product) -> int:
    """How many licenses a trial has."""
    return min(TRIAL_LICENSES, product.license_cap or TRIAL_LICENSES)


def trial_open(*, buyer: User, product: Product) -> bool:
    """Whether the buyer can start a trial of the product now."""
    return why_no_trial(buyer=buyer, product=product) is None


def check_trial(*, buyer: User, product: Product) -> None:
    """Refuse a trial that isn't offered, or was had before. Raises CannotBuy."""
    refusal = why_no_trial(buyer=buyer, product=product)
    if refusal is not None:
        raise refusal


def why_no_trial(*, buyer: User, product: Product) -> CannotBuy | None:
    """The refusal of a trial; null when it can be started."""
    if not product.trial_offered or not product.sold_at(clock.now()):
        return CannotBuy(
            _("There is no trial of %(product)s. You can buy it.")
            % {"product": product.name}
        )
    if product.pk in trials_had(buyer.organization_id):
        return had_trial(product)
    return None


def trials_had(organization_id: uuid.UUID) -> set[uuid.UUID]:
    """The products that somebody of the organization has tried, or tries now."""
    had = Subscription.objects.filter(
        organization_id=organization_id, quantity_after_trial__isnull=False
    ).exclude(order_state__in=NOT_HAD)
    return set(had.values_list("product_id", flat=True))


def had_trial(product: Product) -> CannotBuy:
    """One trial per product and organization, whoever had it."""
    return CannotBuy(
        _(
            "Your organization has had its trial of %(product)s. There is one per"
            " organization; you can buy it."
        )
        % {"product": product.name}
    )
