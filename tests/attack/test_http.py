"""What a stranger sends who has nothing but the address."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.attack.conftest import Attacked

POST = b"POST /stripe/webhook/ HTTP/1.1\r\nHost: %s\r\n"
GET = b"GET /accounts/login/ HTTP/1.1\r\nHost: %s\r\n"
# Each is one request, and gets one answer: nothing is left over for the next one.
RAW = {
    "both lengths": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + GET
    + b"\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 9\r\n\r\n",
    "no such coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a length of letters": POST + b"Content-Length: abc\r\n\r\n",
    "a length below zero": POST + b"Content-Length: -5\r\n\r\n",
    "a NUL in a header": GET + b"X-A: a\0b\r\n\r\n",
    "two hosts": GET + b"Host: evil.example\r\n\r\n",
    "a foreign host": b"GET / HTTP/1.1\r\nHost: evil.example\r\nX: %s\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nX: %s\r\n\r\n",
    "no HTTP": b"GET / %s\r\n\r\n",
}
HEADERS: list[dict[str, str]] = [
    {"X-Forwarded-Host": "evil.example"},
    {"Forwarded": "host=evil.example"},
    {"X-Original-URL": "/oversight/purchases/"},
    {"X-Rewrite-URL": "/oversight/purchases/"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-Forwarded-Prefix": "/evil.example"},
    {"X-Forwarded-Proto": "javascript"},
    {"Remote-User": "carla@noordzee.example"},
    {"HX-Request": "true", "HX-Current-URL": "http://evil.example"},
    {"Range": "bytes=0-1,2-3,-9"},
    {"Accept-Encoding": "x" * 5000},
]
ELSEWHERE = [
    *("//evil.example/", "/%5cevil.example/", "/%2f%2fevil.example"),
    "//evil.example/%2e%2e",
    *(
        f"{path}={target}"
        for path in (
            "/accounts/login/?next",
            "/accounts/logout/?next",
            "/accounts/reauthenticate/?next",
            "/billing/profiles/new/?back",
        )
        for target in ("//evil.example", "https:evil.example", "/%5cevil.example")
    ),
]
FILES = [
    *("/static/../manage.py", "/static/..%2fmanage.py", "/static/css/..%5c..%5cx"),
    *("/static/%2e%2e/%2e%2e/etc/passwd", "/demo/mailbox/..%2f..%2fsecrets/"),
]


def ask(attacked: Attacked, path: str, **headers: str) -> requests.Response:
    """As Anna, and the address as it is written here."""
    request = requests.Request("GET", attacked.base + path, headers=headers)
    web = requests.Session()
    web.cookies.update(attacked.people["anna"].web.cookies)
    prepared = web.prepare_request(request)
    prepared.url = attacked.base + path
    return web.send(prepared, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_request(attacked: Attacked, name: str) -> None:
    place = urlsplit(attacked.base)
    with socket.create_connection((place.hostname, place.port), timeout=5) as line:
        line.sendall(RAW[name].replace(b"%s", place.netloc.encode()))
        line.settimeout(2)
        said = b""
        try:
            while part := line.recv(65536):
                said += part
        except TimeoutError:
            pass

    assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), said[:80]
    assert said.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_headers_that_somebody_might_believe(
    attacked: Attacked, headers: dict[str, str]
) -> None:
    answer = ask(attacked, "/products/", **headers)

    assert answer.status_code == 200
    assert "evil" not in answer.text + str(answer.headers)
    assert "Self-service purchases</h1>" not in answer.text


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_leads_elsewhere(attacked: Attacked, path: str) -> None:
    answer = ask(attacked, path)

    assert answer.status_code in {200, 302, 404}
    assert "evil" not in answer.headers.get("Location", "").partition("?")[0]
    for sent in ("href", "action", "hx-get"):
        for start in ("//", "https:", "/%5c", "/\\"):
            assert f'{sent}="{start}evil' not in answer.text


def test_signing_in_and_out_leads_nowhere_else(attacked: Attacked) -> None:
    csrf = attacked.people["anna"]._csrf()
    for target in ("//evil.example", "https:evil.example", "/\\evil.example"):
        web = requests.Session()
        web.get(f"{attacked.base}/accounts/login/", timeout=30)
        form = {"login": "rik@noordzee.example", "password": "demo", "next": target}
        for page in ("login", "logout"):
            form["csrfmiddlewaretoken"] = web.cookies.get_dict()[csrf]
            answer = web.post(
                f"{attacked.base}/accounts/{page}/",
                data=form,
                allow_redirects=False,
                timeout=30,
            )
            assert answer.status_code == 302
            assert "evil" not in answer.headers["Location"]


@pytest.mark.parametrize("path", FILES)
def test_no_file_of_ours(attacked: Attacked, path: str) -> None:
    answer = ask(attacked, path)

    assert answer.status_code == 404


def hook(
    attacked: Attacked, body: bytes, at: float, secret: str, times: int
) -> set[int]:
    signed = f"{int(at)}.".encode() + body
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={int(at)},v1={signature}"}

    def send(_nth: int) -> int:
        url = f"{attacked.base}/stripe/webhook/"
        return requests.post(url, data=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(times) as pool:
        return set(pool.map(send, range(times)))


def event(name: str, about: Any) -> bytes:
    return json.dumps(
        {
            **{"id": name, "object": "event", "type": "customer.subscription.deleted"},
            **{"created": int(time.time()), "livemode": False, "request": None},
            "data": {"object": about},
        }
    ).encode()


def test_events_are_believed_only_as_a_hint(attacked: Attacked) -> None:
    secret = attacked.environment()["STRIPE_WEBHOOK_SECRET"]
    own = attacked.owned["bram"]["stripe_id"]
    body = event("evt_forged", {"id": own, "status": "canceled", "customer": "cus_x"})
    now = time.time()

    assert hook(attacked, body, now, "whsec_other", 1) == {400}
    assert hook(attacked, body, now - 3600, secret, 1) == {400}
    # Even with Stripe's own secret: what happened is read from Stripe.
    assert hook(attacked, body, now, secret, 10) == {200}

    for nth, odd in enumerate(([], "x", {"id": None}, {"id": ["a"]}, {"id": "a\0b"})):
        odd_one = event(f"evt_odd{nth}", odd)
        assert hook(attacked, odd_one, now, secret, 1) <= {200, 400}
    for odd_body in (b"", b"[]", b"null", b"\xff", b'{"id": 1}'):
        assert hook(attacked, odd_body, now, secret, 1) == {400}
    time.sleep(8)
    sql = "SELECT stripe_status FROM subscriptions_subscription WHERE id = '{}'"
    state = attacked.query(sql.format(attacked.owned["bram"]["subscription"]))
    assert state == [("active",)]
    waiting = "SELECT count(*) FROM billing_stripeevent WHERE processed_at IS NULL"
    assert attacked.query(waiting) == [(0,)]


def test_a_session_that_somebody_else_chose_is_not_taken(attacked: Attacked) -> None:
    csrf = attacked.people["anna"]._csrf()
    name, chosen = csrf.replace("csrf", "session"), "chosenbysomebodyelse0000000000"
    web = requests.Session()
    web.get(f"{attacked.base}/accounts/login/", timeout=30)
    form = {"login": "bram@noordzee.example", "password": "demo"}
    form["csrfmiddlewaretoken"] = web.cookies.get_dict()[csrf]

    signed_in = web.post(
        f"{attacked.base}/accounts/login/",
        data=form,
        headers={"Cookie": f"{csrf}={form['csrfmiddlewaretoken']}; {name}={chosen}"},
        allow_redirects=False,
        timeout=30,
    )

    assert signed_in.status_code == 302
    assert signed_in.cookies.get_dict()[name] != chosen
    theirs = requests.get(
        f"{attacked.base}/products/",
        cookies={name: chosen},
        allow_redirects=False,
        timeout=30,
    )
    assert theirs.status_code == 302
