"""Lists of a thousand and of twenty thousand people, from the paste to the licenses."""

from __future__ import annotations

import re
import sys
import time

import pytest
from django.test import Client

from licensing.models import BulkList, BulkState, LicenseAssignment
from licensing.services.bulk import carry_out
from selfservice.accounts.models import User
from tests.big.crowd import make_crowd
from tests.factories.subscriptions import make_subscription

CROWD = 50_000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1_000, 20_000])
def test_a_list_is_done_in_one_go(anna: User, client: Client, count: int) -> None:
    make_crowd(anna.organization, CROWD)
    subscription = make_subscription(anna, quantity=count)
    client.force_login(anna)
    url = f"/licenses/{subscription.product_id}/bulk/"
    people = User.objects.filter(organization=anna.organization, password="!")
    text = "\n".join(people.order_by("pk").values_list("email", flat=True)[:count])
    said = [f"{count} people:"]

    began = time.monotonic()
    page = str(client.post(url, {"text": text})["Location"])
    said.append(f"list kept in {time.monotonic() - began:.2f} s,")
    began = time.monotonic()
    shown = client.get(page).content.decode()
    said.append(f"looked at in {time.monotonic() - began:.2f} s,")
    seal = re.search(r'name="seal" value="([^"]+)"', shown)
    assert seal, re.sub(r"<[^>]+>|\s+", " ", shown)[:3000]
    began = time.monotonic()
    client.post(page, {"seal": seal[1]})
    row = BulkList.objects.get()
    if row.state == BulkState.UNDER_WAY:
        carry_out(row.organization_id, row.pk)
    took = time.monotonic() - began
    sys.stdout.write(" ".join([*said, f"assigned in {took:.2f} s\n"]))

    rows = LicenseAssignment.objects.filter(subscription=subscription, ended_at=None)
    subscription.refresh_from_db()
    assert rows.count() == subscription.assigned == count
