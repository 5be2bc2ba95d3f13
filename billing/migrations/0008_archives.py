"""The PDFs of a list, gathered for one download."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import selfservice.core.ids
from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_user_has_past_due"),
        ("billing", "0007_past_due_noted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoiceArchive",
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
                ("wanted", models.JSONField()),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "purchaser",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceArchiveFile",
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
                ("invoice_id", models.UUIDField()),
                ("name", models.CharField(max_length=120)),
                ("content", models.BinaryField()),
                (
                    "archive",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="billing.invoicearchive",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="invoicearchive",
            index=models.Index(
                fields=["organization", "purchaser", "-asked_at"],
                name="invoicearchive_by_purchaser",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicearchive",
            constraint=models.UniqueConstraint(
                fields=("organization", "id"), name="invoicearchive_organization_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicearchivefile",
            constraint=models.UniqueConstraint(
                fields=("organization", "archive", "invoice_id"),
                name="invoicearchivefile_once",
            ),
        ),
        within_organization(
            "invoicearchive_purchaser_within_organization",
            table="billing_invoicearchive",
            column="purchaser_id",
            target="accounts_user",
        ),
        within_organization(
            "invoicearchivefile_archive_within_organization",
            table="billing_invoicearchivefile",
            column="archive_id",
            target="billing_invoicearchive",
        ),
    ]
