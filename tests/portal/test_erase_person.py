"""`manage.py erase_person`: nobody can tell any more who it was; invoices stay."""

from __future__ import annotations

import datetime as dt
import uuid
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.models import BillingProfile, Invoice, PaymentMethod, StripeOperation
from billing.services import operations
from licensing.models import BulkList, LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.accounts.queries import search_people
from selfservice.activity.models import (
    Activity,
    InvoiceMail,
    Mail,
    MailChoices,
    MailState,
)
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services import choices, mail
from selfservice.activity.services.record import Change, record
from selfservice.activity.services.sealing import seal_all
from selfservice.core import clock
from selfservice.portal.services.erasing import CannotErase, erase_person
from selfservice.subscriptions.models import CancelReason, Subscription
from tests.factories.accounts import make_user
from tests.factories.billing import make_invoice
from tests.factories.licensing import give_licenses
from tests.factories.mail import make_letter
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "zoe.bakker@noordzee.example"
# What only Zoë would have; "Bakker" in whatever case.
TRACES = ("bakker", "Bakkerstraat", "203.0.113.7", "zoe's feedback", "ZB-secret")
KEPT_BY_LAW = {"billing_invoice"}


@pytest.fixture
def zoe(noordzee: Organization) -> User:
    return make_user(
        noordzee,
        "Zoë Bakker",
        email=ADDRESS,
        password="demo",
        first_name="Zoë",
        last_name="Bakker",
        object_id="ZB-secret-1",
        department="Bakkerij",
    )


def over(buyer: User, profile: BillingProfile, **fields: Any) -> Subscription:
    """Bought two years ago, and long over."""
    start = clock.now() - dt.timedelta(days=800)
    return make_subscription(
        buyer, profile=profile, term_start=start, recurring_billing=False, **fields
    )


def lives(zoe: User, anna: User) -> Invoice:
    """Everything that the portal can know about somebody."""
    profile = make_profile(
        zoe,
        name="Bakker Advies",
        bill_to_name="Bakker Advies",
        line1="Bakkerstraat 1",
        po_number="ZB-secret-2",
        stripe_customer_id="",
    )
    profile.account.__class__.objects.filter(pk=profile.account_id).update(
        name="Bakker Advies", tax_id="ZB-secret-3"
    )
    PaymentMethod.objects.update(
        holder_name="Z. Bakker",
        fingerprint="ZB-secret-4",
        address={"line1": "Bakkerstraat 1"},
    )
    bought = over(
        zoe,
        profile,
        cancel_reason=CancelReason.OTHER,
        cancel_feedback="zoe's feedback",
    )
    with acting(Origin(zoe.pk, "Zoë Bakker", ADDRESS, lambda: "203.0.113.7")):
        record(Change(zoe.organization_id, zoe.pk, "subscription", bought.pk, "bought"))
    give_licenses(make_subscription(anna), [zoe])
    _gets_mail(zoe, profile)
    for buyer, unknown in ((zoe, ["a@bakker.example"]), (anna, [ADDRESS, "x@y.nl"])):
        BulkList.objects.create(
            organization_id=zoe.organization_id,
            purchaser=buyer,
            product=bought.product,
            does="assign",
            unknown=unknown,
        )
    Client().force_login(zoe)
    return make_invoice(zoe, profile=profile)


def _gets_mail(zoe: User, profile: BillingProfile) -> None:
    choices.choose(
        organization_id=zoe.organization_id, person_id=zoe.pk, off=[], digest=True
    )
    choices.renew_calendar(zoe.organization_id, zoe.pk)
    for profile_id, others in ((profile.pk, []), (uuid.uuid4(), ["x@y.example"])):
        InvoiceMail.objects.create(
            organization_id=zoe.organization_id,
            profile_id=profile_id,
            recipients=[ADDRESS, *others],
        )
    mail.queue(make_letter(zoe))
    EmailAddress.objects.create(user=zoe, email=ADDRESS)


def tables_that_know(words: str) -> set[str]:
    """Every table of the database in which a row says this."""
    with connection.cursor() as cursor:
        found = set()
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s',
                [f"%{words}%"],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    return found


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("erase_person", *arguments, stdout=said)
    return said.getvalue()


