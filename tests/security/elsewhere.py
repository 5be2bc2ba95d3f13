"""An identity provider in a process of its own, and a browser that goes there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings

from selfservice.accounts.models import Organization, User
from selfservice.core.demo.ports import free_port
from tests.sandbox_process import ROOT

CLIENT, SECRET = "portal", "only-for-this-test"
# The directory's Object Ids: the provider numbers its people.
ANNAS = "1"


@pytest.fixture
def provider(
    live_server: Any, settings: Settings, noordzee: Organization
) -> Iterator[str]:
    """Its address; the portal under test takes its people for Noordzee's."""
    port = free_port()
    callback = f"{live_server.url}/accounts/oidc/organization/login/callback/"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.security.provider", str(port)),
            *(CLIENT, SECRET, callback, "anna", "stranger"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    address = f"http://127.0.0.1:{port}"
    app = {
        "provider_id": "organization",
        "name": "Noordzee",
        "client_id": CLIENT,
        "secret": SECRET,
        "settings": {"server_url": address, "organization": noordzee.slug},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
    }
    yield address
    process.kill()
    process.stdout.close()
    process.wait()


def sign_in(
    portal: str, provider: str, name: str, web: requests.Session | None = None
) -> requests.Response:
    """What a browser does, from the portal's button on; the last answer."""
    web = web or requests.Session()
    page = web.get(f"{portal}/accounts/login/", timeout=30).text
    target = re.search(r'action="([^"]*/oidc/organization/login/[^"]*)"', page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert target, page
    assert token
    theirs = web.post(
        portal + target[1].replace("&amp;", "&"),
        data={"csrfmiddlewaretoken": token[1]},
        timeout=30,
    )
    if theirs.url.startswith(f"{portal}/my-licenses/"):
        return theirs  # it knew who that was, and asked nothing
    assert theirs.url.startswith(provider), theirs.url
    assert "code_challenge" in theirs.url
    return answer_there(web, theirs, {"login": name})


def answer_there(
    web: requests.Session, theirs: requests.Response, more: dict[str, str]
) -> requests.Response:
    """Fill in the provider's page and be led back; it may know who asks already."""
    form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', theirs.text)
    token = {"csrfmiddlewaretoken": form[1] if form else ""}
    return web.post(
        theirs.url, data={"password": "theirs", **token, **more}, timeout=30
    )


def named(person: User, subject: str) -> None:
    person.object_id = subject
    person.save()
