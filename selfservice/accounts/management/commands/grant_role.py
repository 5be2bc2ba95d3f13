"""manage.py grant_role UPN ROLE"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.models import Role
from selfservice.accounts.queries import UnknownPerson, person_named
from selfservice.accounts.services.roles import grant_role


class Command(BaseCommand):
    help = "Gives a person a role, in place of the one they have."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upn", help="the user principal name")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument(
            "--organization", default="", metavar="NAME", help="if several have the UPN"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = person_named(
                upn=options["upn"], organization_name=options["organization"]
            )
        except UnknownPerson as error:
            raise CommandError(str(error)) from error
        role = Role(options["role"])
        changed = grant_role(person=person, role=role)
        verb = "is now" if changed else "already was"
        self.stdout.write(f"{person} ({person.organization}) {verb} {role.value}.")
