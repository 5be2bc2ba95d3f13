"""The cast of the tests, and ways to take a protection away for a negative control."""

from collections.abc import Iterator

import pytest
from django.db import connection

from licensing.models import LicenseAssignment
from selfservice.subscriptions.models import Subscription
from tests.cast import *

ROWS = "ALTER TABLE licensing_licenseassignment {} TRIGGER licenseassignment_counted"
CHECK = "subscription_assigned_within_quantity"


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def rows_uncounted(transactional_db: None) -> Iterator[None]:
    """The database takes licenses that no counter knows of."""
    run(ROWS.format("DISABLE"))
    yield
    run(ROWS.format("ENABLE"))


@pytest.fixture
def numbers_unchecked(transactional_db: None) -> Iterator[None]:
    """The database takes more assigned licenses than there are."""
    (check,) = (c for c in Subscription._meta.constraints if c.name == CHECK)
    run(f"ALTER TABLE subscriptions_subscription DROP CONSTRAINT {CHECK}")
    yield
    LicenseAssignment.objects.all().delete()
    Subscription.objects.update(assigned=0)
    with connection.schema_editor() as editor:
        editor.add_constraint(Subscription, check)
