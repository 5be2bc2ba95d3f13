"""Assign in bulk, Unassign in bulk: the list, what it would do, and doing it."""

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from licensing.models import BulkList, LicenseAssignment
from licensing.services import bulk as service
from licensing.services.bulk import carry_out
from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

HTMX = {"HX-Request": "true", "HX-Target": "bulk-state"}


@pytest.fixture
def planboard(anna: User, client: Client) -> Subscription:
    client.force_login(anna)
    return make_subscription(
        anna, quantity=25, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def url_of(subscription: Subscription) -> str:
    return f"/licenses/{subscription.product_id}/bulk/"


def hand_in(client: Client, subscription: Subscription, **data: Any) -> str:
    """Where what the list would do is shown."""
    answer = client.post(url_of(subscription), data)
    assert answer.status_code == 302, words(answer.content)
    return str(answer["Location"])


def words(content: bytes) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content.decode())).split())


def shown(client: Client, url: str) -> str:
    return words(client.get(url).content)


def confirm(client: Client, url: str) -> str:
    """Press the button that the page shows; what the page says then."""
    page = client.get(url).content.decode()
    found = re.search(r'name="seal" value="(\w+)"', page)
    assert found, words(page.encode())
    return words(client.post(url, {"seal": found[1]}, follow=True).content)


def holders(subscription: Subscription) -> set[uuid.UUID]:
    subscription.refresh_from_db()
    rows = LicenseAssignment.objects.filter(ended_at=None, subscription=subscription)
    people = set(rows.values_list("user_id", flat=True))
    assert len(people) == subscription.assigned
    return people


def test_every_outcome_is_counted_and_named_before_anything_changes(
    client: Client,
    planboard: Subscription,
    noordzee: Organization,
    bram: User,
    carla: User,
    dirk: User,
) -> None:
    give_licenses(planboard, [carla])
    gone = make_user(noordzee, "Gerda Gast", is_guest=True)
    out = make_user(noordzee, "Otto Uit", is_active=False)
    nowhere = make_user(noordzee, "Nel Nergens", usage_location="")
    people = (bram, bram, carla, gone, out, nowhere, dirk)
    text = "\n".join([*(p.email for p in people), "Bram Visser"])

    url = hand_in(client, planboard, text=text)
    page = shown(client, url)

    assert "1 Get a license Bram Visser" in page
    assert "1 Already have a license Carla Mulder" in page
    assert "1 Guests, who can't get licenses Gerda Gast" in page
    assert "1 Account is disabled Otto Uit" in page
    assert "1 No usage location: ask your admin to fill it in Nel Nergens" in page
    # Of another organization: no more is said than that there is no such address.
    assert f"1 Not in the directory {dirk.email}" in page
    assert "1 Not an email address Bram Visser" in page
    assert "1 name is on the list again" in page
    assert "This assignment −1 Left afterwards 23" in page
    assert holders(planboard) == {carla.pk}


def test_confirmed_everybody_shown_gets_one(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 20)
    url = hand_in(client, planboard, text=";".join(p.email for p in people))

    with CaptureQueriesContext(connection) as queries:
        said = confirm(client, url)

    assert "20 licenses of Planboard Plus assigned." in said
    assert holders(planboard) == {p.pk for p in people}
    assert len(queries) < 60
    # Once more, from another tab: nothing happens.
    client.post(url, {"seal": "x"})
    assert len(holders(planboard)) == 20


def test_pasted_uploaded_and_a_department_are_one_list(
    client: Client, planboard: Subscription, noordzee: Organization, bram: User
) -> None:
    (filed,) = make_people(noordzee, 1)
    advice = make_people(noordzee, 3, department="Advies & Co")
    content = f"E-mail\n{filed.email}\n{advice[0].upn.upper()}\n".encode("utf-16")

    url = hand_in(
        client,
        planboard,
        text=bram.email,
        file=SimpleUploadedFile("people.csv", content),
        department="Advies & Co",
    )
    said = confirm(client, url)

    assert "5 licenses of Planboard Plus assigned." in said
    assert holders(planboard) == {bram.pk, filed.pk, *(p.pk for p in advice)}


