"""manage.py invite UPN | --organization NAME [--all]"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.models import User
from selfservice.accounts.queries import (
    UnknownPerson,
    people_to_invite,
    person_named,
)
from selfservice.accounts.services.invitations import invite


class Command(BaseCommand):
    help = "Mails people a link on which they choose their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upn", nargs="?", help="one person's user principal name")
        parser.add_argument(
            "--organization",
            default="",
            metavar="NAME",
            help="everybody there who has no password yet; with a UPN: whose UPN",
        )
        parser.add_argument(
            "--all", action="store_true", help="also those who have a password"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            people = _people(options)
        except UnknownPerson as error:
            raise CommandError(str(error)) from error
        sent = 0
        for person in people:
            try:
                invite(person)
            except OSError as error:
                # The others wait for nothing: mail goes out one by one.
                self.stderr.write(f"{person.upn}: {error}")
                continue
            sent += 1
        self.stdout.write(f"Invitations sent: {sent}.")
        if sent < len(people):
            raise CommandError(f"Not sent: {len(people) - sent}.")


def _people(options: dict[str, Any]) -> list[User]:
    upn, organization = options["upn"], options["organization"]
    if not upn:
        if not organization:
            raise CommandError("Say whom: a user principal name, or --organization.")
        return people_to_invite(
            organization_name=organization, with_password=options["all"]
        )
    person = person_named(upn=upn, organization_name=organization)
    if not person.can_sign_in:
        raise CommandError(f"{person} can't sign in: disabled or removed.")
    return [person]
