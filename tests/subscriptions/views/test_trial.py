"""A trial in the browser: its offer, its Checkout, and its pane."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
import stripe
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from tests.factories.catalog import make_plan, make_price
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    invoices_at_stripe,
    pass_time,
    quantity_at_stripe,
    read,
)
from tests.subscriptions.trying import *

KEY = str(uuid.UUID("01a20000-0000-7000-8000-000000000009"))
DUTCH = {"Accept-Language": "nl"}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def pane(subscription: Subscription) -> str:
    return reverse("subscriptions:trial", args=[subscription.pk])


def sealed(html: str, name: str = "seal") -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', html)
    assert found, html
    return found.group(1)


def order(web: Client, offer: Offer, **changes: str) -> Any:
    """Checkout of a trial, looked at and sent."""
    page = reverse("subscriptions:checkout", args=[offer.plan.pk])
    query = {"order": KEY, "quantity": "3", "trial": "1"}
    seal = sealed(shown(web.get(page, query)), "quote")
    form = {**query, "plan": str(offer.plan.pk), "quote": seal, "terms": "on"}
    return web.post(page, {**form, "action": "place", **changes}, follow=True)


def test_the_product_offers_its_trial(web: Client, trial_offer: Offer) -> None:
    product = trial_offer.plan.product
    page = reverse("subscriptions:product", args=[product.slug])

    html = shown(web.get(page))

    assert "Start free trial" in html
    assert "One month free, with 25 licenses." in html
    assert f"{trial_offer.plan.pk}/?trial=1" in html
    assert "Gratis proefversie starten" in shown(web.get(page, headers=DUTCH))
    shelf = shown(web.get(reverse("subscriptions:marketplace")))
    assert "Free trial" in shelf


def test_afterwards_the_shortest_plan_is_proposed(
    web: Client, trial_offer: Offer
) -> None:
    product = trial_offer.plan.product
    monthly = make_plan(product, term=Term.MONTH, frequency=Frequency.MONTHLY)
    make_price(monthly, 9900)

    page = reverse("subscriptions:product", args=[product.slug])

    assert f"{monthly.pk}/?trial=1" in shown(web.get(page))


def test_a_trial_that_was_had_is_not_offered_again(
    web: Client, trial: Subscription
) -> None:
    page = reverse("subscriptions:product", args=[trial.product.slug])
    assert "Start free trial" not in shown(web.get(page))
    checkout = reverse("subscriptions:checkout", args=[trial.plan_id])
    html = shown(web.get(checkout, {"order": KEY, "quantity": "1", "trial": "1"}))
    assert "has had its trial" in html
    assert 'value="place"' not in html


def test_checkout_says_what_is_charged_now_and_later(
    web: Client, trial_offer: Offer, profile: BillingProfile, visa: PaymentMethod
) -> None:
    page = reverse("subscriptions:checkout", args=[trial_offer.plan.pk])

    html = shown(web.get(page, {"order": KEY, "quantity": "3", "trial": "1"}))

    assert "Licenses to pay for afterwards" in html
    assert re.search(r"25 licenses until \d+ \w+ \d{4}</dt><dd>€0.00", html)
    assert "Today you pay</dt><dd>€0.00" in html
    assert "3 × €49.20" in html
    assert "€178.60" in html
    assert "Without a card" not in html


def test_the_address_remembers_that_it_is_a_trial(
    web: Client, trial_offer: Offer
) -> None:
    page = reverse("subscriptions:checkout", args=[trial_offer.plan.pk])
    assert "trial=1" in web.get(page, {"trial": "1"})["Location"]
    first = shown(web.get(page, {"trial": "1", "order": KEY}))
    assert 'name="trial" value="1"' in first


def test_a_trial_is_started_with_a_card(
    web: Client, trial_offer: Offer, visa: PaymentMethod
) -> None:
    answer = order(web, trial_offer, payment=str(visa.pk), assign_to_me="on")

    html = shown(answer)
    assert "The trial has started." in html
    assert "Then 3 licenses are charged to Visa •••• 4242: €147.60" in html
    trial = Subscription.objects.get()
    assert (trial.quantity, trial.quantity_after_trial) == (25, 3)


def test_a_trial_is_started_without_a_card(
    web: Client, cardless_offer: Offer, profile: BillingProfile
) -> None:
    answer = order(web, cardless_offer, payment="none")

    assert "by itself, and nothing is charged" in shown(answer)
    assert Subscription.objects.get().payment_method is None


def test_a_trial_that_needs_a_card_asks_for_one(
    web: Client, trial_offer: Offer, profile: BillingProfile
) -> None:
    page = reverse("subscriptions:checkout", args=[trial_offer.plan.pk])
    query = {"order": KEY, "quantity": "3", "trial": "1"}
    seal = sealed(shown(web.get(page, query)), "quote")
    form = {**query, "plan": str(trial_offer.plan.pk), "quote": seal, "terms": "on"}

    answer = web.post(page, {**form, "action": "place", "payment": "none"})

    # On to Stripe's own page, as for any purchase without JavaScript.
    assert (answer.status_code, Subscription.objects.count()) == (302, 0)
    assert "trial%3D1" in answer["Location"] or "/checkout/" not in answer["Location"]


def test_the_pane_says_what_comes_and_offers_what_can_be_done(
    web: Client, trial: Subscription
) -> None:
    html = shown(web.get(pane(trial)))

    assert "Then 3 licenses are charged to Visa •••• 4242: €147.60" in html
    assert "It can be extended from" in html
    assert "Start a paid subscription now" in html
    assert "€178.60" in html
    dutch = shown(web.get(pane(trial), headers=DUTCH))
    assert "Nu een betaald abonnement starten" in dutch
    assert "Licenties waarvoor u daarna betaalt" in dutch


def test_the_details_page_always_says_what_comes(
    web: Client, trial: Subscription
) -> None:
    html = shown(web.get(reverse("subscriptions:details", args=[trial.pk])))
    assert re.search(r"The trial ends on \d+ \w+ \d{4}\.", html)
    assert "Then 3 licenses for €147.60, excl. tax." in html
    assert "Free during the trial" in html
    listed = shown(web.get(reverse("subscriptions:products")))
    assert "Trial ends, then 3 licenses" in listed


def test_the_number_for_afterwards_is_saved(
    web: Client, trial: Subscription, stripe_client: stripe.StripeClient
) -> None:
    form = {"action": "quantity", "quantity": "8"}
    html = shown(web.post(pane(trial), form, follow=True))
    assert "Saved. Then 8 licenses for €393.60, excl. tax." in html
    assert quantity_at_stripe(stripe_client, trial) == 8


@pytest.mark.parametrize(
    ("given_number", "said"),
    [
        ("", "Enter how many licenses you want."),
        ("0", "Buy at least 1 license."),
        ("-1", "Buy at least 1 license."),
        ("1.5", "in digits"),
        ("many", "in digits"),
        ("1000000000000", "can&#x27;t be bought here"),
    ],
)
def test_what_is_no_number_is_refused_and_kept(
    web: Client, trial: Subscription, given_number: str, said: str
) -> None:
    answer = web.post(pane(trial), {"action": "quantity", "quantity": given_number})
    assert answer.status_code == 422
    assert said in shown(answer)
    assert f'value="{given_number}"' in shown(answer) or not given_number
    assert read(trial).quantity_after_trial == 3


@pytest.mark.usefixtures("moving")
def test_it_is_extended_near_its_end(
    web: Client, trial: Subscription, sandbox: SandboxProcess
) -> None:
    refused = web.post(pane(trial), {"action": "extend"})
    assert refused.status_code == 422
    pass_time(sandbox, DAY * 20)
    assert "Extend trial" in shown(web.get(pane(trial)))

    html = shown(web.post(pane(trial), {"action": "extend"}, follow=True))

    assert "The trial now ends on" in html
    assert "can be extended once" in shown(web.get(pane(trial)))


def test_paying_early_says_what_was_charged(
    web: Client,
    trial: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    seal = sealed(shown(web.get(pane(trial))))
    form = {"action": "convert", "seal": seal, "payment": str(visa.pk)}

    html = shown(web.post(pane(trial), form, follow=True))

    assert "has started with 3 licenses. €178.60 charged to Visa •••• 4242." in html
    again = web.post(pane(trial), form)
    assert again.status_code == 422
    assert "its trial is over" in shown(again)
    charged = [i.total for i in invoices_at_stripe(stripe_client, trial) if i.total]
    assert charged == [17860]


def test_another_card_is_entered_on_stripes_page(
    web: Client, cardless: Subscription
) -> None:
    seal = sealed(shown(web.get(pane(cardless))))
    form = {"action": "convert", "seal": seal, "payment": "new"}
    answer = web.post(pane(cardless), form)
    assert answer.status_code == 302
    assert "/checkout/" in answer["Location"] or "/c/" in answer["Location"]


def test_a_declined_card_is_said_and_nothing_changes(
    web: Client, trial: Subscription, declining: PaymentMethod
) -> None:
    seal = sealed(shown(web.get(pane(trial))))
    form = {"action": "convert", "seal": seal, "payment": str(declining.pk)}
    answer = web.post(pane(trial), form)
    assert answer.status_code == 422
    assert "declined" in shown(answer)
    assert read(trial).is_trial


def test_somebody_elses_trial_is_not_there(
    client: Client, trial: Subscription, bram: User
) -> None:
    client.force_login(bram)
    assert client.get(pane(trial)).status_code == 404
    assert client.post(pane(trial), {"action": "extend"}).status_code == 404


def test_a_paid_subscription_has_no_trial_pane_to_use(
    web: Client, bought: Subscription
) -> None:
    html = shown(web.get(pane(bought)))
    assert "its trial is over" in html
    assert 'name="action"' not in html
    for action in ("extend", "quantity", "convert"):
        form = {"action": action, "quantity": "3", "seal": "x", "payment": "new"}
        assert web.post(pane(bought), form).status_code in {422, 302}
    assert lifecycle.state_at(read(bought), bought.ordered_at) == lifecycle.ACTIVE


@hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    action=st.sampled_from(["extend", "quantity", "convert", "", "x"]),
    quantity=st.text(max_size=30),
    payment=st.one_of(st.sampled_from(["new", "none", ""]), st.text(max_size=40)),
    seal=st.text(max_size=60),
    setup_intent=st.text(max_size=40),
)
def test_garbage_is_refused_with_a_sentence(
    web: Client, trial: Subscription, **form: str
) -> None:
    answer = web.post(pane(trial), form)
    assert answer.status_code in {302, 404, 422}
    if answer.status_code == 302:
        assert form["action"] in {"quantity", "convert"}
