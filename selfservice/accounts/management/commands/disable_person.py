"""manage.py disable_person UPN [--enable]"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.queries import UnknownPerson, person_named
from selfservice.accounts.services.signing_in import (
    NotInDirectory,
    disable_person,
    enable_person,
)


class Command(BaseCommand):
    help = (
        "Lets a person sign in no more: their licenses are free at once, what they"
        " bought isn't renewed. The next import decides again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upn", help="the user principal name")
        parser.add_argument(
            "--enable", action="store_true", help="let them sign in again"
        )
        parser.add_argument(
            "--organization", default="", metavar="NAME", help="if several have the UPN"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = person_named(
                upn=options["upn"], organization_name=options["organization"]
            )
            if options["enable"]:
                changed = enable_person(person=person)
                said = "can sign in again" if changed else "can sign in already"
            else:
                changed = disable_person(person=person)
                said = (
                    "can't sign in any more" if changed else "couldn't sign in anyway"
                )
        except (UnknownPerson, NotInDirectory) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{person} ({person.organization}) {said}.")
