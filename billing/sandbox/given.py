"""Parameters that know whether anybody looked at them.

Stripe's contract has many more parameters than the sandbox has behaviour for. One that
no handler reads must be refused: quietly ignored, it would work here and not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Given(dict[str, Any]):
    """A request's parameters; reading one marks it."""

    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__({key: _watched(value) for key, value in params.items()})
        self._unread = set(params)

    def __getitem__(self, key: str) -> Any:
        self._unread.discard(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._unread.discard(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        # A filter may find nothing to compare with; asking for it is enough.
        self._unread.discard(str(key))
        return super().__contains__(key)

    def accept(self, *names: str) -> None:
        """Take parameters that change nothing here."""
        self._unread.difference_update(names)

    def __iter__(self) -> Iterator[str]:
        # Whoever takes all of them takes responsibility for all of them.
        self._unread.clear()
        return super().__iter__()

    def keys(self) -> Any:
        self._unread.clear()
        return super().keys()

    def values(self) -> Any:
        self._unread.clear()
        return super().values()

    def items(self) -> Any:
        self._unread.clear()
        return super().items()

    def place_of(self, wanted: str) -> str:
        """Where a value was given, as `items[0][price]`; empty for nowhere."""
        return _place_of(self, wanted, "")

    def ignored(self, path: str = "") -> list[str]:
        """The parameters that nobody read, as `items[0][discounts]`."""
        found: list[str] = []
        for key, value in super().items():
            place = f"{path}[{key}]" if path else key
            if key in self._unread:
                found.append(place)
            else:
                found += _ignored(value, place)
        return found


def _place_of(value: Any, wanted: str, path: str) -> str:
    rows: Any = ()
    if isinstance(value, Given):
        # As a plain dictionary: looking for something isn't reading it.
        rows = dict.items(value)
    elif isinstance(value, list):
        rows = enumerate(value)
    elif value == wanted:
        return path
    places = (_place_of(v, wanted, f"{path}[{k}]" if path else k) for k, v in rows)
    return next(filter(None, places), "")


def _watched(value: Any) -> Any:
    if isinstance(value, dict):
        return Given(value)
    return [_watched(item) for item in value] if isinstance(value, list) else value


def _ignored(value: Any, path: str) -> list[str]:
    if isinstance(value, Given):
        return value.ignored(path)
    if isinstance(value, list):
        rows = enumerate(value)
        return [name for i, row in rows for name in _ignored(row, f"{path}[{i}]")]
    return []
