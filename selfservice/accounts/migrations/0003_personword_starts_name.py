"""Who starts with what was typed is found first, by an index of whole names."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_words_within_organization"),
    ]

    operations = [
        migrations.AddField(
            model_name="personword",
            name="starts_name",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="personword",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="words",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="personword",
            index=models.Index(
                condition=models.Q(("starts_name", True)),
                fields=["organization", "suffix"],
                name="personword_whole_names",
            ),
        ),
    ]
