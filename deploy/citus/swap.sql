-- What Citus refuses on a spread table is taken away or given another form.
DO $$
DECLARE
    one record;
BEGIN
    -- A foreign key between spread tables has the organization in it, or goes: the one
    -- of both columns stays beside it. From everywhere to spread none is possible.
    FOR one IN SELECT * FROM foreign_keys
        WHERE to_place = 'spread' AND NOT (from_place = 'spread' AND kept)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.on_table, one.name);
    END LOOP;

    -- Primary key (id) becomes (organization_id, id). Where other tables point at the
    -- pair, the unique constraint of the pair takes part in that and stays.
    FOR one IN SELECT t.relation::regclass AS on_table, k.conname AS name
        FROM tenancy t JOIN pg_constraint k ON k.conrelid = t.relation
        WHERE t.place = 'spread' AND k.contype = 'p' AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = t.relation
            AND a.attnum = ANY (k.conkey) AND a.attname = 'organization_id')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.on_table, one.name);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (organization_id, id)',
            one.on_table, one.name);
    END LOOP;

    -- Statement triggers that read what changed as a table fail on the machines that
    -- have the rows. They are a second line: the service's own update and the check on
    -- the counter are the first (docs/scale.md).
    FOR one IN SELECT t.relation::regclass AS on_table, g.tgname AS name
        FROM tenancy t JOIN pg_trigger g ON g.tgrelid = t.relation
        WHERE t.place = 'spread' AND NOT g.tgisinternal
        AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL OR g.tgconstraint <> 0
            OR g.tgname IN (
                'subscription_assigned_adds', 'licenseassignment_looked_at_later'))
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', one.name, one.on_table);
    END LOOP;
END $$;
