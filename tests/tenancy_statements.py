"""Which tables of a statement are kept to one organization, read from its SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

_TABLE = re.compile(r'(?:FROM|JOIN|UPDATE)\s+"(\w+)"(?:\s+"?([TUVW]\d+)\b"?)?')
_NAMED = r'"?(\w+)"?\."organization_id"'
# An equality with a value, a list of values, or the column of another table.
_KEPT = re.compile(rf"{_NAMED} (?:= %s|= \'|=\s*\(?%s|IN \()|{_NAMED} = \({_NAMED}\)")
_EQUAL = re.compile(rf"{_NAMED} = \(?{_NAMED}")


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every statement that is run in the block, with %s for its values."""
    seen: list[str] = []

    def note(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return run(sql, *rest)

    with (
        connections["default"].execute_wrapper(note),
        connections["oversight"].execute_wrapper(note),
    ):
        yield seen


def loose(sql: str, tables: frozenset[str]) -> set[str]:
    """The tables of organizations that the statement does not keep to one."""
    if sql.lstrip().startswith("INSERT"):
        return set()
    named = {alias or table: table for table, alias in _TABLE.findall(sql)}
    kept = {found[0] for found in _KEPT.findall(sql) if found[0]}
    pairs = [(a, b) for a, b in _EQUAL.findall(sql)]
    while more := {x for p in pairs for x in p if set(p) & kept} - kept:
        kept |= more
    return {t for alias, t in named.items() if t in tables and alias not in kept}
