"""The language of the invoices that Stripe makes: the purchaser's.

Stripe writes the lines and PDFs of a customer's next invoices in it; those that are
final stay as they are. Nobody waits for this: a worker tells Stripe.
Source: https://docs.stripe.com/invoicing/customize#customize-language
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from billing import gateway
from billing.models import BillingProfile, StripeOperation
from billing.services import operations
from selfservice.core.hooks import LanguageChosen
from selfservice.core.ids import uuid7

KIND = "customer.language"


def tell_stripe(chosen: LanguageChosen) -> None:
    """Have the next invoices of somebody's billing profiles in their language."""
    profiles = BillingProfile.objects.filter(
        organization_id=chosen.organization_id, purchaser_id=chosen.user_id
    ).exclude(stripe_customer_id="")
    with transaction.atomic():
        for profile in profiles:
            operations.begin(
                kind=KIND,
                key=f"customer-language-{uuid7()}",
                organization_id=profile.organization_id,
                subject_id=profile.pk,
                for_worker=True,
            )


def _call(operation: StripeOperation) -> str:
    """What is theirs by now: of two choices the later may be told first."""
    profile = BillingProfile.objects.select_related("purchaser").get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )
    language = profile.purchaser.language or settings.LANGUAGE_CODE
    gateway.set_language(
        customer_id=profile.stripe_customer_id,
        language=language,
        key=f"{operation.key}-{language}",
    )
    return profile.stripe_customer_id


def _apply(operation: StripeOperation, customer_id: str) -> str:
    """Nothing of ours follows from it."""
    return customer_id


operations.kinds.register(
    KIND,
    operations.Kind(
        call=_call,
        apply=_apply,
        refuse=operations.nothing_to_refuse,
        prove=operations.nothing_to_prove,
    ),
)
