"""Nobody has a license that isn't counted, also where constraints are checked early.

After SET CONSTRAINTS ALL IMMEDIATE the rows were looked at before it was kept what
they add: nothing was found wrong, and at the end nobody looked again.
"""

from django.db import migrations

# What is added is known when the statement ends: so it is looked at later, at the
# commit or when that is asked for again. Of the counter, in the order of the names.
FORWARD = """
CREATE FUNCTION licenseassignment_looked_at_later() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('SET CONSTRAINTS %I.licenseassignment_counted DEFERRED',
        TG_TABLE_SCHEMA);
    RETURN NULL;
END $$;
CREATE TRIGGER licenseassignment_looked_at_later
    BEFORE INSERT OR UPDATE ON licensing_licenseassignment
    FOR EACH STATEMENT EXECUTE FUNCTION licenseassignment_looked_at_later();
ALTER TRIGGER subscription_assigned_moved ON subscriptions_subscription
    RENAME TO subscription_assigned_adds;
"""
BACKWARD = """
ALTER TRIGGER subscription_assigned_adds ON subscriptions_subscription
    RENAME TO subscription_assigned_moved;
DROP TRIGGER licenseassignment_looked_at_later ON licensing_licenseassignment;
DROP FUNCTION licenseassignment_looked_at_later();
"""


class Migration(migrations.Migration):
    dependencies = [("licensing", "0008_owners_statistics")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
