-- Row triggers that look only at rows of their own organization are left: final
-- invoices, the append-only log. Citus wants to be told that they are such.
SET LOCAL citus.enable_unsafe_triggers = on;

DO $$
DECLARE
    one record;
    first text;
BEGIN
    -- No foreign key may point at a table that is not placed yet: all of ours go, and
    -- come back as they were.
    CREATE TEMPORARY TABLE come_back ON COMMIT DROP AS
        SELECT f.on_table, f.name, pg_get_constraintdef(f.oid) AS definition
        FROM foreign_keys f WHERE f.to_place <> 'here';
    FOR one IN SELECT * FROM come_back LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.on_table, one.name);
    END LOOP;

    FOR one IN SELECT name FROM tenancy WHERE place = 'everywhere' ORDER BY name LOOP
        PERFORM create_reference_table(one.name::regclass);
    END LOOP;
    FOR one IN SELECT name FROM tenancy WHERE place = 'spread' ORDER BY name LOOP
        -- All of an organization's rows in one place.
        PERFORM create_distributed_table(one.name::regclass, 'organization_id',
            colocate_with => coalesce(first, 'default'));
        first := coalesce(first, one.name);
    END LOOP;

    FOR one IN SELECT * FROM come_back LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s',
            one.on_table, one.name, one.definition);
    END LOOP;
END $$;
