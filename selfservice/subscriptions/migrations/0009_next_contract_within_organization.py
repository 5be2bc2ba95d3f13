"""A next contract belongs to the organization of all that it points at."""

from django.db import migrations

from selfservice.core.schema import within_organization

TABLE = "subscriptions_nextcontract"


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0008_next_contract")]

    operations = [
        within_organization(
            "nextcontract_subscription_within_organization",
            table=TABLE,
            column="subscription_id",
            target="subscriptions_subscription",
        ),
        within_organization(
            "nextcontract_profile_within_organization",
            table=TABLE,
            column="profile_id",
            target="billing_billingprofile",
        ),
        within_organization(
            "nextcontract_card_within_organization",
            table=TABLE,
            column="payment_method_id",
            target="billing_paymentmethod",
        ),
    ]
