"""What a test that committed leaves behind: what migrations made, and nothing else."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction

from selfservice.accounts.models import Organization, User
from tests import emptying
from tests.cast import *
from tests.factories.accounts import make_organization
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(transaction=True)
QUEUED = "INSERT INTO procrastinate_jobs (task_name, queue_name) VALUES ('x', 'x')"


def filled() -> set[str]:
    """The tables that have a row."""
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        found = set()
        for name in tables:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{name}")')
            if cursor.fetchone()[0]:
                found.add(name)
    return found


def test_every_table_is_emptied_but_those_that_migrations_fill(anna: User) -> None:
    make_subscription(anna)
    with connection.cursor() as cursor:
        cursor.execute(QUEUED)
    assert {"accounts_user", "procrastinate_jobs"} <= filled()

    emptying.empty(connection)

    assert filled() <= set(emptying.KEPT)
    assert Permission.objects.exists()


def test_whoever_still_writes_is_waited_for(db: Any) -> None:
    wrote, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            make_organization("Late")
            wrote.set()
            go_on.wait(10)
        connection.close()

    late = threading.Thread(target=write)
    late.start()
    wrote.wait(10)
    threading.Timer(0.2, go_on.set).start()

    emptying.empty(connection)

    late.join()
    assert not Organization.objects.exists()
