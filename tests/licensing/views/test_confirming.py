"""Giving out licenses asks who does it only where that costs something later."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from licensing.models import BulkList, LicenseAssignment
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import SIGNED_IN_AT
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.cast import PASSWORD
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(transaction=True)
AGAIN = "/accounts/reauthenticate/"


@pytest.fixture
def web(client: Client, anna: User, settings: Settings) -> Client:
    """Anna's browser, in which she signed in five hours ago."""
    settings.MONEY_ASKS_AGAIN_AFTER = 4 * 3600
    client.force_login(anna)
    session = client.session
    session[SIGNED_IN_AT] = time.time() - 5 * 3600
    session.save()
    return client


@pytest.fixture
def trial(anna: User) -> Subscription:
    """25 licenses of which one is wanted afterwards."""
    ends = clock.now() + dt.timedelta(days=20)
    return make_subscription(
        anna, quantity=25, quantity_after_trial=1, trial_end=ends, term_end=ends
    )


def assign(web: Client, subscription: Subscription, *people: User) -> str:
    url = reverse("licensing:assign", args=[subscription.product_id])
    answer = web.post(url, {"people": [str(person.pk) for person in people]})
    return str(answer["Location"])


def live() -> int:
    return LicenseAssignment.objects.filter(ended_at=None).count()


def test_what_raises_a_trial_is_confirmed_and_then_done(
    web: Client, trial: Subscription, anna: User, bram: User
) -> None:
    # The one that is wanted anyway.
    assert assign(web, trial, anna).startswith("/licenses/")

    asked = assign(web, trial, bram)

    assert asked.startswith(AGAIN)
    assert live() == 1
    web.post(asked, {"password": PASSWORD})
    assert live() == 2


def test_a_list_is_confirmed_too(web: Client, trial: Subscription, bram: User) -> None:
    carla = User.objects.create_user(
        "c@noordzee.example",
        organization=bram.organization,
        display_name="C",
        usage_location="NL",
    )
    url = reverse("licensing:bulk", args=[trial.product_id])
    web.post(url, {"text": f"{bram.email} {carla.email}"})
    made = BulkList.objects.get()
    path = reverse("licensing:bulk_list", args=[trial.product_id, made.pk])
    seal = web.get(path).context["seal"]

    asked = web.post(path, {"seal": seal})["Location"]

    assert asked.startswith(AGAIN)
    assert live() == 0
    web.post(asked, {"password": PASSWORD})
    assert live() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"recurring_billing": False},
        {"payment_method": None},
        {"quantity_after_trial": 25},
        {"trial_end": None, "quantity_after_trial": None},
    ],
)
def test_what_costs_nothing_more_is_done_at_once(
    web: Client,
    trial: Subscription,
    anna: User,
    bram: User,
    change: dict[str, object],
) -> None:
    Subscription.objects.filter(pk=trial.pk).update(**change)

    assert assign(web, trial, anna, bram).startswith("/licenses/")

    assert live() == 2


def test_soon_after_signing_in_nobody_is_asked(
    web: Client, trial: Subscription, anna: User, bram: User
) -> None:
    session = web.session
    session[SIGNED_IN_AT] = time.time()
    session.save()

    assert assign(web, trial, anna, bram).startswith("/licenses/")
    assert live() == 2
