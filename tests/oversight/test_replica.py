"""The alias may point at a replica: how far it is behind, and what if it is down."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.utils import load_backend
from django.http import HttpResponse
from django.test import Client

from selfservice.accounts.models import User
from selfservice.core.reading_role import OVERSIGHT
from selfservice.settings.databases import beside, database_from_url
from tests.factories.subscriptions import make_subscription

URL = "/oversight/purchases/"


def words(response: HttpResponse) -> str:
    main = response.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def free_port() -> int:
    """A port on which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def away(transactional_db: None) -> Iterator[Any]:
    """The reader's settings with a replica in front that is down, in use."""
    primary = connection.settings_dict
    if "EMBEDDED_BASE" not in primary:
        pytest.skip("DATABASE_URL names a server whose roles are not ours")
    replica = {**primary, "USER": OVERSIGHT, "HOST": "127.0.0.1"}
    replica["PORT"] = str(free_port())
    reader = {**primary, **beside(primary, replica)}
    backend = load_backend("django.db.backends.postgresql")
    former = connections["oversight"]
    made = backend.DatabaseWrapper(reader, "oversight")
    connections["oversight"] = made
    yield made
    made.close()
    made.close_pool()
    connections["oversight"] = former


@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
def test_a_replica_that_is_down_falls_back_to_the_primary(
    anna: User, carla: User, client: Client, away: Any
) -> None:
    make_subscription(anna)
    client.force_login(carla)

    page = client.get(URL)

    assert page.status_code == 200
    assert "1 subscription" in words(page)
    with away.cursor() as cursor:
        cursor.execute("SELECT current_user, pg_is_in_recovery()")
        # The same role that can't write, at the primary.
        assert cursor.fetchone() == (OVERSIGHT, False)


@pytest.fixture
def behind(db: None) -> Any:
    """Make the server answer like a replica that is so many seconds behind."""
    functions = """
        CREATE SCHEMA replica;
        CREATE FUNCTION replica.pg_is_in_recovery() RETURNS boolean
            LANGUAGE sql AS 'SELECT true';
        CREATE FUNCTION replica.pg_last_xact_replay_timestamp() RETURNS timestamptz
            LANGUAGE sql AS 'SELECT clock_timestamp() - interval ''%s seconds''';
        SET LOCAL search_path = replica, pg_catalog, public;
    """

    def answer(seconds: int) -> None:
        connections["oversight"].settings_dict["REPLICA"] = True
        with connection.cursor() as cursor:
            cursor.execute(functions % seconds)

    yield answer
    connections["oversight"].settings_dict.pop("REPLICA", None)


@pytest.mark.django_db(databases=["default", "oversight"])
@pytest.mark.parametrize(("seconds", "said"), [(20, ""), (305, "5 minutes old")])
def test_how_far_a_replica_is_behind_is_said(
    anna: User, carla: User, client: Client, behind: Any, seconds: int, said: str
) -> None:
    bought = make_subscription(anna)
    client.force_login(carla)
    behind(seconds)

    for url in (URL, f"{URL}{bought.pk}/"):
        shown = words(client.get(url))
        assert ("a copy of the database" in shown) is bool(said)
        assert said in shown


def test_the_same_server_is_no_replica() -> None:
    primary = database_from_url("postgresql://portal@db.example/portal")
    same = database_from_url("postgresql://reader@db.example:5432/portal")
    other = database_from_url("postgresql://reader:x@copy.example:6000/portal")

    assert beside(primary, same) is same
    replica = beside(primary, other)
    assert (replica["HOST"], replica["PORT"]) == (
        "copy.example,db.example",
        "6000,5432",
    )
    assert (replica["USER"], replica["PASSWORD"]) == ("reader", "x")
    assert replica["OPTIONS"]["target_session_attrs"] == "prefer-standby"
    # Whoever is gone is given up within seconds: in connecting, and when connected.
    assert replica["OPTIONS"]["connect_timeout"] == "3"
    assert replica["OPTIONS"]["tcp_user_timeout"] == "5000"


def test_the_role_is_made_by_sql_that_is_printed() -> None:
    said = StringIO()

    call_command("oversight_sql", role="reader", stdout=said)

    sql = said.getvalue()
    assert sql.startswith("BEGIN;\nDO $$")
    assert "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reader;" in sql
    assert "GRANT SELECT (id, organization_id" in sql
    assert set(re.findall(r"billing_\w+", sql)) == {"billing_invoice"}
    assert "bill_to" not in sql
    with pytest.raises(CommandError):
        call_command("oversight_sql", role="x; DROP")
