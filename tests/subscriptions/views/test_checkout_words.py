"""What Checkout says before it is pressed: money, tax, admins, in both languages."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client

from billing.models import PaymentMethod
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.factories.catalog import make_product
from tests.stripe_sandbox import SOLD_TO, put_on_sale
from tests.subscriptions.living import words
from tests.subscriptions.views.test_checkout import KEY, fill, page_of, shown

SAID = {
    "en": [
        "Today you pay €714.38",
        "VAT 21% €123.98",
        "Renews for 1 year unless you turn recurring billing off",
        "What your admins will see",
        "Never your card or your address",
        "PO number PRJ-2026-118",
        "Assign a license to me",
    ],
    "nl": [
        "U betaalt vandaag € 714,38",
        "Btw 21% € 123,98",
        "tenzij u de terugkerende facturering uitzet",
        "Wat uw beheerders zien",
        "Inkoopordernummer PRJ-2026-118",
        "Een licentie aan mij toewijzen",
    ],
}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def checkout(web: Client, offer: Offer, language: str = "en", **query: str) -> str:
    answer = web.get(
        page_of(offer),
        {"order": str(KEY), "quantity": "12", **query},
        headers={"Accept-Language": language},
    )
    return words(shown(answer)).replace("\xa0", " ")


@pytest.mark.parametrize("language", ["en", "nl"])
def test_everything_is_said_before_the_order(
    web: Client, diagrams: Offer, visa: PaymentMethod, language: str
) -> None:
    said = checkout(web, diagrams, language)

    for sentence in SAID[language]:
        assert sentence in said


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "VAT, reverse charge €0.00"),
        ("nl", "Btw verlegd € 0,00"),
    ],
)
def test_a_foreign_vat_number_reverses_the_charge(
    web: Client, diagrams: Offer, anna: User, language: str, sentence: str
) -> None:
    belgian = dataclasses.replace(SOLD_TO, country="BE", tax_id="BE0428759497")
    open_account(purchaser=anna, sold_to=belgian)

    said = checkout(web, diagrams, language)

    assert sentence in said
    assert ("€590.40" if language == "en" else "€ 590,40") in said


def test_a_month_of_a_year_says_what_every_month_costs(
    web: Client, visa: PaymentMethod
) -> None:
    monthly = put_on_sale(
        make_product("Boards"), 440, term=Term.YEAR, frequency=Frequency.MONTHLY
    )

    said = checkout(web, monthly)

    assert "Every month of the term" in said
    assert said.count("€63.89") == 3


@pytest.mark.parametrize("assign", [True, False])
def test_a_license_is_assigned_when_the_box_is_ticked(
    web: Client, diagrams: Offer, visa: PaymentMethod, assign: bool
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    if not assign:
        del form["assign_to_me"]

    web.post(page_of(diagrams), form)

    assert Subscription.objects.get().assigned == int(assign)


def test_without_a_usage_location_it_is_said_before(
    web: Client, diagrams: Offer, visa: PaymentMethod, anna: User
) -> None:
    anna.usage_location = ""
    anna.save()

    said = checkout(web, diagrams)
    refused = web.post(page_of(diagrams), fill(web, diagrams, str(visa.pk)))

    assert "has no usage location for you" in said
    assert refused.status_code == 422
    assert not Subscription.objects.exists()


def test_the_subscriptions_page_leads_to_its_order(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    web.post(page_of(diagrams), fill(web, diagrams, str(visa.pk)))
    placed = Subscription.objects.get()

    html = shown(web.get(f"/subscriptions/{placed.pk}/"))

    assert "Bought on" in html
    assert f'href="/orders/{placed.pk}/"' in html
    assert "PO number PRJ-2026-118" in html
    assert web.get(f"/orders/{placed.pk}/").status_code == 200
