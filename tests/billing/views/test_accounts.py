"""Billing accounts: the list, an account, its profiles, a profile."""

import re
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing.models import BillingAccount, BillingProfile
from selfservice.accounts.models import User
from tests.factories.billing import make_invoice
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db
OVERVIEW = "/billing/accounts/"


@pytest.fixture
def profile(anna: User) -> BillingProfile:
    return make_profile(anna, name="Projects", po_number="PO-7")


@pytest.fixture
def account(profile: BillingProfile) -> BillingAccount:
    return profile.account


def see(person: User, path: str, **headers: str) -> HttpResponse:
    client = Client(headers=headers)
    client.force_login(person)
    return client.get(path)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def pages_of(profile: BillingProfile) -> list[str]:
    account, own = (
        f"{OVERVIEW}{profile.account_id}/",
        f"/billing/profiles/{profile.pk}/",
    )
    edits = [
        f"{account}{name}/" for name in ("name", "address", "tax-id", "registration")
    ]
    edits += [
        f"{own}{name}/"
        for name in ("name", "bill-to", "usage", "po-number", "invoices")
    ]
    return [account, f"{account}profiles/", own, *edits]


def test_the_overview_lists_the_account_with_what_it_is(
    anna: User, account: BillingAccount
) -> None:
    shown = words(see(anna, OVERVIEW))

    for word in (account.name, str(account.pk), "Active", "Rotterdam, Netherlands"):
        assert word in shown
    assert "EUR" in shown
    assert "1 profile" in shown


def test_who_bought_nothing_is_told_what_makes_an_account(bram: User) -> None:
    assert "Your first purchase makes one." in words(see(bram, OVERVIEW))


def test_the_account_shows_every_field(anna: User, account: BillingAccount) -> None:
    account.tax_id, account.tax_id_state = "NL004495445B01", "valid"
    account.registration_number = "KVK 24123456"
    account.save()
    make_subscription(anna)

    shown = words(see(anna, f"{OVERVIEW}{account.pk}/"))

    for word in (
        f"Billing account ID {account.pk}",
        "Update name",
        "Sold to",
        "Kade 1",
        "NL004495445B01 Valid",
        "KVK 24123456",
        "My role Owner",
        "Terms of 1 Oct 2026",
        "Accepted on",
    ):
        assert word in shown


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("unchecked", "Until it has answered, no reverse charge applies."),
        ("invalid", "isn't in the EU's VAT register."),
    ],
)
def test_the_state_of_the_tax_id_is_said(
    anna: User, account: BillingAccount, state: str, said: str
) -> None:
    account.tax_id, account.tax_id_state = "NL004495445B01", state
    account.save()

    assert said in words(see(anna, f"{OVERVIEW}{account.pk}/"))


def test_the_tab_lists_all_profiles(anna: User, account: BillingAccount) -> None:
    make_profile(anna, name="Second", payment_method=None)

    shown = words(see(anna, f"{OVERVIEW}{account.pk}/profiles/"))

    assert "Projects" in shown
    assert "Second" in shown
    assert "2 profiles" in shown
    assert "Visa •••• 4242" in shown


def test_the_profile_shows_every_field(anna: User, profile: BillingProfile) -> None:
    shown = words(see(anna, f"/billing/profiles/{profile.pk}/"))

    for word in (
        "Invoice and billing notifications",
        f"Billing profile ID {profile.pk}",
        "Payment method Visa •••• 4242",
        "Get invoices by email Off",
        "Additional recipients None",
        "PO number PO-7",
        "Invoice currency EUR",
        "Bill to",
        "Service usage address Same as bill-to",
        f"Billing account {profile.account.name}",
    ):
        assert word in shown


def test_a_profile_with_something_past_due_says_so(
    anna: User, profile: BillingProfile
) -> None:
    make_invoice(anna, profile=profile, status="open", attempted=True)

    shown = see(anna, f"/billing/profiles/{profile.pk}/").content.decode()

    assert "An invoice of this profile is past due." in shown
    assert f"?profile={profile.pk}&amp;status=past_due" in shown


def test_as_fragments_only_the_parts_are_sent(
    anna: User, profile: BillingProfile
) -> None:
    for page in [OVERVIEW, *pages_of(profile)]:
        response = see(anna, page, **{"HX-Request": "true"})

        assert response.status_code == 200
        assert b"<html" not in response.content


def test_account_and_profile_are_their_purchasers_alone(
    anna: User, bram: User, carla: User, dirk: User, profile: BillingProfile
) -> None:
    for page in pages_of(profile):
        assert see(anna, page).status_code == 200
        for stranger in (bram, carla, dirk):
            assert see(stranger, page).status_code == 404
            client = Client()
            client.force_login(stranger)
            assert client.post(page, {"name": "Mine"}).status_code in {404, 405}
    assert see(anna, f"/billing/profiles/{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(
    anna: User, profile: BillingProfile, client: Client, method: str
) -> None:
    client.force_login(anna)

    for page in pages_of(profile):
        assert getattr(client, method)(page).status_code == 405


def test_the_lists_stay_within_their_budget(
    anna: User,
    account: BillingAccount,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(19):
        make_profile(anna, name=f"Profile {number}")
    client.force_login(anna)

    for page in (OVERVIEW, f"{OVERVIEW}{account.pk}/profiles/"):
        with django_assert_max_num_queries(7):
            response = client.get(page)
        assert len(response.content) <= 40 * 1024


def test_the_details_stay_within_their_budget(
    anna: User,
    profile: BillingProfile,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(anna)
    pages: list[Any] = [
        f"{OVERVIEW}{profile.account_id}/",
        f"/billing/profiles/{profile.pk}/",
    ]

    for page in pages:
        with django_assert_max_num_queries(12):
            response = client.get(page)
        assert len(response.content) <= 40 * 1024
