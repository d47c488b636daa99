-- roles: each kind can do what is listed for it, and nothing that is listed above it
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_cdp_owner;
CREATE ROLE regress_cdp_reader;
CREATE ROLE regress_cdp_analyst;
CREATE ROLE regress_cdp_steward;
CREATE ROLE regress_cdp_admin;
CREATE ROLE regress_cdp_nobody;
GRANT regress_cdp_owner TO regress_cdp_admin;

-- every function that is not for all stands in exactly one level, and each that is listed is there
SELECT p.proname FROM pg_proc p LEFT JOIN (SELECT unnest(l.functions) AS name, l.level FROM cdp_internal.role_levels() l) f ON f.name = p.proname
 WHERE p.pronamespace = 'cdp'::regnamespace AND NOT has_function_privilege('regress_cdp_nobody', p.oid, 'EXECUTE')
 GROUP BY p.proname, p.oid HAVING count(f.level) <> 1 ORDER BY 1;
SELECT l.role_kind, f.name FROM cdp_internal.role_levels() l CROSS JOIN unnest(l.functions) f(name)
 WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'cdp'::regnamespace AND p.proname = f.name);

-- a space of somebody who is no superuser
CREATE SCHEMA grant_src;
GRANT USAGE ON SCHEMA grant_src TO PUBLIC;
CREATE TABLE grant_src.person (id int PRIMARY KEY, given text, email text, at timestamptz);
INSERT INTO grant_src.person VALUES (1, 'Ann', 'ann@example.com', '2026-01-01'), (2, 'Ann', 'Ann@example.com', '2026-01-02'), (3, 'Bob', 'bob@example.com', '2026-01-03');
GRANT SELECT ON grant_src.person TO regress_cdp_owner, regress_cdp_steward;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_cdp_owner', current_database()) \gexec
GRANT USAGE ON SCHEMA cdp, cdp_internal TO regress_cdp_owner;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA cdp, cdp_internal TO regress_cdp_owner WITH GRANT OPTION;
GRANT USAGE ON SCHEMA cdp, cdp_internal TO regress_cdp_owner WITH GRANT OPTION;
SET ROLE regress_cdp_owner;
SELECT cdp.create_space('grant_t');
SELECT cdp.add_source('grant_t', 'grant_src.person', key => 'id', name => 'person', observed_at => 'at', fields => '{"given_name": "given", "email": "email"}');
SELECT records, profiles FROM cdp.resolve('grant_t');
SELECT cdp.add_purpose('grant_t', 'news');
\set model '{"lambda": 0.01, "comparisons": [{"comparison": "given_name", "measure": "code", "levels": [{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}]}'
SELECT cdp.import_model('grant_t', :'model', 'test');
SELECT cdp.activate_model('grant_t', 1);
SELECT records > 0 AS resolved FROM cdp.resolve('grant_t');
SELECT cdp.define_segment('grant_t', 'all', 'record_count > 0');
SELECT cdp.grant_role('grant_t', 'regress_cdp_reader', 'reader');
SELECT cdp.grant_role('grant_t', 'regress_cdp_analyst', 'analyst');
SELECT cdp.grant_role('grant_t', 'regress_cdp_steward', 'steward');
SELECT cdp.grant_role('grant_t', 'regress_cdp_admin', 'admin');
SELECT cdp.grant_role('grant_t', 'regress_cdp_reader', 'owner');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- each call as each role: what it says
CREATE TABLE grant_src.call (n int GENERATED ALWAYS AS IDENTITY, level int, call text);
INSERT INTO grant_src.call (level, call) VALUES
    (1, 'SELECT count(*) FROM grant_t.profile'), (1, 'SELECT count(*) FROM grant_t.consent'), (1, $$SELECT cdp.current_profile('grant_t', 1)$$), (1, $$SELECT count(*) FROM cdp.explain_profile('grant_t', 1)$$),
    (1, $$SELECT count(*) FROM cdp.status('grant_t')$$), (1, $$SELECT count(*) FROM cdp.quality_report('grant_t')$$), (1, $$SELECT count(*) FROM cdp.common_values('grant_t')$$), (1, $$SELECT count(*) FROM cdp.members('grant_t', 'all')$$),
    (1, $$SELECT cdp.in_segment('grant_t', 'all', 1)$$), (1, $$SELECT count(*) FROM cdp.explain_segment('grant_t', 'all', 1)$$), (1, $$SELECT cdp.consented('grant_t', 1, 'news')$$), (1, $$SELECT count(*) FROM cdp.consent_decision('grant_t', 1, 'news')$$),
    (1, $$SELECT count(*) FROM cdp.consented_profiles('grant_t', 'news')$$),
    (1, $$SELECT count(*) FROM cdp.comparisons('grant_t')$$), (1, $$SELECT count(*) FROM cdp.blocking_keys('grant_t')$$), (1, $$SELECT count(*) FROM cdp.show_model('grant_t')$$), (1, $$SELECT count(*) FROM cdp.explain_pair('grant_t', 1, 2)$$), (1, $$SELECT count(*) FROM cdp.match_values('grant_t')$$),
    (1, $$SELECT cdp.export_model('grant_t')$$), (1, $$SELECT count(*) FROM cdp.review('grant_t')$$), (1, $$SELECT count(*) FROM cdp.lookup('grant_t', '{"email": "wilma.gray@example.org"}')$$),
    (2, 'SELECT count(*) FROM grant_t.consent_event'), (2, $$SELECT cdp.define_segment('grant_t', 'some', 'record_count > 1')$$), (2, $$SELECT count(*) FROM cdp.refresh_segments('grant_t')$$), (2, $$SELECT cdp.refresh_traits('grant_t')$$),
    (2, $$SELECT cdp.drop_segment('grant_t', 'some')$$), (2, $$SELECT count(*) FROM cdp.evaluate('grant_t', 'grant_src.truth')$$), (2, $$SELECT count(*) FROM cdp.false_merges('grant_t', 'grant_src.truth')$$), (2, $$SELECT count(*) FROM cdp.missed_pairs('grant_t', 'grant_src.truth')$$), (2, $$SELECT count(*) FROM cdp.blocking_report('grant_t')$$),
    (3, $$SELECT cdp.resolve('grant_t')$$), (3, $$SELECT cdp.record_consent('grant_t', 'email', 'ann@example.com', 'news', 'granted')$$), (3, $$SELECT cdp.rule_same('grant_t', 1, 3, 'test')$$), (3, $$SELECT cdp.resolve('grant_t')$$),
    (3, $$SELECT cdp.withdraw_ruling('grant_t', 1, 3)$$), (3, $$SELECT cdp.rule_different('grant_t', 1, 2, 'test')$$), (3, $$SELECT cdp.resolve('grant_t')$$), (3, $$SELECT cdp.withdraw_ruling('grant_t', 1, 2)$$), (3, $$SELECT cdp.block_value('grant_t', 'email', 'ann@example.com', 'test')$$), (3, $$SELECT cdp.unblock_value('grant_t', 'email', 'ann@example.com')$$), (3, $$SELECT cdp.resolve('grant_t')$$),
    (3, $$SELECT count(*) FROM cdp.train('grant_t')$$), (3, $$SELECT cdp.resolve('grant_t')$$), (3, $$SELECT cdp.import_model('grant_t', cdp.export_model('grant_t', 1), 'test')$$), (3, $$SELECT cdp.activate_model('grant_t', 0)$$), (3, $$SELECT cdp.activate_model('grant_t', 1)$$),
    (4, $$SELECT cdp.set_comparison('grant_t', 'given_name', '{given_name}', 'text')$$), (4, $$SELECT cdp.drop_comparison('grant_t', 'given_name')$$), (4, $$SELECT cdp.add_nickname('grant_t', 'Zed', 'Alphonse')$$), (4, $$SELECT cdp.add_blocking_rule('grant_t', 'name', '{name.given exact}')$$), (4, $$SELECT cdp.drop_blocking_rule('grant_t', 'name')$$),
    (4, $$SELECT cdp.set_attribute('grant_t', 'email', 'priority', '11')$$), (4, $$SELECT cdp.add_rule('grant_t', 'name', '{given_name}')$$), (4, $$SELECT cdp.drop_rule('grant_t', 'name')$$), (4, $$SELECT cdp.add_attribute('grant_t', 'card', 'id')$$),
    (4, $$SELECT cdp.add_purpose('grant_t', 'more')$$), (4, $$SELECT cdp.retire_purpose('grant_t', 'more')$$), (4, $$SELECT cdp.grant_role('grant_t', 'regress_cdp_nobody', 'reader')$$), (4, $$SELECT cdp.revoke_role('grant_t', 'regress_cdp_nobody')$$);
