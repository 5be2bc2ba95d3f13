"""The figures as tables, each goal beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Times the bare page with the fast engine, and with Django's own.
GOALS = {
    "list": (0.6, 1.0),
    "fragment": (0.5, 0.5),
    "details": (0.8, 1.2),
    "picker": (1.0, 1.0),
}
ADMIN, ADMIN_SEARCH, ADMIN_RATE = 4.0, 3.0, 4.0
GROWS, GROWS_SEARCH = 1.10, 1.3


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def held(value: float, goal: float, *, at_least: bool = False) -> str:
    """The figure with its goal, in bold where it is missed."""
    fine = value >= goal if at_least else value <= goal
    shown = f"{value:.2f}" if fine else f"**{value:.2f}**"
    return f"{shown} ({'≥' if at_least else '≤'} {goal:g})"


def pages_of(pages: Mapping[str, Any]) -> str:
    head = (
        "Page",
        "server p50 / p95, ms",
        "SQL p50 / p95, ms",
        "statements",
        "bytes",
        "÷ bare",
        "÷ bare, stock engine",
        "CPU ÷ bare",
        "CPU ÷ bare, stock",
        "admin ÷ it",
        "raw SQL, ms",
    )
    return table(head, [_page(name, page) for name, page in pages.items()])


def _page(name: str, page: Mapping[str, Any]) -> list[str]:
    fast, stock, bare = (page[each][0] for each in ("fast", "stock", "bare"))
    quick, slow = GOALS[page["kind"]]
    own = page["own"]
    admin = page.get("admin")
    most = ADMIN_SEARCH if _searches(name) else ADMIN
    return [
        name,
        f"{fast:.1f} / {page['fast'][1]:.1f}",
        f"{page['sql'][0]:.1f} / {page['sql'][1]:.1f}",
        str(page["statements"]),
        f"{page['bytes']:,}",
        held(fast / bare, quick),
        held(stock / bare, slow),
        f"{own['fast'] / own['bare']:.2f}",
        f"{own['stock'] / own['bare']:.2f}",
        held(admin[0] / fast, most, at_least=True) if admin else "",
        f"{page['raw'][0]:.1f}" if "raw" in page else "",
    ]


def _searches(name: str) -> bool:
    return "searched" in name or name == "Picker"


def pairs(found: Mapping[str, Sequence[float]]) -> str:
    rows = [[name, held(ratio, most)] for name, (ratio, most) in found.items()]
    return table(("Two pages", "p50 ÷ p50"), rows)


def assigning(found: Mapping[str, Any]) -> str:
    rows = [
        ["server p50 / p95, ms (p50 ≤ 15)", "{:.1f} / {:.1f}".format(*found["server"])],
        ["SQL p50 / p95, ms", "{:.1f} / {:.1f}".format(*found["sql"])],
        ["statements (≤ 12)", str(found["statements"])],
    ]
    return table(("Assign 20", ""), rows)


def rates_of(found: Mapping[str, Any]) -> str:
    assign = found["assign 20"]
    rows = []
    for name, rates in found.items():
        if name == "assign 20":
            continue
        one, eight = rates["1"], rates["8"]
        many = "admin" in eight
        rows.append(
            [
                name,
                f"{one['portal']:.0f}",
                f"{eight['portal']:.0f}",
                f"{eight['bare']:.0f}",
                f"{eight['admin']:.0f}" if many else "",
                held(eight["portal"] / eight["admin"], ADMIN_RATE, at_least=True)
                if many
                else "",
            ]
        )
    head = ("Requests a second", "1 client", "8", "8, bare", "8, admin", "÷ admin")
    said = f"Assign 20, a second, 8 clients: {assign['many']:.0f} on eight licenses"
    return f"{table(head, rows)}\n\n{said} (≥ 100), {assign['one']:.0f} on one (≥ 40)."


def growth(scales: Mapping[str, Mapping[str, Any]]) -> str:
    """Large ÷ medium, and the same statements everywhere."""
    rows = []
    for name in next(iter(scales.values())):
        counts = {str(pages[name]["statements"]) for pages in scales.values()}
        row = [name, ", ".join(sorted(counts))]
        if {"medium", "large"} <= scales.keys():
            # The bare page says how busy the machine was.
            large, medium = (
                scales[scale][name]["fast"][0] / scales[scale][name]["bare"][0]
                for scale in ("large", "medium")
            )
            most = GROWS_SEARCH if _searches(name) else GROWS
            row.append(held(large / medium, most))
        else:
            row.append("")
        rows.append(row)
    return table(("Page", "statements at all scales", "large ÷ medium"), rows)
