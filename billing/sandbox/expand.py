"""`expand[]=latest_invoice.customer`: ids become the objects that they name."""

from __future__ import annotations

from billing.sandbox.store import Store
from billing.sandbox.wire import ApiError, Obj

DEEPEST = 4


def expand(store: Store, found: Obj, paths: list[str]) -> Obj:
    """A copy of `found` with its paths expanded. Raises ApiError."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise ApiError(
                f"You cannot expand more than {DEEPEST} levels of a property: {path}",
                param="expand",
            )
        found = _expand(store, found, steps, path)
    return found


def _expand(store: Store, found: Obj, steps: list[str], path: str) -> Obj:
    name, rest = steps[0], steps[1:]
    if name not in found:
        if name == "confirmation_secret":
            return found
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    value = found[name]
    if isinstance(value, str):
        value = store.get(value) or value
    if rest and isinstance(value, list):
        value = [_expand(store, item, rest, path) for item in value]
    elif rest and isinstance(value, dict):
        value = _expand(store, value, rest, path)
    return {**found, name: value}
