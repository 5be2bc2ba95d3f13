"""What somebody with an account tries to get for nothing, twice, or of others."""

from __future__ import annotations

import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest

from tests.attack.conftest import Attacked

ALL = """
SELECT (SELECT json_agg(s ORDER BY id) FROM (SELECT id, organization_id, purchaser_id,
        quantity, assigned, price_id, profile_id, payment_method_id, order_state
    FROM subscriptions_subscription) s)::text,
    (SELECT json_agg(u ORDER BY id) FROM (SELECT id, organization_id, email, role,
        is_active, password FROM accounts_user) u)::text,
    (SELECT json_agg(p ORDER BY id) FROM (SELECT id, organization_id, purchaser_id,
        currency, stripe_customer_id, payment_method_id FROM billing_billingprofile) p
    )::text,
    (SELECT count(*) FROM billing_stripeoperation)
"""
# What a form of ours never asks for.
TOO_MUCH = {
    **{"role": "global_admin", "is_superuser": "on", "is_staff": "on", "password": "x"},
    **{"organization": "x", "organization_id": "x", "purchaser": "x", "price": "1"},
    **{"currency": "USD", "stripe_customer_id": "cus_evil", "assigned": "0"},
    **{"order_state": "confirmed", "is_active": "on", "quantity": "99"},
}


