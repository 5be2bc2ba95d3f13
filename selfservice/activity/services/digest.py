"""Reminders that somebody gets as one mail a day."""

from __future__ import annotations

import dataclasses
import uuid
from typing import cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from selfservice.activity.models import Mail, MailState
from selfservice.activity.services import mail
from selfservice.activity.services.choices import DIGEST

NAMED = 3

mail.kinds.register(DIGEST, _("Coming up: %(products)s"))


@dataclasses.dataclass(slots=True)
class _SameReader:
    pk: uuid.UUID
    email: str
    language: str
    display_name: str


def send_digests(path: str) -> int:
    """Queue one mail a reader with all that is gathered; how many.

    `path` is the page that it leads to. Must be called outside a transaction.
    """
    gathered = Mail.objects.filter(state=MailState.GATHERED)
    readers = gathered.values_list("organization_id", "recipient_id").distinct()
    return sum(_digest(*reader, path) for reader in list(readers))


@transaction.atomic
def _digest(organization_id: uuid.UUID, person_id: uuid.UUID, path: str) -> bool:
    rows = list(
        Mail.objects.select_for_update()
        .filter(
            organization_id=organization_id,
            recipient_id=person_id,
            state=MailState.GATHERED,
        )
        .order_by("pk")
    )
    if not rows:
        return False
    last = rows[-1]
    told: list[dict[str, mail.PlainFact]] = [
        {**_plain(row), "kind": row.kind, "path": row.path} for row in rows
    ]
    products = list(dict.fromkeys(str(each["product"]) for each in told))
    more = "…" if len(products) > NAMED else ""
    mail.queue(
        mail.Letter(
            kind=DIGEST,
            organization_id=organization_id,
            subject_id=person_id,
            # Two on one day are two, and the same again is the same.
            period=str(rows[0].pk),
            to=_SameReader(person_id, last.address, last.language, last.name),
            path=path,
            zone=last.zone,
            facts={"rows": told, "products": ", ".join(products[:NAMED]) + more},
        )
    )
    Mail.objects.filter(
        organization_id=organization_id, pk__in=[row.pk for row in rows]
    ).update(state=MailState.SENT, sent_at=timezone.now(), context={})
    return True


def _plain(row: Mail) -> dict[str, mail.PlainFact]:
    """What a reminder says; none of them has a list in it."""
    return cast(dict[str, mail.PlainFact], mail.unpack(row.context))
