"""A process that assigns: run by the tests, several at once, on their database.

Arguments: the purchaser, the product, "guarded" or "unguarded", then people. Waits
for a line on its input; prints for each person whether they got a license.
"""

from __future__ import annotations

import sys
import uuid

import django

django.setup()

from licensing.services import assigning  # noqa: E402  after setup
from licensing.services.refusals import CannotAssign  # noqa: E402
from selfservice.accounts.models import User  # noqa: E402


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(purchaser_id: str, product_id: str, guard: str, *people: str) -> None:
    if guard == "unguarded":
        assigning.move_counters = lambda *args: True
    purchaser = User.objects.get(pk=purchaser_id)
    say("ready")
    sys.stdin.readline()
    for person in people:
        try:
            assigning.assign_licenses(
                actor=purchaser,
                purchaser=purchaser,
                product_id=uuid.UUID(product_id),
                people=[uuid.UUID(person)],
            )
        except CannotAssign:
            say("refused")
        else:
            say("assigned")


main(*sys.argv[1:])
