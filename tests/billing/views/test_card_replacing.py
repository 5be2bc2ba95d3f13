"""The panes that replace and delete a card, through their pages."""

from __future__ import annotations

import pytest
import stripe
from django.core import mail as outgoing
from django.test import Client

from billing.models import BillingProfile, PaymentMethod, StripeOperation
from selfservice.core.ids import uuid7
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
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import at_stripe, read, settle
from tests.subscriptions.paying import *

pytestmark = pytest.mark.django_db


# Replacing


def test_replacing_shows_what_is_affected_and_does_it_everywhere(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    before = web.get(url(visa, "replace"), headers=PANE)
    assert "The other card then pays for" in words(before)
    assert f"{visa.profile.name} Billing profile" in words(before)
    assert "Diagrams Pro Charged next on" in words(before)
    assert "€590.40" in words(before)
    assert f'value="{visa.pk}"' not in before.content.decode()

    answer = web.post(
        url(visa, "replace"), {"payment": str(mastercard.pk)}, headers=PANE
    )

    assert "Mastercard •••• 4444 pays from now on." in words(answer)
    assert "Pays for this billing profile" in words(answer)
    assert read(bought).card == mastercard
    assert read(bought).profile.payment_method == mastercard
    wanted = mastercard.stripe_payment_method_id
    assert at_stripe(stripe_client, bought).default_payment_method == wanted
    assert default_at_stripe(stripe_client, visa.profile) == wanted
    assert attached(stripe_client, visa)
    assert logged("card_replaced") == logged("profile_card_replaced") == 1
    assert "Mastercard •••• 4444 pays from now on" in sent()
    body = outgoing.outbox[-1].body
    assert "took over from Visa •••• 4242" in body
    assert "Diagrams Pro: €590.40 plus tax on" in body


def test_a_new_card_takes_over_at_once(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    setup = confirmed_setup(stripe_client, visa.profile, "pm_card_mastercard")

    web.post(url(visa, "replace"), {"payment": "new", "setup_intent": setup})

    assert read(bought).card.last4 == "4444"


def test_a_second_press_replaces_nothing_more(
    web: Client, bought: Subscription, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    form = {"payment": str(mastercard.pk)}
    web.post(url(visa, "replace"), form)

    answer = web.post(url(visa, "replace"), form)

    assert answer.status_code == 422
    assert "pays for nothing, so there is nothing to replace" in words(answer)
    assert StripeOperation.objects.filter(kind="profile.card").count() == 1


def test_a_lost_answer_is_checked_and_told_once(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions/", times=3)

    answer = web.post(
        url(visa, "replace"), {"payment": str(mastercard.pk)}, follow=True
    )
    assert "We're checking with the payment provider." in words(answer)
    assert "pays from now on" not in " ".join(sent())
    again = web.post(url(visa, "replace"), {"payment": str(mastercard.pk)})
    assert again.status_code == 422
    sandbox.order("faults/clear")
    settle()

    assert read(bought).card == mastercard
    assert read(bought).profile.payment_method == mastercard
    assert sent().count("Mastercard •••• 4444 pays from now on") == 1


def test_only_cards_of_the_profile_can_take_over(
    web: Client, bought: Subscription, visa: PaymentMethod, brams: PaymentMethod
) -> None:
    for payment in (str(brams.pk), str(uuid7()), "x", ""):
        answer = web.post(url(visa, "replace"), {"payment": payment})
        assert answer.status_code == 422, payment
    assert read(bought).card == visa


# Deleting


def test_a_card_that_pays_for_nothing_is_deleted(
    web: Client,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    asked = words(web.get(url(mastercard, "delete")))
    assert "No subscription is paid with this card." in asked

    answer = web.post(url(mastercard, "delete"), follow=True)

    assert "Mastercard •••• 4444 was deleted." in words(answer)
    assert not attached(stripe_client, mastercard)
    assert fresh(mastercard).detached_at is not None
    assert logged("card_deleted") == 1
    assert sent() == ["Deleted: Mastercard •••• 4444"]
    # A second tab, and what is open of the card elsewhere: a sentence.
    for page in ("delete", "edit", "replace", "security-code"):
        late = web.post(url(mastercard, page), {**EDIT, "payment": "new"})
        assert late.status_code == 422, page
        assert "was deleted meanwhile" in words(late)
        assert web.get(url(mastercard, page)).status_code == 200
    assert "was deleted meanwhile" in words(web.get(f"{LIST}{mastercard.pk}/"))
    taken = web.post(url(visa, "replace"), {"payment": str(mastercard.pk)})
    assert taken.status_code == 422


def test_the_last_card_behind_a_subscription_stays(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    assert "It is the last card of this billing profile" in words(
        web.get(url(visa, "delete"))
    )

    answer = web.post(url(visa, "delete"), {"payment": "none"})

    assert answer.status_code == 422
    said = "It is the last card behind Diagrams Pro. Choose another one first."
    assert said in words(answer)
    assert attached(stripe_client, visa)
    assert fresh(visa).can_pay


def test_in_use_it_is_replaced_first_and_deleted_then(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    answer = web.post(
        url(visa, "delete"), {"payment": str(mastercard.pk)}, headers=PANE
    )

    said = "Visa •••• 4242 was deleted. Mastercard •••• 4444 pays from now on."
    assert said in words(answer)
    assert read(bought).card == mastercard
    assert not attached(stripe_client, visa)
    assert sent()[-1] == "Deleted: Visa •••• 4242"
    assert "Mastercard •••• 4444 now pays for:" in outgoing.outbox[-1].body


def test_a_card_stays_when_its_place_was_not_taken(
    web: Client,
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    """Somebody took the other card away at Stripe, and no event came yet."""
    stripe_client.v1.payment_methods.detach(mastercard.stripe_payment_method_id)

    answer = web.post(url(visa, "delete"), {"payment": str(mastercard.pk)})

    assert answer.status_code == 422
    assert attached(stripe_client, visa)
    assert fresh(visa).can_pay
    assert read(bought).card == visa
    assert "Deleted: Visa •••• 4242" not in sent()


def test_a_card_that_only_its_profile_has_may_leave_it_without(
    web: Client, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    assert "No payment method" in words(web.get(url(visa, "delete")))

    web.post(url(visa, "delete"), {"payment": "none"})

    assert not attached(stripe_client, visa)
    profile = BillingProfile.objects.get(pk=visa.profile_id)
    assert profile.payment_method is None
    other = enter_card(stripe_client, profile, "pm_card_mastercard")
    BillingProfile.objects.update(payment_method=None)
    page = web.get(f"{LIST}{other.pk}/").content.decode()
    assert "Use for this billing profile" in page
    web.post(url(other, "use"))
    assert BillingProfile.objects.get(pk=visa.profile_id).payment_method == other
    assert default_at_stripe(stripe_client, profile) == other.stripe_payment_method_id


def test_a_deletion_whose_answer_is_lost_is_shown_as_such(
    web: Client, visa: PaymentMethod, mastercard: PaymentMethod, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_before", "POST", "/v1/payment_methods/", times=3)

    answer = web.post(url(mastercard, "delete"), follow=True)

    assert "We're checking with the payment provider." in words(answer)
    assert "Being deleted" in words(answer)
    offered = web.get(url(visa, "replace")).content.decode()
    assert f'value="{mastercard.pk}"' not in offered
    late = web.post(url(mastercard, "delete"))
    assert late.status_code == 422
    sandbox.order("faults/clear")
    settle()
    assert fresh(mastercard).detached_at is not None
