"""A final invoice never changes, also for whoever writes past the portal."""

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import Invoice
from selfservice.accounts.models import User
from tests.factories.billing import make_invoice

pytestmark = pytest.mark.django_db

WORDS = {
    "number": "'NZA-1'",
    "currency": "'USD'",
    "subtotal_minor": "1",
    "tax_minor": "1",
    "total_minor": "1",
    "profile_name": "'Something else'",
    "title": "'Something else'",
    "sold_to": """'{"name": "Somebody else"}'""",
    "bill_to": "'{}'",
    "po_number": "'PO-1'",
    "line_count": "2",
    "finalized_at": "now()",
    "period_end": "now() + interval '1 year'",
    "status": "'draft'",
}


def refused(sql: str) -> bool:
    """Whether the database refuses it because the invoice is final."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except IntegrityError as error:
        return "a final invoice never changes" in str(error)
    return False


@pytest.mark.parametrize("column", WORDS)
def test_what_it_says_is_refused_to_change(anna: User, column: str) -> None:
    make_invoice(anna)

    assert refused(f"UPDATE billing_invoice SET {column} = {WORDS[column]}")


def test_its_payment_may_move(anna: User) -> None:
    invoice = make_invoice(anna, status="open")

    assert not refused(
        "UPDATE billing_invoice SET status = 'paid', attempted = true,"
        " paid_minor = total_minor, remaining_minor = 0, refunded_minor = 5,"
        " paid_at = now(), stripe_synced_at = now(), number = number"
    )
    invoice.refresh_from_db()
    assert invoice.paid_minor == invoice.total_minor


def test_it_and_its_lines_stay(anna: User) -> None:
    invoice = make_invoice(anna)
    columns = (
        "organization_id, invoice_id, kind, text, quantity, amount_minor, tax_minor,"
        " period_start, period_end"
    )

    assert refused("DELETE FROM billing_invoiceline")
    assert refused("UPDATE billing_invoiceline SET amount_minor = 1")
    assert refused(
        f"INSERT INTO billing_invoiceline (id, position, {columns})"
        f" SELECT gen_random_uuid(), 2, {columns} FROM billing_invoiceline"
    )
    assert refused("DELETE FROM billing_invoice")
    assert invoice.lines.count() == 1


def test_a_draft_may_still_change(anna: User) -> None:
    make_invoice(anna, status="draft")

    assert not refused("UPDATE billing_invoice SET number = 'NZA-1', status = 'open'")
    assert Invoice.objects.get().number == "NZA-1"
