import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from selfservice.accounts.models import Organization, Role, User
from selfservice.accounts.queries import search_people
from selfservice.portal.services.demo import load_demo

pytestmark = pytest.mark.django_db


def test_the_demo_has_the_cast_and_their_colleagues() -> None:
    noordzee, tulp = load_demo()

    people = User.objects.filter(organization=noordzee)
    assert people.count() == 60
    assert people.filter(is_guest=True).count() >= 2
    assert people.filter(is_active=False).count() == 1
    assert people.filter(usage_location="").count() == 1
    assert set(people.exclude(role=Role.MEMBER).values_list("email", "role")) == {
        ("carla@noordzee.example", Role.GLOBAL_ADMIN),
        ("rik@noordzee.example", Role.GLOBAL_READER),
    }
    dirk = User.objects.get(email="dirk@tulp.example")
    assert dirk.organization == tulp
    assert not User.objects.exclude(language="").exists()


def test_the_demo_people_sign_in_with_demo() -> None:
    load_demo()

    for person in User.objects.filter(email__regex="^(anna|bram|carla|rik|dirk)@"):
        assert person.check_password("demo")


def test_names_with_accents_and_prefixes_are_found() -> None:
    noordzee, _tulp = load_demo()

    found = search_people(organization_id=noordzee.pk, text="bergh zoe")
    assert [person.display_name for person in found] == ["Zoë van den Bergh"]


def test_loading_again_keeps_what_was_changed_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    load_demo()
    User.objects.filter(email="anna@noordzee.example").update(language="nl")

    with django_assert_num_queries(1):
        assert load_demo() == []

    assert User.objects.get(email="anna@noordzee.example").language == "nl"


def test_nothing_is_loaded_outside_the_demo(settings) -> None:
    settings.DEMO = False

    with pytest.raises(CommandError):
        call_command("load_demo")

    assert not Organization.objects.exists()
