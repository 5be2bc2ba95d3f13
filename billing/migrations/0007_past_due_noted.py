"""What is to be paid is found at once, and noted on the person who has to."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_user_has_past_due"),
        ("billing", "0006_final_invoices"),
        ("accounts", "0005_user_has_past_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("status__in", ["open", "uncollectible"])),
                fields=["organization", "purchaser", "finalized_at"],
                name="invoice_to_be_paid",
            ),
        ),
        migrations.RunSQL(
            "UPDATE accounts_user AS person SET has_past_due = true"
            " WHERE EXISTS (SELECT FROM billing_invoice AS invoice"
            " WHERE invoice.organization_id = person.organization_id"
            " AND invoice.purchaser_id = person.id"
            " AND (invoice.status = 'uncollectible'"
            " OR invoice.status = 'open' AND invoice.attempted))",
            migrations.RunSQL.noop,
        ),
    ]
