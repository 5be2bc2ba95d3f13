"""Changing what was bought: the number, the renewal, and the end of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.lifecycle import REFUND_WINDOW
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.ending import inside_window
from selfservice.subscriptions.services.quantity import When
from tests.simulation import acts
from tests.simulation.orders import add_card
from tests.simulation.steps import Idle, Steps, pick, step
from tests.simulation.trouble import Trouble, troubles
from tests.stripe_sandbox import SOLD_TO

SMALL = st.integers(0, 7)


class ChangeSteps(Steps):
    """What purchasers do with a subscription that they have."""

    def __init__(self) -> None:
        super().__init__()
        # Panes that are open: what was shown there may be old when it is saved.
        self.open_panes: list[acts.Act] = []

    @step(
        number=SMALL,
        total=st.integers(0, 9),
        at_renewal=st.booleans(),
        losers=st.booleans(),
        trouble=troubles(),
    )
    def change_quantity(self, trouble: Trouble, **asked: Any) -> None:
        answer = self.world.act(self._shown(acts.save_quantity, **asked), trouble)
        self._check_quantity(answer)

    @step(number=SMALL, trouble=troubles())
    def cancel(self, number: int, trouble: Trouble) -> None:
        answer = self.world.act(self._shown(acts.cancel, number=number), trouble)
        if isinstance(answer, tuple) and answer[1] == Outcome.DONE:
            row = self._read(answer[0].subscription)
            state = lifecycle.state_at(row, clock.now())
            assert (state == lifecycle.DISABLED) == answer[0].at_once
            assert not row.recurring_billing

    @step(number=SMALL, total=st.integers(1, 9), ending=st.booleans())
    def leave_pane_open(self, number: int, total: int, ending: bool) -> None:
        """Look at what it would do, and save it some other time."""
        if ending:
            self.open_panes.append(self._shown(acts.cancel, number=number))
            return
        asked = {"at_renewal": False, "losers": True}
        self.open_panes.append(
            self._shown(acts.save_quantity, number=number, total=total, **asked)
        )

    @step(when=lambda self: bool(self.open_panes), number=SMALL, trouble=troubles())
    def save_open_pane(self, number: int, trouble: Trouble) -> None:
        """Perhaps for the second time."""
        self.world.act(pick(self.open_panes, number), trouble)

    @step(number=SMALL, trouble=troubles())
    def undo_scheduled(self, number: int, trouble: Trouble) -> None:
        self.world.act(acts.undo(self.world, number=number), trouble)

    @step(number=SMALL, on=st.booleans(), trouble=troubles())
    def set_recurring(self, number: int, on: bool, trouble: Trouble) -> None:
        chosen = acts.set_recurring(self.world, number=number, on=on)
        answer = self.world.act(chosen, trouble)
        if answer == Outcome.DONE:
            assert (
                self._read(acts.confirmed(self.world, number)).recurring_billing == on
            )

    @step(number=SMALL, trouble=troubles())
    def hand_over(self, number: int, trouble: Trouble) -> None:
        """Another buyer goes on with it, whether or not its purchaser has left."""
        chosen = acts.bought(self.world, number)
        others = [
            buyer
            for buyer in self.world.buyers
            if buyer.organization_id == chosen.organization_id
            and buyer.pk != chosen.purchaser_id
        ]
        receiver = User.objects.get(pk=pick(others, number).pk)
        if not self.world.cards_of(receiver):
            open_account(purchaser=receiver, sold_to=SOLD_TO)
            at = [buyer.pk for buyer in self.world.customers()].index(receiver.pk)
            add_card(self.world, at, "visa")
        if inside_window(chosen, clock.now()):
            self.world.pass_time(REFUND_WINDOW)
        asked = {"chosen": chosen, "receiver": receiver}
        answer = self.world.act(self._shown(acts.hand_over, **asked), trouble)
        if answer == Outcome.DONE:
            assert self._read(chosen).purchaser_id == receiver.pk

    def _check_quantity(self, answer: Any) -> None:
        """What the person is told to be done is so."""
        if not isinstance(answer, tuple) or answer[1] != Outcome.DONE:
            return
        shown = answer[0]
        row = self._read(shown.subscription)
        if shown.when == When.NOW:
            assert row.quantity == shown.quantity
        else:
            assert row.scheduled_quantity == shown.quantity

    def _read(self, known: Subscription) -> Subscription:
        return self.world.subscriptions().get(pk=known.pk)

    def _shown(self, make: Any, **asked: Any) -> acts.Act:
        """Open a pane; there is nothing to save when it says no."""
        try:
            made: acts.Act = make(self.world, **asked)
        except DomainError as refusal:
            raise Idle from refusal
        return made
