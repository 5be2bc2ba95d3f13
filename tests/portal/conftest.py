"""The cast of the tests, Stripe's stand-in, and what Anna bought."""

from __future__ import annotations

import pytest

from billing.models import PaymentMethod
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.portal.reconciling import buy
from tests.stripe_sandbox import *


@pytest.fixture
def bought(diagrams: Offer, visa: PaymentMethod) -> Subscription:
    """Twelve licenses, one of them Anna's, and everything was told."""
    return buy(diagrams, visa)
