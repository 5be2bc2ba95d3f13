"""manage.py reconcile [--fix] [--organization NAME] [--customer cus_…]"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.gateway import GatewayRejected, GatewayUnavailable
from billing.models import BillingProfile
from selfservice.accounts.models import Organization
from selfservice.core.drift import Comparison, Outcome
from selfservice.portal.services.reconcile import Scope, profiles, reconcile, summary

DRIFT = 1
UNREACHABLE = 2
# Nothing to be done about them, or nothing yet.
HARMLESS = frozenset({Outcome.MENDED, Outcome.UNDER_WAY, Outcome.STRANGER})


class Command(BaseCommand):
    help = (
        "Compares subscriptions, licenses, invoices and cards with Stripe, and prints"
        " every drift. With --fix ours is made what Stripe says. Exit status: 0 no"
        " drift or all of it mended, 1 drift, 2 Stripe can't be reached."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="mend ours from theirs")
        parser.add_argument("--organization", default="", metavar="NAME")
        parser.add_argument("--customer", default="", metavar="cus_…")

    def handle(self, *args: Any, **options: Any) -> None:
        run = Comparison(fix=options["fix"])
        scope = _scope(options["organization"], options["customer"])
        outcomes: Counter[Outcome] = Counter()
        try:
            for finding in reconcile(run, scope, self._progress):
                self._say_where("")
                outcomes[finding.outcome] += 1
                self.stdout.write(str(finding))
        except (GatewayUnavailable, GatewayRejected) as error:
            self._say_where("")
            self.stdout.write(f"{summary(run)} {_words(outcomes)}")
            self.stderr.write(f"Not everything was compared. {error}")
            sys.exit(UNREACHABLE)
        self._say_where("")
        self.stdout.write(f"{summary(run)} {_words(outcomes)}")
        if set(outcomes) - HARMLESS:
            sys.exit(DRIFT)

    def _progress(self, profile: BillingProfile) -> None:
        self._say_where(f"{profile.stripe_customer_id} …")

    def _say_where(self, words: str) -> None:
        """Where it is, on a terminal only: one line that is written over."""
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{words}", ending="")
            self.stderr.flush()


def _scope(organization: str, customer_id: str) -> Scope:
    """Raises CommandError for a name or id that nobody has."""
    found = None
    if organization:
        named = Organization.objects.filter(name=organization)
        if named.count() != 1:
            raise CommandError(f"{named.count()} organizations are called that.")
        found = named.get()
    scope = Scope(found, customer_id)
    if customer_id and not any(True for _profile in profiles(scope)):
        raise CommandError(f"No billing profile has the customer {customer_id}.")
    return scope


def _words(outcomes: Counter[Outcome]) -> str:
    """What was found, in words."""
    if not outcomes:
        return "No drift found."
    return ", ".join(f"{count} {name}" for name, count in outcomes.items()) + "."
