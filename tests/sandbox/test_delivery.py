"""When webhooks arrive: held, in any order, again and again, or never."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests
import stripe

from tests.sandbox.receiver import Receiver, until
from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox

DAY = 86_400
NAMES = ["Anna", "Bram", "Carla", "Dirk", "Els"]


@pytest.fixture
def held(shop: Shop, sandbox: SandboxProcess, secret: str) -> list[str]:
    """The ids of five held events, `customer.created` and `.updated`, oldest first."""
    sandbox.hold()
    customer = shop.v1.customers.create({"name": NAMES[0]})
    for name in NAMES[1:]:
        shop.v1.customers.update(customer.id, {"name": name})
    return [event.id for event in reversed(shop.events())]


def arrived(receiver: Receiver, secret: str) -> list[str]:
    return [event.id for event in receiver.events(secret)]


def test_release_is_in_the_order_of_a_list(
    sandbox: SandboxProcess, receiver: Receiver, secret: str, held: list[str]
) -> None:
    sandbox.release([held[3], held[1]])

    assert arrived(receiver, secret) == [held[i] for i in (3, 1, 0, 2, 4)]


def test_release_is_shuffled_by_a_seed_with_its_copies_apart(
    sandbox: SandboxProcess, receiver: Receiver, secret: str, held: list[str]
) -> None:
    assert sandbox.release("shuffled", copies=2, seed=7) == 10

    first = arrived(receiver, secret)
    assert sorted(first) == sorted(held * 2)
    assert first not in (held * 2, [each for each in held for _ in "ab"])


def test_the_same_seed_gives_the_same_order(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    orders = []
    for _ in range(2):
        receiver.bodies.clear()
        receiver.signatures.clear()
        sandbox.hold()
        for name in NAMES:
            shop.v1.customers.create({"name": name})
        sandbox.release("shuffled", seed=3)
        orders.append([e.data.object["name"] for e in receiver.events(secret)])

    assert orders[0] == orders[1] != NAMES


def test_an_order_that_does_not_exist_is_refused(sandbox: SandboxProcess) -> None:
    with pytest.raises(requests.HTTPError, match="reversed, shuffled"):
        sandbox.release("sideways")


def test_the_rest_stays_held_when_some_are_released(
    sandbox: SandboxProcess, receiver: Receiver, secret: str, held: list[str]
) -> None:
    assert sandbox.release(only=["customer.created", held[2]]) == 2

    assert arrived(receiver, secret) == [held[0], held[2]]
    assert [row["event"] for row in sandbox.deliveries()] == [
        held[i] for i in (1, 3, 4)
    ]
    assert sandbox.look("webhooks")["held"] is True


def test_what_waits_is_listed(
    sandbox: SandboxProcess, receiver: Receiver, held: list[str]
) -> None:
    receiver.statuses = [500]
    sandbox.release(only=["customer.created"])

    first, second = sandbox.deliveries()[:2]
    assert (first["event"], first["type"]) == (held[0], "customer.created")
    assert (first["attempts"], second["attempts"]) == (1, 0)
    assert first["due"] >= second["due"]


def test_what_is_dropped_never_arrives_and_stays_pending(
    shop: Shop,
    sandbox: SandboxProcess,
    receiver: Receiver,
    secret: str,
    held: list[str],
) -> None:
    assert sandbox.drop("customer.updated") == 4
    sandbox.release()

    assert arrived(receiver, secret) == [held[0]]
    assert [e.pending_webhooks for e in shop.events()] == [1, 1, 1, 1, 0]


def test_an_event_that_arrived_is_sent_again_on_demand(
    sandbox: SandboxProcess, receiver: Receiver, secret: str, held: list[str]
) -> None:
    sandbox.release()

    assert sandbox.resend(held[1], "*.created") == 2
    assert arrived(receiver, secret)[5:] == [held[0], held[1]]
    assert sandbox.waiting() == 0


def test_a_copy_that_fails_does_not_undo_one_that_arrived(
    sandbox: SandboxProcess, receiver: Receiver, held: list[str]
) -> None:
    receiver.statuses = [200, 500]

    sandbox.release(only=[held[0]], copies=2)

    assert held[0] not in [row["event"] for row in sandbox.deliveries()]


def test_hold_waits_for_what_is_on_its_way(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    receiver.slowness = 0.3
    shop.v1.customers.create({"name": "Anna"})
    until(lambda: len(receiver.bodies) == 1)
    shop.v1.customers.create({"name": "Bram"})

    began = time.monotonic()
    sandbox.hold()

    assert time.monotonic() - began > 0.1
    assert [row["attempts"] for row in sandbox.deliveries()] == [0]
    sandbox.drop()


def test_pending_webhooks_counts_the_endpoints_that_lack_it(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    dead = shop.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/", "enabled_events": ["customer.created"]}
    )
    sandbox.hold()
    shop.v1.customers.create({"name": "Anna"})
    event = shop.events("customer.created")[0]

    sandbox.release()

    assert event.pending_webhooks == 2
    assert receiver.events(secret)[0].pending_webhooks == 2
    assert shop.v1.events.retrieve(event.id).pending_webhooks == 1
    shop.v1.webhook_endpoints.delete(dead.id)


def test_a_dead_endpoint_is_tried_for_three_days_and_then_given_up(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    receiver.usual = 500
    sandbox.hold()
    shop.v1.customers.create({"name": "Anna"})
    waits = []
    while sandbox.waiting():
        before = sandbox.now()
        sandbox.release(only=["*"])
        waits += [row["due"] - before for row in sandbox.deliveries()]
        sandbox.advance(waits[-1])

    assert waits[:4] == pytest.approx([1, 2, 5, 10], abs=1)
    assert max(waits) == pytest.approx(DAY // 2, abs=1)
    assert 3 * DAY - 60 <= sum(waits) < 3.5 * DAY
    assert len(receiver.bodies) == len(waits) + 1
    assert shop.events()[0].pending_webhooks == 1


def test_a_delivery_is_due_by_the_clock(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    receiver.statuses = [500] * 7
    sandbox.hold()
    shop.v1.customers.create({"name": "Anna"})
    for _ in range(6):
        sandbox.release(only=["*"])
    sandbox.release()
    assert sandbox.deliveries()[0]["due"] > sandbox.now() + 200

    sandbox.advance(300)

    until(lambda: sandbox.waiting() == 0)
    assert len(receiver.bodies) == 8


def test_an_endpoint_that_is_off_misses_what_happens(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver
) -> None:
    made = shop.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["*"]}
    )
    sandbox.hold()
    shop.v1.customers.create({"name": "Anna"})
    shop.v1.webhook_endpoints.update(made.id, {"disabled": True})
    shop.v1.customers.create({"name": "Bram"})

    sandbox.release()

    assert receiver.bodies == []
    assert sandbox.waiting() == 0
    shop.v1.webhook_endpoints.delete(made.id)


def test_events_carry_the_version_of_their_endpoint(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    old = shop.v1.webhook_endpoints.create(
        {
            "url": receiver.url,
            "enabled_events": ["*"],
            "api_version": "2025-09-30.clover",
        }
    )
    shop.v1.customers.create({"name": "Anna"})
    until(lambda: len(receiver.bodies) == 2)

    mine = {str(secret), str(old.secret)}
    versions = set()
    for body, signature in zip(receiver.bodies, receiver.signatures, strict=True):
        for each in mine:
            try:
                event = stripe.Webhook.construct_event(body, signature, each)
            except stripe.SignatureVerificationError:
                continue
            versions.add((each, event.api_version))
    assert versions == {
        (secret, "2026-10-28.endive"),
        (old.secret, "2025-09-30.clover"),
    }
    assert shop.events()[0].api_version == "2026-10-28.endive"
    shop.v1.webhook_endpoints.delete(old.id)


def test_what_waits_goes_to_the_new_address_after_a_restart(
    tmp_path: Path, http: CheckedHttp, receiver: Receiver
) -> None:
    first = start_sandbox(tmp_path, webhook_url="http://127.0.0.1:9/old")
    Shop(first.base, http).v1.customers.create({"name": "Anna"})
    until(lambda: first.deliveries()[0]["attempts"] > 0)
    first.stop()

    second = start_sandbox(tmp_path, webhook_url=receiver.url)

    until(lambda: second.waiting() == 0)
    assert receiver.types("whsec_demo") == ["customer.created"]
    assert len(Shop(second.base, http).v1.webhook_endpoints.list().data) == 1
    second.stop()


def test_a_reset_lets_nothing_arrive_late(
    shop: Shop, sandbox: SandboxProcess, receiver: Receiver, secret: str
) -> None:
    receiver.slowness = 0.3
    shop.v1.customers.create({"name": "Anna"})
    until(lambda: len(receiver.bodies) == 1)
    shop.v1.customers.create({"name": "Bram"})

    sandbox.reset()

    assert len(receiver.bodies) == 1
    assert sandbox.waiting() == 0
