"""The primary is lost, and the replica takes its place."""

from __future__ import annotations

import re
import shutil
import time

from deploy.rehearsal import releases
from deploy.rehearsal.visits import OLD, Visits

_SETTINGS = "var/backups/portal/settings.tar.gz"
_REFUSED = "The replica is the primary now"


class AllVisits(Visits):
    """Looks after the last section, too: nothing can be done on `db1` any more."""

    def before_14(self) -> None:
        """Of `db1` there is what was copied elsewhere in time, and its replica."""
        self.anna.post("/language/", "/products/", language="en")
        written = self.query("SELECT pg_current_wal_lsn()")
        self._until(lambda: self._copied(written), "the replica is behind")
        shutil.copy(self.db1.root / _SETTINGS, self.db2.root / "root")
        self.db2.given["VERSION"] = releases.FIRST
        self.db1.end()
        self.primary = self.db2
        self._lost = time.monotonic()

    def _copied(self, written: str) -> bool:
        asked = f"SELECT bool_and(replay_lsn >= '{written}') FROM pg_stat_replication"
        return self.query(asked) == "t"

    def after_14(self) -> None:
        """Who was signed in still is, and what is written stays; `db1` keeps out."""
        took = time.monotonic() - self._lost
        self.said.append(f"the replica took over in {took:.0f} s")
        assert self.query("SELECT pg_is_in_recovery()") == "f"
        assert "/products/" in self.anna.get("/products/").url
        assert self._language() == "en"
        self.anna.post("/language/", "/products/", language="nl")
        assert self._language() == "nl"
        assert OLD not in self.carla.get("/oversight/purchases/").text
        self._event("evt_after_the_loss")
        self._until(self._both_work, "not both workers work")
        self._archived()
        self._comes_back()

    def _archived(self) -> None:
        """The new primary is backed up from its first hour on."""
        made = self.db2.run("ls /var/backups/portal/wal /var/backups/portal/dump")
        assert ".dump" in made, made
        assert re.search(r"^[0-9A-F]{24}$", made, re.MULTILINE), made

    def _comes_back(self) -> None:
        """Switched on by accident, the old primary doesn't become one."""
        self.db1.lose_power()
        self._until(self._refused, "the old primary does not refuse to start")
        listed = self.db1.run("pg_lsclusters --no-header")
        assert "down" in listed, listed
        self.db1.end()
        self.anna.get("/products/")

    def _refused(self) -> bool:
        told = self.db1.run("journalctl --boot --no-pager --unit postgresql@17-main")
        return _REFUSED in told
