"""What is still to be sent, and where: rows of the store, due by the sandbox's clock.

A row names its endpoint and not an address: what waits follows the endpoint when that
moves, and is lost with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fnmatch import fnmatchcase

from billing.sandbox import clock
from billing.sandbox.store import Store
from billing.sandbox.wire import Obj

# Seconds from one try to the next; the last one is repeated. The first few are
# shorter than Stripe's, so that nobody waits long in front of a demo.
BACKOFF = (1, 2, 5, 10, 30, 60, 300, 1800, 7200, 18_000, 36_000, 43_200)
# Counted from the first try.
GIVE_UP_AFTER = 3 * clock.DAY
_COLUMNS = (
    "d.seq, d.event, json_extract(o.body, '$.type'), d.endpoint, d.attempts, d.due"
)
_FROM = "FROM deliveries d JOIN objects o ON o.id = d.event"


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. `due` is in seconds since 1970."""

    seq: int
    event: str
    type: str
    endpoint: str
    attempts: int
    due: int

    def fits(self, only: Iterable[str]) -> bool:
        """Whether it is one of these ids and types; `invoice.*` is a type too."""
        return any(self.event == name or fnmatchcase(self.type, name) for name in only)


def queue(store: Store, event: Obj) -> None:
    """An event that just happened goes to everybody who wants its type."""
    for endpoint in store.every("webhook_endpoint"):
        wanted = {"*", event["type"]} & set(endpoint["enabled_events"])
        if endpoint["status"] == "enabled" and wanted:
            store.db.execute(
                "INSERT INTO deliveries (event, endpoint, due) VALUES (?, ?, ?)",
                (event["id"], endpoint["id"], clock.now()),
            )


def waiting(store: Store, only: Iterable[str] | None = None) -> list[Delivery]:
    """What is still to be delivered, oldest first; all, or some ids and types."""
    return _fitting(store, f"{_FROM} WHERE d.state = 'waiting'", only)


def ever(store: Store, only: Iterable[str] | None = None) -> list[Delivery]:
    """The same, with what was delivered or given up."""
    return _fitting(store, _FROM, only)


def _fitting(store: Store, source: str, only: Iterable[str] | None) -> list[Delivery]:
    with store.lock:
        rows = store.db.execute(f"SELECT {_COLUMNS} {source} ORDER BY d.seq").fetchall()
    found = [Delivery(*row) for row in rows]
    return found if only is None else [d for d in found if d.fits(only)]


def next_due(store: Store) -> Delivery | None:
    """The oldest one whose time has come."""
    with store.lock:
        row = store.db.execute(
            f"SELECT {_COLUMNS} {_FROM} WHERE d.state = 'waiting' AND d.due <= ?"
            " ORDER BY d.seq LIMIT 1",
            (clock.now(),),
        ).fetchone()
    return Delivery(*row) if row else None


def note(store: Store, seq: int, *, arrived: bool) -> None:
    """Write down how a try went. What arrived once stays delivered."""
    with store.transaction():
        row = store.db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, since = coalesce(since, ?)"
            " WHERE seq = ? AND state = 'waiting' RETURNING attempts, since",
            (clock.now(), seq),
        ).fetchone()
        if row is None:
            return
        state = "done" if arrived else "waiting"
        if not arrived and clock.now() - row[1] >= GIVE_UP_AFTER:
            state = "failed"
        wait = BACKOFF[min(row[0], len(BACKOFF)) - 1]
        store.db.execute(
            "UPDATE deliveries SET state = ?, due = ? WHERE seq = ?",
            (state, clock.now() + wait, seq),
        )


def drop(store: Store, found: Iterable[Delivery]) -> int:
    """Lose these for ever; how many there were."""
    with store.transaction():
        lost = [
            store.db.execute(
                "UPDATE deliveries SET state = 'dropped'"
                " WHERE seq = ? AND state = 'waiting'",
                (each.seq,),
            ).rowcount
            for each in found
        ]
    return sum(lost)


def told(store: Store, event: Obj) -> Obj:
    """An event with how many endpoints don't have it yet."""
    row = store.db.execute(
        "SELECT count(*) FROM deliveries WHERE event = ? AND state <> 'done'",
        (event["id"],),
    ).fetchone()
    return {**event, "pending_webhooks": row[0]}
