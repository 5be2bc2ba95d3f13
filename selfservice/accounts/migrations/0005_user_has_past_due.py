"""Whether an invoice of theirs is past due: told on every page of theirs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_user_by_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="has_past_due",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
