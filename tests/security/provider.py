"""An identity provider of its own: a second site, in a process of its own.

    python -m tests.security.provider PORT CLIENT_ID SECRET CALLBACK SUBJECT…

Everybody's password is `theirs`; a subject is also the user's name there. It tells when
it last asked somebody (`auth_time`), unless SILENT is set.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path

# Filled once the settings are there.
urlpatterns: list[Any] = []

APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def configure() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    settings.configure(
        SECRET_KEY="theirs",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:provider?mode=memory&cache=shared",
            }
        },
        INSTALLED_APPS=APPS,
        MIDDLEWARE=MIDDLEWARE,
        TEMPLATES=TEMPLATES,
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_RATE_LIMITS=False,
        SESSION_COOKIE_NAME="theirs",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        IDP_OIDC_PRIVATE_KEY=pem.decode(),
        IDP_OIDC_ADAPTER="tests.security.provider_adapter.Telling",
        USE_TZ=True,
    )
    django.setup()
    urlpatterns.append(path("", include("allauth.idp.urls")))
    urlpatterns.append(path("accounts/", include("allauth.urls")))
    call_command("migrate", verbosity=0)


def fill(client_id: str, secret: str, callback: str, subjects: list[str]) -> None:
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User

    client = Client(
        id=client_id,
        name="Portal",
        scopes="openid\nprofile\nemail",
        redirect_uris=callback,
        skip_consent=True,
    )
    client.set_secret(secret)
    client.save()
    for number, subject in enumerate(subjects, 1):
        # Their numbers are the subjects that the provider tells by default.
        User.objects.create_user(subject, f"x{number}@theirs.example", "theirs")


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *given: Any) -> None:
        return


def main() -> None:
    port, client_id, secret, callback, *subjects = sys.argv[1:]
    configure()
    fill(client_id, secret, callback, subjects)
    # Before anybody signs in.
    from django.core.wsgi import get_wsgi_application

    import_module("tests.security.provider_adapter")

    server = make_server(
        "127.0.0.1", int(port), get_wsgi_application(), handler_class=Quiet
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
