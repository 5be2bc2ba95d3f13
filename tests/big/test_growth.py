"""What a row costs on disk, its indexes included: the figures of docs/scale.md."""

from __future__ import annotations

from django.db import connection

from licensing.services.assigning import assign_from
from selfservice.accounts.models import Organization, User, ids
from tests.big.crowd import license_crowd, make_crowd
from tests.factories.accounts import make_people
from tests.factories.catalog import make_offer
from tests.factories.subscriptions import make_subscription
from tests.reports import at_the_end

PEOPLE, ASSIGNED = 100_000, 2_000
# Bytes a row, of which half as much again would be news. An entry of the log names as
# many people as were given a license at once, twenty here.
PROMISED = {
    "accounts_user": 900,
    "accounts_personword": 300,
    "licensing_licenseassignment": 700,
    "activity_activity": 3_000,
}


def sizes() -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) / reltuples FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND reltuples > 50"
        )
        return {name: float(size) for name, size in cursor.fetchall()}


def test_a_row_costs_what_the_model_of_costs_says(
    noordzee: Organization, anna: User
) -> None:
    make_crowd(noordzee, PEOPLE)
    license_crowd(anna, PEOPLE)
    # With the log of it and the mail about it, as a person does it: twenty at a time.
    few = make_people(noordzee, ASSIGNED)
    offer = make_offer(name="Other", slug="other")
    subscription = make_subscription(anna, quantity=ASSIGNED, offer=offer)
    for begin in range(0, ASSIGNED, 20):
        assign_from(subscription=subscription, people=ids(few[begin : begin + 20]))

    measured = sizes()

    told = [f"{table}: {size:.0f} bytes a row" for table, size in measured.items()]
    at_the_end(lambda: "\n".join(sorted(told)))
    for table, promised in PROMISED.items():
        assert measured[table] < promised, (table, measured[table])
