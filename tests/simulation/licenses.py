"""Handing licenses out and taking them back, against a plain recount of the rules."""

from __future__ import annotations

import uuid

from hypothesis import strategies as st

from licensing.models import LicenseAssignment
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from tests.simulation import acts
from tests.simulation.steps import Steps, pick, step
from tests.simulation.trouble import NONE, Trouble, deaths

PEOPLE = st.lists(st.integers(0, 11), min_size=1, max_size=7)
SMALL = st.integers(0, 7)


class LicenseSteps(Steps):
    """What purchasers do with the licenses that they have."""

    @step(buyer=SMALL, product=SMALL, people=PEOPLE, trouble=deaths())
    def assign(
        self, buyer: int, product: int, people: list[int], trouble: Trouble
    ) -> None:
        purchaser = pick(self.world.buyers, buyer)
        offer = pick(self.world.offers, product)
        chosen = {pick(self.world.people, number).pk for number in people}
        allowed = self._allowed(purchaser, offer, chosen)
        before = held(purchaser, offer)
        answer = self.world.act(
            acts.assign(self.world, buyer=buyer, product=product, people=people),
            trouble,
            here=True,
        )
        after = held(purchaser, offer)
        assert after in (before, before | chosen), "some got one, some didn't"
        if trouble is NONE:
            assert isinstance(answer, CannotAssign) != allowed, answer
            assert after == (before | chosen if allowed else before)

    @step(buyer=SMALL, product=SMALL, people=PEOPLE, trouble=deaths())
    def unassign(
        self, buyer: int, product: int, people: list[int], trouble: Trouble
    ) -> None:
        purchaser = pick(self.world.buyers, buyer)
        offer = pick(self.world.offers, product)
        chosen = {pick(self.world.people, number).pk for number in people}
        before = held(purchaser, offer)
        self.world.act(
            acts.unassign(self.world, buyer=buyer, product=product, people=people),
            trouble,
            here=True,
        )
        after = held(purchaser, offer)
        assert after in (before, before - chosen)
        if trouble is NONE:
            assert after == before - chosen

    def _allowed(self, purchaser: User, offer: Offer, chosen: set[uuid.UUID]) -> bool:
        """The rules of the pane, in a few lines of their own."""
        people = User.objects.filter(
            pk__in=chosen, organization_id=purchaser.organization_id
        )
        fit = {
            person.pk
            for person in people
            if person.can_sign_in and not person.is_guest and person.usage_location
        }
        free = sum(
            s.available
            for s in self.world.subscriptions()
            if s.purchaser_id == purchaser.pk
            and s.product_id == offer.plan.product_id
            and lifecycle.state_at(s, clock.now()) in lifecycle.ASSIGNABLE
        )
        holders = held(purchaser, offer)
        return fit == chosen and not holders & chosen and len(chosen) <= free


def held(purchaser: User, offer: Offer) -> set[uuid.UUID]:
    """Who holds a license of the product from this purchaser."""
    rows = LicenseAssignment.objects.filter(
        purchaser=purchaser,
        product_id=offer.plan.product_id,
        ended_at=None,
        suspended_at=None,
    )
    return set(rows.values_list("user_id", flat=True))
