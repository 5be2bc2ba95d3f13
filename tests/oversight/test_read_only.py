"""Read-only three ways: no route but GET and HEAD, a role that can't write, and tests
that try: on every route, through every model."""

import datetime as dt
from contextlib import suppress

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Model
from django.test import Client
from django.urls import URLPattern, reverse

from billing.models import StripeEvent
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.activity.origin import Origin, acting
from selfservice.core import clock
from selfservice.oversight.queries import ORDERS
from selfservice.oversight.spots import SPOTS
from selfservice.oversight.urls import app_name, urlpatterns
from selfservice.subscriptions.models import ScheduledChange, Subscription
from tests.factories.billing import make_invoice
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

INSUFFICIENT_PRIVILEGE = "42501"


def address(route: URLPattern, subscription: Subscription) -> str:
    keys = dict.fromkeys(route.pattern.converters, subscription.pk)
    return reverse(f"{app_name}:{route.name}", kwargs=keys)


@pytest.mark.django_db(databases=["default", "oversight"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("route", urlpatterns, ids=lambda route: route.name)
def test_no_route_takes_anything_but_get(
    anna: User, carla: User, client: Client, route: URLPattern, method: str
) -> None:
    bought = make_subscription(anna)
    before = Subscription.objects.values().get()
    client.force_login(carla)

    response = getattr(client, method)(address(route, bought), {"quantity": 99})

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert Subscription.objects.values().get() == before


@pytest.mark.django_db(databases=["default", "oversight"])
@pytest.mark.parametrize("route", urlpatterns, ids=lambda route: route.name)
def test_every_route_answers_head(
    anna: User, carla: User, client: Client, route: URLPattern
) -> None:
    client.force_login(carla)

    response = client.head(address(route, make_subscription(anna)))

    assert (response.status_code, response.content) == (200, b"")


@pytest.fixture
def reader(transactional_db: None) -> BaseDatabaseWrapper:
    """The real connection, as the role that the oversight pages read with."""
    databases = settings.DATABASES
    if databases["oversight"]["USER"] == databases["default"]["USER"]:
        pytest.skip("OVERSIGHT_DATABASE_URL names no role of its own")
    return connections["oversight"]


committed = pytest.mark.django_db(transaction=True, databases=["default", "oversight"])


@committed
def test_the_role_can_read_but_not_write(
    anna: User, reader: BaseDatabaseWrapper
) -> None:
    make_subscription(anna)
    writes = [
        "UPDATE subscriptions_subscription SET quantity = 99",
        "DELETE FROM subscriptions_subscription",
        "INSERT INTO billing_stripeevent (id) VALUES ('evt_1')",
        "TRUNCATE activity_activity",
        "CREATE TABLE mine (id int)",
    ]

    with reader.cursor() as cursor:
        # Whoever got this far can say so too: what holds is that nothing is granted.
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("SELECT quantity FROM subscriptions_subscription")
        assert cursor.fetchall() == [(5,)]
        for write in writes:
            with pytest.raises(ProgrammingError) as refused:
                cursor.execute(write)
            sqlstate = getattr(refused.value.__cause__, "sqlstate", "")
            assert sqlstate == INSUFFICIENT_PRIVILEGE

    assert Subscription.objects.get().quantity == 5
    assert not StripeEvent.objects.exists()


SECRETS = [
    ("billing_paymentmethod", "last4"),
    ("billing_billingprofile", "line1"),
    ("billing_billingaccount", "postal_code"),
    ("billing_invoice", "bill_to"),
    ("billing_invoice", "profile_id"),
    ("billing_invoiceline", "id"),
    ("accounts_user", "password"),
    ("accounts_user", "email"),
    ("subscriptions_subscription", "payment_method_id"),
    ("subscriptions_subscription", "cancel_feedback"),
    ("activity_activitydetail", "email"),
    ("activity_mail", "address"),
    ("django_session", "session_data"),
]


@committed
def test_cards_addresses_and_passwords_are_out_of_its_reach(
    reader: BaseDatabaseWrapper,
) -> None:
    for table, column in SECRETS:
        with reader.cursor() as cursor, pytest.raises(ProgrammingError) as refused:
            cursor.execute(f"SELECT {column} FROM {table}")
        sqlstate = getattr(refused.value.__cause__, "sqlstate", "")
        assert sqlstate == INSUFFICIENT_PRIVILEGE, (table, column)


@committed
def test_no_model_can_be_written_through_it(reader: BaseDatabaseWrapper) -> None:
    allowed = []
    with reader.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        for model in apps.get_models(include_auto_created=True):
            table, key = model._meta.db_table, model._meta.concrete_fields[0].column
            for write in (
                f'DELETE FROM "{table}"',
                f'UPDATE "{table}" SET "{key}" = "{key}"',
                f'INSERT INTO "{table}" DEFAULT VALUES',
                f'TRUNCATE "{table}"',
            ):
                with suppress(ProgrammingError):
                    cursor.execute(write)
                    allowed.append(write)

    assert allowed == []


@committed
def test_no_manager_can_write_through_its_alias(
    anna: User, reader: BaseDatabaseWrapper
) -> None:
    models: list[type[Model]] = [Subscription, LicenseAssignment, User, StripeEvent]
    for model in models:
        rows = model._default_manager.using("oversight")
        field = model._meta.concrete_fields[-1].attname

        with pytest.raises(DatabaseError):
            rows._raw_delete("oversight")
        with pytest.raises(DatabaseError):
            rows.update(**{field: F(field)})
        with pytest.raises(DatabaseError):
            rows.bulk_create([model()])

    assert User.objects.filter(pk=anna.pk).exists()


@committed
def test_the_pages_work_with_that_role(
    anna: User, bram: User, carla: User, client: Client, reader: BaseDatabaseWrapper
) -> None:
    start = clock.now() - dt.timedelta(days=40)
    bought = make_subscription(anna, term_start=start, quantity=9, scheduled_quantity=4)
    make_invoice(anna)
    ScheduledChange.objects.create(
        organization_id=bought.organization_id,
        subscription=bought,
        quantity=4,
        price=bought.price,
        takes_effect_at=bought.term_end,
    )
    with acting(Origin(anna.pk, "Anna", "a@b.example", lambda: "203.0.113.7")):
        give_licenses(bought, [bram, carla])
    client.force_login(carla)
    filters = ["", "q=Anna", "expiry=30", "status=active", "export=csv"]
    spots = [f"spot={spot}" for spot, _label in SPOTS]
    sorts = [f"sort={order}" for order in ORDERS]
    groups = ["group=product", "group=purchaser"]
    log = ["export=json", f"who={anna.pk}", "what=people", "period=7"]
    urls = [address(route, bought) for route in urlpatterns]
    asked = [f"{urls[0]}?{query}" for query in (*filters, *spots, *sorts, *groups)]

    for url in (*urls, *asked, *(f"/oversight/activity/?{query}" for query in log)):
        response = client.get(url)
        assert response.status_code == 200, url
        if response.streaming:
            assert b"".join(response.streaming_content)
