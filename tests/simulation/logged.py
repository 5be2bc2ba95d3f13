"""Every change stands in the log, once. Always true."""

from __future__ import annotations

import uuid
from collections import Counter

from selfservice.activity.models import Activity
from selfservice.subscriptions.models import OrderState, Subscription
from tests.simulation.facts import Facts
from tests.simulation.invariants import always

ENDING = ("subscription.end", "subscription.recurring")
BEGUN = ("bought", "trial_started")
QUANTITY = (
    "licenses_added",
    "licenses_removed",
    "licenses_renewal",
    "licenses_trial",
)


@always
def accounts_are_logged_once(facts: Facts) -> None:
    assert len([a for a in facts.log if a.verb == "opened"]) == facts.accounts


@always
def orders_are_logged_once(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        bought = len(facts.logged(row.pk, *BEGUN))
        assert bought == (row.order_state == OrderState.CONFIRMED)
        dropped = len(facts.logged(row.pk, "order_dropped"))
        assert dropped == (row.order_state == OrderState.DROPPED)
        declined = facts.logged(row.pk, "order_declined")
        attempts = [entry.after["attempt"] for entry in declined]
        assert len(attempts) == len(set(attempts)), "declined twice"
        assert (row.attempt in attempts) == (row.order_state == OrderState.DECLINED)


@always
def licenses_are_logged_once(facts: Facts) -> None:
    rows = facts.assignments
    given = Counter((a.subscription_id, str(a.user_id)) for a in rows)
    taken = Counter((a.subscription_id, str(a.user_id)) for a in rows if a.ended_at)
    assert _people(facts.log, "licenses_assigned") == given
    assert _people(facts.log, "licenses_unassigned") == taken


@always
def changes_are_logged_once(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        assert _numbers_logged(facts, row) == Counter(
            (f"licenses_{change.reason}", change.quantity, change.delta)
            for change in facts.changes
            if change.subscription_id == row.pk
        )
        ended = facts.logged(
            row.pk, "cancelled", "recurring_on", "recurring_off", "purchaser_left"
        )
        assert len(ended) == len(facts.begun(row.pk, *ENDING))
        undone = facts.logged(row.pk, "change_undone")
        assert len(undone) == len(facts.begun(row.pk, "subscription.unschedule"))


@always
def numbers_add_up(facts: Facts) -> None:
    """From what was bought, by every change, to what there is."""
    for row in facts.subscriptions.values():
        if row.order_state == OrderState.CONFIRMED:
            (bought,) = facts.logged(row.pk, *BEGUN)
            moved = [c.delta for c in facts.changes if c.subscription_id == row.pk]
            assert bought.after["quantity"] + sum(moved) == row.quantity


def _numbers_logged(facts: Facts, row: Subscription) -> Counter[tuple[str, int, int]]:
    verbs = (*QUANTITY, "licenses_outside")
    return Counter(
        (
            entry.verb,
            entry.after["quantity"],
            entry.after["quantity"] - entry.before["quantity"],
        )
        for entry in facts.logged(row.pk, *verbs)
    )


def _people(log: list[Activity], verb: str) -> Counter[tuple[uuid.UUID, str]]:
    found: Counter[tuple[uuid.UUID, str]] = Counter()
    for entry in log:
        if entry.verb == verb:
            people = str(entry.after["people"]).split()
            assert len(people) == entry.after["count"]
            found.update((entry.subject_id, person) for person in people)
    return found
