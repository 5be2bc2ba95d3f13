"""What an answer looks like: complete blank objects, and faults in made ones."""

from __future__ import annotations

import sys
import types
from collections import deque
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import stripe
from stripe._stripe_object import UntypedStripeObject

from billing.sandbox.contract.types import hints, is_object

# What the sandbox answered wrongly, by its own contract; tests want none.
violations: deque[str] = deque(maxlen=200)


def inspect(where: str, found: Any, owner: Any) -> None:
    """Check an answer against its class; keep and print what is wrong with it."""
    for fault in faults_of(found, owner):
        note = f"{where}: {fault}"
        if note not in violations:
            violations.append(note)
            print(f"sandbox: not Stripe's shape: {note}", file=sys.stderr, flush=True)


def blank(owner: type, depth: int = 0) -> dict[str, Any]:
    """An object with every documented key: null where it may be, else empty."""
    return {
        key: _blank(annotation, depth)
        for key, annotation in hints(owner).items()
        if key != "deleted"
    }


def _blank(annotation: Any, depth: int) -> Any:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        options = get_args(annotation)
        return None if type(None) in options else _blank(options[0], depth)
    if origin is Literal:
        return get_args(annotation)[0]
    if annotation is UntypedStripeObject or origin is UntypedStripeObject:
        return {}
    if is_object(origin) and issubclass(origin, stripe.ListObject):
        return {"object": "list", "data": [], "has_more": False, "url": ""}
    if is_object(annotation):
        return blank(annotation, depth + 1) if depth < 4 else {}
    simple: dict[Any, Any] = {bool: False, int: 0, str: "", list: []}
    return simple.get(origin or annotation)


def faults_of(found: Any, owner: Any, path: str = "") -> list[str]:
    """What is wrong with an answer: missing, unknown or mistyped keys."""
    if not is_object(owner):
        return _faults(found, owner, path)
    known = hints(owner)
    faults = [f"{path}{k}: not in {owner.__name__}" for k in found if k not in known]
    if found.get("deleted"):
        # What is gone tells no more than that.
        known = {name: known[name] for name in ("id", "object")}
    for key, annotation in known.items():
        if key in found:
            faults += _faults(found[key], annotation, f"{path}{key}")
        elif key != "deleted" and not _nullable(annotation):
            faults.append(f"{path}{key}: missing")
    return faults


def _nullable(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _faults(value: Any, annotation: Any, path: str) -> list[str]:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return _union_faults(value, get_args(annotation), path)
    if value is None:
        return [f"{path}: null"]
    if origin is Literal:
        return [] if value in get_args(annotation) else [f"{path}: {value!r}"]
    if origin is list or (is_object(origin) and issubclass(origin, stripe.ListObject)):
        item = get_args(annotation)[0]
        if origin is list:
            return _row_faults(value, item, path)
        return _envelope_faults(value, path) + _row_faults(value["data"], item, path)
    if is_object(annotation) and annotation is not UntypedStripeObject:
        return faults_of(value, annotation, f"{path}.")
    return _scalar_faults(value, annotation, path)


def _row_faults(rows: list[Any], item: Any, path: str) -> list[str]:
    return [f for i, v in enumerate(rows) for f in _faults(v, item, f"{path}[{i}]")]


def _envelope_faults(found: dict[str, Any], path: str) -> list[str]:
    """A list has four keys, and its address."""
    wanted = {"object": str, "data": list, "has_more": bool, "url": str}
    faults = [f"{path}.{k}: not in a list" for k in found if k not in wanted]
    for key, kind in wanted.items():
        if type(found.get(key)) is not kind:
            faults.append(f"{path}.{key}: {found.get(key)!r} is no {kind.__name__}")
    if found.get("object") != "list" or not str(found.get("url")).startswith("/v1/"):
        faults.append(f"{path}: no list with an address")
    return faults


def _scalar_faults(value: Any, annotation: Any, path: str) -> list[str]:
    if annotation in {bool, int, str} and type(value) is not annotation:
        return [f"{path}: {value!r} is no {annotation.__name__}"]
    return []


def _union_faults(value: Any, options: tuple[Any, ...], path: str) -> list[str]:
    if value is None:
        return [] if type(None) in options else [f"{path}: null"]
    words = [w for o in options if get_origin(o) is Literal for w in get_args(o)]
    others = [
        o for o in options if get_origin(o) is not Literal and o is not type(None)
    ]
    if words and others in ([str], []):
        return [] if value in words else [f"{path}: {value!r} is not known"]
    if isinstance(value, str):
        # Decimals travel as strings.
        return [] if {str, Decimal} & set(others) else [f"{path}: is a string"]
    objects = [o for o in others if o is not str]
    if len(objects) > 1:
        # One of several resources: it says itself which.
        name = value.get("object") if isinstance(value, dict) else None
        objects = [o for o in objects if getattr(o, "OBJECT_NAME", None) == name]
    return _faults(value, objects[0], path) if objects else [f"{path}: is none of them"]
