"""Garbage in the addresses of lists, products and panes: a page, or none."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.subscriptions.changing import *
from tests.subscriptions.garbage import BROKEN, few, looked_at, nasty

pytestmark = pytest.mark.usefixtures("moving")

SOME_ID = "01a20000-0000-7000-8000-00000000000a"


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


@few
@given(q=nasty, status=nasty, sort=nasty, page=nasty, channel=nasty)
@example(q="a\x00", status="active", sort="name", page="9999", channel="self-service")
def test_your_products(
    web: Client,
    bought: Subscription,
    q: str,
    status: str,
    sort: str,
    page: str,
    channel: str,
) -> None:
    fields = {"q": q, "status": status, "sort": sort, "page": page, "channel": channel}
    looked_at(web, reverse("subscriptions:products"), fields)


@few
@given(q=nasty, category=nasty)
def test_the_marketplace(web: Client, diagrams: Offer, q: str, category: str) -> None:
    fields = {"q": q, "category": category}
    looked_at(web, reverse("subscriptions:marketplace"), fields)


@pytest.mark.parametrize(
    "path", ["%00", "%FF", "..%2f", "x" * 3000, "%E2%80%AE", "a%0Ab", "-", "_"]
)
def test_a_product_that_is_none(web: Client, diagrams: Offer, path: str) -> None:
    assert web.get(f"/marketplace/{path}/").status_code == 404


@few
@given(value=st.sampled_from(["\x00", "-1", "9" * 5000, ".", "..", "<b>", "12"]))
def test_the_address_of_a_pane(web: Client, bought: Subscription, value: str) -> None:
    names = ("details", "row_menu", "cancel", "recurring_billing", "frequency", "trial")
    urls = [reverse(f"subscriptions:{name}", args=[bought.pk]) for name in names]
    urls.append(reverse("licensing:quantity", args=[bought.pk]))
    fields = {
        "total": value,
        "when": value,
        "people": value,
        "mode": value,
        "card_session": value,
    }
    for url in urls:
        answer = web.get(url, fields)
        assert answer.status_code == 200, url


@pytest.mark.parametrize("broken", [*BROKEN, "x", f"{SOME_ID}0"])
def test_an_id_that_is_none(web: Client, anna: User, broken: str) -> None:
    for path in ("subscriptions", "orders", "checkout", "licenses"):
        assert web.get(f"/{path}/{broken}/").status_code in {400, 404}
        assert web.post(f"/{path}/{broken}/").status_code in {400, 404}
