-- cdp.lookup: who is this? Found by what is shared, weighed as the pair would be
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- 500 people with one to three records, some with slips and gaps
CREATE SCHEMA lookup_src;
CREATE FUNCTION lookup_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE TABLE lookup_src.given (i serial, name text);
INSERT INTO lookup_src.given (name) SELECT unnest(string_to_array('James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Karen Nancy Daniel Lisa Matthew Betty Anthony Margaret Mark Sandra Donald Ashley', ' '));
CREATE TABLE lookup_src.family (i serial, name text);
INSERT INTO lookup_src.family (name) SELECT unnest(string_to_array('Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts', ' '));
CREATE TABLE lookup_src.customer AS
SELECT p * 10 + c AS id,
       CASE lookup_src.random('g' || p || c, 12) WHEN 1 THEN overlay(g.name PLACING 'x' FROM 3 FOR 1) WHEN 2 THEN NULL ELSE g.name END AS given,
       CASE lookup_src.random('f' || p || c, 10) WHEN 0 THEN overlay(f.name PLACING 'q' FROM 2 FOR 1) ELSE f.name END AS family,
       CASE lookup_src.random('b' || p || c, 8) WHEN 1 THEN NULL ELSE date '1940-01-01' + lookup_src.random('born' || p, 24000) END::text AS born,
       1 + lookup_src.random('number' || p, 300) || ' ' || (ARRAY['Oak', 'Elm', 'Main', 'High', 'Park', 'Mill'])[1 + lookup_src.random('street' || p, 6)] || ' Street' AS street,
       CASE lookup_src.random('z' || p || c, 9) WHEN 0 THEN NULL ELSE lpad((10000 + lookup_src.random('zip' || p, 120))::text, 5, '0') END AS zip,
       CASE WHEN lookup_src.random('e' || p || c, 3) > 0 THEN lower(g.name || '.' || f.name) || p || '@example.com' END AS email,
       CASE WHEN lookup_src.random('t' || p || c, 2) > 0 THEN '+1202555' || lpad(lookup_src.random('phone' || p, 10000)::text, 4, '0') END AS phone
  FROM generate_series(1, 500) p CROSS JOIN LATERAL generate_series(0, lookup_src.random('n' || p, 3)) c
  JOIN lookup_src.given g ON g.i = 1 + lookup_src.random('given' || p, 30) JOIN lookup_src.family f ON f.i = 1 + lookup_src.random('family' || p, 50);
ALTER TABLE lookup_src.customer ADD PRIMARY KEY (id);
INSERT INTO lookup_src.customer VALUES
    (9001, 'Robert', 'Zimmermann', '1971-05-24', '7 Harbour Road', '10998', 'r.zimmermann@example.org', '+12025550177'),
    (9002, 'Wilhelmina', 'Quartermain', '1983-11-02', '12 Abbey Lane', '10997', NULL, '+12025550188'),
    (9003, 'Wilhelmina', 'Quartermain', NULL, '12 Abbey Lane', '10997', 'mina.q@example.net', NULL);
SELECT cdp.create_space('lookup_t');
SELECT cdp.add_source('lookup_t', 'lookup_src.customer', key => 'id', name => 'customer',
    fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "postal_code": "zip", "email": "email", "phone": "phone"}') > 0 AS added;
SELECT records FROM cdp.resolve('lookup_t');
-- whose record an answer names, by its key in the source
CREATE FUNCTION lookup_src.who(person jsonb, n int DEFAULT 1) RETURNS TABLE (source_key text, sure text) LANGUAGE sql AS $$
    SELECT r.source_key, CASE WHEN l.weight = 'Infinity' THEN 'certain' WHEN l.probability > .99 THEN 'sure' WHEN l.probability > .5 THEN 'likely' ELSE 'unlikely' END
      FROM cdp.lookup('lookup_t', person, n) l JOIN lookup_t.record r USING (record_id)
$$;

