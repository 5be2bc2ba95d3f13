"""When a difference is drift."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from selfservice.core.drift import (
    Comparison,
    Difference,
    Finding,
    Outcome,
    Subject,
    differing,
    judge,
)
from selfservice.core.errors import DomainError

STATUS = Difference("status", "open", "paid")


def found(
    *looks: list[Difference],
    fix: bool = False,
    waits: bool = False,
    mend: Callable[[], object] = lambda: None,
) -> list[Finding]:
    """What comes of it when each look sees the next of `looks`."""
    seen = iter(looks)
    subject = Subject("invoice", ("in_1",), lambda: next(seen), mend, lambda: waits)
    return list(judge(subject, Comparison(fix=fix)))


def outcomes(findings: list[Finding]) -> list[Outcome]:
    return [finding.outcome for finding in findings]


def test_what_is_equal_at_a_second_look_is_no_drift() -> None:
    assert found([]) == []


def test_what_still_differs_is_drift() -> None:
    (finding,) = found([STATUS])

    assert str(finding) == "drift: invoice, status: open here, paid at Stripe [in_1]"


@pytest.mark.parametrize("fix", [False, True])
def test_what_is_under_way_is_neither_drift_nor_mended(fix: bool) -> None:
    assert outcomes(found([STATUS], fix=fix, waits=True)) == [Outcome.UNDER_WAY]


def test_what_is_equal_after_mending_is_mended() -> None:
    total = Difference("total", "€1.00", "€2.00")

    findings = found([STATUS, total], [total], fix=True)

    assert outcomes(findings) == [Outcome.MENDED, Outcome.LEFT]


def test_a_refusal_is_told_with_what_could_not_be_mended() -> None:
    def refuse() -> None:
        raise DomainError("Stripe said no.")

    (finding,) = found([STATUS], [STATUS], fix=True, mend=refuse)

    assert (finding.outcome, finding.note) == (Outcome.LEFT, "Stripe said no.")


def test_an_error_while_mending_does_not_end_the_run() -> None:
    def fail() -> None:
        raise ValueError("odd")

    (finding,) = found([STATUS], [STATUS], fix=True, mend=fail)

    assert finding.note == "ValueError: odd"


def test_only_what_differs_is_told_in_words() -> None:
    told = differing(status=("a", "a"), to_pay=(None, 3), recurring=(True, False))

    assert told == [
        Difference("to pay", "none", "3"),
        Difference("recurring", "yes", "no"),
    ]
