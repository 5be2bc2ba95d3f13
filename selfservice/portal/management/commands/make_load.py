"""manage.py make_load"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.portal.services.load import SCALES, fill


class Command(BaseCommand):
    help = (
        "Fills an empty database with made-up organizations, people, subscriptions,"
        " licenses and invoices, to measure on: large is a million people."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", choices=SCALES, default="small")
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            help="the day on which it is now (today); the same day gives the same rows",
        )
        parser.add_argument(
            "--password", help="lets two people of the big organization sign in with it"
        )
        parser.add_argument(
            "--in-production",
            action="store_true",
            help="do it although these aren't the demo's settings",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO and not options["in_production"]:
            raise CommandError(
                "These are production's settings: made-up people don't belong there."
                " If this database is only for measuring, say --in-production."
            )
        day = options["day"] or clock.now().date()
        now = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        began = time.monotonic()
        try:
            big = fill(SCALES[options["scale"]], now, self._tell)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self._tell("all", time.monotonic() - began)
        self._introduce(big, options["password"])

    def _tell(self, step: str, seconds: float) -> None:
        self.stdout.write(f"{step:28}{seconds:7.1f} s")

    def _introduce(self, big: Organization, password: str | None) -> None:
        people = User.objects.filter(organization=big)
        buyer = people.order_by("pk")[0]
        admin = people.get(role="global_admin")
        if password:
            hashed = make_password(password)
            people.filter(pk__in=[buyer.pk, admin.pk]).update(password=hashed)
        self.stdout.write(f"Purchaser: {buyer.email}\nAdmin: {admin.email}")
