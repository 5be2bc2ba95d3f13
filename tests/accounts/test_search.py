import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from selfservice.accounts.models import Organization, User
from selfservice.accounts.queries import search_people
from tests.factories.accounts import make_people, make_user


def names(organization: Organization, text: str) -> list[str]:
    people = search_people(organization_id=organization.pk, text=text)
    return [person.display_name for person in people]


@pytest.mark.parametrize(
    "text",
    [
        "zo",
        "Zoë",
        "zoe van",
        "den ber",
        "bergh",
        "bergh zoe",
        "zoe bergh",
        "b zoe",
        "z.van@noord",
        "Z.VAN@noordzee.example ",
    ],
)
def test_any_word_or_the_address_finds_a_person(
    noordzee: Organization, text: str
) -> None:
    make_user(noordzee, "Zoë van den Bergh", email="z.van@noordzee.example")
    make_user(noordzee, "Bram Visser")

    assert names(noordzee, text) == ["Zoë van den Bergh"]


@pytest.mark.parametrize("text", ["", "z", " z ", "..", "\0", "zo%", "z_e", "zoe x"])
def test_less_than_two_letters_or_another_text_finds_nobody(
    noordzee: Organization, text: str
) -> None:
    make_user(noordzee, "Zeger", email="zeger@noordzee.example")

    assert names(noordzee, text) == []


def test_names_that_start_so_come_first_then_others_by_name(
    noordzee: Organization,
) -> None:
    for name in ("Vera Bergsma", "Berend Smit", "Anna Bergman", "Émile Ber", "Ber A"):
        make_user(noordzee, name)

    assert names(noordzee, "ber") == [
        "Ber A",
        "Berend Smit",
        "Anna Bergman",
        "Émile Ber",
        "Vera Bergsma",
    ]


def test_guests_disabled_and_removed_people_are_left_out(
    noordzee: Organization,
) -> None:
    gone = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    make_user(noordzee, "Sanne Gast", is_guest=True)
    make_user(noordzee, "Sanne Dicht", is_active=False)
    make_user(noordzee, "Sanne Weg", removed_at=gone)
    make_user(noordzee, "Sanne de Wit")

    assert names(noordzee, "sanne") == ["Sanne de Wit"]


def test_other_organizations_are_never_searched(
    noordzee: Organization, dirk: User
) -> None:
    assert names(noordzee, "dirk") == []
    assert names(dirk.organization, "dirk") == ["Dirk Hoekstra"]


def test_at_most_ten_are_found_each_once_in_one_statement(
    noordzee: Organization, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_people(noordzee, 30)

    with django_assert_num_queries(1):
        found = search_people(organization_id=noordzee.pk, text="pers")

    assert len({person.pk for person in found}) == len(found) == 10


def test_a_name_found_by_two_of_its_words_is_found_once(
    noordzee: Organization,
) -> None:
    make_user(noordzee, "Jan Jansen", email="jan@noordzee.example")

    assert names(noordzee, "jan") == ["Jan Jansen"]
