"""What the admins of an organization are told by mail."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from selfservice.accounts.models import User
from selfservice.accounts.queries import admins_of
from selfservice.activity.services import mail
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.recurring import ends_without_renewal

# A mail names so many; the page that it leads to has them all.
NAMED = 20

mail.kinds.register("purchaser_left", _("A purchaser has left: %(person)s"))


def purchasers_left(
    organization_id: uuid.UUID, subscriptions: Iterable[Subscription]
) -> None:
    """Queue one mail an admin and purchaser, in the caller's transaction.

    `subscriptions` are running, have their product, and aren't renewed any more. The
    same again changes nothing.
    """
    theirs: dict[uuid.UUID, list[Subscription]] = {}
    for subscription in subscriptions:
        theirs.setdefault(subscription.purchaser_id, []).append(subscription)
    if not theirs:
        return
    admins = admins_of(organization_id)
    people = User.objects.filter(organization_id=organization_id, pk__in=theirs)
    mail.queue_all(
        _letter(admin, person, theirs[person.pk])
        for person in people.order_by("pk")
        for admin in admins
        if admin.pk != person.pk
    )


def _letter(admin: User, person: User, rows: Sequence[Subscription]) -> mail.Letter:
    soonest = sorted(rows, key=_ends_at)
    purchases = reverse("oversight:purchases")
    return mail.Letter(
        kind="purchaser_left",
        organization_id=person.organization_id,
        subject_id=person.pk,
        period=_period(rows),
        to=admin,
        path=f"{purchases}?purchaser={person.pk}",
        zone=admin.organization.time_zone,
        facts={
            "person": person.display_name,
            "upn": person.upn,
            "count": len(rows),
            "more": max(len(rows) - NAMED, 0),
            "rows": [
                {
                    "product": row.product.name,
                    "ends": _ends_at(row),
                    "quantity": row.quantity,
                    "assigned": row.assigned,
                }
                for row in soonest[:NAMED]
            ],
        },
    )


def _ends_at(subscription: Subscription) -> dt.datetime:
    return min(
        ends_without_renewal(subscription), lifecycle.disabled_from(subscription)
    )


def _period(rows: Sequence[Subscription]) -> str:
    """The same for the same news; whoever comes back and leaves again is told of."""
    told = " ".join(sorted(f"{row.pk} {row.change_number}" for row in rows))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
