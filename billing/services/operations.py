"""The life of a write to Stripe: committed before, settled afterwards, never lost.

    begin   one row, committed, with the idempotency key
    run     the call, then `apply` in a second transaction
    sweep   the same for rows whose process died or whose answer was lost

    started ─→ succeeded
       │  ↘    refused
       └→ unknown ─→ the same two, when the sweep has found out

Each kind of operation is a `Kind`: how it is called, how its answer is applied, what
a refusal means, and how it is proven when Stripe has forgotten the key. Higher rooms
register theirs at start-up.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.gateway import GatewayRejected, GatewayUnavailable, PaymentDeclined
from billing.models import StripeOperation
from billing.models.stripe import UNSETTLED, OperationState
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.hooks import Registry
from selfservice.core.statements import Later, Statement

log = logging.getLogger(__name__)

# Longer than the slowest call with all its retries.
LEASE = dt.timedelta(seconds=60)
# Stripe keeps keys for at least 24 hours; afterwards the same key is a new call.
KEY_LIVES = dt.timedelta(hours=23)
# An unknown answer is asked for again soon, because somebody may be looking.
FIRST_WAIT = dt.timedelta(seconds=2)
LONGEST_WAIT = dt.timedelta(minutes=15)


type Refusal = GatewayRejected | PaymentDeclined


class TooLate(GatewayRejected):
    """Never done, and no longer to be: it would come a day after it was wanted."""

    def __init__(self) -> None:
        DomainError.__init__(
            self,
            _(
                "The payment provider couldn't be reached for a day, so this was given"
                " up. Nothing was charged."
            ),
        )
        self.code, self.status = "too_late", 408


@dataclasses.dataclass(frozen=True, slots=True)
class Kind[Answer]:
    """How one kind of operation is done.

    `call(operation)` makes the network call with `operation.key`; from the second
    attempt on (`operation.attempts > 1`) it reads the object again, because the key
    answers with what was so the first time. `apply(operation, answer)` runs in a
    transaction and must change nothing when it is so already, returning the id of
    the Stripe object; `refuse(operation, error)` runs in a transaction when Stripe
    refused. `prove(operation)` looks at Stripe for what the operation would have
    left behind, null when it wasn't done; it decides once the key is too old.
    `lapses`: what was not done by then isn't done any more (it would charge somebody
    who has long gone on); else it is called again.
    """

    call: Callable[[StripeOperation], Answer]
    apply: Callable[[StripeOperation, Answer], str]
    refuse: Callable[[StripeOperation, Refusal], None]
    prove: Callable[[StripeOperation], Answer | None]
    lapses: bool = False


kinds: Registry[Kind[Any]] = Registry("stripe operation")


def nothing_to_refuse(operation: StripeOperation, error: Refusal) -> None:
    """For operations that leave nothing of ours behind when Stripe refuses them."""


def nothing_to_prove(operation: StripeOperation) -> None:
    """For operations that may be done twice: what the first left, nobody uses."""


def begin(
    *,
    kind: str,
    key: str,
    organization_id: uuid.UUID,
    subject_id: uuid.UUID,
    arguments: dict[str, Any] | None = None,
    for_worker: bool = False,
) -> StripeOperation:
    """Write the row, in the caller's transaction; the caller commits, then runs it.

    With `for_worker` nobody runs it but the sweep, at once. The same key again
    returns the row that is there already.
    """
    lease = dt.timedelta() if for_worker else LEASE
    operation, _made = StripeOperation.objects.get_or_create(
        organization_id=organization_id,
        key=key,
        defaults={
            "kind": kind,
            "subject_id": subject_id,
            "arguments": arguments or {},
            "leased_until": timezone.now() + lease,
            "created_at": clock.now(),
        },
    )
    return operation


def run[Answer](operation: StripeOperation, kind: Kind[Answer]) -> Answer | None:
    """Call Stripe and apply the answer. Must be called outside any transaction.

    Returns what Stripe answered; null when somebody else settled it before.
    Raises GatewayUnavailable (the row stays for the sweep), GatewayRejected or
    PaymentDeclined (the refusal is applied first).
    """
    claimed = _claim(operation)
    if claimed is None:
        return None
    try:
        answer = _answer(kind, claimed)
    except GatewayUnavailable:
        _note_unknown(claimed, "The answer is unknown.")
        raise
    except (GatewayRejected, PaymentDeclined) as error:
        _settle_refusal(kind, claimed, error)
        raise
    _settle(kind, claimed, answer)
    return answer


def sweep(*, limit: int = 50) -> int:
    """Finish what a dead process or a lost answer left behind; how many were tried."""
    tried = 0
    while tried < limit and (operation := _take_unfinished()) is not None:
        tried += 1
        kind = kinds.get(operation.kind)
        if kind is None:
            log.error("operation %s: no kind %s", operation.pk, operation.kind)
            continue
        try:
            run(operation, kind)
        except (GatewayUnavailable, GatewayRejected, PaymentDeclined) as error:
            log.info("operation %s: %s", operation.pk, type(error).__name__)
        except Exception as error:
            # One that can't be applied must not keep the others waiting.
            log.exception("operation %s can't be settled", operation.pk)
            _note_unknown(operation, f"{type(error).__name__}: {error}")
    return tried


def unsettled(
    *,
    organization_id: uuid.UUID,
    subject_id: uuid.UUID,
    kind: str = "",
    besides: str = "",
) -> bool:
    """Whether something about this subject still waits for Stripe's word.

    Of one `kind` only, or of any `besides` one that nobody waits for.
    """
    found = _unsettled(bool(kind)).rows(
        organization=organization_id, subject=subject_id, kind=kind or besides
    )
    return bool(found)


@lru_cache
def _unsettled(only: bool) -> Statement[uuid.UUID]:
    waiting = StripeOperation.objects.filter(
        organization_id=Later("organization"),
        subject_id=Later("subject"),
        state__in=UNSETTLED,
    )
    kind = Q(kind=Later("kind"))
    waiting = waiting.filter(kind if only else ~kind)
    return Statement(waiting.values_list("pk", flat=True)[:1], prepared=True)


def _answer[Answer](kind: Kind[Answer], operation: StripeOperation) -> Answer:
    if clock.now() - operation.created_at > KEY_LIVES:
        proof = kind.prove(operation)
        if proof is not None:
            return proof
        if kind.lapses:
            raise TooLate
    try:
        return kind.call(operation)
    except GatewayRejected:
        # Refused because it is done already? By a try whose answer was lost (a DELETE
        # has no key), or before our row changed: what it did stands at Stripe.
        proof = kind.prove(operation)
        if proof is None:
            raise
        return proof


def _claim(operation: StripeOperation) -> StripeOperation | None:
    """Count the attempt before it is made; null when it is settled already.

    A process that dies in the call leaves the count behind, so that the next one
    knows that Stripe may have answered before.
    """
    with transaction.atomic():
        locked = _lock(operation)
        if locked.state not in UNSETTLED:
            return None
        locked.attempts += 1
        locked.leased_until = timezone.now() + LEASE
        locked.save(update_fields=["attempts", "leased_until"])
    return locked


def _settle[Answer](
    kind: Kind[Answer], operation: StripeOperation, answer: Answer
) -> None:
    with transaction.atomic():
        locked = _lock(operation)
        if locked.state in UNSETTLED:
            locked.result_id = kind.apply(locked, answer)
            _finish(locked, OperationState.SUCCEEDED, "")


def _settle_refusal(
    kind: Kind[Any], operation: StripeOperation, error: Refusal
) -> None:
    with transaction.atomic():
        locked = _lock(operation)
        if locked.state in UNSETTLED:
            kind.refuse(locked, error)
            _finish(locked, OperationState.REFUSED, str(error))


def _lock(operation: StripeOperation) -> StripeOperation:
    return StripeOperation.objects.select_for_update(no_key=True).get(
        organization_id=operation.organization_id, pk=operation.pk
    )


def _finish(operation: StripeOperation, state: OperationState, error: str) -> None:
    operation.state = state
    operation.error = error[:500]
    operation.finished_at = timezone.now()
    operation.save(update_fields=["state", "error", "finished_at", "result_id"])


def _note_unknown(operation: StripeOperation, error: str) -> None:
    """Keep the row for the sweep, to be tried again a little later each time."""
    wait = min(FIRST_WAIT * 2 ** min(operation.attempts, 20), LONGEST_WAIT)
    StripeOperation.objects.filter(
        organization_id=operation.organization_id,
        pk=operation.pk,
        state__in=UNSETTLED,
    ).update(
        state=OperationState.UNKNOWN,
        error=error[:500],
        leased_until=timezone.now() + wait,
    )


def _take_unfinished() -> StripeOperation | None:
    with transaction.atomic():
        operation = (
            StripeOperation.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(state__in=UNSETTLED, leased_until__lte=timezone.now())
            # What was begun together goes on in that order: some wait for others.
            .order_by("leased_until", "id")
            .first()
        )
        if operation is not None:
            operation.leased_until = timezone.now() + LEASE
            operation.save(update_fields=["leased_until"])
    return operation
