"""What subscriptions do when other rooms tell something."""

from __future__ import annotations

import datetime as dt

from django.db.models import Min
from django.urls import reverse

from selfservice.core import hooks
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions.card_usage import card_uses
from selfservice.subscriptions.models import ContractReason, Subscription
from selfservice.subscriptions.services import next_contract
from selfservice.subscriptions.services.leaving import stop_renewals_of
from selfservice.subscriptions.services.paying_card import begin_replacing
from selfservice.subscriptions.services.reactivating import reactivated


def register_all() -> None:
    """Listen to what lower rooms send, and to next contracts."""
    hooks.people_lost.register(stop_renewals)
    hooks.payment_method_usage.register(card_uses)
    hooks.card_replaced.register(begin_replacing)
    hooks.terms_accepted.register(terms_of)
    next_contract.endings.register(ContractReason.REACTIVATION, reactivated)


def stop_renewals(lost: hooks.PeopleLost) -> None:
    """Nobody pays on for somebody who has left."""
    stop_renewals_of(lost.organization_id, lost.user_ids)


def terms_of(asked: hooks.TermsAsked) -> list[hooks.TermsAccepted]:
    """What somebody accepted with their orders, the newest first."""
    orders = Subscription.objects.filter(
        organization_id=asked.organization_id, purchaser_id=asked.purchaser_id
    )
    versions = orders.values("terms_version").annotate(at=Min("ordered_at"))
    url = reverse("subscriptions:terms")
    return [
        hooks.TermsAccepted(_as_day(row["terms_version"]), row["at"], url)
        for row in versions.order_by("-at")
    ]


def _as_day(version: str) -> str:
    """A version of the terms is the day from which they hold, as Checkout says it."""
    try:
        return format_day(dt.date.fromisoformat(version))
    except ValueError:
        return version
