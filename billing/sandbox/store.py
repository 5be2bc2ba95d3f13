"""The sandbox's memory: JSON objects in one SQLite file, a transaction a request."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.sandbox.wire import Obj

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL,
    kind TEXT NOT NULL, customer TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (kind, customer, seq);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL,
    endpoint TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, since INTEGER,
    due INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting');
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (state, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
"""


class Store:
    """One writer at a time, as SQLite has it; every commit survives a kill."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        # Each commit reaches the disk: about half a millisecond more, measured.
        self.db.execute("PRAGMA synchronous=FULL")
        self._forget_addresses()
        self.db.executescript(SCHEMA)

    def _forget_addresses(self) -> None:
        """A store of before deliveries named their endpoint loses what waits."""
        columns = self.db.execute("PRAGMA table_info(deliveries)").fetchall()
        if "url" in {column[1] for column in columns}:
            self.db.execute("DROP TABLE deliveries")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an exception takes everything back."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                self.db.execute("ROLLBACK")
                raise

    def get(self, found_id: str, kind: str = "") -> Obj | None:
        row = self.db.execute(
            "SELECT kind, body FROM objects WHERE id = ?", (found_id,)
        ).fetchone()
        if row is None or row[0].startswith("deleted "):
            return None
        if kind and row[0] != kind:
            return None
        body: Obj = json.loads(row[1])
        return body

    def put(self, found: Obj) -> Obj:
        """Write an object: new, or over the one with its id."""
        customer = found.get("customer") or ""
        self.db.execute(
            "INSERT INTO objects (id, kind, customer, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET customer = excluded.customer,"
            " body = excluded.body",
            (found["id"], found["object"], customer, json.dumps(found)),
        )
        return found

    def delete(self, found_id: str) -> None:
        self.db.execute("DELETE FROM objects WHERE id = ?", (found_id,))

    def bury(self, found_id: str) -> None:
        """Delete it, but remember that it was there once."""
        self.db.execute(
            "UPDATE objects SET kind = 'deleted ' || kind, customer = '' WHERE id = ?",
            (found_id,),
        )

    def buried(self, found_id: str) -> Obj | None:
        """What is told of an object that was buried."""
        row = self.db.execute(
            "SELECT substr(kind, 9) FROM objects"
            " WHERE id = ? AND kind LIKE 'deleted %'",
            (found_id,),
        ).fetchone()
        return {"id": found_id, "object": row[0], "deleted": True} if row else None

    def every(self, kind: str, customer: str = "") -> list[Obj]:
        """The objects of a kind, newest first."""
        where, values = "kind = ?", [kind]
        if customer:
            where, values = "kind = ? AND customer = ?", [kind, customer]
        rows = self.db.execute(
            f"SELECT body FROM objects WHERE {where} ORDER BY seq DESC", values
        )
        return [json.loads(row[0]) for row in rows]

    def count(self, name: str) -> int:
        """The next number of a sequence without gaps: 1, 2, 3."""
        row = self.db.execute(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name)"
            " DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        return int(row[0])

    def reset(self) -> None:
        with self.transaction():
            for table in ("objects", "counters", "idempotency", "deliveries"):
                self.db.execute(f"DELETE FROM {table}")


def new_id(prefix: str) -> str:
    """An id such as cus_Qm3…; random, like Stripe's."""
    return f"{prefix}_{secrets.token_hex(12)}"
