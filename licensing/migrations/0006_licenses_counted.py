"""Nobody has a license that isn't counted, whoever writes."""

from django.db import migrations

# What a transaction adds to the rows of a subscription and not to its counter is kept
# until it commits; a program that moves both leaves nothing to look at. Only what is
# left is counted, which costs something, under the subscription's lock.
FORWARD = """
CREATE FUNCTION licenses_uncounted(moved jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT set_config('licensing.uncounted', coalesce(
        (SELECT jsonb_object_agg(key, total)::text FROM (
            SELECT key, sum(value::bigint) AS total FROM (
                SELECT key, value FROM jsonb_each_text(moved)
                UNION ALL SELECT key, value FROM jsonb_each_text(nullif(
                    current_setting('licensing.uncounted', true), '')::jsonb)
            ) parts GROUP BY key HAVING sum(value::bigint) <> 0
        ) sums), ''), true)
$$;
CREATE FUNCTION licenseassignment_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_object_agg(subscription_id, total) INTO moved FROM (
            SELECT subscription_id, count(*) AS total FROM new_rows
            WHERE ended_at IS NULL AND suspended_at IS NULL GROUP BY subscription_id
        ) sums;
    ELSE
        SELECT jsonb_object_agg(subscription_id, total) INTO moved FROM (
            SELECT subscription_id, sum(one) AS total FROM (
                SELECT subscription_id, 1 AS one FROM new_rows
                WHERE ended_at IS NULL AND suspended_at IS NULL
                UNION ALL SELECT subscription_id, -1 FROM old_rows
                WHERE ended_at IS NULL AND suspended_at IS NULL
            ) parts GROUP BY subscription_id HAVING sum(one) <> 0
        ) sums;
    END IF;
    IF moved IS NOT NULL THEN
        PERFORM licenses_uncounted(moved);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION subscription_assigned_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM licenses_uncounted(
        jsonb_build_object(NEW.id, OLD.assigned::bigint - NEW.assigned));
    RETURN NULL;
END $$;
CREATE FUNCTION licenses_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved text := current_setting('licensing.uncounted', true);
    one subscriptions_subscription;
BEGIN
    IF coalesce(moved, '') = '' THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('licensing.uncounted', '', true);
    FOR one IN
        SELECT s.* FROM subscriptions_subscription s
        WHERE s.id IN (SELECT key::uuid FROM jsonb_each_text(moved::jsonb)
            WHERE value::bigint > 0)
        ORDER BY s.id FOR NO KEY UPDATE
    LOOP
        IF one.assigned < (SELECT count(*) FROM licensing_licenseassignment a
            WHERE a.organization_id = one.organization_id AND a.subscription_id = one.id
                AND a.ended_at IS NULL AND a.suspended_at IS NULL) THEN
            RAISE EXCEPTION 'more people have a license of % than are counted', one.id
                USING ERRCODE = 'check_violation',
                    CONSTRAINT = 'licenseassignment_counted';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER licenseassignment_added AFTER INSERT ON licensing_licenseassignment
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION licenseassignment_moved();
CREATE TRIGGER licenseassignment_moved AFTER UPDATE ON licensing_licenseassignment
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION licenseassignment_moved();
CREATE TRIGGER subscription_assigned_moved
    AFTER UPDATE OF assigned ON subscriptions_subscription
    FOR EACH ROW WHEN (OLD.assigned <> NEW.assigned)
    EXECUTE FUNCTION subscription_assigned_moved();
CREATE CONSTRAINT TRIGGER licenseassignment_counted
    AFTER INSERT OR UPDATE ON licensing_licenseassignment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.ended_at IS NULL AND NEW.suspended_at IS NULL)
    EXECUTE FUNCTION licenses_are_counted();
CREATE CONSTRAINT TRIGGER subscription_assigned_counts
    AFTER UPDATE OF assigned ON subscriptions_subscription
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.assigned < OLD.assigned)
    EXECUTE FUNCTION licenses_are_counted();
"""
BACKWARD = """
DROP TRIGGER subscription_assigned_counts ON subscriptions_subscription;
DROP TRIGGER licenseassignment_counted ON licensing_licenseassignment;
DROP TRIGGER subscription_assigned_moved ON subscriptions_subscription;
DROP TRIGGER licenseassignment_moved ON licensing_licenseassignment;
DROP TRIGGER licenseassignment_added ON licensing_licenseassignment;
DROP FUNCTION licenses_are_counted();
DROP FUNCTION subscription_assigned_moved();
DROP FUNCTION licenseassignment_moved();
DROP FUNCTION licenses_uncounted(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0005_bulk_list"),
        ("subscriptions", "0009_next_contract_within_organization"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
