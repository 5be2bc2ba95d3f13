"""How the activity log tells what happens to accounts and money."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.activity.words import Group, Verb, register_verbs, verbs


def register_all() -> None:
    register_verbs(Group.BILLING, opened=_("opened a billing account"))
    verbs.register(
        "refunded", Verb(Group.BILLING, _("went back to the card"), _("Money"))
    )
    verbs.register(
        "refund_refused",
        Verb(Group.BILLING, _("refused a refund"), _("The payment provider")),
    )
