"""One case, from beginning to end, with all that must be true meanwhile and after."""

from __future__ import annotations

import itertools
import time

from pytest_django.fixtures import Settings

from billing.models import StripeEvent, StripeOperation
from billing.services import operations
from selfservice.core.drift import Comparison, Outcome
from selfservice.portal.services.reconcile import Scope, reconcile
from tests.reliability.killing import run_in_child
from tests.reliability.matrix import (
    PATIENCE,
    SLOWNESS,
    Case,
    act_with_fault,
    hang,
    lose_answer,
)
from tests.reliability.places import Place
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import (
    World,
    deliver,
    let_a_day_pass,
    let_leases_end,
    work,
)

# Nothing that somebody has to look at.
GOOD = frozenset({Outcome.MENDED, Outcome.STRANGER})


def run_case(case: Case, world: World, settings: Settings) -> None:
    """Raises AssertionError where something isn't as it must be."""
    scenario = case.scenario
    scenario.prepare(world)
    before, begun = scenario.there(world), _begun(scenario, world)
    _bring_trouble(case, world, settings)
    _check_page_is_true(scenario, world)
    if case.events == "before":
        deliver(world)
        work()
        _check_page_is_true(scenario, world)
    if case.person == "returns":
        scenario.again(world)
        _check_page_is_true(scenario, world)
    if case.events == "twice":
        deliver(world, copies=2, backwards=True)
    if case.trouble.late:
        time.sleep(SLOWNESS if case.trouble.slow else 0)
        let_a_day_pass(world)
    _finish(scenario, world)
    if case.trouble.slow:
        # What the portal no longer waited for may still have come to Stripe; or it
        # was at work there, and whoever asked for it was told to ask later.
        time.sleep(SLOWNESS)
        _finish(scenario, world)
    so = _check_settled(scenario, world)
    begun_now = _begun(scenario, world)[len(begun) :]
    if scenario.by_hand or any(o.state == "succeeded" for o in begun_now):
        _check_done(scenario, world, so)
    else:
        assert so == before, f"it wasn't done, but from {before} it became {so}"
        _check_not_done(case, begun_now)


def _bring_trouble(case: Case, world: World, settings: Settings) -> None:
    scenario, trouble = case.scenario, case.trouble
    if trouble.worker:
        lose_answer(scenario, world)
        let_leases_end()
        died = run_in_child(work, die_at=trouble.place)
        assert died.killed, "the worker didn't come that far"
    elif trouble.dies:
        in_call = (lambda call: hang(world, call)) if trouble.fault else None
        died = run_in_child(
            lambda: scenario.act(world), die_at=trouble.place, in_call=in_call
        )
        assert died.killed, "the page didn't come that far"
    else:
        _act_with_fault(case, world, settings)


def _act_with_fault(case: Case, world: World, settings: Settings) -> None:
    trouble, usual = case.trouble, settings.STRIPE_TIMEOUT_SECONDS
    if trouble.slow:
        settings.STRIPE_TIMEOUT_SECONDS = (usual[0], PATIENCE)
    count = itertools.count()

    def fits(place: Place) -> bool:
        return next(count) == trouble.place

    try:
        act_with_fault(case.scenario, world, fits, trouble.fault, trouble.times)
    finally:
        settings.STRIPE_TIMEOUT_SECONDS = usual


def _finish(scenario: Scenario, world: World) -> None:
    if scenario.by_hand:
        scenario.again(world)
    let_leases_end()
    work()


def _check_page_is_true(scenario: Scenario, world: World) -> None:
    """At every moment: the page may say little, but nothing that isn't so."""
    said = scenario.page(world)
    if said:
        so = scenario.there(world)
        assert scenario.honest(said, so), f"the page says {said}; at Stripe it is {so}"


def _check_settled(scenario: Scenario, world: World) -> Facts:
    """Ours, the page's and Stripe's facts agree; what they are."""
    assert not world.unsettled(), [f"{o.kind}: {o.error}" for o in world.unsettled()]
    assert not StripeEvent.objects.filter(processed_at=None).exists()
    so, known = scenario.there(world), scenario.here(world)
    differs = {name: (v, so[name]) for name, v in known.items() if so[name] != v}
    assert not differs, f"ours and Stripe's differ: {differs}"
    said = scenario.page(world)
    assert not said or scenario.honest(said, so), f"the page says {said}, not {so}"
    return so


def check_reconciled(scenario: Scenario, worlds: list[World]) -> None:
    """Compared with Stripe once, everything is known here, whatever events said."""
    for finding in reconcile(Comparison(fix=True), Scope()):
        assert finding.outcome in GOOD, str(finding)
    for world in worlds:
        known, so = scenario.here_at_last(world), scenario.there(world)
        assert known == so, f"we have {known}; at Stripe it is {so}"
        _check_page_is_true(scenario, world)


def _check_done(scenario: Scenario, world: World, so: Facts) -> None:
    wanted = scenario.wanted(world)
    assert so == wanted, f"at Stripe it is {so}, not {wanted}"
    assert scenario.page(world) or not scenario.shown, "the page still says nothing"
    scenario.check(world)


def _check_not_done(case: Case, begun: list[StripeOperation]) -> None:
    """Nobody asked for it in the end, or it was refused."""
    if case.trouble.late:
        assert all(_may_be_given_up(operation) for operation in begun), begun
    elif case.person == "returns":
        assert begun, "somebody came back, in vain"
        assert case.scenario.declined, [operation.error for operation in begun]


def _may_be_given_up(operation: StripeOperation) -> bool:
    kind = operations.kinds.get(operation.kind)
    assert kind is not None
    return kind.lapses


def _begun(scenario: Scenario, world: World) -> list[StripeOperation]:
    """The operations of the scenario's kind, oldest first."""
    return world.operations(scenario.kinds[0]) if scenario.kinds else []
