"""A purchaser's cards: which there are, what they pay for, how long they are valid.

The same card under several billing profiles has an entry under each, and is one card.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.core.dates import add_months
from selfservice.core.hooks import CardsAsked, CardUse, payment_method_usage

# Who has more than that has no use for a list.
MOST = 500
# A card that ends within this is worth a word although nothing fails yet.
SOON_MONTHS = 2
COLORS = {"visa": 1, "mastercard": 3, "amex": 2}


class Validity(enum.StrEnum):
    """How much longer a card can pay, the worst first."""

    EXPIRED = "expired"
    # Valid today, but no longer when it is charged next.
    FAILS = "fails"
    SOON = "soon"
    GOOD = "good"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A card within one billing profile; entered there twice, it is still one.

    `methods` has the newest first; `uses` what one of them pays for.
    """

    profile: BillingProfile
    methods: tuple[PaymentMethod, ...]
    uses: tuple[CardUse, ...]

    @property
    def ids(self) -> tuple[uuid.UUID, ...]:
        return tuple(method.pk for method in self.methods)

    @property
    def is_default(self) -> bool:
        """Whether the profile pays with it."""
        return self.profile.payment_method_id in self.ids

    @property
    def in_use(self) -> bool:
        return self.is_default or bool(self.uses)

    @property
    def method(self) -> PaymentMethod:
        """The one that pays; the newest when none does."""
        paying = {self.profile.payment_method_id, *(u.method_id for u in self.uses)}
        return next((m for m in self.methods if m.pk in paying), self.methods[0])

    @property
    def leaving(self) -> bool:
        """Whether it is being deleted."""
        return all(method.leaving_at is not None for method in self.methods)

    @property
    def past_due(self) -> bool:
        return any(use.past_due for use in self.uses)


@dataclasses.dataclass(frozen=True, slots=True)
class WalletCard:
    """One card, with an entry under each billing profile that has it."""

    entries: tuple[Entry, ...]

    # What its tile shows.
    icon: ClassVar[str] = "payment"

    @property
    def color(self) -> int:
        """The pair of colours of its brand."""
        return COLORS.get(self.method.brand, 4)

    @property
    def method(self) -> PaymentMethod:
        """What is shown of it: of the entry that pays, else of the first."""
        return next((e for e in self.entries if e.in_use), self.entries[0]).method

    @property
    def uses(self) -> list[CardUse]:
        return [use for entry in self.entries for use in entry.uses]

    @property
    def profiles(self) -> list[BillingProfile]:
        """Those that pay with it."""
        return [entry.profile for entry in self.entries if entry.is_default]

    @property
    def leaving(self) -> bool:
        return all(entry.leaving for entry in self.entries)

    @property
    def next_use(self) -> CardUse | None:
        """What it is charged for next."""
        return soonest(self.uses)

    def validity(self, now: dt.datetime) -> Validity:
        """Of the card as it is shown."""
        return validity_of(self.method, self.uses, now)

    def has(self, method_id: uuid.UUID) -> bool:
        return any(method_id in entry.ids for entry in self.entries)


def soonest(uses: Iterable[CardUse]) -> CardUse | None:
    """The use with the next charge; null when nothing is charged."""
    charged = [(use.charged_at, use) for use in uses if use.charged_at is not None]
    return min(charged, key=lambda pair: pair[0])[1] if charged else None


def validity_of(
    method: PaymentMethod, uses: Iterable[CardUse], now: dt.datetime
) -> Validity:
    """How much longer the card can pay for what it pays for."""
    if method.expired_by(now.year, now.month):
        return Validity.EXPIRED
    use = soonest(uses)
    if use is not None and use.charged_at is not None:
        at = use.charged_at
        if method.expired_by(at.year, at.month):
            return Validity.FAILS
    later = add_months(now, SOON_MONTHS)
    ends_soon = method.expired_by(later.year, later.month)
    return Validity.SOON if ends_soon else Validity.GOOD


def wallet_of(purchaser: User) -> list[WalletCard]:
    """The purchaser's cards: those that pay first, then the newest.

    One statement, and those of whoever uses cards, for any number of them.
    """
    methods = list(
        PaymentMethod.objects.filter(
            organization_id=purchaser.organization_id,
            profile__organization_id=purchaser.organization_id,
            profile__purchaser=purchaser,
            detached_at=None,
        )
        .select_related("profile")
        .order_by("-id")[:MOST]
    )
    uses = _uses(purchaser.organization_id, methods)
    cards = [
        WalletCard(tuple(_entries(same, uses)))
        for same in _grouped(methods, lambda m: m.fingerprint or str(m.pk))
    ]
    return sorted(cards, key=_rank)


def _rank(card: WalletCard) -> tuple[bool, bool]:
    """What pays for something comes first, then what a profile would pay with."""
    return not card.uses, not card.profiles


def find_card(purchaser: User, method_id: uuid.UUID) -> WalletCard | None:
    """The purchaser's card with this entry; null for another's, and a deleted one."""
    return next((c for c in wallet_of(purchaser) if c.has(method_id)), None)


def entry_of(card: WalletCard, method_id: uuid.UUID) -> Entry:
    """The entry that a method belongs to."""
    return next(entry for entry in card.entries if method_id in entry.ids)


def method_of(purchaser: User, method_id: uuid.UUID) -> PaymentMethod | None:
    """One of the purchaser's cards, also a deleted one; null for another's."""
    return PaymentMethod.objects.filter(
        organization_id=purchaser.organization_id,
        profile__purchaser=purchaser,
        pk=method_id,
    ).first()


def _uses(
    organization_id: uuid.UUID, methods: Sequence[PaymentMethod]
) -> dict[uuid.UUID, list[CardUse]]:
    """What is paid for, by the method that pays."""
    if not methods:
        return {}
    profile_ids = tuple(dict.fromkeys(method.profile_id for method in methods))
    found: dict[uuid.UUID, list[CardUse]] = {}
    for uses in payment_method_usage.send(CardsAsked(organization_id, profile_ids)):
        for use in uses:
            found.setdefault(use.method_id, []).append(use)
    return found


def _entries(
    methods: Iterable[PaymentMethod], uses: dict[uuid.UUID, list[CardUse]]
) -> Iterator[Entry]:
    """An entry for each profile, the oldest profile first."""
    by_profile = _grouped(methods, lambda method: str(method.profile_id))
    for same in sorted(by_profile, key=lambda same: same[0].profile_id):
        paid = [use for method in same for use in uses.get(method.pk, [])]
        yield Entry(same[0].profile, tuple(same), tuple(paid))


def _grouped(
    methods: Iterable[PaymentMethod], key: Callable[[PaymentMethod], str]
) -> list[list[PaymentMethod]]:
    groups: dict[str, list[PaymentMethod]] = {}
    for method in methods:
        groups.setdefault(key(method), []).append(method)
    return list(groups.values())
