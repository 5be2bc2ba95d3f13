"""An update that waits for its payment: `pending_if_incomplete`."""

from __future__ import annotations

import copy

import stripe

from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.wire import Obj

LASTS = 23 * 3600


def wait(
    call: Call,
    subscription: Obj,
    changed: list[Obj],
    invoice: Obj,
    *,
    anchor: int | None = None,
    trial_end: int | None = None,
) -> None:
    """Keep the subscription's items, and the changed ones until they are paid.

    `anchor` is where its periods are counted from then, when that changes too, and
    `trial_end` when its trial ended.
    """
    ends = min(item["current_period_end"] for item in subscription["items"]["data"])
    subscription["pending_update"] = blank(stripe.Subscription.PendingUpdate) | {
        "expires_at": min(call.now + LASTS, ends),
        "subscription_items": changed,
        "billing_cycle_anchor": anchor,
        "trial_end": trial_end,
    }
    subscription["_pending_invoice"] = invoice["id"]


def apply(call: Call, subscription: Obj, invoice: Obj) -> None:
    """The invoice is paid: what waited for it takes effect."""
    if not _is_of(subscription, invoice):
        return
    before = copy.deepcopy(subscription)
    update = subscription["pending_update"]
    changed = update["subscription_items"]
    known = {item["id"]: item for item in changed}
    rows = subscription["items"]["data"]
    subscription["items"]["data"] = [known.get(item["id"], item) for item in rows]
    anchor = update["billing_cycle_anchor"] or subscription["billing_cycle_anchor"]
    subscription["billing_cycle_anchor"] = anchor
    if update["trial_end"]:
        subscription |= {"trial_end": update["trial_end"], "status": "active"}
    forget(subscription)
    call.save(subscription, "customer.subscription.pending_update_applied", before)
    call.emit("customer.subscription.updated", subscription, before)


def give_up(call: Call, subscription: Obj, invoice: Obj) -> bool:
    """The invoice is void: what waited for it never comes. Whether anything did."""
    if not _is_of(subscription, invoice):
        return False
    before = copy.deepcopy(subscription)
    forget(subscription)
    call.save(subscription, "customer.subscription.pending_update_expired", before)
    return True


def _is_of(subscription: Obj, invoice: Obj) -> bool:
    waits = subscription["pending_update"] is not None
    return waits and subscription.get("_pending_invoice") == invoice["id"]


def forget(subscription: Obj) -> None:
    """Nothing waits any more, whatever becomes of its invoice."""
    subscription["pending_update"] = None
    subscription["_pending_invoice"] = ""
