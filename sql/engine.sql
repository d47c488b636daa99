-- the matching engine: the same data gives the same model and the same pairs, whatever the order, the threads, the memory
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- 600 people, some of whom live together, with one to five records each; records have slips, other forms and gaps
CREATE SCHEMA engine_src;
CREATE FUNCTION engine_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE TABLE engine_src.given (i serial, name text);
INSERT INTO engine_src.given (name) SELECT unnest(string_to_array('James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Karen Nancy Daniel Lisa Matthew Betty Anthony Margaret Mark Sandra Donald Ashley', ' '));
CREATE TABLE engine_src.family (i serial, name text);
INSERT INTO engine_src.family (name) SELECT unnest(string_to_array('Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts', ' '));
CREATE TABLE engine_src.person AS
SELECT p, g.name AS given, f.name AS family, date '1940-01-01' + engine_src.random('born' || p, 24000) AS born,
       1 + engine_src.random('number' || h, 300) || ' ' || (ARRAY['Oak', 'Elm', 'Main', 'High', 'Park', 'Mill'])[1 + engine_src.random('street' || h, 6)] || ' Street' AS street,
       (ARRAY['Springfield', 'Riverton', 'Lakeside', 'Fairview'])[1 + h % 4] AS city, lpad((10000 + h % 4 * 100 + engine_src.random('zip' || h, 30))::text, 5, '0') AS zip,
       '+1202555' || lpad(engine_src.random('phone' || h, 10000)::text, 4, '0') AS phone
  FROM generate_series(1, 600) p CROSS JOIN LATERAL (SELECT CASE WHEN p % 4 = 0 THEN p - 1 ELSE p END AS h) l
  JOIN engine_src.given g ON g.i = 1 + engine_src.random('given' || p, 30) JOIN engine_src.family f ON f.i = 1 + engine_src.random('family' || h, 50);
CREATE TABLE engine_src.record AS
SELECT p * 10 + c AS id, p,
       CASE engine_src.random('g' || p || c, 12) WHEN 0 THEN left(given, 1) WHEN 1 THEN overlay(given PLACING 'x' FROM 3 FOR 1) WHEN 2 THEN NULL ELSE given END AS given,
       CASE engine_src.random('f' || p || c, 10) WHEN 0 THEN overlay(family PLACING 'q' FROM 2 FOR 1) WHEN 1 THEN family || 's' ELSE family END AS family,
       CASE engine_src.random('b' || p || c, 8) WHEN 0 THEN born + 1 WHEN 1 THEN NULL ELSE born END AS born,
       CASE engine_src.random('s' || p || c, 6) WHEN 0 THEN NULL WHEN 1 THEN upper(street) || ' Apt 2' ELSE street END AS street,
       city, CASE engine_src.random('z' || p || c, 9) WHEN 0 THEN NULL ELSE zip END AS zip,
       CASE WHEN engine_src.random('e' || p || c, 3) > 0 THEN lower(given || '.' || family) || engine_src.random('m' || p || c % 2, 2) || p || '@example.com' END AS email,
       CASE WHEN engine_src.random('t' || p || c, 2) > 0 THEN phone END AS phone
  FROM engine_src.person, LATERAL generate_series(0, engine_src.random('n' || p, 5)) c;
CREATE VIEW engine_src.customer AS SELECT * FROM engine_src.record;

