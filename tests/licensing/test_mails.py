"""Whoever gets a license hears of it, once, and only then."""

from __future__ import annotations

from django.core import mail as outgoing
from procrastinate.contrib.django.models import ProcrastinateJob

from licensing.mails import ASSIGNED_JOB
from licensing.services.assigning import unassign_licenses
from licensing.tasks import mail_assigned
from selfservice.accounts.models import User, ids
from selfservice.activity.models import Mail
from tests.factories.licensing import give_licenses
from tests.factories.mail import send_queued
from tests.factories.subscriptions import make_subscription


def work() -> None:
    """What a worker does with what waits; twice, because a job may run twice."""
    for job in ProcrastinateJob.objects.filter(task_name=ASSIGNED_JOB, status="todo"):
        mail_assigned(**job.args)
        mail_assigned(**job.args)
    send_queued()


def test_a_colleague_is_told_and_led_to_my_licenses(anna: User, bram: User) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [bram])

    work()

    (message,) = outgoing.outbox
    assert message.to == [bram.email]
    assert message.subject == f"You have a license: {subscription.product.name}"
    assert "Anna de Vries gave you a license" in message.body
    assert "/my-licenses/\n" in message.body


def test_whoever_takes_one_for_themselves_gets_no_mail(anna: User) -> None:
    give_licenses(make_subscription(anna), [anna])

    work()

    assert not Mail.objects.exists()


def test_what_was_taken_back_at_once_stays_untold(anna: User, bram: User) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [bram])
    unassign_licenses(
        actor=anna,
        purchaser=anna,
        product_id=subscription.product_id,
        people=ids([bram]),
    )

    work()

    assert not Mail.objects.exists()


def test_a_license_that_is_given_again_is_told_again(anna: User, bram: User) -> None:
    subscription = make_subscription(anna)
    for _ in range(2):
        give_licenses(subscription, [bram])
        work()
        unassign_licenses(
            actor=anna,
            purchaser=anna,
            product_id=subscription.product_id,
            people=ids([bram]),
        )

    assert len(outgoing.outbox) == 2
