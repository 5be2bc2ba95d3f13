"""The mail that the demo would have sent: files that its mail backend wrote."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

# What the backend writes after each mail.
_BETWEEN = b"\n" + b"-" * 79 + b"\n"
_NAME = re.compile(r"([0-9]{8}-[0-9]{6}-[0-9]+)\.([0-9]+)")
# Newest files that are looked at; each has what one mail server's call took.
MOST = 300
# Characters.
SOURCE_SHOWN = 20_000
_PARSER = BytesParser(policy=policy.default)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One mail: `name` is its address here."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        return str(self.message["To"] or "")

    @property
    def sent_at(self) -> dt.datetime:
        return parsedate_to_datetime(str(self.message["Date"]))

    @property
    def files(self) -> list[tuple[int, str]]:
        """The attachments, by their place."""
        parts = enumerate(self.message.iter_attachments())
        return [(place, part.get_filename() or "?") for place, part in parts]

    @property
    def plain(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def source(self) -> str:
        """As it goes over the wire; the end of a long one is left out."""
        text = self.message.as_bytes().decode("utf-8", "replace")
        return text if len(text) < SOURCE_SHOWN else f"{text[:SOURCE_SHOWN]}\n…"

    @property
    def can_be_stopped(self) -> bool:
        """Whether the reader's mail program offers to stop mails like this one."""
        return "List-Unsubscribe-Post" in self.message

    def _part(self, kind: Literal["plain", "html"]) -> str:
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body is not None else ""


def newest() -> list[Found]:
    """The latest mails, what came last first.

    By the file's second: a mail about signing in is dated in real time, also when the
    demo's clock was moved on.
    """
    files = sorted(_folder().glob("*.log"), reverse=True)[:MOST]
    found = [mail for file in files for mail in reversed(_read(file))]
    return sorted(found, key=_came, reverse=True)


def _came(mail: Found) -> tuple[str, dt.datetime, str]:
    return mail.name[: len("20261130-132254")], mail.sent_at, mail.name


def mail_named(name: str) -> Found | None:
    """The mail with this address; null when there is none."""
    matched = _NAME.fullmatch(name)
    if matched is None:
        return None
    file = _folder() / f"{matched[1]}.log"
    mails = _read(file) if file.is_file() else []
    place = int(matched[2])
    return mails[place] if place < len(mails) else None


def _folder() -> Path:
    options: Any = settings.MAILERS["default"]["OPTIONS"]
    return Path(options["file_path"])


def _read(file: Path) -> list[Found]:
    """One that is just being written has no end yet, and is left out."""
    *whole, _rest = file.read_bytes().split(_BETWEEN)
    return [
        Found(f"{file.stem}.{place}", _PARSER.parsebytes(content))
        for place, content in enumerate(whole)
    ]
