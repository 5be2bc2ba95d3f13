"""Statements that are planned once for a connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DataError, NotSupportedError
from django.test.utils import CaptureQueriesContext, override_settings

from selfservice.core.prepared import Prepared

NAMES = "SELECT name FROM prepared_thing WHERE id = %s"


@pytest.fixture
def things(transactional_db: None) -> Iterator[None]:
    """A table of its own, and the connection without what it has prepared before."""
    connection.close()
    _elsewhere("CREATE TABLE prepared_thing (id integer PRIMARY KEY, name varchar(10))")
    _elsewhere("INSERT INTO prepared_thing VALUES (1, 'one'), (2, 'two')")
    yield
    connection.close()
    _elsewhere("DROP TABLE prepared_thing")


def _elsewhere(sql: str) -> None:
    """By another connection: this one would forget what it has planned."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(sql)
    finally:
        other.close()


def _planned() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%prepared_thing%'"
        )
        return cursor.fetchall()


def test_it_is_planned_once_and_answers_each_time(things: None) -> None:
    names = Prepared(NAMES)

    assert names.rows("default", [1]) == [("one",)]
    assert names.rows("default", [2]) == [("two",)]
    assert names.rows("default", [3]) == []

    assert _planned() == [(3,)]


def test_values_may_have_names(things: None) -> None:
    names = Prepared("SELECT name FROM prepared_thing WHERE id = ANY(%(ids)s)")

    assert names.rows("default", {"ids": [2, 7]}) == [("two",)]


def test_a_log_of_statements_shows_it_with_its_values(things: None) -> None:
    with CaptureQueriesContext(connection) as seen:
        Prepared(NAMES).rows("default", [1])

    assert [query["sql"] for query in seen] == [NAMES.replace("%s", "1")]


def test_a_column_of_another_type_is_answered_too(
    things: None, caplog: pytest.LogCaptureFixture
) -> None:
    names = Prepared(NAMES)
    names.rows("default", [1])
    _elsewhere("ALTER TABLE prepared_thing ALTER name TYPE text")

    assert names.rows("default", [1]) == [("one",)]
    assert "isn't prepared any more" in caplog.text
    assert names.rows("default", [2]) == [("two",)]


def test_within_a_transaction_only_the_next_one_is_answered(things: None) -> None:
    """What fails there ends the transaction: it can't be asked again."""
    names = Prepared(NAMES)
    names.rows("default", [1])
    _elsewhere("ALTER TABLE prepared_thing ALTER name TYPE text")

    with pytest.raises(NotSupportedError), transaction.atomic():
        names.rows("default", [1])
    with transaction.atomic():
        assert names.rows("default", [1]) == [("one",)]


def test_where_traces_are_kept_nothing_is_prepared(things: None) -> None:
    """The library that traces knows of the usual cursors only."""
    with override_settings(TRACES_ENDPOINT="http://collector.example"):
        names = Prepared(NAMES)

    assert names.rows("default", [1]) == [("one",)]
    assert _planned() == []


def test_the_usual_cursors_prepare_and_count_nothing(things: None) -> None:
    """psycopg would keep the text of each: megabytes, of a long list."""
    Prepared(NAMES).rows("default", [1])

    assert connection.connection.prepare_threshold is None
    with pytest.raises(DataError), transaction.atomic():
        Prepared("SELECT 1 / %s").rows("default", [0])
    assert connection.connection.prepare_threshold is None
