-- Swap the keys, so that the schema can be spread over machines by organization: the
-- first half of docs/scale.md, "Citus". Plain PostgreSQL runs it, too, and the portal
-- goes on as before: to Django `id` still is the primary key.
--
-- Everything is read from the catalog of the database that it runs in, so it fits
-- whatever the migrations have made of the schema. One transaction; run it as owner.
\set ON_ERROR_STOP on
BEGIN;
\ir classes.sql
\ir swap.sql
COMMIT;
