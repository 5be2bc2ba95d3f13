"""The tables of docs/scale.md are those of its model, and the model fits."""

from __future__ import annotations

import re

import pytest

from tests.bench import model
from tests.sandbox_process import ROOT

TEXT = (ROOT / "docs" / "scale.md").read_text("utf-8")


def row(name: str) -> list[float]:
    """The numbers behind this name in a table."""
    found = re.search(rf"^\| {re.escape(name)}[^|]*\| (.+) \|$", TEXT, re.MULTILINE)
    assert found, name
    return [float(cell.replace(",", "")) for cell in found[1].split(" | ")]


def test_the_costs_are_those_of_the_model() -> None:
    assert model.table() in TEXT


@pytest.mark.parametrize("name", model.ROWS)
def test_a_row_costs_what_the_document_says(name: str) -> None:
    assert row(name) == [*model.ROWS[name], model.PER_PERSON[name]]


@pytest.mark.parametrize("name", model.PAGES)
def test_a_page_costs_what_the_document_says(name: str) -> None:
    assert row(name) == [*model.PAGES[name]]


def test_the_model_says_what_a_million_people_were_measured_to_weigh() -> None:
    measured = 7.4  # GB: docs/performance.md.

    assert model.disk(1_000_000) == pytest.approx(measured, rel=0.05)
