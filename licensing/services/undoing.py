"""Giving back what was taken a moment ago: the same licenses to the same people."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from licensing import mails
from licensing.models import LicenseAssignment
from licensing.queries import live_assignments
from licensing.services import refusals
from licensing.services.assigning import (
    Overtaken,
    log_licenses,
    move_counters,
    races_noticed,
)
from licensing.services.refusals import Refusal, reason_against
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions.services.trial_count import follow_assigned

UNDO_FOR = dt.timedelta(minutes=10)


class CannotUndo(DomainError):
    """The licenses stay where they are."""


def undo_unassign(*, actor: User, product_id: uuid.UUID, withdrawal: uuid.UUID) -> int:
    """Give the actor's licenses back to those who lost them, all or nobody.

    The rows live on as they were, so that nobody gets a second mail about a license
    they had. Locks the people, the licenses, then the subscriptions. Returns how
    many. Raises CannotUndo, and CannotAssign with everybody who can't have it again.
    """
    rows = LicenseAssignment.objects.filter(
        organization_id=actor.organization_id,
        purchaser=actor,
        product_id=product_id,
        withdrawal=withdrawal,
    )
    try:
        with races_noticed(), transaction.atomic(durable=True):
            # Nobody joins those who were taken from together.
            people = _locked_people(actor, rows.values_list("user_id", flat=True))
            ended = list(rows.select_for_update(no_key=True).order_by("id"))
            _still_possible(ended)
            _all_can_hold(actor, product_id, ended, people)
            return _return(actor, ended)
    except Overtaken:
        raise refusals.overtaken() from None


def _locked_people(actor: User, people: Iterable[uuid.UUID]) -> dict[uuid.UUID, User]:
    users = User.objects.filter(
        organization_id=actor.organization_id, pk__in=list(people)
    )
    return {
        user.pk: user for user in users.select_for_update(no_key=True).order_by("pk")
    }


def _still_possible(ended: Sequence[LicenseAssignment]) -> None:
    if not ended:
        raise CannotUndo(
            _("There is nothing left to undo: these licenses were given back already.")
        )
    last = max(row.ended_at for row in ended if row.ended_at)
    if clock.now() - last > UNDO_FOR:
        raise CannotUndo(
            _(
                "Unassigning can be undone for 10 minutes, and those are over. Assign"
                " the licenses again."
            )
        )


def _all_can_hold(
    actor: User,
    product_id: uuid.UUID,
    ended: Sequence[LicenseAssignment],
    people: dict[uuid.UUID, User],
) -> None:
    holders = set(
        live_assignments(actor, product_id)
        .filter(user_id__in=list(people))
        .values_list("user_id", flat=True)
    )
    refused = []
    for row in ended:
        person = people.get(row.user_id)
        reason = reason_against(person, holders)
        if reason is not None:
            refused.append(Refusal(person.display_name if person else "", reason))
    if refused:
        raise refusals.not_given_back(refused)


def _return(actor: User, ended: Sequence[LicenseAssignment]) -> int:
    LicenseAssignment.objects.filter(
        organization_id=actor.organization_id, pk__in=[row.pk for row in ended]
    ).update(ended_at=None, ended_by=None, withdrawal=None)
    counts = Counter(row.subscription_id for row in ended)
    if not move_counters(actor.organization_id, counts, actor.pk):
        raise CannotUndo(
            _(
                "Not all of these licenses are free any more, or their subscription"
                " isn't active, so nobody got one back. Assign the free ones, or buy"
                " licenses."
            )
        )
    follow_assigned(actor.organization_id, counts)
    log_licenses("licenses_returned", actor.pk, ended)
    # Only those who weren't told yet, because it was taken back before.
    recent = clock.now() - dt.timedelta(days=1)
    mails.tell_assigned([row for row in ended if row.assigned_at > recent])
    return len(ended)
