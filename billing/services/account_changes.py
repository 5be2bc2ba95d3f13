"""Changes of a billing account: what it is called, where it is, its numbers.

Each is refused when somebody changed the account since it was shown. Nothing of it
is kept by Stripe but the VAT number: that goes to the customer of every profile.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.addresses import PostalAddress
from billing.models import BillingAccount, BillingProfile
from billing.services import customers, operations, vat_numbers
from billing.services.customers import Outcome
from selfservice.accounts.models import User
from selfservice.activity.services.record import Change, record
from selfservice.core.errors import DomainError


class ChangedMeanwhile(DomainError):
    """Somebody changed the row since it was shown. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This was changed meanwhile, perhaps in another tab, so nothing was"
                " saved. What you typed is still here: save again to replace what is"
                " there now."
            )
        )


def rename_account(
    *, account: BillingAccount, name: str, version: int, actor: User
) -> None:
    """Call it `name`; final invoices keep the old one. Raises ChangedMeanwhile."""
    _change(account, version, actor, "account_renamed", name=name)


def change_sold_to(
    *,
    account: BillingAccount,
    address: PostalAddress,
    email: str,
    version: int,
    actor: User,
) -> None:
    """Another address in the same country. Raises ChangedMeanwhile, DomainError."""
    if address.country != account.country:
        raise DomainError(
            _("The country can't change: tax and currency follow from it.")
        )
    changes = {**dataclasses.asdict(address), "email": email}
    _change(account, version, actor, "sold_to_changed", **changes)


def set_registration_number(
    *, account: BillingAccount, registration_number: str, version: int, actor: User
) -> None:
    """Keep it; empty for none. Raises ChangedMeanwhile."""
    changes = {"registration_number": registration_number}
    _change(account, version, actor, "registration_changed", **changes)


def set_tax_id(
    *, account: BillingAccount, tax_id: str, version: int, actor: User
) -> Outcome:
    """Give it this VAT number, whose check begins anew; empty for none.

    The same number once more is checked once more, unless it is known to be valid.
    CHECKING: Stripe's answer is unknown, and the worker goes on. Raises
    ChangedMeanwhile, UnderWay, GatewayRejected.
    """
    with transaction.atomic(durable=True):
        locked = _locked(account, version)
        if tax_id == locked.tax_id and locked.tax_id_state != "invalid":
            return Outcome.DONE
        profiles = BillingProfile.objects.filter(
            organization_id=locked.organization_id, account=locked
        )
        for profile in profiles.order_by("pk").select_for_update(no_key=True):
            customers.refuse_while_under_way(profile)
        locked.tax_id = tax_id
        locked.tax_id_state = vat_numbers.state_at_first(tax_id)
        locked.tax_id_asked_at = None
        _save(
            locked, actor, "tax_id_changed", "tax_id", "tax_id_state", "tax_id_asked_at"
        )
        vat_numbers.ask(locked)
        begun = vat_numbers.push(locked, for_worker=False)
    outcome = Outcome.DONE
    for operation in begun:
        try:
            operations.run(operation, customers.SET_TAX_NUMBER)
        except gateway.GatewayUnavailable:
            outcome = Outcome.CHECKING
    account.refresh_from_db()
    return outcome


def _change(
    account: BillingAccount, version: int, actor: User, verb: str, **values: Any
) -> None:
    """Store these columns; values that are there already change nothing."""
    with transaction.atomic(durable=True):
        locked = _locked(account, version)
        if all(getattr(locked, name) == value for name, value in values.items()):
            return
        for name, value in values.items():
            setattr(locked, name, value)
        _save(locked, actor, verb, *values)
    account.refresh_from_db()


def _locked(account: BillingAccount, version: int) -> BillingAccount:
    locked = BillingAccount.objects.select_for_update(no_key=True).get(
        organization_id=account.organization_id, pk=account.pk
    )
    if locked.version != version:
        raise ChangedMeanwhile
    return locked


def _save(locked: BillingAccount, actor: User, verb: str, *names: str) -> None:
    locked.version += 1
    locked.save(update_fields=[*names, "version"])
    record(
        Change(
            organization_id=locked.organization_id,
            actor_id=actor.pk,
            subject_kind="billing_account",
            subject_id=locked.pk,
            verb=verb,
        )
    )
