"""The log of a billing profile and of its account, with filters and exports."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from billing.models import BillingProfile
from selfservice.accounts.models import User
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services.record import Change, record
from tests.factories.subscriptions import make_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def changed(anna: User) -> BillingProfile:
    """Anna's profile: opened by her, and then its card came to nothing."""
    profile = make_profile(anna)
    kind = "billing_profile"
    with acting(Origin(anna.pk, "Anna", anna.email, lambda: "203.0.113.7")):
        record(Change(anna.organization_id, anna.pk, kind, profile.pk, "card_edited"))
    record(Change(anna.organization_id, None, kind, profile.pk, "card_change_refused"))
    account = ("billing_account", profile.account_id, "opened")
    record(Change(anna.organization_id, anna.pk, *account))
    return profile


def address(profile: BillingProfile) -> str:
    return f"/billing/profiles/{profile.pk}/activity/"


def test_the_owner_reads_and_filters_it(
    anna: User, client: Client, changed: BillingProfile
) -> None:
    client.force_login(anna)

    everything = client.get(address(changed))
    mine = client.get(address(changed), {"who": str(anna.pk)})

    assert len(everything.context["lines"]) == 2
    assert [line.who for line in mine.context["lines"]] == ["You"]
    assert "203.0.113.7" in mine.content.decode()


def test_it_is_exported(anna: User, client: Client, changed: BillingProfile) -> None:
    client.force_login(anna)

    answer = client.get(address(changed), {"export": "json"})

    found = json.loads(b"".join(answer.streaming_content))
    assert [line["verb"] for line in found] == ["card_edited", "card_change_refused"]


def test_the_account_has_its_own(
    anna: User, client: Client, changed: BillingProfile
) -> None:
    client.force_login(anna)

    page = client.get(f"/billing/accounts/{changed.account_id}/activity/")

    assert [line.entry.verb for line in page.context["lines"]] == ["opened"]


def test_their_pages_lead_there(
    anna: User, client: Client, changed: BillingProfile
) -> None:
    client.force_login(anna)

    for of in (f"profiles/{changed.pk}", f"accounts/{changed.account_id}"):
        page = client.get(f"/billing/{of}/").content.decode()
        assert f'href="/billing/{of}/activity/"' in page


def test_anothers_is_not_found(
    bram: User, dirk: User, client: Client, changed: BillingProfile
) -> None:
    for stranger in (bram, dirk):
        client.force_login(stranger)
        assert client.get(address(changed)).status_code == 404
        url = f"/billing/accounts/{changed.account_id}/activity/"
        assert client.get(url).status_code == 404
    assert client.post(address(changed)).status_code == 405
