"""The demo's two organizations and their people, from the files beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.db import transaction

from selfservice.accounts.models import Organization, Role, User
from selfservice.accounts.services.directory import Place, import_directory
from selfservice.accounts.services.directory_file import read_directory
from selfservice.accounts.services.roles import grant_role

DATA = Path(__file__).resolve().parent.parent / "demo_data"
CATALOG = DATA / "catalog.toml"
PASSWORD = "demo"  # noqa: S105  shown on the demo's sign-in page


@dataclasses.dataclass(frozen=True, slots=True)
class DemoOrganization:
    """A file of people, and the roles of those who have one."""

    name: str
    file: str
    roles: Mapping[str, Role] = dataclasses.field(default_factory=dict)


ORGANIZATIONS = (
    DemoOrganization(
        "Noordzee Advies",
        "noordzee.csv",
        {
            "carla@noordzee.example": Role.GLOBAL_ADMIN,
            "rik@noordzee.example": Role.GLOBAL_READER,
        },
    ),
    DemoOrganization("Tulp Bouw", "tulp.csv"),
)


def load_demo() -> list[Organization]:
    """Bring in the organizations that aren't there yet, each whole; return those.

    One that is there is left as it is, with whatever was changed in it since.
    """
    names = [demo.name for demo in ORGANIZATIONS]
    there = Organization.objects.filter(name__in=names).values_list("name", flat=True)
    known = set(there)
    return [_load(demo) for demo in ORGANIZATIONS if demo.name not in known]


def _load(demo: DemoOrganization) -> Organization:
    with (DATA / demo.file).open("rb") as stream:
        file = read_directory(stream)
    # One hash for everybody: making it is slow on purpose.
    password = make_password(PASSWORD)
    with transaction.atomic():
        imported = import_directory(
            file=file, organization_name=demo.name, place=Place()
        )
        people = User.objects.filter(organization=imported.organization)
        people.update(password=password)
        for person in people.filter(email__in=demo.roles):
            grant_role(person=person, role=demo.roles[person.email])
    return imported.organization
