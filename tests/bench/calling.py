"""Asking the application in this process, and what that took."""

from __future__ import annotations

import io
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.template import engines, loader
from django.test import override_settings

from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import SIGNED_IN_AT

TOKEN = "c" * 32


def signed_in(user: User, *, plain: bool = False) -> str:
    """The cookies of a session of theirs; `plain` is read as Django reads people."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1 if plain else 0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SIGNED_IN_AT] = time.time()
    session.create()
    return (
        f"{settings.SESSION_COOKIE_NAME}={session.session_key};"
        f" {settings.CSRF_COOKIE_NAME}={TOKEN}"
    )


class Application:
    """The portal, or with `plain` the middleware that yardsticks have."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain, self._cookies = plain, dict[uuid.UUID, str]()
        chosen = settings.PLAIN if plain else settings.PORTAL
        with override_settings(**chosen):
            self._handler = WSGIHandler()

    def ask(
        self, url: str, reader: User, *, htmx: bool = False, body: bytes | None = None
    ) -> tuple[int, bytes]:
        if reader.pk not in self._cookies:
            self._cookies[reader.pk] = signed_in(reader, plain=self._plain)
        path, _mark, query = url.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET" if body is None else "POST",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_COOKIE": self._cookies[reader.pk],
            "HTTP_ACCEPT_LANGUAGE": "en",
            "wsgi.input": io.BytesIO(body or b""),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "CONTENT_LENGTH": str(len(body or b"")),
        }
        if htmx:
            environ |= {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "list"}
        if body is not None:
            environ["HTTP_X_CSRFTOKEN"] = TOKEN
            environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        said: list[str] = []
        response = self._handler(environ, lambda status, headers: said.append(status))
        content = b"".join(response)
        response.close()
        return int(said[0][:3]), content


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Let only this engine render, or all in their order when it is "fast"."""
    chosen = engines.all() if name == "fast" else [engines["stock"]]
    before = loader._engine_list
    loader._engine_list = lambda using=None: [engines[using]] if using else chosen
    try:
        yield
    finally:
        loader._engine_list = before


class Statements:
    """How many statements a request took, and how long all of them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.texts: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, *asked: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, *asked)
        finally:
            self.seconds.append(time.perf_counter() - begun)
            self.texts.append(sql)


@contextmanager
def watched() -> Iterator[Statements]:
    statements = Statements()
    for connection in connections.all():
        connection.execute_wrappers.append(statements)
    try:
        yield statements
    finally:
        for connection in connections.all():
            connection.execute_wrappers.remove(statements)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """p50 and p95, in milliseconds."""
    ordered = sorted(seconds)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return statistics.median(ordered) * 1000, high * 1000
