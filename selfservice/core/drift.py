"""What we have against what Stripe has, in one shape for every room.

A room compares its own rows, page by page, and hands whatever differs to `judge`,
which looks at both sides once more before anything is called drift.
"""

from __future__ import annotations

import dataclasses
import enum
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from selfservice.core.errors import DomainError

log = logging.getLogger(__name__)


class Outcome(enum.StrEnum):
    """What became of a difference."""

    DRIFT = "drift"
    MENDED = "mended"
    # It was to be mended, and nobody here can.
    LEFT = "not mended"
    UNDER_WAY = "under way"
    # On a customer of ours, but made by somebody else: only told.
    STRANGER = "not ours"


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One thing about which the two sides disagree, in words.

    `note` says what a person can do where ours can't follow theirs; `where` is
    where theirs stands.
    """

    what: str
    ours: str
    theirs: str
    note: str = ""
    where: str = "at Stripe"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A difference with what it is about and what became of it."""

    subject: str
    difference: Difference
    ids: tuple[str, ...]
    outcome: Outcome
    note: str = ""

    def __str__(self) -> str:
        found = self.difference
        line = (
            f"{self.outcome}: {self.subject}, {found.what}: {found.ours} here,"
            f" {found.theirs} {found.where} [{', '.join(filter(None, self.ids))}]"
        )
        return f"{line} {self.note}" if self.note else line


@dataclasses.dataclass(slots=True)
class Comparison:
    """One run: whether it mends, and how much of what was compared so far."""

    fix: bool = False
    compared: Counter[str] = dataclasses.field(default_factory=Counter)

    @property
    def unmended(self) -> Outcome:
        """What a difference is that this run can't mend."""
        return Outcome.LEFT if self.fix else Outcome.DRIFT


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """Something that both sides have, and how to look at it and mend ours.

    `look` reads both sides again; `mend` is the service that webhooks use;
    `under_way` tells whether an operation or event about it isn't settled yet.
    """

    name: str
    ids: tuple[str, ...]
    look: Callable[[], Sequence[Difference]]
    mend: Callable[[], object]
    under_way: Callable[[], bool]


def judge(subject: Subject, run: Comparison) -> Iterator[Finding]:
    """Look again, mend if the run does, and tell what is left.

    Must be called outside any transaction. Raises what `look` raises.
    """
    # Asked before and after: what settles while we look was under way, not drift.
    waits = subject.under_way()
    found = subject.look()
    if not found:
        return
    if waits or subject.under_way():
        yield from _all(subject, found, Outcome.UNDER_WAY)
        return
    if not run.fix:
        yield from _all(subject, found, Outcome.DRIFT)
        return
    error = _mend(subject)
    left = subject.look()
    mended = [one for one in found if one.what not in {other.what for other in left}]
    yield from _all(subject, mended, Outcome.MENDED)
    yield from _all(subject, left, Outcome.LEFT, error)


def _mend(subject: Subject) -> str:
    """Empty, or why it didn't work."""
    try:
        subject.mend()
    except DomainError as error:
        return str(getattr(error, "detail", error))
    except Exception as error:
        # One that can't be mended must not keep the others waiting.
        log.exception("%s can't be mended", subject.name)
        return f"{type(error).__name__}: {error}"
    return ""


def _all(
    subject: Subject, found: Sequence[Difference], outcome: Outcome, error: str = ""
) -> Iterator[Finding]:
    for one in found:
        note = "" if outcome == Outcome.MENDED else error or one.note
        yield Finding(subject.name, one, subject.ids, outcome, note)


def differing(**pairs: tuple[object, object]) -> list[Difference]:
    """Those of the named pairs (ours, theirs) that aren't equal, in words."""
    return [
        Difference(name.replace("_", " "), said(ours), said(theirs))
        for name, (ours, theirs) in pairs.items()
        if ours != theirs
    ]


def said(value: object) -> str:
    """A value as a person reads it in a line."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
