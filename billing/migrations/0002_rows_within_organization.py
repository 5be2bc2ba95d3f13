"""A tenant's row points only at rows of the same tenant."""

from django.db import migrations

from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        within_organization(
            "billingaccount_purchaser_within_organization",
            table="billing_billingaccount",
            column="purchaser_id",
            target="accounts_user",
        ),
        within_organization(
            "billingprofile_account_within_organization",
            table="billing_billingprofile",
            column="account_id",
            target="billing_billingaccount",
        ),
        within_organization(
            "billingprofile_purchaser_within_organization",
            table="billing_billingprofile",
            column="purchaser_id",
            target="accounts_user",
        ),
        within_organization(
            "billingprofile_card_within_organization",
            table="billing_billingprofile",
            column="payment_method_id",
            target="billing_paymentmethod",
        ),
        within_organization(
            "paymentmethod_profile_within_organization",
            table="billing_paymentmethod",
            column="profile_id",
            target="billing_billingprofile",
        ),
        within_organization(
            "invoice_profile_within_organization",
            table="billing_invoice",
            column="profile_id",
            target="billing_billingprofile",
        ),
        within_organization(
            "invoice_purchaser_within_organization",
            table="billing_invoice",
            column="purchaser_id",
            target="accounts_user",
        ),
        within_organization(
            "invoiceline_invoice_within_organization",
            table="billing_invoiceline",
            column="invoice_id",
            target="billing_invoice",
        ),
    ]
