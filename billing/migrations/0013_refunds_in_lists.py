"""Let the index alone still tell the list, now that it says what was given back."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0012_invoice_lists")]

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
                    "refunded_minor",
                    "number",
                    "title",
                    "profile_name",
                ],
                name="invoice_listed",
            ),
        ),
        RemoveIndexConcurrently(model_name="invoice", name="invoice_list"),
    ]
