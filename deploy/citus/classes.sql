-- Where each table goes, as temporary tables that the other files read.
--
--   spread      rows of one organization, on the machine that has the organization
--   everywhere  small and the same for all, or asked before the organization is known
--   here        on the coordinator: sessions, jobs, what libraries bring, Stripe's events

CREATE TEMPORARY TABLE tenancy ON COMMIT DROP AS
SELECT c.oid AS relation, c.relname AS name,
    CASE
        WHEN c.relname IN ('accounts_organization', 'accounts_user', 'catalog_product',
            'catalog_plan', 'catalog_price') THEN 'everywhere'
        WHEN c.relname <> 'billing_striperef' AND EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
            AND a.attname = 'organization_id' AND a.attnotnull) THEN 'spread'
        ELSE 'here'
    END AS place
FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace;

-- Foreign keys, with whether the organization is among their columns.
CREATE TEMPORARY TABLE foreign_keys ON COMMIT DROP AS
SELECT k.oid, k.conname AS name, k.conrelid::regclass AS on_table,
    here.place AS from_place, there.place AS to_place,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
        AND a.attnum = ANY (k.conkey) AND a.attname = 'organization_id')
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid
        AND a.attnum = ANY (k.confkey) AND a.attname = 'organization_id') AS kept
FROM pg_constraint k
JOIN tenancy here ON here.relation = k.conrelid
JOIN tenancy there ON there.relation = k.confrelid
WHERE k.contype = 'f';
