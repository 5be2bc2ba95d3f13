"""Self-service purchases of 2,000 subscriptions, in a database of 200,000."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from tests.bench.pages import world
from tests.bench.purchases import acts_of, measured, told
from tests.big.test_people import say
from tests.emptying import KEPT

ROUNDS = 5
TABLES = """
SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s)
"""


@pytest.fixture
def large() -> Iterator[None]:
    """Millions of rows are too many to be deleted one by one."""
    day = dt.date.today()  # noqa: DTZ011  as `make_load` does without
    call_command("make_load", scale="large", day=day, verbosity=0)
    with connection.cursor() as cursor:
        # As time does: only then an index alone tells what is there.
        cursor.execute("VACUUM ANALYZE")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [list(KEPT)])
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]}")


@pytest.mark.usefixtures("large")
@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
def test_every_order_filter_and_spot_is_measured() -> None:
    w = world()
    acts = acts_of(w.buyer.organization_id, w.products[1], w.buyer.pk)
    found = measured(acts, ROUNDS)
    say(told(found))
    assert len(found) > 1000
