"""Self-service purchases: what each order, filter and spot costs PostgreSQL.

On a prepared database, as `measure`: `python -m tests.bench.purchases 60`, or with the
spots behind it that are to be measured alone. Of the list all that its page asks for
counts: rows, menus and totals.
"""

from __future__ import annotations

import itertools
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import django

django.setup()

from django.db import connections

from selfservice.core import clock
from selfservice.oversight.facets import facets_of
from selfservice.oversight.forms import EXPIRIES, PRODUCT, PURCHASER
from selfservice.oversight.grouping import grouped
from selfservice.oversight.orders import ORDERS
from selfservice.oversight.queries import (
    ALIAS,
    Search,
    find_purchases,
    purchases_page,
    whole_of,
)
from selfservice.oversight.spots import SPOTS, count_spots
from selfservice.oversight.totals import totals_of
from selfservice.subscriptions.lifecycle import LABELS
from tests.bench.calling import percentiles, watched
from tests.bench.pages import world

ROUNDS, MOST = 60, 40
# Spot, filter, order.
Case = tuple[str, str, str]
COUNTS: Case = ("", "", "counts of all spots")
# Of the statements together and of PostgreSQL's process, p50 and p95 in milliseconds.
Figures = tuple[float, float, float, float]


def filters(
    product_id: uuid.UUID, purchaser_id: uuid.UUID
) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield "", {}
    yield from ((name, {"status": name}) for name in LABELS)
    yield from ((f"expiry {name}", {"expiry": name}) for name, _label in EXPIRIES)
    yield "product", {"product_id": product_id}
    yield "purchaser", {"purchaser_id": purchaser_id}
    yield "text ja", {"text": "ja"}
    yield "text nowhere", {"text": "nowhere"}


def acts_of(
    organization_id: uuid.UUID, product_id: uuid.UUID, purchaser_id: uuid.UUID
) -> dict[Case, Callable[[], object]]:
    """By spot, filter and order, or whatever has a name in the order's place."""
    now = clock.now()
    whole = whole_of(organization_id, now)
    acts: dict[Case, Callable[[], object]] = {COUNTS: lambda: count_spots(whole, ALIAS)}
    spots = ["", *(spot for spot, _label in SPOTS)]
    narrowed = list(filters(product_id, purchaser_id))
    for spot, (name, asked) in itertools.product(spots, narrowed):
        search = Search(spot=spot, **asked)  # type: ignore[arg-type]  by name

        def page(order: str, search: Search = search) -> None:
            purchases_page(organization_id, search, now, sort=order, start=0)
            facets_of(organization_id, search.product_id, search.purchaser_id)
            totals_of(organization_id, now)

        for order in ORDERS:
            acts[spot, name, order] = lambda order=order, page=page: page(order)
        for by in (PRODUCT, PURCHASER):
            acts[spot, name, f"by {by}"] = lambda by=by, search=search: grouped(
                find_purchases(organization_id, search, now), by, "name"
            )
    return acts


def measured(
    acts: Mapping[Case, Callable[[], object]], rounds: int
) -> dict[Case, Figures]:
    """All of them in turns, so that a busy moment falls on each."""
    times: dict[Case, list[tuple[float, float]]] = {case: [] for case in acts}
    backend = Backend(ALIAS)
    for number in range(1 + rounds):
        for case, act in acts.items():
            before = backend.worked()
            with watched() as statements:
                act()
            if number:
                taken = backend.worked() - before
                times[case].append((sum(statements.seconds), taken))
    return {
        case: (*percentiles([a for a, _ in each]), *percentiles([b for _, b in each]))
        for case, each in times.items()
    }


class Backend:
    """PostgreSQL's process behind a connection.

    A busy machine makes everything take longer; what the process worked, it doesn't.
    """

    def __init__(self, alias: str) -> None:
        connections[alias].ensure_connection()
        pid = connections[alias].connection.info.backend_pid
        self._file = Path(f"/proc/{pid}/schedstat")

    def worked(self) -> float:
        """Seconds on a processor; none where the system doesn't say."""
        if not self._file.exists():
            return 0.0
        return int(self._file.read_text().split()[0]) / 1e9


def told(found: Mapping[Case, Figures]) -> str:
    """By spot, how much its slowest order and filter take; then which miss."""
    lines = [
        "| spot | the slowest | ms p50 / p95 | worked p50 / p95 | median of all |",
        "| --- | --- | --- | --- | --- |",
    ]
    for spot in dict.fromkeys(case[0] for case in found):
        part = {case: each for case, each in found.items() if case[0] == spot}
        case = max(part, key=lambda case: part[case][3])
        middle = sorted(each[2] for each in part.values())[len(part) // 2]
        a, b, c, d = part[case]
        name = ", ".join(filter(None, case[1:]))
        cells = (spot or "none", name, f"{a:.1f} / {b:.1f}", f"{c:.1f} / {d:.1f}")
        lines.append(f"| {' | '.join(cells)} | {middle:.1f} |")
    lines.append("")
    if counts := found.get(COUNTS):
        a, b, c, d = counts
        lines.append(f"Counts: {a:.1f} / {b:.1f} ms, worked {c:.1f} / {d:.1f}.")
    for what, place in (("took", 1), ("worked", 3)):
        over = [case for case, each in found.items() if each[place] > MOST]
        lines.append(f"{len(over)} of {len(found)} {what} over {MOST} ms at p95.")
        lines += [f"- {case}: {found[case]}" for case in over[:10]]
    return "\n".join(lines)


def main(rounds: int, spots: list[str]) -> str:
    w = world()
    acts = acts_of(w.buyer.organization_id, w.products[1], w.buyer.pk)
    chosen = {case: act for case, act in acts.items() if case[0] in spots or not spots}
    return told(measured(chosen, rounds))


if __name__ == "__main__":
    asked = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    sys.stdout.write(main(asked, sys.argv[2:]) + "\n")
