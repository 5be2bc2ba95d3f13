"""The list of purchases as a file: all that is filtered, however long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from babel.numbers import format_decimal
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from selfservice.core.csv_export import csv_response, in_chunks
from selfservice.core.lists import beside
from selfservice.core.money import Money, babel_locale, precision
from selfservice.oversight.queries import with_what_is_shown
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.wording import frequency_words


def export(found: QuerySet[Subscription]) -> StreamingHttpResponse:
    """Streamed, in the reader's language and time zone; days as ISO dates."""
    return csv_response("self-service-purchases.csv", _head(), _rows(found))


def _head() -> list[str]:
    return [
        _("Product"),
        _("Plan"),
        _("Purchaser"),
        _("Department"),
        _("Purchase channel"),
        _("Purchase date"),
        _("Status"),
        _("Bought"),
        _("Assigned"),
        _("Idle"),
        _("Expiry date"),
        _("Recurring billing"),
        _("Unit price"),
        _("Purchase price, excl. tax"),
        _("Currency"),
        _("Charged"),
        _("Subscription"),
    ]


def _rows(found: QuerySet[Subscription]) -> Iterator[list[object]]:
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def rows() -> Iterator[list[object]]:
        for subscription in in_chunks(with_what_is_shown(found)):
            # By then the request is over, and the thread speaks another language.
            with translation.override(language), timezone.override(zone):
                cells = _cells(subscription)
            yield cells

    return rows()


def _cells(subscription: Subscription) -> list[object]:
    state: str = beside(subscription, "state")
    purchased: dt.datetime | None = beside(subscription, "purchased_at")
    expires: dt.datetime | None = beside(subscription, "expires_at")
    return [
        subscription.product.name,
        str(subscription.plan),
        subscription.purchaser.display_name,
        subscription.purchaser.department,
        _("Self-service"),
        timezone.localdate(purchased) if purchased else "",
        str(lifecycle.LABELS[state]),
        subscription.quantity,
        subscription.assigned,
        subscription.quantity - subscription.assigned,
        timezone.localdate(expires) if expires else "",
        _("On") if subscription.recurring_billing else _("Off"),
        _number(subscription.price.money),
        _number(subscription.period_total),
        subscription.price.currency,
        frequency_words(subscription.plan),
        subscription.pk,
    ]


def _number(money: Money) -> str:
    """Without its currency, as this reader's spreadsheet takes a number."""
    pattern = "0." + "0" * precision(money.currency)
    locale = babel_locale(translation.get_language() or "en")
    return format_decimal(money.amount, format=pattern.rstrip("."), locale=locale)
