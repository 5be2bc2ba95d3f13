"""Paying an invoice that is open, with any card of its billing profile."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from contextlib import suppress

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import gateway
from billing.gateway.shapes import StripeInvoice
from billing.models import Invoice, PaymentMethod, StripeOperation
from billing.models.invoices import InvoiceStatus
from billing.models.stripe import UNSETTLED, OperationState
from billing.services import customers, operations
from billing.services.invoices import (
    WAITS_FOR_THE_BANK,
    About,
    apply_invoice,
    sync_invoice,
)
from billing.services.payers import locked_card, locked_payer, why_card_cant_pay
from billing.services.refunds import told_of
from selfservice.activity.services.record import Change, record
from selfservice.core.errors import DomainError
from selfservice.core.hooks import InvoicePaid, invoice_paid

PAY = "invoice.pay"


class CannotPay(DomainError):
    """Refused before Stripe is asked, or after it was in vain; it says why."""


class Paid(enum.StrEnum):
    """How far the payment has come when its page is answered."""

    DONE = "done"
    # The bank asks the cardholder; nothing is charged until then.
    WAITING = "waiting"
    # Stripe's answer is unknown; the worker finds out.
    CHECKING = "checking"


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How an invoice's payments by hand stand. `attempts` is how many were begun."""

    attempts: int
    last: StripeOperation | None

    @property
    def checking(self) -> bool:
        return self.last is not None and self.last.state in UNSETTLED

    @property
    def asks(self) -> bool:
        """The bank asked its cardholder, if the invoice isn't paid now."""
        return self.last is not None and self.last.state == OperationState.SUCCEEDED


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """The invoice as it was read at `read_at`, in real time."""

    found: StripeInvoice
    read_at: dt.datetime


def standing(invoice: Invoice) -> Standing:
    """One statement: every try of paying it here."""
    tries = list(
        StripeOperation.objects.filter(
            organization_id=invoice.organization_id, subject_id=invoice.pk, kind=PAY
        ).order_by("pk")
    )
    return Standing(len(tries), tries[-1] if tries else None)


def check_payable(invoice: Invoice) -> None:
    """Raises CannotPay for what is paid, void, or waits for its bank."""
    if invoice.status == InvoiceStatus.PAID:
        raise CannotPay(_("This invoice is paid already. Nothing was charged again."))
    if invoice.status == InvoiceStatus.VOID:
        raise CannotPay(_("This invoice is void: there is nothing to pay any more."))
    if waits_for_the_bank(invoice):
        raise CannotPay(
            _("This payment waits for your bank. Confirm it first, or let it lapse.")
        )


def waits_for_the_bank(invoice: Invoice) -> bool:
    """Whether it is of an order or a change that only the bank's yes completes."""
    open_now = invoice.status == InvoiceStatus.OPEN
    return open_now and invoice.reason in WAITS_FOR_THE_BANK


def check_card(card: PaymentMethod, invoice: Invoice) -> None:
    """Raises CannotPay for a card that can't pay for this invoice."""
    refusal = why_card_cant_pay(card, invoice.profile_id)
    if refusal:
        raise CannotPay(refusal)


def pay_invoice(*, invoice: Invoice, card: PaymentMethod, attempt: int) -> Paid:
    """Charge what is open to `card`; must be called outside any transaction.

    `attempt` is `Standing.attempts` as it was shown: a second press of the same
    button is told how the first one went, and begins nothing. Raises CannotPay,
    PayerGone, PaymentDeclined, GatewayRejected.
    """
    check_payable(invoice)
    check_card(card, invoice)
    with suppress(gateway.GatewayUnavailable):
        # It is final, but its receipt names whoever is billed by then.
        customers.settle(invoice.profile)
    operation, begun = _begin(invoice, card, attempt)
    if begun:
        try:
            operations.run(operation, PAYING)
        except gateway.GatewayUnavailable:
            return Paid.CHECKING
        except (gateway.GatewayRejected, gateway.PaymentDeclined):
            _follow(invoice)
            raise
        operation.refresh_from_db()
    invoice.refresh_from_db()
    return _outcome(invoice, operation)


