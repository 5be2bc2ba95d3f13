"""The same with processes, as web servers are: nothing in memory is shared."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from licensing.addresses import Addresses
from licensing.models import Bulk, BulkList, LicenseAssignment
from licensing.services import bulk
from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.concurrency.acting import *
from tests.concurrency.acting import PROCESSES, Actor
from tests.concurrency.racing import PATIENCE
from tests.factories.accounts import make_people
from tests.factories.directory import directory_csv
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(transaction=True)
# So long whoever isn't held up needs at most, on a busy machine.
HELD_UP = 1.5


def giving(subscription: Subscription, people: Sequence[User]) -> dict[str, Any]:
    return {
        "purchaser": str(subscription.purchaser_id),
        "product": str(subscription.product_id),
        "people": [str(person.pk) for person in people],
    }


def listing(subscription: Subscription, people: Sequence[User]) -> BulkList:
    return bulk.keep_list(
        purchaser=subscription.purchaser,
        product_id=subscription.product_id,
        does=Bulk.ASSIGN,
        addresses=Addresses([], 0, []),
        people=[person.pk for person in people],
    )


def blocking(person: User) -> dict[str, str]:
    """The import of a file in which this person can't sign in any more."""
    row = {
        "User principal name": person.upn,
        "Display name": person.display_name,
        "Usage location": "NL",
        "Block credential": "True",
    }
    return {"organization": person.organization.name, "text": directory_csv(row)}


def live(subscription: Subscription) -> int:
    subscription.refresh_from_db()
    return LicenseAssignment.objects.filter(
        subscription=subscription, ended_at=None, suspended_at=None
    ).count()


def all_assign(
    actors: list[Actor],
    last: Subscription,
    people: Sequence[User],
    *,
    without: Sequence[str] = (),
) -> Counter[str]:
    """Each tries for its share of the people, all from the same moment on."""
    for number, actor in enumerate(actors):
        given = giving(last, people[number::PROCESSES])
        actor.tell("assign", without=without, **given)
    return sum((Counter(json.loads(actor.heard())) for actor in actors), Counter())


def between(
    actors: list[Actor],
    subscription: Subscription,
    person: User,
    act: str,
    *,
    given: dict[str, Any],
    after: str = "_open_contracts",
    without: Sequence[str] = (),
) -> tuple[str, str]:
    """Another process does `act` after an assigner looked, and before it takes.

    Whoever must wait for the assigner's locks goes on when it is done. What both say.
    """
    assigner, other, *_rest = actors
    assigner.tell(
        "assign", pause=after, without=without, **giving(subscription, [person])
    )
    assert assigner.heard() == "paused"
    other.tell(act, **given)
    said: list[str] = []
    waiting = threading.Thread(target=lambda: said.append(other.heard()))
    waiting.start()
    waiting.join(HELD_UP)
    assigner.go_on()
    ours = assigner.heard()
    waiting.join(PATIENCE)
    return ours, said[0]


def test_of_fifty_in_four_processes_one_gets_the_last_license(
    actors: list[Actor], anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)

    said = all_assign(actors, last, make_people(noordzee, 52))

    assert said == {"assigned": 1, "refused": 51}
    assert live(last) == last.assigned == 1


@pytest.mark.usefixtures("rows_uncounted")
def test_control_without_the_counter_processes_assign_too_many(
    actors: list[Actor], anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)

    said = all_assign(actors, last, make_people(noordzee, 52), without=["counter"])

    assert said == {"assigned": 52}
    assert live(last) == 52


def test_a_shrink_by_another_process_is_seen(
    actors: list[Actor], anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna, quantity=2)
    give_licenses(subscription, [carla])
    shrink = {"subscription": str(subscription.pk), "quantity": 1}

    said = between(actors, subscription, bram, "shrink", given=shrink)

    assert said == ('{"refused": 1}', "shrunk")
    assert live(subscription) == subscription.quantity == 1


@pytest.mark.usefixtures("numbers_unchecked")
def test_control_without_limit_and_check_a_shrink_is_overrun(
    actors: list[Actor], anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna, quantity=2)
    give_licenses(subscription, [carla])
    shrink = {"subscription": str(subscription.pk), "quantity": 1}

    said = between(
        actors, subscription, bram, "shrink", given=shrink, without=["limit"]
    )

    assert said == ('{"assigned": 1}', "shrunk")
    assert (live(subscription), subscription.quantity) == (2, 1)


@pytest.mark.parametrize(
    ("without", "said", "licensed"),
    [([], '{"refused": 1}', 0), (["state"], '{"assigned": 1}', 1)],
    ids=["guarded", "control"],
)
def test_a_cancel_by_another_process_is_seen(
    actors: list[Actor],
    anna: User,
    bram: User,
    without: list[str],
    said: str,
    licensed: int,
) -> None:
    subscription = make_subscription(anna)
    cancel = {"subscription": str(subscription.pk)}

    heard = between(actors, subscription, bram, "cancel", given=cancel, without=without)

    assert heard == (said, "cancelled")
    assert live(subscription) == licensed


@pytest.mark.parametrize(
    ("without", "licensed"), [([], 0), (["locks"], 1)], ids=["guarded", "control"]
)
def test_an_import_that_disables_somebody_meanwhile_frees_the_license(
    actors: list[Actor], anna: User, bram: User, without: list[str], licensed: int
) -> None:
    subscription = make_subscription(anna)

    said = between(
        actors,
        subscription,
        bram,
        "import",
        given=blocking(bram),
        after="_admit",
        without=without,
    )

    assert said == ('{"assigned": 1}', "1 lost")
    assert live(subscription) == licensed


def two_lists(
    actors: list[Actor], subscription: Subscription, people: Sequence[User]
) -> Callable[..., list[str]]:
    """Both processes have looked before one of them takes."""
    rows = [listing(subscription, people[:60]), listing(subscription, people[60:])]

    def confirmed(without: Sequence[str]) -> list[str]:
        for actor, row in zip(actors, rows, strict=False):
            actor.tell(
                "confirm", pause="_open_contracts", without=without, bulk_id=str(row.pk)
            )
        assert {actor.heard() for actor in actors[:2]} == {"paused"}
        for actor in actors[:2]:
            actor.go_on()
        return sorted(actor.heard() for actor in actors[:2])

    return confirmed


def test_of_two_lists_in_two_processes_one_is_done(
    actors: list[Actor], anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=100)
    confirmed = two_lists(actors, subscription, make_people(noordzee, 120))

    assert confirmed([]) == ["done", "draft"]
    assert live(subscription) == subscription.assigned == 60


@pytest.mark.usefixtures("rows_uncounted")
def test_control_without_the_counter_both_lists_are_done(
    actors: list[Actor], anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=100)
    confirmed = two_lists(actors, subscription, make_people(noordzee, 120))

    assert confirmed(["counter"]) == ["done", "done"]
    assert live(subscription) == 120
