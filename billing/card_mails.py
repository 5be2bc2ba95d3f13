"""Mail about cards: what pays now, once it is so."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import BillingProfile
from billing.wallet import WalletCard, find_card
from selfservice.accounts.models import User
from selfservice.activity.services import mail

mail.kinds.register("card_added", _("Added: %(card)s"))
mail.kinds.register("card_replaced", _("%(card)s pays from now on"))
mail.kinds.register("card_edited", _("Changed: %(card)s"))
mail.kinds.register("card_deleted", _("Deleted: %(former)s"))
KINDS = {
    "added": "card_added",
    "replaced": "card_replaced",
    "edited": "card_edited",
    "entered_again": "card_edited",
    "deleted": "card_deleted",
}


def card_changed(profile: BillingProfile, period: str, told: Mapping[str, str]) -> None:
    """Queue it for the profile's owner, in the transaction that applies the change.

    `told` names what was done, the cards, and the one that pays now.
    """
    owner = User.objects.select_related("organization").get(
        organization_id=profile.organization_id, pk=profile.purchaser_id
    )
    if not owner.can_sign_in:
        return
    card = find_card(owner, uuid.UUID(told["method"]))
    mail.queue(
        mail.Letter(
            kind=KINDS[told["what"]],
            organization_id=profile.organization_id,
            subject_id=profile.pk,
            period=period,
            to=owner,
            path=_page(told),
            zone=owner.organization.time_zone,
            facts={
                "profile": profile.name,
                "former": told["former"],
                "card": told["card"],
                "pays": _pays(card, profile),
                "uses": _uses(card),
            },
        )
    )


def _page(told: Mapping[str, str]) -> str:
    """Where something can be done about it: a card that was added can be chosen."""
    if told["what"] == "added":
        return reverse("billing:payment_method", args=[told["method"]])
    return reverse("billing:payment_methods")


def _pays(card: WalletCard | None, profile: BillingProfile) -> bool:
    """Whether the profile pays with it."""
    return card is not None and profile.pk in {each.pk for each in card.profiles}


def _uses(card: WalletCard | None) -> list[Mapping[str, mail.PlainFact]]:
    if card is None:
        return []
    return [
        {"title": use.title, "amount": use.charge, "day": use.charged_at}
        for use in card.uses
    ]
