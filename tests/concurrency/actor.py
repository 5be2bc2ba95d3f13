"""A process that does what it is told: run by the tests, several at once.

Reads a JSON line for each act, and answers with lines: "paused" where it was told to
wait for a line, then the outcome. What it was told to leave out is left out for that
act only: the negative controls.
"""

from __future__ import annotations

import io
import json
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import django

django.setup()

from django.db.models import F, Q

from licensing.bulk import look_at
from licensing.models import BulkList
from licensing.services import assigning, bulk
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import User
from selfservice.accounts.services.directory import import_directory
from selfservice.accounts.services.directory_file import read_directory
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def assign(purchaser: str, product: str, people: list[str]) -> str:
    """A license for each of them, one after the other."""
    buyer, said = User.objects.get(pk=purchaser), Counter[str]()
    for person in people:
        try:
            assigning.assign_licenses(
                actor=buyer,
                purchaser=buyer,
                product_id=uuid.UUID(product),
                people=[uuid.UUID(person)],
            )
        except CannotAssign:
            said["refused"] += 1
        else:
            said["assigned"] += 1
    return json.dumps(said)


def confirm(bulk_id: str) -> str:
    row = BulkList.objects.select_related("purchaser").get(pk=bulk_id)
    bulk.confirm(bulk=row, seal=look_at(row).seal)
    row.refresh_from_db()
    return str(row.state)


def shrink(subscription: str, quantity: int) -> str:
    """Somebody else's program, which knows nothing of ours."""
    Subscription.objects.filter(pk=subscription).update(quantity=quantity)
    return "shrunk"


def cancel(subscription: str) -> str:
    """Inside the window: disabled from this moment."""
    Subscription.objects.filter(pk=subscription).update(disabled_at=clock.now())
    return "cancelled"


def bring_in(organization: str, text: str) -> str:
    file = read_directory(io.BytesIO(text.encode()))
    return f"{import_directory(file=file, organization_name=organization).lost} lost"


ACTS: dict[str, Callable[..., str]] = {
    "assign": assign,
    "confirm": confirm,
    "shrink": shrink,
    "cancel": cancel,
    "import": bring_in,
}
# Protections, and what stands in their place.
LEFT_OUT: dict[str, tuple[object, str, object]] = {
    "counter": (assigning, "move_counters", lambda *args: True),
    "limit": (assigning, "_LIMIT", F("quantity") + 1000),
    "state": (lifecycle, "assignable_at", lambda now: ~Q(pk=None)),
    "locks": (
        type(User.objects.all()),
        "select_for_update",
        lambda self, **kwargs: self,
    ),
}


def pausing(name: str) -> Any:
    """The service's step `name`, after which it waits for a line, the first time."""
    step, waited = getattr(assigning, name), []

    def step_and_wait(*args: Any, **kwargs: Any) -> Any:
        answer = step(*args, **kwargs)
        if not waited:
            waited.append(True)
            say("paused")
            sys.stdin.readline()
        return answer

    return patch.object(assigning, name, step_and_wait)


def main() -> None:
    say("ready")
    for line in sys.stdin:
        told = json.loads(line)
        with ExitStack() as changed:
            for name in told["without"]:
                changed.enter_context(patch.object(*LEFT_OUT[name]))
            if told["pause"]:
                changed.enter_context(pausing(told["pause"]))
            try:
                say(ACTS[told["act"]](**told["given"]))
            except Exception as error:
                say(f"{type(error).__name__}: {' '.join(str(error).split())}")


main()
