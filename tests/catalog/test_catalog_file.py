import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings

from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.services.catalog_file import CatalogRefused, read_catalog

DEMO_FILE = Path(settings.BASE_DIR, "selfservice/portal/demo_data/catalog.toml")
PRODUCT = """
[[products]]
slug = "boards"
name = "Boards"
category = "projects"
icon = "board"
color = 1
summary = { en = "Boards.", nl = "Borden." }
description = { en = "Many boards.", nl = "Veel borden." }
"""
PLAN = """
[[products.plans]]
term = "year"
billed = "monthly"
prices = { EUR = 10.30, JPY = 1700 }
"""


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogRefused) as refused:
        read_catalog(text)
    return refused.value.problems


def test_a_product_is_read_with_exact_prices() -> None:
    (product,) = read_catalog(PRODUCT + PLAN)

    assert product.slug == "boards"
    assert product.fields["trial_offered"] is False
    (plan,) = product.plans
    assert (plan.term, plan.frequency) == (Term.YEAR, Frequency.MONTHLY)
    assert plan.prices == {"EUR": 1030, "JPY": 1700}


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2027-06-30", dt.datetime(2027, 6, 30, tzinfo=dt.UTC)),
        ("2027-06-30T00:00:00+02:00", dt.datetime(2027, 6, 29, 22, tzinfo=dt.UTC)),
    ],
)
def test_the_end_of_sale_is_a_day_or_an_instant(
    value: str, instant: dt.datetime
) -> None:
    (product,) = read_catalog(f"{PRODUCT}ends_sale = {value}\n{PLAN}")

    assert product.fields["ends_sale_at"] == instant


def test_every_problem_is_told_with_its_line() -> None:
    more = 'trial = "sometimes"\nlicense_cap = 0\nprice = 3\nends_sale = "soon"\n'
    plan = PLAN.replace("10.30", "10.305").replace("JPY = 1700", "XYZ = 1, USD = 0")
    month = PLAN.replace('"year"', '"month"').replace("monthly", "yearly")

    assert problems(PRODUCT + more + plan + month + month) == [
        "line 2, boards, price: Unknown; the keys are category, color, description,"
        " ends_sale, icon, license_cap, name, plans, slug, summary, trial.",
        "line 2, boards, trial: “sometimes” is none of with a card, without a card.",
        "line 2, boards, license_cap: Write a whole number above 0, or leave it out.",
        "line 2, boards, ends_sale: Write a date like 2027-06-30, without quotes.",
        "line 15, boards, plan 1, prices.EUR: “10.305” is no price above 0 with 2"
        " decimals.",
        "line 15, boards, plan 1, prices.XYZ: This is no currency.",
        "line 15, boards, plan 1, prices.USD: “0” is no price above 0 with 2 decimals.",
        "line 20, boards, plan 2, billed: A plan of a month can't be billed by the"
        " year.",
        "line 25, boards, plan 3, billed: A plan of a month can't be billed by the"
        " year.",
        "line 2, boards, plans: “month, billed yearly” stands here twice.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"board"', '"bored"', "icon: “bored” is none of add, alert"),
        ('"projects"', '"toys"', "category: “toys” is none of projects, diagrams"),
        ("color = 1", "color = 9", "color: “9” is none of 1, 2, 3"),
        ('"boards"', '"Boards!"', "slug: Write lower-case letters"),
        (', nl = "Borden."', "", "summary.nl: This text is missing."),
        ('"Boards"', f'"{"x" * 121}"', "name: This is longer than 120 characters."),
        ('"year"', '"week"', "term: “week” is none of month, year"),
        ('"monthly"', '"daily"', "billed: “daily” is none of monthly, yearly"),
        ("10.30", "true", "prices.EUR: “True” is no price"),
        ("{ EUR = 10.30, JPY = 1700 }", "10.30", "prices: Write prices like"),
    ],
)
def test_each_wrong_value_is_told(old: str, new: str, problem: str) -> None:
    (told,) = problems((PRODUCT + PLAN).replace(old, new))

    assert problem in told


def test_a_product_without_plans_is_refused() -> None:
    assert problems(PRODUCT) == [
        "line 2, boards, plans: A product needs at least one plan."
    ]


def test_a_slug_stands_once() -> None:
    assert problems((PRODUCT + PLAN) * 2) == ["slug: “boards” stands here twice."]


@pytest.mark.parametrize("text", ["", "products = 3", "[[product]]\n"])
def test_a_file_without_products_is_refused(text: str) -> None:
    assert "products: The file has no [[products]]." in problems(text)


def test_broken_toml_is_refused_with_its_place() -> None:
    assert "line 1" in problems("products = = 1")[0]


def test_the_demo_offers_every_kind_of_product() -> None:
    products = read_catalog(DEMO_FILE.read_text("utf-8"))

    assert len(products) >= 12
    assert {p.fields["trial_needs_card"] for p in products} == {True, False}
    assert any(p.fields["license_cap"] for p in products)
    assert any(p.fields["ends_sale_at"] for p in products)
    plans = {(plan.term, plan.frequency) for p in products for plan in p.plans}
    assert {term for term, _frequency in plans} == set(Term)


def test_committing_for_longer_is_cheaper_in_the_demo() -> None:
    for product in read_catalog(DEMO_FILE.read_text("utf-8")):
        by_plan = {(p.term, p.frequency): p.prices for p in product.plans}
        monthly = by_plan[Term.MONTH, Frequency.MONTHLY]
        yearly = by_plan[Term.YEAR, Frequency.YEARLY]
        assert all(yearly[c] < 12 * monthly[c] for c in monthly), product.slug
