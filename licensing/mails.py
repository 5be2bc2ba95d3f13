"""What people are told by mail about their licenses."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.models import LicenseAssignment
from selfservice.activity.services import choices, mail
from selfservice.core import jobs

ASSIGNED_JOB = "licensing.mail_assigned"
TOLD_TOGETHER = 1000

mail.kinds.register("license_assigned", _("You have a license: %(product)s"))
choices.optional.register(
    "license_assigned",
    choices.Optional(
        _("Licenses that you are given"),
        _("A colleague gave you a license, and how to use it."),
    ),
)


def tell_assigned(rows: Sequence[LicenseAssignment]) -> None:
    """See to a mail for everybody who got one, in the caller's transaction.

    Only jobs, a statement for a thousand: others wait for the subscriptions that are
    locked here. Whoever gave it to themselves knows.
    """
    given = [row for row in rows if row.user_id != row.assigned_by_id]
    for part in itertools.batched(given, TOLD_TOGETHER):
        jobs.enqueue(
            ASSIGNED_JOB,
            organization_id=str(part[0].organization_id),
            assignment_ids=[str(row.pk) for row in part],
        )


def queue_assigned(
    organization_id: uuid.UUID, assignment_ids: Sequence[uuid.UUID]
) -> None:
    """Queue the mails about these licenses, one each however often it is called.

    What was taken back before anybody was told stays untold.
    """
    rows = LicenseAssignment.objects.select_related(
        "user", "product", "assigned_by"
    ).filter(
        organization_id=organization_id,
        pk__in=assignment_ids,
        ended_at=None,
        suspended_at=None,
    )
    mail.queue_all(_letter(row) for row in rows)


def _letter(row: LicenseAssignment) -> mail.Letter:
    giver = row.assigned_by.display_name if row.assigned_by else ""
    return mail.Letter(
        kind="license_assigned",
        organization_id=row.organization_id,
        subject_id=row.pk,
        to=row.user,
        path=reverse("licensing:my_licenses"),
        facts={"product": row.product.name, "giver": giver},
    )
