"""The command blocks of a document, by section, as they stand in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The same commands, on another machine.
_AGAIN = re.compile(r"^\*\*Again on `(\w+)`: sections ([\d, and]+)\*\*", re.MULTILINE)
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
    known: dict[int, tuple[Block, ...]] = {}
    for head, end in zip(heads, ends, strict=True):
        number = int(head[1])
        known[number] = _blocks(text[head.end() : end], known)
        yield Section(number, head[2], known[number])


def _blocks(text: str, known: dict[int, tuple[Block, ...]]) -> tuple[Block, ...]:
    """Those that stand in the text, and those of earlier sections that it names."""
    found: dict[int, list[Block]] = {}
    for own in _FENCE.finditer(text):
        found[own.start()] = [Block(own[1] or "db1", own[2])]
    for again in _AGAIN.finditer(text):
        found[again.start()] = [
            dataclasses.replace(block, machine=again[1])
            for number in re.findall(r"\d+", again[2])
            for block in known[int(number)]
        ]
    return tuple(block for _, blocks in sorted(found.items()) for block in blocks)
