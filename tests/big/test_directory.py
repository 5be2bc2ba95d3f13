"""A directory of 100,000 people, imported."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from selfservice.accounts.models import User
from selfservice.accounts.services.directory import import_directory
from selfservice.accounts.services.directory_file import read_directory
from tests.accounts.test_directory_size import big_file
from tests.big.test_people import say

PEOPLE = 100_000


@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_people_are_imported_within_a_minute() -> None:
    content = big_file(PEOPLE)
    began = time.monotonic()

    import_directory(file=read_directory(content), organization_name="Big")

    took = time.monotonic() - began
    say(f"{PEOPLE:,} people imported in {took:.1f} s")
    assert User.objects.count() == PEOPLE


@pytest.mark.django_db(transaction=True)
def test_a_hundred_thousand_people_take_less_than_500_megabytes() -> None:
    content = big_file(PEOPLE)
    tracemalloc.start()
    try:
        import_directory(file=read_directory(content), organization_name="Big")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    say(f"{PEOPLE:,} people imported in {peak / 1e6:.0f} MB")
    assert peak < 500_000_000
