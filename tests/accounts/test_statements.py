"""Querysets that are put together once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import django
import pytest
from django.apps import apps
from django.db.models import F, QuerySet, signals
from django.db.models.functions import Upper

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


def annotated() -> QuerySet[User]:
    people = User.objects.select_related("organization").only(
        "display_name", "organization__name"
    )
    return people.annotate(loud=Upper(F("display_name"))).order_by("email")


def test_django_compiles_as_statements_take_it_apart() -> None:
    """Private parts of Django's: after an upgrade, what is named here has changed."""
    compiler = annotated().query.get_compiler("default")
    compiler.as_sql()
    taken = ["select", "col_count", "klass_info", "annotation_col_map"]
    gone = [name for name in [*taken, "get_converters"] if not hasattr(compiler, name)]
    assert gone == [], f"Django {django.__version__}: SQLCompiler has no {gone}"

    info: Any = compiler.klass_info
    (other,) = info["related_klass_infos"]
    assert {"model", "select_fields"} <= info.keys() & other.keys()
    assert {"from_parent", "local_setter", "remote_setter"} <= other.keys()
    assert compiler.annotation_col_map.keys() == {"loud"}
    assert compiler.select[info["select_fields"][0]][0].target.attname == "id"


@pytest.mark.django_db
def test_rows_are_what_django_would_have_made(anna: User, bram: User) -> None:
    """`_Part.make` does what Django's `from_db` did: does that do more by now?"""
    for ours, theirs in zip(Statement(annotated()).rows(), annotated(), strict=True):
        for mine, other in ((ours, theirs), (ours.organization, theirs.organization)):
            state, expected = vars(mine._state), vars(other._state)
            assert mine._state.fetch_mode == other._state.fetch_mode
            assert state.keys() | {"fetch_mode"} == expected.keys() | {"fetch_mode"}
            assert (state["db"], state["adding"]) == (
                expected["db"],
                expected["adding"],
            )
            cached = state.get("fields_cache", {}), expected.get("fields_cache", {})
            assert cached[0].keys() == cached[1].keys()
            known = [
                {name: value for name, value in vars(row).items() if name != "_state"}
                for row in (mine, other)
            ]
            assert known[0] == known[1]


def test_nobody_listens_to_the_making_of_a_row() -> None:
    """Statements send no signal when they make one."""
    heard = [
        model.__name__
        for model in apps.get_models()
        if signals.pre_init.has_listeners(model)
        or signals.post_init.has_listeners(model)
    ]
    assert heard == []
