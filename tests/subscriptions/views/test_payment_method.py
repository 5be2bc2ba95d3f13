"""The pane Replace payment method, and where it is linked from."""

from __future__ import annotations

import re
from typing import Any

import pytest
import stripe
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing import gateway
from billing.models import BillingProfile, Invoice, PaymentMethod, StripeOperation
from billing.services import invoices
from billing.services.cards import sync_card
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.dates import shown_day
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import UPDATE, invoices_at_stripe, read
from tests.subscriptions.living import words
from tests.subscriptions.paying import *
from tests.subscriptions.paying import enter_on_stripes_page
from tests.subscriptions.trying import *

DUTCH = {"Accept-Language": "nl"}
PANE = {"HX-Request": "true", "HX-Target": "pane"}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def shown(answer: Any) -> str:
    return words(answer.content.decode())


def pane(subscription: Subscription) -> str:
    return reverse("subscriptions:payment_method", args=[subscription.pk])


def details(subscription: Subscription) -> str:
    return reverse("subscriptions:details", args=[subscription.pk])


def choose(web: Client, subscription: Subscription, card: PaymentMethod) -> Any:
    return web.post(pane(subscription), {"payment": str(card.pk)}, follow=True)


def test_the_pane_says_what_the_card_will_be_charged(
    web: Client, bought: Subscription, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    answer = web.get(pane(bought))

    html = answer.content.decode()
    day = shown_day(bought.period_end)
    assert "Visa •••• 4242 pays for this subscription now." in html
    assert f"The next charge, €590.40 excl. tax on {day}, goes to the card" in html
    assert re.search(rf'value="{visa.pk}" checked', html)
    assert re.search(rf'value="{mastercard.pk}">', html)
    assert "New card" in html
    fragment = web.get(pane(bought), headers=PANE).content.decode()
    assert "<html" not in fragment
    assert "Replace payment method" in fragment


def test_a_stored_card_takes_over(
    web: Client, bought: Subscription, mastercard: PaymentMethod
) -> None:
    said = shown(choose(web, bought, mastercard))

    assert "Mastercard •••• 4444 pays from now on." in said
    assert "You replaced the payment method" in said
    assert read(bought).payment_method == mastercard
    listed = web.get(pane(bought)).content.decode()
    assert re.search(rf'value="{mastercard.pk}" checked', listed)


def test_in_the_dialog_it_closes_and_the_page_reads_itself_again(
    web: Client, bought: Subscription, mastercard: PaymentMethod
) -> None:
    form = {"payment": str(mastercard.pk)}
    answer = web.post(pane(bought), form, headers=PANE)
    assert answer.status_code == 200
    assert "licenses:changed" in answer["HX-Trigger"]
    assert "pays from now on." in answer.content.decode()


def test_the_same_card_is_said_and_nothing_is_done(
    web: Client, bought: Subscription, visa: PaymentMethod
) -> None:
    said = shown(choose(web, bought, visa))
    assert "Visa •••• 4242 pays for this subscription already." in said
    assert not StripeOperation.objects.filter(kind="subscription.card").exists()


def test_a_form_sent_twice_replaces_once(
    web: Client, bought: Subscription, mastercard: PaymentMethod
) -> None:
    choose(web, bought, mastercard)
    said = shown(choose(web, bought, mastercard))
    assert "pays for this subscription already. Nothing was changed." in said
    assert StripeOperation.objects.filter(kind="subscription.card").count() == 1


def test_another_profiles_card_is_refused(
    web: Client, bought: Subscription, visa: PaymentMethod, brams: PaymentMethod
) -> None:
    answer = choose(web, bought, brams)
    assert answer.status_code == 422
    assert "can't pay for this billing profile. Choose one." in shown(answer)
    assert read(bought).payment_method == visa


def test_somebody_elses_subscription_is_not_there(
    client: Client, bought: Subscription, bram: User, brams: PaymentMethod
) -> None:
    client.force_login(bram)
    assert client.get(pane(bought)).status_code == 404
    assert choose(client, bought, brams).status_code == 404


def test_an_expired_card_is_shown_and_refused(
    web: Client, bought: Subscription, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    PaymentMethod.objects.filter(pk=mastercard.pk).update(exp_year=2025, exp_month=3)
    html = web.get(pane(bought)).content.decode()
    assert f'value="{mastercard.pk}" disabled' in html
    assert "Expired in 03/2025" in html

    answer = choose(web, bought, mastercard)

    assert answer.status_code == 422
    assert "Mastercard •••• 4444 expired in 03/2025." in shown(answer)
    assert read(bought).payment_method == visa


def test_a_new_card_is_entered_on_stripes_page_and_comes_back(
    web: Client,
    bought: Subscription,
    profile: BillingProfile,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    there = web.post(pane(bought), {"payment": "new"})
    assert there.status_code == 302
    assert there["Location"].startswith(f"{sandbox.base}/c/pay/cs_test_")
    asked = StripeOperation.objects.get(kind="card_page.create")
    assert f"{pane(bought)}?card_session=" in asked.arguments["back_url"]

    session = enter_on_stripes_page(stripe_client, profile)
    html = web.get(pane(bought), {"card_session": session}).content.decode()

    assert "Mastercard •••• 4444" in html
    assert "Entered just now" in html
    assert PaymentMethod.objects.filter(last4="4444").count() == 0
    setup = re.search(r'name="setup_intent" value="([^"]+)"', html)
    assert setup
    form = {"payment": "new", "setup_intent": setup[1]}
    said = shown(web.post(pane(bought), form, follow=True))
    assert "Mastercard •••• 4444 pays from now on." in said
    assert read(bought).card.last4 == "4444"


def test_what_was_stored_meanwhile_stands_there_once(
    web: Client,
    bought: Subscription,
    profile: BillingProfile,
    stripe_client: stripe.StripeClient,
) -> None:
    session = enter_on_stripes_page(stripe_client, profile)
    card = gateway.read_hosted_card_page(session).card
    assert card is not None
    sync_card(card.id)
    html = web.get(pane(bought), {"card_session": session}).content.decode()
    assert html.count("•••• 4444") == 1


def test_another_profiles_session_brings_no_card(
    web: Client,
    bought: Subscription,
    brams: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    session = enter_on_stripes_page(stripe_client, brams.profile)
    html = web.get(pane(bought), {"card_session": session}).content.decode()
    assert "Entered just now" not in html


def test_while_the_answer_is_unknown_the_page_says_so(
    web: Client,
    bought: Subscription,
    mastercard: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("drop_after", "POST", UPDATE, times=3)
    assert "We're checking with the payment provider" in shown(
        choose(web, bought, mastercard)
    )


def test_it_is_linked_from_the_page_and_the_menu(
    web: Client, bought: Subscription
) -> None:
    page = web.get(details(bought)).content.decode()
    assert re.search(rf'href="{pane(bought)}" data-pane[^>]*>Replace</a>', page)
    menu = shown(web.get(reverse("subscriptions:row_menu", args=[bought.pk])))
    order = [menu.index("Edit recurring billing"), menu.index("Replace payment method")]
    assert order == sorted(order)
    dutch = shown(web.get(details(bought), headers=DUTCH))
    assert "Vervangen" in dutch
    assert "Betalingswijze vervangen" in shown(web.get(pane(bought), headers=DUTCH))


def test_a_past_due_page_leads_here_and_to_the_payment(
    web: Client,
    unpaid: Subscription,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    newest = invoices_at_stripe(stripe_client, unpaid)[0]
    invoices.sync_invoice(str(newest.id))
    page = web.get(details(unpaid)).content.decode()
    assert "The last payment failed." in page
    assert f'href="{pane(unpaid)}" data-pane>Replace payment method' in page
    assert "The past due invoice stays open" in shown(web.get(pane(unpaid)))

    said = shown(choose(web, unpaid, mastercard))

    assert "pays from now on. The past due invoice is still open" in said
    pay = web.post(reverse("subscriptions:pay", args=[unpaid.pk]))
    open_one = Invoice.objects.get(stripe_invoice_id=newest.id)
    assert pay["Location"] == reverse("billing:invoice_pay", args=[open_one.pk])


def test_a_trial_without_a_card_says_that_it_is_only_kept(
    web: Client, cardless: Subscription, visa: PaymentMethod
) -> None:
    before = shown(web.get(pane(cardless)))
    assert "No card pays for this trial." in before
    assert "nothing is charged. A card that you choose here is only kept" in before
    assert "This doesn't turn recurring billing on." in before
    assert "start a paid subscription" in before

    said = shown(choose(web, cardless, visa))

    assert "is kept for this trial, which still ends by itself" in said
    assert "You chose a payment method" in said


def test_a_trial_says_that_the_card_is_charged_at_its_end(
    web: Client, trial: Subscription
) -> None:
    html = shown(web.get(pane(trial)))
    assert "the first charge, €147.60 excl. tax, goes to the card" in html


def test_without_recurring_billing_it_says_that_nothing_comes(
    web: Client, bought: Subscription
) -> None:
    url = reverse("subscriptions:recurring_billing", args=[bought.pk])
    web.post(url, {"recurring": "off"})
    assert "nothing more is charged unless" in shown(web.get(pane(bought)))


def test_what_has_ended_says_why_not(
    web: Client, bought: Subscription, mastercard: PaymentMethod
) -> None:
    Subscription.objects.filter(pk=bought.pk).update(disabled_at=bought.bought_at)
    html = web.get(pane(bought)).content.decode()
    assert "only while a subscription is active" in html
    assert 'name="payment"' not in html
    assert choose(web, bought, mastercard).status_code == 422
    assert web.post(pane(bought), {"payment": "new"}).status_code == 422
    assert pane(bought) not in web.get(details(bought)).content.decode()
    menu = shown(web.get(reverse("subscriptions:row_menu", args=[bought.pk])))
    assert "Replace payment method Only for active subscriptions" in menu


def test_nothing_chosen_asks_for_a_choice(web: Client, bought: Subscription) -> None:
    answer = web.post(pane(bought), {})
    assert answer.status_code == 422
    assert "Choose a payment method." in shown(answer)


def test_a_card_entered_twice_stands_once_and_is_ticked(
    web: Client,
    bought: Subscription,
    profile: BillingProfile,
    stripe_client: stripe.StripeClient,
) -> None:
    twin = enter_card(stripe_client, profile)
    html = web.get(pane(bought)).content.decode()
    assert re.search(rf'value="{twin.pk}" checked', html)
    assert html.count('name="payment"') == 2


@hypothesis_settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    payment=st.one_of(st.sampled_from(["new", "none", ""]), st.text(max_size=70)),
    setup_intent=st.text(max_size=40),
    session=st.text(max_size=40),
)
def test_garbage_is_refused_with_a_sentence(
    web: Client, bought: Subscription, payment: str, setup_intent: str, session: str
) -> None:
    assert web.get(pane(bought), {"card_session": session}).status_code == 200
    form = {"payment": payment, "setup_intent": setup_intent}
    answer = web.post(pane(bought), form)
    assert answer.status_code in {302, 422}
    if answer.status_code == 302:
        assert payment.strip() in {"new", "none"}
    assert not StripeOperation.objects.filter(kind="subscription.card").exists()
