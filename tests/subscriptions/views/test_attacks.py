"""What somebody tries who wants more than was paid for: by hand, past the pages."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import stripe
from django.test import Client

from billing.models import BillingProfile, PaymentMethod
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people
from tests.factories.licensing import give_licenses
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO, enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    given_back,
    invoices_at_stripe,
    pass_time,
    read,
    settle,
)
from tests.subscriptions.trying import *
from tests.subscriptions.views.test_bad_input import seal_of
from tests.subscriptions.views.test_checkout import fill, page_of, shown

pytestmark = pytest.mark.usefixtures("moving")


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def pane(subscription: Subscription, name: str) -> str:
    return f"/subscriptions/{subscription.pk}/{name}/"


def bram_buys(client: stripe.StripeClient, bram: User) -> PaymentMethod:
    """Bram's own profile, with a card of his."""
    return enter_card(client, open_account(purchaser=bram, sold_to=SOLD_TO))


# Paying less than is shown.


def test_a_quote_is_for_one_buyer_only(
    web: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    bram: User,
    stripe_client: stripe.StripeClient,
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    card = bram_buys(stripe_client, bram)
    web.force_login(bram)

    for payment in (str(visa.pk), str(card.pk)):
        answer = web.post(page_of(diagrams), {**form, "payment": payment})

        assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_a_trials_quote_buys_nothing(
    web: Client, trial_offer: Offer, visa: PaymentMethod
) -> None:
    bought = fill(web, trial_offer, str(visa.pk))
    page = web.get(
        page_of(trial_offer),
        {"order": bought["order"], "quantity": "12", "trial": "1"},
    )
    sealed = shown(page).split('name="quote" value="')[1].split('"')[0]

    for data in ({**bought, "quote": sealed}, {**bought, "trial": "1"}):
        answer = web.post(page_of(trial_offer), data)

        assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_a_quote_for_one_license_does_not_buy_twelve(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    form = fill(web, diagrams, str(visa.pk))

    for quantity in ("13", "1200", "12.5", "-12"):
        answer = web.post(page_of(diagrams), {**form, "quantity": quantity})

        assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_the_seal_of_fewer_licenses_does_not_buy_more(
    web: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    seal = seal_of(web, bought, "licenses", total=13)

    for data in ({"total": 500}, {"total": 13, "when": "renewal"}, {"total": 11}):
        answer = web.post(pane(bought, "licenses"), {**data, "seal": seal})

        assert answer.status_code == 422, data
    assert read(bought).quantity == 12
    assert len(invoices_at_stripe(stripe_client, bought)) == 1


def test_more_at_the_renewal_is_not_charged_now(
    web: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    later = seal_of(web, bought, "licenses", total=13, when="renewal")
    answer = web.post(
        pane(bought, "licenses"), {"total": 13, "when": "now", "seal": later}
    )

    assert answer.status_code == 422
    assert "Today you pay" in shown(answer)
    assert read(bought).scheduled_quantity is None
    assert len(invoices_at_stripe(stripe_client, bought)) == 1


# Paying once for two things.


def test_an_orders_key_buys_one_thing(
    web: Client, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    first = fill(web, diagrams, str(visa.pk))
    second = fill(web, diagrams, str(visa.pk))
    placed = web.post(page_of(diagrams), first)
    more = web.post(page_of(diagrams), {**second, "quantity": "50"})

    assert more.status_code in {302, 422}
    assert more.headers.get("Location", placed["Location"]) == placed["Location"]
    assert Subscription.objects.get().quantity == 12
    assert len(sandbox.calls("POST", "/v1/subscriptions")) == 1


def test_an_orders_key_of_somebody_else_leads_nowhere(
    web: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    bram: User,
    stripe_client: stripe.StripeClient,
) -> None:
    form = fill(web, diagrams, str(visa.pk))
    web.post(page_of(diagrams), form)
    card = bram_buys(stripe_client, bram)
    web.force_login(bram)
    page = web.get(page_of(diagrams), {"order": form["order"], "quantity": "12"})
    assert page.status_code == 200
    sealed = shown(page).split('name="quote" value="')[1].split('"')[0]

    answer = web.post(
        page_of(diagrams), {**form, "payment": str(card.pk), "quote": sealed}
    )

    assert answer.status_code in {302, 422}
    for placed in Subscription.objects.filter(purchaser=bram):
        assert placed.profile.purchaser_id == bram.pk
    assert Subscription.objects.exclude(purchaser=bram).count() == 1


def test_a_save_sent_five_times_is_charged_once(
    web: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    data = {"total": 15, "seal": seal_of(web, bought, "licenses", total=15)}

    answers = [web.post(pane(bought, "licenses"), data) for _press in range(5)]

    assert [answer.status_code for answer in answers] == [302, *[422] * 4]
    assert read(bought).quantity == 15
    assert len(invoices_at_stripe(stripe_client, bought)) == 2


def test_the_money_goes_back_once(
    web: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    seal = seal_of(web, bought, "cancel")
    data = {"reason": "other", "seal": seal}

    answers = [web.post(pane(bought, "cancel"), data) for _press in range(3)]

    assert [answer.status_code for answer in answers] == [302, 422, 422]
    settle()
    assert given_back(stripe_client, bought) == 71438


# More licenses than there are.


def test_fewer_licenses_than_are_assigned_cannot_be_had(
    web: Client, bought: Subscription, noordzee: Any
) -> None:
    give_licenses(bought, make_people(noordzee, 8))
    seal = seal_of(web, bought, "licenses", total=5)

    for people in ([], [str(uuid.uuid4())] * 9, ["x"]):
        data = {"total": 5, "seal": seal, "people": people}
        assert web.post(pane(bought, "licenses"), data).status_code == 422
    found = read(bought)
    assert (found.quantity, found.assigned) == (12, 9)


def test_another_organizations_people_lose_nothing(
    web: Client, bought: Subscription, noordzee: Any, tulp: Any
) -> None:
    give_licenses(bought, make_people(noordzee, 8))
    strangers = [str(person.pk) for person in make_people(tulp, 8)]
    seal = seal_of(web, bought, "licenses", total=5)

    answer = web.post(
        pane(bought, "licenses"), {"total": 5, "seal": seal, "people": strangers}
    )

    assert answer.status_code == 422
    assert read(bought).assigned == 9


# A second trial, a longer one, a cheaper one.


def test_nobody_of_the_organization_gets_a_second_trial(
    web: Client,
    trial: Subscription,
    trial_offer: Offer,
    bram: User,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    for buyer, card in (
        (bram, bram_buys(stripe_client, bram)),
        (trial.purchaser, visa),
    ):
        web.force_login(buyer)
        form = fill_anew(web, trial_offer, str(card.pk))
        answer = web.post(page_of(trial_offer), {**form, "trial": "1"})

        assert answer.status_code == 422
        assert "There is one per organization" in shown(answer)
    assert Subscription.objects.count() == 1


def fill_anew(web: Client, offer: Offer, card: str) -> dict[str, str]:
    order = {"order": str(uuid.uuid4()), "quantity": "12"}
    sealed = shown(web.get(page_of(offer), order)).split('name="quote" value="')[1]
    return {
        **order,
        "plan": str(offer.plan.pk),
        "payment": card,
        "quote": sealed.split('"')[0],
        "terms": "on",
        "action": "place",
    }


def test_a_trial_that_was_cancelled_is_not_started_again(
    web: Client, trial: Subscription, trial_offer: Offer, visa: PaymentMethod
) -> None:
    web.post(
        pane(trial, "cancel"),
        {"reason": "other", "seal": seal_of(web, trial, "cancel")},
    )
    form = fill_anew(web, trial_offer, str(visa.pk))

    answer = web.post(page_of(trial_offer), {**form, "trial": "1"})

    assert answer.status_code == 422
    assert Subscription.objects.count() == 1


def test_a_trial_is_extended_once_whatever_is_pressed(
    web: Client, trial: Subscription, sandbox: SandboxProcess
) -> None:
    assert web.post(pane(trial, "trial"), {"action": "extend"}).status_code == 422
    pass_time(sandbox, DAY * 20)
    extend = {"action": "extend"}

    answers = [web.post(pane(trial, "trial"), extend) for _press in range(3)]
    pass_time(sandbox, DAY * 25)
    late = web.post(pane(trial, "trial"), extend)

    assert [answer.status_code for answer in answers] == [302, 422, 422]
    assert late.status_code == 422


def test_the_trials_cheapest_moment_is_not_kept_for_more_licenses(
    web: Client, trial: Subscription, visa: PaymentMethod
) -> None:
    seal = seal_of(web, trial, "trial")
    web.post(pane(trial, "trial"), {"action": "quantity", "quantity": 20})

    answer = web.post(
        pane(trial, "trial"),
        {"action": "convert", "payment": str(visa.pk), "seal": seal},
    )

    assert answer.status_code == 422
    assert read(trial).quantity == 25


def test_the_trial_of_another_subscription_seals_nothing(
    web: Client,
    trial: Subscription,
    diagrams: Offer,
    profile: BillingProfile,
    visa: PaymentMethod,
    bram: User,
    stripe_client: stripe.StripeClient,
) -> None:
    seal = seal_of(web, trial, "trial")
    card = bram_buys(stripe_client, bram)
    web.force_login(bram)

    answer = web.post(
        pane(trial, "trial"),
        {"action": "convert", "payment": str(card.pk), "seal": seal},
    )

    assert answer.status_code == 404
    web.force_login(trial.purchaser)
    answer = web.post(
        pane(trial, "trial"),
        {"action": "convert", "payment": str(card.pk), "seal": seal},
    )
    assert answer.status_code == 422
    assert read(trial).is_trial


def test_a_card_somebody_else_entered_pays_for_nothing(
    web: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    bram: User,
    stripe_client: stripe.StripeClient,
) -> None:
    card = bram_buys(stripe_client, bram)
    setups = stripe_client.v1.setup_intents.list(
        {"customer": card.profile.stripe_customer_id}
    )
    form = fill(web, diagrams, "new")

    for data in (
        {"payment": str(card.pk)},
        {"setup_intent": setups.data[0].id},
        {"setup_intent": card.stripe_payment_method_id},
    ):
        answer = web.post(page_of(diagrams), {**form, **data})
        assert answer.status_code == 422, data
    assert not Subscription.objects.exists()


def test_the_trial_costs_a_card_where_one_is_asked(
    web: Client, trial_offer: Offer, visa: PaymentMethod
) -> None:
    page = shown(
        web.get(page_of(trial_offer), {"order": str(uuid.uuid4()), "trial": 1})
    )
    form = fill_anew(web, trial_offer, "none")
    sealed = page.split('name="quote" value="')[1].split('"')[0]
    data = {**form, "quantity": "1", "trial": "1", "quote": sealed}

    answer = web.post(page_of(trial_offer), data)

    # On to Stripe's page to enter one; nothing has started.
    assert answer.status_code == 302
    assert "/c/pay/" in answer["Location"]
    assert not Subscription.objects.exists()
