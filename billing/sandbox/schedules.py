"""The life of a subscription schedule: its phases one after the other, and its end.

A phase begins before anything else that happens at its instant, so that a renewal
charges what the phase says.
"""

from __future__ import annotations

import copy

from billing.sandbox.call import Call, merge_metadata
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import ApiError, Obj

KIND = "subscription_schedule"
RUNNING = ("not_started", "active")
# After a cancellation of the same instant, before its renewal.
RANK = -1


@watches(KIND, "active")
def phase_end(call: Call, found: Obj) -> Step | None:
    """The next phase, or after the last one the end."""
    ends = found["current_phase"]["end_date"]
    following = [phase for phase in found["phases"] if phase["start_date"] == ends]

    def proceed(call: Call) -> None:
        if following:
            _enter(call, found, following[0])
        else:
            release(call, found)

    return Step(ends, proceed, RANK)


def _enter(call: Call, schedule: Obj, phase: Obj) -> None:
    subscription = call.get(schedule["subscription"], "subscription")
    before = copy.deepcopy(subscription)
    take_items(call, subscription, phase, call.now)
    merge_metadata(subscription, phase)
    call.save(subscription, "customer.subscription.updated", before)
    former = dict(schedule)
    schedule["current_phase"] = span(phase)
    call.save(schedule, "subscription_schedule.updated", former)


def span(phase: Obj) -> Obj:
    """When a phase is the current one."""
    return {"start_date": phase["start_date"], "end_date": phase["end_date"]}


def look_ahead(call: Call, subscription: Obj, until: int) -> None:
    """Let a copy of a subscription be as its schedule will have it at `until`."""
    schedule = call.store.get(subscription["schedule"] or "", KIND)
    current = (schedule or {}).get("current_phase") or {"end_date": until + 1}
    if schedule is None or current["end_date"] > until:
        return
    ahead = [phase for phase in schedule["phases"] if phase["start_date"] <= until]
    take_items(call, subscription, ahead[-1], ahead[-1]["start_date"])


def take_items(call: Call, subscription: Obj, phase: Obj, now: int) -> None:
    """Let the subscription have a phase's prices and quantities, between two periods.

    Nothing is charged: the renewal of this instant does that. Another rhythm counts
    its periods from `now` on.
    """
    rows = subscription["items"]["data"]
    for row, wanted in zip(rows, in_order(rows, phase["items"]), strict=True):
        price = call.get(wanted["price"], "price")
        if _rhythm(price) != _rhythm(row["price"]):
            subscription["billing_cycle_anchor"] = now
        row |= {"price": price, "quantity": wanted["quantity"]}
        row["plan"] |= {
            "id": price["id"],
            "amount": price["unit_amount"],
            "amount_decimal": price["unit_amount_decimal"],
            "interval": price["recurring"]["interval"],
            "interval_count": price["recurring"]["interval_count"],
            "product": price["product"],
        }
        merge_metadata(row, wanted)


def _rhythm(price: Obj) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def in_order(rows: list[Obj], items: list[Obj]) -> list[Obj]:
    """A phase's items in the order of the subscription's: by price, then by place."""
    left = list(items)
    found: list[Obj | None] = []
    for row in rows:
        same = [item for item in left if item["price"] == row["price"]["id"]]
        found.append(same[0] if same else None)
        if same:
            left.remove(same[0])
    return [item or left.pop(0) for item in found]


def mirrored(call: Call, schedule: Obj) -> Obj:
    """The schedule, with what the subscription has now in its current phase.

    An update of the subscription itself changes what runs now, not what is to come.
    """
    if schedule["current_phase"] is None:
        return schedule
    rows = call.get(schedule["subscription"], "subscription")["items"]["data"]
    for phase in schedule["phases"]:
        if span(phase) == schedule["current_phase"]:
            for row, item in zip(rows, in_order(rows, phase["items"]), strict=True):
                price_id = row["price"]["id"]
                item |= {
                    "price": price_id,
                    "plan": price_id,
                    "quantity": row["quantity"],
                }
    return schedule


def attach(call: Call, schedule: Obj, subscription: Obj) -> None:
    """From now on the schedule says how the subscription goes on, and when it ends."""
    before = dict(subscription)
    subscription["schedule"] = schedule["id"]
    if schedule["end_behavior"] == "cancel":
        ends = schedule["phases"][-1]["end_date"]
        subscription |= {
            "cancel_at": ends,
            "cancel_at_period_end": False,
            "canceled_at": subscription["canceled_at"] or call.now,
        }
    else:
        _stay(subscription)
    if before != subscription:
        call.save(subscription, "customer.subscription.updated", before)


def _stay(subscription: Obj) -> None:
    subscription |= {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
    }


def release(call: Call, schedule: Obj, *, keep_end: bool = False) -> None:
    """Let the subscription go on as it is, without the schedule.

    `keep_end` keeps the end that the schedule has set.
    """
    subscription = call.get(schedule["subscription"], "subscription")
    before = dict(subscription)
    subscription["schedule"] = None
    if schedule["end_behavior"] == "cancel" and not keep_end:
        _stay(subscription)
    former = dict(schedule)
    schedule |= {
        "status": "released",
        "released_at": call.now,
        "released_subscription": subscription["id"],
        "subscription": None,
        "current_phase": None,
    }
    call.save(schedule, "subscription_schedule.released", former)
    call.save(subscription, "customer.subscription.updated", before)


def subscription_ended(call: Call, subscription: Obj) -> None:
    """Its schedule ends with it: as it was to, or because somebody cancelled."""
    schedule = call.store.get(subscription["schedule"] or "", KIND)
    subscription["schedule"] = None
    if schedule is None or schedule["status"] not in RUNNING:
        return
    over = schedule["phases"][-1]["end_date"] <= call.now
    word = "completed" if over and schedule["end_behavior"] == "cancel" else "canceled"
    former = dict(schedule)
    schedule |= {"status": word, f"{word}_at": call.now, "current_phase": None}
    call.save(schedule, f"subscription_schedule.{word}", former)


def refuse_own_end(subscription: Obj) -> None:
    """A schedule decides when its subscription ends; nobody else. Raises ApiError."""
    if subscription["schedule"]:
        raise ApiError(
            "The subscription is managed by the subscription schedule"
            f" `{subscription['schedule']}`, and updating any cancelation behavior"
            " directly is not allowed. Please update the schedule instead."
        )
