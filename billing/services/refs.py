"""Whose a Stripe object is."""

from __future__ import annotations

import uuid

from billing.models import BillingProfile, StripeRef


def keep(
    *, stripe_id: str, kind: str, organization_id: uuid.UUID, row_id: uuid.UUID
) -> None:
    """Remember it, in the caller's transaction; a second time changes nothing."""
    StripeRef.objects.bulk_create(
        [
            StripeRef(
                stripe_id=stripe_id,
                kind=kind,
                organization_id=organization_id,
                row_id=row_id,
            )
        ],
        ignore_conflicts=True,
    )


def find(stripe_id: str) -> StripeRef | None:
    """The open ref of a Stripe object; null for one that isn't ours or is closed."""
    if not stripe_id:
        return None
    return StripeRef.objects.filter(stripe_id=stripe_id, until=None).first()


def profile_of(customer_id: str) -> BillingProfile | None:
    """The billing profile of a Stripe customer, with its account; null if not ours."""
    ref = find(customer_id)
    if ref is None or ref.kind != "customer":
        return None
    profiles = BillingProfile.objects.filter(organization_id=ref.organization_id)
    return profiles.select_related("account").filter(pk=ref.row_id).first()
