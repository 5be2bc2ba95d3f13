from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from django.utils import translation

from selfservice.accounts.models import User
from selfservice.core.csv_export import CHUNK, csv_chunks, csv_response, in_chunks
from tests.factories.accounts import make_organization, make_user


def written(*rows: tuple[object, ...]) -> list[str]:
    text = b"".join(csv_chunks(["Name"], rows)).decode("utf-8-sig")
    return text.splitlines()[1:]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_becomes_a_formula(start: str) -> None:
    assert written((f"{start}cmd()",)) == [f"'{start}cmd()"]


def test_amounts_stay_numbers() -> None:
    assert written(("-12.50",), (-3,)) == ["-12.50", "-3"]


def test_quotes_and_line_breaks_stay_in_their_cell() -> None:
    assert written(('a "b",\nc',)) == ['"a ""b"",', 'c"']


def test_dutch_spreadsheets_get_semicolons() -> None:
    with translation.override("nl"):
        assert written(("a", "b")) == ["a;b"]
    with translation.override("en"):
        assert written(("a", "b")) == ["a,b"]


def test_the_file_has_a_name_and_a_byte_order_mark() -> None:
    response = csv_response("people.csv", ["Name"], [("Zoë",)])
    assert response["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert response.getvalue() == "\ufeffName\r\nZoë\r\n".encode()


def test_a_hundred_thousand_rows_are_never_in_memory_together() -> None:
    def rows() -> Iterator[tuple[str, ...]]:
        for number in range(100_000):
            yield f"Person {number}", "person@example.test", "Sales" * 8

    tracemalloc.start()
    try:
        size = sum(map(len, csv_chunks(["Name", "Email", "Department"], rows())))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 7_000_000
    assert peak < 2_000_000


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 3, 4, CHUNK])
def test_chunks_hold_every_row_once(size: int) -> None:
    organization = make_organization()
    made = {make_user(organization).pk for _number in range(4)}
    found = User.objects.filter(organization_id=organization.pk)
    read = [user.pk for user in in_chunks(found, size)]
    assert len(read) == 4
    assert set(read) == made
