"""Two million invoices, twenty thousand of them in one billing profile."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.models import BillingProfile, Invoice
from billing.queries import InvoiceSearch, invoice_page, invoice_sums
from selfservice.accounts.models import User
from selfservice.core import clock
from tests.big.test_people import Stopwatch, percentile, say
from tests.factories.billing import make_invoices, profile_of

OWN, OTHERS, SENDERS, ROUNDS = 20_000, 1_980_000, 10_000, 20
YEARS = dt.timedelta(days=3650)
# What differs from the invoice that is there; rows of all organizations lie mixed.
COLUMNS = {
    "id": "gen_random_uuid()",
    "organization_id": "CASE WHEN own THEN mine.organization_id"
    " ELSE md5('organization' || n %% 1000)::uuid END",
    "purchaser_id": "CASE WHEN own THEN mine.purchaser_id"
    " ELSE md5('purchaser' || n %% %(senders)s)::uuid END",
    "profile_id": "CASE WHEN own THEN mine.profile_id"
    " ELSE md5('profile' || n %% %(senders)s)::uuid END",
    "stripe_invoice_id": "'in_big_' || n",
    "number": "'BIG-' || to_char(n, 'FM0000000')",
    "title": "'Product ' || n %% 20",
    "status": "CASE WHEN n %% 97 = 0 THEN 'void' WHEN n %% 89 = 0 THEN 'open'"
    " ELSE 'paid' END",
    "attempted": "n %% 178 = 0",
    "finalized_at": "now() - n * interval '150 seconds'",
}
# Those that are to be paid are few, and have an index of their own.
INDEXED = "Index Only Scan using invoice_listed", "invoice_to_be_paid"
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'billing_invoice'::regclass AND NOT EXISTS (
    SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def fill() -> None:
    """Like the only invoice that is there; without its indexes it is quicker."""
    names = [field.column for field in Invoice._meta.concrete_fields]
    values = [COLUMNS.get(name, f"mine.{name}") for name in names]
    numbers = f"SELECT n, n %% {OTHERS // OWN + 1} = 0 AS own"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        # Else the invoice that is there is still to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(
            f"INSERT INTO billing_invoice ({', '.join(names)})"
            f" SELECT {', '.join(values)} FROM billing_invoice mine,"
            f" ({numbers} FROM generate_series(1, %(rows)s) n) numbers",
            {"rows": OWN + OTHERS, "senders": SENDERS},
        )
        for _name, definition in indexes:
            cursor.execute(definition)
    with connection.cursor() as cursor:
        # As time does: only then an index alone tells what is there.
        cursor.execute("VACUUM ANALYZE billing_invoice")


def searches(profile: BillingProfile) -> dict[str, InvoiceSearch]:
    """Every filter, alone and together, over every period that can be asked for."""
    now = clock.now()
    periods = {"3 months": dt.timedelta(days=92), "10 years": YEARS}
    found = {}
    for (words, past), status, text in itertools.product(
        periods.items(),
        ["", "due", "past_due", "paid", "void"],
        ["", "BIG-00", "product 7", "nowhere"],
    ):
        for profile_id in (None, profile.pk):
            name = " ".join(filter(None, [words, status, text, profile_id and "one"]))
            found[name] = InvoiceSearch(
                now - past, now, status=status, profile_id=profile_id, text=text
            )
    return found


@pytest.fixture
def emptied() -> Iterator[None]:
    """Millions of rows are too many to be deleted one by one."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_invoice CASCADE")


@pytest.mark.usefixtures("emptied")
@pytest.mark.django_db(transaction=True)
def test_every_filter_is_answered_by_an_index(anna: User) -> None:
    make_invoices(anna, 1)
    fill()
    taken: dict[str, list[float]] = {}
    for name, search in searches(profile_of(anna)).items():
        taken[name] = _times(anna, search)
        _read_from_an_index(anna, search)
    for share in (0.5, 0.95):
        by_filter = {name: percentile(times, share) for name, times in taken.items()}
        name, slowest = max(by_filter.items(), key=lambda each: each[1])
        say(f"invoices, p{share * 100:.0f}: the slowest is {name!r}, {slowest:.1f} ms")


def _times(anna: User, search: InvoiceSearch) -> list[float]:
    """What the page of the list asks for, in milliseconds of SQL."""
    every = []
    for number in range(ROUNDS):
        times: list[float] = []
        with connection.execute_wrapper(Stopwatch(times)):
            _ask(anna, search, oldest_first=bool(number % 2))
        every.append(sum(times))
    return every


def _ask(anna: User, search: InvoiceSearch, *, oldest_first: bool = False) -> None:
    invoice_page(anna, search, cursor=None, oldest_first=oldest_first)
    invoice_sums(anna, search)


def _read_from_an_index(anna: User, search: InvoiceSearch) -> None:
    with CaptureQueriesContext(connection) as asked:
        _ask(anna, search)
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert any(each in plan for each in INDEXED), plan
