"""What somebody bought, and why they can't be erased while it goes on."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from selfservice.core import clock, personal
from selfservice.core.numbers import Grouped
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import CancelReason, Subscription
from selfservice.subscriptions.queries import SHOWN

_PURCHASE: list[tuple[str, Any]] = [
    ("product__name", _("Product")),
    ("quantity", _("Licenses")),
    ("ordered_at", _("Ordered on")),
    ("bought_at", _("Purchase date")),
    ("term_end", _("End of the term")),
    ("recurring_billing", _("Recurring billing")),
    ("cancelled_at", _("Canceled on")),
    ("cancel_reason", _("Reason")),
    ("cancel_feedback", _("Additional feedback")),
    ("terms_version", _("Terms accepted")),
    ("id", _("Subscription")),
]
_GOES_ON = [
    lifecycle.PENDING,
    lifecycle.ACTIVE,
    lifecycle.TRIAL,
    lifecycle.PAST_DUE,
]


def register_all() -> None:
    personal.personal_data.register(parts)
    personal.objections.register(goes_on)
    personal.person_erased.register(erase)


def parts(asked: personal.Asked) -> list[personal.Part]:
    return [
        personal.Part(
            "purchases",
            _("What you bought"),
            _("Subscriptions stay without your name, as your organization's records."),
            _PURCHASE,
            _theirs(asked).values_list(*(name for name, _label in _PURCHASE)),
            stays=True,
            words={"cancel_reason": dict(CancelReason.choices)},
        )
    ]


def _theirs(asked: personal.Asked | personal.Erased) -> Any:
    return Subscription.objects.filter(
        organization_id=asked.organization_id, purchaser_id=asked.person_id
    )


def goes_on(asked: personal.Asked) -> str:
    """Nobody else could pay, cancel or hand over what still runs."""
    running = (
        _theirs(asked)
        .filter(order_state__in=SHOWN)
        .annotate(state=lifecycle.state_case(clock.now()))
        .filter(Q(state__in=_GOES_ON))
        .count()
    )
    if not running:
        return ""
    return ngettext(
        "%(count)s subscription of theirs isn't over. Hand it to a colleague (manage.py"
        " transfer_purchases), or let it be canceled and end.",
        "%(count)s subscriptions of theirs aren't over. Hand them to a colleague"
        " (manage.py transfer_purchases), or let them be canceled and end.",
        running,
    ) % {"count": Grouped(running)}


def erase(erased: personal.Erased) -> int:
    """Only what they wrote themselves; the rest names nobody."""
    wrote = _theirs(erased).exclude(cancel_feedback="")
    changed: int = wrote.update(cancel_feedback="")
    return changed
