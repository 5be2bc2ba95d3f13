"""The chain over the log: whatever is done to it behind our back is noticed."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from selfservice.accounts.models import Organization, User
from selfservice.activity.models import Activity, ActivityDetail, Seal, Unsealed
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services import forgetting, sealing
from selfservice.activity.services.record import Change, record_all
from selfservice.core import clock

type Tamper = Callable[[str], None]


@pytest.fixture
def tamper(db: None) -> Tamper:
    """Change the log as somebody with all rights on the database can."""

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)
            assert cursor.rowcount
            cursor.execute("SET LOCAL session_replication_role = origin")

    return run


def write(organization: Organization, actor: User | None, count: int) -> None:
    record_all(
        Change(
            organization.pk,
            actor.pk if actor else None,
            "subscription",
            uuid.uuid4(),
            "bought",
            after={"quantity": number},
        )
        for number in range(count)
    )


@pytest.fixture
def sealed(noordzee: Organization, tulp: Organization, anna: User) -> list[uuid.UUID]:
    """Nine entries in three seals of Noordzee, one of Tulp; Noordzee's entries."""
    with acting(Origin(anna.pk, "Anna de Vries", "anna@x.example", lambda: "::1")):
        write(noordzee, anna, 9)
    write(tulp, None, 2)
    while sealing.seal_some(noordzee.pk, at_once=3):
        pass
    assert sealing.seal_all() == 2
    entries = Activity.objects.filter(organization_id=noordzee.pk).order_by("id")
    return list(entries.values_list("pk", flat=True))


def verify(**options: str) -> tuple[int, str]:
    """Exit status and words."""
    said = io.StringIO()
    try:
        call_command("verify_activity", stdout=said, **options)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_an_untouched_log_is_as_written(sealed: list[uuid.UUID]) -> None:
    status, said = verify()

    assert (status, Unsealed.objects.count()) == (0, 0)
    assert "11 entries in 4 seals of 2 organizations, 0 not sealed yet" in said
    assert "no faults" in said


def test_what_is_written_waits_for_its_seal(
    sealed: list[uuid.UUID], noordzee: Organization
) -> None:
    write(noordzee, None, 2)

    assert verify()[0] == 0
    assert "2 not sealed yet" in verify()[1]
    assert sealing.seal_all() == 2
    assert "13 entries in 5 seals" in verify()[1]


@pytest.mark.parametrize(
    "what",
    [
        "after = '{\"quantity\": 1000}'",
        "before = '{\"quantity\": 1}'",
        "actor_id = gen_random_uuid()",
        "verb = 'cancelled'",
        "happened_at = happened_at - interval '1 day'",
        "subject_id = gen_random_uuid()",
        "origin_digest = ''",
    ],
)
def test_an_edited_entry_is_named(
    sealed: list[uuid.UUID], tamper: Tamper, what: str
) -> None:
    tamper(f"UPDATE activity_activity SET {what} WHERE id = '{sealed[4]}'")

    status, said = verify()

    assert status == 1
    assert f"entry {sealed[4]} was changed" in said
    assert "1 fault." in said


def test_a_deleted_entry_is_named(sealed: list[uuid.UUID], tamper: Tamper) -> None:
    tamper(f"DELETE FROM activity_activity WHERE id = '{sealed[4]}'")

    status, said = verify()

    assert status == 1
    assert f"entry {sealed[4]} was deleted" in said


def test_an_entry_moved_to_another_organization_is_gone(
    sealed: list[uuid.UUID], tamper: Tamper, tulp: Organization
) -> None:
    tamper(
        f"UPDATE activity_activity SET organization_id = '{tulp.pk}'"
        f" WHERE id = '{sealed[4]}'"
    )

    status, said = verify()

    assert status == 1
    assert f"entry {sealed[4]} was deleted" in said
    assert f"{tulp.pk}: entry {sealed[4]} was inserted" in said


def test_an_inserted_entry_is_named(
    sealed: list[uuid.UUID], noordzee: Organization
) -> None:
    made = Activity.objects.create(
        organization_id=noordzee.pk,
        subject_kind="subscription",
        subject_id=uuid.uuid4(),
        verb="bought",
    )

    for _ in range(2):
        status, said = verify()
        assert status == 1
        assert f"entry {made.pk} was inserted" in said
        # Not even the worker makes it a part of the chain.
        sealing.seal_all()


