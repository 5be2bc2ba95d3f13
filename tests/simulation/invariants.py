"""What is true after every step, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState
from tests.simulation.facts import Facts
from tests.simulation.theirs import ENDED, LIVE, quantity_of

EVERY: list[Callable[[Facts], None]] = []


def always(check: Callable[[Facts], None]) -> Callable[[Facts], None]:
    EVERY.append(check)
    return check


@always
def counters_count_rows(facts: Facts) -> None:
    live = Counter(
        a.subscription_id
        for a in facts.assignments
        if a.ended_at is None and a.suspended_at is None
    )
    for row in facts.subscriptions.values():
        assert row.assigned == live[row.pk], (row.assigned, live[row.pk])
        assert row.assigned <= row.quantity
        assert row.assigned <= (row.scheduled_quantity or row.quantity)


@always
def one_license_per_person_product_and_purchaser(facts: Facts) -> None:
    live = Counter(
        (a.user_id, a.product_id, a.purchaser_id)
        for a in facts.assignments
        if a.ended_at is None and a.suspended_at is None
    )
    assert set(live.values()) <= {1}, live


@always
def everything_is_in_one_organization(facts: Facts) -> None:
    for a in facts.assignments:
        of = facts.subscriptions[a.subscription_id]
        home = a.organization_id
        assert facts.people[a.user_id].organization_id == home
        assert of.organization_id == home
        # Whose it was stays so when somebody else has the subscription now.
        assert a.ended_at or of.purchaser_id == a.purchaser_id
        assert of.product_id == a.product_id
    for row in facts.subscriptions.values():
        home = row.organization_id
        assert facts.people[row.purchaser_id].organization_id == home
        assert row.profile.organization_id == home
        if row.payment_method is None:
            assert row.is_trial, "nothing pays for it"
            continue
        assert row.payment_method.organization_id == home
        assert row.payment_method.profile_id == row.profile_id
    assert {o.organization_id for o in facts.operations} <= set(facts.organization_ids)


@always
def nobody_holds_a_license_who_cannot(facts: Facts) -> None:
    for a in facts.assignments:
        person = facts.people[a.user_id]
        if a.ended_at is None:
            assert person.can_sign_in, "gone, and still licensed"


@always
def licenses_are_paid_for(facts: Facts) -> None:
    """Nobody is licensed out of what Stripe doesn't have as running."""
    for row in facts.subscriptions.values():
        if row.order_state != OrderState.CONFIRMED:
            assert row.assigned == 0
            continue
        found = facts.theirs.subscriptions[row.stripe_subscription_id]
        if row.is_trial and found["status"] == "trialing":
            assert row.assigned <= row.quantity <= 25
        elif found["status"] in LIVE:
            assert row.assigned <= quantity_of(found), "more licensed than paid for"
        else:
            assert found["status"] in ENDED, found["status"]


@always
def states_have_a_true_twin_in_sql(facts: Facts) -> None:
    for row in facts.subscriptions.values():
        state = lifecycle.state_at(row, facts.now)
        assert row.twin == state
        assert row.opened == (state in lifecycle.ASSIGNABLE)
