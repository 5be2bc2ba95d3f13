"""Stripe's contract, read from the generated types inside the `stripe` package.

Which parameters an operation takes, and which keys an object has. It reads the
package's internals, so the version is pinned and a test counts what it finds.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
import types
import typing
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import stripe
import typing_extensions as te
from stripe._stripe_object import StripeObject, UntypedStripeObject

from billing.sandbox.wire import ApiError

# The operations' files in the package; more are added as the sandbox grows.
SERVICES = (
    "_customer_service",
    "_customer_tax_id_service",
    "_customer_payment_method_service",
    "_setup_intent_service",
    "_payment_method_service",
    "_payment_intent_service",
    "checkout._session_service",
    "_product_service",
    "_price_service",
    "_subscription_service",
    "_invoice_service",
    "_invoice_line_item_service",
    "_invoice_payment_service",
    "_event_service",
    "_webhook_endpoint_service",
)
# What the client takes for itself and never sends.
OPTIONS = frozenset(stripe.RequestOptions.__annotations__)


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `POST /v1/customers/{customer}` and its types."""

    verb: str
    path: str
    pattern: re.Pattern[str]
    params: type | None
    result: str

    @property
    def name(self) -> str:
        return f"{self.verb} {self.path}"


@cache
def operations() -> tuple[Operation, ...]:
    """All operations of SERVICES; those with fewer variables first."""
    found = [o for service in SERVICES for o in _operations_of(f"stripe.{service}")]
    return tuple(sorted(found, key=lambda o: o.path.count("{")))


