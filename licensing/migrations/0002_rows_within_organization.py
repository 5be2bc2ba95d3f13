"""A tenant's row points only at rows of the same tenant."""

from django.db import migrations

from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0001_initial"),
        ("subscriptions", "0002_rows_within_organization"),
    ]

    operations = [
        within_organization(
            "licenseassignment_subscription_within_organization",
            table="licensing_licenseassignment",
            column="subscription_id",
            target="subscriptions_subscription",
        ),
        within_organization(
            "licenseassignment_user_within_organization",
            table="licensing_licenseassignment",
            column="user_id",
            target="accounts_user",
        ),
        within_organization(
            "licenseassignment_purchaser_within_organization",
            table="licensing_licenseassignment",
            column="purchaser_id",
            target="accounts_user",
        ),
    ]
