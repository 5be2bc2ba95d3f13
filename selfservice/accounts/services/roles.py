"""Who may see the organization's purchases."""

from __future__ import annotations

from django.db import transaction

from selfservice.accounts.models import Role, User
from selfservice.activity.services.record import Change, record


def grant_role(*, person: User, role: Role) -> bool:
    """Give `person` the role, in place of the one before; false if they have it."""
    with transaction.atomic():
        stored = User.objects.select_for_update(no_key=True).get(
            organization_id=person.organization_id, pk=person.pk
        )
        before, stored.role = stored.role, role
        if before == role:
            return False
        stored.save(update_fields=["role"])
        record(
            Change(
                organization_id=stored.organization_id,
                actor_id=None,
                subject_kind="user",
                subject_id=stored.pk,
                verb="role_granted",
                before={"role": str(before)},
                after={"role": str(role)},
            )
        )
    person.role = role
    return True
