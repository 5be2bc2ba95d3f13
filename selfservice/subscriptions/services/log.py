"""What the log says about a subscription."""

from __future__ import annotations

import uuid

from selfservice.activity.services.record import Change, Facts, record
from selfservice.subscriptions.models import Subscription


def log(
    subscription: Subscription,
    verb: str,
    *,
    by: uuid.UUID | None,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    """Write one entry, in the caller's transaction; `by` is null for the portal."""
    record(
        Change(
            organization_id=subscription.organization_id,
            actor_id=by,
            subject_kind="subscription",
            subject_id=subscription.pk,
            verb=verb,
            before=before or {},
            after=after or {},
        )
    )
