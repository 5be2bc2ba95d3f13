-- Spread the tables: the second half, on a coordinator with the extension citus and its
-- workers added, after keys.sql. In a maintenance window: tables are copied under locks.
\set ON_ERROR_STOP on
BEGIN;
\ir classes.sql
\ir spread.sql
COMMIT;
