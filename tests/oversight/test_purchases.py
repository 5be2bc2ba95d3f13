import datetime as dt
import html
import re
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.dates import add_months
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer, make_product_with_plan
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])
URL = "/oversight/purchases/"


def see(person: User, rest: str = "", htmx: bool = False, **query: Any) -> HttpResponse:
    client = Client(headers={"HX-Request": "true", "HX-Target": "list"} if htmx else {})
    client.force_login(person)
    return client.get(URL + rest, query)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def products(response: HttpResponse) -> list[str]:
    return [row.subscription.product.name for row in response.context["rows"]]


def started(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def assign(subscription: Any, people: list[User]) -> None:
    LicenseAssignment.objects.bulk_create(
        LicenseAssignment(
            organization_id=subscription.organization_id,
            subscription=subscription,
            product_id=subscription.product_id,
            purchaser_id=subscription.purchaser_id,
            user=person,
            assigned_at=clock.now(),
        )
        for person in people
    )
    subscription.assigned = len(people)
    subscription.save()


def test_an_admin_and_a_reader_see_what_anna_bought(
    anna: User, carla: User, rik: User
) -> None:
    make_subscription(anna, make_product_with_plan("Diagrams Pro"), quantity=40)

    for person in (carla, rik):
        shown = words(see(person))
        for word in (
            "Diagrams Pro",
            "Anna de Vries",
            "0/40",
            "Active",
            "€412.00",
            "40 × €10.30 per month",
            "Self-service",
        ):
            assert word in shown


def test_cards_and_addresses_are_never_shown(anna: User, carla: User) -> None:
    bought = make_subscription(anna)

    for rest in ("", f"{bought.pk}/"):
        page = see(carla, rest).content.decode().partition("<main")[2]
        for secret in ("4242", "Visa", "Kade 1", "3011 AB", "cus_made", "NL0044"):
            assert secret not in page


@pytest.mark.parametrize("rest", ["", "{}/"])
def test_a_member_is_told_who_can_grant_the_role(
    anna: User, bram: User, carla: User, rest: str
) -> None:
    rest = rest.format(make_subscription(anna).pk)

    for person in (anna, bram):
        response = see(person, rest)
        assert response.status_code == 403
        assert "ask a global administrator: Carla Mulder." in words(response)


def test_another_organizations_purchase_is_not_found(carla: User, dirk: User) -> None:
    theirs = make_subscription(dirk)

    assert see(carla, f"{theirs.pk}/").status_code == 404
    assert see(carla, f"{uuid.uuid4()}/").status_code == 404
    assert products(see(carla)) == []


def test_nobody_comes_in_without_signing_in(client: Client) -> None:
    assert client.get(URL)["Location"].startswith("/accounts/login/")


def test_as_a_fragment_only_the_list_is_sent(anna: User, carla: User) -> None:
    make_subscription(anna)

    response = see(carla, htmx=True, status="active")

    assert response.content.strip().startswith(b'<div id="list"')
    assert response["HX-Push-Url"] == f"{URL}?status=active"


def test_totals_stand_on_top(anna: User, carla: User) -> None:
    monthly = make_offer(amount_minor=1000)
    yearly = make_offer(amount_minor=12000, frequency="yearly")
    assign(make_subscription(anna, offer=monthly, quantity=5), [anna, carla])
    make_subscription(anna, offer=yearly, quantity=2)
    make_subscription(anna, quantity=3, stripe_status="past_due")
    make_subscription(anna, quantity=100, disabled_at=clock.now())

    shown = words(see(carla))

    # 5 × 10 a month, 2 × 120 a year, 3 × 10.30 a month; nothing for the disabled one.
    assert "Spend per month €100.90" in shown
    assert "excl. tax, 3 paid subscriptions" in shown
    assert "Licenses assigned 2 of 10" in shown
    assert "Idle licenses 8 €80.90 a month" in shown
    assert "Ending within 30 days 1 Show them , 1 past due" in shown


def test_two_currencies_are_never_added(anna: User, carla: User) -> None:
    make_subscription(anna, offer=make_offer(amount_minor=1000), quantity=1)
    dollars = make_offer(amount_minor=2000, currency="USD")
    profile = make_profile(anna, currency="USD")
    make_subscription(anna, offer=dollars, quantity=1, profile=profile)

    shown = words(see(carla))

    assert "€10.00 US$20.00 excl. tax" in shown


def test_product_purchaser_and_status_filter(
    anna: User, bram: User, carla: User
) -> None:
    plan, meet = make_product_with_plan("Plan"), make_product_with_plan("Meet")
    make_subscription(anna, plan)
    make_subscription(bram, plan, disabled_at=clock.now())
    make_subscription(bram, meet)

    assert products(see(carla)) == ["Meet", "Plan", "Plan"]
    assert products(see(carla, product=str(plan.pk))) == ["Plan", "Plan"]
    assert products(see(carla, purchaser=str(bram.pk))) == ["Meet", "Plan"]
    assert products(see(carla, status="disabled")) == ["Plan"]
    assert products(see(carla, status="active", purchaser=str(anna.pk))) == ["Plan"]


@pytest.mark.parametrize(
    ("expiry", "expected"),
    [
        ("ending", ["Ends", "Late"]),
        ("30", ["Ends", "Renews"]),
        ("90", ["Ends", "In 60 days", "Renews"]),
        ("past", ["Over"]),
    ],
)
def test_expiry_filters(
    anna: User, carla: User, expiry: str, expected: list[str]
) -> None:
    def bought(name: str, ends_in: int, **fields: Any) -> None:
        make_subscription(
            anna,
            make_product_with_plan(name),
            term_start=started(300),
            term_end=clock.now() + dt.timedelta(days=ends_in),
            **fields,
        )

    bought("Ends", 10, recurring_billing=False)
    bought("Renews", 10)
    bought("In 60 days", 60)
    bought("In a year", 365)
    bought("Late", 200, stripe_status="past_due", past_due_since=started(10))
    bought("Over", -5, recurring_billing=False)

    assert products(see(carla, expiry=expiry)) == expected


def test_search_finds_products_and_purchasers_without_their_accents(
    noordzee: Any, anna: User, carla: User
) -> None:
    zoe = make_user(noordzee, "Zoë van den Bergh")
    make_subscription(anna, make_product_with_plan("Diagrams Pro"))
    make_subscription(zoe, make_product_with_plan("Meet Premium"))

    assert products(see(carla, q="gram")) == ["Diagrams Pro"]
    assert products(see(carla, q="zoe")) == ["Meet Premium"]
    assert products(see(carla, q="bergh")) == ["Meet Premium"]
    assert products(see(carla, q="nobody")) == []


def test_deleted_ones_show_only_when_asked_for(anna: User, carla: User) -> None:
    make_subscription(anna, make_product_with_plan("Gone"), disabled_at=started(91))

    assert products(see(carla)) == []
    assert products(see(carla, status="deleted")) == ["Gone"]


def test_a_payment_that_is_pending_shows_without_a_date(
    anna: User, carla: User
) -> None:
    make_subscription(
        anna,
        order_state="pending",
        bought_at=None,
        term_start=None,
        term_end=None,
        stripe_status="incomplete",
    )

    assert "Payment pending –" in words(see(carla))


@pytest.mark.parametrize(
    "sort", ["product", "purchaser", "purchased", "assigned", "expiry"]
)
def test_every_order_can_be_turned_round(anna: User, carla: User, sort: str) -> None:
    for number, name in enumerate(["Alpha", "Beta"]):
        purchaser = make_user(anna.organization, f"{name} Jansen")
        start = started(20 - number)
        bought = make_subscription(
            purchaser,
            make_product_with_plan(name),
            term_start=start,
            term_end=add_months(start, 12),
        )
        assign(bought, [anna, carla][: number + 1])

    assert products(see(carla, sort=sort)) == ["Alpha", "Beta"]
    assert products(see(carla, sort=f"-{sort}")) == ["Beta", "Alpha"]


def test_what_cant_be_read_filters_nothing(anna: User, carla: User) -> None:
    make_subscription(anna)

    response = see(
        carla, product="x", purchaser="1", status="x", expiry="x", sort="x", page="-1"
    )

    assert (response.status_code, len(products(response))) == (200, 1)


def test_the_details_show_people_and_orders(anna: User, carla: User) -> None:
    bought = make_subscription(anna, make_product_with_plan("Plan"), quantity=3)
    [somebody] = make_people(anna.organization, 1, department="Finance")
    assign(bought, [somebody])

    shown = words(see(carla, f"{bought.pk}/"))

    for word in (
        "Bought by Anna de Vries on",
        somebody.display_name,
        "Finance",
        "Order history All activity Order placed",
        "Purchase channel Self-service",
        str(bought.plan),
        "€30.90 per month 3 × €10.30",
    ):
        assert word in shown


def test_of_somebody_who_left_it_says_that_nobody_can_change_it(
    anna: User, carla: User
) -> None:
    bought = make_subscription(anna)
    there = words(see(carla, f"{bought.pk}/"))
    User.objects.filter(pk=anna.pk).update(removed_at=clock.now())

    gone = words(see(carla, f"{bought.pk}/"))

    assert "Only Anna de Vries can change this subscription" in there
    assert "Anna de Vries can't sign in any more, so nobody" in html.unescape(gone)
    assert "Only Anna" not in gone


def test_many_licensed_people_come_in_pages(anna: User, carla: User) -> None:
    bought = make_subscription(anna, quantity=120)
    assign(bought, make_people(anna.organization, 120))
    seen: set[str] = set()
    query: dict[str, str] = {}

    for _ in range(3):
        response = see(carla, f"{bought.pk}/", htmx=True, **query)
        people = {str(row.user_id) for row, _also in response.context["people"]}
        assert not people & seen
        seen |= people
        query = {"after": response.context["next_url"].partition("=")[2]}

    assert len(seen) == 120
    assert response.context["next_url"] == ""


def test_full_pages_stay_within_their_budgets(
    anna: User, carla: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    # As many of each as the menus of the filters read out.
    offers = [make_offer(name=f"Planboard Plus {number:02}") for number in range(12)]
    buyers = [anna, *make_people(anna.organization, 11)]
    for number in range(60):
        bought = make_subscription(
            buyers[number % 12], offer=offers[number % 12], quantity=60
        )
    assign(bought, make_people(anna.organization, 60))
    client = Client()
    client.force_login(carla)
    client.get(URL)

    with django_assert_max_num_queries(7):
        page = client.get(URL)
    part = client.get(URL, headers={"HX-Request": "true", "HX-Target": "list"})
    with django_assert_max_num_queries(12):
        details = client.get(f"{URL}{bought.pk}/")

    assert len(page.content) <= 40 * 1024
    assert len(part.content) <= 25 * 1024
    assert len(details.content) <= 40 * 1024
