from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("licensing", "0006_licenses_counted")]

    operations = [
        migrations.AddIndex(
            model_name="licenseassignment",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["organization", "subscription", "ended_at"],
                name="licenseassignment_given_back",
            ),
        ),
    ]
