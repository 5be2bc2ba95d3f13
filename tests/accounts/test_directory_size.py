"""The budget: 100,000 people in under 60 s and 500 MB; here a part of each."""

import io
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from selfservice.accounts.models import PersonWord, User
from selfservice.accounts.services.directory import import_directory
from selfservice.accounts.services.directory_file import read_directory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def big_file(people: int) -> io.BytesIO:
    return io.BytesIO("".join(_lines(people)).encode())


def _lines(people: int) -> Iterator[str]:
    yield (
        "User principal name,Display name,Object Id,Proxy addresses,Department,"
        "Title,Usage location,Block credential,Street address\n"
    )
    for number in range(people):
        address = f"person.{number}@big.example"
        yield (
            f"{address},Zoë van den Bergh-{number},id-{number:036},SMTP:{address},"
            f'Department {number % 40},Adviser,NL,False,"Kade 1\nRotterdam"\n'
        )


def test_ten_thousand_people_take_a_tenth_of_a_minute() -> None:
    started = time.monotonic()

    file = read_directory(big_file(10_000))
    import_directory(file=file, organization_name="Big")

    assert time.monotonic() - started < 6
    assert User.objects.count() == 10_000
    assert PersonWord.objects.count() == 60_000


def test_ten_thousand_people_take_a_tenth_of_the_memory() -> None:
    content = big_file(10_000)
    tracemalloc.start()
    try:
        import_directory(file=read_directory(content), organization_name="Big")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000
