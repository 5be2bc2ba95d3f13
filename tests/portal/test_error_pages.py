from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views.defaults import bad_request, server_error

from selfservice.accounts.models import User

pytestmark = pytest.mark.django_db


def test_what_does_not_exist_is_told_in_the_shell(anna: User, client: Client) -> None:
    client.force_login(anna)

    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert b"This page doesn" in response.content
    assert b'<nav class="nav"' in response.content


def test_a_stranger_gets_the_same_page_without_navigation(client: Client) -> None:
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert b'<nav class="nav"' not in response.content


def test_a_form_without_its_token_is_refused_in_words(anna: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)

    response = client.post("/language/", {"language": "nl"})

    assert response.status_code == 403
    assert b"Nothing was changed" in response.content


def test_a_mistake_of_ours_is_told_without_a_request() -> None:
    page = render_to_string("500.html")

    assert "Something went wrong" in page
    assert "Nothing is charged twice." in page


@pytest.mark.parametrize(("view", "status"), [(server_error, 500), (bad_request, 400)])
def test_the_pages_of_last_resort_are_found(
    view: Any, status: int, rf: RequestFactory
) -> None:
    request = rf.get("/")

    response = view(request) if status == 500 else view(request, ValueError())

    assert response.status_code == status
    assert b'<body class="entrance">' in response.content


def test_too_many_tries_are_told_in_words(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    request.resolver_match = None

    assert "Too many tries" in render_to_string("429.html", request=request)
