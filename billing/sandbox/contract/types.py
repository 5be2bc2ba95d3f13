"""Which operations Stripe has, and what their types say, read from the package.

The package's generated code is the contract of the pinned API version. Only the
modules of the operations that the sandbox knows are loaded.
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
from functools import cache
from pathlib import Path
from typing import Any, get_args

import stripe
import typing_extensions as te
from stripe._stripe_object import StripeObject

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
    "_charge_service",
    "_refund_service",
    "_balance_transaction_service",
    "_customer_balance_transaction_service",
    "_credit_note_service",
    "_credit_note_line_item_service",
    "_credit_note_preview_lines_service",
    "_subscription_schedule_service",
    "_event_service",
    "_webhook_endpoint_service",
    "test_helpers._test_clock_service",
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
    # What it answers: a resource class, or ListObject[…] of one.
    answers: Any

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
                _answer_class(result.strip("'\""), module_name),
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


def _answer_class(text: str, module_name: str) -> Any:
    """`ListObject[Customer]` or `Customer` as the package's own classes."""
    listed = re.fullmatch(r"ListObject\[(\w+)\]", text)
    if listed:
        return types.GenericAlias(stripe.ListObject, (_named(listed[1], module_name),))
    return _named(text, module_name) if text.isidentifier() else None


@cache
def resources() -> dict[str, type]:
    """The resource class of each kind of object that an operation answers."""
    found: dict[str, type] = {}
    for operation in operations():
        inner = get_args(operation.answers)
        owner = inner[0] if inner else operation.answers
        name = getattr(owner, "OBJECT_NAME", None)
        if isinstance(owner, type) and name:
            found[str(name)] = owner
    return found


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


def is_object(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, StripeObject)
