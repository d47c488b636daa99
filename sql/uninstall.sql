-- taking the extension away, and names that are taken when it comes; in a database of its own
SET client_min_messages = warning;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SELECT current_database() AS home \gset
CREATE DATABASE regress_cdp_uninstall;
\c regress_cdp_uninstall
SET client_min_messages = warning;
-- somebody else's schemas and functions are not replaced
CREATE SCHEMA cdp;
CREATE EXTENSION cdp;
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA cdp;
CREATE SCHEMA cdp_internal;
CREATE EXTENSION cdp;
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA cdp_internal;
SELECT count(*) AS half_done FROM pg_namespace WHERE nspname ~ '^cdp';
CREATE TABLE before AS
SELECT 'pg_proc'::regclass AS catalog, oid FROM pg_proc UNION ALL SELECT 'pg_type', oid FROM pg_type UNION ALL SELECT 'pg_class', oid FROM pg_class UNION ALL SELECT 'pg_namespace', oid FROM pg_namespace
UNION ALL SELECT 'pg_operator', oid FROM pg_operator UNION ALL SELECT 'pg_cast', oid FROM pg_cast UNION ALL SELECT 'pg_opclass', oid FROM pg_opclass UNION ALL SELECT 'pg_opfamily', oid FROM pg_opfamily UNION ALL SELECT 'pg_event_trigger', oid FROM pg_event_trigger;
-- whatever the search path of the one who installs, and whatever lies there
CREATE SCHEMA trap;
CREATE FUNCTION trap.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.quote_ident(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
SET search_path = trap, pg_catalog;
CREATE EXTENSION cdp;
CREATE TABLE trap.person (id int PRIMARY KEY, email text);
INSERT INTO trap.person VALUES (1, 'Ann@example.com');
SELECT cdp.create_space('brand');
SELECT cdp.add_source('brand', 'person', key => 'id', fields => '{"email": "lower(email)"}');
SELECT records FROM cdp.resolve('brand');
SELECT email FROM brand.profile;
RESET search_path;
-- a space uses its types: it does not go by itself
DROP EXTENSION cdp;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM brand.profile;
-- CASCADE takes the typed columns, never the ledger and the keys
BEGIN;
SELECT cdp.add_purpose('brand', 'news');
SELECT cdp.record_consent('brand', 'email', 'ann@example.com', 'news', 'granted') > 0 AS recorded;
DROP EXTENSION cdp CASCADE;
SELECT kind, value, decision FROM brand.consent_event;
SELECT source_key FROM brand.record;
ROLLBACK;
SELECT cdp.drop_space('brand', confirm => 'brand');
-- without a space it goes, and leaves nothing
DROP EXTENSION cdp;
DROP SCHEMA trap CASCADE;
SELECT b.catalog, b.oid FROM (
SELECT 'pg_proc'::regclass AS catalog, oid FROM pg_proc UNION ALL SELECT 'pg_type', oid FROM pg_type UNION ALL SELECT 'pg_class', oid FROM pg_class UNION ALL SELECT 'pg_namespace', oid FROM pg_namespace
UNION ALL SELECT 'pg_operator', oid FROM pg_operator UNION ALL SELECT 'pg_cast', oid FROM pg_cast UNION ALL SELECT 'pg_opclass', oid FROM pg_opclass UNION ALL SELECT 'pg_opfamily', oid FROM pg_opfamily UNION ALL SELECT 'pg_event_trigger', oid FROM pg_event_trigger) b
 WHERE (b.catalog, b.oid) NOT IN (SELECT catalog, oid FROM before)
   AND NOT (b.catalog = 'pg_namespace'::regclass AND b.oid::regnamespace::text ~ '^pg_(toast_)?temp_')
   AND NOT (b.catalog IN ('pg_class'::regclass, 'pg_type'::regclass) AND EXISTS (SELECT FROM pg_class c WHERE b.oid IN (c.oid, c.reltype, (SELECT t.typarray FROM pg_type t WHERE t.oid = c.reltype), c.reltoastrelid, (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.reltoastrelid)) AND c.relname = 'before'));
-- and comes again, in the same session
CREATE EXTENSION cdp;
SELECT cdp.create_space('brand');
SELECT records FROM cdp.resolve('brand');
SELECT cdp.drop_space('brand', confirm => 'brand');
DROP EXTENSION cdp;
\c :home
DROP DATABASE regress_cdp_uninstall;
