"""Why somebody can't get a license, in sentences."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.accounts.models import User
from selfservice.core.errors import DomainError
from selfservice.core.numbers import Grouped

# So many are named where there is one sentence for all.
NAMED = 5


class Reason(enum.Enum):
    """What stands in the way of one person."""

    HAS_ONE = "has_one"
    HAS_NONE = "has_none"
    GUEST = "guest"
    DISABLED = "disabled"
    REMOVED = "removed"
    NO_LOCATION = "no_location"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """One person, and why not. Who isn't in the organization has no name here."""

    name: str
    reason: Reason

    def __str__(self) -> str:
        return _sentences()[self.reason] % {"name": self.name}


def _sentences() -> dict[Reason, str]:
    return {
        Reason.HAS_ONE: _("%(name)s already has a license."),
        Reason.HAS_NONE: _("%(name)s has no license."),
        Reason.GUEST: _("%(name)s is a guest. Guests can't get licenses."),
        Reason.DISABLED: _("%(name)s can't sign in: the account is disabled."),
        Reason.REMOVED: _("%(name)s is no longer in your organization's directory."),
        Reason.NO_LOCATION: _(
            "%(name)s has no usage location. Ask your admin to fill it in."
        ),
        Reason.UNKNOWN: _("Somebody you chose isn't in your organization."),
    }


def reason_against(person: User | None, holders: set[uuid.UUID]) -> Reason | None:
    """Why this person can't get a license; null when they can."""
    if person is None:
        return Reason.UNKNOWN
    obstacles = {
        Reason.REMOVED: person.removed_at is not None,
        Reason.DISABLED: not person.is_active,
        Reason.GUEST: person.is_guest,
        Reason.HAS_ONE: person.pk in holders,
        Reason.NO_LOCATION: not person.usage_location,
    }
    return next((reason for reason, stands in obstacles.items() if stands), None)


class CannotAssign(DomainError):
    """Nobody got a license. `refusals` say why not, person by person.

    `missing` is how many licenses there are too few; 0 when that isn't the reason.
    """

    def __init__(
        self, sentence: str, *, refusals: Sequence[Refusal] = (), missing: int = 0
    ) -> None:
        super().__init__(sentence)
        self.refusals = tuple(refusals)
        self.missing = missing


def too_many(wanted: int, at_once: int) -> CannotAssign:
    over = wanted - at_once
    return CannotAssign(
        ngettext(
            "You can assign up to %(most)s licenses at a time. You chose %(wanted)s"
            " people: take %(over)s person off and assign again.",
            "You can assign up to %(most)s licenses at a time. You chose %(wanted)s"
            " people: take %(over)s people off and assign again.",
            over,
        )
        % {"most": Grouped(at_once), "wanted": Grouped(wanted), "over": Grouped(over)}
    )


def nobody_chosen() -> CannotAssign:
    return CannotAssign(_("Choose at least one person."))


def people_refused(refusals: Sequence[Refusal], wanted: int) -> CannotAssign:
    if wanted == 1:
        return CannotAssign(_("No license was assigned."), refusals=refusals)
    sentence = ngettext(
        "Nobody got a license, because %(count)s of the %(wanted)s people can't get"
        " one. Take that person off and assign again.",
        "Nobody got a license, because %(count)s of the %(wanted)s people can't get"
        " one. Take them off and assign again.",
        len(refusals),
    ) % {"count": Grouped(len(refusals)), "wanted": Grouped(wanted)}
    return CannotAssign(sentence, refusals=refusals)


def not_given_back(refusals: Sequence[Refusal]) -> CannotAssign:
    sentence = ngettext(
        "Nobody got a license back, because %(count)s person can't have it again:"
        " %(first)s",
        "Nobody got a license back, because %(count)s people can't have it again:"
        " %(first)s",
        len(refusals),
    ) % {
        "count": Grouped(len(refusals)),
        "first": " ".join(str(refusal) for refusal in refusals[:NAMED]),
    }
    return CannotAssign(sentence, refusals=refusals)


def none_active() -> CannotAssign:
    return CannotAssign(
        _(
            "No license can be assigned now, because none of your subscriptions to"
            " this product is active."
        )
    )


def too_few(*, wanted: int, free: int, held_back: int) -> CannotAssign:
    """`held_back` are licenses that a smaller number at renewal takes away."""
    missing = wanted - free
    sentence = ngettext(
        "%(missing)s license is missing: you chose %(wanted)s, %(free)s available."
        " Take people off, or buy licenses.",
        "%(missing)s licenses are missing: you chose %(wanted)s, %(free)s available."
        " Take people off, or buy licenses.",
        missing,
    ) % {"missing": Grouped(missing), "wanted": Grouped(wanted), "free": Grouped(free)}
    if held_back:
        sentence += " " + going_away(held_back)
    return CannotAssign(sentence, missing=missing)


def going_away(count: int) -> str:
    """Of licenses that are free until a renewal, after which they are fewer."""
    return ngettext(
        "%(count)s license goes away at renewal: undo that change to assign it.",
        "%(count)s licenses go away at renewal: undo that change to assign them.",
        count,
    ) % {"count": Grouped(count)}


def overtaken() -> CannotAssign:
    return CannotAssign(
        _("Somebody else changed these licenses at the same moment. Assign again.")
    )
