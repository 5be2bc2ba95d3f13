"""Who is a guest by now buys nothing more; what makes it cheaper goes on working."""

from __future__ import annotations

import pytest
import stripe
from django.test import Client

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import CannotChange
from selfservice.subscriptions.services.ending import (
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.trials import (
    convert,
    extend,
    preview_conversion,
    set_quantity_after,
)
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import quantity_at_stripe, read, settle
from tests.subscriptions.trying import *

pytestmark = pytest.mark.django_db(transaction=True)
GUEST = "you are a guest in your organization's directory now"


def become_guest(person: User) -> None:
    """The directory's next file."""
    User.objects.filter(pk=person.pk).update(is_guest=True)
    person.refresh_from_db()


@pytest.mark.parametrize("at_renewal", [False, True])
def test_no_more_licenses_are_shown_or_bought(
    bought: Subscription,
    anna: User,
    stripe_client: stripe.StripeClient,
    at_renewal: bool,
) -> None:
    shown = preview_quantity(subscription=bought, quantity=14, at_renewal=at_renewal)
    become_guest(anna)

    with pytest.raises(CannotChange, match=GUEST):
        preview_quantity(subscription=read(bought), quantity=14, at_renewal=at_renewal)
    with pytest.raises(CannotChange, match=GUEST):
        save_quantity(subscription=read(bought), quantity=14, seal=shown.seal)
    assert read(bought).quantity == quantity_at_stripe(stripe_client, bought) == 12


def test_fewer_and_an_end_stay_possible(
    bought: Subscription, anna: User, stripe_client: stripe.StripeClient
) -> None:
    become_guest(anna)

    fewer = preview_quantity(subscription=read(bought), quantity=5)
    save_quantity(subscription=read(bought), quantity=5, seal=fewer.seal)
    settle()
    assert quantity_at_stripe(stripe_client, bought) == 5

    set_recurring(subscription=read(bought), on=False)
    assert read(bought).recurring_billing is False

    end = preview_cancel(subscription=read(bought))
    cancel(subscription=read(bought), seal=end.seal, reason="mistake", feedback="")
    assert read(bought).disabled_at is not None


def test_a_trial_is_not_paid_early_nor_for_more(
    trial: Subscription, visa: PaymentMethod, anna: User
) -> None:
    shown = preview_conversion(subscription=trial)
    become_guest(anna)

    with pytest.raises(CannotChange, match=GUEST):
        convert(subscription=read(trial), seal=shown.seal, card=visa)
    with pytest.raises(CannotChange, match=GUEST):
        set_quantity_after(subscription=read(trial), quantity=4)
    assert read(trial).trial_end == trial.trial_end
    assert read(trial).paid_quantity == 3


def test_a_trial_can_become_cheaper_and_end(trial: Subscription, anna: User) -> None:
    become_guest(anna)

    set_quantity_after(subscription=read(trial), quantity=2)
    set_recurring(subscription=read(trial), on=False)

    assert read(trial).paid_quantity == 2
    assert read(trial).recurring_billing is False
    with pytest.raises(CannotChange, match="It can be extended from"):
        extend(subscription=read(trial))


def test_the_panes_say_so_before_anything_is_pressed(
    bought: Subscription, client: Client, anna: User
) -> None:
    address = f"/subscriptions/{bought.pk}/licenses/"
    client.force_login(anna)
    assert "are a guest" not in client.get(address).content.decode()
    become_guest(anna)

    assert "are a guest" in client.get(address).content.decode()
    assert "are a guest" in client.get(address, {"total": 14}).content.decode()
    for asked in ({"mode": "remove"}, {"total": 5}):
        assert "are a guest" not in client.get(address, asked).content.decode()


def test_the_pane_of_a_trial_says_so_and_has_no_button(
    trial: Subscription, client: Client, anna: User
) -> None:
    become_guest(anna)
    client.force_login(anna)
    address = f"/subscriptions/{trial.pk}/trial/"

    page = client.get(address).content.decode()
    assert "start a paid subscription, because you are a guest" in page
    assert 'value="convert"' not in page

    answer = client.post(address, {"action": "quantity", "quantity": "9"})
    assert answer.status_code == 422
    assert "ask a colleague to buy them" in answer.content.decode()
