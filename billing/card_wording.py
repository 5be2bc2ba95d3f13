"""How cards are spoken of: how long they are valid, and what pays now."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import PaymentMethod
from billing.wallet import Validity, soonest, validity_of
from selfservice.core.hooks import CardUse
from selfservice.core.templatetags.ui import format_day

LABELS = {
    Validity.EXPIRED: ("bad", gettext_lazy("Expired")),
    Validity.FAILS: ("warn", gettext_lazy("Expires before the next charge")),
    Validity.SOON: ("warn", gettext_lazy("Expires soon")),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Warned:
    """That a card will not pay for long: the look, a word, and a sentence."""

    kind: str
    label: str
    text: str


def warned(
    method: PaymentMethod, uses: Sequence[CardUse], now: dt.datetime
) -> Warned | None:
    """The warning that a card carries wherever it is shown; null for a good one."""
    validity = validity_of(method, uses, now)
    if validity is Validity.GOOD:
        return None
    kind, label = LABELS[validity]
    return Warned(kind, str(label), _sentence(method, uses, validity))


def _sentence(
    method: PaymentMethod, uses: Sequence[CardUse], validity: Validity
) -> str:
    use = soonest(uses)
    if use is not None and use.charged_at is not None and validity != Validity.SOON:
        return _(
            "The charge of %(amount)s on %(day)s would fail. Replace the card, or edit"
            " its expiration date if your bank sent a new one."
        ) % {"amount": use.charge, "day": format_day(use.charged_at)}
    if validity is Validity.EXPIRED:
        return _("It expired in %(month)s and can't pay any more.") % {
            "month": method.expires
        }
    return _(
        "It is valid until the end of %(month)s. Edit its expiration date when your"
        " bank sends a new one, or replace it."
    ) % {"month": method.expires}
