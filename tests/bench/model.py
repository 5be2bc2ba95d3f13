"""What the portal costs to run for so many people: the tables of docs/scale.md.

`python -m tests.bench.model` prints them. Each figure says where it is from; what is
nobody's measurement is an estimate, to be replaced by what your own monitoring shows.
"""

from __future__ import annotations

import sys
from math import ceil

# Measured: docs/performance.md, "What a million people weigh". Bytes a row, with the
# indexes; the second number is of those.
ROWS = {
    "person": (588, 347),
    "word of a name": (195, 111),
    "license ever given": (508, 348),
    "subscription": (615, 267),
    "invoice with a line": (1311, 462),
    "object at Stripe": (193, 79),
    "entry of the log": (404, 218),
}
# Counted: what that database has of each, for one person.
PER_PERSON = {
    "person": 1,
    "word of a name": 3.8,
    "license ever given": 5,
    "subscription": 0.2,
    "invoice with a line": 2,
    "object at Stripe": 2.3,
    "entry of the log": 0.4,
}
# Measured: `python -m tests.bench.costs 400` at the medium scale. Milliseconds of a
# processor: the web's, the database's. The third number is an estimate: of 100 pages.
PAGES = {
    "Your products": (7.7, 1.6, 20),
    "Subscription details": (5.1, 1.5, 20),
    "Licensed people": (7.1, 1.3, 20),
    "Picker": (2.4, 0.5, 20),
    "Invoices of a period": (6.0, 1.0, 10),
    "Licensed people, searched": (7.5, 7.3, 5),
    "Oversight with counts": (10.7, 8.5, 5),
}
# Estimates: one person in fifty buys and looks after licenses, ten pages on a working
# day, a quarter of them in its busiest hour, the busiest second three times as busy.
PAGES_A_DAY = 10 / 50
BUSIEST_HOUR, BUSIEST_SECOND = 1 / 4, 3
# Estimates: how busy a processor may be at its busiest, and prices a month in euros.
BUSY = 0.6
CORE, GIGABYTE_MEMORY, GIGABYTE_DISK = 15, 4, 0.1
# Estimates: a replica, and backups that weigh as much as two databases.
DATABASES, BACKUPS = 2, 2
LEAST_CORES, LEAST_MEMORY = 2, 4
GROUPS = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def disk(people: int, *, indexes: bool = False) -> float:
    """Gigabytes."""
    each = sum(ROWS[what][indexes] * count for what, count in PER_PERSON.items())
    return people * each / 1e9


def pages_a_second(people: int) -> float:
    """At the busiest."""
    return people * PAGES_A_DAY * BUSIEST_HOUR / 3600 * BUSIEST_SECOND


def a_page() -> tuple[float, float]:
    """Milliseconds of the web's and of the database's processors."""
    weights = sum(weight for _, _, weight in PAGES.values())
    web = sum(web * weight for web, _, weight in PAGES.values()) / weights
    database = sum(there * weight for _, there, weight in PAGES.values()) / weights
    return web, database


def cores(people: int) -> tuple[int, int]:
    """Of the web machines, of the database's."""
    asked = pages_a_second(people) / 1000 / BUSY
    web, database = (ceil(asked * ms) for ms in a_page())
    return max(web, LEAST_CORES), max(database, LEAST_CORES)


def memory(people: int) -> int:
    """Gigabytes for the database: all its indexes, and half as much again."""
    return max(LEAST_MEMORY, ceil(1.5 * disk(people, indexes=True)))


def euros(people: int) -> int:
    """A month."""
    web, database = cores(people)
    # One gigabyte for two web processes, which a core has.
    machines = web * (CORE + GIGABYTE_MEMORY) + DATABASES * (
        database * CORE + memory(people) * GIGABYTE_MEMORY
    )
    return round(machines + (DATABASES + BACKUPS) * disk(people) * GIGABYTE_DISK)


def table() -> str:
    lines = [
        "| people | pages a second, busiest | disk, GB | of it indexes | web cores"
        " | database: cores, memory | € a month |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for people in GROUPS:
        web, database = cores(people)
        lines.append(
            f"| {people:,} | {pages_a_second(people):,.1f} | {disk(people):,.1f}"
            f" | {disk(people, indexes=True):,.1f} | {web} | {database},"
            f" {memory(people)} GB | {euros(people):,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    web, database = a_page()
    sys.stdout.write(f"A page: web {web:.1f} ms, database {database:.1f} ms\n")
    sys.stdout.write(f"A person: {disk(1_000_000):.1f} kB\n\n{table()}\n")
