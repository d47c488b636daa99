-- the one call to schedule: what is due, a row for each step, and the error for the caller too
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA run_src;
CREATE TABLE run_src.person (id int, email text);
INSERT INTO run_src.person VALUES (1, 'ann@example.com'), (2, 'bob@example.com');
SELECT cdp.create_space('run_t');
CREATE VIEW run_src.step AS SELECT step, state, sqlstate, error, counts - 'whole' - 'max_records_per_value' ->> 'records' AS records, finished_at >= started_at AS took_time FROM run_t.run ORDER BY run_id;
-- nothing to do is not an error
CALL cdp.run('run_t');
SELECT * FROM run_src.step;
SELECT cdp.add_source('run_t', 'run_src.person', key => 'id', name => 'person', fields => '{"email": "email"}');
SELECT topic, name, count, note FROM cdp.status('run_t') WHERE topic IN ('source', 'profiles', 'last run') ORDER BY 1, 2;
SELECT cdp.define_trait('run_t', 'mails', 'count(email)', source => 'person');
SELECT cdp.define_segment('run_t', 'reachable', 'mails > 0');
SELECT topic, name, note FROM cdp.status('run_t') WHERE topic IN ('trait', 'segment');
CALL cdp.run('run_t');
SELECT count(*) FROM run_t.profile;
SELECT count(*) AS members FROM cdp.members('run_t', 'reachable');
SELECT topic, name, count, note FROM cdp.status('run_t') WHERE topic NOT IN ('space', 'last run') ORDER BY 1, 2;
SELECT step, state FROM run_src.step;
-- the settings of the session are as they were
SHOW search_path;

-- a failing step: its row says why, the next steps are left out, the caller gets the error with its hint
DELETE FROM run_t.run;
INSERT INTO run_src.person VALUES (2, 'twice@example.com');
\set VERBOSITY default
CALL cdp.run('run_t');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT * FROM run_src.step;
SELECT name, note FROM cdp.status('run_t') WHERE topic = 'last run';
SELECT count(*) AS records FROM run_t.record;
DELETE FROM run_src.person WHERE email = 'twice@example.com';
CALL cdp.run('run_t');
SELECT name, note FROM cdp.status('run_t') WHERE topic = 'last run' ORDER BY 1;
-- a failure of the segments does not undo the resolve
DELETE FROM run_t.run;
CREATE FUNCTION run_src.weak(email text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT count(*) > 0 FROM run_src.needed); END $$;
CREATE TABLE run_src.needed ();
SELECT cdp.define_trait('run_t', 'weak', 'bool_or(run_src.weak(email))', source => 'person');
DROP TABLE run_src.needed;
INSERT INTO run_src.person VALUES (3, 'cleo@example.com');
\set VERBOSITY default
CALL cdp.run('run_t');
\set VERBOSITY terse
SELECT * FROM run_src.step;
SELECT count(*) AS profiles FROM run_t.profile;
SELECT cdp.drop_trait('run_t', 'weak');

-- cancelled in the middle: by a time limit, while a source takes its time
DELETE FROM run_t.run;
CREATE FUNCTION run_src.slow(email text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN IF current_setting('statement_timeout') <> '0' THEN PERFORM pg_sleep(5); END IF; RETURN email; END $$;
CREATE VIEW run_src.slowly AS SELECT id, run_src.slow(email) AS email FROM run_src.person;
SELECT cdp.add_source('run_t', 'run_src.slowly', key => 'id', name => 'slowly', fields => '{"email": "email"}');
SET statement_timeout = '300ms';
CALL cdp.run('run_t');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.resolve('run_t');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT * FROM run_src.step;
SELECT count(*) AS records FROM run_t.record;
SELECT count(*) AS work_tables_left FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname ~ '^cdp_';
CALL cdp.run('run_t');
SELECT count(*) AS records FROM run_t.record;

-- where it cannot commit
BEGIN;
CALL cdp.run('run_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- no space, no right
CALL cdp.run('run_src');
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_cdp_run;
SELECT cdp.grant_role('run_t', 'regress_cdp_run', 'analyst');
SET ROLE regress_cdp_run;
CALL cdp.run('run_t');
\echo :LAST_ERROR_SQLSTATE
SET ROLE NONE;
-- a steward's failed run is written down like any other
SELECT cdp.grant_role('run_t', 'regress_cdp_run', 'steward');
DELETE FROM run_t.run;
SET ROLE regress_cdp_run;
CALL cdp.run('run_t');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT step, state, sqlstate, error FROM run_src.step;
DROP OWNED BY regress_cdp_run;
DROP ROLE regress_cdp_run;
SELECT cdp.drop_space('run_t', confirm => 'run_t');
DROP SCHEMA run_src CASCADE;
