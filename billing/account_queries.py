"""Reads of billing accounts and profiles, always through their purchaser."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection

from django.db.models import Count

from billing.models import BillingAccount, BillingProfile, StripeOperation
from billing.models.stripe import UNSETTLED
from billing.queries import past_due_of
from billing.services.customers import KINDS, TAX_KIND
from selfservice.accounts.models import User
from selfservice.activity.models import Activity, InvoiceMail

LINES = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What the list of profiles says of each, by its key."""

    # Its last change waits for Stripe's answer.
    changing: frozenset[uuid.UUID]
    past_due: frozenset[uuid.UUID]


def accounts_of(purchaser: User) -> list[tuple[BillingAccount, int]]:
    """The purchaser's accounts, and how many profiles each has."""
    found = BillingAccount.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser
    ).annotate(profile_count=Count("profiles"))
    return [(account, account.profile_count) for account in found.order_by("id")]


def is_changing(account: BillingAccount) -> bool:
    """Whether a change of the account waits for Stripe's answer, of any profile."""
    profiles = BillingProfile.objects.filter(
        organization_id=account.organization_id, account=account
    )
    return StripeOperation.objects.filter(
        organization_id=account.organization_id,
        subject_id__in=profiles.values("pk"),
        kind=TAX_KIND,
        state__in=UNSETTLED,
    ).exists()


def account_for(purchaser: User, account_id: uuid.UUID) -> BillingAccount | None:
    """One of the purchaser's accounts; null for another's."""
    return BillingAccount.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser, pk=account_id
    ).first()


def profile_for(purchaser: User, profile_id: uuid.UUID) -> BillingProfile | None:
    """One of the purchaser's profiles, with account and card; null for another's."""
    return (
        BillingProfile.objects.filter(
            organization_id=purchaser.organization_id,
            purchaser=purchaser,
            pk=profile_id,
        )
        .select_related("account", "payment_method")
        .first()
    )


def profiles_in(account: BillingAccount) -> list[BillingProfile]:
    """The account's profiles with their cards, the oldest first."""
    found = BillingProfile.objects.filter(
        organization_id=account.organization_id, account=account
    )
    return list(found.select_related("payment_method").order_by("id"))


def standing_of(purchaser: User, profile_ids: Collection[uuid.UUID]) -> Standing:
    """Which of these profiles wait for Stripe, and which have something to pay."""
    waiting = StripeOperation.objects.filter(
        organization_id=purchaser.organization_id,
        subject_id__in=profile_ids,
        kind__in=KINDS,
        state__in=UNSETTLED,
    )
    unpaid = past_due_of(purchaser.organization_id, purchaser.pk)
    return Standing(
        frozenset(waiting.values_list("subject_id", flat=True)),
        frozenset(unpaid.values_list("profile_id", flat=True)),
    )


def invoice_mail_of(profile: BillingProfile) -> InvoiceMail:
    """Who gets its invoices by email; nobody was chosen: an empty one."""
    known = InvoiceMail.objects.filter(
        organization_id=profile.organization_id, profile_id=profile.pk
    ).first()
    return known or InvoiceMail(
        organization_id=profile.organization_id, profile_id=profile.pk
    )


def activity_of(
    organization_id: uuid.UUID, subject_id: uuid.UUID, limit: int = LINES
) -> list[Activity]:
    """The latest entries of the log about an account or a profile."""
    return list(
        Activity.objects.filter(
            organization_id=organization_id, subject_id=subject_id
        ).order_by("-id")[:limit]
    )
