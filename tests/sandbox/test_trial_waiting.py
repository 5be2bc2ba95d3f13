"""A trial that is to end now, and waits for its payment."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

DAY = 86_400
CHARGE_FAILS = "pm_card_chargeCustomerFail"
ASKS = "pm_card_authenticationRequired"


def begin(shop: Shop, card: str) -> stripe.Subscription:
    """Three licenses at €49.20 a year, tried for a month."""
    customer = shop.customer("NL", card=card)
    return shop.subscribe(customer.id, shop.price(), 3, trial_period_days=30)


def end_now(shop: Shop, trial: stripe.Subscription) -> stripe.Subscription:
    return shop.v1.subscriptions.update(
        trial.id,
        {
            "trial_end": "now",
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )


def test_paid_it_ends_at_once(shop: Shop) -> None:
    paid = end_now(shop, begin(shop, "pm_card_visa"))

    assert (paid.status, paid.pending_update) == ("active", None)
    assert paid.trial_end == paid.billing_cycle_anchor
    assert paid["items"].data[0].current_period_start == paid.trial_end
    assert shop.invoice_of(paid).total == 17_860


@pytest.mark.parametrize("card", [CHARGE_FAILS, ASKS])
def test_not_paid_it_goes_on_and_waits(shop: Shop, card: str) -> None:
    trial = begin(shop, card)

    waiting = end_now(shop, trial)

    assert (waiting.status, waiting.trial_end) == ("trialing", trial.trial_end)
    assert waiting.pending_update is not None
    assert waiting.pending_update.trial_end is not None
    assert shop.invoice_of(waiting).status == "open"


def test_paid_later_it_ends_as_of_when_it_was_asked(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    trial = begin(shop, ASKS)
    asked = sandbox.now()
    waiting = end_now(shop, trial)
    good = shop.v1.payment_methods.attach(
        "pm_card_visa", {"customer": str(trial.customer)}
    )
    sandbox.advance(3600)

    shop.v1.invoices.pay(str(waiting.latest_invoice), {"payment_method": good.id})

    paid = shop.v1.subscriptions.retrieve(trial.id)
    assert (paid.status, paid.pending_update) == ("active", None)
    assert abs((paid.trial_end or 0) - asked) <= 2


@pytest.mark.parametrize("gives_up", ["void", "time"])
def test_what_nobody_pays_is_forgotten(
    shop: Shop, sandbox: SandboxProcess, gives_up: str
) -> None:
    trial = begin(shop, ASKS)
    waiting = end_now(shop, trial)

    if gives_up == "void":
        shop.v1.invoices.void_invoice(str(waiting.latest_invoice))
    else:
        sandbox.advance(DAY)

    still = shop.v1.subscriptions.retrieve(trial.id)
    assert (still.status, still.pending_update) == ("trialing", None)
    assert still.trial_end == trial.trial_end
