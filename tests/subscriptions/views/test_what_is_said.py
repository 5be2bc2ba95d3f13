"""Every action says what it did: on the page, in the log and by mail."""

from __future__ import annotations

import dataclasses
import re

import pytest
import stripe
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone, translation

from selfservice.accounts.models import User
from selfservice.activity.models import Activity, Mail
from selfservice.catalog.models import Frequency, Term
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from tests.dates import shown_day
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    given_back,
    invoices_at_stripe,
    pass_time,
    settle,
)
from tests.subscriptions.living import words

pytestmark = pytest.mark.usefixtures("moving")
NOTHING: dict[str, str] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """Save on a pane, some days after the purchase and after `first` was done.

    `said`: in English and Dutch, with the {charged} and {returned} amounts that
    Stripe tells of, the {day} on which the term ends, and the card.
    """

    pane: str
    fields: dict[str, str]
    said: tuple[str, str]
    verb: str
    mails: tuple[str, ...] = ()
    days: int = 0
    first: tuple[str, dict[str, str]] | None = None


FEWER = ("licenses", {"total": "6"})
OFF = ("recurring-billing", {"recurring": "off"})
ACTIONS = {
    "three more": Action(
        "licenses",
        {"total": "15"},
        (
            "3 licenses added. {charged} charged to Visa •••• 4242.",
            "3 licenties toegevoegd. {charged} is afgeschreven van Visa •••• 4242.",
        ),
        "licenses_added",
        days=40,
    ),
    "one more": Action(
        "licenses",
        {"total": "13"},
        (
            "1 license added. {charged} charged to Visa •••• 4242.",
            "1 licentie toegevoegd. {charged} is afgeschreven van Visa •••• 4242.",
        ),
        "licenses_added",
        days=40,
    ),
    "fewer inside the window": Action(
        *FEWER,
        (
            "6 licenses removed. {returned} goes back to Visa •••• 4242.",
            "6 licenties verwijderd. {returned} gaat terug naar Visa •••• 4242.",
        ),
        "licenses_removed",
        mails=("refunded",),
        days=3,
    ),
    "fewer after it": Action(
        *FEWER,
        (
            "From {day} you have 6 licenses. Until then nothing changes.",
            "Vanaf {day} hebt u 6 licenties. Tot die tijd verandert er niets.",
        ),
        "change_scheduled",
        days=40,
    ),
    "more at the renewal": Action(
        "licenses",
        {"total": "15", "when": "renewal"},
        (
            "From {day} you have 15 licenses. Until then nothing changes.",
            "Vanaf {day} hebt u 15 licenties. Tot die tijd verandert er niets.",
        ),
        "change_scheduled",
    ),
    "undo": Action(
        "undo-change",
        NOTHING,
        (
            "The change is undone. At the renewal everything stays as it is.",
            "De wijziging is ongedaan gemaakt. Bij de verlenging blijft alles zoals"
            " het is.",
        ),
        "change_undone",
        days=40,
        first=FEWER,
    ),
    "another frequency": Action(
        "frequency",
        {"plan": "monthly"},
        (
            "The billing frequency changes on {day}. Until then nothing changes.",
            "De factureringsfrequentie verandert op {day}. Tot die tijd verandert er"
            " niets.",
        ),
        "frequency_scheduled",
    ),
    "recurring billing off": Action(
        *OFF,
        (
            "Recurring billing is off. It can be used until {day}.",
            "Terugkerende facturering staat uit. Het abonnement blijft te gebruiken tot"
            " {day}.",
        ),
        "recurring_off",
    ),
    "recurring billing on": Action(
        "recurring-billing",
        {"recurring": "on"},
        (
            "Recurring billing is on. It renews on {day}.",
            "Terugkerende facturering staat aan. Het abonnement wordt verlengd op"
            " {day}.",
        ),
        "recurring_on",
        first=OFF,
    ),
    "cancel inside the window": Action(
        "cancel",
        {"reason": "mistake"},
        (
            "The subscription is canceled. {returned} goes back to Visa •••• 4242.",
            "Het abonnement is geannuleerd. {returned} gaat terug naar Visa •••• 4242.",
        ),
        "cancelled",
        mails=("cancelled", "refunded"),
        days=3,
    ),
    "cancel after it": Action(
        "cancel",
        {"reason": "expensive"},
        (
            "The subscription is canceled. It can be used until {day}.",
            "Het abonnement is geannuleerd. Het blijft te gebruiken tot {day}.",
        ),
        "cancelled",
        mails=("cancelled",),
        days=40,
    ),
}


def save(
    client: Client, subscription: Subscription, pane: str, fields: dict[str, str]
) -> str:
    """Look at the pane, save what it shows, and read the page that follows."""
    url = f"/subscriptions/{subscription.pk}/{pane}/"
    shown = client.get(url, fields).content.decode()
    seal = re.search(r'name="seal" value="([^"]+)"', shown)
    data = fields | ({"seal": seal[1]} if seal else {})
    answer = client.post(url, data, follow=True)
    assert answer.redirect_chain, words(answer.content.decode())
    return words(answer.content.decode())


def amount(minor: int) -> str:
    return " ".join(str(Money(minor, "EUR")).split())


def typed(action: Action, bought: Subscription) -> dict[str, str]:
    """Its fields; a plan is known only once it is on sale."""
    monthly = put_on_sale(
        bought.product, 450, term=Term.YEAR, frequency=Frequency.MONTHLY
    )
    named = "plan" in action.fields
    return {"plan": str(monthly.plan.pk)} if named else action.fields


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("name", ACTIONS)
def test_it_is_said_logged_and_mailed(
    client: Client,
    bought: Subscription,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    name: str,
    language: str,
) -> None:
    action = ACTIONS[name]
    fields = typed(action, bought)
    client.force_login(anna)
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
    pass_time(sandbox, DAY * action.days)
    if action.first is not None:
        save(client, bought, *action.first)
    known = set(Activity.objects.values_list("pk", flat=True))
    mails = Mail.objects.count()

    said = save(client, bought, action.pane, fields)
    settle()

    assert bought.term_end is not None
    with translation.override(language), timezone.override(anna.organization.time_zone):
        expected = action.said[language == "nl"].format(
            charged=amount(invoices_at_stripe(stripe_client, bought)[0].total),
            returned=amount(given_back(stripe_client, bought)),
            day=shown_day(bought.term_end),
        )
    assert expected in said
    logged = Activity.objects.exclude(pk__in=known).order_by("pk")
    entry = logged.get(verb=action.verb)
    assert (entry.actor_id, entry.subject_id) == (anna.pk, bought.pk)
    sent = Mail.objects.order_by("pk")[mails:]
    assert tuple(mail.kind for mail in sent) == action.mails
    assert {mail.address for mail in sent} <= {anna.email}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "€714.38 was charged to Visa •••• 4242; the invoice is"),
        ("nl", "€ 714,38 is afgeschreven van Visa •••• 4242; het factuurnummer is"),
    ],
)
def test_an_order_is_said_logged_and_mailed(
    client: Client, bought: Subscription, anna: User, language: str, said: str
) -> None:
    client.force_login(anna)
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language

    assert said in words(client.get(f"/orders/{bought.pk}/").content.decode())

    entry = Activity.objects.get(subject_id=bought.pk, verb="bought")
    assert (entry.actor_id, entry.after) == (anna.pk, {"quantity": 12})
    sent = Mail.objects.get(subject_id=bought.pk)
    assert (sent.kind, sent.address) == ("order_confirmed", anna.email)
