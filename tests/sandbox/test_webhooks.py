"""Webhooks are really posted, really signed, and arrive as badly as wanted."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.receiver import Receiver, until
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess


def arrived(receiver: Receiver, count: int) -> None:
    until(lambda: len(receiver.bodies) >= count)


def test_an_event_is_posted_and_its_signature_is_good(
    shop: Shop, receiver: Receiver, secret: str
) -> None:
    customer = shop.v1.customers.create({"name": "Zoë"})
    arrived(receiver, 1)

    event = receiver.events(secret)[0]
    assert event.type == "customer.created"
    assert event.api_version == "2026-10-28.endive"
    assert event.data.object["id"] == customer.id
    assert event.data.object["name"] == "Zoë"
    assert event.id == shop.events("customer.created")[0].id


def test_another_secret_does_not_verify(
    shop: Shop, receiver: Receiver, secret: str
) -> None:
    shop.v1.customers.create({"name": "Anna"})
    arrived(receiver, 1)

    with pytest.raises(stripe.SignatureVerificationError):
        receiver.events("whsec_other")


def test_an_endpoint_that_fails_is_tried_again(
    shop: Shop, receiver: Receiver, secret: str, sandbox: SandboxProcess
) -> None:
    receiver.statuses += [500, 302]
    shop.v1.customers.create({"name": "Anna"})
    arrived(receiver, 3)

    until(lambda: sandbox.waiting() == 0)
    assert receiver.types(secret) == ["customer.created"] * 3
    assert len({event.id for event in receiver.events(secret)}) == 1


def test_only_what_was_asked_for_is_sent(shop: Shop, receiver: Receiver) -> None:
    made = shop.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["product.created"]}
    )
    shop.v1.customers.create({"name": "Anna"})
    shop.v1.products.create({"name": "Diagrams"})
    arrived(receiver, 1)

    assert receiver.types(str(made.secret)) == ["product.created"]
    shop.v1.webhook_endpoints.delete(made.id)


def test_held_webhooks_wait(
    shop: Shop, receiver: Receiver, secret: str, sandbox: SandboxProcess
) -> None:
    sandbox.hold()
    shop.v1.customers.create({"name": "Anna"})

    assert sandbox.waiting() == 1
    assert receiver.bodies == []
    assert sandbox.release() == 1
    assert receiver.types(secret) == ["customer.created"]
    assert sandbox.waiting() == 0


def test_held_webhooks_arrive_reversed_and_twice(
    shop: Shop, receiver: Receiver, secret: str, sandbox: SandboxProcess
) -> None:
    sandbox.hold()
    customer = shop.v1.customers.create({"name": "Anna"})
    shop.v1.customers.update(customer.id, {"name": "Bram"})

    assert sandbox.release(order="reversed", copies=2) == 4

    updated, created = "customer.updated", "customer.created"
    assert receiver.types(secret) == [updated, updated, created, created]


def test_an_event_is_a_snapshot_with_what_was_before(
    shop: Shop, receiver: Receiver, secret: str
) -> None:
    customer = shop.v1.customers.create({"name": "Anna"})
    shop.v1.customers.update(customer.id, {"name": "Bram"})
    shop.v1.customers.update(customer.id, {"name": "Carla"})
    arrived(receiver, 3)

    created, first, second = receiver.events(secret)
    assert created.data.object["name"] == "Anna"
    assert first.data.object["name"] == "Bram"
    assert first.data.previous_attributes.to_dict() == {"name": "Anna"}
    assert second.data.previous_attributes.to_dict() == {"name": "Bram"}


def test_what_was_taken_back_is_not_told(
    shop: Shop, receiver: Receiver, secret: str
) -> None:
    customer = shop.customer(card="pm_card_chargeCustomerFail")
    price_id = shop.price()
    told = len(shop.events())
    arrived(receiver, told)

    with pytest.raises(stripe.CardError):
        shop.subscribe(customer.id, price_id, payment_behavior="error_if_incomplete")

    shop.v1.products.create({"name": "Marker"})
    arrived(receiver, told + 1)
    assert receiver.types(secret)[told:] == ["product.created"]


def test_webhooks_stay_on_this_machine(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="this machine only"):
        shop.v1.webhook_endpoints.create(
            {"url": "https://hooks.example/stripe", "enabled_events": ["*"]}
        )
