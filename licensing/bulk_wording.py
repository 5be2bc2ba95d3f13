"""What a list of people would do, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from licensing.bulk import Look
from licensing.models import Bulk, BulkList
from licensing.queries import Holding
from licensing.services.refusals import Reason
from selfservice.accounts.models import User
from selfservice.core.numbers import Grouped

# More are in the file.
NAMED = 100
# Without being unfolded.
NAMED_AT_ONCE = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """People with one outcome: name and address each, one of which may be empty."""

    label: str
    members: Sequence[tuple[str, str]]
    ready: bool = False

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def first(self) -> str:
        names = [name or address for name, address in self.members[:NAMED_AT_ONCE]]
        return ", ".join(names)

    @property
    def more(self) -> int:
        return max(self.count - NAMED_AT_ONCE, 0)

    @property
    def rest(self) -> list[str]:
        """Those that are shown when it is unfolded."""
        return [n or a for n, a in self.members[NAMED_AT_ONCE:NAMED]]

    @property
    def hidden(self) -> int:
        return max(self.count - NAMED, 0)


def groups_of(bulk: BulkList, look: Look) -> list[Group]:
    """The outcomes that somebody has; those who get or lose a license come first."""
    ready = (
        _("Lose their license") if bulk.does == Bulk.UNASSIGN else _("Get a license")
    )
    labels = {
        Reason.HAS_ONE: _("Already have a license"),
        Reason.HAS_NONE: _("Have no license"),
        Reason.GUEST: _("Guests, who can't get licenses"),
        Reason.DISABLED: _("Account is disabled"),
        Reason.REMOVED: _("No longer in the directory"),
        Reason.NO_LOCATION: _("No usage location: ask your admin to fill it in"),
    }
    groups = [Group(ready, _members(look.ready), ready=True)]
    groups += [
        Group(label, _members(look.others[reason]))
        for reason, label in labels.items()
        if reason in look.others
    ]
    if bulk.unknown:
        nobody = [("", address) for address in bulk.unknown]
        groups.append(Group(_("Not in the directory"), nobody))
    if bulk.strange:
        strange = [(entry, "") for entry in bulk.strange]
        groups.append(Group(_("Not an email address"), strange))
    return groups


def _members(people: Sequence[User]) -> list[tuple[str, str]]:
    return [(user.display_name, user.email) for user in people]


def said_of(bulk: BulkList, look: Look, holding: Holding) -> str:
    """What pressing the button does."""
    count = len(look.ready)
    names = {"count": Grouped(count), "product": holding.name}
    if bulk.does == Bulk.UNASSIGN:
        return ngettext(
            "%(count)s person loses %(product)s at once. The license is free again.",
            "%(count)s people lose %(product)s at once. The %(count)s licenses are free"
            " again.",
            count,
        ) % {**names}
    return ngettext(
        "%(count)s person gets %(product)s, and an email about it.",
        "%(count)s people get %(product)s, and an email about it: all of them, or"
        " nobody.",
        count,
    ) % {**names}
