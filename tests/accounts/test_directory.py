import uuid

import pytest

from selfservice.accounts.models import Organization, User
from selfservice.accounts.queries import search_people
from selfservice.accounts.services.directory import (
    DirectoryRefused,
    Imported,
    Place,
    import_directory,
)
from selfservice.activity.models import Activity
from selfservice.core import hooks
from tests.factories.accounts import make_user
from tests.factories.directory import directory_file, row

pytestmark = pytest.mark.django_db


def load(*rows: dict[str, str], name: str = "Noordzee Advies", **more) -> Imported:
    return import_directory(file=directory_file(*rows), organization_name=name, **more)


def refusals(*rows: dict[str, str]) -> list[str]:
    with pytest.raises(DirectoryRefused) as refused:
        load(*rows)
    return str(refused.value).splitlines()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """The ids of the people whom the import tells other rooms to be lost."""
    told: list[uuid.UUID] = []
    hook = hooks.Hook("people_lost")
    hook.register(lambda message: told.extend(message.user_ids))
    monkeypatch.setattr("selfservice.accounts.services.directory.people_lost", hook)
    return told


def test_an_import_makes_the_organization_and_its_people() -> None:
    result = load(
        row("Zoe@noordzee.example", "Zoë van den Bergh", Usage_location="BE"),
        name="Noordzee Advies",
        place=Place(country="BE", time_zone="Europe/Brussels"),
    )

    assert (result.new, result.made_organization) == (1, True)
    zoe = User.objects.get()
    assert (zoe.upn, zoe.email) == ("Zoe@noordzee.example", "zoe@noordzee.example")
    assert (zoe.organization.slug, zoe.organization.country) == (
        "noordzee-advies",
        "BE",
    )
    assert not zoe.has_usable_password()
    assert zoe.language == ""


def test_imported_people_are_found_by_their_new_names_only() -> None:
    load(row("zoe@noordzee.example", "Zoë Visser", Object_Id="1"))
    result = load(row("zoe@noordzee.example", "Zoë Bakker", Object_Id="1"))

    pk = result.organization.pk
    assert search_people(organization_id=pk, text="bakker")
    assert not search_people(organization_id=pk, text="visser")


