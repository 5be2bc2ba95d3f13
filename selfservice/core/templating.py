"""Which engine renders the templates: a setting, `TEMPLATE_ENGINE`.

"fast" is django-rust-templates, for which there are wheels for Linux only; "stock" is
Django's own; "auto" is the fast one where it is installed. Both write the same bytes:
with "both", as the tests run, every template is rendered by both and compared.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest
from django.template import Context, TemplateDoesNotExist
from django.template.backends.base import BaseEngine
from django.template.backends.django import DjangoTemplates
from django.template.context import make_context
from django.utils.safestring import SafeString

STOCK = "django.template.backends.django.DjangoTemplates"
# Templates that the fast engine writes differently: Django's own renders them.
DIFFERENT: frozenset[str] = frozenset()
# How often each template was found to be the same from both.
compared: Counter[str] = Counter()
# A token is masked anew each time it is written.
_TOKEN = re.compile(r"(csrfmiddlewaretoken\W+value=.|X-CSRFToken\W{3,20}?)\w{64}")


class EnginesDiffer(AssertionError):
    """The two engines wrote something different for one template."""


def fast_engine_installed() -> bool:
    """Whether there is one for this Python and this machine."""
    return find_spec("django_rust_templates") is not None


def engines(choice: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Django's TEMPLATES for `choice`: auto, fast, stock or both.

    What the first one doesn't have, Django looks for in the next. Raises ValueError
    for another word.
    """
    if choice not in {"auto", "fast", "stock", "both"}:
        raise ValueError(f"TEMPLATE_ENGINE is auto, fast, stock or both: not {choice}.")
    stock = {**options, "BACKEND": STOCK, "NAME": "stock"}
    if choice == "stock" or (choice != "fast" and not fast_engine_installed()):
        return [stock]
    backend = "BothTemplates" if choice == "both" else "FastTemplates"
    name = "both" if choice == "both" else "fast"
    first = {**options, "BACKEND": f"{__name__}.{backend}", "NAME": name}
    return [first] if choice == "both" else [first, stock]


def _fast(params: dict[str, Any]) -> Any:
    # It is not on every machine.
    native = import_module("django_rust_templates")
    return native.RustTemplates(params)


class FastTemplates(BaseEngine):
    """django-rust-templates, but for what it is known to write differently."""

    app_dirname = "templates"

    def __init__(self, params: dict[str, Any]) -> None:
        self._native = _fast({**params, "OPTIONS": dict(params["OPTIONS"])})
        self.engine = self._native.engine
        super().__init__({k: v for k, v in params.items() if k != "OPTIONS"})

    def from_string(self, template_code: str) -> Any:
        return self._native.from_string(template_code)

    def get_template(self, template_name: str) -> Any:
        if template_name.partition("#")[0] in DIFFERENT:
            raise TemplateDoesNotExist(template_name, backend=self)
        return self._native.get_template(template_name)


class BothTemplates(DjangoTemplates):
    """Django's own engine, whose every answer is compared with the fast one's."""

    def __init__(self, params: dict[str, Any]) -> None:
        self._native = _fast({**params, "OPTIONS": dict(params["OPTIONS"])})
        super().__init__(params)

    def get_template(self, template_name: str) -> Any:
        stock = super().get_template(template_name)
        if template_name.partition("#")[0] in DIFFERENT:
            return stock
        return _Both(template_name, stock, self._native.get_template(template_name))


class _Both:
    """One template from both engines; what Django's writes is the answer."""

    def __init__(self, name: str, stock: Any, fast: Any) -> None:
        self._name, self._stock, self._fast = name, stock, fast
        self.origin = stock.origin

    def render(
        self, context: dict[str, Any] | None = None, request: HttpRequest | None = None
    ) -> SafeString:
        """Raises EnginesDiffer."""
        values = self._values(context, request)
        text: SafeString = self._stock.template.render(Context(values))
        other = self._fast.template.render(Context(values))
        if _unmasked(text) != _unmasked(other):
            raise EnginesDiffer(_difference(self._name, text, other))
        compared[self._name.partition("#")[0]] += 1
        return text

    def _values(
        self, context: dict[str, Any] | None, request: HttpRequest | None
    ) -> dict[str, Any]:
        """What both see: whatever is asked for while rendering is asked for once."""
        whole = make_context(context, request)
        with whole.bind_template(self._stock.template):
            return {str(name): value for name, value in whole.flatten().items()}


def _unmasked(text: str) -> str:
    return _TOKEN.sub(r"\1", text)


def _difference(name: str, text: str, other: str) -> str:
    """The first place where they part, with a little before and after it."""
    pairs = zip(text, other, strict=False)
    place = next((n for n, (a, b) in enumerate(pairs) if a != b), len(text))
    part = slice(max(0, place - 60), place + 60)
    return f"{name} at {place}: {text[part]!r} is from the fast one {other[part]!r}"
