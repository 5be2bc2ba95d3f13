"""The list of payment methods, and the details of one."""

from __future__ import annotations

import datetime as dt
import html
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions.models import OrderState, ScheduledChange
from tests.dates import shown_day
from tests.factories.billing import make_invoice
from tests.factories.catalog import make_offer
from tests.factories.subscriptions import make_card, make_profile, make_subscription

LIST = "/billing/payment-methods/"
PANE = {"HX-Request": "true", "HX-Target": "pane"}
DUTCH = {"Accept-Language": "nl"}


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


def words(response: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def details(card: PaymentMethod) -> str:
    return reverse("billing:payment_method", args=[card.pk])


def test_the_list_says_what_each_card_pays_for(web: Client, anna: User) -> None:
    profile = make_profile(anna, name="Noordzee Advies")
    make_card(
        profile, brand="mastercard", last4="4444", fingerprint="m", holder_name="A. V."
    )
    bought = make_subscription(
        anna, quantity=5, profile=profile, offer=make_offer(name="Planboard")
    )

    said = words(web.get(LIST))

    day = shown_day(bought.period_end)
    assert f"Noordzee Advies 1 subscription {bought.period_total} {day}" in said
    assert "Mastercard •••• 4444 A. V." in said
    assert "Nothing yet –" in said


def test_both_pages_are_tabs_of_each_other(web: Client, anna: User) -> None:
    make_profile(anna)

    here, there = web.get(LIST).content.decode(), web.get("/billing/invoices/")

    assert f'<a href="{LIST}" aria-current="page">Payment methods</a>' in here
    assert '<a href="/billing/invoices/">Invoices</a>' in here
    assert f'<a href="{LIST}">Payment methods</a>' in there.content.decode()
    dutch = words(web.get(LIST, headers=DUTCH))
    assert "Facturen en betalingen" in dutch
    assert "Betalingswijzen" in dutch
    assert "Een betalingswijze toevoegen" in dutch


def test_the_same_card_under_two_profiles_is_one_card(web: Client, anna: User) -> None:
    first, second = make_profile(anna, name="Advies"), make_profile(anna, name="Bouw")

    answer = web.get(LIST)

    assert "Advies, Bouw" in words(answer)
    assert words(answer).count("Visa •••• 4242") == 1
    menu = words(web.get(f"{LIST}{second.payment_method_id}/menu/", headers=PANE))
    assert "Replace for Advies" in menu
    assert "Delete for Bouw" in menu
    assert first.payment_method is not None
    shown = words(web.get(details(first.payment_method)))
    assert "Advies Pays for this billing profile" in shown
    assert "Bouw Pays for this billing profile" in shown


@pytest.mark.parametrize(
    ("months", "said"),
    [(-1, "Expired"), (0, "Expires soon"), (1, "Expires soon"), (3, "")],
)
def test_a_card_says_that_it_ends(
    web: Client, anna: User, months: int, said: str
) -> None:
    ends = add_months(clock.now(), months)
    card = make_profile(anna).payment_method
    assert card is not None
    PaymentMethod.objects.filter(pk=card.pk).update(
        exp_month=ends.month, exp_year=ends.year
    )

    shown = words(web.get(LIST))

    assert f"{ends.month:02d}/{ends.year} {said}".strip() in shown
    assert ("Expires soon" in shown) == (said == "Expires soon")


def test_a_card_that_ends_before_its_next_charge_is_marked(
    web: Client, anna: User
) -> None:
    far = add_months(clock.now(), 12)
    bought = make_subscription(anna, period_end=far, term_end=far)
    ends = add_months(clock.now(), 4)
    PaymentMethod.objects.update(exp_month=ends.month, exp_year=ends.year)

    shown = words(web.get(details(bought.card)))

    assert "Expires before the next charge" in words(web.get(LIST))
    day = shown_day(bought.period_end)
    assert f"The charge of {bought.period_total} on {day} would fail." in shown


def test_a_change_at_renewal_is_in_the_next_charge(web: Client, anna: User) -> None:
    bought = make_subscription(anna, quantity=5)
    bought.scheduled_quantity = 3
    bought.period_end = bought.term_end
    bought.save()
    ScheduledChange.objects.create(
        organization_id=bought.organization_id,
        subscription=bought,
        quantity=3,
        price=bought.price,
        takes_effect_at=bought.term_end,
    )

    assert str(bought.price.money * 3) in words(web.get(LIST))


def test_what_is_past_due_can_be_paid_from_the_details(web: Client, anna: User) -> None:
    bought = make_subscription(anna, stripe_status="past_due")
    owed = make_invoice(anna, status="open", attempted=True, subscription_id=bought.pk)

    page = web.get(details(bought.card)).content.decode()

    assert reverse("billing:invoice_pay", args=[owed.pk]) in page
    assert "Past due" in page


def test_an_order_that_waits_for_its_bank_uses_the_card(
    web: Client, anna: User
) -> None:
    bought = make_subscription(anna, order_state=OrderState.PENDING)

    assert "Payment pending" in words(web.get(details(bought.card)))


def test_what_is_over_uses_no_card(web: Client, anna: User) -> None:
    long_ago = clock.now() - dt.timedelta(days=800)
    bought = make_subscription(anna, term_start=long_ago, recurring_billing=False)

    assert "No subscription is paid with it now." in words(
        web.get(details(bought.card))
    )


def test_whoever_has_bought_nothing_is_led_to_a_first_purchase(web: Client) -> None:
    said = words(web.get(LIST))
    add = words(web.get(f"{LIST}add/"))

    assert "A card is entered with your first purchase" in said
    assert "you have none yet" in add
    assert "Purchase services" in add


def test_another_persons_card_is_not_found(web: Client, bram: User, dirk: User) -> None:
    for stranger in (bram, dirk):
        theirs = make_profile(stranger).payment_method_id
        for page in ("", "menu/", "edit/", "security-code/", "replace/", "delete/"):
            url = f"{LIST}{theirs}/{page}"
            assert web.get(url).status_code == 404, url
            if page not in {"", "menu/"}:
                assert web.post(url, {"payment": "new"}).status_code == 404, url
        assert web.post(f"{LIST}{theirs}/use/").status_code == 404
        profile_id = make_profile(stranger).pk
        assert web.post(f"{LIST}entry/{profile_id}/").status_code == 404
    assert web.get(f"{LIST}{uuid.uuid4()}/").status_code == 404


def test_only_what_a_page_is_for_is_answered(web: Client, anna: User) -> None:
    card = make_profile(anna).payment_method_id
    for url in (LIST, f"{LIST}{card}/", f"{LIST}{card}/menu/"):
        assert web.post(url).status_code == 405, url
    assert web.get(f"{LIST}{card}/use/").status_code == 405
    for page in ("edit/", "replace/", "delete/", "security-code/"):
        assert web.put(f"{LIST}{card}/{page}").status_code == 405


@pytest.mark.parametrize("page", ["0", "-3", "9" * 30, "x", "²"])
def test_a_page_that_is_none_is_the_first_or_the_last(
    web: Client, anna: User, page: str
) -> None:
    make_profile(anna)

    assert web.get(LIST, {"page": page}).status_code == 200


def test_the_list_costs_the_same_for_any_number_of_cards(
    web: Client, anna: User
) -> None:
    def fill(count: int) -> None:
        for number in range(count):
            profile = make_profile(anna, name=f"Profile {number}")
            card = profile.payment_method
            assert card is not None
            PaymentMethod.objects.filter(pk=card.pk).update(
                fingerprint=str(uuid.uuid4()), holder_name="A. de Vries"
            )
            make_subscription(anna, profile=profile)

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            answer = web.get(LIST)
        assert answer.status_code == 200
        return len(seen)

    fill(1)
    web.get(LIST)
    few = statements()
    fill(30)
    assert statements() == few <= 7
    first = web.get(LIST)
    assert len(first.content) < 40_000
    assert len(web.get(LIST, headers={"HX-Request": "true"}).content) < 25_000
    assert first.content.decode().count("data-menu") == 25
    assert web.get(f"{LIST}?page=2").content.decode().count("data-menu") == 6
