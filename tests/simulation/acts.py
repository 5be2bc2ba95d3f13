"""What somebody does, made ready to be done: alone, with trouble, or at once.

Each is made from numbers, and picks from what is there. Raises Idle when nothing is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from licensing.services.assigning import assign_licenses, take_from, unassign_licenses
from selfservice.accounts.models import User
from selfservice.accounts.services.directory import import_directory
from selfservice.core.money import Money
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import (
    buying,
    ending,
    quantity,
    scheduling,
    transferring,
)
from selfservice.subscriptions.services.buying import Order
from tests.factories.directory import directory_file, row
from tests.simulation import post
from tests.simulation.steps import Idle, pick
from tests.simulation.world import Placed, World

type Act = Callable[[], Any]


def assign(world: World, *, buyer: int, product: int, people: list[int]) -> Act:
    purchaser = pick(world.buyers, buyer)
    offer = pick(world.offers, product)
    chosen = [pick(world.people, number).pk for number in people]
    return lambda: assign_licenses(
        actor=purchaser,
        purchaser=purchaser,
        product_id=offer.plan.product_id,
        people=chosen,
    )


def unassign(world: World, *, buyer: int, product: int, people: list[int]) -> Act:
    purchaser = pick(world.buyers, buyer)
    offer = pick(world.offers, product)
    chosen = [pick(world.people, number).pk for number in people]
    return lambda: unassign_licenses(
        actor=purchaser,
        purchaser=purchaser,
        product_id=offer.plan.product_id,
        people=chosen,
    )


def write_directory(world: World, *, person: int, cells: dict[str, str]) -> Act:
    """The organization's directory says something of a person."""
    known = User.objects.select_related("organization").get(
        pk=pick(world.people, person).pk
    )
    told = {
        "Object_Id": known.object_id,
        "Usage_location": known.usage_location,
        **cells,
    }
    # Somebody removed has no address here; the directory still has it.
    file = directory_file(row(world.upns[known.pk], known.display_name, **told))
    name = known.organization.name
    return lambda: import_directory(file=file, organization_name=name)


def new_order(
    world: World, *, buyer: int, offer: int, quantity: int, to_me: bool
) -> Placed:
    """What a buyer sees at Checkout, before they press."""
    purchaser = pick(world.customers(), buyer)
    profile = world.profile_of(purchaser)
    if profile is None or not world.cards_of(purchaser):
        raise Idle
    chosen = pick(world.offers, offer)
    seen = buying.quote(offer=chosen, quantity=quantity, profile=profile)
    placed = Placed(
        key=uuid.uuid4(),
        buyer=purchaser,
        offer=chosen,
        quantity=quantity,
        total=Money(seen.total_minor, seen.currency),
        to_me=to_me,
    )
    world.placed.append(placed)
    return placed


def press(world: World, placed: Placed, *, card: int, off_by: int = 0) -> Act:
    """Press Place order, with a total that is wrong by some cents if told so."""
    buyer = User.objects.get(pk=placed.buyer.pk)
    profile = world.profile_of(buyer)
    chosen = pick(world.cards_of(buyer), card)
    assert profile is not None
    order = Order(
        key=placed.key,
        offer=placed.offer,
        quantity=placed.quantity,
        profile=profile,
        total=Money(placed.total.minor + off_by, placed.total.currency),
        assign_to_me=placed.to_me,
    )
    return lambda: buying.place_order(order=order, card=chosen, buyer=buyer)


def drop(world: World, *, number: int) -> Act:
    waiting = [s for s in world.subscriptions() if s.order_state == OrderState.PENDING]
    chosen = pick(waiting, number)
    return lambda: buying.drop_order(subscription=chosen)


def confirmed(world: World, number: int) -> Subscription:
    """One that was bought, by somebody who can still sign in. Raises Idle."""
    return pick(
        [
            s
            for s in world.subscriptions()
            if s.order_state == OrderState.CONFIRMED and s.purchaser.can_sign_in
        ],
        number,
    )


def save_quantity(
    world: World, *, number: int, total: int, at_renewal: bool, losers: bool
) -> Act:
    """Look at what another number of licenses costs, and be about to save it.

    With `losers` whoever is too many loses a license in the same step. Raises
    DomainError when there is nothing to show.
    """
    chosen = confirmed(world, number)
    shown = quantity.preview_quantity(
        subscription=chosen, quantity=total, at_renewal=at_renewal
    )
    key = f"quantity-{chosen.pk}-{chosen.change_number + 1}"
    world.shown[f"{key} {total} {shown.at.isoformat()}"] = (
        shown.charge.minor if shown.charge else 0,
        shown.refund.minor if shown.refund else 0,
    )
    take = _losers(chosen, total) if losers else None
    return lambda: quantity.save_quantity(
        subscription=chosen, quantity=total, seal=shown.seal, prepare=take
    )


def _losers(chosen: Subscription, total: int) -> Callable[[], None]:
    holders = list(
        chosen.assignments.filter(ended_at=None, suspended_at=None)
        .order_by("-pk")
        .values_list("user_id", flat=True)
    )
    too_many = holders[: max(chosen.assigned - total, 0)]

    def take() -> None:
        take_from(subscription=chosen, people=too_many, actor=chosen.purchaser)

    return take


def undo(world: World, *, number: int) -> Act:
    waiting = [s for s in world.subscriptions() if s.scheduled_quantity is not None]
    chosen = pick(waiting, number)
    return lambda: scheduling.undo_scheduled_change(subscription=chosen)


def set_recurring(world: World, *, number: int, on: bool) -> Act:
    chosen = confirmed(world, number)
    return lambda: ending.set_recurring(subscription=chosen, on=on)


def bought(world: World, number: int) -> Subscription:
    """One that was bought, by anybody. Raises Idle."""
    confirmed = world.subscriptions().filter(order_state=OrderState.CONFIRMED)
    return pick(list(confirmed), number)


def hand_over(world: World, *, chosen: Subscription, receiver: User) -> Act:
    """Look what handing it to a colleague does, and be about to do it.

    Whoever has it may have left. Raises DomainError when it isn't possible.
    """
    planned = transferring.plan_transfer(subscription=chosen, receiver=receiver)
    return lambda: transferring.transfer(planned)


def cancel(world: World, *, number: int) -> Act:
    chosen = confirmed(world, number)
    shown = ending.preview_cancel(subscription=chosen)
    key = f"end-{chosen.pk}-{chosen.change_number + 1}"
    refund = shown.refund.minor if shown.refund else 0
    world.shown[f"{key} {shown.seal}"] = (0, refund)
    return lambda: ending.cancel(
        subscription=chosen, seal=shown.seal, reason="expensive", feedback="Too much"
    )


def bring_everything(world: World, *, seed: int) -> Act:
    """Every webhook arrives, and the worker has time."""
    world.post.deliver_all(seed)
    return post.work
