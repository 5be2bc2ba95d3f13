"""Calendar steps, as Stripe takes them."""

from __future__ import annotations

import calendar
import datetime as dt


def add_months(start: dt.datetime, months: int) -> dt.datetime:
    """The same day and time `months` later in UTC; the last day where it is missing.

    31 January plus one month is 28 February. Always count from the first start, or
    the day drifts. Source: https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    start = start.astimezone(dt.UTC)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
