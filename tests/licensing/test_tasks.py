import pytest

from licensing.tasks import compare_counters
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
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
