"""The log is append-only: the database refuses to change or delete a row."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION activity_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'activity is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER activity_append_only BEFORE UPDATE OR DELETE ON activity_activity
    FOR EACH ROW EXECUTE FUNCTION activity_append_only();
"""
BACKWARD = """
DROP TRIGGER activity_append_only ON activity_activity;
DROP FUNCTION activity_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("activity", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
