"""Who has an invoice that is past due: noted on the person, for every page."""

from __future__ import annotations

from django.db import connection

from billing.models import Invoice
from billing.queries import past_due_of
from selfservice.accounts.models import User

MEND = """
UPDATE accounts_user AS person SET has_past_due = NOT has_past_due
WHERE has_past_due <> EXISTS (
    SELECT FROM billing_invoice AS invoice
    WHERE invoice.organization_id = person.organization_id
        AND invoice.purchaser_id = person.id
        AND (invoice.status = 'uncollectible'
            OR invoice.status = 'open' AND invoice.attempted))
"""


def follow(invoice: Invoice) -> None:
    """After an invoice became past due or was paid, in the caller's transaction.

    The person is locked, so that of two invoices that are paid at once the second
    sees the first.
    """
    person = User.objects.filter(
        organization_id=invoice.organization_id, pk=invoice.purchaser_id
    )
    for user in person.select_for_update(no_key=True).only("pk", "has_past_due"):
        owes = past_due_of(user.organization_id, user.pk).exists()
        if owes != user.has_past_due:
            person.update(has_past_due=owes)


def mend() -> int:
    """Compare the note with the invoices, of everybody; how many were wrong."""
    with connection.cursor() as cursor:
        cursor.execute(MEND)
        return int(cursor.rowcount)
