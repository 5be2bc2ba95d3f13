"""Everything a customer has, however much it is."""

from __future__ import annotations

import stripe

from billing.gateway import listing
from billing.models import BillingProfile


def test_a_list_is_read_to_its_last_page(
    profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    customer = profile.stripe_customer_id
    for _ in range(listing.PAGE + 1):
        stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})

    pages = list(listing.cards_of(customer))

    assert [len(page) for page in pages] == [100, 1]
    assert len({listed.card.id for page in pages for listed in page}) == 101
