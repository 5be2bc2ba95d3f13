import datetime as dt
import json
import time
from typing import Any

import pytest
import stripe
from django.conf import settings as configured
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from billing import gateway
from billing.models import StripeEvent
from billing.services import inbox
from tests.sandbox_process import SandboxProcess

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
    return post(body, signature(body, configured.STRIPE_WEBHOOK_SECRET))


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
    header = signature(event(), configured.STRIPE_WEBHOOK_SECRET)

    assert post(event(type="invoice.voided"), header).status_code == 400


def test_an_old_delivery_sent_again_by_somebody_is_refused() -> None:
    body = event()
    header = signature(body, configured.STRIPE_WEBHOOK_SECRET, int(time.time()) - 3600)

    assert post(body, header).status_code == 400


@pytest.mark.parametrize("header", ["", "t=,v1=", "nonsense"])
def test_no_readable_signature_is_refused(header: str) -> None:
    assert post(event(), header).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"no json", b'{"id": "evt_1"}'])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    assert deliver(body).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "evt_" + "x" * 80},
        {"id": "evt_\x00"},
        {"id": ""},
        {"type": "x" * 200},
        {"type": "invoice.\x00paid"},
        {"data": {"object": {"id": "in_\x00", "object": "invoice"}}},
        {"data": {"object": {"id": "i" * 300, "object": "invoice"}}},
        {"data": {}},
        {"data": []},
    ],
    ids=repr,
)
def test_signed_nonsense_is_refused_and_never_an_error(fields: dict[str, Any]) -> None:
    assert deliver(event(**fields)).status_code == 400
    assert not StripeEvent.objects.exists()


def test_a_body_that_is_no_text_is_refused() -> None:
    assert post(b"\xff\xfe\x00", "t=1,v1=00").status_code == 400


def test_a_large_event_is_kept_and_a_huge_one_isnt_read() -> None:
    large = event(id="evt_large", request={"words": "x" * 1_000_000})
    huge = event(id="evt_huge", request={"words": "x" * 2_000_000})

    assert deliver(large).status_code == 200
    assert deliver(huge).status_code == 413
    assert [kept.id for kept in StripeEvent.objects.all()] == ["evt_large"]


def test_another_api_version_is_as_good() -> None:
    assert deliver(event(api_version="2019-12-03")).status_code == 200


def test_while_a_secret_is_replaced_both_are_right(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = "whsec_new, whsec_old"

    for number, secret in enumerate(("whsec_new", "whsec_old")):
        body = event(id=f"evt_{number}")
        assert post(body, signature(body, secret)).status_code == 200
    assert post(event(), signature(event(), "whsec_other")).status_code == 400


def test_an_event_costs_few_statements_and_no_call(settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with CaptureQueriesContext(connection) as asked:
        assert deliver(event()).status_code == 200

    assert len(asked) <= 7


def test_a_type_that_nobody_handles_is_done_and_not_tried_again() -> None:
    deliver(event(type="radar.early_fraud_warning.created"))

    inbox.process("evt_made_1")

    assert StripeEvent.objects.get().processed_at is not None


def test_an_object_that_stripe_does_not_have_is_not_asked_for_for_ever(
    sandbox: SandboxProcess,
) -> None:
    deliver(event())

    inbox.process("evt_made_1")

    kept = StripeEvent.objects.get()
    assert kept.processed_at is not None
    assert "No such invoice" in kept.error


def test_an_event_waits_while_stripe_is_away(settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    deliver(event())

    with pytest.raises(gateway.GatewayUnavailable):
        inbox.process("evt_made_1")

    assert StripeEvent.objects.get().processed_at is None
    assert inbox.sweep(older_than=dt.timedelta()) == 1


def test_events_are_forgotten_a_month_after_they_were_worked_off() -> None:
    now = timezone.now()
    for name, age in (("old", 31), ("young", 29)):
        done = now - dt.timedelta(days=age)
        StripeEvent.objects.create(id=name, type="x", processed_at=done)
    StripeEvent.objects.create(id="waits", type="x")

    assert inbox.remove_old() == 1
    assert {kept.id for kept in StripeEvent.objects.all()} == {"young", "waits"}


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_other_methods_are_refused(method: str) -> None:
    response = getattr(Client(), method)(reverse("billing:stripe_webhook"))

    assert response.status_code == 405
