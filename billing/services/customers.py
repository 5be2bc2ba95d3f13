"""Changes of the Stripe customers behind billing profiles.

One change of a customer at a time: while Stripe's answer to one isn't known, another
isn't begun, so that they can't overtake each other on the way.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from contextlib import suppress

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing import gateway
from billing.gateway.shapes import Customer, Party, TaxNumber
from billing.models import BillingProfile, StripeOperation
from billing.models.accounts import address_of
from billing.models.stripe import UNSETTLED, OperationState
from billing.services import operations
from selfservice.activity.services.record import Change, record
from selfservice.core.errors import DomainError
from selfservice.core.ids import uuid7

UPDATE_KIND = "customer.update"
TAX_KIND = "customer.tax_id"
KINDS = ["customer.create", UPDATE_KIND, TAX_KIND]
# What can be changed of a customer, and what the log says of it.
UPDATES = {"bill_to": "bill_to_changed", "po_number": "po_number_changed"}
# Said once more, because Stripe had something else: nothing has changed here.
AGAIN = "again"


class Outcome(enum.StrEnum):
    """How far a change has come when its page is answered."""

    DONE = "done"
    # Stripe's answer is unknown; the worker finds out.
    CHECKING = "checking"


class UnderWay(DomainError):
    """Another change of the same customer waits for Stripe's answer."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Another change of this is on its way to the payment provider. Wait a"
                " minute, then save again: what you typed is still here."
            )
        )


def unsettled_of(profile: BillingProfile) -> QuerySet[StripeOperation]:
    """The changes of its customer that wait for Stripe's answer, oldest first."""
    return StripeOperation.objects.filter(
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        kind__in=KINDS,
        state__in=UNSETTLED,
    ).order_by("created_at", "pk")


def refuse_while_under_way(profile: BillingProfile) -> None:
    """Raises UnderWay while Stripe's answer about its customer is not here yet."""
    if unsettled_of(profile).exists():
        raise UnderWay


def settle(profile: BillingProfile) -> None:
    """Bring what waits to Stripe now: an invoice is about to be made from it.

    Called by whatever shows what an invoice will say, and by whatever makes one, so
    that what is shown is what stands on it, tax included. A change that Stripe
    refuses is dropped: the profile shows what it had, and so does the invoice. Must
    be called outside any transaction. Raises GatewayUnavailable.
    """
    for operation in list(unsettled_of(profile)):
        kind = operations.kinds.get(operation.kind)
        if kind is not None:
            with suppress(gateway.GatewayRejected):
                operations.run(operation, kind)


def begin_update(
    profile: BillingProfile, *, what: str, actor_id: uuid.UUID | None, **changes: str
) -> StripeOperation:
    """Change these columns of a locked profile, at Stripe first.

    They are columns that Stripe keeps, too: who is billed, or the PO number. The
    row has the old ones until Stripe has said yes; the log says then `what` it was (of
    `UPDATES`).
    """
    return operations.begin(
        kind=UPDATE_KIND,
        key=f"customer-update-{profile.pk}-{profile.version}",
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        arguments={"what": what, "actor": str(actor_id), "changes": changes},
    )


def tell_again(profile: BillingProfile) -> None:
    """Make Stripe's customer what its profile and account say; theirs was edited.

    Must be called outside any transaction. Raises UnderWay, GatewayUnavailable,
    GatewayRejected.
    """
    with transaction.atomic(durable=True):
        locked = BillingProfile.objects.select_for_update(no_key=True).get(
            organization_id=profile.organization_id, pk=profile.pk
        )
        refuse_while_under_way(locked)
        # The key is made of it.
        locked.version += 1
        locked.save(update_fields=["version"])
        said = dataclasses.asdict(party_of(locked))
        said["bill_to_name"] = said.pop("name")
        update = begin_update(
            locked, what=AGAIN, actor_id=None, po_number=locked.po_number, **said
        )
        number = begin_tax_number(locked, for_worker=False)
    operations.run(update, UPDATE_CUSTOMER)
    operations.run(number, SET_TAX_NUMBER)


def give_up_updates(organization_id: uuid.UUID, profiles: list[uuid.UUID]) -> None:
    """Forget changes that wait, with the addresses in them, and never do them."""
    StripeOperation.objects.filter(
        organization_id=organization_id,
        subject_id__in=profiles,
        kind=UPDATE_KIND,
        state__in=UNSETTLED,
    ).update(state=OperationState.REFUSED, arguments={})


