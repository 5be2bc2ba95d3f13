"""Fill what is new from what is known; a final invoice keeps its profile's name.

A few thousand rows at a time, each in a transaction of its own: the version before
goes on reading and writing these tables. A run that was broken off goes on where
rows are still empty.
"""

import uuid

from django.db import migrations, transaction

BATCH = 5_000
# What is filled, and which rows of a batch are still empty.
FILLS = {
    "billing_billingprofile": "SET bill_to_name = name WHERE bill_to_name = ''",
    "billing_billingaccount": (
        "SET tax_id_state = 'unchecked' WHERE tax_id <> '' AND tax_id_state = ''"
    ),
    "billing_invoice": (
        "SET profile_name = profile.name FROM billing_billingprofile AS profile"
        " WHERE profile.organization_id = billing_invoice.organization_id"
        " AND profile.id = billing_invoice.profile_id"
        " AND billing_invoice.profile_name = ''"
    ),
}
# Its payment moves: status, attempted, paid, remaining, refunded, paid_at, synced_at.
SAID = (
    "id, organization_id, profile_id, purchaser_id, subscription_id, number, currency,"
    " subtotal_minor, tax_minor, total_minor, reason, title, sold_to, bill_to,"
    " po_number, line_count, finalized_at, period_start, period_end"
)
SAYS = f"{SAID}, profile_name"


def fill(apps, editor):
    for table, change in FILLS.items():
        after = uuid.UUID(int=0)
        while after is not None:
            with transaction.atomic(using=editor.connection.alias):
                after = _fill_batch(editor.connection, table, change, after)


def _fill_batch(connection, table, change, after):
    """Fill the next rows by their keys; the last key, null when there are no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s",
            [after, BATCH],
        )
        keys = [key for (key,) in cursor.fetchall()]
        if not keys:
            return None
        cursor.execute(
            f"UPDATE {table} {change} AND {table}.id > %s AND {table}.id <= %s",
            [after, keys[-1]],
        )
    return keys[-1]


def guard_names(apps, editor):
    """From now on nobody changes them; in one transaction with the guard before."""
    with transaction.atomic(using=editor.connection.alias):
        editor.execute(f"{DROP}{trigger(SAYS)}")


def unguard_names(apps, editor):
    with transaction.atomic(using=editor.connection.alias):
        editor.execute(f"{DROP}{trigger(SAID)}")


def trigger(columns: str) -> str:
    old, new = (
        ", ".join(f"{row}.{column.strip()}" for column in columns.split(","))
        for row in ("OLD", "NEW")
    )
    return f"""
CREATE TRIGGER invoice_is_final BEFORE UPDATE ON billing_invoice FOR EACH ROW
    WHEN (OLD.status <> 'draft'
        AND (NEW.status = 'draft' OR ({old}) IS DISTINCT FROM ({new})))
    EXECUTE FUNCTION invoice_is_final();
"""


DROP = "DROP TRIGGER invoice_is_final ON billing_invoice;"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0010_accounts_and_profiles")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(guard_names, unguard_names),
    ]
