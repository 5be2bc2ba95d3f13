"""Everything that stands in the database for one run, read at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.db.models import BooleanField, ExpressionWrapper

from billing.models import BillingAccount, BillingProfile, StripeOperation
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import (
    QuantityChange,
    ScheduledChange,
    Subscription,
)
from tests.simulation.theirs import Theirs
from tests.simulation.world import World


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Ours, and beside it `theirs`; `shown` as in World."""

    now: dt.datetime
    organization_ids: list[uuid.UUID]
    subscriptions: dict[uuid.UUID, Subscription]
    assignments: list[LicenseAssignment]
    log: list[Activity]
    operations: list[StripeOperation]
    changes: list[QuantityChange]
    scheduled: dict[uuid.UUID, ScheduledChange]
    people: dict[uuid.UUID, User]
    profiles: list[BillingProfile]
    accounts: int
    shown: dict[str, tuple[int, int]]
    theirs: Theirs

    def logged(self, subject: uuid.UUID, *verbs: str) -> list[Activity]:
        return [a for a in self.log if a.subject_id == subject and a.verb in verbs]

    def begun(self, subject: uuid.UUID, *kinds: str) -> list[StripeOperation]:
        return [
            o for o in self.operations if o.subject_id == subject and o.kind in kinds
        ]


def read_facts(world: World) -> Facts:
    ids = world.organization_ids
    now = clock.now()
    mine = Subscription.objects.filter(organization_id__in=ids)
    subscriptions = mine.select_related("price", "profile", "payment_method").annotate(
        twin=lifecycle.state_case(now),
        opened=ExpressionWrapper(
            lifecycle.assignable_at(now), output_field=BooleanField()
        ),
    )
    profiles = BillingProfile.objects.filter(organization_id__in=ids)
    scheduled = ScheduledChange.objects.filter(organization_id__in=ids)
    return Facts(
        now=now,
        organization_ids=ids,
        subscriptions={s.pk: s for s in subscriptions},
        assignments=list(LicenseAssignment.objects.filter(organization_id__in=ids)),
        log=list(Activity.objects.filter(organization_id__in=ids).order_by("pk")),
        operations=world.operations(),
        changes=list(QuantityChange.objects.filter(organization_id__in=ids)),
        scheduled={change.subscription_id: change for change in scheduled},
        people={u.pk: u for u in User.objects.filter(organization_id__in=ids)},
        profiles=list(profiles),
        accounts=BillingAccount.objects.filter(organization_id__in=ids).count(),
        shown=world.shown,
        theirs=world.theirs,
    )
