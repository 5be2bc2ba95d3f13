"""The background work of activity: sending mail, sealing the log, forgetting."""

from __future__ import annotations

import uuid

from selfservice.activity.services import forgetting, mail, sealing, sending
from selfservice.core import jobs


@jobs.job(mail.SEND_JOB, attempts=sending.ATTEMPTS)
def send_mail(organization_id: str, mail_ids: list[str]) -> None:
    sending.send_all(uuid.UUID(organization_id), [uuid.UUID(pk) for pk in mail_ids])


@jobs.periodic("activity.sweep_mail", cron="20 * * * *")
def sweep_mail() -> None:
    """Every hour: mail whose job was lost, or gave up before the mail did."""
    sending.requeue_left_behind()


@jobs.periodic("activity.seal", cron="* * * * *")
def seal() -> None:
    """Every minute: what was written since goes into the chains."""
    sealing.seal_all()


@jobs.periodic("activity.forget_origins", cron="10 3 * * *")
def forget_origins() -> None:
    """Every night: network addresses that are older than the settings allow."""
    forgetting.forget_origins()
