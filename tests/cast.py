"""The cast of the tests: the demo's own people, as fixtures.

anna   purchaser of Noordzee Advies
bram   her colleague, who bought nothing
carla  global administrator there
rik    global reader there
dirk   purchaser of Tulp Bouw: of another organization
"""

from __future__ import annotations

import pytest

from selfservice.accounts.models import Organization, Role, User
from tests.factories.accounts import make_organization, make_user

PASSWORD = "demo"


@pytest.fixture
def noordzee(db: None) -> Organization:
    return make_organization("Noordzee Advies")


@pytest.fixture
def tulp(db: None) -> Organization:
    return make_organization("Tulp Bouw")


@pytest.fixture
def anna(noordzee: Organization) -> User:
    return _person(noordzee, "Anna de Vries", "anna@noordzee.example")


@pytest.fixture
def bram(noordzee: Organization) -> User:
    return _person(noordzee, "Bram Visser", "bram@noordzee.example")


@pytest.fixture
def carla(noordzee: Organization) -> User:
    return _person(
        noordzee, "Carla Mulder", "carla@noordzee.example", Role.GLOBAL_ADMIN
    )


@pytest.fixture
def rik(noordzee: Organization) -> User:
    return _person(
        noordzee, "Rik van der Meer", "rik@noordzee.example", Role.GLOBAL_READER
    )


@pytest.fixture
def dirk(tulp: Organization) -> User:
    return _person(tulp, "Dirk Hoekstra", "dirk@tulp.example")


def _person(
    organization: Organization, name: str, email: str, role: Role = Role.MEMBER
) -> User:
    first, _, last = name.partition(" ")
    return make_user(
        organization,
        name,
        email=email,
        password=PASSWORD,
        role=role,
        first_name=first,
        last_name=last,
    )
