"""One API request: who asks, is it allowed, was it asked before, what is done."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import threading
import time

from billing.sandbox import clock, faults
from billing.sandbox.call import API_VERSION, Call
from billing.sandbox.contract import check_params, inspect, match
from billing.sandbox.expand import expand
from billing.sandbox.given import Given
from billing.sandbox.resources import HANDLERS
from billing.sandbox.store import Store, new_id
from billing.sandbox.wire import ApiError, Obj, decode, public

# Stripe keeps keys for at least a day; the portal can't count on more.
KEYS_LIVE_SECONDS = clock.DAY
type Headers = dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `text` is the form, or the query of a GET or DELETE."""

    verb: str
    path: str
    text: str
    # Their names in small letters.
    headers: Headers
    id: str = dataclasses.field(default_factory=lambda: new_id("req"))

    @property
    def key(self) -> str:
        """The idempotency key; only what a POST does can be done twice."""
        return self.headers.get("idempotency-key", "") if self.verb == "POST" else ""

    @property
    def whole(self) -> str:
        """What has to be the same when its key is."""
        return f"{self.verb} {self.path} {self.text}"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body, and headers beside those that all answers have."""

    status: int
    body: Obj
    headers: Headers = dataclasses.field(default_factory=dict)


class Api:
    """Stripe's API over a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.base = ""
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, request: Request, pause: float = 0) -> Answer:
        """Do it; `pause` seconds are spent while its key is at work."""
        try:
            check_caller(request.headers)
            if not request.key:
                return self._do(request)
            return self._once(request, pause)
        except ApiError as refusal:
            return Answer(refusal.status, refusal.body())

    def keep(self, request: Request, refusal: ApiError) -> Answer:
        """From now on this is the answer to the request's key, whatever was done."""
        answer = Answer(refusal.status, refusal.body())
        with self.store.transaction():
            self._remember(request, answer)
        return answer

    def _once(self, request: Request, pause: float) -> Answer:
        """The same key gives the same answer; raises ApiError while it is at work."""
        with self._lock:
            if request.key in self._under_way:
                raise faults.refusal(409)
            self._under_way.add(request.key)
        try:
            time.sleep(pause)
            return self._known(request) or self._do(request)
        finally:
            with self._lock:
                self._under_way.discard(request.key)

    def _known(self, request: Request) -> Answer | None:
        with self.store.lock:
            row = self.store.db.execute(
                "SELECT request, status, body FROM idempotency WHERE key = ?"
                " AND created > ?",
                (request.key, clock.now() - KEYS_LIVE_SECONDS),
            ).fetchone()
        if row is None:
            return None
        if row[0] != request.whole:
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters"
                " they were first used with.",
                status=400,
                kind="idempotency_error",
            )
        return Answer(row[1], json.loads(row[2]), {"Idempotent-Replayed": "true"})

    def _do(self, request: Request) -> Answer:
        try:
            with self.store.transaction():
                answer = self._perform(request)
                self._remember(request, answer)
        except ApiError as refusal:
            # A request that failed its checks was never begun: the key stays free.
            if refusal.status == 402:
                self.keep(request, refusal)
            raise
        return answer

    def _perform(self, request: Request) -> Answer:
        verb, path = request.verb, request.path
        found = match(verb, path)
        if found is None or found[0].name not in HANDLERS:
            raise ApiError(
                f"Unrecognized request URL ({verb}: {path}). The sandbox knows the"
                " operations that its README lists.",
                status=404,
            )
        operation, ids = found
        params = Given(check_params(operation, decode(request.text)))
        key = request.key or None
        call = Call(
            self.store,
            params,
            ids,
            self.base,
            path,
            key,
            request.id,
            names=tuple(re.findall(r"\{(\w+)\}", operation.path)),
        )
        if verb != "GET":
            # Looking at the parameters like this doesn't count as reading them.
            call.follow(*ids, *dict.values(params))
        try:
            answer = HANDLERS[operation.name](call)
        except ApiError as refusal:
            if not refusal.keep:
                raise
            return Answer(refusal.status, refusal.body())
        paths = params.get("expand", [])
        refuse_ignored(params)
        shown = public(expand(self.store, answer, operation.answers, paths))
        inspect(operation.name, shown, operation.answers)
        return Answer(200, dict(shown))

    def _remember(self, request: Request, answer: Answer) -> None:
        if request.key:
            body = json.dumps(answer.body)
            self.store.db.execute(
                "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)",
                (request.key, request.whole, answer.status, body, clock.now()),
            )


def refuse_ignored(params: Given) -> None:
    """What Stripe knows and the sandbox hasn't built is not passed over."""
    for name in params.ignored():
        raise ApiError(f"The sandbox doesn't know {name} yet.", param=name)


def check_caller(headers: Headers) -> None:
    """A secret test key, and the version that the sandbox speaks. Raises ApiError."""
    key = _key(headers.get("authorization", ""))
    if not key.startswith("sk_test_"):
        # Never more of it than that: it may be a real one.
        raise ApiError(
            f"Invalid API Key provided: {key[:8]}***. The sandbox takes keys that start"
            " with sk_test_."
            if key
            else "You did not provide an API key.",
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
