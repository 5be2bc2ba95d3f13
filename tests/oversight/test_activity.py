"""The pages of the activity log: an admin's, a purchaser's, and their exports."""

import csv
import datetime as dt
import io
import json
import re
import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from selfservice.accounts.models import User
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services.forgetting import forget_person
from selfservice.activity.services.record import Change, record_all
from selfservice.core import clock
from tests.dates import day_of
from tests.factories.accounts import make_people
from tests.factories.catalog import make_product_with_plan
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])
URL = "/oversight/activity/"


def see(person: User, url: str = URL, **query: Any) -> HttpResponse:
    client = Client()
    client.force_login(person)
    return client.get(url, query)


def words(response: HttpResponse) -> str:
    main = response.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def done(response: HttpResponse) -> list[str]:
    return [f"{line.who} {line.what}" for line in response.context["lines"]]


def text_of(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def log(
    actor: User | None,
    subject: Any,
    verb: str,
    *,
    of: User,
    before: dict[str, Any] | None = None,
    **after: Any,
) -> None:
    kind = "user" if isinstance(subject, User) else "subscription"
    actor_id = actor.pk if actor else None
    facts = before or {}
    change = Change(of.organization_id, actor_id, kind, subject.pk, verb, facts, after)
    if actor is None:
        record_all([change])
        return
    origin = Origin(actor.pk, str(actor), actor.email, lambda: "203.0.113.7")
    with acting(origin):
        record_all([change])


@pytest.fixture
def planboard(anna: User) -> Any:
    bought = make_subscription(anna, make_product_with_plan("Planboard Plus"))
    log(anna, bought, "bought", of=anna, quantity=25)
    log(anna, bought, "licenses_added", of=anna, before={"quantity": 100}, quantity=105)
    log(None, bought, "licenses_renewal", of=anna, quantity=105)
    return bought


def test_admins_read_who_did_what_and_what_was_before(
    anna: User, bram: User, carla: User, planboard: Any
) -> None:
    people = make_people(anna.organization, 5)
    log(
        anna,
        planboard,
        "licenses_assigned",
        of=anna,
        count=5,
        people=" ".join(str(person.pk) for person in people),
    )
    log(
        None,
        bram,
        "role_granted",
        of=anna,
        before={"role": "member"},
        role="billing_admin",
    )

    response = see(carla)

    assert done(response) == [
        "The portal granted a role",
        "Anna de Vries assigned 5 licenses",
        "The portal renewed with 105 licenses",
        "Anna de Vries increased the subscription to 105 licenses",
        "Anna de Vries bought 25 licenses",
    ]
    shown = words(response)
    assert "Number of licenses: 100 → 105" in shown
    assert "Role: Member → Billing administrator Bram Visser" in shown
    assert f"People: {people[0]}, {people[1]}, {people[2]}, 2 others" in shown
    assert "Planboard Plus" in shown
    assert "203.0.113.7" in shown


def test_it_is_told_in_dutch(anna: User, carla: User, planboard: Any) -> None:
    carla.language = "nl"
    carla.save()

    shown = words(see(carla))

    assert "Anna de Vries kocht 25 licenties" in shown
    assert "Aantal licenties: 100 → 105" in shown


def test_the_purchaser_reads_what_happened_to_a_subscription(
    anna: User, planboard: Any
) -> None:
    other = make_subscription(anna)
    log(anna, other, "bought", of=anna, quantity=1)

    page = see(anna, f"/subscriptions/{planboard.pk}/activity/")
    card = words(see(anna, f"/subscriptions/{planboard.pk}/"))

    assert done(page) == [
        "The portal renewed with 105 licenses",
        "You increased the subscription to 105 licenses",
        "You bought 25 licenses",
    ]
    assert "You increased the subscription to 105 licenses Number of" in card
    assert "All activity" in card


def test_the_product_page_leads_to_all_its_subscriptions(
    anna: User, planboard: Any
) -> None:
    second = make_subscription(anna, planboard.product)
    log(anna, second, "bought", of=anna, quantity=1)

    page = see(anna, f"/licenses/{planboard.product_id}/activity/")

    assert done(page)[0] == "You bought 1 license"
    assert len(done(page)) == 4
    assert f"/subscriptions/{second.pk}/" in page.content.decode()


@pytest.mark.parametrize(
    "url", ["/subscriptions/{}/activity/", "/oversight/purchases/{}/activity/"]
)
def test_anothers_log_is_not_found(
    anna: User, bram: User, carla: User, dirk: User, planboard: Any, url: str
) -> None:
    theirs = make_subscription(dirk)
    log(dirk, theirs, "bought", of=dirk, quantity=9)

    assert see(carla, url.format(theirs.pk)).status_code == 404
    assert see(carla, url.format(uuid.uuid4())).status_code == 404
    if "oversight" not in url:
        assert see(bram, url.format(planboard.pk)).status_code == 404
    assert see(bram, f"/licenses/{planboard.product_id}/activity/").status_code == 404
    assert "Dirk" not in words(see(carla))


def test_a_member_is_told_who_can_grant_the_role(
    anna: User, bram: User, carla: User, planboard: Any
) -> None:
    for url in (URL, f"/oversight/purchases/{planboard.pk}/activity/"):
        response = see(bram, url)
        assert response.status_code == 403
        assert "ask a global administrator: Carla Mulder." in words(response)


def test_who_what_and_period_filter(anna: User, carla: User, planboard: Any) -> None:
    log(carla, planboard, "recurring_off", of=anna)
    day = day_of(clock.now()).isoformat()
    asked = [
        ({"who": str(carla.pk)}, 1),
        ({"who": "portal"}, 1),
        ({"what": "count"}, 1),
        ({"what": "orders"}, 2),
        ({"what": "orders", "who": str(anna.pk)}, 1),
        ({"period": "7"}, 4),
        ({"period": "range", "start": day, "end": day}, 4),
        ({"period": "range", "start": "2000-01-01", "end": "2001-01-01"}, 0),
        ({"period": "range", "end": "9999-12-31", "start": "0001-01-01"}, 4),
        ({"period": "range", "start": "2026-02-31"}, 4),
        ({"who": "nobody", "what": "x", "period": "y", "after": "z"}, 4),
    ]

    for query, expected in asked:
        assert len(done(see(carla, **query))) == expected, query


def test_the_menu_names_who_did_something(
    anna: User, bram: User, carla: User, planboard: Any
) -> None:
    labels = [str(choice.label) for choice in see(carla).context["people"]]

    assert labels == ["All", "Anna de Vries", "The portal"]
    chosen = see(carla, who=str(bram.pk)).context["people"]
    assert [str(c.label) for c in chosen if c.current] == ["Bram Visser"]


def test_pages_follow_each_other_without_a_gap(
    anna: User, carla: User, planboard: Any
) -> None:
    for number in range(60):
        log(anna, planboard, "bought", of=anna, quantity=number)

    first = see(carla)
    second = see(carla, after=first.context["next_url"].partition("after=")[2])

    seen = [line.entry.pk for page in (first, second) for line in page.context["lines"]]
    assert len(seen) == len(set(seen)) == 63
    assert second.context["next_url"] == ""
    # Another filter begins at its first page.
    assert "after" not in second.context["groups"][1].url


def test_the_pages_stay_within_their_budgets(
    anna: User,
    carla: User,
    planboard: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(60):
        log(
            anna,
            planboard,
            "licenses_added",
            of=anna,
            before={"quantity": 1},
            quantity=number,
        )
    client = Client()
    client.force_login(carla)
    client.get(URL)

    with django_assert_max_num_queries(7):
        page = client.get(URL)
    part = client.get(URL, headers={"HX-Request": "true", "HX-Target": "list"})
    client.force_login(anna)
    with django_assert_max_num_queries(7):
        client.get(f"/subscriptions/{planboard.pk}/activity/")
    with django_assert_max_num_queries(8):
        client.get(f"/licenses/{planboard.product_id}/activity/")

    assert len(page.content) <= 40 * 1024
    assert len(part.content) <= 25 * 1024


def test_all_that_is_filtered_is_exported_as_csv(
    anna: User, carla: User, planboard: Any
) -> None:
    carla.language = "nl"
    carla.save()

    response = see(carla, export="csv", what="count")
    with translation.override("en"):
        text = text_of(response)

    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))
    assert response["Content-Disposition"] == 'attachment; filename="activity.csv"'
    assert len(rows) == 2
    assert rows[0][1:3] == ["Wie", "Wat"]
    assert rows[1][1] == "Anna de Vries"
    assert rows[1][3:5] == ["Aantal licenties: 100 → 105", "Planboard Plus"]


