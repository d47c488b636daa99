-- A move is one event: street, postal code and city change together
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse

-- 3000 people with two records each; one in eight moved in between, every third of them within the town
CREATE SCHEMA move_src;
CREATE FUNCTION move_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE FUNCTION move_src.word(seed text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('BADAFIGOKULEMANEPIROSATUVEWOZI', 1 + 2 * move_src.random(seed || i || 'w', 15), 2), '' ORDER BY i) FROM generate_series(1, n) i
$$;
CREATE TABLE move_src.person AS
SELECT p * 2 + r AS id, p AS person, p % 8 = 0 AS moves, move_src.word('g' || move_src.random('g' || p, 300), 3) AS given, move_src.word('f' || move_src.random('f' || p, 900), 4) AS family,
       date '1940-01-01' + move_src.random('b' || p, 20000) AS born,
       (1 + move_src.random('n' || home, 90)) || ' ' || move_src.word('s' || move_src.random('s' || home, 1500), 4) || ' Street' AS street,
       'T' || move_src.word('t' || town, 3) AS city, lpad((town * 900 + move_src.random('z' || home, 4))::text, 5, '0') AS zip
  FROM generate_series(1, 3000) p, generate_series(0, 1) r,
       LATERAL (SELECT CASE WHEN p % 8 = 0 AND r = 1 THEN 'moved ' || p ELSE p::text END AS home) h,
       LATERAL (SELECT 1 + move_src.random('town' || CASE WHEN p % 24 = 0 THEN p::text ELSE home END, 60) AS town) t;
SELECT cdp.create_space('move_t');
SELECT cdp.add_source('move_t', 'move_src.person', key => 'id',
    fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "city": "city", "postal_code": "zip"}');
SELECT count(*) > 0 AS trained FROM cdp.train('move_t');

-- the first part of an address tells who moved; those after it, given that, hardly count again
SELECT position, comparison, count(*) FILTER (WHERE name LIKE 'moved%') AS after_a_move FROM move_t.match_level WHERE comparison IN ('street', 'postal_code', 'city') GROUP BY 1, 2 ORDER BY 1;
SELECT (SELECT round(sum(m)::numeric, 1) FROM move_t.match_level WHERE comparison = 'street' AND name IN ('else', 'part')) AS another_street,
       bool_or(name = 'moved_else' AND log(2, (m / u[1])::numeric) BETWEEN -1 AND 0 AND pairs_m > 100) AS once,
       round(sum(m) FILTER (WHERE name LIKE 'moved%')::numeric, 9) AS sum_m, round(sum(u[1]) FILTER (WHERE name LIKE 'moved%')::numeric, 9) AS sum_u
  FROM move_t.match_level WHERE comparison = 'postal_code';
-- of two people nothing hangs on it, of one home as much as of one person
SELECT bool_and(a.u[1] = b.u[1] AND a.u[2] = b.u[2]) AS strangers, bool_and(b.u[3] = b.m) AS home
  FROM move_t.match_level a JOIN move_t.match_level b USING (comparison) WHERE comparison IN ('postal_code', 'city') AND b.name = 'moved_' || a.name;

-- so who moved is found by name and birth date
SELECT records > 0 AS resolved FROM cdp.resolve('move_t');
CREATE TABLE move_src.truth AS SELECT 'move_src.person' AS source, id::text AS source_key, person::text AS entity FROM move_src.person;
SELECT level, precision > .99 AS precise, recall > .97 AS complete FROM cdp.evaluate('move_t', 'move_src.truth') WHERE level = 'pairs';
SELECT count(*) > 300 AS movers, avg((a.profile_id = b.profile_id)::int) > .95 AS found
  FROM move_src.person p JOIN move_src.person q ON q.person = p.person AND q.id = p.id + 1
  JOIN move_t.record r ON r.source_key = p.id::text JOIN move_t.record s ON s.source_key = q.id::text
  JOIN move_t.identity a ON a.record_id = r.record_id JOIN move_t.identity b ON b.record_id = s.record_id WHERE p.moves;

