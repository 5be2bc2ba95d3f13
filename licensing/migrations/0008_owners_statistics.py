from django.db import migrations

# Who bought what isn't spread evenly: without this, PostgreSQL takes the five thousand
# people of one license for one, and looks each of them up to find fifty.
ADD = """
CREATE STATISTICS licenseassignment_owner (dependencies, mcv)
    ON organization_id, purchaser_id, product_id FROM licensing_licenseassignment
"""
DROP = "DROP STATISTICS licenseassignment_owner"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0007_given_back")]

    operations = [migrations.RunSQL(ADD, DROP)]
