"""What production's values must be like, alone and together: one sentence each."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from stdnum.eu import vat

from selfservice.settings.environment import refuse

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def refuse_address(*, base_url: str, hosts: list[str], https: bool) -> None:
    """Mails link to the portal's address, so it must be one that it answers to."""
    parts = urlsplit(base_url)
    refuse(
        "*" not in hosts,
        "ALLOWED_HOSTS is *: name the portal's own host names, or links in mails could"
        " be made to lead elsewhere.",
    )
    refuse(
        bool(parts.hostname) and parts.path in {"", "/"} and not parts.query,
        f"PORTAL_BASE_URL is {base_url!r}: set it to the portal's address without a"
        " path, like https://portal.example.com.",
    )
    refuse(
        parts.scheme == "https" or not https,
        f"PORTAL_BASE_URL is {base_url!r}, but everything is sent to HTTPS: start it"
        " with https://, or set SECURE_SSL_REDIRECT to 0.",
    )
    named = [host for host in hosts if not host.startswith(".")]
    below = tuple(host for host in hosts if host.startswith("."))
    refuse(
        parts.hostname in named or f".{parts.hostname}".endswith(below or ("?",)),
        f"PORTAL_BASE_URL names {parts.hostname}, which ALLOWED_HOSTS does not: add it"
        " there.",
    )


def refuse_secret(secret: str) -> None:
    refuse(
        len(secret) >= 50 and len(set(secret)) >= 5,
        "SECRET_KEY is too short to be secret: set it to 50 random characters or more.",
    )


def refuse_stripe(*, secret: str, publishable: str, webhook: str, base: str) -> None:
    """Keys of one account's one mode; a live key never goes to a stand-in."""
    refuse(
        secret.startswith(("sk_", "rk_")) and publishable.startswith("pk_"),
        "STRIPE_SECRET_KEY must start with sk_ or rk_, STRIPE_PUBLISHABLE_KEY with pk_:"
        " they may have been swapped.",
    )
    refuse(
        all(part.strip().startswith("whsec_") for part in webhook.split(",")),
        "STRIPE_WEBHOOK_SECRET must start with whsec_: copy the signing secret of the"
        " endpoint, not its id.",
    )
    refuse(
        not (base and "_live_" in secret),
        "STRIPE_SECRET_KEY is a live key, but STRIPE_API_BASE points elsewhere than"
        " Stripe. Remove STRIPE_API_BASE, or use a test key.",
    )
    refuse(
        ("_live_" in secret) == ("_live_" in publishable),
        "STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes:"
        " use two live keys or two test keys.",
    )


def refuse_seller(*, country: str, number: str) -> None:
    """The country decides about tax, so the VAT number must be of it."""
    refuse(
        len(country) == 2 and country.isascii() and country.isupper(),
        f"SELLER_COUNTRY is {country!r}: set it to the two letters of a country,"
        " like NL.",
    )
    # Greece writes EL before its numbers.
    prefix = "EL" if country == "GR" else country
    if prefix.lower() not in vat.MEMBER_STATES:
        return
    refuse(
        number.upper().startswith(prefix) and vat.is_valid(number),
        f"SELLER_VAT is {number!r}, which is no VAT number of {country}: correct it, or"
        " correct SELLER_COUNTRY.",
    )


def refuse_mail(*, host: str, user: str, password: str, tls: bool) -> None:
    refuse(
        bool(user) == bool(password),
        "Set both SMTP_USER and SMTP_PASSWORD, or neither: one of them is missing.",
    )
    refuse(
        tls or not user or host in _LOOPBACK,
        "SMTP_PASSWORD would be sent in the clear: set SMTP_TLS to 1, or remove it.",
    )


def refuse_elsewhere(**addresses: str) -> None:
    """Whom we ask and believe: nobody on the way may answer for them."""
    for name, address in addresses.items():
        parts = urlsplit(address)
        refuse(
            not address or parts.scheme == "https" or parts.hostname in _LOOPBACK,
            f"{name} is {address!r}: start it with https://, or anybody on the way"
            " could answer in its place.",
        )


def refuse_databases(databases: dict[str, dict[str, Any]], *, pooled: bool) -> None:
    """What the reader must not do, its role keeps it from."""
    apart = databases["oversight"]["USER"] != databases["default"]["USER"]
    refuse(
        apart or not pooled,
        "PGBOUNCER is set, so OVERSIGHT_DATABASE_URL must name the role that can only"
        " read (manage.py oversight_sql makes it): a pooler hands no read-only option"
        " on.",
    )


def refuse_watching(*, token: str, traces: str) -> None:
    refuse(
        not token or len(token) >= 16,
        "METRICS_TOKEN is too short to be secret: set it to 16 random characters or"
        " more, or remove it.",
    )
    refuse(
        not traces or traces.startswith(("http://", "https://")),
        f"OTEL_EXPORTER_OTLP_ENDPOINT is {traces!r}: set it to the collector's address,"
        " like http://127.0.0.1:4318.",
    )
    refuse(
        not traces or find_spec("opentelemetry") is not None,
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages that send traces are"
        " missing: install requirements-traces.txt, or remove it.",
    )
