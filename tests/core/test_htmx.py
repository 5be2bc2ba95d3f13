from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import success
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from selfservice.core.htmx import close_pane, redirect_page, render_page

TEMPLATE = "portal/gallery_dialog.html"


def request(method: str = "GET", **headers: str) -> HttpRequest:
    made = RequestFactory().generic(method, "/list/?q=a", headers=headers)
    made.user = AnonymousUser()
    made.htmx = HtmxDetails(made)
    made._messages = CookieStorage(made)
    made.resolver_match = None
    return made


def page(made: HttpRequest) -> HttpResponse:
    return render_page(made, TEMPLATE, partial="gallery-dialog")


def test_without_htmx_the_whole_page_is_rendered() -> None:
    response = page(request())

    assert b"<!doctype html>" in response.content
    assert b'<h1 id="pane-title">' in response.content
    assert "HX-Request" in response["Vary"]


def test_with_htmx_only_the_part_is_rendered() -> None:
    response = page(request(**{"HX-Request": "true"}))

    assert b"<html" not in response.content
    assert b'<h2 id="pane-title" tabindex="-1">' in response.content
    assert "HX-Request" in response["Vary"]
    assert "HX-Push-Url" not in response


def test_when_htmx_restores_the_history_it_gets_the_page() -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    assert b"<!doctype html>" in page(request(**headers)).content


def test_a_list_takes_its_address_into_the_address_bar() -> None:
    response = page(request(**{"HX-Request": "true", "HX-Target": "list"}))

    assert response["HX-Push-Url"] == "/list/?q=a"


def test_a_list_that_is_read_again_is_no_step_back() -> None:
    here = "http://testserver/list/?q=a"
    headers = {"HX-Request": "true", "HX-Target": "list"}

    assert "HX-Push-Url" not in page(request(**headers, **{"HX-Current-URL": here}))
    before = page(request(**headers, **{"HX-Current-URL": f"{here}b"}))
    assert before["HX-Push-Url"] == "/list/?q=a"


def test_messages_of_a_list_follow_out_of_band() -> None:
    made = request("POST", **{"HX-Request": "true"})
    success(made, "3 licenses assigned.")

    response = close_pane(made, "/licenses/", changed="licenses:changed")

    assert b'hx-swap-oob="beforeend:#messages"' in response.content
    assert b"3 licenses assigned." in response.content
    assert response["HX-Trigger"] == '{"licenses:changed": {"target": "body"}}'


def test_a_pane_that_is_a_page_goes_back_by_redirect() -> None:
    response = close_pane(request("POST"), "/licenses/", changed="licenses:changed")

    assert (response.status_code, response["Location"]) == (302, "/licenses/")


def test_a_redirect_reaches_the_browser_also_through_htmx() -> None:
    response = redirect_page(request(**{"HX-Request": "true"}), "/orders/")

    assert (response.status_code, response["HX-Redirect"]) == (200, "/orders/")
    assert redirect_page(request(), "/orders/").status_code == 302
