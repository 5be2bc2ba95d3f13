"""Lists of people to assign licenses to, or to unassign them from."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import selfservice.core.ids
from selfservice.core.schema import within_organization


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_user_by_name"),
        ("catalog", "0001_initial"),
        ("licensing", "0004_taken_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkList",
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
                (
                    "does",
                    models.CharField(
                        choices=[("assign", "Assign"), ("unassign", "Unassign")],
                        max_length=10,
                    ),
                ),
                (
                    "people",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list
                    ),
                ),
                (
                    "unknown",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=254), default=list
                    ),
                ),
                (
                    "strange",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=254), default=list
                    ),
                ),
                ("repeated", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("under_way", "Under Way"),
                            ("done", "Done"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("seal", models.CharField(blank=True, default="", max_length=64)),
                ("overtaken", models.BooleanField(default=False)),
                ("count", models.PositiveIntegerField(default=0)),
                ("withdrawal", models.UUIDField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
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
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
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
            options={
                "abstract": False,
            },
        ),
        within_organization(
            "bulklist_purchaser_within_organization",
            table="licensing_bulklist",
            column="purchaser_id",
            target="accounts_user",
        ),
    ]
