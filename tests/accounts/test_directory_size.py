"""The budget: 100,000 people in under 60 s and 500 MB; here what decides about it.

Seconds depend on what else a machine does: `tests/big/` counts them.
"""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import PersonWord, User
from selfservice.accounts.services.directory import import_directory
from selfservice.accounts.services.directory_file import read_directory

# Committed: a TestCase checks the keys of a rolled-back savepoint, far slower.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def big_file(people: int, domain: str = "big.example") -> io.BytesIO:
    return io.BytesIO("".join(_lines(people, domain)).encode())


def _lines(people: int, domain: str) -> Iterator[str]:
    yield (
        "User principal name,Display name,Object Id,Proxy addresses,Department,"
        "Title,Usage location,Block credential,Street address\n"
    )
    for number in range(people):
        address = f"person.{number}@{domain}"
        yield (
            f"{address},Zoë van den Bergh-{number},id-{number:036},SMTP:{address},"
            f'Department {number % 40},Adviser,NL,False,"Kade 1\nRotterdam"\n'
        )


def test_people_are_stored_by_the_thousand() -> None:
    with CaptureQueriesContext(connection) as few:
        import_directory(
            file=read_directory(big_file(1_000, "few.example")), organization_name="Few"
        )
    with CaptureQueriesContext(connection) as many:
        import_directory(file=read_directory(big_file(10_000)), organization_name="Big")

    assert len(many) - len(few) < 100
    assert User.objects.count() == 11_000
    assert PersonWord.objects.count() == 66_000


def test_ten_thousand_people_take_a_tenth_of_the_memory() -> None:
    content = big_file(10_000)
    tracemalloc.start()
    try:
        import_directory(file=read_directory(content), organization_name="Big")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000