def test_a_changed_name_and_address_is_the_same_person(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(object_id="abc")

    load(row("a.smit@noordzee.example", "Anna Smit", Object_Id="ABC"))

    anna.refresh_from_db()
    assert anna.display_name == "Anna Smit"
    assert anna.email == "a.smit@noordzee.example"
    assert User.objects.count() == 1


def test_without_an_id_the_sign_in_name_matches_in_any_case(anna: User) -> None:
    result = load(row("ANNA@Noordzee.example", "Anna Smit", Object_Id="new"))

    anna.refresh_from_db()
    assert (result.changed, anna.object_id) == (1, "new")


def test_passwords_roles_and_languages_stay(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(role="global_admin", language="nl")

    load(row("anna@noordzee.example", "Anna Smit", Preferred_language="en-US"))

    anna.refresh_from_db()
    assert (anna.role, anna.language) == ("global_admin", "nl")
    assert anna.check_password("demo")


def test_missing_columns_leave_what_is_there(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(department="Advies", email="a@n.example")

    result = load(row("anna@noordzee.example", anna.display_name))

    anna.refresh_from_db()
    assert (anna.department, anna.email) == ("Advies", "a@n.example")
    assert result.unchanged == 1


def test_two_people_can_swap_addresses(noordzee: Organization) -> None:
    make_user(noordzee, "One", email="a@noordzee.example", object_id="1")
    make_user(noordzee, "Two", email="b@noordzee.example", object_id="2")

    load(
        row("b@noordzee.example", "One", Object_Id="1"),
        row("a@noordzee.example", "Two", Object_Id="2"),
    )

    assert User.objects.get(object_id="1").email == "b@noordzee.example"
    assert User.objects.get(object_id="2").email == "a@noordzee.example"


def test_a_newcomer_gets_the_address_that_somebody_gave_up(anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(object_id="1")

    load(
        row("anna@noordzee.example", "Anna Bos", Object_Id="2"),
        row("anna.de.vries@noordzee.example", "Anna de Vries", Object_Id="1"),
    )

    anna.refresh_from_db()
    assert anna.email == "anna.de.vries@noordzee.example"
    assert User.objects.get(email="anna@noordzee.example").display_name == "Anna Bos"


def test_a_newcomer_with_the_address_of_somebody_removed_is_another_person(
    anna: User,
) -> None:
    User.objects.filter(pk=anna.pk).update(object_id="1")
    load(
        row(
            "anna@noordzee.example",
            Object_Id="1",
            Soft_deletion_time_stamp="2026-01-01 00:00:00Z",
        )
    )

    load(row("anna@noordzee.example", "Anna Bos", Object_Id="2"))

    anna.refresh_from_db()
    assert anna.email == f"{anna.pk}@removed.invalid"
    assert User.objects.get(email="anna@noordzee.example").pk != anna.pk


def test_people_missing_from_the_file_are_left_alone(anna: User, bram: User) -> None:
    result = load(row("anna@noordzee.example"))

    bram.refresh_from_db()
    assert (result.left_alone, bram.can_sign_in) == (1, True)


def test_blocked_and_deleted_people_are_lost_once(
    anna: User, bram: User, lost: list[uuid.UUID]
) -> None:
    rows = [
        row("anna@noordzee.example", Block_credential="True"),
        row("bram@noordzee.example", Soft_deletion_time_stamp="2026-01-01 10:00:00Z"),
    ]

    load(*rows)
    load(*rows)

    assert sorted(lost) == sorted([anna.pk, bram.pk])
    bram.refresh_from_db()
    assert bram.removed_at is not None
    verbs = Activity.objects.exclude(subject_kind="organization")
    assert set(verbs.values_list("subject_id", "verb")) == {
        (anna.pk, "person_disabled"),
        (bram.pk, "person_removed"),
    }


def test_people_who_are_blocked_no_longer_come_back(bram: User) -> None:
    load(row("bram@noordzee.example", Block_credential="True"))

    load(row("bram@noordzee.example", Block_credential="False"))

    bram.refresh_from_db()
    assert bram.can_sign_in


def test_an_address_of_another_organization_is_refused(
    dirk: User, noordzee: Organization
) -> None:
    sentence = "“dirk@tulp.example” belongs to another organization."

    assert refusals(row("DIRK@tulp.example"), row("y@noordzee.example")) == [
        f"line 2, User principal name: {sentence}"
    ]
    assert refusals(
        row("x@noordzee.example", Proxy_addresses="SMTP:Dirk@tulp.example")
    ) == [f"line 2, Proxy addresses: {sentence}"]
    assert not User.objects.filter(organization=noordzee).exists()


def test_an_address_of_somebody_outside_the_file_is_refused(anna: User) -> None:
    assert refusals(
        row("new@noordzee.example", Proxy_addresses="SMTP:anna@noordzee.example")
    ) == [
        "line 2, Proxy addresses: The address is Anna de Vries's,"
        " who is not in this file."
    ]


def test_one_bad_row_imports_nobody() -> None:
    assert refusals(row("a@x.example"), row("b@x.example", Usage_location="?"))

    assert not User.objects.exists()
    assert not Organization.objects.exists()


def test_a_dry_run_says_what_would_change_and_writes_nothing(anna: User) -> None:
    result = load(
        row("anna@noordzee.example", "Anna Smit"),
        row("new@noordzee.example"),
        dry_run=True,
    )

    assert result.details == (
        ("new@noordzee.example", ("new",)),
        ("anna@noordzee.example", ("display_name",)),
    )
    anna.refresh_from_db()
    assert anna.display_name == "Anna de Vries"
    assert User.objects.count() == 1


def test_a_dry_run_makes_no_organization() -> None:
    load(row("a@x.example"), name="Nieuw", dry_run=True)

    assert not Organization.objects.exists()


def test_organizations_with_alike_names_get_different_slugs() -> None:
    load(row("a@x.example"), name="Tulp Bouw")
    load(row("a@y.example"), name="Tulp-Bouw")
    load(row("b@y.example"), name="tulp bouw")

    slugs = Organization.objects.order_by("id").values_list("slug", flat=True)
    assert list(slugs) == ["tulp-bouw", "tulp-bouw-2"]
