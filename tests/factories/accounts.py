"""Organizations and people, as the directory import leaves them."""

from __future__ import annotations

import itertools
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from selfservice.accounts.models import Organization, Role, User
from selfservice.accounts.services.people import save_people, unusable_password

_numbers = itertools.count(1)


def make_organization(name: str = "", **fields: Any) -> Organization:
    """An organization in the Netherlands, unless `fields` say otherwise."""
    name = name or f"Organization {next(_numbers)}"
    return Organization.objects.create(
        name=name, slug=fields.pop("slug", slugify(name)), **fields
    )


def make_user(
    organization: Organization | None = None,
    display_name: str = "",
    *,
    email: str = "",
    password: str = "",
    role: Role = Role.MEMBER,
    usage_location: str = "NL",
    **fields: Any,
) -> User:
    """A member who can sign in and get licenses, found by search.

    `password` empty: none yet, as after an import.
    """
    person = _person(
        organization or make_organization(),
        display_name,
        email=email,
        role=role,
        usage_location=usage_location,
        **fields,
    )
    if password:
        person.password = make_password(password)
    save_people([person])
    return person


def make_people(organization: Organization, count: int, **fields: Any) -> list[User]:
    """`count` members at once, in one write."""
    people = [_person(organization, "", **fields) for _ in range(count)]
    save_people(people)
    return people


def _person(
    organization: Organization, display_name: str, *, email: str = "", **fields: Any
) -> User:
    number = next(_numbers)
    name = display_name or f"Person {number:04}"
    address = email or f"{slugify(name)}-{number}@{organization.slug}.example"
    fields.setdefault("usage_location", "NL")
    fields.setdefault("upn", address)
    fields.setdefault("password", unusable_password())
    return User(organization=organization, email=address, display_name=name, **fields)