def test_all_that_is_filtered_is_exported_as_json(
    anna: User, carla: User, planboard: Any
) -> None:
    found = json.loads(text_of(see(carla, export="json")))
    none = json.loads(text_of(see(carla, export="json", what="directory")))

    assert [entry["verb"] for entry in found] == [
        "bought",
        "licenses_added",
        "licenses_renewal",
    ]
    assert found[1]["before"] == {"quantity": 100}
    assert found[1]["from"] == "203.0.113.7"
    assert dt.datetime.fromisoformat(found[1]["happened_at"]).tzinfo
    assert none == []


def test_who_is_forgotten_is_still_somebody(
    anna: User, carla: User, planboard: Any
) -> None:
    forget_person(anna.organization_id, anna.pk)

    assert "203.0.113.7" not in words(see(carla))
    assert len(done(see(carla))) == 3


def test_a_range_that_ends_before_it_starts_is_said(anna: User, carla: User) -> None:
    log(anna, make_subscription(anna), "bought", of=anna)
    days = {"start": "2026-12-31", "end": "2026-01-01"}

    page = see(carla, period="range", **days)

    assert "The start date is after the end date." in words(page)
    assert 'value="2026-01-01"' in page.content.decode()
    assert len(done(page)) == 1
    elsewhen = see(carla, period="7", **days)
    assert elsewhen.context["form"].errors == {}
