"""`manage.py demo`: the whole portal on this machine, with one command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.core.demo.child import follow
from selfservice.core.demo.home import DemoError
from selfservice.core.demo.launcher import DEFAULT_PORT, Launcher, Options
from selfservice.core.demo.progress import Progress

HIGHEST_PORT = 65535
READY = """
The portal is ready, after {seconds:.1f} s:  {address}/

Sign in with the password "demo" as
  anna@noordzee.example    buys, and gives out the licenses
  bram@noordzee.example    her colleague, without purchases
  carla@noordzee.example   global administrator: sees every purchase
  rik@noordzee.example     global reader
  dirk@tulp.example        buys for another organization

Test cards, with any later date and any code
  4242 4242 4242 4242      works
  4000 0000 0000 0002      declined
  4000 0000 0000 9995      insufficient funds
  4000 0000 0000 0069      expired
  4000 0025 0000 3155      asks for 3-D Secure

Stripe's stand-in is at {sandbox}; data, logs and mail are in {var}
Ctrl-C stops everything. The next start finds the data."""


def port(word: str) -> int:
    """A port's number; 0 is a free one."""
    number = int(word)
    if not 0 <= number <= HIGHEST_PORT:
        raise ValueError
    return number


class Command(BaseCommand):
    help = (
        "Starts the portal with a database, Stripe's stand-in, worker and web server."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=port, default=DEFAULT_PORT, help="0 picks a free one"
        )
        parser.add_argument(
            "--var",
            type=Path,
            default=settings.VAR_DIR,
            help="where the database and everything else lives (default: var)",
        )
        parser.add_argument(
            "--sandbox-port",
            type=port,
            help="of Stripe's stand-in (default: the last one, or a free one)",
        )
        parser.add_argument(
            "--reset", action="store_true", help="delete the data and start afresh"
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="end when the caller is killed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["with_parent"]:
            follow(os.getppid())
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        wanted = Options(
            var=Path(os.path.abspath(options["var"].expanduser())),
            port=options["port"],
            sandbox_port=options["sandbox_port"],
            reset=options["reset"],
        )
        try:
            Launcher(wanted, Progress(sys.stdout)).run(self._tell)
        except DemoError as error:
            raise CommandError(str(error)) from error

    def _tell(self, launcher: Launcher) -> None:
        words = READY.format(
            seconds=launcher.seconds,
            address=launcher.address,
            sandbox=launcher.sandbox_address,
            var=launcher.var,
        )
        self.stdout.write(words)
        self.stdout.flush()
