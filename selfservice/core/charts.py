"""Hand-made bar charts: where things stand, for a template that draws them.

No colour and no style here: a share of a bar is told apart by its opacity, which
is an attribute of SVG, so that no policy has to allow inline styles.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 240, 64, 18, 24
BAR = 0.58
SHADES = ("1", ".7", ".48", ".32", ".2")


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One bar to be: its parts from the bottom up, and what is only expected."""

    label: str
    parts: Sequence[int]
    expected: int = 0
    title: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. `shade` is its opacity."""

    y: float
    height: float
    shade: str


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    x: float
    middle: float
    label: str
    title: str
    boxes: list[Box]
    expected: Box | None


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A grid line with the value that it stands for."""

    y: float
    value: int


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: int
    bar_width: float
    bars: list[Bar]
    lines: list[Line]


def bar_chart(columns: Sequence[Column], *, unit: int = 100) -> Chart:
    """The bars of `columns` side by side; lines stand at round multiples of `unit`."""
    most = max((sum(c.parts) + c.expected for c in columns), default=0)
    step = _round_step(max(most, unit) / 4, unit)
    top = step * max(math.ceil(most / step), 1)
    room = HEIGHT - TOP - BOTTOM

    def y(value: int) -> float:
        return round(HEIGHT - BOTTOM - room * value / top, 1)

    slot = (WIDTH - LEFT) / max(len(columns), 1)
    bars = []
    for place, column in enumerate(columns):
        base, boxes = 0, []
        for number, part in enumerate(column.parts):
            if part > 0:
                height = round(y(base) - y(base + part), 1)
                shade = SHADES[min(number, len(SHADES) - 1)]
                boxes.append(Box(y(base + part), height, shade))
                base += part
        expected = None
        if column.expected > 0:
            above = base + column.expected
            expected = Box(y(above), round(y(base) - y(above), 1), "1")
        middle = LEFT + slot * (place + 0.5)
        x = round(middle - slot * BAR / 2, 1)
        bars.append(
            Bar(x, round(middle, 1), column.label, column.title, boxes, expected)
        )
    lines = [Line(y(value), value) for value in range(0, top + 1, step)]
    return Chart(WIDTH, HEIGHT, LEFT, round(slot * BAR, 1), bars, lines)


def _round_step(least: float, unit: int) -> int:
    """The next of 1, 2, 2.5, 5, 10, 20 … units that isn't smaller."""
    size = 10 ** math.floor(math.log10(max(least / unit, 1)))
    for factor in (1, 2, 2.5, 5, 10):
        step = factor * size * unit
        if step >= least and step == int(step):
            return int(step)
    return int(10 * size * unit)
