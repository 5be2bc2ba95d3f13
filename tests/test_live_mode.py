"""Which account the tests talk to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import live_mode
from tests.live_mode import Live


class Asking:
    """A test as pytest collects it, with the names of its fixtures."""

    def __init__(self, *fixtures: str) -> None:
        self.fixturenames = list(fixtures)
        self.marks: dict[str, pytest.Mark] = {}

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.marks[marker.name] = marker.mark

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self.marks.get(name)


def sort_out(item: Asking, live: Live | None) -> set[str]:
    live_mode.sort_out([item], live)
    return set(item.marks)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda value: monkeypatch.setenv("STRIPE_TEST_KEY", value)


def test_without_a_key_it_is_the_sandbox(key: Callable[[str], None]) -> None:
    key("")

    assert live_mode.chosen() is None


@pytest.mark.parametrize("value", ["sk_test_1", "rk_test_1"])
def test_a_test_key_is_taken(key: Callable[[str], None], value: str) -> None:
    key(value)

    chosen = live_mode.chosen()
    assert chosen is not None
    assert chosen.key == value


@pytest.mark.parametrize("value", ["sk_live_1", "rk_live_1", "pk_test_1", "secret"])
def test_every_other_key_is_refused(key: Callable[[str], None], value: str) -> None:
    key(value)

    with pytest.raises(pytest.UsageError, match="No test ran"):
        live_mode.chosen()


def test_who_steers_the_sandbox_is_skipped_against_stripe() -> None:
    live = Live("sk_test_1", "")

    assert sort_out(Asking("stripe_account", "sandbox"), live) == {"stripe", "skip"}
    assert sort_out(Asking("stripe_account", "profile"), live) == {"stripe"}
    assert sort_out(Asking("stripe_account", "sandbox"), None) == {"stripe"}
    assert sort_out(Asking("db"), live) == set()
