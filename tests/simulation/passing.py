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
DAYS = st.sampled_from([28, 31, 45, 90])


def _mail_waits(self: Steps) -> bool:
    return bool(self.world.post.waiting)


def _arrived(self: Steps) -> bool:
    return bool(self.world.post.arrived)


class PassingSteps(Steps):
    """What happens by itself."""

    @step(hours=HOURS)
    def hours_pass(self, hours: int) -> None:
        self.world.pass_time(dt.timedelta(hours=hours))

    weeks_passed = 0

    @step(when=lambda self: self.weeks_passed < 5, days=DAYS)
    def weeks_pass(self, days: int) -> None:
        """With workers that come by now and then; a few times are a long life."""
        self.weeks_passed += 1
        for _ in range(2):
            self.world.pass_time(dt.timedelta(days=days) / 2)
            self.world.act(post.work)
            self.check()

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

    @step(
        when=_arrived,
        what=st.sampled_from(["lost", "again", "given up"]),
        place=st.integers(0, 30),
    )
    def mishap(self, what: str, place: int) -> None:
        """A webhook is never delivered, or twice, or given up by its worker."""
        mail = self.world.post
        if what == "lost":
            event = pick(mail.waiting, place)
            mail.lose(mail.waiting.index(event))
        elif what == "again":
            mail.bring(pick(mail.arrived, place))
        else:
            events = [job for job in post.queued() if job[1] == inbox.PROCESS_JOB]
            post.forget_job(pick(events, place)[0])

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