CREATE FUNCTION engine_src.make_space(space name, relation regclass, fields jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.create_space(space);
    PERFORM cdp.add_source(space::text::regnamespace, relation, key => 'id', name => 'customer', fields => fields);
    PERFORM cdp.set_attribute(space::text::regnamespace, 'email', 'is_identifier', 'false');
    PERFORM cdp.resolve(space::text::regnamespace);
END
$$;
-- all that a model consists of but the pairs of its rules that are new, which groups of rules count for themselves; the pairs by their source keys; as one hash each
CREATE FUNCTION engine_src.model_hash(space name, model int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    all_of text := '';
    part   text;
    t      text;
BEGIN
    FOREACH t IN ARRAY ARRAY['match_model', 'match_level', 'match_input', 'match_frequency', 'match_rule'] LOOP
        EXECUTE format('SELECT md5(coalesce(string_agg(x, E''\n'' ORDER BY x COLLATE "C"), '''')) FROM (SELECT (to_jsonb(t) - ''{model_id,made_at,new_pairs}''::text[])::text AS x FROM %I.%I t WHERE model_id = $1) y', space, t)
            INTO part USING model;
        all_of := all_of || part;
    END LOOP;
    RETURN md5(all_of);
END
$$;
CREATE FUNCTION engine_src.pairs(space name, model int, changed_only boolean DEFAULT false) RETURNS TABLE (a text, b text, weight float8) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT least(x.source_key COLLATE "C", y.source_key), greatest(x.source_key COLLATE "C", y.source_key), s.weight
        FROM cdp_internal.score_pairs(%1$L, $1, $2) s JOIN %1$I.record x ON x.record_id = s.record_a JOIN %1$I.record y ON y.record_id = s.record_b', space) USING model, changed_only;
END
$$;
CREATE FUNCTION engine_src.pairs_hash(space name, model int) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws(' ', a, b, weight), E'\n' ORDER BY a COLLATE "C", b COLLATE "C")) FROM engine_src.pairs(space, model)
$$;

\set fields '''{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "city": "city", "postal_code": "zip", "email": "email", "phone": "phone"}'''
SELECT engine_src.make_space('engine_t', 'engine_src.customer', :fields);
SELECT cdp_internal.train_model('engine_t') AS model \gset
SELECT origin, active, records = (SELECT count(*) FROM engine_src.record) AS all_records, converged, iterations > 0 AS iterated, lambda BETWEEN .0005 AND .005 AS lambda,
       abs((SELECT sum(s) FROM unnest(share) s) - 1) < .001 AS shares, warnings FROM engine_t.match_model;
-- in every class of levels the probabilities sum to 1; the best level speaks for one person
SELECT count(*), bool_and(m > 0 AND m <= 1 AND u[1] > 0), bool_and(level > 1 OR m > u[1]) FROM engine_t.match_level;
SELECT count(*) > 3 AS several, bool_and(new_pairs <= pairs) AS counted, sum(new_pairs) <= 100 * (SELECT count(*) FROM engine_t.record) AS within_budget FROM cdp_internal.block_sizes('engine_t', :model);
-- what it finds
CREATE TEMP TABLE found AS SELECT * FROM engine_src.pairs('engine_t', :model);
SELECT count(*) = count(DISTINCT (a, b)) AS once, bool_and(weight > 0) AS positive,
       avg((a::int / 10 = b::int / 10)::int) FILTER (WHERE weight > 5) > .97 AS precise,
       count(*) FILTER (WHERE a::int / 10 = b::int / 10)::float8 / (SELECT count(*) FROM engine_src.record x JOIN engine_src.record y ON x.p = y.p AND x.id < y.id) > .9 AS complete FROM found;

-- again; by one thread and by four; in hardly any memory, so that rules go in groups and pairs to files
SELECT engine_src.model_hash('engine_t', :model) AS model_hash, engine_src.pairs_hash('engine_t', :model) AS pairs_hash,
       (SELECT md5(array_agg((rule, keys, pairs, blocks, largest, refined) ORDER BY rule)::text) FROM cdp_internal.block_sizes('engine_t', :model)) AS sizes_hash \gset
SELECT engine_src.model_hash('engine_t', cdp_internal.train_model('engine_t')) = :'model_hash' AS again;
SET cdp.match_threads = 1;
SELECT engine_src.model_hash('engine_t', cdp_internal.train_model('engine_t')) = :'model_hash' AS one_thread, engine_src.pairs_hash('engine_t', :model) = :'pairs_hash' AS pairs;
SET cdp.match_threads = 4;
SELECT engine_src.model_hash('engine_t', cdp_internal.train_model('engine_t')) = :'model_hash' AS four_threads, engine_src.pairs_hash('engine_t', :model) = :'pairs_hash' AS pairs;
SET cdp.match_memory = '64kB';
SELECT engine_src.model_hash('engine_t', cdp_internal.train_model('engine_t')) = :'model_hash' AS little_memory, engine_src.pairs_hash('engine_t', :model) = :'pairs_hash' AS pairs;
SELECT md5(array_agg((rule, keys, pairs, blocks, largest, refined) ORDER BY rule)::text) = :'sizes_hash' AS same_counts FROM cdp_internal.block_sizes('engine_t', :model);
-- no room for the files
SET temp_file_limit = '8kB';
SELECT count(*) FROM cdp_internal.score_pairs('engine_t', :model);
\echo :LAST_ERROR_SQLSTATE
RESET temp_file_limit;
SELECT engine_src.pairs_hash('engine_t', :model) = :'pairs_hash' AS pairs;
RESET cdp.match_memory;
RESET cdp.match_threads;
-- the same rows, written in another order
CREATE TABLE engine_src.backwards AS SELECT * FROM engine_src.record ORDER BY md5(id::text);
SELECT engine_src.make_space('engine_u', 'engine_src.backwards', :fields);
SELECT (SELECT array_agg(source_key ORDER BY record_id) FROM engine_t.record) = (SELECT array_agg(source_key ORDER BY record_id) FROM engine_u.record) AS same_order;
SELECT engine_src.model_hash('engine_u', cdp_internal.train_model('engine_u')) = :'model_hash' AS other_order, engine_src.pairs_hash('engine_u', 1) = :'pairs_hash' AS pairs;

-- only what changed: the pairs with one of three records
CREATE TEMP TABLE cdp_changed AS SELECT record_id FROM engine_t.record WHERE source_key IN ('10', '1001', '2000', '2001', '5550');
SELECT count(*) > 0 AS some, bool_and(c.weight = f.weight) AS same_weights,
       count(*) = (SELECT count(*) FROM found f WHERE a IN ('10', '1001', '2000', '2001', '5550') OR b IN ('10', '1001', '2000', '2001', '5550')) AS complete
  FROM engine_src.pairs('engine_t', :model, true) c LEFT JOIN found f USING (a, b);
DROP TABLE cdp_changed;
-- a rule of the user's own finds what it says
INSERT INTO engine_t.match_user_rule VALUES ('same town', '{"city exact","no such key"}'), ('same number', '{"phone exact"}');
SELECT count(*), max(rule) = (SELECT count(*) FROM engine_t.match_rule WHERE model_id = :model) + 1 AS behind_the_others FROM cdp_internal.block_sizes('engine_t', :model) WHERE keys = '{"phone exact"}';
DELETE FROM engine_t.match_user_rule;

-- interrupted: nothing is left, and nothing is different afterwards
SELECT count(*) AS models FROM engine_t.match_model \gset
SET statement_timeout = '30ms';
SELECT cdp_internal.train_model('engine_t');
\echo :LAST_ERROR_SQLSTATE
SET cdp.match_threads = 3;
SELECT cdp_internal.train_model('engine_t');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT count(*) = :models AS nothing_written FROM engine_t.match_model;
SELECT engine_src.model_hash('engine_t', cdp_internal.train_model('engine_t')) = :'model_hash' AS as_before;
RESET cdp.match_threads;

-- too little to learn from
CREATE TABLE engine_src.few AS SELECT * FROM engine_src.record ORDER BY id LIMIT 20;
SELECT engine_src.make_space('engine_few', 'engine_src.few', :fields);
SELECT cdp_internal.train_model('engine_few');
SELECT origin, warnings FROM engine_few.match_model;
SELECT count(*) > 0 AS finds_some, avg((a::int / 10 = b::int / 10)::int) > .8 AS mostly_right FROM engine_src.pairs('engine_few', 1);
CREATE TABLE engine_src.none AS SELECT * FROM engine_src.record LIMIT 0;
SELECT engine_src.make_space('engine_none', 'engine_src.none', :fields);
SELECT cdp_internal.train_model('engine_none');
SELECT origin, records, warnings FROM engine_none.match_model;
SELECT count(*) FROM cdp_internal.score_pairs('engine_none', 1);
-- one attribute
SELECT engine_src.make_space('engine_one', 'engine_src.customer', '{"birth_date": "born"}');
SELECT cdp_internal.train_model('engine_one');
SELECT origin, warnings FROM engine_one.match_model;
-- an attribute that is constant, one that is always null, one that is unique; a block with everybody in it
CREATE TABLE engine_src.odd AS
SELECT id, p, given, family, born, 'Springfield'::text AS city, NULL::text AS street, 'x' || id AS company FROM engine_src.record;
SELECT engine_src.make_space('engine_odd', 'engine_src.odd', '{"given_name": "given", "family_name": "family", "birth_date": "born", "city": "city", "street": "street", "company": "company"}');
SELECT cdp_internal.train_model('engine_odd');
SELECT origin, warnings FROM engine_odd.match_model;
SELECT max(largest) <= 200 AS within_cap FROM cdp_internal.block_sizes('engine_odd', 1);
INSERT INTO engine_odd.match_user_rule VALUES ('town', '{"city exact"}');
SELECT keys, largest <= 200 AS within_cap, blocks > 1 AS divided, refined FROM cdp_internal.block_sizes('engine_odd', 1) ORDER BY rule DESC LIMIT 1;
-- everybody is called the same, and that is all there is
CREATE TABLE engine_src.same AS SELECT id, 'Ann'::text AS given, 'Smith'::text AS family, 'Springfield'::text AS city, born FROM generate_series(1, 2000) id, (VALUES (date '1970-02-03')) v(born);
SELECT engine_src.make_space('engine_same', 'engine_src.same', '{"given_name": "given", "family_name": "family", "city": "city", "birth_date": "born"}');
SELECT cdp_internal.train_model('engine_same');
SELECT origin, warnings FROM engine_same.match_model;
INSERT INTO engine_same.match_user_rule VALUES ('town', '{"city exact"}');
SELECT keys, pairs, blocks, largest, refined FROM cdp_internal.block_sizes('engine_same', 1) ORDER BY rule DESC LIMIT 1;

-- a form filled in by a program, and records with nothing to look for them by
CREATE TABLE engine_src.block (id int PRIMARY KEY, given text, family text, note text);
INSERT INTO engine_src.block SELECT i, 'Test', 'Tester', NULL FROM generate_series(1, 250) i;
INSERT INTO engine_src.block SELECT i, NULL, NULL, CASE WHEN i % 2 = 0 THEN '-' END FROM generate_series(251, 290) i;
INSERT INTO engine_src.block SELECT i, 'G' || chr(97 + i / 2 % 26) || chr(97 + i / 52 % 26), 'F' || chr(97 + i / 2 % 23) || chr(97 + i / 46 % 26), 'n' || i / 2 FROM generate_series(291, 1490) i;
SELECT cdp.create_space('engine_block');
SELECT cdp.add_source('engine_block', 'engine_src.block', key => 'id', fields => '{"given_name": "given", "family_name": "family", "company": "note"}');
SELECT records FROM cdp.resolve('engine_block');
SELECT description FROM cdp.train('engine_block') WHERE topic = 'warning' AND description ~ 'records';

-- errors
SELECT cdp_internal.train_model('engine_src');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.train_model(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.train_model('engine_t', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.train_model('engine_t', 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM cdp_internal.score_pairs('engine_t', 4711);
\echo :LAST_ERROR_SQLSTATE

SELECT cdp.drop_space(space::regnamespace, space) FROM unnest('{engine_t,engine_u,engine_few,engine_none,engine_one,engine_odd,engine_same,engine_block}'::text[]) space;
DROP SCHEMA engine_src CASCADE;
