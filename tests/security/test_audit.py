"""`make audit` says what a list of known faults says, and when it can't be asked.

The list itself is on the internet; here a stand-in answers as OSV does:
https://google.github.io/osv.dev/api/
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from selfservice.core.demo.ports import free_port
from tests.sandbox_process import ROOT

FAULT = {
    "id": "TEST-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "A made-up fault",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "django"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


class Faults(ThreadingHTTPServer):
    """Answers that these packages have one."""

    faulty: frozenset[str] = frozenset()
    asked: dict[str, str]


class Answer(BaseHTTPRequestHandler):
    server: Faults

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        about = [
            (q["package"]["name"], q["version"]) for q in json.loads(body)["queries"]
        ]
        self.server.asked |= dict(about)
        found = {"id": FAULT["id"], "modified": FAULT["modified"]}
        self._say(
            {
                "results": [
                    {"vulns": [found]} if name in self.server.faulty else {}
                    for name, _version in about
                ]
            }
        )

    def do_GET(self) -> None:
        self._say(FAULT)

    def _say(self, what: Any) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: Any) -> None:
        return


@pytest.fixture
def faults() -> Iterator[Faults]:
    with Faults(("127.0.0.1", 0), Answer) as server:
        server.asked = {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def audit(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py"],
        env={
            **os.environ,
            "AUDIT_SERVICE": f"http://127.0.0.1:{port}/",
            "UV_HTTP_RETRIES": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_that_is_pinned_is_asked_about(faults: Faults) -> None:
    done = audit(faults.server_port)

    assert done.returncode == 0, done.stderr
    for file in ROOT.glob("requirements*.txt"):
        pins = [line for line in file.read_text().splitlines() if "==" in line]
        assert pins
        for pin in pins:
            name, _sign, version = pin.split()[0].partition("==")
            assert faults.asked[name.partition("[")[0]] == version


def test_a_known_fault_is_named(faults: Faults) -> None:
    faults.faulty = frozenset({"django"})

    done = audit(faults.server_port)

    assert done.returncode == 1
    assert "TEST-1: A made-up fault" in done.stdout


def test_a_list_that_is_away_is_no_clean_bill() -> None:
    done = audit(free_port())

    assert done.returncode == 2
    assert "can't be asked: nothing is known" in done.stderr


def test_whatever_is_installed_is_pinned_with_its_hash() -> None:
    for file in ROOT.glob("requirements*.txt"):
        entries = file.read_text().replace("\\\n", " ").splitlines()
        for entry in (each for each in entries if each and not each.startswith("#")):
            assert "==" in entry.split()[0], entry
            assert "--hash=sha256:" in entry, entry
