"""Reading the catalogue's TOML file; `demo_data/catalog.toml` shows the format.

Nothing here looks at the database.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import list_currencies
from django.db.models import Field

from selfservice.catalog.models import Category, Frequency, Plan, Product, Term
from selfservice.core.errors import DomainError
from selfservice.core.icons import ICONS
from selfservice.core.money import precision

COLORS = range(1, 9)
LANGUAGES = ("en", "nl")
# What the key `trial` may say, and whether such a trial needs a card.
TRIALS = {"with a card": True, "without a card": False}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PRODUCT_KEYS = frozenset(
    {
        "slug",
        "name",
        "category",
        "icon",
        "color",
        "summary",
        "description",
        "trial",
        "license_cap",
        "ends_sale",
        "plans",
    }
)
_PLAN_KEYS = frozenset({"term", "billed", "prices"})
# Stripe's largest amount, in minor units.
_MOST = 99_999_999


class CatalogRefused(DomainError):
    """Something in the file is wrong, so nothing of it was taken over."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclasses.dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan; `prices` are minor units by currency."""

    term: Term
    frequency: Frequency
    prices: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True)
class ProductEntry:
    """A product; `fields` are those of the model."""

    slug: str
    fields: Mapping[str, Any]
    plans: tuple[PlanEntry, ...]