def test_swapped_entries_are_noticed(sealed: list[uuid.UUID], tamper: Tamper) -> None:
    tamper(
        "UPDATE activity_seal SET entries ="
        f" ARRAY['{sealed[4]}', '{sealed[3]}', '{sealed[5]}']::uuid[]"
        f" WHERE entries[1] = '{sealed[3]}'"
    )

    status, said = verify()

    assert status == 1
    assert "seal 2 was changed" in said


def test_swapped_contents_are_noticed(sealed: list[uuid.UUID], tamper: Tamper) -> None:
    tamper(
        "UPDATE activity_activity a SET after = b.after FROM activity_activity b"
        f" WHERE a.id IN ('{sealed[0]}', '{sealed[8]}')"
        f" AND b.id IN ('{sealed[0]}', '{sealed[8]}') AND a.id <> b.id"
    )

    said = verify()[1]

    assert f"entry {sealed[0]} was changed" in said
    assert f"entry {sealed[8]} was changed" in said


def test_swapped_seals_are_noticed(
    sealed: list[uuid.UUID], tamper: Tamper, noordzee: Organization
) -> None:
    for before, after in ((1, 77), (2, 1), (77, 2)):
        tamper(
            f"UPDATE activity_seal SET number = {after} WHERE number = {before}"
            f" AND organization_id = '{noordzee.pk}'"
        )

    status, said = verify()

    assert status == 1
    assert "seal 1 doesn't follow seal 0" in said
    assert "seal 2 was changed" in said


def test_a_seal_taken_from_the_middle_is_missed(
    sealed: list[uuid.UUID], tamper: Tamper, noordzee: Organization
) -> None:
    tamper(
        f"DELETE FROM activity_seal WHERE number = 2"
        f" AND organization_id = '{noordzee.pk}'"
    )

    status, said = verify()

    assert status == 1
    assert "seal 2 is missing, 3 comes next" in said
    assert f"entry {sealed[4]} was inserted" in said


def cut_tail(tamper: Tamper, organization: Organization) -> None:
    """The last seal with all that it holds."""
    where = f"organization_id = '{organization.pk}'"
    last = f"SELECT unnest(entries) FROM activity_seal WHERE {where} AND number = 3"
    tamper(f"DELETE FROM activity_activity WHERE id IN ({last})")
    tamper(f"DELETE FROM activity_seal WHERE {where} AND number = 3")


