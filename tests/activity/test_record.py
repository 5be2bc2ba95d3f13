"""The log of what happened."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.activity.models import Activity, ActivityDetail
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services.record import Change, record, record_all
from selfservice.core import clock
from tests.factories.subscriptions import make_subscription


def bought(person: User, actor: User | None = None) -> Change:
    actor_id = actor.pk if actor else None
    after = {"quantity": 25, "note": "½ ☃", "at_once": True, "none": None}
    return Change(
        person.organization_id,
        actor_id,
        "subscription",
        uuid.uuid4(),
        "bought",
        {"quantity": 20},
        after,
    )


def test_it_tells_the_time_that_the_pages_tell(
    anna: User, settings: Settings, tmp_path: Path
) -> None:
    settings.CLOCK_FILE = tmp_path / "clock"
    clock.advance(dt.timedelta(days=400))

    record(bought(anna))

    assert clock.now() - Activity.objects.get().happened_at < dt.timedelta(minutes=1)


def test_many_entries_are_one_statement_and_come_back_as_written(
    anna: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    changes = [bought(anna, anna) for _ in range(30)]

    with django_assert_num_queries(1), acting(Origin(anna.pk, "A", "a@b", lambda: "")):
        record_all(changes)

    entries = list(Activity.objects.order_by("id"))
    assert [entry.subject_id for entry in entries] == [c.subject_id for c in changes]
    assert entries[0].after == changes[0].after
    assert entries[0].before == {"quantity": 20}


def test_nothing_to_write_is_no_statement(
    anna: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        record_all([])


def test_an_entry_is_neither_changed_nor_deleted(anna: User) -> None:
    record(bought(anna))

    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.update(verb="sold")
    with pytest.raises(IntegrityError), transaction.atomic():
        Activity.objects.all().delete()


def test_who_and_where_stand_apart_from_the_log(anna: User, bram: User) -> None:
    origin = Origin(anna.pk, "Anna de Vries", "anna@noordzee.example", lambda: "::1")

    with acting(origin):
        record_all([bought(anna, anna), bought(anna, bram)])
    record(bought(anna, anna))

    mine, anothers = ActivityDetail.objects.order_by("activity_id")
    assert (mine.name, mine.email, mine.origin) == (origin.name, origin.email, "::1")
    # The portal did it for somebody else: only where it came from is known.
    assert (anothers.name, anothers.person_salt, anothers.origin) == ("", "", "::1")
    for row in Activity.objects.values():
        assert "Anna" not in str(row)
        assert "::1" not in str(row)


def test_a_request_says_who_and_from_where(
    anna: User, bram: User, client: Client, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    owned = make_subscription(anna, quantity=2)
    client.force_login(anna)

    client.post(
        f"/licenses/{owned.product_id}/assign/",
        {"people": [str(bram.pk)]},
        headers={"X-Forwarded-For": "192.0.2.66, 203.0.113.7"},
    )

    detail = ActivityDetail.objects.get(actor_id=anna.pk)
    assert (detail.name, detail.email) == ("Anna de Vries", anna.email)
    # What the visitor says of themselves stands before what our proxy says.
    assert detail.origin == "203.0.113.7"
