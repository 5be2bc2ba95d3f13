"""What the portal knows about a person: each room tells its own, and erases its own.

A room registers with the three hooks in its `AppConfig.ready()`.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise

from selfservice.core.hooks import Hook


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Whose data it is about."""

    organization_id: uuid.UUID
    person_id: uuid.UUID


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One table of what is kept about somebody.

    `name` is the key in JSON and the file's name in CSV, `columns` key and label of
    each cell. `rows` are read only when somebody asks for them. `stays`: an erasure
    leaves it, for the reason that `text` gives. `words`: by column, what people call
    its values; JSON has the values, for programs.
    """

    name: str
    label: str | Promise
    text: str | Promise
    columns: Sequence[tuple[str, str | Promise]]
    rows: Iterable[Sequence[object]]
    stays: bool = False
    words: Mapping[str, Mapping[Any, str | Promise]] = dataclasses.field(
        default_factory=dict
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Erased:
    """Erase what says who this person is. Sent inside the transaction that does it.

    `address` is what they were written to at, `code` what stands in the place of
    their name, `nowhere` an address of nobody's.
    """

    organization_id: uuid.UUID
    person_id: uuid.UUID
    address: str
    code: str
    nowhere: str


# What a room keeps; asked without a statement.
personal_data: Hook[Asked, list[Part]] = Hook("personal_data")
# A sentence on why somebody can't be erased yet; empty when nothing speaks against it.
objections: Hook[Asked, str] = Hook("objections")
# How many rows were changed or removed.
person_erased: Hook[Erased, int] = Hook("person_erased")
# After its commit, so that Stripe can be asked.
erasure_committed: Hook[Erased, None] = Hook("erasure_committed")
