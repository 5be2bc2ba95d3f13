"""The panes that add and edit a card, through their pages."""

from __future__ import annotations

import html
import re

import pytest
import stripe
from django.core import mail as outgoing
from django.test import Client
from django.urls import reverse

from billing.models import BillingProfile, PaymentMethod, StripeOperation
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.billing.views.card_pages import *
from tests.billing.views.card_pages import (
    EDIT,
    LIST,
    PANE,
    attached,
    confirmed_setup,
    default_at_stripe,
    fresh,
    logged,
    sent,
    url,
    words,
)
from tests.subscriptions.changing import *
from tests.subscriptions.changing import at_stripe, read
from tests.subscriptions.paying import *
from tests.subscriptions.paying import enter_on_stripes_page

pytestmark = pytest.mark.django_db


# Adding


def test_a_card_is_added_and_pays_for_nothing(
    web: Client,
    profile: BillingProfile,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    setup = confirmed_setup(stripe_client, profile, "pm_card_mastercard")
    pane = web.get(f"{LIST}add/", headers=PANE).content.decode()
    assert f'data-start="{reverse("billing:card_setup", args=[profile.pk])}"' in pane

    answer = web.post(
        f"{LIST}add/", {"profile": str(profile.pk), "setup_intent": setup}, follow=True
    )

    assert "Mastercard •••• 4444 was added. It pays for nothing" in words(answer)
    profile.refresh_from_db()
    assert profile.payment_method == visa
    assert logged("card_added") == 1
    assert sent() == ["Added: Mastercard •••• 4444"]
    told = outgoing.outbox[0].body
    assert "Mastercard •••• 4444 was added to the billing profile Noordzee" in told
    assert "pays for nothing" in told
    added = PaymentMethod.objects.exclude(pk=visa.pk).get()
    assert f"{LIST}{added.pk}/" in told
    # Sent once more, because the first answer got lost.
    form = {"profile": str(profile.pk), "setup_intent": setup}
    web.post(f"{LIST}add/", form)
    assert sent() == ["Added: Mastercard •••• 4444"]


def test_without_a_script_the_card_is_entered_at_stripe(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    answer = web.post(f"{LIST}add/", {"profile": str(profile.pk)})
    assert answer.status_code == 302
    assert "/c/pay/cs_" in answer["Location"]
    session = enter_on_stripes_page(stripe_client, profile)

    back = web.get(f"{LIST}add/", {"profile": str(profile.pk), "card_session": session})

    assert "Mastercard •••• 4444 Entered just now" in words(back)
    setup = re.search(r'name="setup_intent" value="(seti_\w+)"', back.content.decode())
    assert setup
    form = {"profile": str(profile.pk), "setup_intent": setup[1]}
    assert "was added" in words(web.post(f"{LIST}add/", form, follow=True))


def test_a_card_of_another_profile_is_refused(
    web: Client,
    profile: BillingProfile,
    brams: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    setup = confirmed_setup(stripe_client, brams.profile, "pm_card_visa")

    for wanted in (profile.pk, brams.profile_id):
        answer = web.post(
            f"{LIST}add/", {"profile": str(wanted), "setup_intent": setup}
        )
        assert answer.status_code == 422
    assert not PaymentMethod.objects.filter(profile=profile).exists()
    assert web.post(f"{LIST}entry/{brams.profile_id}/").status_code == 404
    assert "client_secret" in web.post(f"{LIST}entry/{profile.pk}/").json()


# Editing


def test_date_name_and_address_are_changed_at_stripe(
    web: Client, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    answer = web.post(url(visa, "edit"), EDIT, headers=PANE)

    assert "Visa •••• 4242 was changed." in words(answer)
    assert "cards:changed" in answer["HX-Trigger"]
    found = stripe_client.v1.payment_methods.retrieve(visa.stripe_payment_method_id)
    assert found.card
    assert (found.card.exp_month, found.billing_details.name) == (3, "A. de Vries")
    assert found.billing_details.address
    assert found.billing_details.address.city == "Rotterdam"
    known = fresh(visa)
    assert (known.expires, known.holder_name) == (
        f"03/{EDIT['exp_year']}",
        "A. de Vries",
    )
    assert known.address["postal_code"] == "3071 NE"
    assert "state" not in known.address
    assert "Maaskade 85 3071 NE Rotterdam" in words(web.get(f"{LIST}{visa.pk}/"))
    assert 'value="Maaskade 85"' in web.get(url(visa, "edit")).content.decode()
    assert sent() == ["Changed: Visa •••• 4242"]
    assert "Visa •••• 4242 now pays for:" in outgoing.outbox[0].body
    assert logged("card_edited") == 1
    # What was asked once says no name or address.
    operation = StripeOperation.objects.get(kind="card.update")
    assert operation.arguments == {"card": visa.stripe_payment_method_id}


TEXAN = {
    **EDIT,
    "line1": "1 Main St",
    "postal_code": "75001",
    "city": "Addison",
    "region": "TX",
    "country": "US",
}


def test_the_address_follows_its_country(
    web: Client, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    web.post(url(visa, "edit"), TEXAN, headers=PANE)

    found = stripe_client.v1.payment_methods.retrieve(visa.stripe_payment_method_id)
    assert found.billing_details.address
    assert found.billing_details.address.state == "TX"
    page = web.get(url(visa, "edit")).content.decode()
    assert re.search(r'<option value="TX" selected>Texas', page)
    assert "ZIP code" in page
    wrong = web.post(url(visa, "edit"), {**TEXAN, "postal_code": "3071 NE"})
    assert wrong.status_code == 422
    assert "One looks like 95014" in words(wrong)
    wrong = web.post(url(visa, "edit"), {**TEXAN, "region": "Zuid-Holland"})
    assert "Choose one of the list." in words(wrong)


def test_of_a_cards_address_any_part_may_be_missing(
    web: Client, visa: PaymentMethod
) -> None:
    nothing = {name: EDIT[name] for name in ("exp_month", "exp_year")}

    assert web.post(url(visa, "edit"), nothing).status_code == 302
    assert fresh(visa).address == {}
    assert web.post(url(visa, "edit"), {**nothing, "country": "US"}).status_code == 302
    assert fresh(visa).address == {"country": "US"}


def test_another_country_brings_its_fields_and_keeps_what_was_typed(
    web: Client, visa: PaymentMethod
) -> None:
    typed = {**EDIT, "country": "US", "holder_name": "Typed", "exp_year": "x"}

    plain = web.post(url(visa, "edit"), {**typed, "action": "country"})
    part = web.post("/billing/address-fields/", {**typed, "which": "card"})

    assert plain.status_code == 200
    assert 'value="Typed"' in plain.content.decode()
    for answer in (plain, part):
        assert '<option value="TX"' in answer.content.decode()
        assert 'value="Maaskade 85"' in answer.content.decode()
    assert "Street and number (optional)" in words(part)
    assert fresh(visa).holder_name != "Typed"


def test_a_region_that_the_bank_names_is_the_one_of_the_list(
    web: Client, visa: PaymentMethod
) -> None:
    PaymentMethod.objects.update(address={"country": "US", "state": "texas"})

    page = web.get(url(visa, "edit")).content.decode()

    assert re.search(r'<option value="TX" selected>Texas', page)


def test_what_is_known_without_the_country_stays(
    web: Client, visa: PaymentMethod
) -> None:
    PaymentMethod.objects.update(address={"postal_code": "3071 NE"})
    page = web.get(url(visa, "edit")).content.decode()
    assert 'value="3071 NE"' in page
    form = {name: EDIT[name] for name in ("exp_month", "exp_year", "postal_code")}

    web.post(url(visa, "edit"), form)

    assert fresh(visa).address == {"postal_code": "3071 NE"}


def test_a_date_that_is_over_is_refused_and_what_was_typed_stays(
    web: Client, visa: PaymentMethod
) -> None:
    now = clock.now()
    PaymentMethod.objects.filter(pk=visa.pk).update(exp_year=now.year - 1, exp_month=1)
    old = {**EDIT, "exp_month": "1", "exp_year": str(now.year - 1)}

    answer = web.post(url(visa, "edit"), {**old, "holder_name": "Typed"})

    assert answer.status_code == 422
    assert "This date is over." in words(answer)
    assert 'value="Typed"' in answer.content.decode()
    assert web.post(url(visa, "edit"), {**EDIT, "exp_year": "x"}).status_code == 422


def test_the_same_card_entered_again_takes_the_old_ones_place(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    setup = confirmed_setup(stripe_client, visa.profile, "pm_card_visa")

    answer = web.post(url(visa, "security-code"), {"setup_intent": setup}, headers=PANE)

    assert "The security code of Visa •••• 4242 was changed." in words(answer)
    now = read(bought)
    assert now.card.pk != visa.pk
    assert now.profile.payment_method_id == now.card.pk
    stripes = at_stripe(stripe_client, bought).default_payment_method
    assert stripes == now.card.stripe_payment_method_id
    assert default_at_stripe(stripe_client, visa.profile) == stripes
    assert not attached(stripe_client, visa)
    assert fresh(visa).detached_at is not None
    assert sent()[-1] == "Changed: Visa •••• 4242"


def test_another_card_is_no_security_code(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    setup = confirmed_setup(stripe_client, visa.profile, "pm_card_mastercard")

    answer = web.post(url(visa, "security-code"), {"setup_intent": setup})

    assert answer.status_code == 422
    assert "That is another card; use Replace." in words(answer)
    assert read(bought).card == visa
    assert attached(stripe_client, visa)


# Back to whence it was opened


def profile_page(profile: BillingProfile) -> str:
    return reverse("billing:profile", args=[profile.pk])


def link(page: str, name: str) -> str:
    """The address behind a link of a page."""
    found = re.search(rf'href="([^"]+/{name}/[^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


@pytest.mark.parametrize("name", ["edit", "replace"])
def test_without_a_script_it_leads_back_to_the_billing_profile(
    web: Client,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    bought: Subscription,
    name: str,
) -> None:
    own = profile_page(visa.profile)
    address = link(web.get(own).content.decode(), name)
    pane = web.get(address).content.decode()
    assert f'href="{own}" data-close' in pane
    action = link(pane.replace(" action=", " href="), name)

    answer = web.post(action, {**EDIT, "payment": str(mastercard.pk)})

    assert answer["Location"] == own
    shown = words(web.get(own))
    assert "was changed." in shown or "pays from now on" in shown


def test_what_is_entered_at_stripe_still_knows_whence(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    own = profile_page(profile)
    address = link(web.get(own).content.decode(), "add")
    web.post(address, {"profile": str(profile.pk)})
    session = enter_on_stripes_page(stripe_client, profile)
    back = web.get(f"{address}&card_session={session}").content.decode()
    setup = re.search(r'name="setup_intent" value="(seti_\w+)"', back)
    assert setup
    form = {"profile": str(profile.pk), "setup_intent": setup[1]}

    answer = web.post(link(back.replace(" action=", " href="), "add"), form)

    assert answer["Location"] == own


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "x"])
def test_it_leads_nowhere_else(web: Client, visa: PaymentMethod, back: str) -> None:
    answer = web.post(f"{url(visa, 'edit')}?back={back}", EDIT)

    assert answer["Location"] == f"{LIST}{visa.pk}/"
    assert "evil.example" not in web.get(answer["Location"]).content.decode()
