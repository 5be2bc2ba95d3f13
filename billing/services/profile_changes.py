"""Changes of a billing profile.

Who is billed and the PO number are Stripe's to know: the row follows once Stripe has
said yes. Its name, the service usage address and who gets the invoices are ours.
Each is refused when somebody changed the profile since it was shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.addresses import PostalAddress
from billing.models import BillingProfile
from billing.services import customers, operations
from billing.services.account_changes import ChangedMeanwhile
from billing.services.customers import Outcome
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail
from selfservice.activity.services.record import Change, Facts, record
from selfservice.core.errors import DomainError


def rename_profile(
    *, profile: BillingProfile, name: str, version: int, actor: User
) -> None:
    """Call it `name`; final invoices keep the old one. Raises ChangedMeanwhile."""
    _change(profile, version, actor, "profile_renamed", name=name)


def change_usage_address(
    *,
    profile: BillingProfile,
    address: PostalAddress | None,
    version: int,
    actor: User,
) -> None:
    """Where the service is used; null: at the bill-to address.

    Raises ChangedMeanwhile.
    """
    words = dataclasses.asdict(address) if address else {}
    _change(profile, version, actor, "usage_address_changed", usage_address=words)


def change_bill_to(
    *,
    profile: BillingProfile,
    name: str,
    email: str,
    address: PostalAddress,
    version: int,
    actor: User,
) -> Outcome:
    """Bill to somebody else in the same country, or elsewhere there.

    CHECKING: Stripe's answer is unknown, and the worker goes on. Raises
    ChangedMeanwhile, UnderWay, GatewayRejected.
    """
    if address.country != profile.country:
        raise DomainError(
            _("The country can't change: tax and currency follow from it.")
        )
    changes = dataclasses.asdict(address) | {"bill_to_name": name, "email": email}
    return _change_customer(profile, version, actor, "bill_to", changes)


def set_po_number(
    *, profile: BillingProfile, po_number: str, version: int, actor: User
) -> Outcome:
    """Print it on the invoices that are made from now on; empty for none.

    CHECKING: Stripe's answer is unknown, and the worker goes on. Raises
    ChangedMeanwhile, UnderWay, GatewayRejected.
    """
    changes = {"po_number": po_number}
    return _change_customer(profile, version, actor, "po_number", changes)


def choose_invoice_mail(
    *,
    profile: BillingProfile,
    wanted: bool,
    attach_pdf: bool,
    recipients: Sequence[str],
    actor: User,
) -> None:
    """Who gets the invoices by email; the last choice holds, as it is one form."""
    chosen = {
        "wanted": wanted,
        "attach_pdf": attach_pdf,
        "recipients": list(recipients),
    }
    with transaction.atomic():
        row, made = InvoiceMail.objects.select_for_update(no_key=True).get_or_create(
            organization_id=profile.organization_id,
            profile_id=profile.pk,
            defaults=chosen,
        )
        before = InvoiceMail() if made else row
        if _mail_facts(before) == chosen:
            return
        facts = _facts(before)
        for name, value in chosen.items():
            setattr(row, name, value)
        row.save(update_fields=[*chosen])
        _record(profile, actor, "invoice_mail_changed", facts, _facts(row))


def _mail_facts(row: InvoiceMail) -> dict[str, Any]:
    return {
        "wanted": row.wanted,
        "attach_pdf": row.attach_pdf,
        "recipients": row.recipients,
    }


def _facts(row: InvoiceMail) -> Facts:
    """For the log, which knows no addresses."""
    return {"invoice_mail": row.wanted, "invoice_recipients": len(row.recipients)}


def _change(
    profile: BillingProfile, version: int, actor: User, verb: str, **values: Any
) -> None:
    """Store these columns; values that are there already change nothing."""
    with transaction.atomic(durable=True):
        locked = _locked(profile, version)
        if all(getattr(locked, name) == value for name, value in values.items()):
            return
        for name, value in values.items():
            setattr(locked, name, value)
        locked.version += 1
        locked.save(update_fields=[*values, "version"])
        _record(locked, actor, verb)
    profile.refresh_from_db()


def _change_customer(
    profile: BillingProfile,
    version: int,
    actor: User,
    what: str,
    changes: dict[str, str],
) -> Outcome:
    with transaction.atomic(durable=True):
        locked = _locked(profile, version)
        customers.refuse_while_under_way(locked)
        if all(getattr(locked, name) == value for name, value in changes.items()):
            return Outcome.DONE
        locked.version += 1
        locked.save(update_fields=["version"])
        operation = customers.begin_update(
            locked, what=what, actor_id=actor.pk, **changes
        )
    try:
        operations.run(operation, customers.UPDATE_CUSTOMER)
    except gateway.GatewayUnavailable:
        return Outcome.CHECKING
    profile.refresh_from_db()
    return Outcome.DONE


def _locked(profile: BillingProfile, version: int) -> BillingProfile:
    locked = BillingProfile.objects.select_for_update(no_key=True).get(
        organization_id=profile.organization_id, pk=profile.pk
    )
    if locked.version != version:
        raise ChangedMeanwhile
    return locked


def _record(
    profile: BillingProfile,
    actor: User,
    verb: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    record(
        Change(
            organization_id=profile.organization_id,
            actor_id=actor.pk,
            subject_kind="billing_profile",
            subject_id=profile.pk,
            verb=verb,
            before=before or {},
            after=after or {},
        )
    )
