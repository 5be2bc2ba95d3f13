"""What is known of a VAT number: from the register, from Stripe, or not yet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
import stripe
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from billing import vies
from billing.gateway.client import CallInsideTransaction
from billing.models import BillingAccount, BillingProfile, StripeOperation
from billing.services import operations, vat_numbers
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from tests.reliability.world import let_leases_end

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "NL004495445B01"


class Register(BaseHTTPRequestHandler):
    """The EU's register, as a small server on this machine."""

    answer: ClassVar[tuple[int, bytes]] = (200, b"")
    asked: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, json.loads(body)))
        status, content = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def register(settings: Settings) -> Iterator[type[Register]]:
    server = HTTPServer(("127.0.0.1", 0), Register)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.VIES_URL = f"http://127.0.0.1:{server.server_port}/rest-api"
    Register.asked.clear()
    yield Register
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def account(profile: BillingProfile) -> BillingAccount:
    return profile.account


def says(register: type[Register], status: int = 200, **answer: Any) -> None:
    register.answer = (status, json.dumps(answer).encode())


def checked(account: BillingAccount) -> str:
    vat_numbers.check(account.organization_id, account.pk)
    account.refresh_from_db()
    return str(account.tax_id_state)


def at_stripe(client: stripe.StripeClient, account: BillingAccount) -> list[str]:
    customer = account.profiles.get().stripe_customer_id
    return [each.value for each in client.v1.customers.tax_ids.list(customer).data]


def test_the_register_is_asked_by_country_and_number(
    account: BillingAccount, register: type[Register]
) -> None:
    says(register, valid=True)

    assert checked(account) == "valid"

    wanted = {"countryCode": "NL", "vatNumber": "004495445B01"}
    assert register.asked == [("/rest-api/check-vat-number", wanted)]
    assert Activity.objects.get(verb="tax_id_valid").actor_id is None


def test_an_unknown_number_is_invalid_and_leaves_stripe(
    account: BillingAccount,
    register: type[Register],
    stripe_client: stripe.StripeClient,
) -> None:
    says(register, valid=False)

    assert checked(account) == "invalid"

    operations.sweep()
    assert at_stripe(stripe_client, account) == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            200,
            b'{"actionSucceed": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}',
        ),
        (200, b'{"valid": null}'),
        (200, b'{"valid": "false"}'),
        (200, b"[]"),
        (200, b"<html>maintenance</html>"),
        (500, b'{"valid": false}'),
        (503, b""),
    ],
)
def test_an_outage_is_no_verdict(
    account: BillingAccount, register: type[Register], status: int, body: bytes
) -> None:
    register.answer = (status, body)

    assert checked(account) == "unchecked"


def test_a_register_that_is_away_is_asked_again(
    account: BillingAccount, register: type[Register], settings: Settings
) -> None:
    here, settings.VIES_URL = settings.VIES_URL, "http://127.0.0.1:9/rest-api"
    assert checked(account) == "unchecked"
    settings.VIES_URL = here
    says(register, valid=True)

    vat_numbers.check_all()
    account.refresh_from_db()
    assert account.tax_id_state == "unchecked", "it was asked just now"
    BillingAccount.objects.update(tax_id_asked_at=None)
    vat_numbers.check_all()

    account.refresh_from_db()
    assert account.tax_id_state == "valid"


def test_an_answer_about_an_older_number_is_forgotten(
    account: BillingAccount, register: type[Register]
) -> None:
    says(register, valid=False)
    BillingAccount.objects.update(tax_id="NL820646660B01")

    vat_numbers.note(account, NUMBER, vat_numbers.TaxIdState.INVALID)

    account.refresh_from_db()
    assert account.tax_id_state == "unchecked"


def test_the_register_is_never_asked_inside_a_transaction(
    register: type[Register],
) -> None:
    with transaction.atomic(), pytest.raises(CallInsideTransaction):
        vies.is_registered(NUMBER)


def test_without_the_register_stripes_word_is_taken(account: BillingAccount) -> None:
    assert checked(account) == "valid"


@pytest.mark.parametrize(
    ("number", "state"), [("DE111111111", "invalid"), ("DE222222222", "unchecked")]
)
def test_stripes_events_tell_what_it_found_out(
    profile: BillingProfile,
    stripe_client: stripe.StripeClient,
    number: str,
    state: str,
) -> None:
    account = profile.account
    BillingAccount.objects.update(tax_id=number)
    stripe_client.v1.customers.tax_ids.create(
        profile.stripe_customer_id, {"type": "eu_vat", "value": number}
    )

    vat_numbers.told_by_stripe(profile.stripe_customer_id)

    account.refresh_from_db()
    assert account.tax_id_state == state
    vat_numbers.told_by_stripe("cus_stranger")


def test_a_number_is_added_changed_and_removed_by_its_owner(
    client: Client,
    anna: User,
    account: BillingAccount,
    stripe_client: stripe.StripeClient,
) -> None:
    client.force_login(anna)
    path = f"/billing/accounts/{account.pk}/tax-id/"

    def save(number: str) -> int:
        account.refresh_from_db()
        answer = client.post(path, {"version": str(account.version), "tax_id": number})
        account.refresh_from_db()
        return int(answer.status_code)

    assert save("nl 8206.46660 b01") == 302
    assert (account.tax_id, account.tax_id_state) == ("NL820646660B01", "unchecked")
    assert at_stripe(stripe_client, account) == ["NL820646660B01"]
    for wrong in ("NL820646661B01", "NL12345", "BE0428759497", "x" * 31):
        assert save(wrong) == 422
    assert save("") == 302
    assert (account.tax_id, account.tax_id_state) == ("", "")
    assert at_stripe(stripe_client, account) == []


def test_an_invalid_number_that_is_saved_again_is_asked_about_again(
    client: Client, anna: User, account: BillingAccount, register: type[Register]
) -> None:
    says(register, valid=False)
    assert checked(account) == "invalid"
    operations.sweep()
    client.force_login(anna)
    typed = {"version": str(account.version), "tax_id": account.tax_id}

    client.post(f"/billing/accounts/{account.pk}/tax-id/", typed)
    says(register, valid=True)

    assert checked(account) == "valid"
    let_leases_end()
    operations.sweep()
    assert not StripeOperation.objects.exclude(state="succeeded").exists()