def _begin(
    invoice: Invoice, card: PaymentMethod, attempt: int
) -> tuple[StripeOperation, bool]:
    """The operation of this attempt, or the last one, when there is one since."""
    with transaction.atomic(durable=True):
        locked = Invoice.objects.select_for_update(no_key=True).get(
            organization_id=invoice.organization_id, pk=invoice.pk
        )
        known = standing(locked)
        if known.last is not None and (known.checking or known.attempts != attempt):
            return known.last, False
        check_payable(locked)
        # After the invoice, as whoever notes what became of it does.
        locked_payer(locked.organization_id, locked.purchaser_id)
        check_card(locked_card(card), locked)
        operation = operations.begin(
            kind=PAY,
            key=f"pay-{locked.pk}-{known.attempts + 1}",
            organization_id=locked.organization_id,
            subject_id=locked.pk,
            arguments={"card": card.stripe_payment_method_id},
        )
    return operation, True


def _outcome(invoice: Invoice, operation: StripeOperation) -> Paid:
    """What is to be said. Raises CannotPay with the bank's reason."""
    if invoice.status == InvoiceStatus.PAID:
        if invoice.subscription_id is not None:
            invoice_paid.send(
                InvoicePaid(invoice.organization_id, invoice.subscription_id)
            )
        return Paid.DONE
    if operation.state in UNSETTLED:
        return Paid.CHECKING
    if operation.state == OperationState.REFUSED:
        raise CannotPay(operation.error)
    return Paid.WAITING


def _follow(invoice: Invoice) -> None:
    """Store how it stands after a refusal; the webhook brings that too, later."""
    with suppress(gateway.GatewayUnavailable, gateway.GatewayRejected):
        sync_invoice(invoice.stripe_invoice_id)
    invoice.refresh_from_db()


def _subject(operation: StripeOperation) -> Invoice:
    return Invoice.objects.select_related("profile__account").get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _call(operation: StripeOperation) -> Answer:
    invoice_id = _subject(operation).stripe_invoice_id
    # The bank's question is no refusal: the invoice waits for its answer.
    with suppress(gateway.ActionRequired):
        gateway.pay_invoice(
            invoice_id=invoice_id,
            card_id=operation.arguments["card"],
            key=operation.key,
        )
    return _read(invoice_id)


def _read(invoice_id: str) -> Answer:
    read_at = timezone.now()
    return Answer(gateway.read_invoice(invoice_id), read_at)


def _prove(operation: StripeOperation) -> Answer | None:
    """Paid is paid, by whichever try: nobody is to pay it once more."""
    answer = _read(_subject(operation).stripe_invoice_id)
    return answer if answer.found.status == InvoiceStatus.PAID else None


def _apply(operation: StripeOperation, answer: Answer) -> str:
    known = _subject(operation)
    invoice = apply_invoice(
        found=answer.found,
        profile=known.profile,
        about=About(known.subscription_id, known.title),
        read_at=answer.read_at,
    )
    if answer.found.status == InvoiceStatus.PAID:
        _log(invoice, "invoice_paid", known.purchaser_id)
    return answer.found.id


def _refuse(operation: StripeOperation, error: Exception) -> None:
    _log(_subject(operation), "invoice_declined", None)


def _log(invoice: Invoice, verb: str, actor_id: uuid.UUID | None) -> None:
    record(
        Change(
            organization_id=invoice.organization_id,
            actor_id=actor_id,
            subject_kind="subscription" if invoice.subscription_id else "invoice",
            subject_id=invoice.subscription_id or invoice.pk,
            verb=verb,
            after={
                "amount_minor": invoice.total_minor,
                "invoice": invoice.stripe_invoice_id,
                **told_of(invoice, invoice.total_minor),
            },
        )
    )


PAYING = operations.Kind(
    call=_call, apply=_apply, refuse=_refuse, prove=_prove, lapses=True
)
operations.kinds.register(PAY, PAYING)
