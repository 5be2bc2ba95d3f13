import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from billing.models import Invoice
from selfservice.accounts.models import User
from selfservice.core import clock
from tests.factories.billing import (
    make_invoice,
    make_invoices,
    past_the_triggers,
    profile_of,
)
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db
URL = "/billing/invoices/"


def see(person: User, htmx: bool = False, **query: Any) -> HttpResponse:
    client = Client(headers={"HX-Request": "true", "HX-Target": "list"} if htmx else {})
    client.force_login(person)
    return client.get(URL, query)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def numbers(response: HttpResponse) -> list[str]:
    return [row.invoice.number for row in response.context["rows"]]


def days_ago(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def test_the_list_shows_the_columns_of_an_invoice(anna: User) -> None:
    invoice = make_invoice(anna, total_minor=31158, status="open", attempted=True)

    shown = words(see(anna))

    for word in (invoice.number, "Noordzee Advies", "Past due", "€311.58"):
        assert word in shown
    assert f'href="{invoice.pk}/pdf/"' in see(anna).content.decode()


def test_as_a_fragment_only_the_list_is_sent(anna: User) -> None:
    make_invoice(anna)

    response = see(anna, htmx=True, status="paid")

    assert response.content.strip().startswith(b'<div id="list"')
    assert response["HX-Push-Url"] == f"{URL}?status=paid"


def test_somebody_elses_invoices_are_not_listed(
    anna: User, bram: User, carla: User, dirk: User
) -> None:
    make_invoice(anna)

    assert all(not numbers(see(person)) for person in (bram, carla, dirk))


def test_nobody_comes_in_without_signing_in(client: Client) -> None:
    assert client.get(URL)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(anna: User, client: Client, method: str) -> None:
    client.force_login(anna)

    assert getattr(client, method)(URL).status_code == 405


def test_the_past_3_months_are_shown_until_asked_for_6(anna: User) -> None:
    young, old = make_invoice(anna), make_invoice(anna, finalized_at=days_ago(120))
    make_invoice(anna, finalized_at=days_ago(200))

    assert numbers(see(anna)) == [young.number]
    assert numbers(see(anna, period="6-months")) == [young.number, old.number]


def test_a_range_takes_in_both_of_its_days_where_the_organization_is(
    anna: User,
) -> None:
    zone = ZoneInfo(anna.organization.time_zone)
    first = dt.datetime(2025, 3, 1, 0, 0, tzinfo=zone)
    last = dt.datetime(2025, 3, 31, 23, 59, 59, tzinfo=zone)
    make_invoice(anna, number="FIRST", finalized_at=first)
    make_invoice(anna, number="LAST", finalized_at=last)
    make_invoice(anna, number="LATER", finalized_at=last + dt.timedelta(seconds=1))

    found = see(anna, period="range", start="2025-03-01", end="2025-03-31")

    assert numbers(found) == ["LAST", "FIRST"]


def test_a_range_without_dates_proposes_the_past_3_months(anna: User) -> None:
    invoice = make_invoice(anna)

    response = see(anna, period="range")

    assert numbers(response) == [invoice.number]
    assert f'value="{clock.now():%Y-%m}' in response.content.decode()


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        ("2026-03-02", "2026-03-01", "The start date is after the end date."),
        ("2026-02-31", "2026-03-01", "There is no such date."),
        ("0001-01-01", "2026-03-01", "Enter a year from 2000 to 2100."),
        ("1826-01-01", "2026-01-01", "Enter a year from 2000 to 2100."),
        ("2001-01-01", "2026-01-01", "Ask for 10 years at most"),
        ("2026-01-01", "9999-12-31", "Enter a year from 2000 to 2100."),
        ("2026-01-01", "tomorrow", "There is no such date."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_dates_that_make_no_sense_get_their_sentence(
    anna: User, start: str, end: str, sentence: str, htmx: bool
) -> None:
    response = see(anna, htmx, period="range", start=start, end=end)

    assert response.status_code == 422
    assert sentence in words(response)


def test_what_else_cant_be_read_filters_nothing(anna: User) -> None:
    make_invoice(anna)

    response = see(
        anna, period="x", status="x", profile="x", page="next-x-1", sort="x", start="x"
    )

    assert (response.status_code, len(numbers(response))) == (200, 1)


@pytest.mark.parametrize("status", ["due", "past_due", "paid", "void"])
def test_each_status_finds_its_own(anna: User, status: str) -> None:
    make_invoice(anna, status="open", number="due")
    make_invoice(anna, status="open", attempted=True, number="past_due")
    make_invoice(anna, status="uncollectible", number="past_due")
    make_invoice(anna, status="paid", number="paid")
    make_invoice(anna, status="void", number="void")
    make_invoice(anna, status="draft", number="draft")

    found = see(anna, status=status)

    assert set(numbers(found)) == {status}
    assert len(numbers(see(anna))) == 5


@pytest.mark.parametrize(
    ("language", "back", "said"),
    [
        ("en", 0, ""),
        ("en", 12100, "Given back"),
        ("en", 3025, "€30.25 given back"),
        ("nl", 12100, "Teruggegeven"),
        ("nl", 3025, "€ 30,25 teruggegeven"),
    ],
)
def test_what_was_given_back_stands_beside_paid(
    anna: User, language: str, back: int, said: str
) -> None:
    make_subscription(anna)
    invoice = make_invoice(anna, refunded_minor=back)
    anna.language = language
    anna.save()
    paid = "Paid" if language == "en" else "Betaald"
    client = Client()
    client.force_login(anna)
    list_, details, home, hits = (
        words(client.get(url)).replace("\xa0", " ")
        for url in (URL, f"{URL}{invoice.pk}/", "/", f"/search/?q={invoice.number}")
    )

    assert f"{paid} {said} €".replace("  ", " ") in list_
    assert f"{invoice.number} {paid} {said} ".replace("  ", " ") in details
    for page in (home, hits):
        assert (f"· {said} {paid}" in page) == bool(said)


def test_text_finds_by_number_and_by_what_was_bought(anna: User) -> None:
    make_invoice(anna, number="NZA-2026-0039", title="Insights Pro")
    make_invoice(anna, number="NZA-2026-0040")

    assert numbers(see(anna, q="0040")) == ["NZA-2026-0040"]
    assert numbers(see(anna, q="insights")) == ["NZA-2026-0039"]
    assert numbers(see(anna, q="%")) == []


def test_one_of_several_billing_profiles_can_be_chosen(anna: User) -> None:
    make_invoice(anna, number="FIRST")
    other = make_profile(anna, name="Marketing")
    make_invoice(anna, number="OTHER", profile=other)

    assert "Billing profile: All" in words(see(anna))
    assert numbers(see(anna, profile=str(other.pk))) == ["OTHER"]


def test_the_foot_sums_by_currency_without_void_ones(anna: User) -> None:
    make_invoice(anna, total_minor=10000)
    make_invoice(anna, total_minor=2000, status="open")
    make_invoice(anna, total_minor=999999, status="void")
    make_invoice(anna, total_minor=5000, currency="USD")

    shown = words(see(anna))

    assert "4 invoices" in shown
    assert "void not counted" in shown
    assert "€120.00 €20.00" in shown
    assert "US$50.00 US$0.00" in shown


@pytest.mark.parametrize(
    ("query", "offers"),
    [
        ({}, ["Past 6 months", "Specify a date range"]),
        ({"period": "6-months"}, ["Specify a date range"]),
        ({"q": "nothing"}, ["Clear filters", "Past 6 months"]),
        (
            {"status": "void", "period": "6-months"},
            ["Clear filters", "Specify a date range"],
        ),
    ],
)
def test_an_empty_list_says_so_and_offers_more(
    anna: User, query: dict[str, str], offers: list[str]
) -> None:
    page = see(anna, **query).content.decode()

    empty = page[page.index('class="empty"') :]

    assert all(offer in empty for offer in offers)


def test_every_invoice_stands_on_one_page_and_pages_lead_both_ways(anna: User) -> None:
    made = make_invoices(anna, 120)
    # The same instant: only the key tells them apart.
    with past_the_triggers():
        Invoice.objects.filter(pk__in=[i.pk for i in made[40:70]]).update(
            finalized_at=made[40].finalized_at
        )

    first = see(anna)
    second = Client()
    second.force_login(anna)
    pages, url = [numbers(first)], first.context["next_url"]
    while url:
        response = second.get(URL + url)
        pages.append(numbers(response))
        url = response.context["next_url"]
    back = second.get(URL + response.context["previous_url"])

    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({number for page in pages for number in page}) == 120
    assert numbers(back) == pages[1]
    assert numbers(second.get(URL + back.context["previous_url"])) == pages[0]


def test_the_oldest_can_come_first(anna: User) -> None:
    made = make_invoices(anna, 3)

    assert numbers(see(anna, sort="date")) == [i.number for i in reversed(made)]


def test_a_full_page_stays_within_its_budget(
    anna: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_invoices(anna, 60, profile=profile_of(anna), title="Planboard Plus")
    client = Client()
    client.force_login(anna)
    client.get(URL)

    with django_assert_max_num_queries(7):
        page = client.get(URL)
    part = client.get(URL, headers={"HX-Request": "true", "HX-Target": "list"})

    assert len(page.content) <= 40 * 1024
    assert len(part.content) <= 25 * 1024


def test_the_page_speaks_dutch(anna: User) -> None:
    make_invoice(anna)
    anna.language = "nl"
    anna.save()

    assert "€ 121,00" in words(see(anna)).replace("\xa0", " ")


def test_reverse_gives_the_addresses_of_the_walk() -> None:
    assert reverse("billing:invoices") == URL
