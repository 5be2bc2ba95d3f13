"""Spend of the whole organization by month and product, for admins."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from selfservice.accounts.models import User
from selfservice.core import clock
from tests.factories.billing import make_invoice, make_invoices

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])

URL = "/oversight/spend/"


def see(person: User, url: str = URL) -> HttpResponse:
    browser = Client()
    browser.force_login(person)
    return browser.get(url)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def test_it_adds_what_all_purchasers_were_charged(
    anna: User, bram: User, carla: User, dirk: User
) -> None:
    make_invoice(anna)
    make_invoice(bram, title="Diagrams Pro", refunded_minor=2100)
    make_invoice(bram, finalized_at=clock.now() - dt.timedelta(days=400))
    make_invoice(dirk, total_minor=99_00)

    shown = words(see(carla))

    assert "€221.00 in 12 months" in shown
    assert "Planboard Plus" in shown
    assert "Diagrams Pro" in shown


def test_the_list_leads_to_it(carla: User) -> None:
    page = see(carla, "/oversight/purchases/").content.decode()

    assert f'href="{URL}"' in page
    assert f'hx-get="{URL}"' in page


def test_a_member_is_told_who_can_grant_the_role(anna: User, carla: User) -> None:
    refused = see(anna)

    assert refused.status_code == 403
    assert "Carla Mulder" in words(refused)


def test_it_is_one_statement_besides_who_asks(
    anna: User, carla: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_invoices(anna, 60)
    browser = Client()
    browser.force_login(carla)

    with django_assert_max_num_queries(3):
        browser.get(URL)


def test_nothing_spent_is_said(carla: User) -> None:
    assert "Nothing was charged in the past 12 months." in words(see(carla))
