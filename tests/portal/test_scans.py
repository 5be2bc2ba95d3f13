"""No page reads a big table whole, and none asks more than it may."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from selfservice.accounts.models import PersonWord, User
from tests.bench import model
from tests.bench.costs import costs
from tests.bench.pages import DETAILS, PICKER, hot_pages, spots, world
from tests.bench.plans import Statement, noted, prepared

MOST = {DETAILS: 12, PICKER: 5}


# Committed, because oversight reads through a connection of its own.
@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
def test_hot_pages_find_their_rows_by_index_in_few_statements(client: Client) -> None:
    call_command("make_load", scale="small", day=timezone.localdate(), verbosity=0)
    w = world()
    with connection.cursor() as cursor:
        # On so few rows a scan is cheaper; only what no index leads to stays one.
        cursor.execute("SET enable_seqscan = off")
    wrong = []
    for hot in [*hot_pages(w), *spots(w)]:
        client.force_login(hot.reader)
        headers = {"HX-Request": "true", "HX-Target": "list"} if hot.htmx else {}
        client.get(hot.url, headers=headers)
        with noted() as statements:
            assert client.get(hot.url, headers=headers).status_code == 200
        assert 1 < len(statements) <= MOST.get(hot.kind, 7), hot.name
        for statement in statements:
            wrong += [f"{hot.name}: {scan}" for scan in statement.whole_scans()]
    always = prepared()
    assert len(always) >= 10
    for statement in always:
        wrong += [f"Prepared: {scan}" for scan in statement.whole_scans()]
    connection.close()
    assert wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "careless",
    [
        User.objects.filter(display_name__icontains="ja"),
        User.objects.order_by("id")[:50],
        PersonWord.objects.filter(suffix__gte="ja", suffix__lt="jb"),
    ],
)
def test_what_leads_to_no_tenant_is_noticed(careless: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(connection), noted() as statements:
        list(careless)

    assert statements[0].whole_scans()
    assert isinstance(statements[0], Statement)


@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
@override_settings(PORTAL={})
def test_the_costs_of_every_page_of_the_model_can_be_measured() -> None:
    call_command("make_load", scale="small", day=timezone.localdate(), verbosity=0)

    found = costs(1)

    connection.close()
    assert set(found) >= set(model.PAGES)
    assert all(web > 0 for web, _database in found.values())
