"""How the activity log tells who got licenses and who lost them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from selfservice.activity.words import FactWords, Group, facts, register_verbs


def register_all() -> None:
    register_verbs(
        Group.PEOPLE,
        licenses_assigned=ngettext_lazy(
            "assigned %(count)s license", "assigned %(count)s licenses", "count"
        ),
        licenses_unassigned=ngettext_lazy(
            "unassigned %(count)s license", "unassigned %(count)s licenses", "count"
        ),
        licenses_suspended=ngettext_lazy(
            "suspended %(count)s license", "suspended %(count)s licenses", "count"
        ),
        licenses_returned=ngettext_lazy(
            "gave %(count)s license back", "gave %(count)s licenses back", "count"
        ),
    )
    facts.register("people", FactWords(_("People"), people=True))
