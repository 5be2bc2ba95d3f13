"""Let an index alone tell who holds two licenses of a product, and out of what."""

from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("licensing", "0009_counted_at_any_time")]

    operations = [
        AddIndexConcurrently(
            model_name="licenseassignment",
            index=models.Index(
                fields=["organization", "user", "product"],
                include=["subscription", "suspended_at"],
                condition=models.Q(("ended_at", None)),
                name="licenseassignment_held",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="licenseassignment", name="licenseassignment_by_user"
        ),
    ]