-- without a model: identifiers alone, cleaned as a source's are
SELECT * FROM lookup_src.who('{"email": " R.Zimmermann@EXAMPLE.org "}');
SELECT * FROM lookup_src.who('{"given_name": "Robert", "family_name": "Zimmermann", "birth_date": "1971-05-24"}');
-- a telephone ties nobody
SELECT * FROM lookup_src.who('{"phone": "(202) 555-0177"}');
SELECT cdp.add_rule('lookup_t', 'name and birth date', '{given_name,family_name,birth_date}');
SELECT records FROM cdp.resolve('lookup_t');
SELECT * FROM lookup_src.who('{"given_name": "robert", "family_name": "ZIMMERMANN", "birth_date": "1971-05-24"}');
SELECT probability FROM cdp.lookup('lookup_t', '{"email": "r.zimmermann@example.org"}');
SELECT cdp.drop_rule('lookup_t', 'name and birth date');

-- with a model, once the space is resolved under it
SELECT count(*) > 0 AS trained FROM cdp.train('lookup_t');
SELECT * FROM cdp.lookup('lookup_t', '{"email": "r.zimmermann@example.org"}');
\echo :LAST_ERROR_SQLSTATE
SELECT records FROM cdp.resolve('lookup_t');
SELECT i.model_id, i.records, (SELECT count(*) FROM lookup_t.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries)) > 2 * i.records AS keys, (SELECT count(*) FROM lookup_t.match_key_rule) > (SELECT count(*) FROM lookup_t.match_rule) AS rules
  FROM lookup_t.match_key_info i;
-- all values; a typo; a nickname; names exchanged; another form; little of it
SELECT * FROM lookup_src.who('{"given_name": "Robert", "family_name": "Zimmermann", "birth_date": "1971-05-24", "street": "7 Harbour Road", "postal_code": "10998"}');
SELECT * FROM lookup_src.who('{"given_name": "Robert", "family_name": "Zimerman", "birth_date": "1971-05-24"}');
SELECT * FROM lookup_src.who('{"given_name": "Bob", "family_name": "Zimmermann", "birth_date": "1971-05-24"}');
SELECT * FROM lookup_src.who('{"given_name": "Zimmermann", "family_name": "Robert", "postal_code": "10998"}');
SELECT * FROM lookup_src.who('{"full_name": "Zimmermann, Robert", "phone": "202.555.0177"}');
SELECT * FROM lookup_src.who('{"family_name": "Quartermain", "street": "12 Abbey Ln"}');
SELECT * FROM lookup_src.who('{"phone": "202-555-0177"}');
-- two records of one person are one answer, by the record that agrees best
SELECT count(*) AS answers, min(r.source_key) AS best FROM cdp.lookup('lookup_t', '{"given_name": "Wilhelmina", "family_name": "Quartermain", "birth_date": "1983-11-02", "phone": "+12025550188", "street": "12 Abbey Lane"}') l JOIN lookup_t.record r USING (record_id)
 WHERE r.source_key IN ('9002', '9003');
-- nobody
SELECT * FROM lookup_src.who('{"given_name": "Ottokar", "family_name": "Przemysl", "birth_date": "1921-01-30", "email": "nobody@example.edu"}');
SELECT count(*) AS nobody_sure FROM cdp.lookup('lookup_t', '{"given_name": "James", "family_name": "Smith", "birth_date": "1930-12-24"}') l WHERE l.probability > .9;
-- one name alone, where no more than some hundred have it; mistyped; by a short form
SELECT * FROM lookup_src.who('{"given_name": "Wilhelmina"}');
SELECT * FROM lookup_src.who('{"given_name": "Minna", "family_name": "Quartermane"}');
SELECT * FROM lookup_src.who('{"family_name": "Quartermane"}');

