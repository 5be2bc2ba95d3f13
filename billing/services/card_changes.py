"""Replacing, editing and deleting a card, as its panes ask for it.

Each write to Stripe is an operation of its own. All of them are committed together,
before the first is called, so that a worker finishes what a page leaves behind.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.card_mails import card_changed
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.models.stripe import UNSETTLED
from billing.services import operations
from billing.services.card_operations import DEFAULT, DETACH, KINDS, UPDATE
from billing.services.cards import entered_card, keep_card
from billing.wallet import Entry, WalletCard
from selfservice.activity.services.record import Change, record
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.hooks import CardReplaced, card_replaced
from selfservice.core.ids import uuid7


class CannotChangeCard(DomainError):
    """Refused before Stripe is asked; the sentence says why."""


class CardGone(CannotChangeCard):
    """Somebody deleted it meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            _("This card was deleted meanwhile. Look at the list, and choose another.")
        )


class CardUnderWay(CannotChangeCard):
    """Stripe's answer about an earlier change isn't here yet."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Another change of these cards is under way. Wait a moment, and look"
                " again."
            )
        )


class Done(enum.StrEnum):
    """How far a change has come when its page is answered."""

    DONE = "done"
    # Stripe's answer is unknown; the worker finds out.
    CHECKING = "checking"


@dataclasses.dataclass(frozen=True, slots=True)
class Details:
    """What can be changed of a card. `address` as in `gateway.shapes.Card`."""

    exp_month: int
    exp_year: int
    holder_name: str
    address: Mapping[str, str]


def add_card(*, profile: BillingProfile, setup_id: str) -> PaymentMethod:
    """Keep a card that was entered; until it is chosen it pays for nothing.

    Raises CardNotUsable, GatewayUnavailable, GatewayRejected.
    """
    card = entered_card(profile=profile, setup_id=setup_id)
    with transaction.atomic(durable=True):
        method = keep_card(profile=profile, card=card, chosen=False)
        _log(profile, "card_added")
        told = _told("added", method, method)
        card_changed(profile, period=str(method.pk), told=told)
    return method


def same_card(*, entry: Entry, setup_id: str) -> PaymentMethod:
    """The card that was entered again, which must be the one that it was.

    Raises CannotChangeCard for another one, CardNotUsable, GatewayUnavailable,
    GatewayRejected.
    """
    card = entered_card(profile=entry.profile, setup_id=setup_id)
    if not card.fingerprint or card.fingerprint != entry.method.fingerprint:
        raise CannotChangeCard(
            _("That is another card; use Replace. Nothing was changed.")
        )
    return keep_card(profile=entry.profile, card=card, chosen=False)


def pays_already(entry: Entry, card: PaymentMethod) -> bool:
    """Whether `card` is what the entry pays with, down to its expiration date."""
    now = entry.method
    return card.pk == now.pk or (
        card.pk in entry.ids
        and (card.exp_year, card.exp_month) == (now.exp_year, now.exp_month)
    )


def replace_card(*, entry: Entry, card: PaymentMethod) -> Done:
    """Let `card` pay for whatever the entry's card pays for in its profile.

    Raises CannotChangeCard, GatewayRejected, PaymentDeclined.
    """
    if pays_already(entry, card):
        raise CannotChangeCard(
            _("%(card)s pays already. Choose another card.") % {"card": card}
        )
    return _change(entry, card, "replaced", delete=())


def renew_card(*, entry: Entry, card: PaymentMethod) -> Done:
    """Let the same card, entered again, take the old one's place, and drop that.

    Raises CannotChangeCard, GatewayRejected.
    """
    # What was entered twice, and never paid, goes too.
    former = [method for method in entry.methods if method.pk != card.pk]
    return _change(entry, card, "entered_again", delete=former)


def delete_card(*, entry: Entry, card: PaymentMethod | None) -> Done:
    """Delete the entry's card, for good; `card` takes over what it pays for.

    Raises CannotChangeCard, GatewayRejected.
    """
    if card is not None and card.pk in entry.ids:
        raise CannotChangeCard(_("Choose another card than the one that is deleted."))
    return _change(entry, card, "deleted", delete=entry.methods)


def use_card(*, entry: Entry) -> Done:
    """Let a profile that has no payment method pay with this card.

    Raises CannotChangeCard, GatewayRejected.
    """
    with transaction.atomic(durable=True):
        profile = _locked(entry.profile)
        if profile.payment_method_id not in {None, entry.method.pk}:
            raise CannotChangeCard(
                _("This billing profile has a payment method. Use Replace there.")
            )
        chosen = _usable(entry.method)
        operation = _begin(profile, DEFAULT, {**_about(chosen), "after": []})
        _log(profile, "profile_card_replaced")
        _add(operation, tell=_told("replaced", chosen, chosen))
    return _run([operation])


def update_card(*, card: WalletCard, details: Details) -> Done:
    """Change date, name and address of a card, under each of its profiles.

    Raises CannotChangeCard, GatewayRejected, PaymentDeclined.
    """
    wanted = dataclasses.asdict(details)
    entries = sorted(card.entries, key=lambda entry: entry.profile.pk)
    begun: list[StripeOperation] = []
    with transaction.atomic(durable=True):
        for entry in entries:
            profile = _locked(entry.profile)
            methods = _locked_methods(entry.methods)
            _log(profile, "card_edited")
            begun += [
                _begin(profile, UPDATE, {**wanted, **_about(method), "after": []})
                for method in methods
            ]
        # Told once, when the last of them is so.
        _add(begun[-1], tell=_told("edited", entries[-1].method, entries[-1].method))
    return _run(begun)


def _change(
    entry: Entry,
    card: PaymentMethod | None,
    what: str,
    *,
    delete: Sequence[PaymentMethod],
) -> Done:
    former = tuple(pk for pk in entry.ids if card is None or pk != card.pk)
    if delete:
        _refuse_while_awaited(entry)
    with transaction.atomic(durable=True):
        # First of all: two changes of a profile's cards never wait for each other.
        profile = _locked(entry.profile)
        begun = _begin_uses(profile, former, card)
        leaving = _locked_methods(delete)
        if card is not None:
            chosen = _usable(card)
            begun.append(_begin_default(profile, former, chosen, begun))
            _log(profile, "profile_card_replaced")
        for method in leaving:
            detach = _begin_detach(profile, method, begun, replaced=card is not None)
            begun.append(detach)
        if delete:
            verb = "card_entered_again" if what == "entered_again" else "card_deleted"
            _log(profile, verb)
        _add(begun[-1], tell=_told(what, entry.method, card))
    return _run(begun)


def _refuse_while_awaited(entry: Entry) -> None:
    """Raises CannotChangeCard while the bank is asked about a payment with it."""
    names = dict.fromkeys(use.title for use in entry.uses if use.waits)
    if names:
        raise CannotChangeCard(
            _(
                "A payment for %(name)s waits for your bank. Confirm it first, or let"
                " it lapse."
            )
            % {"name": ", ".join(names)}
        )


def _begin_uses(
    profile: BillingProfile, former: tuple[uuid.UUID, ...], card: PaymentMethod | None
) -> list[StripeOperation]:
    """The operations of whatever is paid for, begun by the rooms that know it."""
    answers = card_replaced.send(
        CardReplaced(
            profile.organization_id, profile.pk, former, card.pk if card else None
        )
    )
    ids = [operation_id for answer in answers for operation_id in answer]
    found = StripeOperation.objects.filter(
        organization_id=profile.organization_id, pk__in=ids
    )
    return list(found.order_by("id"))


def _locked(profile: BillingProfile) -> BillingProfile:
    """The row, locked. Raises CardUnderWay while a change of its cards is."""
    locked = BillingProfile.objects.select_for_update(no_key=True).get(
        organization_id=profile.organization_id, pk=profile.pk
    )
    under_way = StripeOperation.objects.filter(
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        kind__in=KINDS,
        state__in=UNSETTLED,
    )
    if under_way.exists():
        raise CardUnderWay
    return locked


def _locked_methods(methods: Sequence[PaymentMethod]) -> list[PaymentMethod]:
    """The rows, locked. Raises CardGone for one that was deleted meanwhile."""
    if not methods:
        return []
    locked = PaymentMethod.objects.select_for_update(no_key=True).filter(
        organization_id=methods[0].organization_id, pk__in=[m.pk for m in methods]
    )
    found = list(locked.order_by("id"))
    if not all(method.can_pay for method in found):
        raise CardGone
    return found


def _usable(card: PaymentMethod) -> PaymentMethod:
    """The card that takes over, locked. Raises CardGone, CannotChangeCard."""
    (locked,) = _locked_methods([card])
    now = clock.now()
    if locked.expired_by(now.year, now.month):
        raise CannotChangeCard(
            _("%(card)s expired in %(month)s. Use another card.")
            % {"card": locked, "month": locked.expires}
        )
    return locked


def _begin_default(
    profile: BillingProfile,
    former: tuple[uuid.UUID, ...],
    card: PaymentMethod,
    after: Sequence[StripeOperation],
) -> StripeOperation:
    """Tell Stripe what the profile pays with: the new card, if the old one was it."""
    pays, known = card, profile.payment_method_id
    if known is not None and known not in {*former, card.pk}:
        pays = PaymentMethod.objects.get(
            organization_id=profile.organization_id, pk=known
        )
    return _begin(profile, DEFAULT, {**_about(pays), "after": _ids(after)})


def _begin_detach(
    profile: BillingProfile,
    method: PaymentMethod,
    after: Sequence[StripeOperation],
    *,
    replaced: bool,
) -> StripeOperation:
    _refuse_while_charged(method, after)
    method.leaving_at = clock.now()
    method.save(update_fields=["leaving_at"])
    arguments = {**_about(method), "after": _ids(after), "replaced": replaced}
    return _begin(profile, DETACH, arguments)


def _refuse_while_charged(
    method: PaymentMethod, besides: Sequence[StripeOperation]
) -> None:
    """Raises CardUnderWay while something is about to be paid with it."""
    waiting = StripeOperation.objects.filter(
        organization_id=method.organization_id,
        state__in=UNSETTLED,
        arguments__card=method.stripe_payment_method_id,
    ).exclude(pk__in=[operation.pk for operation in besides])
    if waiting.exclude(kind__in=KINDS).exists():
        raise CardUnderWay


def _begin(
    profile: BillingProfile, kind: str, arguments: dict[str, Any]
) -> StripeOperation:
    return operations.begin(
        kind=kind,
        key=f"{kind.replace('.', '-')}-{uuid7()}",
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        arguments=arguments,
    )


def _about(method: PaymentMethod) -> dict[str, str]:
    return {"card": method.stripe_payment_method_id, "method": str(method.pk)}


def _ids(begun: Sequence[StripeOperation]) -> list[str]:
    return [str(operation.pk) for operation in begun]


def _told(
    what: str, former: PaymentMethod, card: PaymentMethod | None
) -> dict[str, str]:
    return {
        "what": what,
        "former": str(former),
        "card": str(card or ""),
        "method": str((card or former).pk),
    }


def _add(operation: StripeOperation, **arguments: Any) -> None:
    operation.arguments |= arguments
    operation.save(update_fields=["arguments"])


def _log(profile: BillingProfile, verb: str) -> None:
    """Note what its owner does to one of the profile's cards."""
    record(
        Change(
            organization_id=profile.organization_id,
            actor_id=profile.purchaser_id,
            subject_kind="billing_profile",
            subject_id=profile.pk,
            verb=verb,
        )
    )


def _run(begun: Sequence[StripeOperation]) -> Done:
    """Call Stripe now, one after the other; the worker goes on where it is away.

    Raises GatewayRejected or PaymentDeclined: the first refusal, after all are tried.
    """
    outcome, refusal = Done.DONE, None
    for operation in begun:
        kind = operations.kinds.get(operation.kind)
        if kind is None:
            raise LookupError(operation.kind)
        try:
            operations.run(operation, kind)
        except gateway.GatewayUnavailable:
            outcome = Done.CHECKING
        except (gateway.GatewayRejected, gateway.PaymentDeclined) as error:
            refusal = refusal or error
    if refusal is not None:
        raise refusal
    return outcome
