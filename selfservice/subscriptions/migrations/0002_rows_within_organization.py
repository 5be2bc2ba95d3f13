"""A tenant's row points only at rows of the same tenant."""

from django.db import migrations

from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0001_initial"),
        ("billing", "0002_rows_within_organization"),
    ]

    operations = [
        within_organization(
            "subscription_purchaser_within_organization",
            table="subscriptions_subscription",
            column="purchaser_id",
            target="accounts_user",
        ),
        within_organization(
            "subscription_profile_within_organization",
            table="subscriptions_subscription",
            column="profile_id",
            target="billing_billingprofile",
        ),
        within_organization(
            "subscription_card_within_organization",
            table="subscriptions_subscription",
            column="payment_method_id",
            target="billing_paymentmethod",
        ),
    ]
