"""Runs after all the others: nothing that they did was an error of ours."""

from __future__ import annotations

from tests.attack.conftest import Attacked


def test_nothing_in_the_logs(attacked: Attacked) -> None:
    log = attacked.demo.var / "log"

    assert "Internal Server Error" not in (log / "web.log").read_text()
    assert " ERROR " not in (log / "worker.log").read_text()
