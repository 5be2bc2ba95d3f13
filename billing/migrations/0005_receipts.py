"""What was paid and credited of an invoice, and how many lines it has."""

import django.db.models.deletion
from django.db import migrations, models

import selfservice.core.ids
from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_user_by_name"),
        ("billing", "0004_refunded"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="line_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="InvoiceCredit",
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
                ("stripe_credit_note_id", models.CharField(max_length=64)),
                ("number", models.CharField(db_collation="C", max_length=64)),
                ("void", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=40)),
                ("tax_minor", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField()),
                ("kept_minor", models.BigIntegerField()),
                ("reduced_minor", models.BigIntegerField()),
                ("lines", models.JSONField(default=list)),
                ("issued_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="billing.invoice",
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
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "invoice"],
                        name="invoicecredit_by_invoice",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "stripe_credit_note_id"),
                        name="invoicecredit_note_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoicePayment",
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
                ("stripe_charge_id", models.CharField(max_length=64)),
                ("amount_minor", models.BigIntegerField()),
                ("decline", models.CharField(blank=True, default="", max_length=64)),
                ("succeeded", models.BooleanField()),
                ("brand", models.CharField(blank=True, default="", max_length=20)),
                ("last4", models.CharField(blank=True, default="", max_length=4)),
                (
                    "receipt_number",
                    models.CharField(blank=True, default="", max_length=40),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="billing.invoice",
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
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "invoice"],
                        name="invoicepayment_by_invoice",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "stripe_charge_id"),
                        name="invoicepayment_charge_unique",
                    )
                ],
            },
        ),
        within_organization(
            "invoicepayment_invoice_within_organization",
            table="billing_invoicepayment",
            column="invoice_id",
            target="billing_invoice",
        ),
        within_organization(
            "invoicecredit_invoice_within_organization",
            table="billing_invoicecredit",
            column="invoice_id",
            target="billing_invoice",
        ),
        migrations.RunSQL(
            "UPDATE billing_invoice SET line_count = (SELECT count(*)"
            " FROM billing_invoiceline AS line"
            " WHERE line.organization_id = billing_invoice.organization_id"
            " AND line.invoice_id = billing_invoice.id)",
            migrations.RunSQL.noop,
        ),
    ]
