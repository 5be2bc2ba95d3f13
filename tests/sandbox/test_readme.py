"""The README tells what there is: its tables are compared with the code."""

from __future__ import annotations

import dataclasses
import re

from billing.sandbox.admin import ORDERS
from billing.sandbox.cards import CARDS, NAMED
from billing.sandbox.deliveries import BACKOFF
from billing.sandbox.faults import KINDS, Fault
from billing.sandbox.resources import HANDLERS, load
from tests.sandbox_process import ROOT

load()
TEXT = (ROOT / "billing/sandbox/README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The rows of the table with this first heading, as texts of cells."""
    lines = TEXT.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" |")])
    return rows


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_operations_are_those_that_are_built() -> None:
    rows = [row for row in table("under `/v1`") if quoted(row[0])]
    told = {
        f"{verb} /v1/{quoted(row[0])[0]}" for row in rows for verb in row[1].split()
    }

    assert told == set(HANDLERS)
    assert len({quoted(row[0])[0] for row in rows}) == len(rows)


def test_the_orders_are_those_of_the_admin_api() -> None:
    assert {quoted(row[0])[0] for row in table("request")} == set(ORDERS)


def test_the_faults_and_their_fields_are_those_that_can_be_ordered() -> None:
    fields = {field.name for field in dataclasses.fields(Fault)}

    assert {kind for row in table("fault") for kind in quoted(row[0])} == KINDS
    assert {quoted(row[0])[0] for row in table("of a fault")} == fields


def test_the_test_cards_are_those_that_are_taken() -> None:
    rows = table("number")

    assert {row[0].replace(" ", "") for row in rows} == set(CARDS)
    assert {name for row in rows for name in quoted(row[2])} == {
        name.removeprefix("pm_card_") for name in NAMED
    }


def test_the_pauses_between_tries_are_told() -> None:
    seconds, minutes, hours = "1, 2, 5, 10, 30 and 60 seconds", "5 and 30", "2, 5, 10"
    numbers = [int(n) for n in re.findall(r"\d+", seconds)]
    numbers += [int(n) * 60 for n in re.findall(r"\d+", minutes)]
    numbers += [int(n) * 3600 for n in re.findall(r"\d+", hours)] + [12 * 3600]

    assert tuple(numbers) == BACKOFF
    whole = " ".join(TEXT.split())
    assert f"{seconds}, {minutes} minutes, {hours} and then every 12 hours" in whole
