"""A subscription that is over, and its pane as the purchaser uses it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import pytest
import requests
import stripe
from django.test import Client
from django.utils import timezone

from billing.models import PaymentMethod, StripeOperation
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.ending import (
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.services.overdue import give_up_overdue
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import (
    DAY,
    catch_up,
    pass_time,
    pay_with,
    read,
    settle,
)


@dataclasses.dataclass(slots=True)
class Pane:
    """Reactivate this subscription, in Anna's browser."""

    web: Client
    subscription: Subscription

    @property
    def address(self) -> str:
        return f"/subscriptions/{self.subscription.pk}/reactivate/"

    def look(self) -> str:
        return str(self.web.get(self.address).content.decode())

    def form(self, card: PaymentMethod | None = None) -> dict[str, str]:
        """The pane's form, as it is shown now."""
        shown = re.search(r'name="seal" value="([^"]+)"', self.look())
        assert shown
        chosen = card or self.subscription.payment_method
        return {"seal": shown[1], "payment": str(chosen.pk) if chosen else ""}

    def send(self, form: dict[str, str]) -> tuple[int, str]:
        """The status of the answer, and the page that follows."""
        answer = self.web.post(self.address, form, follow=True)
        return answer.status_code, str(answer.content.decode())

    def press(self, card: PaymentMethod | None = None) -> tuple[int, str]:
        return self.send(self.form(card))

    @property
    def row(self) -> Subscription:
        return read(self.subscription)

    @property
    def state(self) -> str:
        return lifecycle.state_at(self.row, clock.now())


@pytest.fixture
def pane(moving: None, bought: Subscription, client: Client, anna: User) -> Pane:
    client.force_login(anna)
    return Pane(client, bought)


def expire(
    pane: Pane, sandbox: SandboxProcess, later: dt.timedelta = DAY
) -> Subscription:
    """Not renewed: its year is over since `later`."""
    set_recurring(subscription=pane.row, on=False)
    assert pane.row.term_end
    pass_time(sandbox, pane.row.term_end + later - clock.now())
    return catch_up(pane.subscription)


def cancel_at_once(pane: Pane) -> Subscription:
    """Canceled inside the window: disabled, and the money went back."""
    shown = preview_cancel(subscription=pane.row)
    cancel(subscription=pane.row, seal=shown.seal, reason="mistake", feedback="")
    settle()
    return pane.row


def leave_unpaid(
    pane: Pane, sandbox: SandboxProcess, client: stripe.StripeClient
) -> Subscription:
    """Its renewal failed a month ago; the worker of the night hasn't come yet."""
    pay_with(client, pane.row, "pm_card_chargeCustomerFail")
    assert pane.row.term_end
    pass_time(sandbox, pane.row.term_end + 2 * DAY / 24 - clock.now())
    catch_up(pane.subscription)
    assert pane.row.past_due_since
    pass_time(sandbox, 31 * DAY)
    return catch_up(pane.subscription)


def give_up() -> None:
    """The worker of the night."""
    give_up_overdue()
    settle()


def confirm_at_the_bank(pane: Pane) -> None:
    """On Stripe's own page of the invoice that waits, to which the portal leads."""
    answer = pane.web.post(f"/subscriptions/{pane.subscription.pk}/payment/")
    assert answer.status_code == 302
    requests.post(answer["Location"], data={"outcome": "ok"}, timeout=30)


def let_a_day_pass(kind: str) -> None:
    """As if the worker came only when Stripe has long forgotten the key."""
    for operation in StripeOperation.objects.filter(kind=kind):
        operation.created_at -= 2 * DAY
        operation.leased_until = timezone.now()
        operation.save()
