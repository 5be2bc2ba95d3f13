"""What production starts with, and that it doesn't start without."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from selfservice.accounts.models import User
from tests.cast import *
from tests.sandbox_process import ROOT

_SPEC = importlib.util.spec_from_file_location("checks", ROOT / ".ci" / "checks.py")
assert _SPEC
assert _SPEC.loader
_CHECKS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_CHECKS)
PRODUCTION: dict[str, str] = _CHECKS.PRODUCTION
NAMES = (
    "DEBUG",
    "DEMO",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE",
    "CSRF_COOKIE_HTTPONLY",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_PRELOAD",
    "SECURE_SSL_REDIRECT",
    "ACCOUNT_PREVENT_ENUMERATION",
    "ACCOUNT_RATE_LIMITS",
    "CACHES",
    "SECURE_CSP",
    "SECURE_CSP_REPORT_ONLY",
    "PASSWORD_HASHERS",
)
PROVIDER = {
    "OIDC_SERVER": "https://login.example/tenant/v2.0",
    "OIDC_CLIENT_ID": "portal",
    "OIDC_CLIENT_SECRET": "x",
    "OIDC_ORGANIZATION": "noordzee",
}
TELL = (
    "import json; from django.conf import settings;"
    f"print(json.dumps({{n: getattr(settings, n, None) for n in {NAMES!r}}}))"
)


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **PRODUCTION, **changes}
    return subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value != "-"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_is_strict() -> None:
    has: dict[str, Any] = json.loads(start().stdout)

    assert not has["DEBUG"]
    assert not has["DEMO"]
    for cookie in ("SESSION", "CSRF"):
        assert has[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert has[f"{cookie}_COOKIE_SECURE"]
        assert has[f"{cookie}_COOKIE_HTTPONLY"]
    assert has["SECURE_HSTS_SECONDS"] >= 31536000
    assert has["SECURE_SSL_REDIRECT"]
    # Of one person's password: five guesses, then five minutes.
    assert "5/5m/key" in has["ACCOUNT_RATE_LIMITS"]["login_failed"]
    assert "locmem" not in has["CACHES"]["default"]["BACKEND"]
    assert has["CACHES"]["default"]["OPTIONS"]["MAX_ENTRIES"] >= 100_000
    assert not has["SECURE_CSP_REPORT_ONLY"]
    assert "MD5" not in has["PASSWORD_HASHERS"][0]
    assert "unsafe" not in str(has["SECURE_CSP"])


def test_the_identity_provider_may_be_a_target_of_the_sign_in_form() -> None:
    has = json.loads(start(**PROVIDER).stdout)

    assert "https://login.example" in has["SECURE_CSP"]["form-action"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": "-"}, "Set SECRET_KEY"),
        ({"ALLOWED_HOSTS": "-"}, "Set ALLOWED_HOSTS"),
        ({"STRIPE_WEBHOOK_SECRET": "-"}, "Set STRIPE_WEBHOOK_SECRET"),
        ({"OIDC_SERVER": "https://x.example"}, "set OIDC_CLIENT_ID"),
        ({**PROVIDER, "OIDC_SERVER": "http://x.example"}, "OIDC_SERVER is 'http://"),
        ({"VIES_URL": "http://x.example"}, "VIES_URL is 'http://"),
    ],
)
def test_it_does_not_start_without(changes: dict[str, str], sentence: str) -> None:
    started = start(**changes)

    assert started.returncode
    assert sentence in started.stderr


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        r"\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "\x00//evil.example",
    ],
)
def test_no_way_leads_elsewhere(client: Client, anna: User, target: str) -> None:
    switched = client.post("/language/", {"language": "nl", "next": target})
    signed_in = client.post(
        f"/accounts/login/?{'next'}={target}",
        {"login": anna.email, "password": "demo", "next": target},
    )
    moved = client.post("/demo/clock/", {"days": "none", "back": target})

    for answer in (switched, signed_in, moved):
        place = answer.get("Location", "/")
        assert place.startswith("/"), place
        assert not place.startswith(("//", "/\\")), place


def test_a_log_line_stays_one_line(
    client: Client, anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(anna)
    with caplog.at_level(logging.INFO):
        client.get("/marketplace/x%0A2026-01-01 ERROR forged/")
        client.get("/nothing%0d%0aERROR forged", headers={"Referer": "x\r\ny"})

    assert caplog.messages
    assert not any(sign in line for line in caplog.messages for sign in "\r\n")


@pytest.mark.parametrize(
    "form", [{"login": "x" * 2_700_000}, {f"field{n}": "" for n in range(1100)}]
)
def test_too_much_is_refused_and_no_alarm(
    client: Client, form: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    body = urlencode(form)

    answer = client.post(
        "/accounts/login/", body, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code in {400, 413}
    told = [each for each in caplog.records if each.name.startswith("django.security")]
    assert [(each.levelname, each.exc_info) for each in told] == [("WARNING", None)]


def test_another_host_is_not_answered_and_no_alarm(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]

    answer = client.get("/accounts/login/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    told = [each for each in caplog.records if "evil.example" in each.getMessage()]
    assert [(each.levelname, each.exc_info) for each in told] == [("WARNING", None)]
