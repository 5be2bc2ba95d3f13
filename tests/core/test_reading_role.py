"""The role that can only read."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from selfservice.core.reading_role import OVERSIGHT, ensure_oversight_role

INSERT = "INSERT INTO later DEFAULT VALUES"


@pytest.fixture
def reader(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A connection as that role, and a table made after its first grants."""
    if "EMBEDDED_BASE" not in connection.settings_dict:
        pytest.skip("DATABASE_URL names a server whose roles are not ours")
    place = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later ()")
        ensure_oversight_role(connection)
        with psycopg.connect(
            host=place["HOST"], dbname=place["NAME"], user=OVERSIGHT, autocommit=True
        ) as reading:
            yield reading
        cursor.execute("DROP TABLE later")


def test_it_cannot_read_what_later_migrations_make(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT count(*) FROM later")


def test_what_it_once_could_read_is_taken_back(reader: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {OVERSIGHT}")
    reader.execute("SELECT last4 FROM billing_paymentmethod")

    ensure_oversight_role(connection)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT last4 FROM billing_paymentmethod")


def test_its_transactions_are_read_only(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute(INSERT)


def test_it_may_not_write_even_when_it_asks_to(reader: psycopg.Connection) -> None:
    reader.execute("SET default_transaction_read_only = off")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(INSERT)
