"""Trying: a trial is started, changed, extended, paid for early, or left to end."""

from __future__ import annotations

import uuid

from hypothesis import strategies as st

from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services import buying, trials
from selfservice.subscriptions.services.buying import Order
from selfservice.subscriptions.services.changing import Outcome
from tests.simulation import acts
from tests.simulation.changes import SMALL, ChangeSteps
from tests.simulation.steps import Idle, Steps, pick, step
from tests.simulation.trouble import Trouble, troubles
from tests.simulation.world import World


def _some_run(self: Steps) -> bool:
    now = clock.now()
    rows = Subscription.objects.filter(
        organization_id__in=self.world.organization_ids,
        quantity_after_trial__isnull=False,
        trial_end__gt=now,
    )
    return rows.exists()


class TrialSteps(ChangeSteps):
    """What purchasers do with a trial."""

    trials_started = 0

    @step(
        # One a product and organization: whoever comes next is refused.
        when=lambda self: self.trials_started < 5,
        buyer=SMALL,
        offer=SMALL,
        quantity=st.integers(1, 4),
        card=SMALL,
        without_card=st.booleans(),
        trouble=troubles(),
    )
    def start_trial(
        self,
        buyer: int,
        offer: int,
        quantity: int,
        card: int,
        without_card: bool,
        trouble: Trouble,
    ) -> None:
        self.trials_started += 1
        asked = {"buyer": buyer, "offer": offer, "quantity": quantity}
        chosen = None if without_card else card
        answer = self.world.act(start_trial(self.world, **asked, card=chosen), trouble)
        if isinstance(answer, Subscription) and answer.stripe_status == "trialing":
            assert answer.recurring_billing == (answer.payment_method is not None)
            assert answer.quantity == trials_quantity(answer)

    @step(
        when=_some_run,
        number=SMALL,
        quantity=st.integers(1, 9),
        trouble=troubles(),
    )
    def choose_for_afterwards(
        self, number: int, quantity: int, trouble: Trouble
    ) -> None:
        chosen = _running(self.world, number)
        answer = self.world.act(
            lambda: trials.set_quantity_after(subscription=chosen, quantity=quantity),
            trouble,
        )
        if answer == Outcome.DONE:
            assert self._read(chosen).quantity_after_trial == quantity

    @step(when=_some_run, number=SMALL, trouble=troubles())
    def extend_trial(self, number: int, trouble: Trouble) -> None:
        chosen = _running(self.world, number)
        self.world.act(lambda: trials.extend(subscription=chosen), trouble)

    @step(when=_some_run, number=SMALL, card=SMALL, trouble=troubles())
    def pay_early(self, number: int, card: int, trouble: Trouble) -> None:
        asked = {"number": number, "card": card}
        answer = self.world.act(self._shown(_convert, **asked), trouble)
        if isinstance(answer, tuple) and answer[1] == Outcome.DONE:
            row = self._read(answer[0].subscription)
            assert not row.is_trial
            assert row.quantity == answer[0].quantity


def trials_quantity(subscription: Subscription) -> int:
    """As many as a trial has, whatever is paid for afterwards."""
    return min(25, subscription.product.license_cap or 25)


def start_trial(
    world: World, *, buyer: int, offer: int, quantity: int, card: int | None
) -> acts.Act:
    purchaser = pick(world.customers(), buyer)
    profile, cards = world.profile_of(purchaser), world.cards_of(purchaser)
    if profile is None or not cards:
        raise Idle
    chosen = pick(world.offers, offer)
    later = buying.quote(offer=chosen, quantity=quantity, profile=profile)
    order = Order(
        key=uuid.uuid4(),
        offer=chosen,
        quantity=quantity,
        profile=profile,
        total=Money(later.total_minor, later.currency),
        assign_to_me=True,
        trial=True,
    )
    method = None if card is None else pick(cards, card)
    return lambda: buying.place_order(order=order, card=method, buyer=purchaser)


def _running(world: World, number: int) -> Subscription:
    now = clock.now()
    return pick(
        [
            row
            for row in world.subscriptions()
            if row.purchaser.can_sign_in
            and lifecycle.state_at(row, now) == lifecycle.TRIAL
        ],
        number,
    )


def _convert(world: World, *, number: int, card: int) -> acts.Act:
    """Look what paying today costs, and be about to. Raises DomainError."""
    chosen = _running(world, number)
    method = pick(world.cards_of(chosen.purchaser), card)
    shown = trials.preview_conversion(subscription=chosen)
    key = f"trial-convert-{chosen.pk}-{chosen.change_number + 1}"
    world.shown[f"{key} {shown.quantity}"] = (shown.total.minor, 0)
    return lambda: trials.convert(subscription=chosen, seal=shown.seal, card=method)
