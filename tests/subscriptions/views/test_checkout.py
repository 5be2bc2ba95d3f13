"""Checkout as a browser without JavaScript sends it."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
import stripe
from django.test import Client
from django.urls import reverse

from billing.models import BillingAccount, BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import OrderState, Subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card

KEY = uuid.UUID("01a20000-0000-7000-8000-000000000001")
ADDRESS = {
    "name": "Noordzee Advies",
    "line1": "Maaskade 85",
    "postal_code": "3071 NE",
    "city": "Rotterdam",
    "country": "NL",
    "email": "anna@noordzee.example",
    "order": str(KEY),
    "quantity": "12",
}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def page_of(offer: Offer) -> str:
    return reverse("subscriptions:checkout", args=[offer.plan.pk])


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def seal_in(html: str) -> str:
    found = re.search(r'name="quote" value="([^"]+)"', html)
    assert found
    return found.group(1)


def fill(web: Client, offer: Offer, card: str, **changes: str) -> dict[str, str]:
    query = {"order": changes.get("order", str(KEY)), "quantity": "12"}
    seal = seal_in(shown(web.get(page_of(offer), query)))
    form = {
        **query,
        "plan": str(offer.plan.pk),
        "payment": card,
        "quote": seal,
        "terms": "on",
        "assign_to_me": "on",
        "action": "place",
    }
    return {**form, **changes}


def test_checkout_gets_a_key_for_its_order(web: Client, diagrams: Offer) -> None:
    answer = web.get(page_of(diagrams))

    assert answer.status_code == 302
    assert "order=" in answer["Location"]


def test_the_first_purchase_asks_who_buys(web: Client, diagrams: Offer) -> None:
    answer = web.get(page_of(diagrams), {"order": str(KEY)})

    assert "Sold to" in shown(answer)
    assert 'value="Noordzee Advies"' in shown(answer)


def test_who_buys_is_kept_and_known_to_stripe(
    web: Client, diagrams: Offer, anna: User
) -> None:
    answer = web.post(page_of(diagrams), ADDRESS)

    assert answer["Location"].endswith(f"order={KEY}&quantity=12")
    profile = BillingProfile.objects.get(purchaser=anna)
    assert profile.stripe_customer_id.startswith("cus_")
    assert profile.currency == "EUR"


def test_who_buys_twice_is_one_account(
    web: Client, diagrams: Offer, sandbox: SandboxProcess
) -> None:
    web.post(page_of(diagrams), ADDRESS)
    web.post(page_of(diagrams), ADDRESS)

    assert BillingAccount.objects.count() == 1
    assert len(sandbox.calls("POST", "/v1/customers")) == 1


def test_an_account_whose_customer_was_not_answered_is_finished(
    web: Client, diagrams: Offer, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/customers", times=3)
    answer = web.post(page_of(diagrams), ADDRESS)
    assert answer.status_code == 422
    assert "Nothing is lost" in shown(answer)
    assert 'value="Maaskade 85"' in shown(answer)

    web.post(page_of(diagrams), ADDRESS)

    keys = {call["key"] for call in sandbox.calls("POST", "/v1/customers")}
    assert len(keys) == 1
    assert BillingProfile.objects.get().stripe_customer_id


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("tax_id", "NL123", "isn&#x27;t a VAT number"),
        ("tax_id", "BE0428759497", "of another country"),
        ("line1", "", "Enter the street and the number"),
        ("country", "CH", "isn&#x27;t sold in CHF"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_stays(
    web: Client, diagrams: Offer, field: str, value: str, sentence: str
) -> None:
    answer = web.post(page_of(diagrams), {**ADDRESS, field: value})

    assert answer.status_code == 422
    assert sentence in shown(answer)
    assert 'value="Rotterdam"' in shown(answer)
    assert not BillingAccount.objects.exists()


def test_the_summary_shows_tax_and_total(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    html = shown(web.get(page_of(diagrams), {"order": str(KEY), "quantity": "12"}))

    assert "€714.38" in html
    assert "VAT 21%" in html


def test_an_order_is_placed_and_confirmed(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    answer = web.post(page_of(diagrams), form, follow=True)

    assert "Order confirmed" in shown(answer)
    assert "€714.38 was charged to Visa •••• 4242" in shown(answer)


def test_reload_and_back_lead_to_the_same_order(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    first = web.post(page_of(diagrams), form)
    again = web.post(page_of(diagrams), form)
    back = web.get(page_of(diagrams), {"order": str(KEY)})

    assert first["Location"] == again["Location"] == back["Location"]
    assert Subscription.objects.count() == 1


def test_another_number_than_the_shown_one_is_shown_first(
    web: Client, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    form = fill(web, diagrams, str(visa.pk), quantity="13")
    answer = web.post(page_of(diagrams), form)

    assert answer.status_code == 422
    assert "The amount has changed to €773.92" in shown(answer)
    assert sandbox.calls("POST", "/v1/subscriptions") == []


def test_a_made_up_amount_is_not_believed(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk), quote="made:up")

    assert web.post(page_of(diagrams), form).status_code == 422


def test_terms_must_be_accepted(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk), terms="")
    answer = web.post(page_of(diagrams), form)

    assert answer.status_code == 422
    assert "Accept the terms" in shown(answer)


def test_a_declined_card_leaves_everything_filled_in(
    web: Client,
    diagrams: Offer,
    profile: BillingProfile,
    stripe_client: stripe.StripeClient,
) -> None:
    card = enter_card(stripe_client, profile, "pm_card_chargeCustomerFail")
    answer = web.post(page_of(diagrams), fill(web, diagrams, str(card.pk)))

    assert answer.status_code == 422
    assert "The bank declined this card" in shown(answer)
    assert 'value="12"' in shown(answer)
    assert Subscription.objects.get().order_state == OrderState.DECLINED


def test_without_script_the_card_is_entered_at_stripe(
    web: Client, diagrams: Offer, profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    answer = web.post(page_of(diagrams), fill(web, diagrams, "new"))

    assert answer["Location"].startswith(f"{sandbox.base}/c/pay/cs_test_")


def test_a_card_of_somebody_else_is_refused(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    answer = web.post(page_of(diagrams), fill(web, diagrams, str(uuid.uuid4())))

    assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_a_stripe_that_is_down_is_said(
    web: Client, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    sandbox.fault("500_before", "POST", "/v1/invoices/create_preview", times=3)

    html = shown(web.get(page_of(diagrams), {"order": str(KEY)}))

    assert "doesn&#x27;t answer right now" in html
    assert 'value="place"' not in html


def test_an_order_is_its_buyers_only(
    web: Client, diagrams: Offer, visa: PaymentMethod, bram: User, dirk: User
) -> None:
    web.post(page_of(diagrams), fill(web, diagrams, str(visa.pk)))
    placed = Subscription.objects.get()

    for stranger in (bram, dirk):
        web.force_login(stranger)
        for name in ("order", "details", "row_menu"):
            address = reverse(f"subscriptions:{name}", args=[placed.pk])
            assert web.get(address).status_code == 404, name


def test_a_plan_that_does_not_exist_is_not_found(web: Client) -> None:
    address = reverse("subscriptions:checkout", args=[uuid.uuid4()])

    assert web.get(address).status_code == 404


def test_the_card_entry_starts_with_a_secret(
    web: Client, profile: BillingProfile
) -> None:
    start = reverse("billing:card_setup", args=[profile.pk])
    answer = web.post(start)

    assert answer.json()["client_secret"].startswith("seti_")
    assert web.get(start).status_code == 405
