"""Seals are append-only like the log, and what was written before is sealed too."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER activity_seal_append_only BEFORE UPDATE OR DELETE ON activity_seal
    FOR EACH ROW EXECUTE FUNCTION activity_append_only();
INSERT INTO activity_unsealed (organization_id, activity_id)
    SELECT organization_id, id FROM activity_activity;
"""
BACKWARD = "DROP TRIGGER activity_seal_append_only ON activity_seal;"


class Migration(migrations.Migration):
    dependencies = [("activity", "0004_chain")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
