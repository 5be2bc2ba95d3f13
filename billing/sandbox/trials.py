"""Trials: their beginning, the word before their end, and what comes after."""

from __future__ import annotations

import stripe

from billing.sandbox import clock
from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.endings import cancel_now
from billing.sandbox.renewals import renew
from billing.sandbox.resources import invoices
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import ApiError, Obj

WARNED_BEFORE = 3 * clock.DAY
LONGEST = 730 * clock.DAY


def begin(call: Call, found: Obj) -> None:
    """Make a new subscription a trial, if the request says so. Raises ApiError."""
    found["trial_settings"] = settings(call.params.get("trial_settings"))
    end = _end(call)
    if end is None:
        return
    found |= {
        "status": "trialing",
        "trial_start": call.now,
        "trial_end": end,
        "billing_cycle_anchor": end,
    }
    for item in found["items"]["data"]:
        item["current_period_end"] = end


def settings(given: Obj | None) -> Obj:
    """What happens at the end of a trial; by default an invoice, card or not."""
    wanted = (given or {}).get("end_behavior", {})
    behaviour = blank(stripe.Subscription.TrialSettings.EndBehavior)
    behaviour["missing_payment_method"] = wanted.get(
        "missing_payment_method", "create_invoice"
    )
    return {"end_behavior": behaviour}


def _end(call: Call) -> int | None:
    days, instant = (
        call.params.get(name) for name in ("trial_period_days", "trial_end")
    )
    if days and instant:
        raise ApiError(
            "You cannot set `trial_end` and `trial_period_days` together.",
            param="trial_end",
        )
    if not days and instant in {None, "now"}:
        return None
    end = call.now + days * clock.DAY if days else int(instant)
    if end <= call.now:
        raise ApiError("trial_end must be in the future.", param="trial_end")
    if end > call.now + LONGEST:
        raise ApiError("A trial lasts two years at most.", param="trial_end")
    return end


@watches("subscription", "trialing")
def warning(call: Call, found: Obj) -> Step | None:
    """Three days before the end; at once when it is shorter."""
    if found.get("_warned") == found["trial_end"]:
        return None

    def warn(call: Call) -> None:
        found["_warned"] = found["trial_end"]
        call.save(found, "customer.subscription.trial_will_end")

    when = max(found["trial_start"], found["trial_end"] - WARNED_BEFORE)
    return Step(when, warn)


@watches("subscription", "trialing")
def trial_end(call: Call, found: Obj) -> Step | None:
    return Step(found["trial_end"], lambda call: finish(call, found))


def finish(call: Call, found: Obj) -> None:
    """Go on as a paid subscription, or as its settings say without a card."""
    behaviour = found["trial_settings"]["end_behavior"]["missing_payment_method"]
    card = invoices.card_for(call, found["customer"], found)
    if card or behaviour == "create_invoice":
        renew(call, found, status="active")
    elif behaviour == "cancel":
        cancel_now(call, found)
    else:
        _pause(call, found)


def _pause(call: Call, found: Obj) -> None:
    details = stripe.Subscription.StatusDetails
    found["status"] = "paused"
    found["status_details"] = blank(details) | {
        "paused": blank(details.Paused)
        | {
            "type": "subscription",
            "transitioned_at": call.now,
            "subscription": {"type": "trial_end_without_payment_method"},
        }
    }
    call.save(found, "customer.subscription.paused")