-- several values, refused ones, numbers, nulls, attributes without a source
SELECT * FROM lookup_src.who('{"email": ["broken", "r.zimmermann@example.org"]}');
SELECT * FROM lookup_src.who('{"phone": ["12", "nonsense", "+12025550177"], "family_name": "Zimmermann"}');
SELECT * FROM lookup_src.who('{"email": "not an address", "phone": "+12025550177", "birth_date": null}');
SELECT * FROM lookup_src.who('{"postal_code": 10998, "family_name": "Zimmermann", "given_name": "Rob"}');
SELECT * FROM lookup_src.who('{"company": "Acme"}');
-- each value of a list is tried: who agrees best counts, as if it had been given alone
SELECT * FROM lookup_src.who('{"given_name": ["Ottokar", "Robert"], "family_name": ["Przemysl", "Zimmermann"]}');
WITH one AS (SELECT l.* FROM (VALUES ('{"given_name": "Robert", "family_name": "Zimmermann", "birth_date": "1971-05-24"}'::jsonb), ('{"given_name": "Wilhelmina", "family_name": "Quartermain", "birth_date": "1971-05-24"}')) p(person)
              CROSS JOIN LATERAL cdp.lookup('lookup_t', p.person, 100) l),
     best AS (SELECT profile_id, max(weight) AS weight FROM one GROUP BY 1)
SELECT count(*) > 1 AS some, count(*) FILTER (WHERE l.weight IS DISTINCT FROM b.weight) AS different
  FROM cdp.lookup('lookup_t', '{"given_name": ["Robert", "Wilhelmina"], "family_name": ["Zimmermann", "Quartermain"], "birth_date": "1971-05-24"}', 100) l FULL JOIN best b USING (profile_id);
-- what is left aside is said, with the reason; what nobody can have, too
SET client_min_messages = notice;
SELECT source_key FROM lookup_src.who('{"given_name": ["Robert", 7], "family_name": "Zimmermann", "birth_date": "1971-02-30", "company": "Acme", "phone": ["", null, "1"]}');
SELECT source_key FROM lookup_src.who('{"given_name": ["Robert", ""], "family_name": "Zimmermann"}');
SET client_min_messages = warning;

-- best first, no more than asked for; all there are share the odds
SELECT count(*) AS n, bool_and(weight <= before) IS NOT FALSE AS in_order, bool_and(weight >= -10) AS likely_enough, count(*) = count(DISTINCT profile_id) AS once,
       bool_and(abs(probability - odds / (1 + all_odds)) < 1e-12) AS probability
  FROM (SELECT l.*, lag(l.weight) OVER () AS before, 2 ^ l.weight AS odds FROM cdp.lookup('lookup_t', '{"given_name": "Mary", "family_name": "Garcia"}', 3) l) l,
       (SELECT sum(2 ^ a.weight) AS all_odds FROM cdp.lookup('lookup_t', '{"given_name": "Mary", "family_name": "Garcia"}', 1000) a) a;

-- the weight is the one that explain_pair gives for a record with these values
CREATE FUNCTION lookup_src.differences() RETURNS TABLE (compared bigint, different bigint) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE looked_up ON COMMIT DROP AS
    SELECT a.person, l.record_id, l.weight, a.id FROM (
        SELECT c.id, jsonb_strip_nulls(jsonb_build_object('given_name', c.given, 'family_name', overlay(c.family PLACING 'e' FROM 2 FOR 1), 'birth_date', c.born, 'street', c.street, 'phone', c.phone)) AS person
          FROM lookup_src.customer c WHERE c.id % 40 = 0 OR c.id > 9000) a CROSS JOIN LATERAL cdp.lookup('lookup_t', a.person, 5) l;
    INSERT INTO lookup_src.customer SELECT DISTINCT 100000 + id, person ->> 'given_name', person ->> 'family_name', person ->> 'birth_date', person ->> 'street', NULL, NULL, person ->> 'phone' FROM looked_up;
    PERFORM cdp.resolve('lookup_t');
    RETURN QUERY SELECT count(*), count(*) FILTER (WHERE e.total IS DISTINCT FROM l.weight) FROM looked_up l JOIN lookup_t.record r ON r.source_key = (100000 + l.id)::text
       CROSS JOIN LATERAL (SELECT (array_agg(x.running_total ORDER BY x.step DESC))[1] AS total FROM cdp.explain_pair('lookup_t', r.record_id, l.record_id) x) e;
