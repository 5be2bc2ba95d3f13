"""Assigning and unassigning for everybody on a list: all of them, or nobody."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from licensing.addresses import Addresses
from licensing.bulk import Look, lists_of, look_at, people_at
from licensing.models import Bulk, BulkList, BulkState
from licensing.services.assigning import Overtaken, end_exactly, give_to, races_noticed
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import User
from selfservice.core import clock, jobs
from selfservice.core.errors import DomainError
from selfservice.core.ids import uuid7

BULK_JOB = "licensing.bulk"
# More are left to the worker: the answer would take more than a second or two.
IN_REQUEST = 2_000
# Lists hold addresses; the log says what was done.
KEPT = dt.timedelta(days=7)
# Of one person: each may name tens of thousands.
MOST_DRAFTS = 50


class CannotStart(DomainError):
    """The list isn't what it was, and nothing was done."""


def keep_list(
    *,
    purchaser: User,
    product_id: uuid.UUID,
    does: Bulk,
    addresses: Addresses,
    people: list[uuid.UUID],
) -> BulkList:
    """Keep who is meant, by address and by key, to be looked at. Changes nobody's.

    Of the purchaser's drafts the newest stay.
    """
    _forget_surplus(purchaser)
    found = people_at(purchaser.organization_id, addresses.found)
    keys = [found[address] for address in addresses.found if address in found]
    unique = list(dict.fromkeys([*keys, *people]))
    return BulkList.objects.create(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=product_id,
        does=does,
        people=unique,
        unknown=[address for address in addresses.found if address not in found],
        strange=addresses.strange,
        repeated=addresses.repeated + len(keys) + len(people) - len(unique),
    )


def _forget_surplus(purchaser: User) -> None:
    drafts = BulkList.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        state=BulkState.DRAFT,
    )
    newest = drafts.order_by("-pk").values_list("pk", flat=True)
    drafts.filter(pk__in=list(newest[MOST_DRAFTS - 1 :])).delete()


def confirm(*, bulk: BulkList, seal: str) -> None:
    """Do what was shown, at once or by the worker; a second time does nothing.

    The job is queued either way: it finishes what a process that died here had begun.
    Raises CannotStart when the list would do something else than was shown.
    """
    look = look_at(bulk)
    if not look.ready or look.seal != seal:
        raise CannotStart(
            _(
                "Meanwhile these are other people than before. Nothing was changed:"
                " look at them and confirm again."
            )
        )
    with transaction.atomic(durable=True):
        drafts = lists_of(bulk.purchaser, bulk.product_id).filter(
            pk=bulk.pk, state=BulkState.DRAFT
        )
        begun = drafts.update(
            state=BulkState.UNDER_WAY,
            seal=seal,
            overtaken=False,
            count=len(look.ready),
            confirmed_at=clock.now(),
        )
        if begun:
            _enqueue(bulk)
    if begun and len(look.ready) <= IN_REQUEST:
        carry_out(bulk.organization_id, bulk.pk)


def hurry(bulk: BulkList) -> None:
    """Queue again what is under way; what already waits isn't queued twice."""
    _enqueue(bulk)


def _enqueue(bulk: BulkList) -> None:
    jobs.enqueue(
        BULK_JOB,
        key=f"bulk {bulk.pk}",
        organization_id=str(bulk.organization_id),
        bulk_id=str(bulk.pk),
    )


def carry_out(organization_id: uuid.UUID, bulk_id: uuid.UUID) -> None:
    """Assign or unassign all of a confirmed list, or nobody; often enough is once.

    The list's state changes in the same transaction: whoever dies meanwhile leaves
    it as it was, and whoever comes second finds it done. Locks the list before the
    people. When it can't be done as it was shown, it is a draft again.
    """
    for careful in (False, True):
        try:
            with races_noticed(), transaction.atomic(durable=True):
                bulk = _locked(organization_id, bulk_id)
                if bulk is None:
                    return
                _do(bulk, look_at(bulk), careful=careful)
                bulk.state, bulk.done_at = BulkState.DONE, clock.now()
                bulk.save(update_fields=["state", "done_at", "withdrawal"])
                return
        except Overtaken:
            continue
        except CannotAssign:
            break
    with transaction.atomic(durable=True):
        bulk = _locked(organization_id, bulk_id)
        if bulk is not None:
            bulk.state, bulk.overtaken = BulkState.DRAFT, True
            bulk.save(update_fields=["state", "overtaken"])


def _locked(organization_id: uuid.UUID, bulk_id: uuid.UUID) -> BulkList | None:
    """The list, if it is still to be done."""
    rows = BulkList.objects.filter(
        organization_id=organization_id, pk=bulk_id, state=BulkState.UNDER_WAY
    )
    locked = rows.select_for_update(no_key=True, of=("self",))
    return locked.select_related("purchaser").first()


def _do(bulk: BulkList, look: Look, *, careful: bool) -> None:
    """Raises Overtaken or CannotAssign; then nothing may be committed."""
    if look.seal != bulk.seal:
        raise CannotAssign("Others are meant than were shown.")
    people = [user.pk for user in look.ready]
    if bulk.does == Bulk.ASSIGN:
        give_to(
            actor=bulk.purchaser,
            purchaser=bulk.purchaser,
            product_id=bulk.product_id,
            people=people,
            careful=careful,
        )
        return
    bulk.withdrawal = uuid7()
    done = end_exactly(
        purchaser=bulk.purchaser,
        product_id=bulk.product_id,
        people=people,
        withdrawal=bulk.withdrawal,
    )
    if not done:
        raise Overtaken


def forget_old() -> int:
    """Delete the lists of more than a week ago; returns how many."""
    old = BulkList.objects.filter(created_at__lt=clock.now() - KEPT)
    return old.exclude(state=BulkState.UNDER_WAY).delete()[0]