CREATE VIEW grant_src.truth AS SELECT 'person' AS source, id::text AS source_key, given AS entity FROM grant_src.person;
GRANT SELECT ON grant_src.call, grant_src.truth TO PUBLIC;
CREATE FUNCTION grant_src.try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'done';
EXCEPTION WHEN insufficient_privilege THEN
    RETURN 'refused';
WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
-- what differs from: done up to the own level, refused above
CREATE TABLE grant_src.said (role text, level int, n int, said text);
GRANT INSERT ON grant_src.said TO PUBLIC;
SET ROLE regress_cdp_nobody; INSERT INTO grant_src.said SELECT 'nobody', 0, c.n, grant_src.try(c.call) FROM (SELECT * FROM grant_src.call ORDER BY n) c;
SET ROLE regress_cdp_reader; INSERT INTO grant_src.said SELECT 'reader', 1, c.n, grant_src.try(c.call) FROM (SELECT * FROM grant_src.call ORDER BY n) c;
SET ROLE regress_cdp_analyst; INSERT INTO grant_src.said SELECT 'analyst', 2, c.n, grant_src.try(c.call) FROM (SELECT * FROM grant_src.call ORDER BY n) c;
SET ROLE regress_cdp_steward; INSERT INTO grant_src.said SELECT 'steward', 3, c.n, grant_src.try(c.call) FROM (SELECT * FROM grant_src.call ORDER BY n) c;
RESET ROLE; GRANT SELECT ON grant_src.person TO regress_cdp_admin; REVOKE regress_cdp_owner FROM regress_cdp_admin;
SET ROLE regress_cdp_admin; INSERT INTO grant_src.said SELECT 'admin', 4, c.n, grant_src.try(c.call) FROM (SELECT * FROM grant_src.call ORDER BY n) c;
RESET ROLE;
SELECT s.role, c.call, s.said FROM grant_src.said s JOIN grant_src.call c USING (n) WHERE s.said <> CASE WHEN c.level <= s.level THEN 'done' ELSE 'refused' END ORDER BY s.level, n;
SELECT s.role, count(*) FILTER (WHERE said = 'done') AS done, count(*) FILTER (WHERE said = 'refused') AS refused FROM grant_src.said s GROUP BY s.role, s.level ORDER BY s.level;
-- every listed function was tried, but for those that belong to the owner of the tables
SELECT l.role_kind, f.name FROM cdp_internal.role_levels() l CROSS JOIN unnest(l.functions) f(name) WHERE NOT EXISTS (SELECT FROM grant_src.call c WHERE c.call ~ ('cdp\.' || f.name || '\(')) ORDER BY l.level, 2;
-- directly, too: no role below steward writes a record, none at all the ledger but by its function
SET ROLE regress_cdp_reader;
SELECT grant_src.try($$DELETE FROM grant_t.profile$$), grant_src.try($$INSERT INTO grant_t.consent_event (kind, value, match_key, purpose, decision, at) VALUES ('email', 'x', 'x', 'news', 'granted', now())$$),
       grant_src.try('DROP TABLE grant_t.profile'), grant_src.try('CREATE TABLE grant_t.mine ()'), grant_src.try('TRUNCATE grant_t.consent_event');
