"""What should have come by now: asked for, instead of waiting for a webhook."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Least

from billing import gateway
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.reconcile import reconcile_subscription

logger = logging.getLogger(__name__)

AT_ONCE = 200


def catch_up_renewals() -> int:
    """Read again what renews by itself and whose period or term is over; how many.

    And the orders whose payment must have lapsed, so that none waits for ever. At most
    AT_ONCE, those read longest ago first. Ends early while Stripe is away. Must be
    called outside any transaction.
    """
    now = clock.now()
    renews = Q(
        order_state=OrderState.CONFIRMED,
        recurring_billing=True,
        disabled_at=None,
        ends__lte=now,
    )
    lapses_after = dt.timedelta(hours=settings.ORDER_LAPSES_AFTER_HOURS)
    lapsed = Q(order_state=OrderState.PENDING, ordered_at__lte=now - lapses_after)
    due = (
        Subscription.objects.annotate(ends=Least(F("period_end"), F("term_end")))
        .filter(renews | lapsed)
        .exclude(stripe_subscription_id="")
        .order_by(F("stripe_synced_at").asc(nulls_first=True), "pk")
    )
    tried = 0
    for organization_id, pk in list(due.values_list("organization_id", "pk")[:AT_ONCE]):
        try:
            _catch_up(organization_id, pk)
        except gateway.GatewayUnavailable:
            logger.warning("Stripe is away: %d renewals were read again", tried)
            break
        except gateway.GatewayRejected as error:
            # One that Stripe doesn't know must not keep the others waiting.
            logger.error("subscription %s can't be read: %s", pk, error)
        tried += 1
    return tried


def _catch_up(organization_id: uuid.UUID, pk: uuid.UUID) -> None:
    known = Subscription.objects.select_related("profile").get(
        organization_id=organization_id, pk=pk
    )
    found = sync_subscription(known.stripe_subscription_id)
    # The webhook of the renewal's invoice was lost then, too.
    if found is not None and found.period_end != known.period_end:
        reconcile_subscription(known)
