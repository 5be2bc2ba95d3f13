"""Which licenses somebody has and had; lists that they typed are erased."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from licensing.models import BulkList, LicenseAssignment
from selfservice.core import personal

_LICENSE: list[tuple[str, Any]] = [
    ("product__name", _("Product")),
    ("purchaser__display_name", _("Purchaser")),
    ("assigned_at", _("Assigned on")),
    ("assigned_by__display_name", _("Assigned by")),
    ("suspended_at", _("Suspended on")),
    ("ended_at", _("Ended on")),
]


def register_all() -> None:
    personal.personal_data.register(parts)
    personal.person_erased.register(erase)


def parts(asked: personal.Asked) -> list[personal.Part]:
    held = LicenseAssignment.objects.filter(
        organization_id=asked.organization_id, user_id=asked.person_id
    )
    return [
        personal.Part(
            "licenses",
            _("Licenses that you were given"),
            _("They end with an erasure, and stay as history without your name."),
            _LICENSE,
            held.order_by("pk").values_list(*(name for name, _label in _LICENSE)),
            stays=True,
        )
    ]


def erase(erased: personal.Erased) -> int:
    """Lists for bulk are kept for a week, with the addresses that were typed."""
    lists = BulkList.objects.filter(organization_id=erased.organization_id)
    count = lists.filter(purchaser_id=erased.person_id).delete()[0]
    typed = lists.filter(
        Q(unknown__contains=[erased.address]) | Q(strange__contains=[erased.address])
    )
    address = Value(erased.address)
    return count + typed.update(
        unknown=Func(F("unknown"), address, function="array_remove"),
        strange=Func(F("strange"), address, function="array_remove"),
    )
