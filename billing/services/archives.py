"""Gathering the PDFs of many invoices into one ZIP file, by the worker."""

from __future__ import annotations

import datetime as dt
import uuid
import zipfile
from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from billing import gateway
from billing.models import Invoice, InvoiceArchive, InvoiceArchiveFile
from selfservice.accounts.models import User
from selfservice.core import clock, jobs
from selfservice.core.errors import DomainError
from selfservice.core.numbers import Grouped

ARCHIVE_JOB = "billing.fill_archive"
MOST = 500
KEPT_FOR = dt.timedelta(hours=24)
# Of one person: the worker fetches every PDF from Stripe, and they all are kept.
MOST_AT_ONCE, MOST_KEPT = 3, 10


class CannotGather(DomainError):
    """No file can be made of this list; the sentence says why."""


def ask_for(found: QuerySet[Invoice], purchaser: User) -> InvoiceArchive:
    """Let the worker gather the PDFs of `found`; pressed twice, it is the same one.

    Of those that are done the newest are kept. Raises CannotGather for none, for more
    than `MOST`, and while `MOST_AT_ONCE` others are being made.
    """
    wanted, now = _wanted(found), clock.now()
    with transaction.atomic(durable=True):
        User.objects.select_for_update(no_key=True).only("pk").get(
            organization_id=purchaser.organization_id, pk=purchaser.pk
        )
        mine = InvoiceArchive.objects.filter(
            organization_id=purchaser.organization_id, purchaser=purchaser
        )
        same = mine.filter(finished_at=None, wanted=wanted, expires_at__gt=now).first()
        if same is not None:
            return same
        _make_room(mine, now)
        made = InvoiceArchive.objects.create(
            organization_id=purchaser.organization_id,
            purchaser=purchaser,
            wanted=wanted,
            asked_at=now,
            expires_at=now + KEPT_FOR,
        )
        jobs.enqueue(
            ARCHIVE_JOB,
            key=f"archive-{made.pk}",
            organization_id=str(made.organization_id),
            archive_id=str(made.pk),
        )
    return made


def _wanted(found: QuerySet[Invoice]) -> list[str]:
    keys = found.order_by("pk").values_list("pk", flat=True)[: MOST + 1]
    if not keys:
        raise CannotGather(_("There is no invoice in this list to put into a file."))
    if len(keys) > MOST:
        raise CannotGather(
            _(
                "The list has more than %(most)s invoices, the most that fit into one"
                " file. Choose a shorter period, and export it in parts."
            )
            % {"most": Grouped(MOST)}
        )
    return [str(key) for key in keys]


def _make_room(mine: QuerySet[InvoiceArchive], now: dt.datetime) -> None:
    """Let go of the oldest that are done. Raises CannotGather while many aren't."""
    if mine.filter(finished_at=None, expires_at__gt=now).count() >= MOST_AT_ONCE:
        raise CannotGather(
            _(
                "%(count)s files of yours are being made. Wait until one of them is"
                " done, and ask again."
            )
            % {"count": Grouped(MOST_AT_ONCE)}
        )
    done = mine.exclude(finished_at=None).order_by("-pk").values_list("pk", flat=True)
    mine.filter(pk__in=list(done[MOST_KEPT - 1 :])).delete()


def fill(organization_id: uuid.UUID, archive_id: uuid.UUID) -> None:
    """Fetch what is still missing, a file at a time; begun again, it goes on.

    Raises GatewayUnavailable: the queue tries again later.
    """
    archive = InvoiceArchive.objects.filter(
        organization_id=organization_id, pk=archive_id, finished_at=None
    ).first()
    if archive is None:
        return
    there = set(_files(archive).values_list("invoice_id", flat=True))
    invoices = Invoice.objects.filter(
        organization_id=organization_id,
        purchaser_id=archive.purchaser_id,
        pk__in=archive.wanted,
    )
    for invoice in invoices.only("pk", "number", "stripe_invoice_id", "organization"):
        if invoice.pk not in there:
            _keep(archive, invoice, _pdf(invoice))
    InvoiceArchive.objects.filter(
        organization_id=organization_id, pk=archive_id
    ).update(finished_at=clock.now())


def _pdf(invoice: Invoice) -> bytes:
    try:
        return gateway.invoice_pdf(invoice.stripe_invoice_id)
    except gateway.GatewayRejected:
        # Gone at Stripe: the others are wanted all the same.
        return b""


def _keep(archive: InvoiceArchive, invoice: Invoice, content: bytes) -> None:
    InvoiceArchiveFile.objects.bulk_create(
        [
            InvoiceArchiveFile(
                organization_id=archive.organization_id,
                archive=archive,
                invoice_id=invoice.pk,
                name=get_valid_filename(f"{invoice.number}.pdf")[:120],
                content=content,
            )
        ],
        ignore_conflicts=True,
    )


def progress(archive: InvoiceArchive) -> tuple[int, int]:
    """How many files are there, and how many invoices Stripe has none of."""
    sizes = _files(archive).annotate(size=Length("content"))
    found = list(sizes.values_list("size", flat=True))
    missing = sum(1 for size in found if not size)
    return len(found) - missing, missing


def zipped(archive: InvoiceArchive) -> Iterator[bytes]:
    """The ZIP file in pieces: one PDF is held at a time."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as bundle:
        keys = _files(archive).order_by("name", "pk").values_list("pk", flat=True)
        for key in list(keys):
            row = _files(archive).get(pk=key)
            if row.content:
                bundle.writestr(row.name, bytes(row.content))
                yield sink.taken()
    yield sink.taken()


class _Sink:
    """A file that can't be rewound, and hands out what was written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """There is nothing to close."""

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def remove_expired() -> int:
    """Forget the files that nobody can download any more; how many."""
    old = InvoiceArchive.objects.filter(expires_at__lte=clock.now())
    return old.delete()[0]


def _files(archive: InvoiceArchive) -> QuerySet[InvoiceArchiveFile]:
    return InvoiceArchiveFile.objects.filter(
        organization_id=archive.organization_id, archive=archive
    )