END
$$;
BEGIN;
SELECT compared > 40 AS enough, different FROM lookup_src.differences();
ROLLBACK;

-- changes are seen after resolve, and the same as when all is written anew
UPDATE lookup_src.customer SET family = 'Zumwalt', street = '99 Cliff Walk', email = 'bob.zumwalt@example.org', phone = NULL WHERE id = 9001;
DELETE FROM lookup_src.customer WHERE id = 9002;
INSERT INTO lookup_src.customer VALUES (9004, 'Ottokar', 'Przemysl', '1921-01-30', '1 Castle Hill', '10996', NULL, NULL);
SELECT added, changed, removed FROM cdp.resolve('lookup_t');
SELECT * FROM lookup_src.who('{"given_name": "Bob", "family_name": "Zumwalt", "birth_date": "1971-05-24"}');
SELECT * FROM lookup_src.who('{"given_name": "Ottokar", "family_name": "Premysl", "birth_date": "1921-01-30"}');
SELECT count(*) FROM cdp.lookup('lookup_t', '{"family_name": "Zimmermann", "phone": "+12025550177"}') l JOIN lookup_t.record r USING (record_id) WHERE r.source_key = '9001';
SELECT * FROM lookup_src.who('{"given_name": "Wilhelmina", "family_name": "Quartermain", "street": "12 Abbey Lane"}', 5);
CREATE TABLE lookup_src.answers AS
SELECT a.id, l.* FROM (SELECT c.id, jsonb_strip_nulls(jsonb_build_object('given_name', c.given, 'family_name', c.family, 'birth_date', c.born)) AS person FROM lookup_src.customer c WHERE c.id % 40 = 0 OR c.id > 9000) a
 CROSS JOIN LATERAL cdp.lookup('lookup_t', a.person) l;
SELECT cdp_internal.write_match_keys('lookup_t', (SELECT model_id FROM lookup_t.match_model WHERE active)) > 0 AS written;
SELECT count(*) > 40 AS some, count(*) FILTER (WHERE o.id IS NULL OR w.id IS NULL) AS different FROM lookup_src.answers o
  FULL JOIN (SELECT a.id, l.* FROM (SELECT c.id, jsonb_strip_nulls(jsonb_build_object('given_name', c.given, 'family_name', c.family, 'birth_date', c.born)) AS person FROM lookup_src.customer c WHERE c.id % 40 = 0 OR c.id > 9000) a
              CROSS JOIN LATERAL cdp.lookup('lookup_t', a.person) l) w USING (id, profile_id, record_id, weight, probability);