def test_nothing_says_any_more_who_it_was_but_invoices(zoe: User, anna: User) -> None:
    invoice = lives(zoe, anna)
    seal_all()
    knew = set().union(*(tables_that_know(words) for words in TRACES))
    assert {"accounts_user", "activity_mail", "billing_paymentmethod"} <= knew
    assert tables_that_know(str(zoe.pk)) >= {"accounts_user", "activity_mailchoices"}

    said = run(ADDRESS)

    for words in TRACES:
        assert tables_that_know(words) - KEPT_BY_LAW == set(), words
    assert Invoice.objects.get(pk=invoice.pk).bill_to["name"] == "Bakker Advies"
    zoe.refresh_from_db()
    assert zoe.display_name == f"Erased person {zoe.pk.hex[-6:].upper()}"
    assert zoe.display_name in said
    assert InvoiceMail.objects.get().recipients == ["x@y.example"]
    assert not MailChoices.objects.exists()
    assert BulkList.objects.get().unknown == ["x@y.nl"]
    seal_all()
    call_command("verify_activity", stdout=StringIO())
    assert Activity.objects.filter(subject_id=zoe.pk, verb="person_erased").exists()


def test_licenses_come_free_and_mail_is_not_sent(zoe: User, anna: User) -> None:
    lives(zoe, anna)

    run(ADDRESS)

    assert not LicenseAssignment.objects.filter(user=zoe, ended_at=None).exists()
    assert Mail.objects.get(recipient_id=zoe.pk).state == MailState.FAILED
    assert search_people(organization_id=zoe.organization_id, text="bakker") == []


def test_the_address_in_an_old_mail_keeps_nothing_of_them(
    zoe: User, anna: User, client: Client
) -> None:
    pages = {}
    for reader in (zoe, anna):
        row = Mail(
            organization_id=reader.organization_id,
            recipient_id=reader.pk,
            kind="renewal",
        )
        pages[reader.pk] = reverse(
            "portal:unsubscribe", args=[choices.unsubscribe_token(row)]
        )
    run(ADDRESS)

    answers = [client.post(page).status_code for page in pages.values()]

    assert answers == [200, 200]
    assert [each.person_id for each in MailChoices.objects.all()] == [anna.pk]


def test_whoever_is_signed_in_is_out(zoe: User, client: Client) -> None:
    client.force_login(zoe)
    assert client.get("/my-licenses/").status_code == 200

    run(ADDRESS)

    assert client.get("/my-licenses/").status_code == 302
    assert not client.login(email=ADDRESS, password="demo")


def test_what_is_not_over_comes_first(zoe: User) -> None:
    make_subscription(zoe)

    with pytest.raises(CommandError, match="1 subscription of theirs isn't over"):
        run(ADDRESS, "--dry-run")
    with pytest.raises(CannotErase, match="transfer_purchases"):
        erase_person(person=zoe)

    zoe.refresh_from_db()
    assert (zoe.display_name, zoe.removed_at) == ("Zoë Bakker", None)


def test_a_dry_run_changes_nothing(zoe: User) -> None:
    assert "can be erased" in run(ADDRESS, "--dry-run")

    assert User.objects.filter(email=ADDRESS, removed_at=None).exists()


def test_an_edit_of_a_card_that_waits_is_given_up(zoe: User, anna: User) -> None:
    """Else it would bring the name back, once Stripe answers."""
    profile = lives(zoe, anna).profile
    waiting = operations.begin(
        kind="card.update",
        key="card-update-1",
        organization_id=zoe.organization_id,
        subject_id=profile.pk,
        arguments={"holder_name": "Z. Bakker"},
    )

    run(ADDRESS)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.arguments) == ("refused", {})


def test_a_second_time_changes_nothing_more(zoe: User, anna: User) -> None:
    lives(zoe, anna)
    first = erase_person(person=zoe)

    again = erase_person(person=User.objects.get(pk=zoe.pk))

    assert again.code == first.code
    assert User.objects.get(pk=zoe.pk).display_name == first.code
    assert not StripeOperation.objects.exists()


def test_nobody_else_is_touched(zoe: User, anna: User, dirk: User) -> None:
    InvoiceMail.objects.create(
        organization_id=dirk.organization_id,
        profile_id=uuid.uuid4(),
        recipients=[ADDRESS],
    )
    make_profile(anna)

    run(ADDRESS)

    assert InvoiceMail.objects.get().recipients == [ADDRESS]
    assert PaymentMethod.objects.get().last4 == "4242"
    assert User.objects.get(pk=anna.pk).email == anna.email


def test_the_code_is_in_the_persons_own_language(zoe: User) -> None:
    User.objects.filter(pk=zoe.pk).update(language="nl")

    assert "Gewiste persoon" in run(ADDRESS)


def test_an_unknown_person_is_said_so(zoe: User) -> None:
    with pytest.raises(CommandError, match="nobody@noordzee"):
        run("nobody@noordzee.example")
