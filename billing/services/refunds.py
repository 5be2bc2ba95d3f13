"""Giving money back to the card: which invoices, how much of each, and doing it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable

from billing import gateway
from billing.gateway.shapes import Refundable, StripeCredit
from billing.models import Invoice, StripeOperation
from billing.services import operations
from selfservice.activity.services.record import Change, record
from selfservice.core import jobs
from selfservice.core.hooks import RefundMade, refund_made
from selfservice.core.money import Money

INVOICE_JOB = "billing.sync_invoice"


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What one invoice gives back: minor units of its currency, tax included."""

    invoice_id: str
    amount_minor: int


def plan_refund(
    *, subscription_id: str, since: dt.datetime, amount_minor: int
) -> list[Share]:
    """Spread a refund over the invoices that were paid since then, newest first.

    Never more than was paid less what was given back already, so that the shares may
    add up to less than `amount_minor`. Raises GatewayUnavailable, GatewayRejected.
    """
    paid = gateway.refundable_invoices(subscription_id=subscription_id, since=since)
    return spread(paid, amount_minor)


def spread(paid: Iterable[Refundable], amount_minor: int) -> list[Share]:
    """The shares of `amount_minor`, in the order of `paid`."""
    shares = []
    for invoice in paid:
        share = min(invoice.left_minor, amount_minor)
        if share > 0:
            shares.append(Share(invoice.invoice_id, share))
            amount_minor -= share
    return shares


def begin_refunds(
    *,
    organization_id: uuid.UUID,
    subject_id: uuid.UUID,
    key: str,
    shares: Iterable[Share],
) -> list[StripeOperation]:
    """One operation a share, in the caller's transaction; the worker does them.

    `key` names what is refunded: the same again begins nothing twice.
    """
    return [
        operations.begin(
            kind="invoice.refund",
            key=f"{key}-refund-{share.invoice_id}",
            organization_id=organization_id,
            subject_id=subject_id,
            arguments=dataclasses.asdict(share),
            for_worker=True,
        )
        for share in shares
    ]


def _call(operation: StripeOperation) -> StripeCredit:
    return gateway.refund_invoice(
        invoice_id=operation.arguments["invoice_id"],
        amount_minor=operation.arguments["amount_minor"],
        own_ids={"operation": str(operation.pk)},
        key=operation.key,
    )


def _prove(operation: StripeOperation) -> StripeCredit | None:
    return gateway.find_credit(
        invoice_id=operation.arguments["invoice_id"],
        own_key="operation",
        own_value=str(operation.pk),
    )


def _apply(operation: StripeOperation, credit: StripeCredit) -> str:
    _log(operation, "refunded", credit.total_minor)
    # What was given back stands on the invoice, also when no event tells of it.
    invoice = str(operation.arguments["invoice_id"])
    jobs.enqueue(INVOICE_JOB, key=f"invoice-{invoice}", invoice_id=invoice)
    refund_made.send(
        RefundMade(
            organization_id=operation.organization_id,
            subscription_id=operation.subject_id,
            stripe_invoice_id=operation.arguments["invoice_id"],
            amount_minor=credit.total_minor,
            reference=str(operation.pk),
        )
    )
    return credit.id


def _refuse(operation: StripeOperation, error: Exception) -> None:
    """Kept in the log: somebody at the seller has to look at it."""
    _log(operation, "refund_refused", operation.arguments["amount_minor"])


def _log(operation: StripeOperation, verb: str, amount_minor: int) -> None:
    stripe_id = str(operation.arguments["invoice_id"])
    invoice = Invoice.objects.filter(
        organization_id=operation.organization_id, stripe_invoice_id=stripe_id
    ).first()
    record(
        Change(
            organization_id=operation.organization_id,
            actor_id=None,
            subject_kind="subscription",
            subject_id=operation.subject_id,
            verb=verb,
            after={
                "amount_minor": amount_minor,
                "invoice": stripe_id,
                **(told_of(invoice, amount_minor) if invoice else {}),
            },
        )
    )


def told_of(invoice: Invoice, amount_minor: int) -> dict[str, str]:
    """The facts of the log that readers see: how much, and of which invoice."""
    return {
        "money": Money(amount_minor, invoice.currency).packed,
        "invoice_number": invoice.number,
    }


REFUND = operations.Kind(call=_call, apply=_apply, refuse=_refuse, prove=_prove)
operations.kinds.register("invoice.refund", REFUND)
