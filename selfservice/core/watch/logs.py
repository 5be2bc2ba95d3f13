"""Log lines as JSON, each with what it happened in, none with personal data.

Names are kept out by logging ids; addresses, paths (they may hold keys) and what a
database says of a row are taken out here, whoever logged them.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

# What the request or the job that a line belongs to is; shared by all its lines.
_facts: ContextVar[dict[str, str]] = ContextVar("facts_of_log_lines")

# Nothing else that a library attaches to a record is written.
_WRITTEN = (
    *("time", "level", "name", "message", "exc_info", "stack_info"),
    *("request", "job", "job_id", "user", "organization"),
    *("method", "route", "status", "ms"),
)
_ADDRESS = re.compile(r"[^\s\"'<>()\[\]=,;:|\\]+@[^\s\"'<>()\[\]=,;:|\\]+")
# What PostgreSQL adds to an error: the values of the row, the parameters.
_OF_A_ROW = re.compile(r"^\s*(DETAIL|CONTEXT|PARAMETERS):.*\n?", re.MULTILINE)


@contextmanager
def about(**facts: str) -> Iterator[dict[str, str]]:
    """Everything that is logged in the block says these facts."""
    told = dict(facts)
    token = _facts.set(told)
    try:
        yield told
    finally:
        _facts.reset(token)


def tell_of(**facts: str) -> None:
    """Add facts to the lines of the request or job that runs; else nothing."""
    known = _facts.get(None)
    if known is not None:
        known.update(facts)


def without_people(text: str) -> str:
    """The text without email addresses and without values of database rows."""
    return _ADDRESS.sub("[address]", _OF_A_ROW.sub("", text))


class WithoutPaths(logging.Filter):
    """Takes the path out of Django's lines: it may hold a key that lets people in."""

    def filter(self, record: logging.LogRecord) -> bool:
        path = getattr(getattr(record, "request", None), "path", None)
        if path and isinstance(record.args, tuple):
            record.args = tuple(
                "(path)" if argument == path else argument for argument in record.args
            )
        return True


class WithoutTraces(logging.Filter):
    """A page that was refused is one line: where it was raised says nothing new."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        if 400 <= getattr(record, "status_code", 0) < 500:
            # A copy: other handlers decide for themselves.
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return record


class StrangersMistake(logging.Filter):
    """Whoever knocks under a wrong name is worth a line, and no trace or alert."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return True


class JsonLines(JsonFormatter):
    """One line of JSON a record, with the facts of its request or job."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level"},
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        # Django attaches the request itself under the name of our fact: what it says
        # of a refusal it says when the request's block has ended.
        attached = getattr(log_data.pop("request", None), "log_facts", {})
        given = {**log_data, **attached, **_facts.get({})}
        return {
            name: without_people(value) if isinstance(value, str) else value
            for name in _WRITTEN
            if (value := given.get(name)) not in (None, "")
        }