def field(name: str, page: str) -> str:
    found = re.search(rf'name="{name}"[^>]*? value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])


@pytest.mark.parametrize("other", ["bram", "dirk"])
def test_what_others_have_is_taken_nowhere(attacked: Attacked, other: str) -> None:
    own, theirs = attacked.owned["anna"], attacked.owned[other]
    before = attacked.query(ALL)
    tries: dict[str, dict[str, Any]] = {
        f"/subscriptions/{own['subscription']}/payment-method/": {
            "payment": theirs["card"]
        },
        f"/subscriptions/{own['subscription']}/reactivate/": {
            "payment": theirs["card"]
        },
        f"/subscriptions/{theirs['subscription']}/licenses/": {"total": 9},
        f"/subscriptions/{theirs['subscription']}/cancel/": {"reason": "other"},
        f"/billing/invoices/{own['invoice']}/pay/": {"payment": theirs["card"]},
        f"/billing/invoices/{theirs['invoice']}/pay/": {"payment": own["card"]},
        f"/billing/payment-methods/{own['card']}/replace/": {"payment": theirs["card"]},
        f"/billing/payment-methods/{own['card']}/delete/": {"payment": theirs["card"]},
        f"/billing/payment-methods/{theirs['card']}/use/": {},
        "/billing/payment-methods/add/": {"profile": theirs["profile"]},
        "/billing/notifications/": {
            **{"section": "invoices", "profile": theirs["profile"]},
            **{"wanted": "on", "recipients": "evil@evil.example"},
        },
        f"/billing/profiles/{theirs['profile']}/name/": {"name": "evil", "version": 0},
    }

    for path, data in tries.items():
        assert attacked.press("anna", path, data).status_code in {404, 422}, path
    anna = attacked.people["anna"]
    for page in ("", "pdf/"):
        path = f"/billing/invoices/{theirs['invoice']}/{page}"
        assert anna.ask("GET", path).status_code == 404
    for path in ("/billing/invoices/", "/billing/invoices/export.csv", "/products/"):
        shown = anna.ask("GET", path).text
        assert theirs["invoice"] not in shown
        assert theirs["subscription"] not in shown
    assert attacked.query(ALL) == before


def test_more_fields_than_a_form_has_are_not_read(attacked: Attacked) -> None:
    own, before = attacked.owned["anna"], attacked.query(ALL)

    for path in (
        f"/billing/profiles/{own['profile']}/name/",
        f"/billing/profiles/{own['profile']}/po-number/",
        f"/billing/accounts/{own['account']}/name/",
        "/billing/notifications/",
        "/language/",
    ):
        attacked.press("anna", path, {**TOO_MUCH, "name": "Crowd", "version": 0})
    time.sleep(3)

    # A rename is one write to Stripe, and changes nothing of this.
    assert attacked.query(ALL)[0][:3] == before[0][:3]


def test_one_order_is_placed_once(attacked: Attacked) -> None:
    anna, plan, key = (
        attacked.people["anna"],
        attacked.owned["anna"]["plan"],
        uuid.uuid4(),
    )
    path = f"/checkout/{plan}/?order={key}&quantity=2"
    page = anna.page(path)
    form = {"order": key, "plan": plan, "quantity": 2, "quote": field("quote", page)}
    form |= {
        "terms": "on",
        "action": "place",
        "payment": attacked.owned["anna"]["card"],
    }
    for change in (
        {"quantity": 1},
        {"quantity": -1},
        {"quote": form["quote"][:-2]},
        {"plan": uuid.uuid4()},
        {"payment": attacked.owned["bram"]["card"]},
        {"payment": attacked.owned["dirk"]["card"]},
    ):
        wrong = {**form, **change, "order": uuid.uuid4()}
        assert attacked.press("anna", path, wrong).status_code == 422, change

    assert set(attacked.at_once("anna", path, form, 12)) == {302}

    sql = f"SELECT count(*) FROM subscriptions_subscription WHERE order_key = '{key}'"
    assert attacked.query(sql) == [(1,)]


def test_more_licenses_are_charged_once(attacked: Attacked) -> None:
    own = attacked.owned["anna"]
    path = f"/subscriptions/{own['subscription']}/licenses/"
    looked = attacked.press("anna", path, {"total": 7, "when": "now", "look": "1"})
    form = {"total": 7, "when": "now", "seal": field("seal", looked.text)}
    # What was shown was the price of seven.
    assert attacked.press("anna", path, {**form, "total": 9}).status_code == 422

    assert attacked.at_once("anna", path, form, 10) == [302, *[422] * 9]

    assert attacked.press("anna", path, form).status_code == 422
    sql = (
        "SELECT count(*) FROM billing_stripeoperation WHERE kind = 'subscription.more'"
        f" AND subject_id = '{own['subscription']}'"
    )
    assert attacked.query(sql) == [(1,)]


def test_more_people_than_licenses(attacked: Attacked) -> None:
    own = attacked.owned["bram"]
    path = f"/licenses/{own['product']}/assign/"
    who = attacked.query(
        "SELECT u.id FROM accounts_user u JOIN accounts_organization o"
        " ON o.id = u.organization_id WHERE o.name LIKE 'Noordzee%' AND u.is_active"
        " AND NOT u.is_guest AND u.usage_location <> '' LIMIT 30"
    )
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda row: attacked.press("bram", path, {"people": str(row[0])}), who
            )
        )

    (found,) = attacked.query(
        "SELECT sum(quantity), sum(assigned), (SELECT count(*)"
        f" FROM licensing_licenseassignment a WHERE a.product_id = '{own['product']}'"
        " AND a.purchaser_id = s.purchaser_id AND a.ended_at IS NULL)"
        f" FROM subscriptions_subscription s WHERE product_id = '{own['product']}' AND"
        " purchaser_id = (SELECT id FROM accounts_user WHERE email LIKE 'bram@%')"
        " GROUP BY purchaser_id"
    )
    assert found[0] == found[1] == found[2]


def test_money_goes_back_once(attacked: Attacked) -> None:
    own = attacked.owned["dirk"]
    path = f"/subscriptions/{own['subscription']}/cancel/"
    form = {
        "reason": "other",
        "seal": field("seal", attacked.people["dirk"].page(path)),
    }

    assert attacked.at_once("dirk", path, form, 8) == [302, *[422] * 7]

    time.sleep(10)
    sql = (
        "SELECT kind, state FROM billing_stripeoperation WHERE kind IN"
        " ('subscription.end', 'invoice.refund')"
        f" AND subject_id = '{own['subscription']}' ORDER BY 1"
    )
    assert attacked.query(sql) == [
        ("invoice.refund", "succeeded"),
        ("subscription.end", "succeeded"),
    ]
