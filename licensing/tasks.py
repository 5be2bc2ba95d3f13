"""The background work of licensing."""

from __future__ import annotations

import logging
import uuid

from licensing import mails
from licensing.queries import miscounted
from licensing.services.bulk import BULK_JOB, carry_out, forget_old
from licensing.services.ending import end_deleted
from licensing.services.suspending import SUSPEND_JOB, suspend_all, suspend_disabled
from selfservice.core import jobs

logger = logging.getLogger(__name__)


@jobs.job(mails.ASSIGNED_JOB)
def mail_assigned(organization_id: str, assignment_ids: list[str]) -> None:
    mails.queue_assigned(
        uuid.UUID(organization_id), [uuid.UUID(pk) for pk in assignment_ids]
    )


@jobs.job(BULK_JOB)
def bulk(organization_id: str, bulk_id: str) -> None:
    carry_out(uuid.UUID(organization_id), uuid.UUID(bulk_id))


@jobs.job(SUSPEND_JOB)
def suspend(organization_id: str, subscription_id: str) -> None:
    suspend_all(uuid.UUID(organization_id), uuid.UUID(subscription_id))


@jobs.periodic("licensing.suspend_disabled", cron="25 * * * *")
def suspend_disabled_hourly() -> None:
    """Every hour: whose license is of no use any more can get another one."""
    suspended = suspend_disabled()
    if suspended:
        logger.info("%d licenses of disabled subscriptions suspended", suspended)


@jobs.periodic("licensing.compare_counters", cron="10 2 * * *")
def compare_counters() -> None:
    """Every night: the counters against the rows they count. Never a difference."""
    for subscription_id, counted, live in miscounted():
        logger.error(
            "Subscription %s counts %d licenses, %d are assigned",
            subscription_id,
            counted,
            live,
        )


@jobs.periodic("licensing.end_deleted", cron="50 2 * * *")
def end_deleted_by_night() -> None:
    """Every night: licenses of what is Deleted end; the state says so all the time."""
    ended = end_deleted()
    if ended:
        logger.info("%d licenses of deleted subscriptions ended", ended)


@jobs.periodic("licensing.forget_lists", cron="40 3 * * *")
def forget_lists() -> None:
    """Every night: lists of addresses aren't kept longer than they are of use."""
    forgotten = forget_old()
    if forgotten:
        logger.info("%d lists of people forgotten", forgotten)