-- the waterfall says so, sums exactly, and SQL agrees with the engine
CREATE TABLE move_src.mover AS SELECT a.record_id AS a, b.record_id AS b FROM move_t.record a, move_t.record b WHERE a.source_key = '32' AND b.source_key = '33';
SELECT e.comparison, e.level FROM move_src.mover m, cdp.explain_pair('move_t', m.a, m.b) WITH ORDINALITY e WHERE e.comparison IN ('street', 'postal_code', 'city') ORDER BY e.ordinality;
CREATE TABLE move_src.scored AS SELECT * FROM cdp_internal.score_pairs('move_t', 1);
WITH v AS MATERIALIZED (SELECT * FROM cdp.match_values('move_t')), m AS MATERIALIZED (SELECT cdp.export_model('move_t', frequencies => false) AS model)
SELECT count(*) > 2000 AS pairs, count(*) FILTER (WHERE s.weight <> cdp.pair_weight(m.model, a.keys, b.keys) OR s.weight <> cdp.pair_weight(m.model, b.keys, a.keys)) AS differ
  FROM m, move_src.scored s JOIN v a ON a.record_id = s.record_a JOIN v b ON b.record_id = s.record_b;
SELECT count(*) FILTER (WHERE x.sum <> s.weight OR x.last <> s.weight) AS differ, count(*) FILTER (WHERE x.moved) > 10 AS movers
  FROM (SELECT * FROM move_src.scored ORDER BY record_a, record_b LIMIT 300) s
 CROSS JOIN LATERAL (SELECT sum(e.weight) AS sum, (array_agg(e.running_total ORDER BY e.step DESC))[1] AS last, bool_or(e.level LIKE 'moved%') AS moved
                       FROM cdp.explain_pair('move_t', s.record_a, s.record_b) e) x;
-- levels may be given as they are alone, or beside the others
SELECT cdp.levels_weight(m.model, '{"name": "exact", "street": "else", "city": "else"}', '{}') = cdp.levels_weight(m.model, '{"name": "exact", "street": "else", "city": "moved_else"}', '{}') AS same,
       cdp.levels_weight(m.model, '{"name": "exact", "street": "else", "city": "else"}', '{}') > cdp.levels_weight(m.model, '{"name": "exact", "street": "else"}', '{}') - 1 AS once
  FROM (SELECT cdp.export_model('move_t', frequencies => false) AS model) m;

-- a model that knows of no moves, and one that knows only some of it
SELECT cdp.export_model('move_t', frequencies => false) AS model \gset
CREATE TABLE move_src.plain AS
SELECT jsonb_set(:'model'::jsonb, '{comparisons}', (SELECT jsonb_agg(jsonb_set(c, '{levels}', (SELECT jsonb_agg(l) FROM jsonb_array_elements(c -> 'levels') l WHERE l ->> 'name' NOT LIKE 'moved%')))
    FROM jsonb_array_elements(:'model'::jsonb -> 'comparisons') c)) AS model;
SELECT count(*) AS levels, bool_and(l.m = o.m AND l.u = o.u) AS as_without
  FROM move_src.plain p, cdp_internal.model_levels(p.model) l, cdp_internal.model_levels(p.model) o WHERE l.name = 'moved_' || o.name AND l.comparison = o.comparison;
SELECT cdp.import_model('move_t', jsonb_set(model, '{comparisons}', (SELECT jsonb_agg(CASE WHEN c ->> 'comparison' = 'city'
    THEN jsonb_set(c, '{levels}', (c -> 'levels') || '[{"name": "moved_exact", "m": 0.5, "u": 0.5}]') ELSE c END) FROM jsonb_array_elements(model -> 'comparisons') c)), 'half') FROM move_src.plain;

-- a shop elsewhere is another shop
SELECT cdp.create_space('move_shop');
SELECT cdp.add_source('move_shop', 'move_src.person', key => 'id', fields => '{"company": "family", "street": "street", "city": "city", "postal_code": "zip"}');
SELECT count(*) > 0 AS trained FROM cdp.train('move_shop');
SELECT count(*) AS levels_after_a_move FROM move_shop.match_level WHERE name LIKE 'moved%';

DROP SCHEMA move_src CASCADE;
SELECT cdp.drop_space('move_t', 'move_t'), cdp.drop_space('move_shop', 'move_shop');
