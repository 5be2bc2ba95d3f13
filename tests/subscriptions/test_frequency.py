"""Another billing frequency from the renewal on."""

from __future__ import annotations

import pytest
import stripe
from django.test import Client

from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.services.changing import CannotChange, Outcome
from selfservice.subscriptions.services.quantity import preview_quantity
from selfservice.subscriptions.services.scheduling import schedule_frequency
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    catch_up,
    invoices_at_stripe,
    pass_time,
    read,
    settle,
)

pytestmark = pytest.mark.usefixtures("moving")


@pytest.fixture
def monthly(bought: Subscription) -> Offer:
    """The same product for the same year, paid by the month."""
    return put_on_sale(bought.product, 450, term=Term.YEAR, frequency=Frequency.MONTHLY)


def test_it_changes_at_the_renewal_and_is_charged_so(
    bought: Subscription,
    monthly: Offer,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    assert (
        schedule_frequency(subscription=bought, plan_id=monthly.plan.pk) == Outcome.DONE
    )
    assert read(bought).plan != monthly.plan

    pass_time(sandbox, DAY * 366)

    renewed = catch_up(bought)
    assert (renewed.plan, renewed.price) == (monthly.plan, monthly.price)
    assert invoices_at_stripe(stripe_client, bought)[0].subtotal == 12 * 450
    assert renewed.term_end is not None
    assert bought.term_end is not None
    assert renewed.term_end.year == bought.term_end.year + 1
    assert not ScheduledChange.objects.exists()


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_lost_answer_leaves_one_change(
    bought: Subscription, monthly: Offer, sandbox: SandboxProcess, fault: str
) -> None:
    sandbox.fault(fault, "POST", "/v1/subscription_schedules", times=3)

    outcome = schedule_frequency(subscription=bought, plan_id=monthly.plan.pk)
    settle()

    assert outcome == Outcome.CHECKING
    assert ScheduledChange.objects.get().stripe_schedule_id


def test_while_it_waits_licenses_stay_as_they_are(
    bought: Subscription, monthly: Offer
) -> None:
    schedule_frequency(subscription=bought, plan_id=monthly.plan.pk)

    with pytest.raises(CannotChange, match="Another billing frequency waits"):
        preview_quantity(subscription=read(bought), quantity=20)


def test_only_another_plan_of_the_same_term_can_be_chosen(
    bought: Subscription, monthly: Offer
) -> None:
    longer = put_on_sale(
        bought.product, 9000, term=Term.THREE_YEARS, frequency=Frequency.YEARLY
    )

    for plan_id in (bought.plan_id, longer.plan.pk, bought.pk):
        with pytest.raises(CannotChange):
            schedule_frequency(subscription=bought, plan_id=plan_id)


def test_the_pane_shows_the_prices_and_the_page_what_waits(
    bought: Subscription, monthly: Offer, client: Client, anna: User, carla: User
) -> None:
    client.force_login(anna)
    url = f"/subscriptions/{bought.pk}/frequency/"
    assert "€54.00" in client.get(url).content.decode()

    done = client.post(url, {"plan": str(monthly.plan.pk)}, follow=True)

    assert "The billing frequency changes on" in done.content.decode()
    assert "1 year, billed monthly." in done.content.decode()
    assert client.post(url, {"plan": "x"}).status_code == 422
    client.force_login(carla)
    assert client.get(url).status_code == 404
