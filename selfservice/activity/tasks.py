"""The background work of activity: sending mail."""

from __future__ import annotations

import uuid

from selfservice.activity.services import mail, sending
from selfservice.core import jobs


@jobs.job(mail.SEND_JOB, attempts=sending.ATTEMPTS)
def send_mail(organization_id: str, mail_ids: list[str]) -> None:
    sending.send_all(uuid.UUID(organization_id), [uuid.UUID(pk) for pk in mail_ids])


@jobs.periodic("activity.sweep_mail", cron="20 * * * *")
def sweep_mail() -> None:
    """Every hour: mail whose job was lost, or gave up before the mail did."""
    sending.requeue_left_behind()
