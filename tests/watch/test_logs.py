"""Log lines: JSON, with the request's id, and nobody's name or address."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from pytest_django.fixtures import Settings

from billing.models import PaymentMethod
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import jobs
from selfservice.core.watch.logs import (
    JsonLines,
    WithoutPaths,
    WithoutTraces,
    without_people,
)
from selfservice.settings.base import LOGGING
from tests.factories.subscriptions import make_subscription
from tests.subscriptions.views.test_checkout import fill, page_of

pytestmark = pytest.mark.django_db
PEOPLE = ("anna", "bram", "vries", "visser", "noordzee", "maaskade", "4242")
type Lines = Any


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What production would write, read back as a list of dictionaries."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(WithoutPaths())
    handler.addFilter(WithoutTraces())
    loggers = [logging.getLogger(name) for name in ("", "selfservice.requests")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    loggers[0].addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def of_requests(lines: Lines) -> list[dict[str, Any]]:
    return [line for line in lines() if line["name"] == "selfservice.requests"]


def test_every_request_is_one_line_with_its_pattern(
    client: Client, anna: User, lines: Lines
) -> None:
    client.force_login(anna)
    subscription = make_subscription(anna)

    answer = client.get(f"/subscriptions/{subscription.pk}/?from=anna")

    [line] = of_requests(lines)
    assert line["route"] == "subscriptions/<uuid:subscription_id>/"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["user"] == str(anna.pk)
    assert line["organization"] == str(anna.organization_id)
    assert line["request"] == answer["X-Request-ID"]
    assert line["ms"] > 0


def test_an_id_of_the_proxy_is_kept_and_nonsense_is_not(
    client: Client, lines: Lines
) -> None:
    kept = client.get("/products/", headers={"X-Request-ID": "0123456789abcdef"})
    replaced = client.get("/products/", headers={"X-Request-ID": "anna@noordzee"})

    assert kept["X-Request-ID"] == "0123456789abcdef"
    assert re.fullmatch("[0-9a-f]{32}", replaced["X-Request-ID"])
    assert "anna" not in json.dumps(lines())


def test_the_lines_of_a_request_carry_its_id(
    client: Client, anna: User, lines: Lines
) -> None:
    client.force_login(anna)

    answer = client.get("/no/such/page/")

    warned = [line for line in lines() if line["name"] == "django.request"]
    assert [line["request"] for line in warned] == [answer["X-Request-ID"]]
    assert warned[0]["message"] == "Not Found: (path)"


def test_who_has_no_access_is_one_line_without_a_name(
    client: Client,
    bram: User,
    carla: User,
    lines: Lines,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.force_login(bram)

    page = client.get("/oversight/purchases/").content.decode()

    # The reader is told whom to ask.
    assert "Noordzee" in page
    assert carla.display_name in page
    [line] = [line for line in lines() if line["name"] == "django.request"]
    assert line["message"] == "Forbidden (Permission denied): (path)"
    assert "exc_info" not in line
    # Nor would any other handler, or a trace, write what they were told.
    raised = [each.exc_info[1] for each in caplog.records if each.exc_info]
    assert [(str(each), each and each.args) for each in raised] == [("", ())]


def test_whatever_writes_lines_leaves_traces_of_refusals_out() -> None:
    configured = dict(LOGGING)
    for handler in configured["handlers"].values():
        assert "traces" in handler["filters"]


def test_the_lines_of_a_job_name_it(lines: Lines) -> None:
    def work() -> None:
        logging.getLogger("selfservice.some").info("counted")

    jobs.watched("some.job", work)()

    [line] = lines()
    assert line["job"] == "some.job"
    assert len(line["request"]) == 32


def test_an_error_is_told_without_the_row_it_is_about(lines: Lines) -> None:
    try:
        raise IntegrityError(
            'duplicate key value violates "user_email_unique"\n'
            "DETAIL:  Key (email)=(anna@noordzee.example) already exists.\n"
        )
    except IntegrityError:
        logging.getLogger("selfservice.some").exception("for Anna@Noordzee.example,")

    [line] = lines()
    assert "user_email_unique" in line["exc_info"]
    assert line["message"] == "for [address],"
    assert not any(word in json.dumps(line).lower() for word in PEOPLE[:1])


@pytest.mark.parametrize(
    "text", ["a@b", "x.y+z@sub.example.nl", "<anna@noordzee.example>", "(o'n@b.ie)"]
)
def test_addresses_are_taken_out(text: str) -> None:
    assert "@" not in without_people(f"to {text}: refused")


@pytest.mark.stripe
def test_a_journey_leaves_nobodys_name_in_the_log(
    client: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    anna: User,
    bram: User,
    lines: Lines,
    settings: Settings,
) -> None:
    settings.LANGUAGE_CODE = "en"
    sign_in = {"login": anna.email, "password": "wrong"}
    client.post("/accounts/login/", sign_in)
    client.post("/accounts/password/reset/", {"email": anna.email})
    client.post("/accounts/login/", sign_in | {"password": "demo"})

    form = fill(client, diagrams, str(visa.pk))
    assert client.post(page_of(diagrams), form).status_code == 302
    product = f"/licenses/{diagrams.plan.product_id}"
    client.get(f"{product}/assign/?q=bram")
    client.post(f"{product}/assign/", {"people": [str(bram.pk)]})
    client.get(f"/people/{bram.email}/")
    client.post("/products/", {"name": bram.display_name})

    assert LicenseAssignment.objects.filter(user=bram).exists()
    told = json.dumps(lines(), ensure_ascii=False).lower()
    assert len(of_requests(lines)) >= 8
    assert [word for word in PEOPLE if word in told] == []
    assert "@" not in told
