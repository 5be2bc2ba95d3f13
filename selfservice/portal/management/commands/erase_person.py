"""manage.py erase_person UPN"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.queries import UnknownPerson, person_named
from selfservice.portal.services.erasing import (
    CannotErase,
    erase_person,
    objections_to,
)


class Command(BaseCommand):
    help = (
        "Erases what says who somebody is: name, addresses, cards, sign-in, mail."
        " Invoices stay, and the activity log still verifies. It can't be undone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upn", help="the user principal name")
        parser.add_argument(
            "--organization", default="", metavar="NAME", help="if several have the UPN"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say whether it is possible"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = person_named(
                upn=options["upn"], organization_name=options["organization"]
            )
        except UnknownPerson as error:
            raise CommandError(str(error)) from error
        if options["dry_run"]:
            found = objections_to(person)
            if found:
                raise CommandError(" ".join(found))
            self.stdout.write(f"{person} ({person.organization}) can be erased.")
            return
        try:
            done = erase_person(person=person)
        except CannotErase as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Erased, {done.rows} rows in all. Purchases, licenses and the log now say"
            f" “{done.code}”; invoices stay as they are.\n"
            "Leave this person out of the next directory file: there they would come"
            " back as somebody new. Ask the payment provider to redact the customer"
            " when its invoices needn't be kept any more."
        )
