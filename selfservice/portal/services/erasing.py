"""Erasing a person: every room its own part, all of it or nothing."""

from __future__ import annotations

import dataclasses
import uuid

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from selfservice.accounts.models import Organization, User
from selfservice.activity.services.record import Change, record
from selfservice.core import personal
from selfservice.core.errors import DomainError
from selfservice.core.hooks import PeopleLost, people_lost


class CannotErase(DomainError):
    """Something of theirs goes on, and the sentence says what to do about it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did: the name that stands there now, and how many rows."""

    code: str
    rows: int


def is_erased(organization_id: uuid.UUID, person_id: uuid.UUID) -> bool:
    """Whether nothing about this person is to be kept any more."""
    return User.objects.filter(
        organization_id=organization_id, pk=person_id, email=_nowhere(person_id)
    ).exists()


def _nowhere(person_id: uuid.UUID) -> str:
    return f"{person_id}@erased.invalid"


def objections_to(person: User) -> list[str]:
    """Why this person can't be erased yet: sentences, none when they can."""
    asked = personal.Asked(person.organization_id, person.pk)
    return [sentence for sentence in personal.objections.send(asked) if sentence]


def erase_person(*, person: User) -> Erasure:
    """Take out of every room what says who `person` is; invoices stay as they are.

    The row stays, with a code for a name, because purchases, licenses and the log
    point at it. Licenses come free. A second time changes nothing more.
    Locks the organization, then the person; Stripe is told after the
    commit. Raises CannotErase.
    """
    with transaction.atomic(durable=True):
        Organization.objects.select_for_update(no_key=True).get(
            pk=person.organization_id
        )
        # With its key: whoever is placing an order for them waits, and finds them gone.
        locked = User.objects.select_for_update().get(
            organization_id=person.organization_id, pk=person.pk
        )
        found = objections_to(locked)
        if found:
            raise CannotErase(" ".join(found))
        if locked.can_sign_in:
            people_lost.send(PeopleLost(locked.organization_id, (locked.pk,)))
        erased = _erased(locked)
        rows = sum(personal.person_erased.send(erased))
        record(
            Change(
                organization_id=locked.organization_id,
                actor_id=None,
                subject_kind="user",
                subject_id=locked.pk,
                verb="person_erased",
            )
        )
    personal.erasure_committed.send(erased)
    return Erasure(erased.code, rows)


def _erased(person: User) -> personal.Erased:
    with translation.override(person.language or translation.get_language()):
        # The end of a key is random, its beginning tells when it was made.
        code = _("Erased person %(code)s") % {"code": person.pk.hex[-6:].upper()}
    return personal.Erased(
        organization_id=person.organization_id,
        person_id=person.pk,
        address=person.email.lower(),
        code=code,
        nowhere=_nowhere(person.pk),
    )
