import django.db.models.functions.text
from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    # Indexes can't be made concurrently in a transaction.
    atomic = False
    dependencies = [
        ("accounts", "0005_user_has_past_due"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                models.F("organization"),
                models.F("department"),
                django.db.models.functions.text.Lower("display_name"),
                models.F("id"),
                name="user_by_department_and_name",
            ),
        ),
        RemoveIndexConcurrently(model_name="user", name="user_by_department"),
    ]
