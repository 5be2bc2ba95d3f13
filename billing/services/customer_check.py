"""Customers here against those at Stripe: who is billed, PO number, VAT number.

Ours is the truth: a person typed it here, and was shown that it stands on the next
invoice. Somebody who edits a customer at Stripe is told to do it here.
"""

from __future__ import annotations

from collections.abc import Iterator

from billing import gateway
from billing.models import BillingProfile
from billing.services import customers, unfinished
from selfservice.core.drift import Comparison, Difference, Finding, Subject, judge

_EDITED = "It was edited at Stripe; --fix makes it what the billing profile says."


def compare_customer(profile: BillingProfile, run: Comparison) -> Iterator[Finding]:
    """Name, e-mail, address, PO number and VAT number; mending tells Stripe again.

    Must be called outside any transaction. Raises GatewayUnavailable,
    GatewayRejected (with `is_gone` when Stripe doesn't have the customer).
    """
    if _differences(profile):
        yield from judge(_subject(profile), run)


def _differences(profile: BillingProfile) -> list[Difference]:
    theirs = gateway.read_customer(profile.stripe_customer_id)
    if theirs is None:
        # Whoever compares its cards says that it is gone.
        return []
    ours = customers.party_of(profile)
    wanted = profile.account.tax_id_at_stripe
    found = gateway.tax_numbers_of(profile.stripe_customer_id)
    there = ", ".join(sorted(each.value for each in found))
    elsewhere = any(
        getattr(ours, part) != getattr(theirs.party, part) for part in _PLACE
    )
    differ = {
        # Not in words: reports are read by those who needn't know who lives where.
        "name": ("known", _said(ours.name == theirs.party.name)),
        "e-mail": ("known", _said(ours.email == theirs.party.email)),
        "address": ("known", _said(not elsewhere)),
        "PO number": (profile.po_number or "none", theirs.po_number or "none"),
        "VAT number": (wanted or "none", there or "none"),
    }
    return [
        Difference(what, here, at_stripe, _EDITED)
        for what, (here, at_stripe) in differ.items()
        if here != at_stripe
    ]


_PLACE = ("line1", "line2", "postal_code", "city", "region", "country")


def _said(same: bool) -> str:
    return "known" if same else "another"


def _subject(profile: BillingProfile) -> Subject:
    own = BillingProfile.objects.select_related("account").filter(
        organization_id=profile.organization_id
    )

    def under_way() -> bool:
        return unfinished.any_about(
            profile.organization_id, [profile.pk], [profile.stripe_customer_id]
        )

    return Subject(
        name="customer",
        ids=(profile.stripe_customer_id, str(profile.pk)),
        look=lambda: _differences(own.get(pk=profile.pk)),
        mend=lambda: customers.tell_again(profile),
        under_way=under_way,
    )
