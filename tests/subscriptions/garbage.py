"""The worst of input, and what an answer to it may be."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.test import Client
from django.utils.html import escape
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

NASTY = [
    "",
    " ",
    "0",
    "-1",
    "1.5",
    "1e9",
    "1000000000000",
    "100001",
    "9" * 5000,
    "٣",
    "²",
    "NaN",
    "\x00",
    "a\x00b",
    "x" * 3000,
    ".",
    "..",
    "../../v1/customers",
    "a/b?c=d#e",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%s%n{0}{{ x }}",
    "{CHECKOUT_SESSION_ID}",
    "\u202egarbage\ufffe",
    "line\r\nline",
    "none",
    "new",
    str(uuid.UUID(int=0)),
    "01a20000-0000-7000-8000-00000000ffff",
]
nasty = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=30),
    st.integers(-(10**20), 10**20).map(str),
)
# The same words each time, and few: what they find is kept as an example of its own.
few = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Bytes that are no UTF-8, a lone half of a pair, broken escapes.
BROKEN = ["%FF%FE", "%C3", "%ED%A0%80", "%", "%zz", "%00", "+%F0%9F"]
HTMX = [{}, {"HX-Request": "true", "HX-Target": "pane"}]


def raw_query(fields: Mapping[str, str]) -> str:
    """Every name once as it is and once with broken bytes."""
    plain = [f"{name}={quote(value)}" for name, value in fields.items()]
    broken = [
        f"{name}={BROKEN[at % len(BROKEN)]}" for at, name in enumerate([*fields, ""])
    ]
    return "&".join([*broken, *plain])


def looked_at(web: Client, url: str, fields: Mapping[str, str]) -> None:
    """Read with such a query: a page, another page, or none."""
    queries = (raw_query(fields), raw_query(dict(reversed(fields.items()))))
    for headers, query in zip(HTMX, queries, strict=True):
        answer = web.get(f"{url}?{query}", headers=headers)
        assert answer.status_code in {200, 302, 404}, query


def sent(web: Client, url: str, data: Mapping[str, Any]) -> list[Any]:
    """Sent as a page and as a pane; the answers, each with its sentence."""
    answers = [web.post(url, data, headers=headers) for headers in HTMX]
    for answer in answers:
        assert answer.status_code in {200, 204, 302, 404, 409, 422}, data
        if answer.status_code in {409, 422}:
            html = answer.content.decode()
            assert 'role="alert"' in html or 'class="error"' in html, data
    return answers


def keeps(answer: Any, value: str) -> bool:
    """Whether what was typed still stands there."""
    html = answer.content.decode()
    return str(escape(value)) in html
