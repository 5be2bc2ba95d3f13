"""What is known of the VAT numbers of accounts: valid, invalid, or not checked yet.

The EU's register is asked by the worker (`billing.vies`); where that is turned off,
Stripe's word is taken, which asks the same register. No answer is no verdict: the
number stays not checked, and is asked about again. One that is invalid is taken off
the customers at Stripe, so that it neither stands on an invoice nor saves any tax.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from django.db import transaction

from billing import gateway, vies
from billing.models import BillingAccount, BillingProfile, StripeOperation
from billing.models.accounts import TaxIdState
from billing.services import customers, refs
from selfservice.activity.services.record import Change, record
from selfservice.core import clock, jobs

log = logging.getLogger(__name__)

CHECK_JOB = "billing.check_vat_number"
# How long an account waits before its number is asked about again.
ASK_AGAIN = dt.timedelta(minutes=10)
MOST_AT_ONCE = 200
_VERBS = {TaxIdState.VALID: "tax_id_valid", TaxIdState.INVALID: "tax_id_invalid"}
_VERDICTS = {"verified": TaxIdState.VALID, "unverified": TaxIdState.INVALID}
_ANSWERS = {True: TaxIdState.VALID, False: TaxIdState.INVALID, None: None}


def state_at_first(number: str) -> TaxIdState:
    """The state of a number that was typed just now."""
    return TaxIdState.UNCHECKED if number else TaxIdState.NONE


def ask(account: BillingAccount) -> None:
    """Let the worker find out, in the transaction that stores the number."""
    if account.tax_id_state == TaxIdState.UNCHECKED:
        jobs.enqueue(
            CHECK_JOB,
            key=f"vat-{account.pk}",
            organization_id=str(account.organization_id),
            account_id=str(account.pk),
        )


def check(organization_id: uuid.UUID, account_id: uuid.UUID) -> None:
    """Ask about the account's number, if nobody knows yet, and keep the answer.

    Must be called outside any transaction.
    """
    accounts = BillingAccount.objects.filter(
        organization_id=organization_id, pk=account_id
    )
    account = accounts.filter(tax_id_state=TaxIdState.UNCHECKED).first()
    if account is None:
        return
    accounts.update(tax_id_asked_at=clock.now())
    if vies.is_on():
        verdict = _ANSWERS[vies.is_registered(account.tax_id)]
    else:
        verdict = _verdict_of_stripe(account)
    note(account, account.tax_id, verdict)


def check_all() -> None:
    """Ask again about what is not checked yet, the longest waiting first."""
    waiting = BillingAccount.objects.filter(tax_id_state=TaxIdState.UNCHECKED).exclude(
        tax_id_asked_at__gt=clock.now() - ASK_AGAIN
    )
    keys = waiting.order_by("tax_id_asked_at").values_list("organization_id", "pk")
    for organization_id, pk in list(keys[:MOST_AT_ONCE]):
        check(organization_id, pk)


def told_by_stripe(customer_id: str) -> None:
    """Stripe has news about a customer's numbers: read them again.

    Raises GatewayUnavailable, GatewayRejected.
    """
    profile = refs.profile_of(customer_id)
    if profile is None or vies.is_on():
        return
    account = profile.account
    for found in gateway.tax_numbers_of(customer_id):
        note(account, found.value, _VERDICTS.get(found.status))


def note(account: BillingAccount, number: str, verdict: TaxIdState | None) -> None:
    """Keep the verdict about `number`, unless the account has another one by now."""
    if verdict is None:
        return
    with transaction.atomic():
        locked = BillingAccount.objects.select_for_update(no_key=True).get(
            organization_id=account.organization_id, pk=account.pk
        )
        if (locked.tax_id, locked.tax_id_state) == (number, verdict):
            return
        if locked.tax_id != number:
            return
        before = locked.tax_id_at_stripe
        locked.tax_id_state = verdict
        locked.save(update_fields=["tax_id_state"])
        record(
            Change(
                organization_id=locked.organization_id,
                actor_id=None,
                subject_kind="billing_account",
                subject_id=locked.pk,
                verb=_VERBS[verdict],
            )
        )
        if locked.tax_id_at_stripe != before:
            push(locked)


def push(account: BillingAccount, *, for_worker: bool = True) -> list[StripeOperation]:
    """Give the account's customers the number they are to have, in a transaction.

    The operations, for whoever runs them at once.
    """
    profiles = BillingProfile.objects.filter(
        organization_id=account.organization_id, account=account
    ).exclude(stripe_customer_id="")
    return [
        customers.begin_tax_number(profile, for_worker=for_worker)
        for profile in profiles.order_by("pk")
    ]


def _verdict_of_stripe(account: BillingAccount) -> TaxIdState | None:
    profile = (
        BillingProfile.objects.filter(
            organization_id=account.organization_id, account=account
        )
        .exclude(stripe_customer_id="")
        .order_by("pk")
        .first()
    )
    if profile is None:
        return None
    try:
        found = gateway.tax_numbers_of(profile.stripe_customer_id)
    except (gateway.GatewayUnavailable, gateway.GatewayRejected) as error:
        log.info("account %s: %s", account.pk, type(error).__name__)
        return None
    mine = [each for each in found if each.value == account.tax_id]
    return _VERDICTS.get(mine[0].status) if mine else None
