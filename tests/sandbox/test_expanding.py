"""What may be expanded is what Stripe's types say, and what it leaves out."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop


@pytest.fixture
def unpaid(shop: Shop) -> stripe.Subscription:
    """A subscription whose first payment waits for the browser."""
    return shop.subscribe(
        shop.customer().id, shop.price(), payment_behavior="default_incomplete"
    )


def test_the_secret_of_a_payment_is_told_when_asked(
    shop: Shop, unpaid: stripe.Subscription
) -> None:
    found = shop.v1.subscriptions.retrieve(
        unpaid.id, {"expand": ["latest_invoice.confirmation_secret"]}
    )

    invoice = found.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert invoice.confirmation_secret is not None
    assert invoice.confirmation_secret.type == "payment_intent"
    assert invoice.confirmation_secret.client_secret.startswith("pi_")


def test_payments_and_vat_numbers_are_told_when_asked(
    shop: Shop, unpaid: stripe.Subscription
) -> None:
    customer = shop.v1.customers.retrieve(
        str(unpaid.customer), {"expand": ["tax_ids", "subscriptions"]}
    )
    invoice = shop.v1.invoices.retrieve(
        str(unpaid.latest_invoice), {"expand": ["payments"]}
    )

    assert customer.tax_ids is not None
    assert customer.tax_ids.data == []
    assert customer.subscriptions is not None
    assert [row.id for row in customer.subscriptions.data] == [unpaid.id]
    assert invoice.payments is not None
    assert [row.status for row in invoice.payments.data] == ["open"]


@pytest.mark.parametrize(
    "path", ["metadata", "items", "customer.name", "latest_invoice.charge", "nothing"]
)
def test_what_is_no_reference_cannot_be_expanded(
    shop: Shop, unpaid: stripe.Subscription, path: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        shop.v1.subscriptions.retrieve(unpaid.id, {"expand": [path]})


def test_a_fifth_level_is_refused(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        shop.v1.subscriptions.list(
            {"expand": ["data.latest_invoice.payments.data.payment"]}
        )
