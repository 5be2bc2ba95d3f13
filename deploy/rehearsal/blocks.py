"""The command blocks of a document, by section, as they stand in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Commands for one machine; `machine` is the first one's name where none is."""

    machine: str
    commands: str


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    number: int
    title: str
    blocks: tuple[Block, ...]


def sections(document: Path) -> Iterator[Section]:
    """Every numbered section, in its order; one without commands has no blocks."""
    text = document.read_text("utf-8")
    heads = list(_SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        found = _FENCE.findall(text[head.end() : end])
        blocks = tuple(Block(machine or "db1", code) for machine, code in found)
        yield Section(int(head[1]), head[2], blocks)
