-- evaluate: pairs and clusters counted by hand
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA evaluate_src;
CREATE TABLE evaluate_src.row (id text PRIMARY KEY, email text, given text);
-- profiles: {a b c} {d e} {f} {g} {h}
INSERT INTO evaluate_src.row VALUES ('a', 'x@example.com'), ('b', 'x@example.com'), ('c', 'x@example.com'), ('d', 'y@example.com'), ('e', 'y@example.com'), ('f', NULL), ('g', NULL), ('h', NULL);
UPDATE evaluate_src.row SET given = CASE WHEN id IN ('b', 'f', 'g') THEN 'Ann' ELSE 'Zoe' END;
SELECT cdp.create_space('evaluate_t');
SELECT cdp.add_source('evaluate_t', 'evaluate_src.row', key => 'id', name => 'row', fields => '{"email": "email", "given_name": "given"}');
SELECT records, profiles FROM cdp.resolve('evaluate_t');
CREATE TABLE evaluate_src.truth (source text, source_key text, entity text);
-- truth: {a b} {c d e} {f g} {h}. Pairs found ab ac bc de = 4, expected ab cd ce de fg = 5, correct ab de = 2.
-- Clusters found 5, expected 4, correct {h} = 1.
INSERT INTO evaluate_src.truth VALUES ('row', 'a', '1'), ('row', 'b', '1'), ('row', 'c', '2'), ('row', 'd', '2'), ('row', 'e', '2'), ('row', 'f', '3'), ('row', 'g', '3'), ('row', 'h', '4');
SELECT level, round("precision"::numeric, 4) AS precision, round(recall::numeric, 4) AS recall, round(f1::numeric, 4) AS f1, correct, found, expected FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth');
-- of part of the records: pairs found ab, expected ab; the profile {a b c} is {a b} here
CREATE VIEW evaluate_src.part AS SELECT 1 AS other, t.* FROM evaluate_src.truth t WHERE source_key IN ('a', 'b', 'f');
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.part');
-- a row without an entity says nothing, and two of them are not one person
CREATE VIEW evaluate_src.unknown AS SELECT t.source, t.source_key, CASE WHEN source_key IN ('a', 'b') THEN entity END AS entity FROM evaluate_src.truth t;
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.unknown');
-- nothing to compare: no number rather than a wrong one
CREATE VIEW evaluate_src.empty AS SELECT * FROM evaluate_src.truth WHERE false;
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.empty');
CREATE VIEW evaluate_src.alone AS SELECT * FROM evaluate_src.truth WHERE source_key = 'h';
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.alone');
-- types other than text
CREATE VIEW evaluate_src.typed AS SELECT source::varchar, source_key::name, entity::int FROM evaluate_src.truth;
SELECT level, correct, found, expected FROM cdp.evaluate('evaluate_t', 'evaluate_src.typed');
-- no truth
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.row');
\echo :LAST_ERROR_SQLSTATE
-- records that the space does not have are counted and left out; a row that is there twice says the same
INSERT INTO evaluate_src.truth VALUES ('row', 'zz', '9'), ('no such source', 'a', '9'), ('row', 'h', '4');
SELECT level, correct, found, expected FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth');
-- where it is wrong: {a b c} holds 1 and 2, {f} and {g} are one
CREATE VIEW evaluate_src.named AS SELECT i.record_id, r.source_key FROM evaluate_t.record r JOIN evaluate_t.identity i USING (record_id);
SELECT a.source_key AS a, b.source_key AS b, f.entity_a, f.entity_b, f.weight, f.evidence, f.pairs
  FROM cdp.false_merges('evaluate_t', 'evaluate_src.truth') f JOIN evaluate_src.named a ON a.record_id = f.record_a JOIN evaluate_src.named b ON b.record_id = f.record_b;
SELECT m.entity, a.source_key AS a, b.source_key AS b, m.weight, m.reason, m.pairs
  FROM cdp.missed_pairs('evaluate_t', 'evaluate_src.truth') m JOIN evaluate_src.named a ON a.record_id = m.record_a JOIN evaluate_src.named b ON b.record_id = m.record_b;
SELECT count(*) FROM cdp.missed_pairs('evaluate_t', 'evaluate_src.truth', 1);
-- with a model and links: by threshold, and why a pair was missed
SELECT cdp.import_model('evaluate_t', '{"lambda": 0.25, "comparisons": [{"comparison": "given_name", "levels": [{"name": "same", "condition": "a.given_name = b.given_name", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}]}', 'fixed numbers') \gset
SELECT cdp.activate_model('evaluate_t', :import_model);
INSERT INTO evaluate_t.link (record_a, record_b, origin, weight)
SELECT a.record_id, b.record_id, 'model', w FROM (VALUES ('a', 'b', 7.5), ('a', 'c', 3.5), ('f', 'g', 2.0), ('d', 'h', 0.5)) v(a, b, w)
  JOIN evaluate_src.named a ON a.source_key = v.a JOIN evaluate_src.named b ON b.source_key = v.b;
SELECT level, correct, found, expected, round("precision"::numeric, 4) AS precision, round(recall::numeric, 4) AS recall FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth') WHERE level ~ 'links';
SELECT m.entity, a.source_key AS a, b.source_key AS b, round(m.weight::numeric, 4) AS weight, m.reason, m.pairs
  FROM cdp.missed_pairs('evaluate_t', 'evaluate_src.truth') m JOIN evaluate_src.named a ON a.record_id = m.record_a JOIN evaluate_src.named b ON b.record_id = m.record_b;
SELECT cdp.rule_different('evaluate_t', a.record_id, b.record_id, 'test') FROM evaluate_src.named a, evaluate_src.named b WHERE a.source_key = 'f' AND b.source_key = 'g';
SELECT m.entity, m.reason FROM cdp.missed_pairs('evaluate_t', 'evaluate_src.truth') m WHERE m.entity = '3';
-- no truth: a record is one entity
UPDATE evaluate_src.truth SET source_key = 'a', source = 'row' WHERE entity = '9';
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.false_merges('evaluate_t', 'evaluate_src.truth');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.missed_pairs('evaluate_t', 'evaluate_src.row');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_space('evaluate_t', confirm => 'evaluate_t');
DROP SCHEMA evaluate_src CASCADE;
