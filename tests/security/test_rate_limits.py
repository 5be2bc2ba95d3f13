"""Limits hold over processes: two servers, as behind a load balancer."""

from __future__ import annotations

import itertools
import re

import pytest
import requests
from django.core.management import call_command
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from tests.cast import *  # noqa: F403  the cast's fixtures
from tests.cast import PASSWORD
from tests.serving import *  # noqa: F403  real servers
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
