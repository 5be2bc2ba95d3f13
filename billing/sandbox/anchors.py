"""Where a subscription's periods are counted from, when the request says it.

With `billing_cycle_anchor_config` the first full period begins at the next such day,
and with `proration_behavior: none` what comes before it is free: there is no invoice,
not even of zero. `backdate_start_date` lets that first stretch begin in the past.
Sources: https://docs.stripe.com/billing/subscriptions/billing-cycle and
https://docs.stripe.com/billing/subscriptions/backdating
"""

from __future__ import annotations

import calendar
import datetime as dt

import stripe

from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.wire import ApiError, Obj

CONFIG = "billing_cycle_anchor_config"
# A leap year of the past: every day of a year is in it.
LEAP = 2000


def begin(call: Call, found: Obj) -> bool:
    """Give a new subscription its first stretch; false when it has none.

    Raises ApiError.
    """
    given = call.params.get(CONFIG)
    if given is None:
        if call.params.get("backdate_start_date"):
            raise ApiError("Backdating is built with an anchor only.")
        return False
    if call.params.get("proration_behavior") != "none":
        raise ApiError("A first stretch is built without proration only.")
    start = call.params.get("backdate_start_date") or call.now
    if start > call.now:
        raise ApiError(
            "backdate_start_date must be in the past.", param="backdate_start_date"
        )
    recurring = found["items"]["data"][0]["price"]["recurring"]
    if (recurring["interval_count"], recurring["interval"]) not in {
        (1, "month"),
        (1, "year"),
    }:
        raise ApiError("It is valid with monthly and yearly prices only.", param=CONFIG)
    found[CONFIG] = _config(given)
    anchor = _next(found[CONFIG], call.now)
    found |= {"start_date": start, "billing_cycle_anchor": anchor, "status": "active"}
    for item in found["items"]["data"]:
        item |= {"current_period_start": start, "current_period_end": anchor}
    return True


def anchor_of(subscription: Obj) -> int:
    """The instant to count periods from: a 31st that falls on a 28th comes back."""
    anchor = int(subscription["billing_cycle_anchor"])
    config = subscription[CONFIG]
    if config is None or _next(config, anchor - 1) != anchor:
        return anchor
    return _at(config, LEAP, config["month"] or 1)


def _config(given: Obj) -> Obj:
    shape = blank(stripe.Subscription.BillingCycleAnchorConfig)
    names = ("day_of_month", "month", "hour", "minute", "second")
    return shape | {name: given.get(name) for name in names}


def _next(config: Obj, instant: int) -> int:
    """The first such day after `instant`."""
    now = dt.datetime.fromtimestamp(instant, dt.UTC)
    months = [(now.year, now.month), *_following(now.year, now.month)]
    days = (
        _at(config, year, month)
        for year, month in months
        if config["month"] in {None, month}
    )
    return next(day for day in days if day > instant)


def _following(year: int, month: int) -> list[tuple[int, int]]:
    later = [year * 12 + month - 1 + count for count in range(1, 13)]
    return [(each // 12, each % 12 + 1) for each in later]


def _at(config: Obj, year: int, month: int) -> int:
    day = min(config["day_of_month"], calendar.monthrange(year, month)[1])
    moment = dt.datetime(
        year,
        month,
        day,
        config["hour"] or 0,
        config["minute"] or 0,
        config["second"] or 0,
        tzinfo=dt.UTC,
    )
    return int(moment.timestamp())
