import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.portal.faq import QUESTIONS

pytestmark = pytest.mark.django_db


def test_the_page_answers_what_people_ask(bram: User, client: Client) -> None:
    client.force_login(bram)

    page = client.get("/help/").content.decode()

    assert "Self-service purchases FAQ" in page
    assert all(f'id="{question.key}"' in page for question in QUESTIONS)


def test_support_and_the_other_portal_come_from_the_settings(
    bram: User, client: Client, settings: Settings
) -> None:
    client.force_login(bram)
    settings.SUPPORT_ADDRESS = "help@portal.example"
    settings.OTHER_PORTAL_TIP = "https://elsewhere.example/"

    page = client.get("/help/").content.decode()

    assert 'href="mailto:help@portal.example"' in page
    assert 'href="https://elsewhere.example/"' in page


def test_without_them_nothing_is_promised(
    bram: User, client: Client, settings: Settings
) -> None:
    client.force_login(bram)
    settings.SUPPORT_ADDRESS = settings.OTHER_PORTAL_TIP = ""

    page = client.get("/help/").content.decode()

    assert "mailto:" not in page
    assert "Another portal" not in page


def test_other_methods_are_refused(bram: User, client: Client) -> None:
    client.force_login(bram)

    assert client.post("/help/").status_code == 405
