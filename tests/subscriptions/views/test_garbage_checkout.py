"""Garbage at Checkout, its first step and its second, with and without a trial."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from billing.models import BillingAccount, BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import OrderState, Subscription
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.garbage import few, keeps, looked_at, nasty, sent
from tests.subscriptions.trying import *
from tests.subscriptions.views.test_checkout import ADDRESS, KEY, fill, page_of

TYPED = ["name", "line1", "line2", "postal_code", "city", "email", "tax_id"]
VAT = st.builds(
    "{}{}".format,
    st.sampled_from(["NL", "BE", "DE", "FR", "ES", "IE", "EL", "GR", "XI", "EU", "im"]),
    st.text("0123456789BKXK+*².- ", max_size=14),
)


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


@few
@given(
    order=nasty,
    quantity=nasty,
    card_session=nasty,
    assign=nasty,
    trial=st.sampled_from(["", "1", "x"]),
)
@example(order=str(KEY), quantity="12", card_session=".", assign="no", trial="1")
@example(order=str(KEY), quantity="12", card_session="..", assign="no", trial="")
def test_its_address(
    web: Client,
    trial_offer: Offer,
    profile: BillingProfile,
    order: str,
    quantity: str,
    card_session: str,
    assign: str,
    trial: str,
) -> None:
    fields = {
        "order": order,
        "quantity": quantity,
        "card_session": card_session,
        "assign": assign,
        "trial": trial,
    }
    looked_at(web, page_of(trial_offer), fields)


@few
@given(
    name=st.sampled_from([*TYPED, "country", "po_number"]),
    value=nasty,
    other=nasty,
)
def test_who_buys(
    web: Client, diagrams: Offer, name: str, value: str, other: str
) -> None:
    # One field stays empty, so that nothing is ever stored.
    data = {**ADDRESS, "order": other, "quantity": other, name: value, "city": ""}

    for answer in sent(web, page_of(diagrams), data):
        assert answer.status_code == 422
        assert name in {"country", "city"} or keeps(answer, value)
    assert not BillingAccount.objects.exists()


@few
@given(number=VAT)
@example(number="NL²²²²²²²²²B01")
@example(number="IE\u0661\u0662\u0663")
def test_a_vat_number(web: Client, diagrams: Offer, number: str) -> None:
    data = {**ADDRESS, "tax_id": number, "city": ""}

    for answer in sent(web, page_of(diagrams), data):
        assert answer.status_code == 422


def test_without_any_field(web: Client, diagrams: Offer) -> None:
    for answer in sent(web, page_of(diagrams), {}):
        assert answer.status_code == 422


NAMES = ["order", "plan", "quantity", "payment", "quote", "terms", "action"]


@few
@given(
    changed=st.dictionaries(st.sampled_from(NAMES), nasty, min_size=1, max_size=3),
    trial=st.booleans(),
    setup=nasty,
)
@example(changed={"payment": "new"}, trial=False, setup=".")
@example(changed={"payment": "new"}, trial=True, setup="..")
def test_an_order(
    web: Client,
    trial_offer: Offer,
    visa: PaymentMethod,
    changed: dict[str, str],
    trial: bool,
    setup: str,
) -> None:
    # An order of its own: one before may have been placed in spite of its garbage.
    form = fill(web, trial_offer, str(visa.pk), order=str(uuid.uuid4()))
    data = {**form, "setup_intent": setup, **changed} | (
        {"trial": "1"} if trial else {}
    )
    before = Subscription.objects.count()

    page = sent(web, page_of(trial_offer), data)[0]

    if "quantity" in changed and page.status_code == 422:
        assert keeps(page, changed["quantity"])
    made = Subscription.objects.exclude(order_state=OrderState.CONFIRMED)
    assert not made.exists()
    assert Subscription.objects.count() <= before + 1


@few
@given(
    without=st.sets(st.sampled_from(["plan", "quantity", "quote", "terms", "order"])),
)
def test_an_order_with_missing_fields(
    web: Client, diagrams: Offer, visa: PaymentMethod, without: set[str]
) -> None:
    without = without or {"quote"}
    form = fill(web, diagrams, str(visa.pk))
    data = {name: value for name, value in form.items() if name not in without}

    for answer in sent(web, page_of(diagrams), data):
        assert answer.status_code == 422, without
    assert not Subscription.objects.exists()


def test_repeated_keys_count_once(
    web: Client, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    data = {
        **form,
        "quantity": ["1", "12"],
        "payment": [str(uuid.uuid4()), form["payment"]],
    }

    answer = web.post(page_of(diagrams), data)

    assert answer.status_code == 302
    assert Subscription.objects.get().quantity == 12
    assert len(sandbox.calls("POST", "/v1/subscriptions")) == 1


def test_a_body_that_cannot_be_read(web: Client, diagrams: Offer) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/xml"):
        answer = web.post(page_of(diagrams), b"\xff\x00--x--", content_type=kind)

        assert answer.status_code in {400, 422}, kind


def test_the_pages_of_an_order_take_no_garbage(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    web.post(page_of(diagrams), fill(web, diagrams, str(visa.pk)))
    placed = Subscription.objects.get()
    for name in ("finish_payment", "drop_order"):
        url = reverse(f"subscriptions:{name}", args=[placed.pk])
        for answer in sent(web, url, {"x": "\x00", "order": "x" * 3000}):
            assert answer.status_code == 302
    placed.refresh_from_db()
    assert placed.order_state == OrderState.CONFIRMED
