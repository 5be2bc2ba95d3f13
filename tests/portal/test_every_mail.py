"""Every kind of mail: in both languages, and with a link to the one thing to do."""

from __future__ import annotations

import datetime as dt
import email.policy
import re
from email.policy import EmailPolicy
from html import unescape
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from licensing.mails import queue_assigned
from licensing.models import LicenseAssignment
from selfservice.accounts.models import Role, User
from selfservice.activity.models import Mail
from selfservice.activity.services import choices, mail
from selfservice.activity.services.mail import queue
from selfservice.activity.services.sending import message_of
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions import mails, mails_ahead, mails_to_admins
from selfservice.subscriptions.models import Subscription
from tests.factories.billing import make_invoice
from tests.factories.licensing import give_licenses
from tests.factories.mail import make_letter
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db

SOON = dt.datetime(2027, 3, 14, 12, tzinfo=dt.UTC)
MONEY = Money(71438, "EUR")
CHARGE: dict[str, Any] = {
    "product": "Diagrams",
    "count": 12,
    "total": MONEY,
    "yearly": True,
    "card": "Visa •••• 4242",
    "ends": SOON,
    "term_end": SOON,
    "charged": SOON,
}
LEFT: dict[str, Any] = {
    "person": "Zoë Bakker",
    "upn": "zoe@noordzee.example",
    "count": 2,
    "more": 1,
    "rows": [{"product": "Diagrams", "ends": SOON, "quantity": 5, "assigned": 2}],
}
CARD: dict[str, Any] = {
    "profile": "Noordzee",
    "former": "Visa •••• 4242",
    "card": "Mastercard •••• 4444",
    "pays": True,
    "uses": [{"title": "Diagrams", "amount": MONEY, "day": SOON}],
}
INVOICE: dict[str, Any] = {
    "number": "NZA-2027-0001",
    "title": "Diagrams",
    "total": MONEY,
    "day": SOON,
    "pdf": "in_1",
    "sent_by": "",
}
# What a kind needs to be told; the others need no more than this.
FACTS: dict[str, dict[str, Any]] = {
    "trial_started": CHARGE | {"licenses": 25},
    "cancelled": CHARGE | {"until": SOON, "refund": MONEY},
    "refunded": CHARGE | {"amount": MONEY, "invoice": "NZA-2027-0001"},
    "payment_failed": CHARGE
    | {"until": SOON, "due": MONEY, "invoice": "NZA-2027-0001"},
    "given_up": CHARGE | {"disabled": SOON, "until": SOON, "assigned": 2},
    "card_expires": CHARGE | {"expires": "02/2027"},
    "card_added": CARD | {"pays": False, "uses": []},
    "card_replaced": CARD,
    "card_edited": CARD,
    "card_deleted": CARD,
    "transferred": CHARGE | {"quantity": 5, "assigned": 2, "renews": True},
    "license_assigned": {"product": "Diagrams", "giver": "Anna de Vries"},
    "purchaser_left": LEFT,
    "invoice": INVOICE,
    "digest": {
        "products": "Diagrams",
        "rows": [CHARGE | {"kind": "renewal", "path": "/subscriptions/1/"}],
    },
}
PROMISED = {
    "order_confirmed",
    "license_assigned",
    "payment_failed",
    "trial_ends",
    "renewal",
    "card_expires",
    "cancelled",
    "refunded",
    "reactivated",
    "purchaser_left",
}


def made(kind: str, reader: User, language: str) -> EmailMultiAlternatives:
    reader.language = language
    facts = FACTS.get(kind, CHARGE)
    queue(make_letter(reader, kind=kind, period=language, facts=facts))
    return message_of(Mail.objects.get(period=language))


def words(html: str) -> str:
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", text).strip()


def test_every_mail_that_was_promised_is_there() -> None:
    assert PROMISED - set(mail.kinds) == set()


@pytest.mark.parametrize("kind", sorted(mail.kinds))
def test_it_is_whole_in_both_languages(kind: str, anna: User) -> None:
    english, dutch = (made(kind, anna, language) for language in ("en", "nl"))

    for message, language, hello in ((english, "en", "Hello"), (dutch, "nl", "Beste")):
        (html, kind_of) = message.alternatives[0]
        assert kind_of == "text/html"
        assert f'<html lang="{language}">' in str(html)
        for said in (words(str(html)), str(message.body)):
            assert hello in said
            assert not re.search(r"None|\{\{|\{%|%\(|\bFalse\b|\bTrue\b", said), said
        assert "/subscriptions/1/" in str(html)
        assert "/subscriptions/1/" in str(message.body)
    assert english.subject != dutch.subject
    same = set(sentences(english)) & set(sentences(dutch))
    assert same == set()


def sentences(message: EmailMultiAlternatives) -> list[str]:
    """The lines of the text that are words, without names and addresses."""
    lines = str(message.body).splitlines()
    return [
        li for li in lines if re.search(r"[a-z]{3,} [a-z]{2,}", li) and "@" not in li
    ]


