"""Buying: an account, cards, orders, the bank's questions, and second thoughts."""

from __future__ import annotations

import requests
from hypothesis import strategies as st

from billing.models import PaymentMethod
from billing.services.accounts import open_account
from selfservice.core.errors import DomainError
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.buying import CannotBuy, PriceChanged
from tests.simulation import acts
from tests.simulation.steps import Idle, Steps, may_order, pick, step
from tests.simulation.trouble import NONE, Trouble, troubles
from tests.simulation.world import Placed, World
from tests.stripe_sandbox import SOLD_TO, enter_card

CARDS = {
    "visa": "pm_card_visa",
    "declined": "pm_card_chargeCustomerFail",
    "asks": "pm_card_authenticationRequired",
}
SMALL = st.integers(0, 7)


def _asked(self: Steps) -> bool:
    """Whether an invoice waits for somebody."""
    return any(i["status"] == "open" for i in self.world.theirs.invoices.values())


def _some_are_new(self: Steps) -> bool:
    return len(self.world.theirs.customers) < len(self.world.buyers)


class OrderSteps(Steps):
    """What buyers do before they have a subscription."""

    @step(when=_some_are_new, buyer=SMALL, trouble=troubles())
    def open_account(self, buyer: int, trouble: Trouble) -> None:
        chosen = pick(self.world.buyers, buyer)
        self.world.act(lambda: open_account(purchaser=chosen, sold_to=SOLD_TO), trouble)

    @step(buyer=SMALL, kind=st.sampled_from(sorted(CARDS)))
    def enter_card(self, buyer: int, kind: str) -> None:
        add_card(self.world, buyer, kind)

    @step(
        when=may_order,
        buyer=SMALL,
        offer=SMALL,
        quantity=st.integers(1, 6),
        card=SMALL,
        to_me=st.booleans(),
        trouble=troubles(),
    )
    def place_order(
        self,
        buyer: int,
        offer: int,
        quantity: int,
        card: int,
        to_me: bool,
        trouble: Trouble,
    ) -> None:
        placed = acts.new_order(
            self.world, buyer=buyer, offer=offer, quantity=quantity, to_me=to_me
        )
        press(self.world, placed, card=card, trouble=trouble)

    @step(
        number=SMALL,
        card=SMALL,
        off_by=st.sampled_from([0, 0, 0, -1, 121]),
        trouble=troubles(),
    )
    def press_again(
        self, number: int, card: int, off_by: int, trouble: Trouble
    ) -> None:
        """Once more, perhaps with another card: after a decline, or a reload.

        With another total than was shown nothing is begun.
        """
        placed = pick(self.world.placed, number)
        if not off_by:
            press(self.world, placed, card=card, trouble=trouble)
            return
        before = row_of(placed)
        bought = set(self.world.theirs.subscriptions)
        answer = self.world.act(
            acts.press(self.world, placed, card=card, off_by=off_by), trouble
        )
        after = row_of(placed)
        assert (after and after.attempt) == (before and before.attempt)
        assert set(self.world.theirs.subscriptions) == bought
        if before is None and trouble is NONE:
            assert isinstance(answer, (PriceChanged, CannotBuy)), answer

    @step(when=_asked, number=SMALL, passed=st.booleans())
    def answer_bank(self, number: int, passed: bool) -> None:
        """The cardholder confirms a payment at their bank, or fails to."""
        secret = pick(self.world.theirs.asked_by_bank(), number)
        requests.post(
            f"{self.world.sandbox.base}/elements/authenticate",
            data={"client_secret": secret, "outcome": "ok" if passed else "fail"},
            timeout=30,
        )
        self.world.look()

    @step(when=_asked, number=SMALL, trouble=troubles())
    def drop_order(self, number: int, trouble: Trouble) -> None:
        self.world.act(acts.drop(self.world, number=number), trouble)


def add_card(world: World, buyer: int, kind: str) -> PaymentMethod:
    """A card that is entered in the Payment Element and kept. Raises Idle."""
    profile = world.profile_of(pick(world.customers(), buyer))
    if profile is None:
        raise Idle
    card = enter_card(world.client, profile, CARDS[kind])
    world.look()
    return card


def row_of(placed: Placed) -> Subscription | None:
    return Subscription.objects.filter(order_key=placed.key).first()


def press(
    world: World, placed: Placed, *, card: int, trouble: Trouble = NONE
) -> Subscription | DomainError | None:
    """Press Place order; without trouble the answer tells what became of it."""
    cards = world.cards_of(placed.buyer)
    before = row_of(placed)
    answer = world.act(acts.press(world, placed, card=card), trouble)
    if trouble is NONE and isinstance(answer, Subscription):
        _check_answer(before, answer, pick(cards, card))
    return answer


def _check_answer(
    before: Subscription | None, answer: Subscription, card: PaymentMethod
) -> None:
    """A new attempt says at once what the card makes of it; else nothing changes."""
    if before is not None and before.order_state != OrderState.DECLINED:
        assert answer.order_state == before.order_state
        assert answer.attempt == before.attempt
        return
    expected = {
        "4242": OrderState.CONFIRMED,
        "0341": OrderState.DECLINED,
        "3184": OrderState.PENDING,
    }[card.last4]
    assert answer.order_state == expected, (answer.order_state, answer.decline)
