"""How the activity log tells what happens to people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.accounts.models import Role
from selfservice.activity.words import FactWords, Group, facts, register_verbs


def register_all() -> None:
    register_verbs(
        Group.DIRECTORY,
        role_granted=_("granted a role"),
        directory_imported=_("imported the directory"),
        person_removed=_("removed somebody from the directory"),
        person_disabled=_("disabled somebody's account"),
        person_enabled=_("enabled somebody's account again"),
        person_erased=_("erased what says who somebody was"),
    )
    facts.register("role", FactWords(_("Role"), values=dict(Role.choices)))
    facts.register("new", FactWords(_("New people")))
    facts.register("changed", FactWords(_("Changed people")))