def test_what_is_wrong_is_said_and_what_was_typed_stays(
    client: Client, planboard: Subscription
) -> None:
    nothing = client.post(url_of(planboard), {})
    workbook = client.post(
        url_of(planboard),
        {
            "text": "zoe@noordzee.example",
            "file": SimpleUploadedFile("people.xlsx", b"PK\x03\x04rest"),
        },
    )

    assert nothing.status_code == workbook.status_code == 422
    assert "Nobody is on the list yet." in words(nothing.content)
    assert "This is a workbook, not a CSV file." in words(workbook.content)
    assert "Choose the file again." in words(workbook.content)
    assert "zoe@noordzee.example</textarea>" in workbook.content.decode()
    assert not BulkList.objects.exists()


def test_missing_licenses_are_bought_with_the_total_filled_in(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 38)
    url = hand_in(client, planboard, text=" ".join(p.email for p in people))

    page = client.get(url).content.decode()
    buy = unescape(re.search(r'href="([^"]*)"[^>]*>Buy the 13 missing', page)[1])
    pane = client.get(buy).content.decode()

    assert 'name="seal"' not in page
    assert "13 licenses are missing." in words(page.encode())
    assert buy.startswith(f"/subscriptions/{planboard.pk}/licenses/?total=38")
    assert 'value="38"' in pane
    assert f'name="bulk" value="{url.split("/")[-2]}"' in pane
    assert f'href="{url}" data-close' in pane
    assert holders(planboard) == set()


def test_without_a_subscription_to_grow_the_shop_sells_them(
    client: Client, anna: User, noordzee: Organization
) -> None:
    offer = make_offer(slug="trialed")
    client.force_login(anna)
    trial = make_subscription(anna, quantity=1, offer=offer, quantity_after_trial=1)
    people = make_people(noordzee, 2)

    page = client.get(hand_in(client, trial, text=" ".join(p.email for p in people)))

    assert "/marketplace/trialed/" in page.content.decode()


