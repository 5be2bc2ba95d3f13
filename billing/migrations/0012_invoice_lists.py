"""Let indexes alone tell what lists of invoices filter by and add up."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0011_names_as_they_were")]

    operations = [
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["organization", "purchaser", "-finalized_at", "-id"],
                include=[
                    "profile",
                    "status",
                    "attempted",
                    "currency",
                    "total_minor",
                    "remaining_minor",
                    "number",
                    "title",
                    "profile_name",
                ],
                name="invoice_list",
            ),
        ),
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["organization", "finalized_at"],
                include=[
                    "status",
                    "currency",
                    "title",
                    "paid_minor",
                    "refunded_minor",
                    "remaining_minor",
                ],
                name="invoice_spend",
            ),
        ),
        RemoveIndexConcurrently(model_name="invoice", name="invoice_by_date"),
    ]
