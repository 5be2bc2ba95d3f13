"""Licenses bought for a list of people: the bank asks first, and the list goes on."""

from __future__ import annotations

import re

import pytest
import requests
import stripe
from django.test import Client

from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people
from tests.licensing.views.test_bulk import confirm, hand_in, holders, shown
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import catch_up, pay_with

ASKS_AGAIN = {"HX-Request": "true", "HX-Trigger": "bulk-waits"}
BANK = "Your bank wants you to confirm this payment."


@pytest.fixture
def listed(
    client: Client, anna: User, bought: Subscription, noordzee: Organization
) -> str:
    """Where a list of 14 people stands, for whom there are 11 licenses."""
    client.force_login(anna)
    people = make_people(noordzee, 14)
    return hand_in(client, bought, text=" ".join(person.email for person in people))


def buy_the_missing(client: Client, url: str) -> str:
    """Save the pane that the list leads to; where one is sent."""
    page = client.get(url).content.decode()
    found = re.search(r'href="([^"]*)"[^>]*>Buy the 3 missing', page)
    assert found
    buy = found[1].replace("&amp;", "&")
    pane = client.get(buy).content.decode()
    fields = dict(re.findall(r'name="(seal|bulk)" value="([^"]+)"', pane))
    answer = client.post(buy.split("?")[0], {"total": 15, **fields})
    return str(answer["Location"])


@pytest.mark.usefixtures("moving")
def test_after_the_bank_the_list_goes_on(
    client: Client,
    bought: Subscription,
    listed: str,
    stripe_client: stripe.StripeClient,
) -> None:
    pay_with(stripe_client, bought, "pm_card_authenticationRequired")

    assert buy_the_missing(client, listed) == listed

    waiting = shown(client, listed)
    assert BANK in waiting
    assert "15 licenses in total" in waiting
    assert "Buy the" not in waiting
    assert client.get(listed, headers=ASKS_AGAIN).status_code == 204
    there = client.post(f"/subscriptions/{bought.pk}/payment/")["Location"]
    requests.post(there, data={}, timeout=30)
    requests.post(there, data={"outcome": "ok"}, timeout=30)
    catch_up(bought)
    assert client.get(listed, headers=ASKS_AGAIN).status_code == 200
    assert BANK not in shown(client, listed)
    assert "14 licenses of" in confirm(client, listed)
    assert len(holders(bought)) == 15


@pytest.mark.usefixtures("moving")
def test_a_card_that_pays_at_once_leads_straight_back(
    client: Client, bought: Subscription, listed: str
) -> None:
    assert buy_the_missing(client, listed) == listed

    assert "3 licenses added." in shown(client, listed)
    assert "14 licenses of" in confirm(client, listed)