def test_others_than_were_shown_get_nothing(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    url = hand_in(client, planboard, text=f"{bram.email} {carla.email}")
    page = client.get(url).content.decode()
    seal = re.search(r'name="seal" value="(\w+)"', page)[1]
    User.objects.filter(pk=carla.pk).update(is_active=False)

    said = words(client.post(url, {"seal": seal}, follow=True).content)

    assert "Meanwhile these are other people than before." in said
    assert "1 Get a license Bram Visser" in said
    assert holders(planboard) == set()
    assert "1 license of Planboard Plus assigned." in confirm(client, url)


def test_what_changes_while_the_worker_waits_leaves_it_a_draft(
    client: Client,
    planboard: Subscription,
    bram: User,
    carla: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "IN_REQUEST", 0)
    url = hand_in(client, planboard, text=f"{bram.email} {carla.email}")
    assert "2 licenses are being assigned." in confirm(client, url)
    row = BulkList.objects.get()
    Subscription.objects.filter(pk=planboard.pk).update(quantity=1)

    carry_out(row.organization_id, row.pk)

    page = shown(client, url)
    assert "Meanwhile something changed, so nothing was done." in page
    assert "1 license is missing." in page
    assert holders(planboard) == set()


def test_long_lists_are_done_by_the_worker_once_however_often_it_runs(
    client: Client,
    planboard: Subscription,
    noordzee: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "IN_REQUEST", 5)
    people = make_people(noordzee, 6)
    url = hand_in(client, planboard, text=" ".join(p.email for p in people))

    said = confirm(client, url)
    part = client.get(url, headers=HTMX).content.decode()
    assert "6 licenses are being assigned." in said
    assert 'hx-trigger="every 2s"' in part
    assert holders(planboard) == set()
    row = BulkList.objects.get()
    monkeypatch.setattr(service, "give_to", _dies_after(service.give_to))
    with pytest.raises(RuntimeError, match="killed"):
        carry_out(row.organization_id, row.pk)
    assert holders(planboard) == set()
    monkeypatch.undo()
    carry_out(row.organization_id, row.pk)
    carry_out(row.organization_id, row.pk)

    part = client.get(url, headers=HTMX).content.decode()
    assert "6 licenses of Planboard Plus assigned." in words(part.encode())
    assert "every 2s" not in part
    # Above the part, too, it says how many are left.
    free = "Planboard Plus · 19 licenses available"
    assert f'<p id="bulk-free" hx-swap-oob="true">{free}</p>' in part
    assert len(holders(planboard)) == 6


def _dies_after(step: Any) -> Any:
    def die(**kwargs: Any) -> None:
        step(**kwargs)
        raise RuntimeError("killed")

    return die


def test_unassigned_in_bulk_and_undone(
    client: Client, planboard: Subscription, noordzee: Organization, bram: User
) -> None:
    people = make_people(noordzee, 4, department="Advies")
    give_licenses(planboard, [*people, bram])
    url = hand_in(
        client, planboard, does="unassign", department="Advies", text="no@x.example"
    )

    page = shown(client, url)
    said = confirm(client, url)

    assert "4 Lose their license" in page
    assert "4 people lose Planboard Plus at once." in page
    assert "1 Not in the directory no@x.example" in page
    assert "4 licenses of Planboard Plus are free again." in said
    assert holders(planboard) == {bram.pk}
    undo = re.search(r'action="([^"]*/undo/[^"]*)"', client.get(url).content.decode())
    assert undo
    client.post(undo[1])
    assert len(holders(planboard)) == 5
    assert "/undo/" not in client.get(url).content.decode()


def test_who_has_nothing_to_lose_is_told(
    client: Client, planboard: Subscription, bram: User
) -> None:
    url = hand_in(client, planboard, does="unassign", text=bram.email)

    page = shown(client, url)

    assert "1 Have no license Bram Visser" in page
    assert "there is nothing to unassign" in page


def test_the_list_can_be_exported_with_its_outcomes(
    client: Client, planboard: Subscription, bram: User
) -> None:
    url = hand_in(client, planboard, text=f"{bram.email} =cmd@x.example")

    answer = client.get(url, {"export": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()

    assert lines[0] == "Name,Email address,Outcome"
    assert f"Bram Visser,{bram.email},Get a license" in lines
    assert any("'=cmd@x.example" in line for line in lines)


def test_a_list_is_its_makers_alone(
    client: Client, planboard: Subscription, bram: User, dirk: User
) -> None:
    url = hand_in(client, planboard, text=bram.email)
    make_subscription(bram, planboard.product)

    for other in (bram, dirk):
        client.force_login(other)
        assert client.get(url).status_code == 404
        assert client.post(url, {"seal": "x"}).status_code == 404
    assert holders(planboard) == set()


def test_after_a_week_lists_are_forgotten(
    client: Client, planboard: Subscription, bram: User
) -> None:
    hand_in(client, planboard, text=bram.email)
    assert service.forget_old() == 0
    BulkList.objects.update(created_at="2026-01-01T00:00Z")

    assert service.forget_old() == 1


def test_of_many_drafts_the_newest_stay(
    client: Client,
    planboard: Subscription,
    bram: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "MOST_DRAFTS", 3)
    done = hand_in(client, planboard, text=bram.email)
    confirm(client, done)

    urls = [hand_in(client, planboard, text=f"x{n}@y.example") for n in range(5)]

    found = [client.get(url).status_code for url in urls]
    assert found == [404, 404, 200, 200, 200]
    assert client.get(done).status_code == 200


def test_it_speaks_dutch(client: Client, planboard: Subscription, bram: User) -> None:
    client.cookies["django_language"] = "nl"
    with translation.override("nl"):
        url = hand_in(client, planboard, text=bram.email)
        page = shown(client, url)

    assert "1 Krijgen een licentie Bram Visser" in page
    assert "1 licentie toewijzen" in page


def test_who_lacks_licenses_hears_of_those_that_go_away_at_renewal(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    Subscription.objects.update(scheduled_quantity=2)
    people = make_people(noordzee, 3)

    url = hand_in(client, planboard, text=" ".join(p.email for p in people))

    page = shown(client, url)
    assert "1 license is missing." in page
    assert "23 licenses go away at renewal: undo that change" in page
