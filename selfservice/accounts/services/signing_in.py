"""Whether somebody may sign in, decided by hand; else the directory's file says so."""

from __future__ import annotations

from django.db import transaction

from selfservice.accounts.models import Organization, User
from selfservice.activity.services.record import Change, record
from selfservice.core.errors import DomainError
from selfservice.core.hooks import PeopleLost, people_lost


class NotInDirectory(DomainError):
    """Who was removed from the directory can't be let in here."""


def disable_person(*, person: User) -> bool:
    """Let `person` in no more; false when they couldn't sign in anyway.

    Their licenses come free in the same transaction, and what they bought isn't
    renewed. Locks the organization, then the person, as an import does.
    """
    with transaction.atomic(durable=True):
        locked = _locked(person)
        if not locked.can_sign_in:
            return False
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        people_lost.send(PeopleLost(locked.organization_id, (locked.pk,)))
        _record(locked, "person_disabled")
    return True


def enable_person(*, person: User) -> bool:
    """Let `person` in again, without what they lost; false when they may already.

    Raises NotInDirectory.
    """
    with transaction.atomic(durable=True):
        locked = _locked(person)
        if locked.removed_at is not None:
            raise NotInDirectory(
                f"{locked} was removed from the directory. Import a file in which"
                " they stand again."
            )
        if locked.is_active:
            return False
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        _record(locked, "person_enabled")
    return True


def _locked(person: User) -> User:
    Organization.objects.select_for_update(no_key=True).get(pk=person.organization_id)
    return User.objects.select_for_update(no_key=True).get(
        organization_id=person.organization_id, pk=person.pk
    )


def _record(person: User, verb: str) -> None:
    record(
        Change(
            organization_id=person.organization_id,
            actor_id=None,
            subject_kind="user",
            subject_id=person.pk,
            verb=verb,
        )
    )
