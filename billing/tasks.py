"""The background work of billing."""

from __future__ import annotations

import uuid

from billing.services import (
    adding_profiles,
    archives,
    inbox,
    invoices,
    operations,
    owing,
    receipts,
    refunds,
    vat_numbers,
)
from selfservice.core import jobs


@jobs.job(inbox.PROCESS_JOB)
def process_event(event_id: str) -> None:
    inbox.process(event_id)


@jobs.job(refunds.INVOICE_JOB)
def sync_invoice(invoice_id: str) -> None:
    invoices.sync_invoice(invoice_id)


@jobs.job(receipts.RECEIPTS_JOB)
def fetch_receipts(organization_id: str, invoice_id: str) -> None:
    receipts.fetch(uuid.UUID(organization_id), uuid.UUID(invoice_id))


@jobs.job(archives.ARCHIVE_JOB)
def fill_archive(organization_id: str, archive_id: str) -> None:
    archives.fill(uuid.UUID(organization_id), uuid.UUID(archive_id))


@jobs.job(vat_numbers.CHECK_JOB)
def check_vat_number(organization_id: str, account_id: str) -> None:
    vat_numbers.check(uuid.UUID(organization_id), uuid.UUID(account_id))


@jobs.periodic("billing.check_vat_numbers", cron="*/10 * * * *")
def check_vat_numbers() -> None:
    vat_numbers.check_all()


@jobs.periodic("billing.remove_old_drafts", cron="50 2 * * *")
def remove_old_drafts() -> None:
    adding_profiles.remove_old_drafts()


@jobs.periodic("billing.remove_expired_archives", cron="15 * * * *")
def remove_expired_archives() -> None:
    archives.remove_expired()


# The sixth field is seconds: a lost answer is settled while the buyer still looks.
@jobs.periodic("billing.sweep_operations", cron="* * * * * */5")
def sweep_operations() -> None:
    operations.sweep()


@jobs.periodic("billing.sweep_events", cron="* * * * * */30")
def sweep_events() -> None:
    inbox.sweep()


@jobs.periodic("billing.remove_old_events", cron="20 2 * * *")
def remove_old_events() -> None:
    inbox.remove_old()


@jobs.periodic("billing.mend_owing", cron="35 2 * * *")
def mend_owing() -> None:
    owing.mend()