-- definitions change under a session that has looked up before
SELECT cdp.add_nickname('lookup_t', 'Pipo', 'Ottokar');
SELECT * FROM lookup_src.who('{"given_name": "Pipo", "family_name": "Przemysl", "birth_date": "1921-01-30"}');
SELECT cdp.block_value('lookup_t', 'email', 'mina.q@example.net', 'shared by the team');
SELECT count(*) FROM cdp.lookup('lookup_t', '{"email": "mina.q@example.net"}') l WHERE l.probability > .99;
-- a rule and an identifier that very many share
INSERT INTO lookup_src.customer SELECT 20000 + i, NULL, 'Everybody', NULL, '1 Everywhere', '10995', NULL, '+12025550000' FROM generate_series(1, 180) i;
SELECT added FROM cdp.resolve('lookup_t');
SELECT count(*) AS marked FROM lookup_t.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u WHERE u.record_id = 0;
INSERT INTO lookup_src.customer SELECT 20000 + i, NULL, 'Everybody', NULL, '1 Everywhere', '10995', NULL, '+12025550000' FROM generate_series(181, 230) i;
SELECT added FROM cdp.resolve('lookup_t');
SELECT count(*) <= 10 AS few FROM cdp.lookup('lookup_t', '{"family_name": "Everybody", "phone": "+12025550000", "street": "1 Everywhere", "postal_code": "10995"}');
SELECT count(*) > 0 AS marked FROM lookup_t.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u WHERE u.record_id = 0;
CREATE TABLE lookup_src.kept AS SELECT k.bucket, u.key, u.record_id AS id FROM lookup_t.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u;
SELECT cdp_internal.write_match_keys('lookup_t', (SELECT model_id FROM lookup_t.match_model WHERE active)) > 0 AS written;
-- whatever was added little by little is there, and beside it only what changed or went
SELECT count(*) FILTER (WHERE k.key IS NULL) AS missing, count(*) FILTER (WHERE u.key IS NULL) < 50 AS few_left
  FROM (SELECT u.key, u.record_id AS id FROM lookup_t.match_key k CROSS JOIN cdp_internal.match_key_entries(k.entries) u) u
  FULL JOIN lookup_src.kept k ON k.key = u.key AND k.id = u.id;

-- another model: by conditions, and without rules of its own
SELECT cdp.import_model('lookup_t', '{"lambda": 0.001, "comparisons": [
    {"comparison": "family_name", "measure": null, "attributes": ["family_name"], "levels": [{"name": "same", "condition": "lower(a.family_name) = lower(b.family_name)", "m": 0.9, "u": 0.01}, {"name": "else", "m": 0.1, "u": 0.99}]},
    {"comparison": "email", "measure": null, "attributes": ["email"], "levels": [{"name": "same", "condition": "a.email = b.email", "m": 0.9, "u": 0.0001}, {"name": "else", "m": 0.1, "u": 0.9999}]}]}', 'by hand') AS model \gset
SELECT cdp.activate_model('lookup_t', :model);
SELECT records > 0 AS resolved FROM cdp.resolve('lookup_t');
SELECT r.source_key, round(l.weight::numeric, 6) FROM cdp.lookup('lookup_t', '{"family_name": "ZUMWALT", "email": "bob.zumwalt@example.org"}') l JOIN lookup_t.record r USING (record_id);
SELECT round((log(2, .001 / .999) + log(2, 90) + log(2, 9000))::numeric, 6) AS by_hand;
SELECT cdp.activate_model('lookup_t', 0);
SELECT records > 0 AS resolved FROM cdp.resolve('lookup_t');
SELECT (SELECT count(*) FROM lookup_t.match_key) AS keys, (SELECT count(*) FROM lookup_t.match_key_info) AS infos;
SELECT * FROM lookup_src.who('{"email": "bob.zumwalt@example.org"}');

-- a condition among measures, in place of one that it would repeat: the same weights as explain_pair gives
SELECT cdp.set_comparison('lookup_t', 'postal_code', enabled => false);
SELECT cdp.set_comparison('lookup_t', 'house', '{street,postal_code}', conditions =>
    '[{"name": "same", "condition": "a.street = b.street AND a.postal_code = b.postal_code"}, {"name": "near", "condition": "a.postal_code = b.postal_code OR left(a.street, 3) = left(b.street, 3)"}]');
SELECT count(*) > 0 AS trained FROM cdp.train('lookup_t') WHERE comparison = 'house' AND level = 'near';
SELECT records > 0 AS resolved FROM cdp.resolve('lookup_t');
BEGIN;
SELECT compared > 40 AS enough, different FROM lookup_src.differences();
ROLLBACK;
SELECT * FROM lookup_src.who('{"street": "99 Cliff Walk", "postal_code": "10998"}');
SELECT l.weight = e.total AS same FROM lookup_t.record r CROSS JOIN LATERAL cdp.lookup('lookup_t', jsonb_build_object('family_name', r.family_name, 'street', r.street, 'postal_code', r.postal_code, 'given_name', r.given_name, 'birth_date', r.birth_date, 'email', r.email::text), 1) l
 CROSS JOIN LATERAL (SELECT cdp.pair_weight((SELECT cdp.export_model('lookup_t', frequencies => false)), v.keys, v.keys, jsonb_build_object('house', 'same')) AS total FROM cdp.match_values('lookup_t', record_ids => ARRAY[r.record_id]) v) e
 WHERE r.source_key = '9001';

