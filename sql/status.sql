-- the state of a space as each role sees it, and what a failed step tells
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA "Status Src";
CREATE TABLE "Status Src"."Guest" ("No" int PRIMARY KEY, "EMail" text, phones text[], stays int, joined timestamptz);
INSERT INTO "Status Src"."Guest" VALUES (1, 'ann@example.com', '{(212) 736-5000,n/a}', 0, '2026-01-01'), (2, 'bob@example.com', NULL, 2, '2026-01-02');
CREATE ROLE regress_cdp_reader;
CREATE ROLE regress_cdp_analyst;
CREATE ROLE regress_cdp_steward;
CREATE ROLE regress_cdp_admin;
SELECT cdp.create_space('status_t');
SELECT cdp.add_source('status_t', '"Status Src"."Guest"', key => '"No"', observed_at => 'joined', fields => '{"email": "\"EMail\"", "phone": "phones"}');
SELECT cdp.grant_role('status_t', 'regress_cdp_reader', 'reader');
SELECT cdp.grant_role('status_t', 'regress_cdp_analyst', 'analyst');
SELECT cdp.grant_role('status_t', 'regress_cdp_steward', 'steward');
SELECT cdp.grant_role('status_t', 'regress_cdp_admin', 'admin');
SELECT records, profiles FROM cdp.resolve('status_t');
SELECT cdp.define_trait('status_t', 'stays', 'sum(stays)', source => 'Status Src.Guest');

-- a reader sees the state without any right on the sources, also when one is gone
SET ROLE regress_cdp_reader;
SELECT topic, name, count, note FROM cdp.status('status_t') WHERE topic = 'source';
RESET ROLE;
CREATE TABLE "Status Src".gone AS TABLE "Status Src"."Guest";
SELECT cdp.add_source('status_t', '"Status Src".gone', key => '"No"', fields => '{"email": "\"EMail\""}');
DROP TABLE "Status Src".gone;
SET ROLE regress_cdp_reader;
SELECT topic, name, count, note FROM cdp.status('status_t') WHERE topic = 'source';
RESET ROLE;
SELECT cdp.drop_source('status_t', 'Status Src.gone');
-- who may not read a source is told so, whichever right is missing
SET ROLE regress_cdp_steward;
SELECT * FROM cdp.resolve('status_t');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_cdp_analyst;
SELECT * FROM cdp.refresh_traits('status_t');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT USAGE ON SCHEMA "Status Src" TO regress_cdp_steward, regress_cdp_analyst;
SET ROLE regress_cdp_steward;
SELECT * FROM cdp.resolve('status_t');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- an admin who owns nothing takes away what it gave, without warnings
SET ROLE regress_cdp_admin;
SELECT cdp.revoke_role('status_t', 'regress_cdp_reader');
RESET ROLE;

-- the caller of run gets the error as it was, without empty lines
\set VERBOSITY default
CREATE FUNCTION "Status Src".refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'P0001'; END$$;
CREATE TRIGGER refuse BEFORE UPDATE ON status_t.record FOR EACH ROW EXECUTE FUNCTION "Status Src".refuse();
UPDATE "Status Src"."Guest" SET "EMail" = 'ann.lee@example.com' WHERE "No" = 1;
CALL cdp.run('status_t');
DROP TRIGGER refuse ON status_t.record;
CALL cdp.run('status_t');
SELECT topic, name, note FROM cdp.status('status_t') WHERE topic = 'last run';

\set VERBOSITY terse
-- a trait or segment whose expression fails on a row is named
SELECT cdp.define_trait('status_t', 'good', 'count(*)', source => 'Status Src.Guest');
SELECT cdp.define_trait('status_t', 'per_stay', 'sum(1 / stays)', source => 'Status Src.Guest');
SELECT * FROM cdp.refresh_traits('status_t');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('status_t', 'per_stay', 'sum(1 / nullif(stays, 0))', source => 'Status Src.Guest', replace => true);
SELECT cdp.define_trait('status_t', 'share', '1 / (record_count - 1)');
SELECT * FROM cdp.refresh_traits('status_t');
SELECT cdp.drop_trait('status_t', 'share');
SELECT cdp.define_segment('status_t', 'fine', 'stays > 1');
SELECT cdp.define_segment('status_t', 'broken', '1 / stays > 0');
SELECT segment FROM cdp.refresh_segments('status_t');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
CALL cdp.run('status_t');
SELECT topic, name, note FROM cdp.status('status_t') WHERE topic = 'last run' AND name = 'refresh_segments';
SELECT cdp.define_segment('status_t', 'broken', '1 / nullif(stays, 0) > 0', replace => true);
SELECT segment, size FROM cdp.refresh_segments('status_t') ORDER BY segment COLLATE "C";

-- a reference to a source that is not there is told at once and stays in the state until there is one
SET client_min_messages = notice;
\set VERBOSITY default
SELECT cdp.add_event_source('status_t', '"Status Src"."Guest"', name => 'joined', key => '"No"', identifiers => '{"Status Src.Gest": "\"No\""}', event => '''joined''', at => 'joined');
SELECT cdp.add_event_source('status_t', '"Status Src"."Guest"', name => 'stayed', key => '"No"', identifiers => '{"Status Src.Guest": "\"No\""}', event => '''stayed''', at => 'joined');
SET client_min_messages = warning;
SELECT topic, name, note FROM cdp.status('status_t') WHERE topic IN ('source', 'event source');
SELECT cdp.drop_source('status_t', 'joined');
-- hints name what was called
SELECT cdp.add_event_source('status_t', '"Status Src"."Guest"', name => 'left', key => '"No"', identifiers => '{}', event => '''left''', at => 'joined');
SELECT cdp.add_rule('status_t', 'one phone', '{phone}');
SELECT cdp.add_rule('status_t', 'one phone', '{phone}');

-- filled counts rows, whatever the values of a row are
INSERT INTO "Status Src"."Guest" VALUES (3, 'nobody', '{n/a,unknown}'), (4, NULL, '{}');
SELECT records, rejected FROM cdp.resolve('status_t');
SELECT attribute, rows, filled, valid, rejects FROM cdp.quality_report('status_t');

-- the field that fails on a row is named
CREATE TABLE "Status Src".member (no int PRIMARY KEY, email text, phone text, born text);
INSERT INTO "Status Src".member VALUES (1, 'c@example.com', '212 736 5000', '1980-01-01'), (2, 'd@example.com', NULL, 'unknown');
SELECT cdp.add_source('status_t', '"Status Src".member', key => 'no', fields => '{"email": ["lower(email)", "NULL::text"], "phone": "ARRAY[phone]", "birth_date": "born::date"}');
SELECT * FROM cdp.resolve('status_t');

SELECT cdp.drop_space('status_t', confirm => 'status_t');
DROP SCHEMA "Status Src" CASCADE;
DROP OWNED BY regress_cdp_reader, regress_cdp_analyst, regress_cdp_steward, regress_cdp_admin;
DROP ROLE regress_cdp_reader, regress_cdp_analyst, regress_cdp_steward, regress_cdp_admin;
