"""The same with processes, as web servers are: nothing in memory is shared."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from urllib.parse import quote

import pytest
from django.db import IntegrityError, connection

from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.concurrency.racing import PATIENCE
from tests.factories.accounts import make_people
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = 4


def assign_from_processes(
    subscription: Subscription, people: list[User], guard: str
) -> Counter[str]:
    """Each process tries for its share of the people, all from the same moment on."""
    known = connection.settings_dict
    query = f"?host={quote(str(known['HOST']))}"
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "selfservice.settings.test",
        "DATABASE_URL": f"postgresql://{known['USER']}@/{known['NAME']}{query}",
        "PYTHONPATH": str(ROOT),
    }
    fixed = [str(subscription.purchaser_id), str(subscription.product_id), guard]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.assigner", *fixed]
            + [str(person.pk) for person in people[number::PROCESSES]],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=PATIENCE)[0] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES
    return Counter(word for text in said for word in text.split())


def test_of_fifty_in_four_processes_one_gets_the_last_license(
    anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)

    said = assign_from_processes(last, make_people(noordzee, 52), "guarded")

    assert said == {"assigned": 1, "refused": 51}
    last.refresh_from_db()
    assert last.assigned == 1
    assert LicenseAssignment.objects.filter(ended_at=None).count() == 1


def test_control_without_the_counter_processes_assign_too_many(
    anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)

    said = assign_from_processes(last, make_people(noordzee, 52), "unguarded")

    assert said == {"assigned": 52}
    assert LicenseAssignment.objects.filter(ended_at=None).count() == 52


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions_subscription SET assigned = 6 WHERE id = %s",
        "UPDATE subscriptions_subscription SET quantity = 4, assigned = 5"
        " WHERE id = %s",
        "UPDATE subscriptions_subscription SET assigned = 3, scheduled_quantity = 2"
        " WHERE id = %s",
        "UPDATE subscriptions_subscription SET assigned = -1 WHERE id = %s",
    ],
)
def test_raw_sql_that_assigns_too_many_is_refused(anna: User, statement: str) -> None:
    subscription = make_subscription(anna, quantity=5)

    with (
        pytest.raises(IntegrityError, match="subscription_"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [subscription.pk])


def test_raw_sql_that_gives_one_person_two_licenses_is_refused(
    anna: User, bram: User
) -> None:
    subscription = make_subscription(anna, quantity=5)
    statement = """
INSERT INTO licensing_licenseassignment
    (id, organization_id, subscription_id, product_id, purchaser_id, user_id,
     assigned_at)
SELECT gen_random_uuid(), organization_id, id, product_id, purchaser_id, %s, now()
FROM subscriptions_subscription, generate_series(1, 2) WHERE id = %s
"""
    with (
        pytest.raises(IntegrityError, match="licenseassignment_one_live_per_person"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [bram.pk, subscription.pk])
