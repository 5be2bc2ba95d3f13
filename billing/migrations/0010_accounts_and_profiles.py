"""What a billing account and its profiles say, and profiles that are being added."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import selfservice.core.ids
from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_user_has_past_due"),
        ("billing", "0009_card_address_and_leaving"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProfileDraft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=selfservice.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("answers", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="billingaccount",
            name="region",
            field=models.CharField(
                blank=True,
                default="",
                max_length=100,
                verbose_name="Province, state or county",
            ),
        ),
        migrations.AddField(
            model_name="billingaccount",
            name="registration_number",
            field=models.CharField(
                blank=True,
                default="",
                max_length=40,
                verbose_name="Registration number",
            ),
        ),
        migrations.AddField(
            model_name="billingaccount",
            name="tax_id_asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="billingaccount",
            name="tax_id_state",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "No tax ID"),
                    ("unchecked", "Not checked yet"),
                    ("valid", "Valid"),
                    ("invalid", "Invalid"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="billingaccount",
            name="version",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="bill_to_name",
            field=models.CharField(
                default="", max_length=200, verbose_name="Bill-to name"
            ),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="region",
            field=models.CharField(
                blank=True,
                default="",
                max_length=100,
                verbose_name="Province, state or county",
            ),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="usage_address",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="version",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="invoice",
            name="profile_name",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="billingaccount",
            name="city",
            field=models.CharField(blank=True, max_length=100, verbose_name="City"),
        ),
        migrations.AlterField(
            model_name="billingprofile",
            name="city",
            field=models.CharField(blank=True, max_length=100, verbose_name="City"),
        ),
        migrations.AddIndex(
            model_name="billingaccount",
            index=models.Index(
                condition=models.Q(("tax_id_state", "unchecked")),
                fields=["tax_id_asked_at"],
                name="billingaccount_to_check",
            ),
        ),
        migrations.AddField(
            model_name="profiledraft",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="profiledraft",
            name="purchaser",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="profiledraft",
            index=models.Index(
                fields=["organization", "purchaser"], name="profiledraft_by_purchaser"
            ),
        ),
        within_organization(
            "profiledraft_purchaser_within_organization",
            table="billing_profiledraft",
            column="purchaser_id",
            target="accounts_user",
        ),
    ]
