"""One API request: who asks, is it allowed, was it asked before, what is done."""

from __future__ import annotations

import base64
import json
import threading
import time

from billing.sandbox.call import API_VERSION, Call
from billing.sandbox.contract import check_params, inspect, match
from billing.sandbox.expand import expand
from billing.sandbox.given import Given
from billing.sandbox.resources import HANDLERS
from billing.sandbox.store import Store, new_id
from billing.sandbox.wire import ApiError, Obj, decode, public

KEYS_LIVE_SECONDS = 30 * 24 * 3600
type Headers = dict[str, str]


class Api:
    """Stripe's API over a store. Answers are a status and a body."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.base = ""
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def answer(
        self, verb: str, path: str, text: str, headers: Headers, pause: float = 0
    ) -> tuple[int, Obj]:
        """Do one request. `text` is the form, or the query of a GET or DELETE.

        `pause` seconds are spent while its key is at work.
        """
        try:
            check_caller(headers)
            key = headers.get("idempotency-key", "") if verb == "POST" else ""
            if not key:
                return self._do(verb, path, text, None)
            return self._once(key, verb, path, text, pause)
        except ApiError as refusal:
            return refusal.status, refusal.body()

    def _once(
        self, key: str, verb: str, path: str, text: str, pause: float
    ) -> tuple[int, Obj]:
        """The same key gives the same answer; raises ApiError while it is at work."""
        with self._lock:
            if key in self._under_way:
                raise ApiError(
                    "There is another request in progress with this Idempotency-Key.",
                    "idempotency_key_in_use",
                    status=409,
                    kind="idempotency_error",
                )
            self._under_way.add(key)
        try:
            time.sleep(pause)
            return self._known(key, verb, path, text) or self._do(verb, path, text, key)
        finally:
            with self._lock:
                self._under_way.discard(key)

    def _known(
        self, key: str, verb: str, path: str, text: str
    ) -> tuple[int, Obj] | None:
        with self.store.lock:
            row = self.store.db.execute(
                "SELECT request, status, body FROM idempotency WHERE key = ?"
                " AND created > ?",
                (key, time.time() - KEYS_LIVE_SECONDS),
            ).fetchone()
        if row is None:
            return None
        if row[0] != f"{verb} {path} {text}":
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters"
                " they were first used with.",
                status=400,
                kind="idempotency_error",
            )
        return row[1], json.loads(row[2])

    def _do(self, verb: str, path: str, text: str, key: str | None) -> tuple[int, Obj]:
        try:
            with self.store.transaction():
                status, body = self._perform(verb, path, text, key)
                self._remember(key, f"{verb} {path} {text}", status, body)
        except ApiError as refusal:
            # A request that failed its checks was never begun: the key stays free.
            if refusal.status == 402:
                with self.store.transaction():
                    request = f"{verb} {path} {text}"
                    self._remember(key, request, refusal.status, refusal.body())
            raise
        return status, body

    def _perform(
        self, verb: str, path: str, text: str, key: str | None
    ) -> tuple[int, Obj]:
        found = match(verb, path)
        if found is None or found[0].name not in HANDLERS:
            raise ApiError(
                f"Unrecognized request URL ({verb}: {path}). The sandbox knows the"
                " operations that its README lists.",
                status=404,
            )
        operation, ids = found
        params = Given(check_params(operation, decode(text)))
        call = Call(self.store, params, ids, self.base, path, key, new_id("req"))
        if verb != "GET":
            # Looking at the parameters like this doesn't count as reading them.
            call.follow(*ids, *dict.values(params))
        try:
            answer = HANDLERS[operation.name](call)
        except ApiError as refusal:
            if not refusal.keep:
                raise
            return refusal.status, refusal.body()
        paths = params.get("expand", [])
        refuse_ignored(params)
        shown = public(expand(self.store, answer, operation.answers, paths))
        inspect(operation.name, shown, operation.answers)
        return 200, dict(shown)

    def _remember(self, key: str | None, request: str, status: int, body: Obj) -> None:
        if key:
            self.store.db.execute(
                "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)",
                (key, request, status, json.dumps(body), time.time()),
            )


def refuse_ignored(params: Given) -> None:
    """What Stripe knows and the sandbox hasn't built is not passed over."""
    for name in params.ignored():
        raise ApiError(f"The sandbox doesn't know {name} yet.", param=name)


def check_caller(headers: Headers) -> None:
    """A secret test key, and the version that the sandbox speaks. Raises ApiError."""
    key = _key(headers.get("authorization", ""))
    if not key.startswith("sk_test_"):
        raise ApiError(
            "Invalid API Key: the sandbox takes keys that start with sk_test_.",
            "api_key_invalid",
            status=401,
        )
    version = headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise ApiError(
            f"The sandbox speaks version {API_VERSION}, not {version}.", status=400
        )


def _key(authorization: str) -> str:
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value).decode().split(":")[0]
        except ValueError:
            return ""
    return value.strip()
