"""The migration that gives invoices the names of their profiles, bit by bit."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.models import BillingProfile, Invoice
from selfservice.accounts.models import User
from tests.factories.billing import make_invoices, past_the_triggers, profile_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migration(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = import_module("billing.migrations.0011_names_as_they_were")
    monkeypatch.setattr(found, "BATCH", 2)
    return found


def test_every_invoice_gets_its_profiles_name_in_small_steps(
    migration: Any, anna: User, dirk: User
) -> None:
    for buyer in (anna, dirk):
        make_invoices(buyer, 5)
    named = Invoice.objects.earliest("pk")
    with past_the_triggers():
        Invoice.objects.update(profile_name="")
        Invoice.objects.filter(pk=named.pk).update(profile_name="As it was")
    BillingProfile.objects.update(bill_to_name="")

    with connection.schema_editor(atomic=False) as editor:
        # The guard of the version before doesn't know the column.
        migration.unguard_names(apps, editor)
        with CaptureQueriesContext(connection) as asked:
            migration.fill(apps, editor)
        migration.guard_names(apps, editor)

    named.refresh_from_db()
    assert named.profile_name == "As it was"
    for invoice in Invoice.objects.exclude(pk=named.pk).select_related("profile"):
        assert invoice.profile_name == invoice.profile.name != ""
    assert profile_of(anna).bill_to_name == profile_of(anna).name
    steps = [q["sql"] for q in asked if q["sql"].startswith("UPDATE billing_invoice")]
    assert len(steps) == 5
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        Invoice.objects.filter(pk=named.pk).update(profile_name="After")
