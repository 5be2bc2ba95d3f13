"""A change belongs to the organization of its subscription."""

from django.db import migrations

from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_changes")]

    operations = [
        within_organization(
            "scheduledchange_subscription_within_organization",
            table="subscriptions_scheduledchange",
            column="subscription_id",
            target="subscriptions_subscription",
        ),
        within_organization(
            "quantitychange_subscription_within_organization",
            table="subscriptions_quantitychange",
            column="subscription_id",
            target="subscriptions_subscription",
        ),
    ]
