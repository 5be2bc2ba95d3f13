"""Money: a whole number of minor units and an ISO currency, never a float."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from babel.core import Locale
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language


@dataclasses.dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units of `currency` (upper case ISO 4217): 1050 EUR is €10.50."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __str__(self) -> str:
        return format_money(self)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} can't be added to {self.currency}")
        return other

    @property
    def packed(self) -> str:
        """As `unpacked` reads it: "1050 EUR"."""
        return f"{self.minor} {self.currency}"

    @property
    def amount(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-precision(self.currency))


def unpacked(packed: str) -> Money:
    """What was `packed`. Raises ValueError for anything else."""
    minor, currency = packed.split()
    return Money(int(minor), currency)


def sums(amounts: Iterable[Money]) -> list[Money]:
    """Their sums, one for each currency: two currencies are never added."""
    found: dict[str, Money] = {}
    for amount in amounts:
        known = found.get(amount.currency, Money(0, amount.currency))
        found[amount.currency] = known + amount
    return list(found.values())


@cache
def precision(currency: str) -> int:
    """How many decimals `currency` has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency.upper())


@cache
def babel_locale(language: str) -> Locale:
    """The locale that writes amounts and dates for an interface language."""
    regional = {"en": "en_GB", "nl": "nl_NL"}
    return Locale.parse(regional.get(language, language), sep="_")


def format_money(money: Money, language: str | None = None) -> str:
    """`money` as the reader writes it: €1,250.00 in English, € 1.250,00 in Dutch."""
    locale = babel_locale(language or get_language() or "en")
    return format_currency(money.amount, money.currency, locale=locale)
