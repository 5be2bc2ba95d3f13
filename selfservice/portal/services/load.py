"""Filling an empty database with as much as years of use would leave in it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from licensing.queries import miscounted
from selfservice.accounts.models import Organization
from selfservice.catalog.models import Category, Frequency, Plan, Price, Product, Term
from selfservice.core.bulk_load import filled_at_once
from selfservice.core.errors import DomainError
from selfservice.portal.load_rows import STEPS, TABLES

PRODUCTS = 20
# Everybody was imported before anything was bought.
_OLD = dt.timedelta(days=4000)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many of everything.

    The first organization has `big_people` with `big_subscriptions`; its first buyer
    has `own` of them with `own_invoices` each, the first one for `crowd` people.
    """

    organizations: int
    people: int
    subscriptions: int
    big_people: int
    big_subscriptions: int
    own: int
    crowd: int
    own_invoices: int
    invoices: int = 10
    buyers: int = 12

    @property
    def numbers(self) -> Mapping[str, int]:
        """What the statements need. `crowd`: with those who lost theirs since."""
        others = self.organizations - 1
        return {
            **dataclasses.asdict(self),
            "crowd": self.crowd * 11 // 10,
            "other_people": (self.people - self.big_people) // others,
            "other_subscriptions": (self.subscriptions - self.big_subscriptions)
            // others,
            "products": PRODUCTS,
        }


# The big organization is the same in both: what differs is everybody else.
SCALES: Mapping[str, Scale] = {
    "small": Scale(
        organizations=10,
        people=1_000,
        subscriptions=200,
        big_people=280,
        big_subscriptions=80,
        own=40,
        crowd=60,
        own_invoices=50,
    ),
    "medium": Scale(
        organizations=100,
        people=100_000,
        subscriptions=20_000,
        big_people=10_000,
        big_subscriptions=2_000,
        own=200,
        crowd=5_000,
        own_invoices=100,
        buyers=91,
    ),
    "large": Scale(
        organizations=1_000,
        people=1_000_000,
        subscriptions=200_000,
        big_people=10_000,
        big_subscriptions=2_000,
        own=200,
        crowd=5_000,
        own_invoices=100,
        buyers=91,
    ),
}


class NotEmpty(DomainError):
    """There are organizations already."""


def fill(
    scale: Scale, now: dt.datetime, tell: Callable[[str, float], None]
) -> Organization:
    """Fill the database, all or nothing; `tell` hears each step and its seconds.

    The same scale and `now` give the same rows. Returns the big organization. Raises
    NotEmpty.
    """
    if Organization.objects.exists():
        raise NotEmpty(
            "This database has organizations already: nothing is written beside what"
            " may be real. Make an empty one, run migrate, and try again."
        )
    with transaction.atomic(), connection.cursor() as cursor:
        began = time.monotonic()
        _write_catalogue(cursor, now)
        with filled_at_once(cursor, TABLES):
            for name, statement in STEPS:
                _run(cursor, statement, scale, now)
                began = _told(name, began, tell)
            # One by one, and without indexes, they would be counted for hours.
            cursor.execute("SELECT set_config('licensing.uncounted', '', true)")
        began = _told("indexes and keys", began, tell)
        _check_counters()
        _told("counters", began, tell)
    return Organization.objects.get(slug="load-1")


def _run(
    cursor: CursorWrapper, statements: str, scale: Scale, now: dt.datetime
) -> None:
    asked: dict[str, int | dt.datetime] = {
        **scale.numbers,
        "now": now,
        "ms": _milliseconds(now),
        "old": _milliseconds(now - _OLD),
    }
    for statement in statements.split(";\n"):
        cursor.execute(statement, asked)


def _check_counters() -> None:
    """What no constraint looked at: subscriptions that count their licenses wrongly."""
    wrong = miscounted()
    if wrong:
        raise AssertionError(f"{len(wrong)} subscriptions are counted wrongly.")


def _told(name: str, began: float, tell: Callable[[str, float], None]) -> float:
    now = time.monotonic()
    tell(name, now - began)
    return now


def _write_catalogue(cursor: CursorWrapper, now: dt.datetime) -> None:
    """Twenty products with one plan and price each, and a table of them to join."""
    start = now - _OLD
    cursor.execute(
        "CREATE TEMPORARY TABLE load_plan (number int, product_id uuid, plan_id uuid,"
        " price_id uuid, name text, amount bigint) ON COMMIT DROP"
    )
    for number in range(1, PRODUCTS + 1):
        keys = [_key(start, kind, number) for kind in (13, 14, 15)]
        product, plan, price = _offer(number, keys, start)
        cursor.execute(
            "INSERT INTO load_plan VALUES (%s, %s, %s, %s, %s, %s)",
            [number, product.pk, plan.pk, price.pk, product.name, price.amount_minor],
        )


def _offer(
    number: int, keys: list[uuid.UUID], start: dt.datetime
) -> tuple[Product, Plan, Price]:
    name = f"Load product {number:02}"
    product = Product.objects.create(
        id=keys[0],
        slug=f"load-{number}",
        name=name,
        summary_en=f"{name} in a sentence",
        summary_nl=f"{name} in een zin",
        description_en=f"What {name} does.",
        description_nl=f"Wat {name} doet.",
        category=Category.PROJECTS,
        icon="board",
        color=number % 8 + 1,
        position=number,
    )
    plan = Plan.objects.create(
        id=keys[1], product=product, term=Term.YEAR, frequency=Frequency.MONTHLY
    )
    price = Price.objects.create(
        id=keys[2],
        plan=plan,
        currency="EUR",
        amount_minor=500 + 125 * number,
        stripe_price_id=f"price_load_{number}",
        valid_from=start,
    )
    return product, plan, price


def _milliseconds(at: dt.datetime) -> int:
    return round(at.timestamp() * 1000)


def _key(at: dt.datetime, kind: int, number: int) -> uuid.UUID:
    """The same form as in the statements: time, kind, number."""
    return uuid.UUID(f"{_milliseconds(at):012x}7{kind:03x}8{number:015x}")
