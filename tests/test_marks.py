"""`.ci/marks.py` refuses a silenced check that doesn't say why."""

from __future__ import annotations

import runpy

import pytest

from tests.sandbox_process import ROOT

unexplained = runpy.run_path(str(ROOT / ".ci" / "marks.py"))["unexplained"]


@pytest.mark.parametrize(
    "mark",
    [
        "# noqa",
        "# noqa: S608",
        "#noqa:S608,E501",
        "# noqa: S608, E501  #",
        "# type: ignore",
        "# type: ignore[arg-type, misc]",
        "# type: ignore[misc]  # noqa: S101",
        "# ruff: noqa: F401",
        "# fmt: skip",
        "# pragma: no cover",
    ],
)
def test_a_mark_without_a_reason_is_found(mark: str) -> None:
    assert list(unexplained(f"one = 1\ntwo = one  {mark}\n")) == [(2, mark)]


@pytest.mark.parametrize(
    "line",
    [
        "# noqa: S608  words of ours",
        "# type: ignore[override]  # as that one overrides its own",
        "# type: ignore[misc]  # noqa: S101  only there",
        "# fmt: skip  # a table",
        "# An ordinary comment.",
        "'# noqa'",
    ],
)
def test_a_reason_is_enough_and_text_is_no_mark(line: str) -> None:
    assert list(unexplained(f"one = [  {line}\n]\n")) == []