def read_catalog(text: str) -> list[ProductEntry]:
    """The products of the file, in its order.

    Raises CatalogRefused, with every problem and where it is.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise CatalogRefused([f"This is no TOML: {error}."]) from error
    reading = _Reading(text)
    entries = reading.products(content)
    if reading.problems:
        raise CatalogRefused(reading.problems)
    return entries


class _Reading:
    """One reading of one file: where we are, and what is wrong."""

    def __init__(self, text: str) -> None:
        self.problems: list[str] = []
        self.where = ""
        self.lines = _header_lines(text)

    def note(self, key: str, sentence: str) -> None:
        place = f"{self.where}, {key}" if self.where and key else self.where or key
        self.problems.append(f"{place}: {sentence}")

    def products(self, content: Mapping[str, Any]) -> list[ProductEntry]:
        self._known(content, {"products"})
        found = content.get("products")
        if not isinstance(found, list) or not found:
            self.note("products", "The file has no [[products]].")
            return []
        entries = [self._product(n, p) for n, p in enumerate(found)]
        self.where = ""
        self._once("slug", (entry.slug for entry in entries))
        return entries

    def _product(self, number: int, found: Mapping[str, Any]) -> ProductEntry:
        slug = found.get("slug")
        lines = self.lines[number] if number < len(self.lines) else [0]
        self.where = f"line {lines[0]}, {slug or f'product {number + 1}'}"
        self._known(found, _PRODUCT_KEYS)
        fields = self._texts(found) | self._choices(found) | self._limits(found)
        fields["position"] = number
        if not isinstance(slug, str) or not _SLUG.fullmatch(slug) or len(slug) > 80:
            self.note("slug", "Write lower-case letters, digits and hyphens.")
        product, plans = self.where, []
        for index, plan in enumerate(found.get("plans", [])):
            line = lines[index + 1] if index + 1 < len(lines) else lines[0]
            self.where = f"line {line}, {slug}, plan {index + 1}"
            plans.append(self._plan(plan))
        self.where = product
        if not plans:
            self.note("plans", "A product needs at least one plan.")
        known = [plan for plan in plans if plan is not None]
        self._once("plans", (f"{p.term}, billed {p.frequency}" for p in known))
        return ProductEntry(str(slug), fields, tuple(known))

    def _texts(self, found: Mapping[str, Any]) -> dict[str, Any]:
        fields = {"name": self._text("name", found.get("name"), longest="name")}
        for key in ("summary", "description"):
            texts = found.get(key, {})
            for language in LANGUAGES:
                text = texts.get(language) if isinstance(texts, dict) else None
                name = f"{key}_{language}"
                fields[name] = self._text(f"{key}.{language}", text, longest=name)
        return fields

    def _text(self, key: str, text: object, *, longest: str) -> str:
        limit = _longest(longest)
        if not isinstance(text, str) or not text.strip():
            self.note(key, "This text is missing.")
            return ""
        if limit and len(text.strip()) > limit:
            self.note(key, f"This is longer than {limit} characters.")
        return text.strip()

    def _choices(self, found: Mapping[str, Any]) -> dict[str, Any]:
        for key, allowed in (
            ("category", Category.values),
            ("icon", ICONS),
            ("color", COLORS),
        ):
            if found.get(key) not in allowed:
                sentence = f"“{found.get(key, '')}” is none of {_listed(allowed)}."
                self.note(key, sentence)
        return {key: found.get(key) for key in ("category", "icon", "color")}

    def _limits(self, found: Mapping[str, Any]) -> dict[str, Any]:
        trial, cap = found.get("trial"), found.get("license_cap")
        if trial is not None and trial not in TRIALS:
            self.note("trial", f"“{trial}” is none of {_listed(TRIALS)}.")
        if cap is not None and (type(cap) is not int or not 0 < cap < 2**31):
            self.note("license_cap", "Write a whole number above 0, or leave it out.")
        return {
            "trial_offered": trial is not None,
            "trial_needs_card": TRIALS.get(str(trial), True),
            "license_cap": cap,
            "ends_sale_at": self._instant("ends_sale", found.get("ends_sale")),
        }

    def _instant(self, key: str, value: object) -> dt.datetime | None:
        """A date is its first moment in UTC; a time needs its offset."""
        if value is None or (isinstance(value, dt.datetime) and value.tzinfo):
            return value
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return dt.datetime.combine(value, dt.time(), dt.UTC)
        self.note(key, "Write a date like 2027-06-30, without quotes.")
        return None

    def _plan(self, found: Mapping[str, Any]) -> PlanEntry | None:
        self._known(found, _PLAN_KEYS)
        term, billed = found.get("term"), found.get("billed")
        if term not in Term.values:
            self.note("term", f"“{term}” is none of {_listed(Term.values)}.")
        if billed not in Frequency.values:
            self.note("billed", f"“{billed}” is none of {_listed(Frequency.values)}.")
        prices = self._prices(found.get("prices"))
        if term not in Term.values or billed not in Frequency.values:
            return None
        plan = Plan(term=term, frequency=billed)
        if plan.billing_months > plan.term_months:
            self.note("billed", "A plan of a month can't be billed by the year.")
        return PlanEntry(Term(term), Frequency(billed), prices)

    def _prices(self, found: object) -> dict[str, int]:
        if not isinstance(found, dict) or not found:
            self.note("prices", "Write prices like { EUR = 10.30 }.")
            return {}
        prices = {}
        for currency, amount in found.items():
            if currency not in list_currencies():
                self.note(f"prices.{currency}", "This is no currency.")
                continue
            prices[currency] = self._minor(currency, amount)
        return prices

    def _minor(self, currency: str, amount: object) -> int:
        """`amount` (a number of major units) in minor units of `currency`."""
        decimals = precision(currency)
        try:
            if isinstance(amount, bool):
                raise InvalidOperation
            minor = Decimal(str(amount)).scaleb(decimals)
            if not 0 < minor <= _MOST or minor != minor.to_integral_value():
                raise InvalidOperation
        except InvalidOperation:
            sentence = f"“{amount}” is no price above 0 with {decimals} decimals."
            self.note(f"prices.{currency}", sentence)
            return 0
        return int(minor)

    def _known(self, found: Mapping[str, Any], keys: Iterable[str]) -> None:
        for key in sorted(set(found) - set(keys)):
            self.note(key, f"Unknown; the keys are {_listed(sorted(keys))}.")

    def _once(self, key: str, values: Iterable[str]) -> None:
        seen: set[str] = set()
        for value in values:
            if value in seen:
                self.note(key, f"“{value}” stands here twice.")
            seen.add(value)


def _longest(field: str) -> int | None:
    """How many characters the model's column takes; null: any number."""
    column = Product._meta.get_field(field)
    return column.max_length if isinstance(column, Field) else None


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)


def _header_lines(text: str) -> list[list[int]]:
    """For every product the line of its header, then those of its plans."""
    lines: list[list[int]] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = line.split("#")[0].replace(" ", "").rstrip()
        if header == "[[products]]":
            lines.append([number])
        elif header == "[[products.plans]]" and lines:
            lines[-1].append(number)
    return lines
