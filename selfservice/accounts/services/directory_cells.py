"""The cells of the admin center's "Export users" file: text in, values out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import sys
from collections.abc import Callable
from functools import cache

from babel.core import Locale
from django_countries.data import COUNTRIES

_ADDRESS = re.compile(r"[^@\s<>,;\"\x00-\x1f]+@[^@\s<>,;\"\x00-\x1f]+")
# Addresses of a person stand behind each other, each with its kind before it; a
# plus sign also stands in addresses.
_NEXT_PROXY = re.compile(r"[+;,|\s]+(?=[A-Za-z0-9]+:)")
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"", "false", "no", "0"})


class BadCell(ValueError):
    """A cell can't be used; the message is a sentence about its value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: its title, the field it gives, and how."""

    title: str
    field: str
    parse: Callable[[str], object]


def _clean(cell: str) -> str:
    """One line, single spaces, nothing invisible."""
    text = " ".join(cell.split())
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable()).strip()
    return text


def _text(longest: int) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        text = _clean(cell)
        if len(text) > longest:
            raise BadCell(f"This is longer than {longest} characters.")
        return sys.intern(text)

    return parse


def _name(cell: str) -> str:
    name = _text(256)(cell)
    if not name:
        raise BadCell("A person needs a name.")
    return name


def _address(cell: str) -> str:
    address = _text(254)(cell)
    if not address:
        raise BadCell("A person needs an address to sign in with.")
    if not _ADDRESS.fullmatch(address):
        raise BadCell(f"“{address}” is no address.")
    return address


def _primary(cell: str) -> str:
    """The address behind `SMTP:` in capitals; empty where there is none."""
    for proxy in _NEXT_PROXY.split(cell.strip()):
        if proxy.startswith("SMTP:"):
            return _address(proxy.removeprefix("SMTP:"))
    return ""


def _object_id(cell: str) -> str:
    return _text(64)(cell).lower()


def _may_sign_in(cell: str) -> bool:
    blocked = cell.strip().lower()
    if blocked not in _YES | _NO:
        raise BadCell(f"“{cell.strip()}” is neither True nor False.")
    return blocked in _NO


def _removed(cell: str) -> dt.datetime | None:
    stamp = _clean(cell)
    if not stamp:
        return None
    for read in (dt.datetime.fromisoformat, _american):
        try:
            instant = read(stamp)
        except ValueError:
            continue
        return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    raise BadCell(f"“{stamp}” is no date and time.")


def _american(stamp: str) -> dt.datetime:
    return dt.datetime.strptime(f"{stamp} +0000", "%m/%d/%Y %I:%M:%S %p %z")


def _country(cell: str) -> str:
    text = _clean(cell)
    code = countries().get(text.casefold(), "") if text else ""
    if text and not code:
        raise BadCell(f"“{text}” is no country; write its two letters, like NL.")
    return code


@cache
def countries() -> dict[str, str]:
    """Country codes by their two letters and by their English and Dutch names."""
    known: dict[str, str] = {}
    for language in ("en", "nl"):
        for code, name in Locale(language).territories.items():
            if code in COUNTRIES:
                known[name.casefold()] = known[code.casefold()] = code
    return known


UPN = Column("User principal name", "upn", _address)
NAME = Column("Display name", "display_name", _name)
PROXIES = Column("Proxy addresses", "email", _primary)
OBJECT_ID = Column("Object Id", "object_id", _object_id)
REQUIRED = (UPN, NAME)
COLUMNS = (
    *REQUIRED,
    PROXIES,
    OBJECT_ID,
    Column("First name", "first_name", _text(128)),
    Column("Last name", "last_name", _text(128)),
    Column("Department", "department", _text(128)),
    Column("Title", "title", _text(128)),
    Column("Usage location", "usage_location", _country),
    Column("Block credential", "is_active", _may_sign_in),
    Column("Soft deletion time stamp", "removed_at", _removed),
)
