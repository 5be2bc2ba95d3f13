"""Starts the demo, watches over it and ends it.

The processes: PostgreSQL (`core.embedded`), Stripe's stand-in, the worker and the web
server. They end with this one: asked to in order, and by the kernel if it is killed.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from selfservice.core.demo.child import Child
from selfservice.core.demo.home import DemoError, Home
from selfservice.core.demo.ports import HOST, answers, free_port, is_free
from selfservice.core.demo.progress import Progress
from selfservice.core.embedded import Server, ServerError, server_at

PATIENCE_SECONDS = 60
STOP_SECONDS = 15
DEFAULT_PORT = 8000
type Handler = Callable[[int, FrameType | None], None]
# Of another database or web server, and not for this one.
FOREIGN = ("PG", "GRANIAN_", "DATABASE_URL", "OVERSIGHT_DATABASE_URL")


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """`port` 0 is a free one; `sandbox_port` None is the last one, or a free one."""

    var: Path
    port: int = DEFAULT_PORT
    sandbox_port: int | None = None
    reset: bool = False


class Stopped(BaseException):
    """Somebody asked for the end. Not an error, so not caught as one."""


class Launcher:
    def __init__(self, options: Options, progress: Progress) -> None:
        self._options = options
        self._progress = progress
        self._home = Home(options.var)
        self._children: list[Child] = []
        self._environment: dict[str, str] = {}
        self._server: Server = server_at(options.var / "pg")
        self.port = 0
        self.sandbox_port = 0

    def run(self, ready: Callable[[Launcher], None]) -> None:
        """Start everything, call `ready`, and return when somebody stops it.

        Raises DemoError.
        """
        _on_signals(_stop_once)
        try:
            self._start()
            ready(self)
            while True:
                self._look_after()
                time.sleep(0.3)
        except Stopped:
            self._progress.say("\nStopping.")
        except ServerError as error:
            raise DemoError(str(error)) from error
        finally:
            self._stop()

    def _start(self) -> None:
        self._home.claim(waiting=f"process {os.getpid()}, starting")
        self._choose_ports()
        if self._options.reset:
            with self._progress.step("Deleting the old data"):
                self._server.stop()
                self._home.reset()
        self._environment = self._make_environment()
        with self._progress.step("PostgreSQL"):
            self._server.ensure()
        self._start_sandbox()
        self._set_up()
        self._spawn("worker", "manage.py", "worker")
        self._start_web()
        self._home.note(f"process {os.getpid()}, {self.address}")

    @property
    def var(self) -> Path:
        return self._options.var

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_address(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def seconds(self) -> float:
        return self._progress.seconds

    def _choose_ports(self) -> None:
        self.port = self._options.port or free_port()
        if not is_free(self.port):
            raise DemoError(
                f"Port {self.port} is in use. Choose another one with --port, or"
                " --port 0 for a free one."
            )
        remembered = self.var / "sandbox" / "port"
        wanted = self._options.sandbox_port
        if wanted is None and remembered.exists():
            wanted = int(remembered.read_text())
            wanted = wanted if is_free(wanted) else None
        self.sandbox_port = wanted or free_port()
        if not is_free(self.sandbox_port) or self.sandbox_port == self.port:
            raise DemoError(
                f"Port {self.sandbox_port} is in use. Choose another one with"
                " --sandbox-port."
            )

    def _make_environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        if "DATABASE_URL" in os.environ:
            self._progress.say("  DATABASE_URL is set; the demo doesn't use it.")
        return {
            **kept,
            **self._home.secrets(),
            "DJANGO_SETTINGS_MODULE": "selfservice.settings.demo",
            "PORTAL_VAR": str(self.var),
            "PORTAL_BASE_URL": self.address,
            "STRIPE_API_BASE": self.sandbox_address,
            "STRIPE_SANDBOX_ORIGIN": self.sandbox_address,
            "STRIPE_JS_URL": f"{self.sandbox_address}/endive/stripe.js",
            "PYTHONUNBUFFERED": "1",
        }

    def _start_sandbox(self) -> None:
        folder = self.var / "sandbox"
        with self._progress.step("Stripe's stand-in"):
            folder.mkdir(mode=0o700, exist_ok=True)
            child = self._spawn(
                *("sandbox", "-m", "billing.sandbox"),
                *("--port", str(self.sandbox_port)),
                *("--store", str(folder / "store.db")),
                *("--webhook-url", f"{self.address}/stripe/webhook/"),
                *("--webhook-secret", self._environment["STRIPE_WEBHOOK_SECRET"]),
                *("--port-file", str(folder / "port")),
            )
            self._await(child, self.sandbox_port)

    def _set_up(self) -> None:
        """Migrations, catalogue, people and files, with the portal's settings."""
        arguments = ("manage.py", "demo_setup")
        child = Child(
            "set-up",
            arguments,
            environment=self._environment,
            keeps=self._home.children_lock,
        )
        self._children.append(child)
        if child.wait():
            raise DemoError("The set-up above ended with an error.")
        self._children.remove(child)
        # From here on something may stand between the portal and the stand-in.
        elsewhere = os.environ.get("STRIPE_API_BASE")
        if elsewhere:
            self._environment["STRIPE_API_BASE"] = elsewhere

    def _start_web(self) -> None:
        with self._progress.step("Web server"):
            child = self._spawn(
                *("web", "-m", "granian", "--interface", "wsgi"),
                *("--host", HOST, "--port", str(self.port), "--workers", "1"),
                *("--blocking-threads", "2", "--no-ws"),
                *("--workers-kill-timeout", "5", "selfservice.wsgi:application"),
            )
            self._await(child, self.port)

    def _spawn(self, name: str, *arguments: str) -> Child:
        child = Child(
            name,
            arguments,
            environment=self._environment,
            log=self.var / "log" / f"{name}.log",
            keeps=self._home.children_lock,
        )
        self._children.append(child)
        return child

    def _await(self, child: Child, port: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(port):
            self._look_after()
            if time.monotonic() > deadline:
                raise DemoError(f"{child.tail()}\nThe {child.name} doesn't answer.")
            time.sleep(0.05)

    def _look_after(self) -> None:
        """Raises DemoError when a process of ours is no more."""
        for child in self._children:
            if child.ended:
                raise DemoError(
                    f"{child.tail()}\nThe {child.name} ended, so everything ends. Above"
                    f" is the end of {child.log}."
                )

    def _stop(self) -> None:
        _on_signals(_too_late)
        for child in self._children:
            child.ask_to_stop()
        for child in reversed(self._children):
            child.stop(STOP_SECONDS)
        self._server.release()


def _stop_once(number: int, frame: FrameType | None) -> None:
    # A second one must not interrupt the tidying up.
    _on_signals(_too_late)
    raise Stopped


def _too_late(number: int, frame: FrameType | None) -> None:
    """We are stopping already. SIG_IGN here would trip over a signal on its way."""


def _on_signals(handler: Handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)
