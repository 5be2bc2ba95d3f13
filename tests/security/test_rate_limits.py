"""Limits hold over processes: two servers, as behind a load balancer."""

from __future__ import annotations

import itertools
import re

import pytest
import requests
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.settings import base
from tests.cast import *
from tests.cast import PASSWORD
from tests.serving import *
from tests.serving import Serve

LIMITED = "tests.security.limited"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cache_table(settings: Settings) -> None:
    """That of production's kind of cache."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "limits_of_the_tests",
        }
    }
    call_command("createcachetable", verbosity=0)


def two(serve: Serve, **environment: str) -> list[str]:
    return [
        serve(DJANGO_SETTINGS_MODULE=LIMITED, **environment)[1] for _each in range(2)
    ]


def post(address: str, path: str, **data: str) -> requests.Response:
    """From a browser that was never here before."""
    web = requests.Session()
    page = web.get(address + path, timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    data["csrfmiddlewaretoken"] = token[1]
    return web.post(address + path, data=data, allow_redirects=False, timeout=30)


def sign_in(address: str, user: User, password: str) -> bool:
    answer = post(address, "/accounts/login/", login=user.email, password=password)
    return answer.status_code == 302


@pytest.mark.slow
def test_guesses_are_counted_whichever_process_answers(
    serve: Serve, cache_table: None, anna: User, bram: User
) -> None:
    first, second = two(serve)
    for address in (first, second, first, second, first):
        assert not sign_in(address, anna, "wrong")

    assert not sign_in(second, anna, PASSWORD)
    assert not sign_in(first, anna, PASSWORD)
    # Only that person has to wait.
    assert sign_in(second, bram, PASSWORD)

    asked = [
        post(address, "/accounts/password/reset/", email=anna.email).status_code
        for address in itertools.islice(itertools.cycle((first, second)), 7)
    ]
    assert asked == [302] * 5 + [429] * 2


@pytest.fixture
def limited(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = base.ACCOUNT_RATE_LIMITS
    cache.clear()


def guess(login: str, password: str = "wrong", **headers: str) -> bool:
    """Whether somebody got in, from a browser that was never here before."""
    web = Client()
    web.post("/accounts/login/", {"login": login, "password": password}, **headers)
    return web.get("/help/").status_code == 200


@pytest.mark.usefixtures("limited")
def test_an_office_behind_one_address_goes_on_signing_in(
    anna: User, bram: User
) -> None:
    # More than the library allows one address, of more people than one.
    for number in range(40):
        guess(f"colleague{number}@noordzee.example")
    for _time in range(5):
        guess(anna.email)

    assert guess(bram.email, PASSWORD)
    # Whose password was guessed at has to wait, wherever the right one comes from.
    assert not guess(anna.email, PASSWORD)
    assert not guess(anna.email, PASSWORD, REMOTE_ADDR="198.51.100.7")


@pytest.mark.usefixtures("limited")
def test_who_tries_a_hundred_people_from_one_address_is_stopped(bram: User) -> None:
    for number in range(100):
        guess(f"colleague{number}@noordzee.example")

    assert not guess(bram.email, PASSWORD)
    assert guess(bram.email, PASSWORD, REMOTE_ADDR="198.51.100.7")


@pytest.mark.slow
def test_with_a_cache_of_its_own_each_process_would_start_anew(
    serve: Serve, anna: User
) -> None:
    """That it is the shared cache which holds."""
    first, second = two(serve, EACH_ITS_OWN_CACHE="1")
    for _guess in range(5):
        sign_in(first, anna, "wrong")

    assert not sign_in(first, anna, PASSWORD)
    assert sign_in(second, anna, PASSWORD)
