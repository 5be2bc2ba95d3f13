"""Are a request's parameters those that the operation takes?"""

from __future__ import annotations

import re
import types
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import typing_extensions as te

from billing.sandbox.contract.types import OPTIONS, Operation, hints, is_object
from billing.sandbox.wire import ApiError

# Source: https://docs.stripe.com/api/metadata
MOST_KEYS = 50
LONGEST_KEY = 40
LONGEST_VALUE = 500


def check_params(operation: Operation, params: dict[str, Any]) -> dict[str, Any]:
    """`params` with numbers and booleans read. Raises ApiError as Stripe refuses."""
    if operation.params is None:
        for name in params:
            raise ApiError(
                f"Received unknown parameter: {name}", "parameter_unknown", name
            )
        return params
    return _check_dict(params, operation.params, "")


def _check_dict(value: Any, owner: type, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=path)
    known = {k: v for k, v in hints(owner).items() if path or k not in OPTIONS}
    checked = {}
    for key, item in value.items():
        place = f"{path}[{key}]" if path else key
        if key not in known:
            raise ApiError(
                f"Received unknown parameter: {place}", "parameter_unknown", place
            )
        checked[key] = _check(item, known[key], place)
    for key, annotation in known.items():
        if get_origin(annotation) is not te.NotRequired and key not in value:
            place = f"{path}[{key}]" if path else key
            raise ApiError(
                f"Missing required param: {place}.", "parameter_missing", place
            )
    return checked


def _check(value: Any, annotation: Any, path: str) -> Any:
    origin = get_origin(annotation)
    if origin in {te.NotRequired, te.Required}:
        return _check(value, get_args(annotation)[0], path)
    if origin in {Union, types.UnionType}:
        return _check_union(value, get_args(annotation), path)
    if origin is Literal:
        return _check_word(value, get_args(annotation), path)
    if origin is list:
        return _check_list(value, get_args(annotation)[0], path)
    if te.is_typeddict(annotation):
        return _check_dict(value, annotation, path)
    if origin is dict or is_object(annotation) or is_object(origin):
        return _check_map(value, path)
    return _check_scalar(value, annotation, path)


def _check_map(value: Any, path: str) -> dict[str, str]:
    """Keys and values of the caller's own, such as metadata."""
    if not isinstance(value, dict):
        raise ApiError("Invalid object", param=path)
    if len(value) > MOST_KEYS:
        raise ApiError(f"{path} can have up to {MOST_KEYS} keys.", param=path)
    for key, item in value.items():
        text = _check_scalar(item, str, f"{path}[{key}]")
        if len(key) > LONGEST_KEY or len(text) > LONGEST_VALUE:
            raise ApiError(
                f"{path} can have keys of up to {LONGEST_KEY} characters and values of"
                f" up to {LONGEST_VALUE}.",
                param=path,
            )
    return value


def _check_word(value: Any, words: tuple[Any, ...], path: str) -> Any:
    if value in words:
        return value
    choices = ", ".join(map(str, words))
    raise ApiError(f"Invalid {path}: must be one of {choices}", param=path)


def _check_union(value: Any, options: tuple[Any, ...], path: str) -> Any:
    words = [w for o in options if get_origin(o) is Literal for w in get_args(o)]
    others = [o for o in options if get_origin(o) is not Literal]
    if any(words):
        # The package leaves enumerations open for new words; Stripe's server doesn't.
        others = [o for o in others if o is not str]
    if words and (value in words or not others):
        return _check_word(value, tuple(words), path)
    refusals: list[ApiError] = []
    for option in sorted(others, key=lambda o: o is str):
        try:
            return _check(value, option, path)
        except ApiError as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda r: len(r.param))


def _check_list(value: Any, annotation: Any, path: str) -> list[Any]:
    if isinstance(value, dict) and all(re.fullmatch(r"[0-9]+", k) for k in value):
        value = [value[k] for k in sorted(value, key=int)]
    if not isinstance(value, list):
        raise ApiError("Invalid array", param=path)
    return [_check(v, annotation, f"{path}[{i}]") for i, v in enumerate(value)]


def _check_scalar(value: Any, annotation: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {value}", param=path)
    if annotation is bool:
        if value in {"true", "false"}:
            return value == "true"
        raise ApiError(f"Invalid boolean: {value}", param=path)
    if annotation is int:
        if re.fullmatch(r"-?[0-9]{1,18}", value):
            return int(value)
        raise ApiError(f"Invalid integer: {value}", "parameter_invalid_integer", path)
    if annotation in {float, Decimal}:
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return float(value)
        raise ApiError(f"Invalid decimal: {value}", param=path)
    return value
