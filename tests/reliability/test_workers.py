"""Several workers, and workers beside pages: nobody does what another one is at."""

from __future__ import annotations

import collections
import subprocess
import sys
import threading
import time

import pytest
from django.db import connections

from billing.models import BillingProfile, StripeOperation
from billing.services import operations
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from tests.concurrency.racing import failures, race
from tests.factories.accounts import make_people
from tests.reliability.world import let_leases_end
from tests.sandbox_process import ROOT, SandboxProcess
from tests.stripe_sandbox import SOLD_TO

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]

CUSTOMERS = "/v1/customers"
KNOWN = """
import django
django.setup()
from billing.services import operations
print(*operations.kinds)
"""


@pytest.mark.django_db(transaction=False)
def test_a_process_without_pages_knows_every_kind_of_operation() -> None:
    """The worker imports no view."""
    answer = subprocess.check_output([sys.executable, "-c", KNOWN], cwd=ROOT, text=True)

    assert set(answer.split()) == set(operations.kinds)


def test_what_a_page_is_at_no_worker_begins(
    anna: User, sandbox: SandboxProcess
) -> None:
    sandbox.fault("slow_before", "POST", CUSTOMERS, seconds=0.5)
    page = threading.Thread(target=_open_account, args=[anna])
    page.start()
    while not sandbox.calls("POST", CUSTOMERS):
        time.sleep(0.01)

    assert operations.sweep() == 0

    page.join()
    assert len(sandbox.calls("POST", CUSTOMERS)) == 1
    assert BillingProfile.objects.get().stripe_customer_id


def test_four_workers_at_once_finish_each_operation_once(
    anna: User, sandbox: SandboxProcess
) -> None:
    buyers = [anna, *make_people(anna.organization, 5)]
    sandbox.fault("drop_before", "POST", CUSTOMERS, times=3 * len(buyers))
    race([lambda buyer=buyer: _open_account(buyer) for buyer in buyers])
    sandbox.order("faults/clear")
    let_leases_end()

    assert failures(race([operations.sweep] * 4)) == []

    finished = StripeOperation.objects.filter(state="succeeded", attempts=2)
    assert finished.count() == len(buyers)
    keys = collections.Counter(c["key"] for c in sandbox.calls("POST", CUSTOMERS))
    assert set(keys.values()) == {1}


def _open_account(buyer: User) -> None:
    try:
        open_account(purchaser=buyer, sold_to=SOLD_TO)
    finally:
        connections.close_all()
