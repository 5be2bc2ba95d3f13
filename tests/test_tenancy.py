"""Every row of a tenant can be found, and kept apart, by its organization."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models, transaction

from selfservice.accounts.models import Organization, TenantModel
from tests.cast import *

OURS = ("accounts", "activity", "catalog", "billing", "subscriptions", "licensing")
# The same for every organization, or how a stranger's event finds its one.
WITHOUT_ORGANIZATION = {"Organization", "Product", "Plan", "Price", "StripeEvent"}
GLOBAL = {
    # Sign-in is by email, before the organization is known.
    "user_email_unique",
    # An event finds its organization by it.
    "striperef_stripe_id_unique",
    # The sweep takes what is left behind, whoever's it is.
    "stripeoperation_unfinished",
    # The sweep asks about tax numbers, whoever's they are.
    "billingaccount_to_check",
    # Addresses are forgotten by their age, whoever's they are.
    "activitydetail_origins",
}


def tenant_models() -> Iterator[type[models.Model]]:
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            if model.__name__ not in WITHOUT_ORGANIZATION:
                yield model


def columns(model: type[models.Model], names: list[str]) -> list[str]:
    """The columns' names, without the sign of a descending order."""
    return [model._meta.get_field(name.lstrip("-")).attname for name in names]


def keys() -> Iterator[tuple[str, type[models.Model], list[str]]]:
    """Every unique constraint and index of a tenant's table, with its columns."""
    for model in tenant_models():
        for made in (*model._meta.constraints, *model._meta.indexes):
            if isinstance(made, models.CheckConstraint) or made.name in GLOBAL:
                continue
            named = list(made.fields)
            named = named or [str(made.expressions[0].name)]
            yield made.name, model, columns(model, named)


@pytest.mark.parametrize("model", list(tenant_models()), ids=lambda m: m.__name__)
def test_every_tenant_row_has_its_organization(model: type[models.Model]) -> None:
    column = model._meta.get_field("organization_id").column

    assert column == "organization_id"
    assert not model._meta.get_field("organization_id").null


@pytest.mark.parametrize(("name", "model", "named"), list(keys()), ids=str)
def test_every_key_starts_with_the_organization(
    name: str, model: type[models.Model], named: list[str]
) -> None:
    assert named[0] == "organization_id", (model.__name__, name)


def test_a_stored_row_never_changes_its_organization(
    db: None, noordzee: Organization, tulp: Organization, anna: TenantModel
) -> None:
    anna.organization = tulp
    with pytest.raises(anna.NotUpdated), transaction.atomic():
        anna.save()

    stored = type(anna).objects.get(pk=anna.pk)
    assert stored.organization_id == noordzee.pk


def test_every_constraint_has_a_name_of_its_own() -> None:
    names = [
        made.name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for made in (*model._meta.constraints, *model._meta.indexes)
    ]

    assert all(names)
    assert len(names) == len(set(names))
