"""The background work of billing."""

from __future__ import annotations

from billing.services import inbox, operations
from selfservice.core import jobs


@jobs.job(inbox.PROCESS_JOB)
def process_event(event_id: str) -> None:
    inbox.process(event_id)


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
