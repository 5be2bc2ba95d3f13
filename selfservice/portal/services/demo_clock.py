"""Moving the demo's time: the sandbox's clock and the portal's, together."""

from __future__ import annotations

import datetime as dt

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from selfservice.core import clock, jobs
from selfservice.core.errors import DomainError
from selfservice.subscriptions.tasks import REMIND_JOB

# Years of renewals of a whole demo are made in one go.
PATIENCE_SECONDS = 120
NIGHT_JOB = "portal.demo_night"


class ClockNotMoved(DomainError):
    """The sandbox didn't move its clock, so the portal's stays too."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The time couldn't be moved, because the Stripe sandbox didn't answer."
                " Try again."
            )
        )


def move(by: dt.timedelta) -> dt.datetime:
    """Let everything happen that happens within `by`; what time it is then.

    The sandbox goes first: its renewals and their webhooks are of the days that the
    portal moves over. Raises ClockNotMoved.
    """
    until = clock.now() + by
    try:
        answer = requests.post(
            f"{settings.STRIPE_SANDBOX_ORIGIN}/_sandbox/clock/advance",
            json={"to": int(until.timestamp())},
            timeout=PATIENCE_SECONDS,
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        raise ClockNotMoved from error
    clock.advance(until - clock.now())
    # Its nights and its morning have passed, too.
    jobs.enqueue(NIGHT_JOB, key=NIGHT_JOB)
    jobs.enqueue(REMIND_JOB, key=REMIND_JOB, timestamp=int(until.timestamp()))
    return clock.now()
