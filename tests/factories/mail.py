"""The mail that is queued, and a worker that sends it now."""

from __future__ import annotations

import uuid
from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from selfservice.accounts.models import User
from selfservice.activity.models import Mail
from selfservice.activity.services.mail import SEND_JOB, Letter
from selfservice.activity.tasks import send_mail
from selfservice.core.money import Money


def make_letter(to: User, **fields: Any) -> Letter:
    """The confirmation of an order, unless `fields` say otherwise."""
    facts: dict[str, Any] = {
        "product": "Diagrams",
        "count": 12,
        "total": Money(71438, "EUR"),
        "card": "Visa •••• 4242",
        "trial_end": None,
        "term_end": None,
    }
    defaults: dict[str, Any] = {
        "kind": "order_confirmed",
        "organization_id": to.organization_id,
        "subject_id": uuid.uuid4(),
        "path": "/subscriptions/1/",
    }
    return Letter(to=to, facts=facts | fields.pop("facts", {}), **(defaults | fields))


def queued() -> list[dict[str, Any]]:
    """The arguments of the jobs that wait to send mail."""
    jobs = ProcrastinateJob.objects.filter(task_name=SEND_JOB, status="todo")
    return [job.args for job in jobs.order_by("id")]


def send_queued() -> None:
    """What a worker does with all of them."""
    for arguments in queued():
        send_mail(**arguments)


def kinds_queued() -> list[str]:
    return list(Mail.objects.order_by("id").values_list("kind", flat=True))
