"""The life of a write to Stripe: committed before, settled afterwards, never lost.

    begin   one row, committed, with the idempotency key
    run     the call, then `apply` in a second transaction
    sweep   the same for rows whose process died or whose answer was lost

Each kind of operation is a `Kind`: how it is called, how its answer is applied, and
what a refusal means. Higher rooms register theirs at start-up.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.gateway import GatewayRejected, GatewayUnavailable, PaymentDeclined
from billing.models import StripeOperation
from billing.models.stripe import OperationState
from selfservice.core.hooks import Registry

log = logging.getLogger(__name__)

# Longer than the slowest call with all its retries.
LEASE = dt.timedelta(seconds=60)
# Stripe keeps keys for at least 24 hours; afterwards the same key is a new call.
KEY_LIVES = dt.timedelta(hours=23)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind[Answer]:
    """How one kind of operation is done.

    `call(operation)` makes the network call with `operation.key`; `apply(operation,
    answer)` runs in a transaction and must change nothing when it is so already,
    returning the id of the Stripe object; `refuse(operation, error)` runs in a
    transaction when Stripe refused; `prove(operation)` finds out whether an
    operation older than its key was done, null when it wasn't.
    """

    call: Callable[[StripeOperation], Answer]
    apply: Callable[[StripeOperation, Answer], str]
    refuse: Callable[[StripeOperation, GatewayRejected | PaymentDeclined], None]
    prove: Callable[[StripeOperation], Answer | None] | None = None


kinds: Registry[Kind[Any]] = Registry("stripe operation")


def nothing_to_refuse(
    operation: StripeOperation, error: GatewayRejected | PaymentDeclined
) -> None:
    """For operations that leave nothing of ours behind when Stripe refuses them."""


def begin(
    *,
    kind: str,
    key: str,
    organization_id: uuid.UUID,
    subject_id: uuid.UUID,
    arguments: dict[str, Any] | None = None,
) -> StripeOperation:
    """Write the row, in the caller's transaction; the caller commits, then runs it.

    The same key again returns the row that is there already.
    """
    operation, _made = StripeOperation.objects.get_or_create(
        organization_id=organization_id,
        key=key,
        defaults={
            "kind": kind,
            "subject_id": subject_id,
            "arguments": arguments or {},
            "leased_until": timezone.now() + LEASE,
        },
    )
    return operation


def run[Answer](operation: StripeOperation, kind: Kind[Answer]) -> Answer | None:
    """Call Stripe and apply the answer. Must be called outside any transaction.

    Returns what Stripe answered; null when somebody else settled it before.
    Raises GatewayUnavailable (the row stays for the sweep), GatewayRejected or
    PaymentDeclined (the refusal is applied first).
    """
    if operation.state != OperationState.STARTED:
        return None
    try:
        answer = _answer(kind, operation)
    except GatewayUnavailable:
        _note(operation, "The answer is unknown.")
        raise
    except (GatewayRejected, PaymentDeclined) as error:
        _settle_refusal(kind, operation, error)
        raise
    _settle(kind, operation, answer)
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
    return tried


def _answer[Answer](kind: Kind[Answer], operation: StripeOperation) -> Answer:
    if timezone.now() - operation.created_at > KEY_LIVES and kind.prove is not None:
        proof = kind.prove(operation)
        if proof is not None:
            return proof
    return kind.call(operation)


def _settle[Answer](
    kind: Kind[Answer], operation: StripeOperation, answer: Answer
) -> None:
    with transaction.atomic():
        locked = _lock(operation)
        if locked.state == OperationState.STARTED:
            locked.result_id = kind.apply(locked, answer)
            _finish(locked, OperationState.DONE, "")


def _settle_refusal(
    kind: Kind[Any],
    operation: StripeOperation,
    error: GatewayRejected | PaymentDeclined,
) -> None:
    with transaction.atomic():
        locked = _lock(operation)
        if locked.state == OperationState.STARTED:
            kind.refuse(locked, error)
            _finish(locked, OperationState.REFUSED, str(error)[:500])


def _lock(operation: StripeOperation) -> StripeOperation:
    return StripeOperation.objects.select_for_update(no_key=True).get(
        organization_id=operation.organization_id, pk=operation.pk
    )


def _finish(operation: StripeOperation, state: OperationState, error: str) -> None:
    operation.state = state
    operation.error = error
    operation.finished_at = timezone.now()
    operation.attempts += 1
    operation.save(
        update_fields=["state", "error", "finished_at", "attempts", "result_id"]
    )


def _note(operation: StripeOperation, error: str) -> None:
    """Keep the row for the sweep, to be tried again a little later each time."""
    attempts = operation.attempts + 1
    wait = dt.timedelta(seconds=min(5 * 2**attempts, 900))
    StripeOperation.objects.filter(
        organization_id=operation.organization_id,
        pk=operation.pk,
        state=OperationState.STARTED,
    ).update(attempts=attempts, error=error, leased_until=timezone.now() + wait)


def _take_unfinished() -> StripeOperation | None:
    with transaction.atomic():
        operation = (
            StripeOperation.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(state=OperationState.STARTED, leased_until__lt=timezone.now())
            .order_by("leased_until")
            .first()
        )
        if operation is not None:
            operation.leased_until = timezone.now() + LEASE
            operation.save(update_fields=["leased_until"])
    return operation
