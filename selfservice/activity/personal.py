"""What the log and the mail know about a person, and how it is erased."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from selfservice.activity.models import (
    InvoiceMail,
    LeadTimes,
    Mail,
    MailChoices,
    MailState,
)
from selfservice.activity.services.forgetting import forget_person
from selfservice.core import personal
from selfservice.core.csv_export import in_chunks

# In the place of a mail's error, where it is never sent.
ERASED = "Erased"


def register_all() -> None:
    personal.personal_data.register(parts)
    personal.person_erased.register(erase)


def parts(asked: personal.Asked) -> list[personal.Part]:
    theirs: dict[str, Any] = {
        "organization_id": asked.organization_id,
        "person_id": asked.person_id,
    }
    return [
        personal.Part(
            "mails",
            _("Emails to you"),
            _("What we wrote to you and when; the text itself isn't kept."),
            [
                ("kind", _("Kind")),
                ("address", _("Address")),
                ("state", _("Status")),
                ("made", _("Made on")),
                ("sent", _("Sent on")),
                ("leads_to", _("Leads to")),
            ],
            _mails(asked),
        ),
        personal.Part(
            "mail_choices",
            _("Choices about email"),
            _("Which emails you want, and how."),
            [("turned_off", _("Turned off")), ("digest", _("As a digest"))],
            MailChoices.objects.filter(**theirs).values_list("off", "digest"),
        ),
        personal.Part(
            "lead_times",
            _("Days before"),
            _("How long before something happens you want to hear of it."),
            [("subscription", _("Subscription")), ("days", _("Days"))],
            LeadTimes.objects.filter(**theirs).values_list("subject_id", "days"),
        ),
    ]


def _mails(asked: personal.Asked) -> Iterator[list[object]]:
    rows = Mail.objects.filter(
        organization_id=asked.organization_id, recipient_id=asked.person_id
    )
    for row in in_chunks(rows.defer("context")):
        yield [
            row.kind,
            row.address,
            row.state,
            row.created_at,
            row.sent_at,
            row.path,
        ]


def erase(erased: personal.Erased) -> int:
    """Who it was goes; that something was done, and that a mail was sent, stays."""
    here = {"organization_id": erased.organization_id}
    theirs: dict[str, Any] = {**here, "person_id": erased.person_id}
    count = forget_person(erased.organization_id, erased.person_id)
    # Also what went to that address because a colleague had invoices sent there.
    mails = Mail.objects.filter(
        Q(recipient_id=erased.person_id) | Q(address__iexact=erased.address), **here
    )
    mails.filter(state__in=[MailState.WAITING, MailState.GATHERED]).update(
        state=MailState.FAILED, error=ERASED
    )
    count += mails.update(address="", name="", context={})
    count += MailChoices.objects.filter(**theirs).delete()[0]
    count += LeadTimes.objects.filter(**theirs).delete()[0]
    also_to = InvoiceMail.objects.filter(recipients__contains=[erased.address], **here)
    without = Func(F("recipients"), Value(erased.address), function="array_remove")
    return count + also_to.update(recipients=without)
