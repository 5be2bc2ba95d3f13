"""Every statement about an organization's rows says which organization: else it would
ask every machine that the tables are spread over, or be refused there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from billing.models import BillingProfile, Invoice, PaymentMethod
from licensing.models import LicenseAssignment
from selfservice.accounts.models import TenantForeignKey, User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.stripe_sandbox import *
from tests.subscriptions.views.test_checkout import fill, page_of
from tests.tenancy_statements import loose, recorded
from tests.test_tenancy import OURS, WITHOUT_ORGANIZATION, tenant_models

# Everywhere, or on one machine only: docs/scale.md.
NOT_SPREAD = {"accounts_user", "billing_striperef"}
SPREAD = frozenset(model._meta.db_table for model in tenant_models()) - NOT_SPREAD


def relations() -> Iterator[models.ForeignKey]:
    """What a tenant's row points at, where that is a tenant's row, too."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.concrete_fields:
                target = field.related_model if field.is_relation else None
                if target and target.__name__ not in WITHOUT_ORGANIZATION:
                    yield field


@pytest.mark.parametrize("field", list(relations()), ids=str)
def test_every_relation_of_tenants_is_kept_to_the_organization(
    field: models.ForeignKey,
) -> None:
    assert isinstance(field, TenantForeignKey), f"{field}: make it a TenantForeignKey"


@pytest.mark.stripe
@pytest.mark.django_db(databases=["default", "oversight"])
def test_a_journey_asks_one_organization_at_a_time(
    client: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    anna: User,
    bram: User,
    carla: User,
) -> None:
    client.force_login(anna)
    licenses = f"/licenses/{diagrams.plan.product_id}"
    with recorded() as seen:
        form = fill(client, diagrams, str(visa.pk))
        assert client.post(page_of(diagrams), form).status_code == 302
    bought = Subscription.objects.get(organization=anna.organization_id)
    invoice = Invoice.objects.filter(organization=anna.organization_id).first()
    assert invoice

    with recorded() as seen_later:
        client.get(f"{licenses}/assign/?q=bram")
        client.post(f"{licenses}/assign/", {"people": [str(bram.pk)]})
        for path in (
            *("/", "/products/", "/licenses/", "/my-licenses/", "/marketplace/"),
            *("/billing/invoices/", "/billing/notifications/"),
            *(f"{licenses}/", f"/billing/invoices/{invoice.pk}/"),
            *(f"/subscriptions/{bought.pk}/{pane}" for pane in ("", "cancel/")),
        ):
            assert client.get(path).status_code == 200, path
        client.force_login(carla)
        for path in ("purchases/", "spots/", "activity/"):
            assert client.get(f"/oversight/{path}").status_code == 200, path

    told = {sql: loose(sql, SPREAD) for sql in (*seen, *seen_later)}
    assert len(told) > 60
    assert LicenseAssignment.objects.filter(user=bram).exists()
    assert [(tables, sql) for sql, tables in told.items() if tables] == []


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT 1 FROM "b" WHERE "b"."organization_id" = %s', set()),
        ('SELECT 1 FROM "b" WHERE "b"."id" = %s', {"b"}),
        ('UPDATE "b" SET "x" = %s WHERE "b"."id" = %s', {"b"}),
        (
            'SELECT 1 FROM "a" JOIN "b" ON ("a"."b_id" = "b"."id")'
            ' WHERE "a"."organization_id" = %s',
            {"b"},
        ),
        (
            'SELECT 1 FROM "a" JOIN "b" ON ("a"."b_id" = "b"."id" AND'
            ' ("b"."organization_id" = ("a"."organization_id")))'
            ' WHERE "a"."organization_id" = %s',
            set(),
        ),
        (
            'SELECT 1 FROM "a" WHERE "a"."organization_id" = %s AND EXISTS('
            'SELECT 1 FROM "b" "U0" WHERE "U0"."id" = %s)',
            {"b"},
        ),
    ],
)
def test_a_loose_table_is_found(sql: str, tables: set[str]) -> None:
    assert loose(sql, frozenset({"a", "b"})) == tables


def test_a_row_is_looked_up_and_written_within_its_organization(
    profile: BillingProfile, anna: User
) -> None:
    found = BillingProfile.objects.get(organization=anna.organization_id, pk=profile.pk)

    with recorded() as seen:
        assert found.account.organization_id == anna.organization_id
        found.save()

    assert len(seen) == 2
    assert [loose(sql, SPREAD) for sql in seen] == [set(), set()]