-- ten records: whoever shares the name
CREATE TABLE lookup_src.few AS SELECT i AS id, (ARRAY['Ann', 'Bob', 'Cem', 'Dora', 'Elif'])[1 + i % 5] AS given, 'Lee' || chr(96 + i) AS family FROM generate_series(1, 10) i;
ALTER TABLE lookup_src.few ADD PRIMARY KEY (id);
SELECT cdp.create_space('lookup_few');
SELECT cdp.add_source('lookup_few', 'lookup_src.few', key => 'id', fields => '{"given_name": "given", "family_name": "family"}');
SELECT records FROM cdp.resolve('lookup_few');
SELECT count(*) > 0 AS trained FROM cdp.train('lookup_few');
SELECT records FROM cdp.resolve('lookup_few');
SELECT p.person, r.given_name, r.family_name FROM (VALUES ('{"given_name": "Ann"}'::jsonb), ('{"given_name": "Robert"}'), ('{"given_name": ["Ann", "Dora"]}'), ('{"given_name": "Otto"}')) p(person)
 CROSS JOIN LATERAL cdp.lookup('lookup_few', p.person) l JOIN lookup_few.record r USING (record_id) ORDER BY 1, 2, 3;
SELECT cdp.drop_space('lookup_few', 'lookup_few');

-- a row of the index that is not one
SELECT * FROM cdp_internal.match_key_entries('\x05070205');
SELECT count(*) FROM cdp_internal.match_key_entries('');
SELECT * FROM cdp_internal.match_key_entries('\x0507ff');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.match_key_entries('\xffffffff0f070107');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp_internal.match_key_entries('\x05ffffffffffffffffffff01');
\echo :LAST_ERROR_SQLSTATE
-- errors
SELECT * FROM cdp.lookup('lookup_src', '{"email": "a@example.com"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup(NULL, '{"email": "a@example.com"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '{"email": null}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '["a@example.com"]');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '{"email": {"home": "a@example.com"}}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '{"shoe_size": 42}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', '{"email": "not an address", "phone": "12"}');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT * FROM cdp.lookup('lookup_t', '{"given_name": 7, "birth_date": ["soon", "1980-13-01"]}');
SELECT * FROM cdp.lookup('lookup_t', '{"given_name": ""}');
\set VERBOSITY terse
SELECT * FROM cdp.lookup('lookup_t', '{"email": "a@example.com"}', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.lookup('lookup_t', jsonb_build_object('email', (SELECT jsonb_agg('a@example.com'::text) FROM generate_series(1, 21))));
\echo :LAST_ERROR_SQLSTATE

-- a reader may, others may not
CREATE ROLE lookup_reader;
CREATE ROLE lookup_stranger;
SELECT cdp.grant_role('lookup_t', 'lookup_reader', 'reader');
SET ROLE lookup_reader;
SELECT count(*) FROM cdp.lookup('lookup_t', '{"email": "bob.zumwalt@example.org"}');
SET ROLE lookup_stranger;
SELECT count(*) FROM cdp.lookup('lookup_t', '{"email": "bob.zumwalt@example.org"}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT cdp.revoke_role('lookup_t', 'lookup_reader');
DROP OWNED BY lookup_reader;
DROP ROLE lookup_reader, lookup_stranger;

SELECT cdp.drop_space('lookup_t', 'lookup_t');
DROP SCHEMA lookup_src CASCADE;
