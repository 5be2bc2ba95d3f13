"""`expand[]=latest_invoice.customer`: ids become the objects that they name.

What may be expanded is read from the package's types: a field that is either an id
or an object. A few fields are left out until they are asked for.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from types import GenericAlias
from typing import Any, Union, get_args, get_origin

import stripe

from billing.sandbox.contract.types import hints, is_object
from billing.sandbox.store import Store
from billing.sandbox.wire import ApiError, Obj

DEEPEST = 4


def expand(store: Store, found: Obj, owner: Any, paths: list[str]) -> Obj:
    """A copy of `found`, an `owner`, with its paths expanded. Raises ApiError."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise ApiError(
                f"You cannot expand more than {DEEPEST} levels of a property. Property:"
                f" {path}",
                param="expand",
            )
        if not _may_expand(owner, steps):
            raise ApiError(
                f"This property cannot be expanded ({path}). You may want to try"
                " expanding a parent of it.",
                param="expand",
            )
        found = _expand(store, found, steps)
    return found


def _may_expand(owner: Any, steps: list[str]) -> bool:
    """Whether the types lead along `steps` to something that can be an id."""
    if not steps:
        return False
    for kind in _objects(owner):
        if get_origin(kind) is not None:
            known = {"data": GenericAlias(list, get_args(kind)[0])}
        else:
            known = hints(kind)
        annotation = known.get(steps[0])
        if annotation is None:
            continue
        if len(steps) == 1:
            name = getattr(kind, "OBJECT_NAME", "")
            return _is_reference(annotation) or (name, steps[0]) in LEFT_OUT
        if _may_expand(annotation, steps[1:]):
            return True
    return False


def _objects(annotation: Any) -> list[Any]:
    """The resource classes, and lists of them, that an annotation allows."""
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return [o for option in get_args(annotation) for o in _objects(option)]
    if origin is list:
        return _objects(get_args(annotation)[0])
    if is_object(annotation) or is_object(origin):
        return [annotation]
    return []


def _is_reference(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is list:
        return _is_reference(get_args(annotation)[0])
    one_of = origin in {Union, types.UnionType} and str in get_args(annotation)
    return one_of and bool(_objects(annotation))


def _expand(store: Store, found: Any, steps: list[str]) -> Any:
    if isinstance(found, list):
        return [_expand(store, item, steps) for item in found]
    if not isinstance(found, dict):
        return found
    name, rest = steps[0], steps[1:]
    fill = LEFT_OUT.get((found.get("object", ""), name))
    value = fill(store, found) if fill else _named(store, found.get(name))
    return {**found, name: _expand(store, value, rest) if rest else value}


def _named(store: Store, value: Any) -> Any:
    """What an id stands for, or a list of ids; anything else as it is."""
    if isinstance(value, list):
        return [_named(store, item) for item in value]
    if not isinstance(value, str):
        return value
    return store.get(value) or store.buried(value) or value


def _secret(store: Store, invoice: Obj) -> Obj | None:
    intent = store.get(invoice.get("_intent") or "", "payment_intent")
    if intent is None:
        return None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"}


def _payments(store: Store, invoice: Obj) -> Obj:
    every = store.every("invoice_payment")
    found = [row for row in every if row["invoice"] == invoice["id"]]
    return _list(found, "/v1/invoice_payments")


def _tax_ids(store: Store, customer: Obj) -> Obj:
    url = f"/v1/customers/{customer['id']}/tax_ids"
    return _list(store.every("tax_id", customer["id"]), url)


def _subscriptions(store: Store, customer: Obj) -> Obj:
    every = store.every("subscription", customer["id"])
    live = [row for row in every if row["status"] != "canceled"]
    return _list(live, f"/v1/customers/{customer['id']}/subscriptions")


def _refunds(store: Store, charge: Obj) -> Obj:
    every = store.every("refund", charge["customer"])
    found = [row for row in every if row["charge"] == charge["id"]]
    return _list(found, f"/v1/charges/{charge['id']}/refunds")


def _list(found: list[Obj], url: str) -> Obj:
    more = len(found) > 10
    return {"object": "list", "data": found[:10], "has_more": more, "url": url}


# What Stripe leaves out of an object unless it is asked for.
LEFT_OUT: dict[tuple[str, str], Callable[[Store, Obj], Any]] = {
    (stripe.Invoice.OBJECT_NAME, "confirmation_secret"): _secret,
    (stripe.Invoice.OBJECT_NAME, "payments"): _payments,
    (stripe.Customer.OBJECT_NAME, "tax_ids"): _tax_ids,
    (stripe.Customer.OBJECT_NAME, "subscriptions"): _subscriptions,
    (stripe.Charge.OBJECT_NAME, "refunds"): _refunds,
}
