"""Billing notifications: what is chosen there is what comes by mail."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail as outgoing
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import BillingProfile
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail, LeadTimes, Mail, MailChoices
from selfservice.activity.services.mail import queue
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.reminding import (
    RENEWAL,
    TRIAL_END,
    notice_due,
)
from selfservice.subscriptions.tasks import remind_by_day
from tests.factories.catalog import make_plan, make_price, make_product
from tests.factories.mail import make_letter, send_queued
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db
URL = "/billing/notifications/"
DAY = dt.timedelta(days=1)


def renewed_in(
    purchaser: User, days: float, name: str = "Diagrams", term: Term = Term.YEAR
) -> Subscription:
    frequency = Frequency.MONTHLY if term == Term.MONTH else Frequency.YEARLY
    plan = make_plan(make_product(name), term=term, frequency=frequency)
    made = make_subscription(purchaser, offer=Offer(plan, make_price(plan, 4920)))
    ends = clock.now() + days * DAY
    Subscription.objects.filter(pk=made.pk).update(term_end=ends, period_end=ends)
    return made


def choose_days(client: Client, row: Subscription, *days: int) -> None:
    typed = {"section": "times", "shown": str(row.pk), str(row.pk): list(days)}
    assert client.post(URL, typed).status_code == 302


def notices() -> list[str]:
    rows = Mail.objects.order_by("id").values_list("kind", "period")
    return [f"{kind} {period.split(' ')[-1]}" for kind, period in rows]


def sent() -> EmailMultiAlternatives:
    send_queued()
    (message,) = outgoing.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


@pytest.mark.parametrize(
    ("left", "days", "due"),
    [
        (90, (90, 30, 14, 7, 1), 90),
        (39, (90, 30), 90),
        (38, (90, 30), None),
        (30, (90, 30), 30),
        (0.1, (90,), 90),
        (9, (14, 7), 14),
        (8, (14, 7), None),
        (1, (14, 7, 1), 1),
        (20, (), None),
        (10, RENEWAL, None),
        (2, TRIAL_END, None),
    ],
)
def test_a_notice_waits_for_the_next_one_when_that_is_near(
    left: float, days: tuple[int, ...], due: int | None
) -> None:
    assert notice_due(left * DAY, days) == due


def test_the_reminders_come_when_they_were_chosen(anna: User, client: Client) -> None:
    client.force_login(anna)
    early, usual, never = (renewed_in(anna, 80, f"P{n}") for n in range(3))
    choose_days(client, early, 90, 1)
    choose_days(client, never)
    choose_days(client, usual, 30, 7)

    remind_by_day()
    assert notices() == ["renewal 90"]
    Subscription.objects.update(term_end=clock.now() + 20 * DAY)
    remind_by_day()

    assert sorted(Mail.objects.values_list("subject_id", flat=True)) == sorted(
        [early.pk, early.pk, usual.pk]
    )
    # What is usual needs no row.
    assert LeadTimes.objects.count() == 2


def test_a_term_of_a_month_is_told_if_wanted(anna: User, client: Client) -> None:
    client.force_login(anna)
    row = renewed_in(anna, 6, term=Term.MONTH)
    remind_by_day()
    assert notices() == []

    choose_days(client, row, 7)
    remind_by_day()

    assert notices() == ["renewal 7"]


def test_nobody_chooses_for_somebody_elses(
    anna: User, bram: User, dirk: User, client: Client
) -> None:
    theirs, strangers = renewed_in(bram, 80), renewed_in(dirk, 80, "Planner")
    client.force_login(anna)

    choose_days(client, theirs, 90)
    choose_days(client, strangers, 90)
    typed = {"section": "times", "shown": ["x", str(theirs.pk)]}
    client.post(URL, typed)
    foreign = {"section": "invoices", "profile": str(theirs.profile_id)}

    assert client.post(URL, foreign).status_code == 404
    assert client.post(URL, {"section": "x"}).status_code == 404
    assert not LeadTimes.objects.exists()
    assert not InvoiceMail.objects.exists()


def test_what_is_turned_off_does_not_come(anna: User, client: Client) -> None:
    client.force_login(anna)
    renewed_in(anna, 20)
    wanted = {"section": "mails", "kinds": ["trial_ends", "license_assigned"]}
    client.post(URL, wanted)

    remind_by_day()
    queue(make_letter(anna, kind="payment_failed"))

    assert MailChoices.objects.get().off == ["card_expires", "renewal"]
    assert list(Mail.objects.values_list("kind", flat=True)) == ["payment_failed"]
    page = client.get(URL).content.decode()
    assert 'value="trial_ends" checked' in page
    assert 'value="renewal" aria-' in page


def test_a_digest_tells_all_in_one_mail(anna: User, client: Client) -> None:
    client.force_login(anna)
    User.objects.filter(pk=anna.pk).update(language="nl")
    renewed_in(anna, 20, "Diagrams & <b>")
    renewed_in(anna, 21, "Planner")
    kinds = ["renewal", "trial_ends", "card_expires"]
    client.post(URL, {"section": "mails", "kinds": kinds, "digest": "1"})

    remind_by_day()
    remind_by_day()

    message = sent()
    text, html = str(message.body), str(message.alternatives[0].content)
    assert text.count("wordt op") == 2
    assert "Diagrams & <b>" in text
    assert "Diagrams &amp; &lt;b&gt;" in html
    assert "<b>" not in html
    assert text.count("/recurring-billing/") == 2
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent"}


def test_a_reminder_can_be_stopped_with_one_press(
    anna: User, client: Client, mailless: Client
) -> None:
    renewed_in(anna, 20)
    remind_by_day()
    message = sent()
    link = message.extra_headers["List-Unsubscribe"]
    assert message.extra_headers["List-Unsubscribe-Post"] == (
        "List-Unsubscribe=One-Click"
    )
    path = re.fullmatch(r"<http://[^/]+(/[^>]+)>", link)[1]
    assert path in str(message.body)

    # Looking at it changes nothing; pressing needs no sign-in and no token.
    assert "Stop these emails" in mailless.get(path).content.decode()
    assert not MailChoices.objects.exists()
    done = mailless.post(path, {"List-Unsubscribe": "One-Click"})

    assert done.status_code == 200
    assert MailChoices.objects.get().off == ["renewal"]
    assert mailless.post(path[:-3] + "AA/").status_code == 404


@pytest.fixture
def mailless() -> Client:
    """A mail program: it knows no session, and its post has no CSRF token."""
    return Client(enforce_csrf_checks=True)


def test_what_must_be_told_cannot_be_stopped(anna: User) -> None:
    queue(make_letter(anna))

    message = sent()

    assert "List-Unsubscribe" not in message.extra_headers
    assert "unsubscribe" not in str(message.body)


def test_who_gets_a_profiles_invoices(anna: User, client: Client) -> None:
    profile = make_profile(anna)
    client.force_login(anna)
    typed = {
        "section": "invoices",
        "profile": str(profile.pk),
        "wanted": "on",
        "recipients": "Books@noordzee.example; post@elsewhere.example,\n"
        "books@noordzee.example",
    }

    client.post(URL, typed)

    row = InvoiceMail.objects.get(profile_id=profile.pk)
    assert row.recipients == ["books@noordzee.example", "post@elsewhere.example"]
    assert (row.wanted, row.attach_pdf) == (True, False)


@pytest.mark.parametrize(
    ("recipients", "said"),
    [
        ("anna@noordzee.example, nobody", "nobody is no email address."),
        (" ".join(f"a{n}@b.example" for n in range(11)), "These are 11 addresses"),
    ],
)
def test_what_was_typed_stays_when_it_is_refused(
    anna: User, client: Client, recipients: str, said: str
) -> None:
    profile: BillingProfile = make_profile(anna)
    client.force_login(anna)
    typed = {
        "section": "invoices",
        "profile": str(profile.pk),
        "recipients": recipients,
    }

    response = client.post(URL, typed)

    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert recipients in page
    assert not InvoiceMail.objects.exists()


def test_no_form_goes_on_at_the_place_where_another_ended(
    anna: User, client: Client
) -> None:
    """After "Make an address" it is `…#calendar`, which a browser keeps for a form."""
    make_profile(anna)
    client.force_login(anna)

    page = client.get(URL).content.decode()

    forms = re.findall(r"<form[^>]*>", page[page.index("<main") :])
    assert len(forms) == 3
    assert all(f'action="{URL}"' in form for form in forms)


def test_a_colleague_is_asked_about_licenses_only(bram: User, client: Client) -> None:
    client.force_login(bram)

    page = client.get(URL).content.decode()

    assert "Licenses that you are given" in page
    assert "Cards that expire" not in page
    assert "Invoices by email" not in page


def test_it_is_in_dutch_and_in_the_navigation(anna: User, client: Client) -> None:
    User.objects.filter(pk=anna.pk).update(language="nl")
    renewed_in(anna, 20)
    client.force_login(User.objects.get(pk=anna.pk))

    page = client.get(URL).content.decode()

    assert page.count("Factureringsmeldingen") >= 3
    assert "Hoeveel dagen van tevoren" in page


def test_the_page_costs_the_same_at_any_length(anna: User, client: Client) -> None:
    client.force_login(anna)
    for number in range(3):
        renewed_in(anna, 20 + number, f"P{number}")
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for number in range(27):
        renewed_in(anna, 40 + number, f"Q{number}")
    with CaptureQueriesContext(connection) as many:
        page = client.get(URL).content

    assert len(few) == len(many) <= 7
    assert len(page) <= 40 * 1024
    assert b"Q26" in client.get(f"{URL}?page=2").content
    assert client.get(f"{URL}?page=%C2%B2").status_code == 200
