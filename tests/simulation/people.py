"""People who come, go and come back, and an admin who looks."""

from __future__ import annotations

from django.db.models import Sum
from hypothesis import strategies as st

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.accounts.services.directory import Imported
from selfservice.core import clock
from selfservice.oversight import queries as oversight
from selfservice.subscriptions.models import Subscription
from tests.simulation import acts
from tests.simulation.steps import Steps, pick, step
from tests.simulation.trouble import NONE, Trouble, deaths

GONE = {"Block_credential": "True"}
REMOVED = {"Soft_deletion_time_stamp": "2026-01-05 09:30:00Z"}
BACK = {"Block_credential": "False", "Usage_location": "BE"}
NOWHERE = {"Usage_location": ""}
NUMBERS = st.integers(0, 12)


class PeopleSteps(Steps):
    """What the directory says, and what is read of a whole organization."""

    looked_at = 0

    @step(
        who=NUMBERS,
        cells=st.sampled_from([GONE, REMOVED, BACK, BACK, NOWHERE]),
        trouble=deaths(),
    )
    def directory_says(self, who: int, cells: dict[str, str], trouble: Trouble) -> None:
        """Somebody is disabled, removed or back, or loses their usage location."""
        write = acts.write_directory(self.world, person=who, cells=cells)
        answer = self.world.act(write, trouble, here=True)
        if trouble is NONE:
            assert isinstance(answer, Imported), answer
        person = User.objects.get(pk=pick(self.world.people, who).pk)
        if not person.can_sign_in:
            self.world.ever_gone.add(person.pk)

    @step(when=lambda self: self.world.acts != self.looked_at)
    def admin_looks(self) -> None:
        """The oversight's numbers are those of the rows."""
        self.looked_at = self.world.acts
        home = self.world.admin.organization_id
        found = oversight.purchases_of(home, clock.now())
        seen = found.aggregate(bought=Sum("quantity"), held=Sum("assigned"))
        rows = Subscription.objects.filter(
            organization_id=home, order_state__in=oversight.SHOWN
        )
        assert (seen["bought"] or 0) == sum(row.quantity for row in rows)
        live = LicenseAssignment.objects.filter(
            organization_id=home, ended_at=None, suspended_at=None
        )
        assert (seen["held"] or 0) == live.count()
