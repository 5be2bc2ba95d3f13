"""A scenario in which something of the customer is still on its way to Stripe."""

from __future__ import annotations

from billing.models import Invoice
from billing.services.customers import Outcome
from billing.services.profile_changes import set_po_number
from tests.reliability.buying import invoices_at_stripe
from tests.reliability.changing import More, row_of
from tests.reliability.matrix import TRIES
from tests.reliability.scenarios import Facts
from tests.reliability.world import World

PO = "PO-2027-9"


class MoreWhileAPoNumberWaits(More):
    """More licenses; the PO number that was typed before stands on their invoice."""

    name = "subscription.more, a PO number waits"
    done = {"licenses": 15, "po": PO}

    def prepare(self, world: World) -> None:
        super().prepare(world)
        profile = world.profile
        path = f"/v1/customers/{profile.stripe_customer_id}"
        world.sandbox.fault("drop_before", "POST", path, times=TRIES)
        said = set_po_number(
            profile=profile,
            po_number=PO,
            version=profile.version,
            actor=profile.purchaser,
        )
        assert said == Outcome.CHECKING

    def there(self, world: World) -> Facts:
        newest = invoices_at_stripe(world)[0]
        fields = newest.custom_fields or []
        return {**super().there(world), "po": "".join(field.value for field in fields)}

    def here_at_last(self, world: World) -> Facts:
        invoices = Invoice.objects.filter(subscription_id=row_of(world).pk)
        newest = invoices.latest("finalized_at", "number")
        return {**super().here_at_last(world), "po": newest.po_number}
