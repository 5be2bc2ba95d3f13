"""The phases of a subscription schedule: what they look like, and reading them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import stripe

from billing.sandbox import anchors, clock
from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.given import Given
from billing.sandbox.wire import ApiError, Obj

MOST = 10


def running_now(subscription: Obj) -> Obj:
    """A subscription as it is, as a phase: to the end of its period, or its own end."""
    items = subscription["items"]["data"]
    start = min(item["current_period_start"] for item in items)
    end = min(item["current_period_end"] for item in items)
    return _phase(
        subscription,
        start_date=start,
        end_date=subscription["cancel_at"] or end,
        items=[phase_item(each["price"]["id"], each["quantity"]) for each in items],
        trial_end=_trial_end(subscription),
    )


def _trial_end(subscription: Obj) -> int | None:
    trialing = subscription["status"] == "trialing"
    return int(subscription["trial_end"]) if trialing else None


def _phase(subscription: Obj, **fields: Any) -> Obj:
    owner = stripe.SubscriptionSchedule.Phase
    tax = subscription["automatic_tax"]
    found = blank(owner) | {
        "automatic_tax": blank(owner.AutomaticTax)
        | {"enabled": tax["enabled"], "liability": tax["liability"]},
        "currency": subscription["currency"],
        "metadata": {},
        "proration_behavior": "create_prorations",
    }
    return found | fields


def phase_item(price_id: str, quantity: int, metadata: Obj | None = None) -> Obj:
    return blank(stripe.SubscriptionSchedule.Phase.Item) | {
        "price": price_id,
        "plan": price_id,
        "quantity": quantity,
        "metadata": metadata or {},
        "tax_rates": [],
    }


def read(call: Call, schedule: Obj, subscription: Obj) -> list[Obj]:
    """The phases that the request wants, after those that are over.

    Raises ApiError when they leave the current one, have gaps, or never end.
    """
    given = call.params["phases"]
    if not 1 <= len(given) <= MOST:
        raise ApiError(f"A schedule has 1 to {MOST} phases.", param="phases")
    if "start_date" not in given[0]:
        raise _absent("phases[0][start_date]")
    wanted: list[Obj] = []
    for place, each in enumerate(given):
        start = wanted[-1]["end_date"] if wanted else each["start_date"]
        wanted.append(_read_one(call, subscription, each, start, f"phases[{place}]"))
    joined = _joined(call, schedule, wanted)
    _check_starts(call, subscription, joined)
    return joined


def _joined(call: Call, schedule: Obj, wanted: list[Obj]) -> list[Obj]:
    """What is over stays, and what runs now began when it did."""
    began = schedule["current_phase"]["start_date"]
    over = [phase for phase in schedule["phases"] if phase["start_date"] < began]
    ahead = [phase for phase in wanted if phase["start_date"] >= began]
    if not ahead or ahead[0]["start_date"] != began:
        raise ApiError(
            "You can not modify the start date of the current phase.",
            param="phases[0][start_date]",
        )
    if ahead[0]["end_date"] <= call.now:
        raise ApiError(
            "The current phase must end in the future.", param="phases[0][end_date]"
        )
    return over + ahead


def _check_starts(call: Call, subscription: Obj, phases: list[Obj]) -> None:
    """Prices and quantities change where a period ends, so that nothing is prorated.

    In between only without proration, and not the rhythm.
    """
    anchor = anchors.anchor_of(subscription)
    for former, phase in pairwise(phases):
        start = phase["start_date"]
        old, new = (_rhythms(call, each) for each in (former, phase))
        between = any(
            clock.period_end_after(rhythm, anchor, start - 1) != start for rhythm in old
        )
        free = old == new and phase["proration_behavior"] == "none"
        if between and former["items"] != phase["items"] and not free:
            raise ApiError(
                "The sandbox prorates nothing in a schedule: let the phase start at the"
                " end of a period.",
                param="phases",
            )
        anchor = anchor if old == new else start


def _rhythms(call: Call, phase: Obj) -> list[Obj]:
    recurring = [call.get(i["price"], "price")["recurring"] for i in phase["items"]]
    return [
        {name: each[name] for name in ("interval", "interval_count")}
        for each in recurring
    ]


def _read_one(
    call: Call, subscription: Obj, given: Given, start: Any, place: str
) -> Obj:
    if given.get("start_date", start) != start or start == "now":
        raise ApiError(
            "You can not modify the start date of the current phase."
            if place == "phases[0]"
            else "The start date of a phase must be the end date of the one before.",
            param=f"{place}[start_date]",
        )
    end = _end(given, start, place)
    _check_trial(subscription, given, start, end, place)
    _check_tax(subscription, given, place)
    return _phase(
        subscription,
        start_date=start,
        end_date=end,
        items=_items(call, subscription, given["items"], place),
        metadata=dict(given.get("metadata", {})),
        proration_behavior=given.get("proration_behavior", "create_prorations"),
        trial_end=_trial_end(subscription) if place == "phases[0]" else None,
    )


def _end(given: Given, start: int, place: str) -> int:
    end, duration = given.get("end_date"), given.get("duration")
    if end is not None and duration is not None:
        raise ApiError(
            "You may only specify one of these parameters: end_date, duration.",
            param=place,
        )
    if duration is not None:
        length = {"interval_count": 1, **duration}
        return clock.add_periods(length, start, 1)
    if end is None:
        raise _absent(f"{place}[end_date]")
    if end == "now" or end <= start:
        raise ApiError(
            "The end date of a phase must be after its start date.",
            param=f"{place}[end_date]",
        )
    return int(end)


def _check_trial(
    subscription: Obj, given: Given, start: int, end: int, place: str
) -> None:
    """A phase that leaves the trial out would end it: that isn't built."""
    trial_end = _trial_end(subscription)
    if trial_end is None or start >= trial_end:
        return
    whole = bool(given.get("trial")) and end == trial_end
    if given.get("trial_end") != trial_end and not whole:
        raise ApiError(
            "The sandbox ends no trial with a schedule: give the trial's end.",
            param=f"{place}[trial_end]",
        )


def _check_tax(subscription: Obj, given: Given, place: str) -> None:
    enabled = subscription["automatic_tax"]["enabled"]
    if given.get("automatic_tax", {}).get("enabled", enabled) != enabled:
        raise ApiError(
            "The sandbox doesn't change automatic tax with a schedule.",
            param=f"{place}[automatic_tax][enabled]",
        )


def _items(call: Call, subscription: Obj, given: list[Given], place: str) -> list[Obj]:
    if len(given) != len(subscription["items"]["data"]):
        raise ApiError(
            "The sandbox adds and removes no items with a schedule.",
            param=f"{place}[items]",
        )
    known = {item["price"]["id"] for item in subscription["items"]["data"]}
    items = []
    for at, each in enumerate(given):
        param = f"{place}[items][{at}][price]"
        if "price" not in each:
            raise _absent(param)
        price = call.get(each["price"], "price")
        if not price["active"] and price["id"] not in known:
            raise ApiError(f"The price {price['id']} is inactive.", param=param)
        if not price["recurring"] or price["currency"] != subscription["currency"]:
            raise ApiError(
                "A phase takes recurring prices in its subscription's currency.",
                param=param,
            )
        metadata = dict(each.get("metadata", {}))
        items.append(phase_item(price["id"], each.get("quantity", 1), metadata))
    return items


def _absent(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", "parameter_missing", param)
