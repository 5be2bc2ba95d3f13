import datetime as dt
from typing import Any

import pytest

from licensing.models import LicenseAssignment
from licensing.services import ending
from licensing.tasks import compare_counters, end_deleted_by_night
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription


def test_the_night_reports_a_counter_that_is_wrong(
    anna: User, bram: User, caplog: pytest.LogCaptureFixture
) -> None:
    right, wrong = make_subscription(anna), make_subscription(anna)
    give_licenses(right, [bram])
    give_licenses(wrong, [bram])
    compare_counters()
    assert caplog.text == ""
    Subscription.objects.filter(pk=wrong.pk).update(assigned=3)

    compare_counters()

    assert f"{wrong.pk} counts 3 licenses, 1 are assigned" in caplog.text
    assert str(right.pk) not in caplog.text


def open_licenses(subscription: Subscription) -> int:
    return LicenseAssignment.objects.filter(
        subscription=subscription, ended_at=None
    ).count()


def assigned(purchaser: User, days_ago: int, **facts: Any) -> Subscription:
    """Three licenses, one of them suspended, of what was disabled so long ago."""
    subscription = make_subscription(purchaser, quantity=3)
    people = make_people(purchaser.organization, 3)
    give_licenses(subscription, people)
    first = LicenseAssignment.objects.filter(user=people[0])
    first.update(suspended_at=clock.now())
    disabled = {"disabled_at": clock.now() - dt.timedelta(days=days_ago)}
    Subscription.objects.filter(pk=subscription.pk).update(
        assigned=2, **(facts or disabled)
    )
    return subscription


def test_ninety_days_after_it_was_disabled_its_licenses_end(
    anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    deleted, disabled = assigned(anna, 90), assigned(anna, 89)

    end_deleted_by_night()
    end_deleted_by_night()

    assert (open_licenses(deleted), open_licenses(disabled)) == (0, 3)
    deleted.refresh_from_db()
    assert deleted.assigned == 0
    entries = Activity.objects.filter(verb="licenses_unassigned")
    assert [entry.after["count"] for entry in entries] == [3]
    compare_counters()
    assert "counts" not in caplog.text


def test_many_licenses_end_in_batches_of_their_own(
    anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "LICENSES_AT_ONCE", 2)
    deleted = assigned(anna, 400)

    assert ending.end_deleted() == 3
    assert open_licenses(deleted) == 0
    assert Activity.objects.filter(verb="licenses_unassigned").count() == 2


def test_what_stripe_may_have_renewed_keeps_its_licenses(anna: User) -> None:
    long_ago = clock.now() - dt.timedelta(days=200)
    unheard = assigned(anna, 0, term_end=long_ago, recurring_billing=True)
    over = assigned(anna, 0, term_end=long_ago, recurring_billing=False)
    unpaid = assigned(anna, 0, term_end=long_ago, past_due_since=long_ago)

    end_deleted_by_night()

    assert [open_licenses(one) for one in (unheard, over, unpaid)] == [3, 0, 0]
