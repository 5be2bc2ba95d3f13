"""What the pages share: a visit, an answer, a template with its words filled in."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from billing.sandbox.call import Call
from billing.sandbox.given import Given
from billing.sandbox.pages.words import say
from billing.sandbox.wire import ApiError, Obj, public

if TYPE_CHECKING:
    from billing.sandbox.server import Sandbox

WEB = Path(__file__).parents[1] / "web"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*;"
    " frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
)
type Form = dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser."""

    status: int
    content: str
    body: bytes
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """What a browser asks for. `steps` is what follows in the path."""

    sandbox: Sandbox
    verb: str
    steps: list[str]
    form: Form
    language: str

    def page(self, template: str, status: int = 200, /, **words: str) -> Page:
        """A template; words that are markup end in `_html`."""
        body = self.filled(template, **words)
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Language": self.language,
        }
        return Page(status, "text/html; charset=utf-8", body.encode(), headers)

    def filled(self, template: str, /, **words: str) -> str:
        """A template with its words, as markup."""
        safe = {
            name: value if name.endswith("_html") else html.escape(value)
            for name, value in words.items()
        }
        source = re.sub(
            r"\[\[(.+?)\]\]",
            lambda found: html.escape(say(self.language, found[1])),
            (WEB / template).read_text(),
        )
        return string.Template(source).substitute(safe, language=self.language)

    def card_fields(self) -> str:
        """Markup of the fields of a card; what was typed stays, but for the code."""
        form = self.form
        return self.filled(
            "card_fields.html",
            number=form.get("number", ""),
            month=form.get("exp_month", ""),
            year=form.get("exp_year", ""),
            name=form.get("name", ""),
        )

    def message(self, status: int, sentence: str) -> Page:
        return self.page("message.html", status, message=say(self.language, sentence))

    def challenge(self, action: str) -> Page:
        """The page of the bank; its form posts to `action`."""
        return self.page("challenge.html", action=action)

    def refusal(self, sentence: str) -> str:
        """Markup of why something was refused; empty for no sentence."""
        if not sentence:
            return ""
        text = html.escape(say(self.language, sentence))
        return f'<p class="refusal" role="alert">{text}</p>'

    def done(
        self, work: Callable[[Call], Obj], *ids: str
    ) -> tuple[Obj, ApiError | None]:
        """Do something in a transaction: the object, and how it was refused.

        It happens in the time of the customer that `ids` lead to.
        What was done before a refusal stays when the refusal says so.
        """
        refused: ApiError | None = None
        found: Obj = {}
        try:
            with self.sandbox.store.transaction():
                try:
                    call = Call(self.sandbox.store, Given({}), (), self.sandbox.base)
                    call.follow(*ids)
                    found = work(call)
                except ApiError as refusal:
                    if not refusal.keep:
                        raise
                    refused = refusal
        except ApiError as refusal:
            refused = refusal
        self.sandbox.courier.wake()
        return found, refused


def to_json(
    found: Obj, status: int = 200, headers: dict[str, str] | None = None
) -> Page:
    body = json.dumps(public(found)).encode()
    return Page(
        status,
        "application/json",
        body,
        {"Cache-Control": "no-store"} | (headers or {}),
    )


def see_other(url: str) -> Page:
    return Page(303, "text/plain", b"", {"Location": url})