def begin_tax_number(profile: BillingProfile, *, for_worker: bool) -> StripeOperation:
    """Let its customer have the account's VAT number, and no other."""
    return operations.begin(
        kind=TAX_KIND,
        key=f"customer-tax-id-{uuid7()}",
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        for_worker=for_worker,
    )


def party_of(profile: BillingProfile) -> Party:
    """Who is billed, as Stripe is told."""
    return Party(name=profile.bill_to_name, email=profile.email, **address_of(profile))


def _profile(operation: StripeOperation) -> BillingProfile:
    return BillingProfile.objects.select_related("account").get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _changed(operation: StripeOperation) -> BillingProfile:
    """The profile as it is to be; not stored."""
    profile = _profile(operation)
    for name, value in operation.arguments["changes"].items():
        setattr(profile, name, value)
    return profile


def _call_update(operation: StripeOperation) -> str:
    profile, changed = _changed(operation), {*operation.arguments["changes"]}
    if "po_number" in changed:
        gateway.set_po_number(
            customer_id=profile.stripe_customer_id,
            po_number=profile.po_number,
            key=f"{operation.key}-po",
        )
    if changed - {"po_number"}:
        gateway.set_party(
            customer_id=profile.stripe_customer_id,
            party=party_of(profile),
            key=operation.key,
        )
    return profile.stripe_customer_id


def _apply_update(operation: StripeOperation, customer_id: str) -> str:
    told = operation.arguments
    BillingProfile.objects.filter(
        organization_id=operation.organization_id, pk=operation.subject_id
    ).update(**told["changes"])
    if told["what"] != AGAIN:
        record(
            Change(
                organization_id=operation.organization_id,
                actor_id=uuid.UUID(told["actor"]),
                subject_kind="billing_profile",
                subject_id=operation.subject_id,
                verb=UPDATES[told["what"]],
            )
        )
    _forget(operation)
    return customer_id


def _refuse_update(operation: StripeOperation, error: operations.Refusal) -> None:
    """Nothing has changed here; what was typed is not kept."""
    _forget(operation)


def _forget(operation: StripeOperation) -> None:
    """An address stands on the profile, and nowhere else for longer than needed."""
    operation.arguments = {"what": operation.arguments["what"]}
    operation.save(update_fields=["arguments"])


def _prove_update(operation: StripeOperation) -> str | None:
    profile = _changed(operation)
    found = gateway.read_customer(profile.stripe_customer_id)
    wanted = Customer(party_of(profile), profile.po_number)
    return profile.stripe_customer_id if found == wanted else None


def _call_tax_number(operation: StripeOperation) -> list[TaxNumber]:
    """First the new number, then away with others: never none in between."""
    customer_id = _profile(operation).stripe_customer_id
    wanted = _profile(operation).account.tax_id_at_stripe
    known = gateway.tax_numbers_of(customer_id)
    if wanted and wanted not in {each.value for each in known}:
        key = f"{operation.key}-{wanted}"
        gateway.add_tax_number(customer_id=customer_id, number=wanted, key=key)
        known = gateway.tax_numbers_of(customer_id)
    # It may have become another one meanwhile.
    wanted = _profile(operation).account.tax_id_at_stripe
    for each in known:
        if each.value != wanted:
            gateway.drop_tax_number(customer_id=customer_id, number_id=each.id)
    return [each for each in known if each.value == wanted]


def _apply_tax_number(operation: StripeOperation, found: list[TaxNumber]) -> str:
    """The account has the number already; what is known of it comes by itself."""
    return found[0].id if found else ""


def _prove_tax_number(operation: StripeOperation) -> list[TaxNumber] | None:
    profile = _profile(operation)
    found = gateway.tax_numbers_of(profile.stripe_customer_id)
    wanted = profile.account.tax_id_at_stripe
    return found if [each.value for each in found] == [wanted] * bool(wanted) else None


UPDATE_CUSTOMER = operations.Kind(
    call=_call_update,
    apply=_apply_update,
    refuse=_refuse_update,
    prove=_prove_update,
)
SET_TAX_NUMBER = operations.Kind(
    call=_call_tax_number,
    apply=_apply_tax_number,
    # It stays not checked; the page says that the payment provider doesn't have it.
    refuse=operations.nothing_to_refuse,
    prove=_prove_tax_number,
)
operations.kinds.register(UPDATE_KIND, UPDATE_CUSTOMER)
operations.kinds.register(TAX_KIND, SET_TAX_NUMBER)
