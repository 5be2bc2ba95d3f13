"""The schema can be spread over machines by organization: deploy/citus, as far as plain
PostgreSQL can show it, and the rules that Citus has on top.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.test_tenancy import tenant_models

pytestmark = pytest.mark.django_db
CITUS = Path(__file__).parents[1] / "deploy" / "citus"
# Row triggers that read nothing but their own organization's rows: they stay, with
# citus.enable_unsafe_triggers.
STAY = {
    "activity_append_only",
    "activity_seal_append_only",
    "invoice_is_final",
    "invoice_stays",
    "invoiceline_is_final",
    "invoiceline_is_of_it",
}
# A second line, which is dropped with the swap.
GO = {
    "licenseassignment_added",
    "licenseassignment_moved",
    "licenseassignment_counted",
    "licenseassignment_looked_at_later",
    "subscription_assigned_adds",
    "subscription_assigned_counts",
}
# Unique without the organization on a table that is spread: none.
WITHOUT = """
SELECT i.indexrelid::regclass::text FROM pg_index i
JOIN tenancy t ON t.relation = i.indrelid AND t.place = 'spread'
WHERE i.indisunique AND NOT EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid
    AND a.attnum = ANY (i.indkey) AND a.attname = 'organization_id')
"""
APART = """
SELECT name FROM foreign_keys
WHERE to_place = 'spread' AND NOT (from_place = 'spread' AND kept)
"""
# Foreign keys that the swap takes away without one of both columns beside them.
LOST = """
SELECT f.name FROM foreign_keys f JOIN pg_constraint k ON k.oid = f.oid
WHERE f.to_place = 'spread' AND NOT f.kept AND NOT EXISTS (
    SELECT FROM foreign_keys twin JOIN pg_constraint w ON w.oid = twin.oid
    WHERE twin.kept AND w.conrelid = k.conrelid AND w.confrelid = k.confrelid
    AND k.conkey <@ w.conkey)
"""
TRIGGERS = """
SELECT g.tgname FROM tenancy t JOIN pg_trigger g ON g.tgrelid = t.relation
WHERE t.place = 'spread' AND NOT g.tgisinternal
"""

STAND_IN = """
CREATE TEMPORARY TABLE placed (name text, key text, beside text);
CREATE FUNCTION pg_temp.create_reference_table(regclass) RETURNS void
    LANGUAGE sql AS 'INSERT INTO placed VALUES ($1, NULL, NULL)';
CREATE FUNCTION pg_temp.create_distributed_table(regclass, text, colocate_with text)
    RETURNS void LANGUAGE sql AS 'INSERT INTO placed VALUES ($1, $2, $3)';
"""


def run(file: str) -> None:
    """The file, without what is psql's own."""
    text = (CITUS / file).read_text("utf-8")
    # PostgreSQL looks for functions in its temporary schema only where it is named.
    text = text.replace("PERFORM create_", "PERFORM pg_temp.create_")
    with connection.cursor() as cursor:
        cursor.execute(re.sub(r"^\\.*$", "", text, flags=re.MULTILINE))


def names(sql: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def classes(db: None) -> None:
    run("classes.sql")


@pytest.fixture
def swapped(classes: None) -> None:
    """The keys as they would be; the test's transaction takes it all back."""
    run("swap.sql")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE foreign_keys, tenancy")
    run("classes.sql")


def test_before_the_swap_there_is_something_to_swap(classes: None) -> None:
    assert "subscriptions_subscription_pkey" in names(WITHOUT)
    assert names(APART)


def test_afterwards_every_key_of_a_spread_table_has_the_organization(
    swapped: None,
) -> None:
    assert names(WITHOUT) == set()
    assert names(APART) == set()


def test_no_foreign_key_is_lost_without_one_of_both_columns(classes: None) -> None:
    assert names(LOST) == set()


def test_every_trigger_is_known_to_stay_or_to_go(classes: None) -> None:
    assert names(TRIGGERS) == STAY | GO


def test_what_stays_is_left_by_the_swap_and_nothing_else(swapped: None) -> None:
    assert names(TRIGGERS) == STAY


def test_the_portal_goes_on_after_the_swap(
    swapped: None, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna, quantity=5)

    give_licenses(subscription, [bram])
    subscription.refresh_from_db()
    subscription.save()

    assert subscription.assigned == 1
    assert LicenseAssignment.objects.select_related("subscription").get().user == bram
    assert Subscription.objects.filter(pk=subscription.pk).update(assigned=0) == 1


@pytest.fixture
def placed(swapped: None) -> set[tuple[str, str, str]]:
    """What Citus would be asked for: its two functions only note it here."""
    with connection.cursor() as cursor:
        cursor.execute(STAND_IN)
        keys = _foreign_keys()
        run("spread.sql")
        assert _foreign_keys() == keys
        cursor.execute("SELECT name, key, beside FROM placed")
        return set(cursor.fetchall())


def _foreign_keys() -> set[str]:
    return names(
        "SELECT conrelid::regclass || ' ' || conname || pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE contype = 'f'"
    )


def test_every_table_of_an_organization_is_spread_by_it_in_one_place(
    placed: set[tuple[str, str, str]],
) -> None:
    spread = {name for name, key, _ in placed if key}
    tables = {model._meta.db_table for model in tenant_models()}

    assert spread == tables - {"accounts_user", "billing_striperef"}
    assert {key for _, key, _ in placed if key} == {"organization_id"}
    assert len({beside for _, key, beside in placed if key} - {"default"}) == 1
    assert {name for name, key, _ in placed if not key} >= {"accounts_organization"}


def test_the_files_that_are_for_people_run_the_ones_that_are_tested() -> None:
    for file, run_file in (("keys.sql", "swap.sql"), ("distribute.sql", "spread.sql")):
        text = (CITUS / file).read_text("utf-8")
        assert text.index(r"\ir classes.sql") < text.index(rf"\ir {run_file}")
