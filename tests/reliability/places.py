"""The places where it matters what happens: every commit, and every call to Stripe."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

WRITES = ("INSERT", "UPDATE", "DELETE")
# What differs from one run to the next.
AN_ID = re.compile(r"_[A-Za-z0-9]{10,}|[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Just before a commit (`verb` is empty), a call, or the end of everything."""

    verb: str = ""
    path: str = ""
    end: bool = False

    @property
    def writes(self) -> bool:
        """A call that changes something at Stripe; a preview doesn't."""
        return self.verb not in {"", "GET"} and not self.path.endswith("preview")

    def __str__(self) -> str:
        if self.end:
            return "the end"
        return AN_ID.sub("…", f"{self.verb} {self.path}") if self.verb else "commit"


type Reach = Callable[[Place], None]


@contextmanager
def watching(reach: Reach) -> Iterator[None]:
    """Tell `reach` of every commit and every call of this process, before it is made.

    A statement outside any transaction is a commit too.
    """
    patch = pytest.MonkeyPatch()
    with ExitStack() as stack, patch.context() as patched:
        patched.setattr(BaseDatabaseWrapper, "_commit", _telling_commit(reach))
        patched.setattr(stripe.RequestsClient, "request", _telling_call(reach))
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(_telling_write(reach)))
        yield


def _telling_commit(reach: Reach) -> Callable[[BaseDatabaseWrapper], Any]:
    commit = BaseDatabaseWrapper._commit

    def telling(connection: BaseDatabaseWrapper) -> Any:
        reach(Place())
        return commit(connection)

    return telling


def _telling_call(reach: Reach) -> Callable[..., Any]:
    request = stripe.RequestsClient.request

    def telling(
        http: stripe.RequestsClient, method: str, url: str, *rest: Any, **named: Any
    ) -> Any:
        reach(Place(method.upper(), urlsplit(url).path))
        return request(http, method, url, *rest, **named)

    return telling


def _telling_write(reach: Reach) -> Callable[..., Any]:
    def telling(
        execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        alone = not context["connection"].in_atomic_block
        if alone and str(sql).lstrip().upper().startswith(WRITES):
            reach(Place())
        return execute(sql, params, many, context)

    return telling
