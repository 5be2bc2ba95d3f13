"""Production starts with what it needs, and else says in a sentence what is wrong."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from selfservice.settings import contradictions, environment

SETTINGS = Path(__file__).parents[2] / "selfservice" / "settings" / "production.py"
RIGHT = {
    "SECRET_KEY": "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_BASE_URL": "",
    "DATABASE_URL": "postgresql://portal@database.example/portal",
    "OVERSIGHT_DATABASE_URL": "",
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "STRIPE_API_BASE": "",
    "MAIL_FROM": "portal@portal.example",
    "SELLER_NAME": "Portal B.V.",
    "SELLER_ADDRESS": "Kade 1, 1011 AB Amsterdam",
    "SELLER_COUNTRY": "NL",
    "SELLER_VAT": "NL004495445B01",
}
REQUIRED = [name for name in RIGHT if RIGHT[name]]
WRONG = {
    "SECRET_KEY": [("short", "SECRET_KEY is too short")],
    "ALLOWED_HOSTS": [("*", "name the portal's own host names")],
    "PORTAL_BASE_URL": [
        ("http://portal.example", "everything is sent to HTTPS"),
        ("https://elsewhere.example", "ALLOWED_HOSTS does not"),
        ("https://portal.example/shop", "without a path"),
    ],
    "SECURE_SSL_REDIRECT": [("yes", "set it to 1 or 0")],
    "DATABASE_URL": [("mysql://database.example/x", "must look like postgresql://")],
    "STRIPE_SECRET_KEY": [
        ("pk_test_1", "may have been swapped"),
        ("sk_live_1", "of different modes"),
    ],
    "STRIPE_WEBHOOK_SECRET": [("we_1", "not its id")],
    "SELLER_COUNTRY": [("Netherlands", "two letters"), ("BE", "no VAT number of BE")],
    "SELLER_VAT": [("NL004495446B01", "no VAT number of NL")],
    "SMTP_PORT": [("smtp", "whole number, 1 or more"), ("0", "1 or more")],
    "SMTP_USER": [("portal", "one of them is missing")],
    "LOG_FORMAT": [("xml", "set it to json or line")],
}


def start(monkeypatch: pytest.MonkeyPatch, **changes: str) -> dict[str, Any]:
    for name, value in (RIGHT | changes).items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS))


def test_it_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = start(monkeypatch)

    assert settings["PORTAL_BASE_URL"] == "https://portal.example"
    assert settings["LOGGING"]["handlers"]["console"]["formatter"] == "json"


@pytest.mark.parametrize("missing", REQUIRED)
def test_it_does_not_start_without(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Set {missing}: production"):
        start(monkeypatch, **{missing: " "})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [(name, *case) for name, cases in WRONG.items() for case in cases],
)
def test_it_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence) as refused:
        start(monkeypatch, **{name: value})

    assert str(refused.value).endswith(".")


def test_a_live_key_never_goes_to_a_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="live key, but STRIPE_API_BASE"):
        start(
            monkeypatch,
            STRIPE_SECRET_KEY="sk_live_1",
            STRIPE_PUBLISHABLE_KEY="pk_live_1",
            STRIPE_API_BASE="http://127.0.0.1:12111",
        )


def test_a_password_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = {"SMTP_USER": "portal", "SMTP_PASSWORD": "secret", "SMTP_TLS": "0"}

    with pytest.raises(ImproperlyConfigured, match="in the clear"):
        start(monkeypatch, SMTP_HOST="mail.example", **mail)
    assert start(monkeypatch, SMTP_HOST="localhost", **mail)


def test_a_seller_outside_the_union_has_another_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert start(monkeypatch, SELLER_COUNTRY="CH", SELLER_VAT="CHE-123.456.788 MWST")
    assert start(monkeypatch, SELLER_COUNTRY="GR", SELLER_VAT="EL094259216")


def test_behind_a_pooler_the_reader_is_a_role_of_its_own() -> None:
    same = {"default": {"USER": "portal"}, "oversight": {"USER": "portal"}}
    apart = same | {"oversight": {"USER": "portal_oversight"}}

    with pytest.raises(ImproperlyConfigured, match="must name the role"):
        contradictions.refuse_databases(same, pooled=True)
    contradictions.refuse_databases(apart, pooled=True)


@pytest.mark.parametrize(
    ("token", "traces", "sentence"),
    [
        ("short", "", "METRICS_TOKEN is too short"),
        ("", "127.0.0.1:4318", "set it to the collector's address"),
    ],
)
def test_watching_is_configured_whole(token: str, traces: str, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        contradictions.refuse_watching(token=token, traces=traces)


def test_a_flag_that_is_off_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGBOUNCER", "0")

    assert environment.flag("PGBOUNCER", default=False) is False
