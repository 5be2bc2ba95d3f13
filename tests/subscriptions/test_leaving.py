"""A purchaser who leaves: recurring billing of what they bought goes off."""

from __future__ import annotations

import pytest
import requests
import stripe
from django.core import mail as outgoing
from django.db import transaction

from billing import gateway
from billing.models import PaymentMethod
from selfservice.accounts.models import Role, User
from selfservice.activity.models import Activity, Mail
from selfservice.core import hooks
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.buying import Order, place_order
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.ending import set_recurring
from tests.dates import shown_day
from tests.factories.accounts import make_user
from tests.factories.mail import send_queued
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import UPDATE, at_stripe, catch_up, read, settle

pytestmark = pytest.mark.usefixtures("moving")
TRIES = 3


def leave(person: User) -> None:
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=False)
        hooks.people_lost.send(hooks.PeopleLost(person.organization_id, (person.pk,)))


@pytest.fixture
def waiting(
    order: Order, anna: User, stripe_client: stripe.StripeClient
) -> Subscription:
    """An order that waits until Anna has answered her bank."""
    asks = enter_card(stripe_client, order.profile, "pm_card_authenticationRequired")
    placed = place_order(order=order, card=asks, buyer=anna)
    assert placed.order_state == OrderState.PENDING
    return placed


def answer_the_bank(subscription: Subscription) -> None:
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    page = gateway.hosted_invoice_url(found.latest_invoice_id)
    requests.post(page, data={"outcome": "ok"}, timeout=30)


def told() -> list[str]:
    return list(
        Mail.objects.filter(kind="purchaser_left").values_list("address", flat=True)
    )


def check_not_renewed(client: stripe.StripeClient, bought: Subscription) -> None:
    found = read(bought)
    assert found.order_state == OrderState.CONFIRMED
    assert found.recurring_billing is False
    assert found.term_end
    assert at_stripe(client, found).cancel_at == int(found.term_end.timestamp())
    assert Activity.objects.filter(verb="purchaser_left").count() == 1


def test_what_they_bought_is_not_renewed(
    bought: Subscription, anna: User, stripe_client: stripe.StripeClient
) -> None:
    leave(anna)
    settle()

    check_not_renewed(stripe_client, bought)


def test_leaving_twice_changes_nothing_more(bought: Subscription, anna: User) -> None:
    for _again in range(2):
        leave(anna)
        settle()

    assert Activity.objects.filter(verb="purchaser_left").count() == 1


def test_what_ends_anyway_stays_as_it_is(bought: Subscription, anna: User) -> None:
    set_recurring(subscription=bought, on=False)
    before = read(bought).change_number

    leave(anna)

    assert read(bought).change_number == before


def test_colleagues_subscriptions_go_on(bought: Subscription, bram: User) -> None:
    leave(bram)
    settle()

    assert read(bought).recurring_billing is True


def test_an_order_that_waits_for_the_bank_is_dropped(
    waiting: Subscription, anna: User, stripe_client: stripe.StripeClient
) -> None:
    leave(anna)
    settle()
    answer_the_bank(waiting)

    assert read(waiting).order_state == OrderState.DROPPED
    assert at_stripe(stripe_client, waiting).status not in {"active", "incomplete"}


def test_an_order_paid_after_they_left_is_not_renewed(
    waiting: Subscription,
    anna: User,
    carla: User,
    stripe_client: stripe.StripeClient,
) -> None:
    leave(anna)
    answer_the_bank(waiting)
    sync_subscription(waiting.stripe_subscription_id)
    settle()
    catch_up(waiting)

    check_not_renewed(stripe_client, waiting)
    assert read(waiting).assigned == 0
    assert told() == [carla.email]


def test_an_order_whose_answer_came_after_they_left_is_not_renewed(
    order: Order,
    visa: PaymentMethod,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=TRIES)
    placed = place_order(order=order, card=visa, buyer=anna)
    assert placed.order_state == OrderState.PROCESSING

    leave(anna)
    settle()
    settle()

    check_not_renewed(stripe_client, placed)


def test_an_order_that_turns_out_to_wait_for_the_bank_is_dropped(
    order: Order,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    asks = enter_card(stripe_client, order.profile, "pm_card_authenticationRequired")
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=TRIES)
    placed = place_order(order=order, card=asks, buyer=anna)

    leave(anna)
    settle()
    settle()

    assert read(placed).order_state == OrderState.DROPPED


def test_turning_it_on_while_leaving_is_taken_back(
    bought: Subscription,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    set_recurring(subscription=bought, on=False)
    sandbox.fault("drop_after", "POST", UPDATE, times=TRIES)
    set_recurring(subscription=read(bought), on=True)

    leave(anna)
    settle()
    settle()

    check_not_renewed(stripe_client, bought)


def test_the_admins_are_told_once_what_ends_when_and_what_to_do(
    bought: Subscription, anna: User, carla: User, rik: User
) -> None:
    billing_admin = make_user(anna.organization, "Bea", role=Role.BILLING_ADMIN)
    for _again in range(2):
        leave(anna)
        settle()

    send_queued()

    sent = {message.to[0]: message for message in outgoing.outbox}
    assert sorted(told()) == sorted([carla.email, billing_admin.email])
    text = str(sent[carla.email].body)
    end = read(bought).term_end
    assert end
    assert "Anna de Vries has left. 1 subscription that they bought isn" in text
    when = shown_day(end)
    assert f"- Diagrams Pro: ends on {when}; 0 of 12 licenses assigned" in text
    assert f"manage.py transfer_purchases {anna.upn}" in text
    assert f"/oversight/purchases/?purchaser={anna.pk}\n" in text
    assert rik.email not in sent


def test_an_admin_reads_it_in_their_own_language(anna: User, carla: User) -> None:
    User.objects.filter(pk=carla.pk).update(language="nl")
    make_subscription(anna)

    leave(anna)
    send_queued()

    (message,) = outgoing.outbox
    assert message.subject == "Een koper is vertrokken: Anna de Vries"


def test_whoever_comes_back_and_leaves_again_is_told_of_again(
    bought: Subscription, anna: User, carla: User
) -> None:
    leave(anna)
    settle()
    User.objects.filter(pk=anna.pk).update(is_active=True)
    set_recurring(subscription=read(bought), on=True)

    leave(anna)

    assert told() == [carla.email] * 2


def test_nobody_is_told_of_a_person_who_bought_nothing(bram: User, carla: User) -> None:
    leave(bram)

    assert told() == []


def test_a_long_list_is_cut_short(anna: User, carla: User) -> None:
    for _each in range(22):
        make_subscription(anna)

    leave(anna)
    send_queued()

    (message,) = outgoing.outbox
    assert str(message.body).count("licenses assigned") == 20
    assert "- and 2 more" in str(message.body)
