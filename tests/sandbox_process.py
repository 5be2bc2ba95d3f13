"""The Stripe sandbox as a process of its own, steered from tests."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]
PATIENCE = 30


@dataclasses.dataclass(slots=True)
class SandboxProcess:
    """A running sandbox. `base` is its address."""

    base: str
    process: subprocess.Popen[bytes]
    command: list[str]
    port_file: Path

    def order(self, name: str, **given: Any) -> dict[str, Any]:
        """Ask the admin API for something."""
        answer = requests.post(f"{self.base}/_sandbox/{name}", json=given, timeout=300)
        if answer.status_code != 200:
            raise requests.HTTPError(f"{answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def look(self, name: str) -> dict[str, Any]:
        """What the admin API says about something."""
        found: dict[str, Any] = requests.get(
            f"{self.base}/_sandbox/{name}", timeout=30
        ).json()
        return found

    def fault(
        self,
        kind: str,
        verb: str = "",
        path: str = "",
        times: int = 1,
        seconds: float = 0,
        skip: int = 0,
        should_retry: bool | None = None,
    ) -> None:
        """After `skip` that pass, `times` requests of `verb` at `path` go wrong.

        `path` is a prefix, or whole with a `*` for one step, or a `$` at its end.
        `should_retry` is Stripe's advice to the client beside a 409, 429 or 500.
        """
        self.order(
            "faults",
            kind=kind,
            verb=verb,
            path=path,
            times=times,
            seconds=seconds,
            skip=skip,
            should_retry=should_retry,
        )

    def hold(self) -> None:
        """Keep all webhooks back; nothing is on its way any more when this ends."""
        self.order("webhooks/hold")

    def release(
        self,
        order: str | list[str] = "",
        copies: int = 1,
        *,
        seed: int = 0,
        only: list[str] | None = None,
    ) -> int:
        """Send what was held; how many deliveries that were.

        `order` is `reversed`, `shuffled` by a seed, or ids of events that come first.
        With `only`, ids and types of events, the rest stays held.
        """
        given = {"order": order, "copies": copies, "seed": seed, "only": only}
        return int(self.order("webhooks/release", **given)["sent"])

    def resend(self, *only: str) -> int:
        """Send events again that arrived already, by id or type; how many."""
        return int(self.order("webhooks/resend", only=list(only))["sent"])

    def drop(self, *only: str) -> int:
        """Lose what waits for ever: all of it, or these ids and types; how many."""
        return int(self.order("webhooks/drop", only=list(only) or None)["dropped"])

    def calls(self, verb: str = "", path: str = "") -> list[dict[str, Any]]:
        """The API calls that were seen since the last reset, oldest first."""
        return [
            call
            for call in self.look("calls")["calls"]
            if verb in {"", call["verb"]} and call["path"].startswith(path)
        ]

    def waiting(self) -> int:
        """How many webhooks are still to be delivered."""
        return int(self.look("webhooks")["waiting"])

    def deliveries(self) -> list[dict[str, Any]]:
        """What is still to be delivered: event, type, attempts, due. Oldest first."""
        return list(self.look("webhooks")["deliveries"])

    def violations(self) -> list[str]:
        """Answers and events so far that don't have Stripe's shape."""
        return list(self.look("violations")["violations"])

    def advance(self, seconds: int = 0, *, to: int | None = None) -> int:
        """Move time forward, by seconds or to an instant; it is over when this ends.

        Customers of test clocks stay where they are.
        """
        given = {"seconds": seconds} if to is None else {"to": to}
        return int(self.order("clock/advance", **given)["now"])

    def now(self) -> int:
        """What time it is there: seconds since 1970."""
        return int(self.look("clock")["now"])

    def reset(self) -> None:
        """Forget every object, fault and call."""
        self.order("reset")

    def stop(self) -> int:
        """End it; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it at once, whatever it is doing: `kill -9`."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def restart(self) -> None:
        """Start it again, when it was killed or ended, at the same address."""
        self.process.wait(PATIENCE)
        self.process = _launch(self.command, self.port_file)


def start_sandbox(
    folder: Path, *, webhook_url: str = "", webhook_secret: str = "whsec_demo"
) -> SandboxProcess:
    """Start one with its store in `folder`, on a free port, and wait for it."""
    port_file = folder / "port"
    command = [sys.executable, "-m", "billing.sandbox"]
    command += ["--store", str(folder / "store.db"), "--port-file", str(port_file)]
    command += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
    process = _launch([*command, "--port", "0"], port_file)
    port = port_file.read_text()
    command += ["--port", port]
    return SandboxProcess(f"http://127.0.0.1:{port}", process, command, port_file)


def _launch(command: list[str], port_file: Path) -> subprocess.Popen[bytes]:
    """Start it and wait until it listens."""
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while not port_file.exists():
        assert process.poll() is None, "the sandbox ended at once"
        assert time.monotonic() < deadline, "the sandbox doesn't start"
        time.sleep(0.02)
    return process
