-- evaluate: pairs and clusters counted by hand
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA evaluate_src;
CREATE TABLE evaluate_src.row (id text PRIMARY KEY, email text);
-- profiles: {a b c} {d e} {f} {g} {h}
INSERT INTO evaluate_src.row VALUES ('a', 'x@example.com'), ('b', 'x@example.com'), ('c', 'x@example.com'), ('d', 'y@example.com'), ('e', 'y@example.com'), ('f', NULL), ('g', NULL), ('h', NULL);
SELECT cdp.create_space('evaluate_t');
SELECT cdp.add_source('evaluate_t', 'evaluate_src.row', key => 'id', name => 'row', fields => '{"email": "email"}');
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
INSERT INTO evaluate_src.truth VALUES ('row', 'zz', '9');
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth');
\echo :LAST_ERROR_SQLSTATE
UPDATE evaluate_src.truth SET source_key = 'a' WHERE source_key = 'zz';
SELECT * FROM cdp.evaluate('evaluate_t', 'evaluate_src.truth');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_space('evaluate_t', confirm => 'evaluate_t');
DROP SCHEMA evaluate_src CASCADE;
