"""Who in a directory file is whom in the portal, and what that changes."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

from django.db.models import CharField, F, QuerySet
from django.db.models.functions import Lower

from selfservice.accounts.models import Organization, User
from selfservice.accounts.services.directory_cells import PROXIES, UPN
from selfservice.accounts.services.directory_file import (
    DirectoryFile,
    Entry,
    Problem,
)

BATCH = 5000
_ADDRESSES = frozenset({"upn", "email", "object_id"})


@dataclasses.dataclass(slots=True)
class Plan:
    """What an import is going to do. `changed` are stored people, already altered."""

    new: list[Entry] = dataclasses.field(default_factory=list)
    changed: list[tuple[User, tuple[str, ...]]] = dataclasses.field(
        default_factory=list
    )
    unchanged: int = 0
    left_alone: int = 0
    lost: list[User] = dataclasses.field(default_factory=list)
    # Stored people whose address changes, and removed ones who give theirs up.
    stepping_aside: list[uuid.UUID] = dataclasses.field(default_factory=list)
    giving_up: list[uuid.UUID] = dataclasses.field(default_factory=list)
    problems: list[Problem] = dataclasses.field(default_factory=list)


def plan_import(organization: Organization, file: DirectoryFile) -> Plan:
    """Compare the file with the portal; writes nothing."""
    matching = _Matching(organization, file)
    stored = User.objects.filter(organization=organization)
    for person in stored.iterator(chunk_size=BATCH):
        matching.take(person)
    matching.finish()
    return matching.plan


class _Matching:
    """One comparison. A person is matched by object id, else by sign-in name."""

    def __init__(self, organization: Organization, file: DirectoryFile) -> None:
        self.plan = Plan()
        self.organization = organization
        self.file = file
        self.by_upn = {entry.upn.lower(): entry for entry in file.entries}
        self.by_email = {entry.email.lower(): entry for entry in file.entries}
        self.by_id = {e.object_id: e for e in file.entries if e.object_id}
        self.matched: set[int] = set()
        stored_ids = User.objects.filter(organization=organization)
        ids = stored_ids.exclude(object_id="").values_list("object_id", flat=True)
        self.stored_ids = {i for i in ids.iterator(chunk_size=BATCH) if i in self.by_id}

    def take(self, person: User) -> None:
        entry = self._entry_of(person)
        if entry is None:
            self._leave_alone(person)
            return
        self.matched.add(entry.line)
        could = person.can_sign_in
        changes = self._alter(person, entry)
        self._refuse_taken(person, self.by_email.get(person.email.lower()), entry)
        if not changes:
            self.plan.unchanged += 1
            return
        self.plan.changed.append((person, changes))
        if could and not person.can_sign_in:
            self.plan.lost.append(person)
        if not _ADDRESSES.isdisjoint(changes):
            self.plan.stepping_aside.append(person.pk)

    def finish(self) -> None:
        entries = self.file.entries
        self.plan.new = [e for e in entries if e.line not in self.matched]
        self._refuse_foreign()
        self.plan.problems.sort()

    def _entry_of(self, person: User) -> Entry | None:
        entry = self.by_id.get(person.object_id) if person.object_id else None
        if entry is not None:
            return entry
        entry = self.by_upn.get(person.upn.lower())
        if entry is None or entry.object_id in self.stored_ids:
            return None
        # Somebody who left, and a newcomer who got the same address: two people.
        if person.removed_at and person.object_id and entry.object_id:
            return None
        return entry

    def _leave_alone(self, person: User) -> None:
        by_upn = self.by_upn.get(person.upn.lower())
        entry = by_upn or self.by_email.get(person.email.lower())
        if entry is not None and person.removed_at:
            self.plan.giving_up.append(person.pk)
        else:
            self._refuse_taken(person, entry, None)
        self.plan.left_alone += 1

    def _refuse_taken(
        self, person: User, taker: Entry | None, own: Entry | None
    ) -> None:
        """Note it when another entry of the file has the address of `person`."""
        if taker is None or taker is own:
            return
        column = UPN if taker.upn.lower() == person.upn.lower() else PROXIES
        where = "not in this file" if own is None else f"on line {own.line}"
        sentence = f"The address is {person.display_name}'s, who is {where}."
        self.plan.problems.append(Problem(taker.line, column.title, sentence))

    def _alter(self, person: User, entry: Entry) -> tuple[str, ...]:
        """Make `person` what `entry` says; the names of the fields that changed."""
        changes = []
        for field in sorted(self.file.fields | {"is_guest", "email"}):
            value = getattr(entry, field)
            if field == "email" and not self._says_email(person):
                continue
            if field == "object_id" and not value:
                continue
            if getattr(person, field) != value:
                setattr(person, field, value)
                changes.append(field)
        return tuple(changes)

    def _says_email(self, person: User) -> bool:
        """A file without proxy addresses knows only that of people who sign in by it.

        Called before the sign-in name changes, as fields change in order.
        """
        if "email" in self.file.fields:
            return True
        return person.email == person.upn.lower()

    def _refuse_foreign(self) -> None:
        """An address is of one person, whatever the organization."""
        others = User.objects.exclude(organization=self.organization)
        wanted = sorted({*self.by_upn, *self.by_email})
        by_email = set(_taken(others, "email", wanted))
        for taken in by_email.union(_taken(others, "upn", wanted)):
            by_upn = self.by_upn.get(taken)
            entry = by_upn or self.by_email[taken]
            column = UPN if by_upn else PROXIES
            sentence = f"“{taken}” belongs to another organization."
            self.plan.problems.append(Problem(entry.line, column.title, sentence))


def _taken(people: QuerySet[User], field: str, wanted: list[str]) -> Iterator[str]:
    lower = Lower(F(field), output_field=CharField())
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        found = people.annotate(address=lower).filter(address__in=batch)
        yield from found.values_list("address", flat=True)
