"""manage.py transfer_purchases FROM TO"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from licensing.queries import doubly_licensed
from selfservice.accounts.models import User
from selfservice.accounts.queries import UnknownPerson, person_named
from selfservice.core.errors import DomainError
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.transferring import (
    Transfer,
    handed_over_by,
    plan_transfer,
    transfer,
)

SAID = {
    Outcome.DONE: "Handed over.",
    Outcome.CHECKING: "Under way: Stripe doesn't answer, and the worker goes on.",
}


class Command(BaseCommand):
    help = "Hands what somebody bought to a colleague. People keep their licenses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("giver", metavar="FROM", help="the user principal name")
        parser.add_argument("receiver", metavar="TO", help="who has it from then on")
        parser.add_argument(
            "--subscription",
            action="append",
            type=uuid.UUID,
            default=[],
            metavar="ID",
            help="only this one; may be given more than once",
        )
        parser.add_argument(
            "--card", default="", help="last four digits or id; else their profile's"
        )
        parser.add_argument(
            "--organization", default="", metavar="NAME", help="if several have the UPN"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would happen"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        giver, receiver = (
            self._person(options[name], options["organization"])
            for name in ("giver", "receiver")
        )
        stayed = 0
        chosen = self._chosen(giver, options["subscription"])
        for subscription in chosen:
            self.stdout.write(f"{subscription.product} ({subscription.pk})")
            try:
                self._hand_over(
                    subscription, receiver, options["card"], options["dry_run"]
                )
            except DomainError as error:
                stayed += 1
                self.stdout.write(f"  Stays with {giver}: {error}")
        if stayed:
            raise CommandError(f"{stayed} of {len(chosen)} stayed with {giver}.")

    def _person(self, upn: str, organization: str) -> User:
        try:
            return person_named(upn=upn, organization_name=organization)
        except UnknownPerson as error:
            raise CommandError(str(error)) from error

    def _chosen(self, giver: User, wanted: list[uuid.UUID]) -> list[Subscription]:
        theirs = handed_over_by(giver)
        unknown = set(wanted) - {row.pk for row in theirs}
        if unknown:
            ids = ", ".join(sorted(str(each) for each in unknown))
            raise CommandError(f"{giver} has no subscription {ids} that isn't over.")
        chosen = [row for row in theirs if not wanted or row.pk in wanted]
        if not chosen:
            raise CommandError(f"{giver} has nothing to hand over.")
        return chosen

    def _hand_over(
        self, subscription: Subscription, receiver: User, card: str, dry_run: bool
    ) -> None:
        planned = plan_transfer(subscription=subscription, receiver=receiver, card=card)
        for sentence in _sentences(planned):
            self.stdout.write(f"  {sentence}")
        if dry_run:
            self.stdout.write("  Would be handed over.")
            return
        self.stdout.write(f"  {SAID[transfer(planned)]}")


def _sentences(planned: Transfer) -> list[str]:
    subscription, receiver = planned.subscription, planned.receiver
    ends, charged = subscription.term_ends, subscription.period_ends
    found = [
        f"{subscription.quantity} licenses, {subscription.assigned} assigned: people"
        " keep them. Nothing is charged or given back now."
    ]
    if planned.renews or charged != ends:
        found.append(f"{planned.card} pays from {format_day(charged)} on.")
    if planned.turned_on:
        found.append(
            "It is renewed again: recurring billing went off only because the"
            " purchaser left."
        )
    elif not planned.renews:
        found.append(f"It still ends on {format_day(ends)}: recurring billing is off.")
    if planned.drops_change:
        found.append("The change that waits for the renewal is dropped.")
    doubles = doubly_licensed(subscription, receiver)
    if doubles:
        found.append(
            f"These have one of {receiver} already, and theirs of this one comes"
            f" free: {', '.join(doubles)}."
        )
    return found
