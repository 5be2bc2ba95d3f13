"""Values from the environment; a wrong one ends the start with a sentence."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def required(name: str) -> str:
    """The value; without it the start ends here."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"Set {name}: production does not start without it.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """1 or 0; empty is the default."""
    value = os.environ.get(name, "").strip()
    if value not in {"", "0", "1"}:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to 1 or 0.")
    return value == "1" if value else default


def number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number, `least` or more; empty is the default."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: set it to a whole number, {least} or more."
        )
    return int(value)


def chosen(name: str, default: str, *others: str) -> str:
    """One of these words; empty is the default."""
    value = os.environ.get(name, "").strip() or default
    if value not in {default, *others}:
        words = " or ".join((default, *others))
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to {words}.")
    return value


def refuse(unless: bool, sentence: str) -> None:
    """End the start with this sentence, unless."""
    if not unless:
        raise ImproperlyConfigured(sentence)
