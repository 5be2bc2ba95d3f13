"""The words for what is logged. Each room registers those for what it logs itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from selfservice.activity.models import Activity
from selfservice.core.hooks import Registry
from selfservice.core.numbers import Grouped


class Group(TextChoices):
    """What the log can be filtered by."""

    ORDERS = "orders", gettext_lazy("Purchases and renewals")
    COUNT = "count", gettext_lazy("Number of licenses")
    PEOPLE = "people", gettext_lazy("Assigned licenses")
    BILLING = "billing", gettext_lazy("Billing and payment")
    DIRECTORY = "directory", gettext_lazy("Directory and roles")


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """How a verb is told after its subject: "bought 25 licenses".

    `words` may count by `count`, and may depend on the entry. `who` did it, when
    neither the portal nor one of its people did.
    """

    group: Group
    words: str | Promise | Callable[[Activity], str | Promise]
    who: str | Promise = ""


@dataclasses.dataclass(frozen=True, slots=True)
class FactWords:
    """How a fact of `before` and `after` is told; null: shown only when it changed.

    `people`: its value is keys of people, parted by spaces. `values`: the words for
    some values. `written`: how any value is.
    """

    label: str | Promise
    people: bool = False
    values: Mapping[Any, str | Promise] = dataclasses.field(default_factory=dict)
    only_changed: bool = False
    written: Callable[[Any], str] | None = None


verbs: Registry[Verb] = Registry("activity_verb")
# A fact that nobody registers (the key of a row, a card) isn't shown.
facts: Registry[FactWords] = Registry("activity_fact")


def register_verbs(group: Group, **words: Any) -> None:
    """Register verbs without more to say than their words."""
    for name, said in words.items():
        verbs.register(name, Verb(group, said))


def verbs_in(group: str) -> list[str]:
    """The verbs of a group."""
    return [name for name in verbs if _group(name) == group]


def _group(name: str) -> str:
    verb = verbs.get(name)
    return verb.group if verb else ""


def group_of(entry: Activity) -> str:
    """The group's label; empty for a verb that nobody registered."""
    verb = verbs.get(entry.verb)
    return str(verb.group.label) if verb else ""


def whoever_else(entry: Activity) -> str:
    """Who did it, when neither the portal nor one of its people did."""
    verb = verbs.get(entry.verb)
    return str(verb.who) if verb else ""


def what(entry: Activity) -> str:
    """What was done, in the active language."""
    verb = verbs.get(entry.verb)
    if verb is None:
        return entry.verb.replace("_", " ")
    said = verb.words(entry) if callable(verb.words) else verb.words
    return str(said % {"count": Grouped(count_of(entry))})


def count_of(entry: Activity) -> int:
    """How many it was about, for the plural."""
    for fact in ("quantity", "count"):
        value = entry.after.get(fact)
        if isinstance(value, int):
            return value
    return 1


def value_words(fact: FactWords, value: Any) -> str:
    """A value as a person reads it."""
    if value in fact.values:
        return str(fact.values[value])
    if fact.written is not None:
        return fact.written(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
