"""Who pays, and with which card, looked at once more where an operation begins.

Before something is charged Stripe is asked for its price. In that second somebody
can be disabled, or a card deleted in another tab. So the transaction that begins the
operation locks both and reads them anew: whoever disables or deletes waits for it, or
was first and is seen.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.errors import DomainError


class PayerGone(DomainError):
    """Who pressed it can't sign in any more. Nothing was begun."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your account was disabled meanwhile, so nothing was changed and"
                " nothing charged. Ask your organization's administrator."
            )
        )


def locked_payer(
    organization_id: uuid.UUID, person_id: uuid.UUID, *, may_be_gone: bool = False
) -> User:
    """The person as they are now, locked in the caller's transaction.

    People are locked before their licenses and subscriptions. `may_be_gone`: for
    what only saves money. Raises PayerGone.
    """
    person = User.objects.select_for_update(no_key=True).get(
        organization_id=organization_id, pk=person_id
    )
    if not (may_be_gone or person.can_sign_in):
        raise PayerGone
    return person


def locked_card(card: PaymentMethod) -> PaymentMethod:
    """The card as it is now, locked in the caller's transaction; cards come last."""
    return PaymentMethod.objects.select_for_update(no_key=True).get(
        organization_id=card.organization_id, pk=card.pk
    )


def why_card_cant_pay(card: PaymentMethod, profile_id: uuid.UUID) -> str:
    """The sentence that refuses this card of this profile; empty when it can pay."""
    now = clock.now()
    if card.profile_id != profile_id or not card.can_pay:
        return _("That card can't pay for this billing profile. Choose one.")
    if card.expired_by(now.year, now.month):
        return _("%(card)s expired in %(month)s. Use another card.") % {
            "card": card,
            "month": card.expires,
        }
    return ""
