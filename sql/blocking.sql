-- blocking: rules of the user's own, and what each rule finds
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA blocking_src;
CREATE TABLE blocking_src.row (id text PRIMARY KEY, city text, gender text);
-- blocks by city: Austin 3, Dallas 2, Waco 1; by gender: F 4, M 2
INSERT INTO blocking_src.row VALUES ('a', 'Austin', 'F'), ('b', 'Austin', 'F'), ('c', 'Austin', 'M'), ('d', 'Dallas', 'F'), ('e', 'Dallas', 'M'), ('f', 'Waco', 'F');
SELECT cdp.create_space('blocking_t');
SELECT cdp.add_source('blocking_t', 'blocking_src.row', key => 'id', name => 'row', fields => '{"city": "city", "gender": "gender"}');
SELECT records FROM cdp.resolve('blocking_t');
SELECT * FROM cdp.blocking_keys('blocking_t');
SELECT * FROM cdp.blocking_report('blocking_t');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.import_model('blocking_t', '{"lambda": 0.2, "rules": [["city exact"]], "comparisons": [{"comparison": "city", "measure": "code", "levels": [{"name": "exact", "m": 0.9, "u": 0.2}, {"name": "else", "m": 0.1, "u": 0.8}]}, {"comparison": "gender", "measure": "code", "levels": [{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}]}]}', 'fixed numbers') AS id \gset
SELECT cdp.activate_model('blocking_t', :id);
SELECT rule, keys, is_own, pairs, new_pairs, blocks, largest, refined FROM cdp.blocking_report('blocking_t');
-- by city 3 + 1 pairs; by gender 6 + 1, of which a-b is found already
SELECT cdp.add_blocking_rule('blocking_t', 'gender', '{gender exact}');
SELECT rule, keys, is_own, pairs, new_pairs, blocks, largest, refined FROM cdp.blocking_report('blocking_t');
-- every pair once, whichever rule finds it
SELECT a.source_key, b.source_key, round(p.weight::numeric, 3) FROM cdp_internal.score_pairs('blocking_t', :id) p JOIN blocking_t.record a ON a.record_id = p.record_a JOIN blocking_t.record b ON b.record_id = p.record_b ORDER BY 1, 2;
SELECT cdp.add_blocking_rule('blocking_t', 'gender', '{gender exact}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_blocking_rule('blocking_t', 'x', '{gender exact,shoe exact}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_blocking_rule('blocking_t', 'x', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_blocking_rule('blocking_t', 'gender');
SELECT cdp.drop_blocking_rule('blocking_t', 'gender');
\echo :LAST_ERROR_SQLSTATE
-- a model without rules gets some when it is first used
SELECT cdp.import_model('blocking_t', cdp.export_model('blocking_t') - 'rules', 'no rules') AS id \gset
SELECT cdp.activate_model('blocking_t', :id);
SELECT count(*) FROM cdp.blocking_report('blocking_t');
SELECT records FROM cdp.resolve('blocking_t');
SELECT count(*) > 0 AS chosen FROM cdp.blocking_report('blocking_t');
SELECT count(*) AS links FROM blocking_t.link;
SELECT cdp.drop_space('blocking_t', confirm => 'blocking_t');
DROP SCHEMA blocking_src CASCADE;
