"""`make_load`: what it writes is as the portal itself would have written it."""

from __future__ import annotations

import datetime as dt
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from billing.models import Invoice, InvoiceLine
from licensing.models import LicenseAssignment
from licensing.queries import miscounted
from selfservice.accounts.models import Organization, PersonWord, User
from selfservice.accounts.services.words import name_suffixes
from selfservice.core.bulk_load import filled_at_once
from selfservice.portal.load_rows import TABLES
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_organization

DAY = "2026-11-29"
pytestmark = pytest.mark.django_db


def make_load(**options: Any) -> str:
    said = StringIO()
    call_command(
        "make_load",
        scale="small",
        day=dt.date.fromisoformat(DAY),
        stdout=said,
        **options,
    )
    return said.getvalue()


def schema() -> list[tuple[str, ...]]:
    """Every constraint, index and trigger, as PostgreSQL writes them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid),"
            " convalidated::text FROM pg_constraint WHERE conrelid > 0"
            " UNION ALL SELECT tablename, indexname, indexdef, '' FROM pg_indexes"
            " WHERE schemaname = 'public' UNION ALL SELECT tgrelid::regclass::text,"
            " tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger"
            " WHERE NOT tgisinternal UNION ALL SELECT table_name, column_name,"
            " data_type, column_default FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2, 3"
        )
        rows = cursor.fetchall()
    # Read back, PostgreSQL writes the same list of words in two ways.
    cast = re.compile(r"[()]|::character varying|::text|\[\]")
    return [tuple(cast.sub("", cell or "") for cell in row) for row in rows]


def test_a_load_is_as_the_portal_writes_it_and_leaves_the_schema_alone() -> None:
    before = schema()

    make_load()

    assert schema() == before
    assert miscounted() == []
    assert Organization.objects.count() == 10
    assert User.objects.count() == 1_000
    assert Subscription.objects.count() == 197
    assert LicenseAssignment.objects.count() > 4_900
    assert InvoiceLine.objects.count() == Invoice.objects.count() > 2_000
    words = PersonWord.objects.values_list("user_id", "suffix", "starts_name")
    assert set(words) == {
        (person.pk, suffix, starts)
        for person in User.objects.all()
        for suffix, starts in words_of(person)
    }


def words_of(person: User) -> list[tuple[str, bool]]:
    names = name_suffixes(person.display_name)
    return [(name, name == names[0]) for name in names] + [(person.email, False)]


def test_the_same_day_gives_the_same_rows_also_in_production_if_asked_by_name() -> None:
    first = digest()

    with override_settings(DEMO=False):
        with pytest.raises(CommandError, match="--in-production"):
            make_load()
        assert digest(in_production=True) == first


def digest(**options: Any) -> dict[str, str]:
    """A hash of each table's rows, of a load that is taken back."""
    with transaction.atomic(), connection.cursor() as cursor:
        make_load(**options)
        parts = " UNION ALL ".join(
            f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text))"
            f" FROM {table} t"
            for table in TABLES
        )
        cursor.execute(parts)
        rows = dict(cursor.fetchall())
        transaction.set_rollback(True)
    return rows


def test_a_database_in_use_is_left_alone() -> None:
    make_organization("Real Company")

    with pytest.raises(CommandError, match="organizations already"):
        make_load()

    assert User.objects.count() == 0


def test_a_wrong_row_is_refused_although_the_keys_were_off_meanwhile() -> None:
    make_load()
    with connection.cursor() as cursor:
        stray = (
            "UPDATE licensing_licenseassignment SET purchaser_id = "
            "(SELECT id FROM accounts_user ORDER BY id DESC LIMIT 1) WHERE id ="
            " (SELECT min(id::text)::uuid FROM licensing_licenseassignment)"
        )
        with (
            pytest.raises(IntegrityError, match="within_organization"),
            transaction.atomic(),
            filled_at_once(cursor, TABLES),
        ):
            cursor.execute(stray)