@pytest.mark.parametrize("kind", sorted(mail.kinds))
def test_only_reminders_say_how_to_be_rid_of_them(kind: str, anna: User) -> None:
    message = made(kind, anna, "en")

    headers = message.extra_headers
    stops = choices.is_reminder(kind)
    assert ("List-Unsubscribe" in headers) == stops
    assert ("List-Unsubscribe-Post" in headers) == stops
    assert ("No more emails like this one" in str(message.body)) == stops


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "€714.38 of invoice NZA-2027-0001 for Diagrams couldn't be charged"),
        ("nl", "€ 714,38 van factuur NZA-2027-0001 voor Diagrams kon niet van"),
    ],
)
def test_a_failed_payment_names_what_is_due(
    anna: User, language: str, said: str
) -> None:
    message = made("payment_failed", anna, language)

    (html, _kind) = message.alternatives[0]
    for text in (str(message.body), words(unescape(str(html)))):
        assert said in text.replace("\xa0", " ")


def test_a_failed_payment_of_which_no_invoice_is_known_names_none(anna: User) -> None:
    """As also those do that the version before has queued."""
    anna.language = "en"
    facts = CHARGE | {"until": SOON}
    queue(make_letter(anna, kind="payment_failed", facts=facts))
    message = message_of(Mail.objects.get())

    assert "The payment for Diagrams with Visa •••• 4242 failed." in str(message.body)
    assert "invoice" not in str(message.body)


@pytest.mark.parametrize("policy", [email.policy.default, email.policy.SMTP])
def test_the_address_that_stops_mail_is_one_that_mail_programs_read(
    anna: User, settings: Settings, policy: EmailPolicy
) -> None:
    """Never as encoded text (RFC 2047, section 5), which a long line would become."""
    settings.PORTAL_BASE_URL = "https://licenses.self-service.organization.example"
    message = made("renewal", anna, "nl")

    sent = message.message(policy=policy).as_bytes()

    (line,) = [li for li in sent.splitlines() if li.startswith(b"List-Unsubscribe:")]
    url = message.extra_headers["List-Unsubscribe"]
    assert line.decode() == f"List-Unsubscribe: {url}"
    # RFC 5322, 2.1.1
    assert len(line) <= 998
    assert b"=?utf-8?" not in line


def follow(row: Mail, reader: User, ends_at: str = "") -> str:
    """Open the mail's link as somebody who isn't signed in; the page it ends at.

    That is the link's own page, unless it leads on to another one.
    """
    browser = Client()
    answer = browser.get(row.path, follow=True)
    assert answer.redirect_chain[0][0].startswith("/accounts/login/")
    answer = browser.post(
        answer.redirect_chain[-1][0],
        {"login": reader.email, "password": "demo", "next": row.path},
        follow=True,
    )
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == (ends_at or row.path)
    page: str = answer.content.decode()
    return page


@pytest.fixture
def year(anna: User) -> Subscription:
    return make_subscription(anna)


def queued(kind: str) -> Mail:
    return Mail.objects.get(kind=kind)


def test_a_renewal_leads_to_recurring_billing(anna: User, year: Subscription) -> None:
    queue(mails_ahead.renewal({}, year, "30"))

    page = follow(queued("renewal"), anna)

    assert "Edit recurring billing" in page
    assert f'action="{queued("renewal").path}"' in page


def test_a_card_that_expires_leads_to_another_one(
    anna: User, year: Subscription
) -> None:
    queue(mails_ahead.card_expires(year, "1"))

    assert "Replace payment method" in follow(queued("card_expires"), anna)


def test_a_failed_payment_leads_to_pay_now(anna: User, year: Subscription) -> None:
    since = clock.now() - dt.timedelta(days=1)
    Subscription.objects.update(past_due_since=since, stripe_status="past_due")
    invoice = make_invoice(anna, status="open", attempted=True, subscription_id=year.pk)
    User.objects.update(has_past_due=True)
    mails.payment_failed(year, since, None)

    letter = queued("payment_failed")
    pay = reverse("billing:invoice_pay", args=[invoice.pk])
    page = follow(letter, anna, ends_at=pay)

    assert f'action="{pay}"' in page
    assert "Pay now" in page
    # Read once more when it is paid: to what it was about.
    Subscription.objects.update(past_due_since=None, stripe_status="active")
    details = reverse("subscriptions:details", args=[year.pk])
    assert year.product.name in follow(letter, anna, ends_at=details)


def test_a_license_leads_to_my_licenses(
    anna: User, bram: User, year: Subscription
) -> None:
    give_licenses(year, [bram])
    (given,) = LicenseAssignment.objects.filter(user=bram)
    queue_assigned(anna.organization_id, [given.pk])

    assert year.product.name in follow(queued("license_assigned"), bram)


@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
def test_who_left_leads_to_what_they_bought(
    anna: User, carla: User, year: Subscription
) -> None:
    assert carla.role == Role.GLOBAL_ADMIN
    make_subscription(carla)
    mails_to_admins.purchasers_left(anna.organization_id, [year])

    page = follow(queued("purchaser_left"), carla)

    assert "1 subscription<" in page
    assert f'href="{year.pk}/"' in page


def test_nobody_else_gets_anything_out_of_a_link(
    anna: User, dirk: User, year: Subscription
) -> None:
    queue(mails_ahead.renewal({}, year, "30"))
    browser = Client()
    browser.force_login(dirk)

    assert browser.get(queued("renewal").path).status_code == 404
