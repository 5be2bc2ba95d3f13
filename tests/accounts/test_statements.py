"""Querysets that are put together once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from selfservice.accounts.models import Organization, User
from selfservice.core.statements import Later, Statement
from tests.factories.accounts import make_people


def _named(**values: Any) -> list[User]:
    people = User.objects.select_related("organization").filter(**values)
    return list(people.order_by("email"))


@pytest.mark.django_db
def test_a_statement_finds_what_its_queryset_finds_each_time(
    noordzee: Organization, anna: User, bram: User
) -> None:
    found = User.objects.select_related("organization").order_by("email")
    people = Statement(
        found.filter(organization_id=Later("organization"), role=Later("role"))
    )

    for role in ("member", "global_admin", "nobody's"):
        expected = _named(organization_id=noordzee.pk, role=role)
        rows = people.rows(organization=noordzee.pk, role=role)
        assert rows == expected
        assert [row.__dict__.keys() for row in rows] == [
            row.__dict__.keys() for row in expected
        ]


@pytest.mark.django_db
def test_related_rows_come_along(
    anna: User, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    people = User.objects.select_related("organization")
    found = Statement(people.filter(pk=Later("person"))[:1])

    with django_assert_num_queries(1):
        person = found.first(person=anna.pk)
        assert person is not None
        assert person.organization.name == anna.organization.name


@pytest.mark.django_db
def test_values_are_not_taken_for_sql(noordzee: Organization, anna: User) -> None:
    names = User.objects.values_list("display_name", flat=True)
    found = Statement(names.filter(display_name__icontains=Later("text")))
    make_people(noordzee, 2)

    assert found.rows(text="%' OR true --") == []
    assert found.rows(text="%") == []
    assert anna.display_name in found.rows(text=anna.display_name[1:4].upper())


@pytest.mark.django_db
def test_a_value_that_is_not_given_is_a_mistake(anna: User) -> None:
    found = Statement(User.objects.filter(pk=Later("person"))[:1])

    assert found.first(person=anna.organization_id) is None
    with pytest.raises(KeyError, match="person"):
        found.rows(user=anna.pk)
