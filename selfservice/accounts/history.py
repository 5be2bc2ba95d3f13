"""Entries of the activity log as people read them: who, what, before and after."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.accounts.models import User
from selfservice.activity import words
from selfservice.activity.models import Activity, ActivityDetail
from selfservice.activity.queries import details_of
from selfservice.core.numbers import Grouped
from selfservice.core.statements import IsAny, Later, Statement

# More names would fill the page; how many there are is said.
NAMED = 3
type Names = Mapping[uuid.UUID, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about, as the reader knows it."""

    title: str
    url: str = ""


type Subjects = Callable[[set[uuid.UUID]], Mapping[uuid.UUID, Subject]]


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One entry in words: "Anna", "bought 25 licenses", "Price: 10 → 12"."""

    entry: Activity
    who: str
    what: str
    changes: list[str]
    origin: str = ""
    subject: Subject | None = None

    @property
    def happened_at(self) -> dt.datetime:
        return self.entry.happened_at

    @property
    def group(self) -> str:
        return words.group_of(self.entry)


def lines_of(
    entries: Collection[Activity],
    reader: User,
    *,
    using: str = "default",
    origins: bool = False,
    subjects: Subjects | None = None,
) -> list[Line]:
    """Entries of the reader's organization, in a fixed number of statements.

    One for the names; with `origins` one for where it was done from; with
    `subjects` whatever that asks. People who are the subject are named anyway.
    """
    organization_id = reader.organization_id
    details = details_of(organization_id, entries, using) if origins else {}
    titles = subjects({e.subject_id for e in entries}) if subjects else {}
    names = names_of(organization_id, _people_in(entries), using)
    return [
        Line(
            entry,
            _who(entry, reader, names, details.get(entry.pk)),
            words.what(entry),
            list(_changes(entry, names)),
            details[entry.pk].origin if entry.pk in details else "",
            titles.get(entry.subject_id) or _person(entry, names),
        )
        for entry in entries
    ]


def names_of(
    organization_id: uuid.UUID, ids: set[uuid.UUID], using: str = "default"
) -> dict[uuid.UUID, str]:
    """The display names of people of one organization."""
    if not ids:
        return {}
    return dict(_names(using).rows(organization=organization_id, people=list(ids)))


@lru_cache
def _names(using: str) -> Statement[tuple[uuid.UUID, str]]:
    people = User.objects.using(using).filter(
        IsAny(F("pk"), Later("people")), organization_id=Later("organization")
    )
    return Statement(people.values_list("pk", "display_name"))


def _people_in(entries: Iterable[Activity]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for entry in entries:
        if entry.actor_id:
            found.add(entry.actor_id)
        if entry.subject_kind == "user":
            found.add(entry.subject_id)
        for given in (entry.before, entry.after):
            for name, value in given.items():
                known = words.facts.get(name)
                if known and known.people:
                    found.update(_keys(value)[:NAMED])
    return found


def _person(entry: Activity, names: Names) -> Subject | None:
    name = names.get(entry.subject_id, "") if entry.subject_kind == "user" else ""
    return Subject(name) if name else None


def _keys(value: Any) -> list[uuid.UUID]:
    return [uuid.UUID(key) for key in str(value).split()]


def _who(
    entry: Activity, reader: User, names: Names, detail: ActivityDetail | None
) -> str:
    other = words.whoever_else(entry)
    if other:
        return other
    if not entry.actor_id:
        return _("The portal")
    if entry.actor_id == reader.pk:
        return _("You")
    known = names.get(entry.actor_id) or (detail.name if detail else "")
    return known or _("Somebody who left")


def _changes(entry: Activity, names: Names) -> Iterator[str]:
    for name in sorted({*entry.before, *entry.after}):
        fact = words.facts.get(name)
        if fact is None:
            continue
        before, after = (
            _value(fact, given.get(name), names)
            for given in (entry.before, entry.after)
        )
        if before and after:
            yield f"{fact.label}: {before} → {after}"
        elif after and not fact.only_changed:
            yield f"{fact.label}: {after}"


def _value(fact: words.FactWords, value: Any, names: Names) -> str:
    if value is None or value == "":
        return ""
    if not fact.people:
        return words.value_words(fact, value)
    keys = _keys(value)
    known = [names.get(key, _("Somebody who left")) for key in keys[:NAMED]]
    if len(keys) > NAMED:
        more = len(keys) - NAMED
        known.append(
            ngettext("%(count)s other", "%(count)s others", more)
            % {"count": Grouped(more)}
        )
    return ", ".join(known)
