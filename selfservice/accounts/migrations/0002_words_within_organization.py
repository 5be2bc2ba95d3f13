"""A tenant's row points only at rows of the same tenant."""

from django.db import migrations

from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        within_organization(
            "personword_user_within_organization",
            table="accounts_personword",
            column="user_id",
            target="accounts_user",
        ),
    ]
