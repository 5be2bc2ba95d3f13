"""What may and may not be sent to an operation, made from the client's own types.

It knows nothing of how the sandbox checks: it reads the parameter types that ship in
the `stripe` package, and makes forms as the client would send them.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import stripe
import typing_extensions as te

from billing.sandbox.contract import hints

type Form = dict[str, str]
# Texts that a parameter could be given, and no text: an object, a list.
CANDIDATES = ("zzz", "", "7", "-1", "1.5", "true", "1_0", "٣")
# What the client takes for itself; only beside the parameters, never inside.
OPTIONS = frozenset(stripe.RequestOptions.__annotations__)
NUMBERS = {int: r"-?[0-9]+", float: r"-?[0-9]+(\.[0-9]+)?"}


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A form, and which parameter of it is refused with what code; "" for none."""

    form: Form
    param: str = ""
    code: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One parameter: where it is, what may be there, and what must stand beside it."""

    path: str
    annotation: Any
    beside: Form

    @property
    def options(self) -> tuple[Any, ...]:
        return options_of(self.annotation)

    @property
    def words(self) -> set[str]:
        return {
            w for o in self.options if get_origin(o) is Literal for w in get_args(o)
        }

    def takes(self, text: str) -> bool:
        """Whether this text is a value of it. An open list of words is closed."""
        if text in self.words:
            return True
        for option in self.options:
            if option is str and not self.words - {""}:
                return True
            if option is bool and text in {"true", "false"}:
                return True
            number = NUMBERS.get(float if option is Decimal else option)
            if number and re.fullmatch(number, text):
                return True
        return False

    @property
    def is_list(self) -> bool:
        return any(get_origin(option) is list for option in self.options)

    @property
    def is_map(self) -> bool:
        """Whether it takes keys of the caller's own, as metadata does."""
        return any(get_origin(option) is dict for option in self.options)


def options_of(annotation: Any) -> tuple[Any, ...]:
    while get_origin(annotation) in {te.NotRequired, te.Required}:
        annotation = get_args(annotation)[0]
    union = get_origin(annotation) in {Union, types.UnionType}
    return get_args(annotation) if union else (annotation,)


def fields(owner: Any, path: str = "", beside: Form | None = None) -> Iterator[Field]:
    """Every parameter of a type, those inside of others too."""
    known = known_of(owner, path)
    for name, annotation in known.items():
        place = f"{path}[{name}]" if path else name
        form = {**(beside or {}), **least(owner, path, without=name)}
        yield Field(place, annotation, form)
        for option in options_of(annotation):
            item = place
            while get_origin(option) is list:
                option, item = get_args(option)[0], f"{item}[0]"
            if te.is_typeddict(option):
                yield from fields(option, item, form)


def known_of(owner: Any, path: str) -> dict[str, Any]:
    return {k: v for k, v in hints(owner).items() if path or k not in OPTIONS}


def required(owner: Any, path: str = "") -> list[str]:
    known = known_of(owner, path)
    return [k for k, v in known.items() if get_origin(v) is not te.NotRequired]


def least(owner: Any, path: str = "", without: str = "") -> Form:
    """The smallest form that the type takes, but for one of its parameters."""
    form: Form = {}
    for name in required(owner, path):
        if name != without:
            place = f"{path}[{name}]" if path else name
            form |= some(hints(owner)[name], place)
    return form


def some(annotation: Any, path: str) -> Form:
    """A value that an annotation takes."""
    option = next(o for o in options_of(annotation) if get_args(o) != ("",))
    if get_origin(option) is list:
        return some(get_args(option)[0], f"{path}[0]")
    if te.is_typeddict(option):
        name, inside = next(iter(hints(option).items()))
        return least(option, path) or some(inside, f"{path}[{name}]")
    field = Field(path, annotation, {})
    words = sorted(field.words - {""})
    if words:
        return {path: words[0]}
    text = next((each for each in CANDIDATES if each and field.takes(each)), None)
    return {path: text} if text else {f"{path}[key]": "value"}


def cases(owner: Any) -> Iterator[Case]:
    """Everything that can be right or wrong with one parameter at a time."""
    yield Case({**least(owner), "zzz": "1"}, "zzz", "parameter_unknown")
    for name in required(owner):
        yield Case(least(owner, without=name), name, "parameter_missing")
    for field in fields(owner):
        yield from _values(field)
        yield from _inside(field)


def _values(field: Field) -> Iterator[Case]:
    for text in {*CANDIDATES, *field.words}:
        form = {**field.beside, field.path: text}
        yield Case(form) if field.takes(text) else Case(form, field.path)
    form = {**field.beside, f"{field.path}[zzz]": "1"}
    yield Case(form) if field.is_map else Case(form, field.path)
    deep = {**field.beside, f"{field.path}[zzz][zzz]": "1"}
    yield Case(deep, field.path)
    if not field.is_map and not field.is_list:
        yield Case({**field.beside, f"{field.path}[0]": "zzz"}, field.path)


def _inside(field: Field) -> Iterator[Case]:
    """What is wrong with an object, and an object that is right."""
    for option in field.options:
        item = field.path
        while get_origin(option) is list:
            option, item = get_args(option)[0], f"{item}[0]"
        if not te.is_typeddict(option):
            continue
        whole = {**field.beside, **least(option, item)}
        if len(whole) > len(field.beside):
            yield Case(whole)
        yield Case({**whole, f"{item}[zzz]": "1"}, f"{item}[zzz]", "parameter_unknown")
        for name in required(option, item):
            rest = {**field.beside, **least(option, item, without=name)}
            if len(rest) > len(field.beside):
                yield Case(rest, f"{item}[{name}]", "parameter_missing")