def match(verb: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation that this request is for, with the ids in its path."""
    for operation in operations():
        if operation.verb == verb and (m := operation.pattern.fullmatch(path)):
            return operation, m.groups()
    return None


def _operations_of(module_name: str) -> list[Operation]:
    module = importlib.import_module(module_name)
    tree = ast.parse(inspect.getsource(module))
    return [
        operation
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for operation in _operation(node, module_name)
    ]


def _operation(function: ast.FunctionDef, module_name: str) -> list[Operation]:
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and _calls_request(call.func)):
            continue
        verb, where = call.args[0], call.args[1]
        # A path with ids in it is a string's `.format(…)`.
        template = _formatted(where) or where
        path = _text(template)
        pattern = re.compile(re.sub(r"\{\w+\}", "([^/]+)", path))
        result = ast.unparse(function.returns) if function.returns else ""
        return [
            Operation(
                _text(verb).upper(),
                path,
                pattern,
                _params_class(function, module_name),
                result.strip("'\""),
            )
        ]
    return []


def _calls_request(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "_request"


def _formatted(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value
    return None


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _params_class(function: ast.FunctionDef, module_name: str) -> type | None:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            names = re.findall(r"\w+Params", ast.unparse(argument.annotation))
            found = _named(names[0], module_name)
            return found if isinstance(found, type) else None
    return None


@cache
def _imports(module_name: str) -> dict[str, tuple[str, str]]:
    """The names that a module imports, also those only for type checkers."""
    file = sys.modules[module_name].__file__
    tree = ast.parse(Path(file or "").read_text())
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _named(name: str, module_name: str) -> Any:
    if name in _imports(module_name):
        source, original = _imports(module_name)[name]
        return getattr(importlib.import_module(source), original)
    found = getattr(stripe, name, None)
    return getattr(typing, name) if found is None else found


class _Names(dict[str, Any]):
    """Resolves names in the annotations of a class, as a type checker would."""

    def __init__(self, owner: type) -> None:
        super().__init__({k: v for k, v in vars(owner).items() if isinstance(v, type)})
        self._module = owner.__module__

    def __missing__(self, name: str) -> Any:
        try:
            return _named(name, self._module)
        except AttributeError as error:
            raise KeyError(name) from error


@cache
def hints(owner: type) -> dict[str, Any]:
    """The annotations of a resource or of a parameter type, resolved."""
    bases = (owner,) if te.is_typeddict(owner) else tuple(reversed(owner.__mro__))
    found: dict[str, Any] = {}
    for base in bases:
        if not base.__module__.startswith("stripe") or base is StripeObject:
            continue
        annotations = vars(base).get("__annotations__", {})
        own = {k: v for k, v in annotations.items() if not k.startswith("_")}
        own.pop("OBJECT_NAME", None)
        # A class of its own: the annotations of StripeObject are not Stripe's.
        probe = type(
            "Probe", (), {"__annotations__": own, "__module__": base.__module__}
        )
        found |= te.get_type_hints(probe, localns=_Names(base), include_extras=True)
    return found


def check_params(operation: Operation, params: dict[str, Any]) -> dict[str, Any]:
    """`params` with numbers and booleans read. Raises ApiError as Stripe refuses."""
    if operation.params is None:
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
    if origin is dict or _is_object(annotation) or _is_object(origin):
        if isinstance(value, dict):
            return value
        raise ApiError("Invalid object", param=path)
    return _check_scalar(value, annotation, path)


def _check_word(value: Any, words: tuple[Any, ...], path: str) -> Any:
    if value in words:
        return value
    choices = ", ".join(map(str, words))
    raise ApiError(f"Invalid {path}: must be one of {choices}", param=path)


def _check_union(value: Any, options: tuple[Any, ...], path: str) -> Any:
    words = [w for o in options if get_origin(o) is Literal for w in get_args(o)]
    plain = {str, type(None)}
    others = [o for o in options if get_origin(o) is not Literal and o not in plain]
    # The package leaves enumerations open for new words; Stripe's server doesn't.
    if any(words) and not others:
        return _check_word(value, tuple(words), path)
    refusals: list[ApiError] = []
    for option in sorted(options, key=lambda o: o is str):
        try:
            return _check(value, option, path)
        except ApiError as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda r: len(r.param))


def _check_list(value: Any, annotation: Any, path: str) -> list[Any]:
    if isinstance(value, dict) and value and all(k.isdigit() for k in value):
        value = [value[k] for k in sorted(value, key=int)]
    if not isinstance(value, list):
        raise ApiError("Invalid array", param=path)
    return [_check(v, annotation, f"{path}[{i}]") for i, v in enumerate(value)]


def _check_scalar(value: Any, annotation: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise ApiError(f"Invalid value for {path}", param=path)
    if annotation is bool:
        if value in {"true", "false"}:
            return value == "true"
        raise ApiError(f"Invalid boolean: {value}", param=path)
    if annotation in {int, float} or getattr(annotation, "__name__", "") == "Decimal":
        try:
            return int(value) if annotation is int else float(value)
        except ValueError as error:
            code = "parameter_invalid_integer"
            raise ApiError(f"Invalid integer: {value}", code, path) from error
    return value


def _is_object(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, StripeObject)


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
    if _is_object(origin) and issubclass(origin, stripe.ListObject):
        return {"object": "list", "data": [], "has_more": False, "url": ""}
    if _is_object(annotation):
        return blank(annotation, depth + 1) if depth < 4 else {}
    simple: dict[Any, Any] = {bool: False, int: 0, str: "", list: []}
    return simple.get(origin or annotation)


def faults_of(found: Any, owner: type, path: str = "") -> list[str]:
    """What is wrong with an answer: missing, unknown or mistyped keys."""
    known = hints(owner)
    faults = [f"{path}{k}: not in {owner.__name__}" for k in found if k not in known]
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
    if origin is list or (_is_object(origin) and issubclass(origin, stripe.ListObject)):
        rows = value if origin is list else value["data"]
        item = get_args(annotation)[0]
        return [f for i, v in enumerate(rows) for f in _faults(v, item, f"{path}[{i}]")]
    if _is_object(annotation) and annotation is not UntypedStripeObject:
        return faults_of(value, annotation, f"{path}.")
    return _scalar_faults(value, annotation, path)


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
    return _faults(value, objects[0], path) if len(objects) == 1 else []
