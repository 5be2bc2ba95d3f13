"""An erasure leaves no column out, also not one that is added later.

Every column of text in a person's own rows is filled with a mark; afterwards no table
may hold it, but for what is named here with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import CharField, Field, JSONField, Model, QuerySet, TextField
from django.db.models.constraints import UniqueConstraint

from billing.models import ProfileDraft
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.activity.services import choices
from selfservice.core import clock
from selfservice.portal.services.erasing import erase_person
from tests.factories.billing import make_invoice
from tests.portal.test_erase_person import lives, tables_that_know
from tests.portal.test_erase_person import zoe as zoe
from tests.test_tenancy import tenant_models

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "ζβξ"
# How a row says whose it is.
OWNERS = ("purchaser", "user", "person_id", "recipient_id", "profile__purchaser")
# What says nothing about a person: codes, keys, words of ours and of Stripe's.
SAYS_NOBODY = {
    "brand",
    "country",
    "currency",
    "decline",
    "error",
    "key",
    "kind",
    "language",
    "path",
    "period",
    "seal",
    "suffix",
    "terms_version",
    "zone",
}
# Invoices are kept by law; the log has its erasable half apart.
KEPT = {"Invoice", "InvoiceLine", "InvoicePayment", "InvoiceCredit", "Activity"}


def rows_of(model: type[Model], person: User) -> QuerySet[Any]:
    """Those of the model's rows that are this person's own."""
    rows = model._default_manager.all()
    if model is User:
        return rows.filter(pk=person.pk)
    names = {field.name for field in model._meta.get_fields()}
    for owner in OWNERS:
        if owner.partition("__")[0] in names:
            return rows.filter(**{owner: person.pk})
    return rows.none()


def texts(model: type[Model]) -> Iterator[Field[Any, Any]]:
    """The columns into which somebody's own words can come."""
    unique = {
        name
        for made in model._meta.constraints
        if isinstance(made, UniqueConstraint)
        for name in made.fields
    }
    for field in model._meta.concrete_fields:
        free = isinstance(field, (CharField, TextField, JSONField))
        named = field.name in SAYS_NOBODY or field.name.startswith("stripe_")
        fixed = field.choices or field.primary_key or field.unique
        if free and not (named or fixed or field.name in unique):
            yield field


def mark(model: type[Model], person: User) -> list[str]:
    """Fill them; the columns that there are rows for."""
    rows, marked = rows_of(model, person), []
    for field in texts(model):
        room = field.max_length or len(MARK)
        if room < len(MARK) or not rows.exists():
            continue
        value = {"line1": MARK} if isinstance(field, JSONField) else MARK
        rows.update(**{field.name: value})
        marked.append(f"{model.__name__}.{field.name}")
    return marked


def test_no_column_of_text_outlives_an_erasure(zoe: User, anna: User) -> None:
    make_invoice(zoe, profile=lives(zoe, anna).profile)
    ProfileDraft.objects.create(
        organization=zoe.organization, purchaser=zoe, changed_at=clock.now()
    )
    choices.set_lead_times(
        organization_id=zoe.organization_id, person_id=zoe.pk, days={zoe.pk: [7]}
    )
    marked = [
        name
        for model in tenant_models()
        if model.__name__ not in KEPT
        for name in mark(model, zoe)
    ]
    assert {
        "User.display_name",
        "BillingAccount.name",
        "BillingProfile.usage_address",
        "PaymentMethod.address",
        "ProfileDraft.answers",
        "Mail.context",
        "Subscription.cancel_feedback",
    } <= set(marked)
    assert tables_that_know(MARK)

    erase_person(person=User.objects.get(pk=zoe.pk))

    assert tables_that_know(MARK) == set(), marked
    assert Activity.objects.filter(verb="person_erased").count() == 1
    assert connection.in_atomic_block is False