SET ROLE regress_cdp_analyst;
SELECT grant_src.try($$DELETE FROM grant_t.record$$), grant_src.try($$UPDATE grant_t.consent SET decision = 'granted'$$), grant_src.try('DELETE FROM grant_t.identity');
SET ROLE regress_cdp_steward;
SELECT grant_src.try($$UPDATE grant_t.attribute SET priority = 1$$), grant_src.try($$DELETE FROM grant_t.purpose$$), grant_src.try('TRUNCATE grant_t.consent_event');
RESET ROLE;

-- a member of the owner may do the rest
GRANT regress_cdp_owner TO regress_cdp_admin;
SET ROLE regress_cdp_admin;
SELECT cdp.define_trait('grant_t', 'twice', 'record_count * 2');
SELECT cdp.drop_trait('grant_t', 'twice');
SELECT cdp.drop_source('grant_t', 'person');
SELECT cdp.add_source('grant_t', 'grant_src.person', key => 'id', name => 'person', fields => '{"given_name": "given", "phone": "email"}');
RESET ROLE;

-- taken away again
SELECT cdp.revoke_role('grant_t', 'regress_cdp_steward'), cdp.revoke_role('grant_t', 'regress_cdp_reader');
SELECT count(*) AS tables_left FROM pg_class c CROSS JOIN unnest('{regress_cdp_steward,regress_cdp_reader}'::regrole[]) r
 WHERE c.relnamespace = 'grant_t'::regnamespace AND c.relkind IN ('r', 'S') AND (CASE c.relkind WHEN 'r' THEN has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE') ELSE has_sequence_privilege(r, c.oid, 'USAGE, SELECT, UPDATE') END);
SELECT has_schema_privilege('regress_cdp_steward', 'grant_t', 'USAGE');
-- a grant in one space says nothing of another
SELECT cdp.create_space('grant_other');
SET ROLE regress_cdp_analyst;
SELECT grant_src.try('SELECT * FROM grant_other.profile'), grant_src.try($$SELECT cdp.status('grant_other')$$), grant_src.try($$SELECT cdp.refresh_segments('grant_other')$$);
RESET ROLE;

SELECT cdp.drop_space('grant_t', confirm => 'grant_t'), cdp.drop_space('grant_other', confirm => 'grant_other');
DROP SCHEMA grant_src CASCADE;
DROP OWNED BY regress_cdp_owner, regress_cdp_reader, regress_cdp_analyst, regress_cdp_steward, regress_cdp_admin, regress_cdp_nobody;
DROP ROLE regress_cdp_owner, regress_cdp_reader, regress_cdp_analyst, regress_cdp_steward, regress_cdp_admin, regress_cdp_nobody;
