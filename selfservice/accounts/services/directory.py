"""Bringing an organization's directory up to date from an exported file."""

from __future__ import annotations

import dataclasses
import itertools

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from selfservice.accounts.models import Organization, User
from selfservice.accounts.services.directory_file import (
    DirectoryFile,
    Entry,
    Problem,
)
from selfservice.accounts.services.directory_match import Plan, plan_import
from selfservice.accounts.services.people import (
    DIRECTORY_FIELDS,
    save_people,
    step_aside,
    unusable_password,
)
from selfservice.activity.services.record import Change, record_all
from selfservice.core.errors import DomainError
from selfservice.core.hooks import PeopleLost, people_lost

BATCH = 5000


class DirectoryRefused(DomainError):
    """Something in the file is wrong, so nothing of it was imported."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a new organization is; of one that exists nothing is changed."""

    country: str = "NL"
    time_zone: str = "Europe/Amsterdam"


@dataclasses.dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do. `details`: an address and what changes."""

    organization: Organization
    made_organization: bool
    new: int
    changed: int
    unchanged: int
    # Disabled or removed by this file: their licenses came free.
    lost: int
    # In the portal, not in the file.
    left_alone: int
    details: tuple[tuple[str, tuple[str, ...]], ...]


def import_directory(
    *,
    file: DirectoryFile,
    organization_name: str,
    place: Place | None = None,
    dry_run: bool = False,
) -> Imported:
    """Make the people of an organization what `file` says: all of them or nobody.

    Locks the organization, which is made when there is none. People who are not in
    the file are left alone. Licenses of people who are disabled or removed come
    free in the same transaction.
    Raises DirectoryRefused, with everything that is wrong.
    """
    if file.problems:
        raise DirectoryRefused(file.problems)
    try:
        with transaction.atomic():
            organization = _organization(organization_name, place or Place())
            plan = plan_import(organization, file)
            if plan.problems:
                raise DirectoryRefused(plan.problems)
            result = _result(organization, plan)
            if not dry_run:
                _write(organization, plan)
    except IntegrityError as error:
        if not _is_about_address(error):
            raise
        sentence = "Somebody else took an address of this file just now. Try again."
        raise DirectoryRefused([Problem(1, "", sentence)]) from error
    return result


def _is_about_address(error: IntegrityError) -> bool:
    """Whether one of the constraints that keep people apart was violated."""
    facts = getattr(error.__cause__, "diag", None)
    return str(getattr(facts, "constraint_name", "")).startswith("user_")


def _organization(name: str, place: Place) -> Organization:
    """The organization named so, locked; else a new one that is not written yet."""
    locked = Organization.objects.select_for_update(no_key=True)
    found = locked.filter(name__iexact=name).order_by("id").first()
    if found is not None:
        return found
    slug = slugify(name)[:90] or "organization"
    for number in itertools.count(2):
        if not Organization.objects.filter(slug=slug).exists():
            break
        slug = f"{slugify(name)[:90]}-{number}"
    return Organization(
        name=name, slug=slug, country=place.country, time_zone=place.time_zone
    )


def _result(organization: Organization, plan: Plan) -> Imported:
    details: list[tuple[str, tuple[str, ...]]]
    details = [(entry.upn, ("new",)) for entry in plan.new]
    details += [(person.upn, changes) for person, changes in plan.changed]
    return Imported(
        organization=organization,
        made_organization=organization._state.adding,
        new=len(plan.new),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        lost=len(plan.lost),
        left_alone=plan.left_alone,
        details=tuple(details),
    )


def _write(organization: Organization, plan: Plan) -> None:
    if organization._state.adding:
        organization.save()
    step_aside(organization.pk, plan.giving_up, keep_id=True)
    step_aside(organization.pk, plan.stepping_aside)
    changed = [person for person, _changes in plan.changed]
    for start in range(0, len(changed), BATCH):
        save_people(changed[start : start + BATCH])
    for start in range(0, len(plan.new), BATCH):
        batch = plan.new[start : start + BATCH]
        save_people([_person(organization, entry) for entry in batch])
    if plan.lost:
        lost = tuple(person.pk for person in plan.lost)
        people_lost.send(PeopleLost(organization.pk, lost))
    _record(organization, plan)


def _person(organization: Organization, entry: Entry) -> User:
    return User(
        organization=organization,
        password=unusable_password(),
        **{field: getattr(entry, field) for field in DIRECTORY_FIELDS},
    )


def _record(organization: Organization, plan: Plan) -> None:
    imported = Change(
        organization_id=organization.pk,
        actor_id=None,
        subject_kind="organization",
        subject_id=organization.pk,
        verb="directory_imported",
        after={"new": len(plan.new), "changed": len(plan.changed)},
    )
    lost = (
        Change(
            organization_id=organization.pk,
            actor_id=None,
            subject_kind="user",
            subject_id=person.pk,
            verb="person_removed" if person.removed_at else "person_disabled",
        )
        for person in plan.lost
    )
    record_all([imported, *lost])
