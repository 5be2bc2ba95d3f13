"""Time that goes by, webhooks that arrive or don't, and workers that come by."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from billing.models import StripeOperation
from billing.models.stripe import UNSETTLED
from billing.services import inbox
from tests.simulation import post
from tests.simulation.steps import Idle, Steps, pick, step
from tests.simulation.trouble import Trouble, troubles

SMALL = st.integers(0, 7)
HOURS = st.sampled_from([1, 2, 24, 24 * 3, 24 * 6, 24 * 8])
DAYS = st.sampled_from([28, 31, 45])


def _mail_waits(self: Steps) -> bool:
    return bool(self.world.post.waiting)


def _arrived(self: Steps) -> bool:
    return bool(self.world.post.arrived)


class PassingSteps(Steps):
    """What happens by itself."""

    @step(hours=HOURS)
    def hours_pass(self, hours: int) -> None:
        self.world.pass_time(dt.timedelta(hours=hours))

    @step(days=DAYS)
    def weeks_pass(self, days: int) -> None:
        """In steps of a few days: the portal's jobs run every day."""
        for _ in range(days // 7):
            self.world.pass_time(dt.timedelta(days=7))
            self.world.act(post.work)

    @step(trouble=troubles())
    def work(self, trouble: Trouble) -> None:
        """A worker comes by."""
        self.world.act(post.work, trouble)

    @step(trouble=troubles())
    def sweep(self, trouble: Trouble) -> None:
        """A worker comes by after a while, when every lease has run out."""
        self.world.act(post.sweep_everything, trouble)

    @step(when=_mail_waits, seed=st.integers(0, 999), copies=st.integers(1, 2))
    def all_webhooks(self, seed: int, copies: int) -> None:
        """All that waits arrives in any order, and is worked off."""
        self.world.post.deliver_all(seed, copies)
        self.world.act(post.work)

    @step(
        when=_mail_waits,
        place=st.integers(0, 30),
        count=st.integers(1, 5),
        trouble=troubles(),
    )
    def some_webhooks(self, place: int, count: int, trouble: Trouble) -> None:
        """A few arrive, newest first."""
        waiting = len(self.world.post.waiting)
        places = {(place + number) % waiting for number in range(count) if waiting}
        self.world.post.deliver(sorted(places, reverse=True))
        self.world.act(post.work, trouble)

    @step(when=_mail_waits, place=st.integers(0, 30))
    def webhook_lost(self, place: int) -> None:
        """One is never delivered; only reconcile finds out."""
        event = pick(self.world.post.waiting, place)
        self.world.post.lose(self.world.post.waiting.index(event))

    @step(when=_arrived, place=st.integers(0, 30))
    def webhook_again(self, place: int) -> None:
        """One that arrived already."""
        self.world.post.bring(pick(self.world.post.arrived, place))

    @step(number=SMALL)
    def job_lost(self, number: int) -> None:
        """A worker gave an event up; another one finds it later."""
        events = [job for job in post.queued() if job[1] == inbox.PROCESS_JOB]
        job = pick(events, number)
        post.forget_job(job[0])

    @step()
    def keys_forgotten(self) -> None:
        """A day passes for what is unfinished: Stripe has forgotten its keys."""
        rows = StripeOperation.objects.filter(state__in=UNSETTLED)
        keys = dict(rows.values_list("pk", "key"))
        for operation in rows:
            operation.created_at -= dt.timedelta(days=2)
            operation.key += "-forgotten"
            operation.save()
        if not keys:
            raise Idle
        self.world.act(post.sweep_everything)
        # Their names are what our own rows are found by.
        for pk, key in keys.items():
            StripeOperation.objects.filter(pk=pk).update(key=key)
