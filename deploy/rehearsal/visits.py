"""What must hold after, and what happens before, a section of the document."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import shlex
import time
from collections.abc import Callable

import requests
import stripe

from deploy.rehearsal import releases
from deploy.rehearsal.browsing import PORTAL, Crowd, Person
from deploy.rehearsal.machines import Machine
from deploy.rehearsal.outside import WEBHOOK_SECRET, MailServer, Stripe

_FILL_IN = """#!/bin/sh
sed -i -e 's#^STRIPE_SECRET_KEY=.*#STRIPE_SECRET_KEY=sk_test_rehearsal#' \\
    -e 's#^STRIPE_PUBLISHABLE_KEY=.*#STRIPE_PUBLISHABLE_KEY=pk_test_rehearsal#' \\
    -e 's#^STRIPE_WEBHOOK_SECRET=.*#STRIPE_WEBHOOK_SECRET={secret}#' \\
    -e 's#^SELLER_VAT=.*#SELLER_VAT=NL004495445B01#' \\
    -e 's#^SMTP_PORT=.*#SMTP_PORT={port}#' -e 's#^SMTP_TLS=.*#SMTP_TLS=0#' \\
    -e 's#smtp_smarthost: .*#smtp_smarthost: 127.0.0.1:{port}#' "$1"
