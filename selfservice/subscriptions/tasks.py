"""The background work of subscriptions.

States are right without it: it tells Stripe to stop, and asks what Stripe did.
"""

from __future__ import annotations

import logging

from selfservice.core import jobs
from selfservice.subscriptions.services.overdue import give_up_overdue
from selfservice.subscriptions.services.reminding import remind_of_everything
from selfservice.subscriptions.services.renewing import catch_up_renewals
from selfservice.subscriptions.services.trial_count import tell_again

logger = logging.getLogger(__name__)

REMIND_JOB = "subscriptions.remind"


@jobs.periodic("subscriptions.give_up_overdue", cron="5 3 * * *")
def give_up_overdue_by_night() -> None:
    """Every night: what stayed past due for thirty days ends at Stripe, too."""
    total = 0
    # In batches; what is begun is no longer due.
    while begun := give_up_overdue():
        total += begun
    if total:
        logger.info("%d subscriptions given up: not paid for thirty days", total)


@jobs.periodic("subscriptions.catch_up_renewals", cron="35 * * * *")
def catch_up_renewals_hourly() -> None:
    """Every hour: no renewal and no unpaid order waits for a webhook that was lost."""
    catch_up_renewals()


@jobs.periodic(REMIND_JOB, cron="15 5 * * *")
def remind_by_day() -> None:
    """Every morning: what is renewed, ends or can't be charged soon."""
    told = remind_of_everything()
    if told:
        logger.info("%d reminders queued", told)


@jobs.periodic("subscriptions.tell_trials_again", cron="45 * * * *")
def tell_trials_again_hourly() -> None:
    """Every hour: what a trial will cost is what its page says."""
    told = tell_again()
    if told:
        logger.info("%d trials: their licenses to pay for were told again", told)
