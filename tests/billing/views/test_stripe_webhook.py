import json
import time
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from billing.models import StripeEvent

pytestmark = pytest.mark.django_db


def event(**fields: Any) -> bytes:
    invoice = {"id": "in_made_1", "object": "invoice", "customer": "cus_made_1"}
    body = {
        "id": "evt_made_1",
        "object": "event",
        "type": "invoice.paid",
        "data": {"object": invoice},
    }
    return json.dumps(body | fields).encode()


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    return stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=at or int(time.time())
    )


def post(body: bytes, header: str) -> HttpResponse:
    # As strict as a browser's request: the endpoint must not want a CSRF token.
    client = Client(enforce_csrf_checks=True)
    return client.post(
        reverse("billing:stripe_webhook"),
        body,
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )


def deliver(body: bytes) -> HttpResponse:
    return post(body, signature(body, settings.STRIPE_WEBHOOK_SECRET))


def test_a_signed_event_is_kept_and_answered_with_200() -> None:
    response = deliver(event())

    assert (response.status_code, response.content) == (200, b"")
    kept = StripeEvent.objects.get()
    assert (kept.id, kept.type, kept.object_id, kept.customer_id) == (
        "evt_made_1",
        "invoice.paid",
        "in_made_1",
        "cus_made_1",
    )


def test_a_double_delivery_is_one_row() -> None:
    first, second = deliver(event()), deliver(event())

    assert (first.status_code, second.status_code) == (200, 200)
    assert StripeEvent.objects.count() == 1


def test_an_event_that_nobody_handles_is_answered_with_200() -> None:
    assert deliver(event(type="radar.early_fraud_warning.created")).status_code == 200


@pytest.mark.parametrize("secret", ["whsec_of_somebody_else", ""])
def test_a_wrong_signature_is_refused_and_nothing_is_kept(secret: str) -> None:
    body = event()

    assert post(body, signature(body, secret)).status_code == 400
    assert not StripeEvent.objects.exists()


def test_a_body_that_was_changed_is_refused() -> None:
    header = signature(event(), settings.STRIPE_WEBHOOK_SECRET)

    assert post(event(type="invoice.voided"), header).status_code == 400


def test_an_old_delivery_sent_again_by_somebody_is_refused() -> None:
    body = event()
    header = signature(body, settings.STRIPE_WEBHOOK_SECRET, int(time.time()) - 3600)

    assert post(body, header).status_code == 400


@pytest.mark.parametrize("header", ["", "t=,v1=", "nonsense"])
def test_no_readable_signature_is_refused(header: str) -> None:
    assert post(event(), header).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"no json", b'{"id": "evt_1"}'])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    assert deliver(body).status_code == 400


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_other_methods_are_refused(method: str) -> None:
    response = getattr(Client(), method)(reverse("billing:stripe_webhook"))

    assert response.status_code == 405
