"""Adding a billing profile: what was typed so far, and the profile made of it, once.

The draft's key becomes the profile's. Whatever is pressed twice, reloaded or lost,
there is one profile and one Stripe customer of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.addresses import PostalAddress
from billing.models import (
    BillingAccount,
    BillingProfile,
    ProfileDraft,
    StripeOperation,
)
from billing.services import operations
from billing.services.accounts import CREATE_CUSTOMER, begin_customer, currency_of
from billing.services.customers import Outcome
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail
from selfservice.activity.services.record import Change, record
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.numbers import Grouped

MOST_PROFILES = 20
# What nobody finished in this time is forgotten, because it holds addresses.
DRAFTS_LIVE = dt.timedelta(days=14)


class NotYours(DomainError):
    """The key is somebody else's."""


@dataclasses.dataclass(frozen=True, slots=True)
class NewProfile:
    """A profile as it was reviewed. `usage` is null when it is used at `bill_to`."""

    key: uuid.UUID
    name: str
    bill_to_name: str
    email: str
    bill_to: PostalAddress
    usage: PostalAddress | None
    po_number: str
    wants_mail: bool
    attach_pdf: bool
    recipients: tuple[str, ...]


def draft_of(purchaser: User, key: uuid.UUID) -> ProfileDraft | None:
    """What the purchaser typed so far; null when nothing was, or it is finished."""
    return ProfileDraft.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser, pk=key
    ).first()


def keep_answers(
    *, purchaser: User, key: uuid.UUID, step: str, answers: dict[str, Any]
) -> None:
    """Keep what was typed on a step. Raises NotYours."""
    with transaction.atomic(durable=True):
        try:
            with transaction.atomic():
                draft, _made = ProfileDraft.objects.select_for_update().get_or_create(
                    organization_id=purchaser.organization_id,
                    purchaser=purchaser,
                    pk=key,
                    defaults={"changed_at": clock.now()},
                )
        except IntegrityError:
            raise NotYours(_("Start again at your billing account.")) from None
        draft.answers[step] = answers
        draft.changed_at = clock.now()
        draft.save(update_fields=["answers", "changed_at"])


def check_room(account: BillingAccount) -> None:
    """Raises DomainError when the account has as many profiles as it can."""
    profiles = BillingProfile.objects.filter(
        organization_id=account.organization_id, account=account
    )
    if profiles.count() >= MOST_PROFILES:
        raise DomainError(
            _(
                "This account has %(most)s billing profiles, and can't have more: use"
                " one of them, and change it if you need to."
            )
            % {"most": Grouped(MOST_PROFILES)}
        )


def add_profile(
    *, account: BillingAccount, new: NewProfile, actor: User
) -> tuple[BillingProfile, Outcome]:
    """Make the profile and its Stripe customer; a second time the same one.

    CHECKING: Stripe's answer is unknown, and the worker goes on. Raises DomainError,
    and GatewayRejected, when the profile is gone again and the draft is still there.
    """
    try:
        operation, profile = _begin(account, new, actor)
    except IntegrityError:
        # Somebody else's profile has this key.
        raise NotYours(_("Start again at your billing account.")) from None
    outcome = Outcome.DONE
    try:
        operations.run(operation, CREATE_CUSTOMER)
    except gateway.GatewayUnavailable:
        outcome = Outcome.CHECKING
    profile.refresh_from_db()
    return profile, outcome


def _begin(
    account: BillingAccount, new: NewProfile, actor: User
) -> tuple[StripeOperation, BillingProfile]:
    with transaction.atomic(durable=True):
        locked = BillingAccount.objects.select_for_update(no_key=True).get(
            organization_id=account.organization_id, pk=account.pk
        )
        profile = _known(locked, new.key)
        if profile is None:
            check_room(locked)
            profile = _store(locked, new, actor)
        return begin_customer(profile), profile


def remove_old_drafts() -> None:
    """Forget what nobody finished."""
    old = clock.now() - DRAFTS_LIVE
    for draft in ProfileDraft.objects.filter(changed_at__lt=old).iterator():
        draft.delete()


def _known(account: BillingAccount, key: uuid.UUID) -> BillingProfile | None:
    return BillingProfile.objects.filter(
        organization_id=account.organization_id, account=account, pk=key
    ).first()


def _store(account: BillingAccount, new: NewProfile, actor: User) -> BillingProfile:
    profile = BillingProfile.objects.create(
        pk=new.key,
        organization_id=account.organization_id,
        account=account,
        purchaser_id=account.purchaser_id,
        name=new.name,
        bill_to_name=new.bill_to_name,
        email=new.email,
        usage_address=dataclasses.asdict(new.usage) if new.usage else {},
        currency=currency_of(account.country),
        po_number=new.po_number,
        **dataclasses.asdict(new.bill_to),
    )
    InvoiceMail.objects.create(
        organization_id=account.organization_id,
        profile_id=profile.pk,
        wanted=new.wants_mail,
        attach_pdf=new.attach_pdf,
        recipients=list(new.recipients),
    )
    record(
        Change(
            organization_id=account.organization_id,
            actor_id=actor.pk,
            subject_kind="billing_profile",
            subject_id=profile.pk,
            verb="profile_added",
            after={"currency": profile.currency},
        )
    )
    return profile