case "$1" in *.env) echo 'STRIPE_API_BASE={base}' >> "$1" ;; esac
"""
_QUERY = "runuser -u postgres -- psql --no-align --tuples-only portal --command"
_ALIVE = (
    "SELECT count(*) FROM procrastinate_workers"
    " WHERE last_heartbeat > now() - interval '20 seconds'"
)
_PROMETHEUS, _ALERTMANAGER = "http://127.0.0.1:9090", "http://127.0.0.1:9093"
# Of the sentence on the admins' pages that says so.
OLD = "it is read from a copy of the database"
_SIGNED_IN = ("anna@noordzee.example", "carla@noordzee.example")


class Visits:
    """Looks after each section whether it holds; raises AssertionError where not."""

    def __init__(
        self, db1: Machine, db2: Machine, mail: MailServer, provider: Stripe
    ) -> None:
        self.db1, self.db2, self.mail, self.provider = db1, db2, mail, provider
        self.primary = db1
        self.people = {address: Person(address) for address in _SIGNED_IN}
        self.anna, self.carla = (self.people[address] for address in _SIGNED_IN)
        self.said: list[str] = []

    def before(self, number: int) -> None:
        getattr(self, f"before_{number}", lambda: None)()

    def after(self, number: int) -> None:
        getattr(self, f"after_{number}", lambda: None)()

    def before_2(self) -> None:
        self.db1.given["VERSION"] = releases.FIRST

    def before_3(self) -> None:
        script = _FILL_IN.format(
            secret=WEBHOOK_SECRET, port=self.mail.port, base=self.provider.base
        )
        self.db1.write("/srv/fill-in", script, 0o755)
        self.db1.given["EDITOR"] = "/srv/fill-in"

    def after_5(self) -> None:
        """People come in by their invitations; events and numbers arrive."""
        for person in self.people.values():
            text = self.mail.to(person.email).get_body(("plain",))
            assert text
            link = re.search(rf"{PORTAL}/accounts/\S+", text.get_content())
            assert link
            person.choose_password(link[0])
            person.sign_in()
        self.anna.get("/marketplace/")
        self.carla.get("/oversight/purchases/")
        assert self.anna.get("/healthz").text == "ok"
        self.anna.get("/metrics", 404)
        self._event("evt_rehearsal")
        self._numbers()
        self._log()
        self._several()

    def _event(self, name: str) -> None:
        """A signed event of Stripe's comes through nginx, and a worker does it."""
        body = json.dumps(
            {
                "id": name,
                "object": "event",
                "type": "invoice.paid",
                "data": {"object": {"id": "in_none", "object": "invoice"}},
            }
        )
        signature = stripe.WebhookSignature.generate_signature_header(
            body, WEBHOOK_SECRET, timestamp=int(time.time())
        )
        with requests.Session() as session:
            session.trust_env = session.verify = False
            answer = session.post(
                f"{PORTAL}/stripe/webhook/",
                data=body,
                headers={"Stripe-Signature": signature},
                timeout=30,
            )
        assert answer.status_code == 200, answer.status_code
        asked = (
            "SELECT count(*) FROM billing_stripeevent"
            f" WHERE id = '{name}' AND processed_at IS NOT NULL"
        )
        self._until(lambda: self.query(asked) == "1", "the event was not worked off")

    def _numbers(self) -> None:
        token = self.db1.run("sed -n 's/^METRICS_TOKEN=//p' /etc/portal/portal.env")
        shown = {"Authorization": f"Bearer {token.strip()}"}
        for port in (8001, 8002):
            page = requests.get(
                f"http://127.0.0.1:{port}/metrics", headers=shown, timeout=30
            ).text
            assert "portal_queue_workers 2.0" in page, page[:2000]
        jobs = requests.get("http://127.0.0.1:9101/metrics", timeout=30).text
        assert "portal_job_seconds_count" in jobs

    def _log(self) -> None:
        """The portal's lines are JSON, and name nobody."""
        lines = self.db1.run(
            "journalctl --no-pager --output cat"
            " --unit 'portal-web@*' --unit 'portal-worker@*'"
        )
        told = [json.loads(line) for line in lines.splitlines() if line[:1] == "{"]
        assert any(line.get("route") == "marketplace/" for line in told)
        found = re.findall("(?i)anna|carla|noordzee|visser", lines)
        assert not found, found

    def _several(self) -> None:
        asked = "grep -lz granian /proc/[0-9]*/cmdline | wc -l"
        assert int(self.db1.run(asked)) >= 6
        pooled = self.query(
            "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'portal%'"
        )
        self.said.append(f"connections of the portal to PostgreSQL: {pooled}")

    def after_6(self) -> None:
        made = self.db1.run("ls /var/backups/portal/wal /var/backups/portal/dump")
        assert re.search(r"^[0-9A-F]{24}$", made, re.MULTILINE), made
        assert ".dump" in made

    def before_7(self) -> None:
        """Somebody deletes too much, a moment after somebody else did something."""
        self.anna.post("/language/", "/products/", language="nl")
        time.sleep(1.5)
        self.db1.given["MOMENT"] = self.query("SELECT now()")
        time.sleep(1.5)
        self.query("DELETE FROM django_session; UPDATE accounts_user SET language = ''")
        assert "/accounts/login/" in self.anna.get("/products/").url

    def after_7(self) -> None:
        assert self._language() == "nl"
        for person in self.people.values():
            person.sign_in()

    def _language(self) -> str:
        asked = f"SELECT language FROM accounts_user WHERE email = '{self.anna.email}'"
        return self.query(asked)

    def after_8(self) -> None:
        """The admins' pages come from the replica, and without it from the primary."""
        self._until(self._replayed, "the replica did not catch up")
        self.carla.get("/oversight/purchases/")
        assert self._read_from_replica()
        self._strangers()
        self._behind()
        # Gone at once, as when the machine is: what is open is cut off, not closed.
        self.db2.run("systemctl kill --signal KILL postgresql@17-main")
        for _ in range(8):
            assert OLD not in self.carla.get("/oversight/purchases/").text
        self.db2.run("systemctl restart postgresql@17-main")
        self._until(self._replayed, "the replica did not come back")

    def _strangers(self) -> None:
        """Nobody copies the database without the password, or in the open."""
        ask = "psql --command IDENTIFY_SYSTEM 'host=db1 user=replica replication=true"
        password = '"$(cat /srv/replica.password)"'
        for given, how in (("guessed", "require"), (password, "disable")):
            said = self.db1.run(f"! PGPASSWORD={given} {ask} sslmode={how}'")
            assert "FATAL" in said, said

    def _behind(self) -> None:
        """A replica that stands still is read, and said to be old."""
        began = time.monotonic()
        self.db2.run(f'{_QUERY} "SELECT pg_wal_replay_pause()"')
        self._until(self._said_to_be_old, "nothing says how old it is", 240)
        self.said.append(f"said to be old after {time.monotonic() - began:.0f} s")
        self.db2.run(f'{_QUERY} "SELECT pg_wal_replay_resume()"')
        self._until(lambda: not self._said_to_be_old(), "it is said to be old for ever")

    def _said_to_be_old(self) -> bool:
        return OLD in self.carla.get("/oversight/purchases/").text

    def _read_from_replica(self) -> bool:
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'portal_oversight'"
        )
        return self.db2.run(f'{_QUERY} "{asked}"').strip() != "0"

    def _replayed(self) -> bool:
        asked = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        return self.query(asked) == "1"

    def before_9(self) -> None:
        """People go on working while it is upgraded."""
        self.db1.given["VERSION"] = releases.SECOND
        self.crowd = self._begin()

    def after_9(self) -> None:
        self._end(self.crowd, "upgraded")
        asked = "SELECT count(*) FROM pg_indexes WHERE indexname = 'user_rehearsed'"
        assert self.query(asked) == "1"
        self.carla.get("/oversight/purchases/")
        assert self._read_from_replica()
        self._run_by(releases.SECOND)

    def before_10(self) -> None:
        self.db1.given["BEFORE"] = releases.FIRST
        self.crowd = self._begin()

    def after_10(self) -> None:
        """The version before runs again, on the schema of the next one."""
        self._end(self.crowd, "taken back")
        self._run_by(releases.FIRST)
        self._broken()

    def _broken(self) -> None:
        """A version that doesn't start takes one web service with it, and no more."""
        folder, switch = "/opt/portal/releases", "/opt/portal/current/deploy/switch"
        self.db1.run(
            f"cp --archive {folder}/{releases.FIRST} {folder}/broken\n"
            f"echo 'raise SystemExit(1)' > {folder}/broken/selfservice/wsgi.py\n"
            f"! {switch} broken"
        )
        for _ in range(8):
            self.anna.get("/products/")
        self._runs("portal-web@8002", releases.FIRST)
        self.db1.run(f"{switch} --back {releases.FIRST}")
        self._run_by(releases.FIRST)

    def _begin(self) -> Crowd:
        crowd = Crowd(list(self.people.values()))
        crowd.begin()
        return crowd

    def _end(self, crowd: Crowd, what: str) -> None:
        crowd.end()
        seen = dict(crowd.seen)
        self.said.append(
            f"while it was {what}: {seen}, the slowest {crowd.slowest:.1f} s"
        )
        if set(seen) != {"fine"}:
            # Why, before the machine and its journal are gone.
            told = self.db1.run(
                "journalctl --no-pager --output cat --unit 'portal-web@*'"
                ' | grep -E \'"level": "(ERROR|CRITICAL)"\' | tail -n 20 || true'
            )
            raise AssertionError(f"{seen}\n{told}")

    def _run_by(self, version: str) -> None:
        """All of it runs that version's code, by that version's packages."""
        for unit in ("portal-web@8001", "portal-web@8002", "portal-worker@1"):
            self._runs(unit, version)

    def _runs(self, unit: str, version: str) -> None:
        process = "$(systemctl show --value --property MainPID " + unit + ")"
        running = self.db1.run(
            f"readlink /proc/{process}/cwd;"
            f" tr '\\0' '\\n' < /proc/{process}/cmdline | head -n 1"
        )
        assert running.count(f"/opt/portal/releases/{version}") == 2, running

    def after_11(self) -> None:
        """Every process is asked, and what is wrong ends in a mail."""
        self._until(
            lambda: self._asked() == ["up"] * 5,
            "not every process answers Prometheus",
            120,
        )
        self._until(lambda: requests.get(_ALERTMANAGER, timeout=30).ok, "no alerts")
        now = dt.datetime.now(dt.UTC)
        self._until(lambda: self._judged_since(now), "the rules are not asked", 120)
        # Of this machine's disk the rehearsal knows nothing.
        assert self._alerts() <= {"NoRoom"}, self._alerts()
        self.db1.run("systemctl stop 'portal-worker@*'")
        self._until(lambda: "NobodyWorks" in self._alerts(), "nobody noticed", 120)
        self.db1.run("systemctl start portal-worker@1 portal-worker@2")
        alert = {"labels": {"alertname": "Rehearsal", "severity": "morning"}}
        requests.post(f"{_ALERTMANAGER}/api/v2/alerts", json=[alert], timeout=30)
        self._until(lambda: self._mailed("Rehearsal"), "no mail about an alert", 120)
        self._power_cut()

    def _power_cut(self) -> None:
        """Everything comes back by itself, and nothing is lost."""
        self.anna.post("/language/", "/products/", language="nl")
        began = time.monotonic()
        self.db1.lose_power()
        self._until(self._served, "it does not come back after a power cut", 120)
        self.said.append(f"back {time.monotonic() - began:.0f} s after a power cut")
        assert self._language() == "nl"
        self._until(self._both_work, "the workers don't come back")
        self._until(lambda: self._replaying() == "t", "the replica doesn't go on")

    def _both_work(self) -> bool:
        return self.query(_ALIVE) == "2"

    def _served(self) -> bool:
        with contextlib.suppress(AssertionError):
            return "/products/" in self.anna.get("/products/").url
        return False

    def _replaying(self) -> str:
        asked = "SELECT active FROM pg_replication_slots WHERE slot_name = 'db2'"
        return self.query(asked)

    def _asked(self) -> list[str]:
        found = requests.get(f"{_PROMETHEUS}/api/v1/targets", timeout=30).json()
        return [target["health"] for target in found["data"]["activeTargets"]]

    def _judged_since(self, moment: dt.datetime) -> bool:
        found = requests.get(f"{_PROMETHEUS}/api/v1/rules", timeout=30).json()
        rules = [rule for group in found["data"]["groups"] for rule in group["rules"]]
        assert all(rule["health"] != "err" for rule in rules), rules
        asked = [dt.datetime.fromisoformat(rule["lastEvaluation"]) for rule in rules]
        return min(asked) > moment

    def _alerts(self) -> set[str]:
        found = requests.get(f"{_PROMETHEUS}/api/v1/alerts", timeout=30).json()
        return {alert["labels"]["alertname"] for alert in found["data"]["alerts"]}

    def _mailed(self, words: str) -> bool:
        return any(words in str(mail["Subject"]) for mail in self.mail.mails)

    # What the container's steps look at.

    def settings(self) -> dict[str, str]:
        """What stands in the machine's settings, without pooler."""
        text = self.db1.run("cat /etc/portal/portal.env /etc/portal/direct.env")
        words = shlex.split(text, comments=True)
        return dict(word.partition("=")[::2] for word in words)

    def answers(self, port: int) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=30).ok
        return False

    def one_more_worker(self) -> Callable[[], bool]:
        """Whether there is one more than now."""
        before = int(self.query(_ALIVE))
        return lambda: int(self.query(_ALIVE)) > before

    def query(self, sql: str) -> str:
        return self.primary.run(f'{_QUERY} "{sql}"').strip()

    def _until(
        self, holds: Callable[[], bool], otherwise: str, seconds: int = 60
    ) -> None:
        for _ in range(seconds * 2):
            # What was just started may not listen yet.
            with contextlib.suppress(requests.ConnectionError):
                if holds():
                    return
            time.sleep(0.5)
        raise AssertionError(otherwise)
