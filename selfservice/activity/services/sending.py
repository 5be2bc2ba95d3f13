"""Sending the mail that waits: rendered in the reader's language, each by itself.

A row stays locked from before the mail server is asked until its answer is
committed. So two workers never send the same one, and only a worker killed between
the server's yes and its own commit lets it be sent again, under the same Message-ID.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
import uuid
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Count, Min
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from selfservice.activity.models import Mail, MailState
from selfservice.activity.services import choices, mail
from selfservice.activity.services.mail_headers import Message
from selfservice.core import clock, jobs
from selfservice.core.errors import DomainError

logger = logging.getLogger(__name__)

ATTEMPTS = 10
# Its job has given up by then, if there still is one.
LEFT_BEHIND_AFTER = dt.timedelta(hours=12)
AT_ONCE = 500
# What a mail server answers when trying again is no use.
PERMANENT = 500


class MailWaits(RuntimeError):
    """Some mail could not be sent yet; the job is to be tried again."""


def send_all(organization_id: uuid.UUID, mail_ids: Sequence[uuid.UUID]) -> None:
    """Send what waits of these; one that fails doesn't keep the others.

    Must be called outside any transaction. Raises MailWaits.
    """
    states = [_send(organization_id, mail_id) for mail_id in mail_ids]
    waiting = states.count(MailState.WAITING)
    if waiting:
        raise MailWaits(f"{waiting} of {len(states)} mails have to wait")


def requeue_left_behind() -> int:
    """Give mail that lost its job another one; how many."""
    before = timezone.now() - LEFT_BEHIND_AFTER
    found = Mail.objects.filter(state=MailState.WAITING, created_at__lt=before)
    rows = list(found.values_list("organization_id", "pk")[:AT_ONCE])
    for organization_id, pk in rows:
        jobs.enqueue(
            mail.SEND_JOB,
            key=f"mail-{pk}",
            organization_id=str(organization_id),
            mail_ids=[str(pk)],
        )
    return len(rows)


def waiting_facts() -> dict[str, float | str]:
    """How many mails wait, whoever's they are, and the oldest's age in seconds."""
    waiting, since = (
        Mail.objects.filter(state=MailState.WAITING)
        .aggregate(n=Count("*"), since=Min("created_at"))
        .values()
    )
    age = (timezone.now() - since).total_seconds() if since else 0.0
    return {"waiting": waiting, "age_seconds": round(age, 1)}


def message_of(row: Mail) -> EmailMultiAlternatives:
    """The mail as it goes out; the same row always has the same Message-ID.

    Raises UnknownMail.
    """
    subject = mail.kinds.get(row.kind)
    if subject is None:
        raise mail.UnknownMail(row.kind)
    portal = settings.PORTAL_BASE_URL.rstrip("/")
    headers = {
        "Message-ID": f"<{row.pk}@{urlsplit(portal).hostname}>",
        # The demo's readers are where its clock is.
        "Date": format_datetime(clock.now()),
    }
    context: dict[str, object] = {
        **mail.unpack(row.context),
        "name": row.name,
        "link": portal + row.path,
        "portal": portal,
    }
    if choices.is_reminder(row.kind):
        token = choices.unsubscribe_token(row)
        stop = portal + reverse("portal:unsubscribe", args=[token])
        headers |= _unsubscribing(stop)
        context["unsubscribe"] = stop
        context["notifications"] = portal + reverse("portal:notifications")
    with translation.override(row.language), timezone.override(ZoneInfo(row.zone)):
        if row.kind == choices.DIGEST:
            context["rows"] = _parts(context["rows"], portal)
        # A name with a line break must not end the header.
        context["subject"] = " ".join((str(subject) % context).split())
        message = Message(
            subject=str(context["subject"]),
            body=render_to_string(f"mail/{row.kind}.txt", context).strip() + "\n",
            to=[row.address],
            headers=headers,
        )
        html = render_to_string(f"mail/{row.kind}.html", context)
    message.attach_alternative(html, "text/html")
    return message


def _unsubscribing(url: str) -> dict[str, str]:
    """One press in the reader's mail program: RFC 8058."""
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _parts(rows: Any, portal: str) -> list[dict[str, str]]:
    """Each reminder of a digest in its own words, which HTML has yet to escape."""
    engine = Engine.get_default()
    return [
        {
            "text": _words(engine, f"mail/_{row['kind']}.txt", row),
            "link": portal + row["path"],
            "product": row["product"],
        }
        for row in rows
    ]


def _words(engine: Engine, template: str, facts: dict[str, Any]) -> str:
    made = engine.get_template(template).render(Context(facts, autoescape=False))
    # A template calls what it made safe; this isn't.
    return "".join(made)


def _send(organization_id: uuid.UUID, mail_id: uuid.UUID) -> str:
    """The row's state afterwards; empty when there was nothing to do."""
    try:
        files = _files(organization_id, mail_id)
    except DomainError as error:
        logger.warning("Mail %s waits for its files: %s", mail_id, type(error).__name__)
        return MailState.WAITING
    with transaction.atomic(durable=True):
        row = (
            Mail.objects.select_for_update(skip_locked=True)
            .filter(
                organization_id=organization_id, pk=mail_id, state=MailState.WAITING
            )
            .first()
        )
        if row is None:
            return ""
        row.attempts += 1
        _deliver(row, files)
        row.save(update_fields=["state", "attempts", "sent_at", "error", "context"])
    return row.state


def _files(organization_id: uuid.UUID, mail_id: uuid.UUID) -> list[mail.Attachment]:
    """What goes with it, got before the row is locked. Raises DomainError."""
    row = Mail.objects.filter(
        organization_id=organization_id,
        pk=mail_id,
        state=MailState.WAITING,
        kind__in=list(mail.attachments),
    ).first()
    get = mail.attachments.get(row.kind) if row else None
    if row is None or get is None:
        return []
    with translation.override(row.language):
        return get(row)


def _deliver(row: Mail, files: Sequence[mail.Attachment] = ()) -> None:
    message = message_of(row)
    for file in files:
        message.attach(file.name, file.content, file.content_type)
    try:
        message.send()
    except (OSError, ValueError) as error:
        # The server's own words may name the address.
        row.error = type(error).__name__
        if _is_permanent(error) or row.attempts >= ATTEMPTS:
            row.state = MailState.FAILED
            row.context = {}
        logger.warning("Mail %s, attempt %d: %s", row.pk, row.attempts, row.error)
        return
    row.state = MailState.SENT
    row.sent_at = timezone.now()
    row.error = ""
    # The reader has it now; nobody else needs the names in it.
    row.context = {}


def _is_permanent(error: OSError | ValueError) -> bool:
    """Whether it is the address: refused for good, or not even one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT for code, _words in error.recipients.values())
    return isinstance(error, ValueError)