def test_a_cut_tail_is_noticed_by_its_anchor(
    sealed: list[uuid.UUID], tamper: Tamper, noordzee: Organization, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    verify(write_anchor=anchor)
    assert verify(anchor=anchor)[0] == 0

    cut_tail(tamper, noordzee)

    assert verify()[0] == 0
    status, said = verify(anchor=anchor)
    assert status == 1
    assert "cut tail: the anchor knows seal 3, the chain ends with seal 2" in said


def test_a_whole_chain_gone_is_noticed_by_its_anchor(
    sealed: list[uuid.UUID], tamper: Tamper, tulp: Organization, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    verify(write_anchor=anchor)

    for table in ("activity", "seal"):
        tamper(f"DELETE FROM activity_{table} WHERE organization_id = '{tulp.pk}'")

    status, said = verify(anchor=anchor)
    assert status == 1
    assert f"{tulp.pk}: cut tail" in said


def test_a_chain_made_anew_is_noticed_by_its_anchor(
    sealed: list[uuid.UUID], tamper: Tamper, noordzee: Organization, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    verify(write_anchor=anchor)

    tamper(f"UPDATE activity_activity SET verb = 'x' WHERE id = '{sealed[0]}'")
    tamper(f"DELETE FROM activity_seal WHERE organization_id = '{noordzee.pk}'")
    waiting = [Unsealed(organization_id=noordzee.pk, activity_id=pk) for pk in sealed]
    Unsealed.objects.bulk_create(waiting)
    while sealing.seal_some(noordzee.pk, at_once=3):
        pass

    assert verify()[0] == 0
    status, said = verify(anchor=anchor)
    assert status == 1
    assert "seal 3 is not the one that the anchor knows" in said


def test_the_log_may_grow_after_its_anchor(
    sealed: list[uuid.UUID], noordzee: Organization, tmp_path: Path
) -> None:
    anchor = str(tmp_path / "anchor.json")
    verify(write_anchor=anchor)

    write(noordzee, None, 4)
    sealing.seal_all()

    assert verify(anchor=anchor)[0] == 0


def test_what_is_deleted_before_its_seal_leaves_a_mark(
    sealed: list[uuid.UUID], noordzee: Organization, tamper: Tamper
) -> None:
    write(noordzee, None, 2)
    victim = Activity.objects.latest("id").pk
    tamper(f"DELETE FROM activity_activity WHERE id = '{victim}'")

    assert f"entry {victim} was deleted before it was sealed" in verify()[1]
    sealing.seal_all()

    status, said = verify()
    assert status == 1
    assert f"entry {victim} was deleted" in said


def test_no_anchor_is_written_over_faults(
    sealed: list[uuid.UUID], tamper: Tamper, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor.json"
    tamper(f"DELETE FROM activity_activity WHERE id = '{sealed[0]}'")

    status, said = verify(write_anchor=str(anchor))
    assert (status, anchor.exists()) == (1, False)
    assert "No anchor is written" in said
    unasked = verify()[1]
    assert ": 1 fault." in unasked
    assert "anchor" not in unasked


def test_what_is_no_anchor_is_refused(sealed: list[uuid.UUID], tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"
    anchor.write_text(json.dumps([1, 2]))

    for name in (anchor, tmp_path / "none"):
        with pytest.raises(CommandError, match="is no anchor"):
            verify(anchor=str(name))


def test_seals_are_append_only(sealed: list[uuid.UUID]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Seal.objects.update(number=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        Seal.objects.all().delete()


def test_addresses_go_after_their_time_and_the_chain_holds(
    sealed: list[uuid.UUID], noordzee: Organization, anna: User
) -> None:
    ActivityDetail.objects.update(happened_at=clock.now() - dt.timedelta(days=91))
    with acting(Origin(anna.pk, "Anna de Vries", "anna@x.example", lambda: "::2")):
        write(noordzee, anna, 1)

    assert forgetting.forget_origins() == 9

    left = set(ActivityDetail.objects.values_list("origin", "name"))
    assert left == {("", "Anna de Vries"), ("::2", "Anna de Vries")}
    status, said = verify()
    assert status == 0
    assert "9 erased details" in said


def test_a_person_is_forgotten_and_the_chain_holds(
    sealed: list[uuid.UUID], noordzee: Organization, anna: User
) -> None:
    assert forgetting.forget_person(noordzee.pk, anna.pk) == 9

    assert not ActivityDetail.objects.exclude(name="", email="", origin="").exists()
    assert verify()[0] == 0


@pytest.mark.parametrize(
    ("half", "what"), [("person", "name = 'Bram'"), ("origin", "origin = '10.0.0.1'")]
)
def test_details_can_be_erased_but_not_changed(
    sealed: list[uuid.UUID], tamper: Tamper, half: str, what: str
) -> None:
    tamper(
        f"UPDATE activity_activitydetail SET {what} WHERE activity_id = '{sealed[1]}'"
    )

    status, said = verify()

    assert status == 1
    assert f"the {half} of entry {sealed[1]} was changed" in said


def test_an_entry_that_commits_late_is_sealed_later(noordzee: Organization) -> None:
    """An older key than the last sealed one is not passed over."""
    write(noordzee, None, 2)
    early, late = Activity.objects.order_by("id")
    not_committed = Unsealed.objects.get(activity_id=early.pk)
    not_committed.delete()
    assert sealing.seal_all() == 1

    Unsealed.objects.create(organization_id=noordzee.pk, activity_id=early.pk)
    assert sealing.seal_all() == 1

    held = Seal.objects.order_by("number").values_list("entries", flat=True)
    assert list(held) == [[late.pk], [early.pk]]
    assert verify()[0] == 0
