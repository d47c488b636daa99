-- survivorship aggregates: rules, ties, NULLs, types, properties against ORDER BY, parallel plans
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
CREATE SCHEMA survive_t;
SET search_path = survive_t, public;
SET timezone = 'UTC';

-- nothing in, nothing out; NULL never survives a value
SELECT cdp.most_recent(v, at) IS NULL AS a, cdp.earliest(v, at) IS NULL AS b, cdp.most_trusted(v, 1, at) IS NULL AS c,
       cdp.most_frequent(v) IS NULL AS d, cdp.most_frequent(v, at) IS NULL AS e, cdp.longest(v) IS NULL AS f
FROM (SELECT ''::text AS v, now() AS at WHERE false) x;
SELECT cdp.most_recent(v, at) AS a, cdp.earliest(v, at) AS b, cdp.most_trusted(v, 1, at) AS c,
       cdp.most_frequent(v) AS d, cdp.most_frequent(v, at) AS e, cdp.longest(v) AS f
FROM (VALUES (NULL, '2020-01-01'::timestamptz), ('kept', NULL), (NULL, '2030-01-01'), (NULL, NULL)) x(v, at);
SELECT cdp.most_recent(v, at) IS NULL AS only_nulls FROM (VALUES (NULL::text, now())) x(v, at);

-- most recent, earliest: a missing time loses in both, an infinite one does not
SELECT cdp.most_recent(v, at), cdp.earliest(v, at)
FROM (VALUES ('none', NULL), ('old', '-infinity'::timestamptz), ('new', 'infinity')) x(v, at);
SELECT cdp.most_recent(v, at), cdp.earliest(v, at)
FROM (VALUES ('none', NULL), ('old', '2001-01-01'::timestamptz), ('new', '2002-01-01')) x(v, at);
-- ties: the smaller value, by bytes, whichever comes first
SELECT cdp.most_recent(v, '2020-01-01'), cdp.earliest(v, NULL), cdp.most_trusted(v, 5, NULL), cdp.most_frequent(v), cdp.longest(v)
FROM (VALUES ('b'), ('Z'), ('a')) x(v);
SELECT cdp.most_recent(v, '2020-01-01'), cdp.earliest(v, NULL), cdp.most_trusted(v, 5, NULL), cdp.most_frequent(v), cdp.longest(v)
FROM (VALUES ('a'), ('Z'), ('b')) x(v);
-- numbers order as numbers; equal numbers written differently have one winner
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES (10), (9)) x(v);
SELECT cdp.most_recent(v, NULL) = a.want AND cdp.most_recent(v, NULL)::text = a.want::text AS same
FROM (VALUES (1.0), (1.00), (1.000)) x(v), (SELECT cdp.most_recent(v, NULL) AS want FROM (VALUES (1.000), (1.0), (1.00)) x(v)) a
GROUP BY a.want;
-- trust first, then time; no trust is less than any
SELECT cdp.most_trusted(v, t, at) FROM (VALUES ('none', NULL, '2030-01-01'::timestamptz), ('low', 0, '2020-01-01'), ('lower', -1, '2025-01-01')) x(v, t, at);
SELECT cdp.most_trusted(v, t, at) FROM (VALUES ('older', 7, '2019-01-01'::timestamptz), ('newer', 7, '2020-01-01'), ('new', 6, '2025-01-01')) x(v, t, at);
-- most frequent: count, then latest, then smaller
SELECT cdp.most_frequent(v), cdp.most_frequent(v, at)
FROM (VALUES ('a', '2020-01-01'::timestamptz), ('b', '2021-01-01'), ('b', NULL), ('a', NULL), ('c', '2030-01-01')) x(v, at);
-- longest counts characters, not bytes
SELECT cdp.longest(v) FROM (VALUES ('ÀÉÎ'), ('abcd'), ('日本語')) x(v);
SELECT cdp.longest(v) FROM (VALUES ('日本語'), ('abc')) x(v);

-- types by value, by reference, without order, without hash, compound
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES (true), (false)) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('2020-01-02'::date), ('2020-01-01')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('{"b": 1}'::jsonb), ('{"a": 1}')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('{"b": 1}'::json), ('{"a": 1}')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('(2,1)'::point), ('(1,2)')) x(v);
SELECT cdp.most_recent(v, NULL)::numeric, cdp.most_frequent(v)::numeric FROM (VALUES ('2'::money), ('1'), ('2')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('{b,a}'::text[]), ('{a,b}')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES (ROW(2, 'a'::text)), (ROW(1, 'b'))) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v) FROM (VALUES ('b'::name), ('a')) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v)
FROM (VALUES ('00000000-0000-0000-0000-000000000002'::uuid), ('00000000-0000-0000-0000-000000000001')) x(v);
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[a-z]+$');
SELECT cdp.most_recent(v, NULL), pg_typeof(cdp.most_frequent(v)) FROM (VALUES ('b'::code), ('a'::code)) x(v);
-- cdp's own types keep their type
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v), pg_typeof(cdp.most_trusted(v, 1, NULL))
FROM (VALUES ('bob@example.com'::cdp.email), ('ann@example.com'::cdp.email)) x(v);
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v), pg_typeof(cdp.earliest(v, NULL))
FROM (VALUES ('+12025550143'::cdp.phone), ('+12025550123'::cdp.phone)) x(v);
-- values out of line and compressed, small then large and back
SELECT length(cdp.most_recent(v, at)) AS recent, length(cdp.earliest(v, at)) AS early, length(cdp.longest(v)) AS longest,
       length(cdp.most_frequent(v)) AS frequent
FROM (SELECT repeat(chr(97 + i % 7), 1 + (i * 7919) % 200000) AS v, to_timestamp(i) AS at FROM generate_series(1, 200) i) x;
CREATE TABLE big AS
SELECT i, string_agg(md5(i::text || j), '') AS v FROM generate_series(1, 8) i, generate_series(1, 400) j GROUP BY i;
SELECT (SELECT cdp.most_recent(v, to_timestamp(i)) FROM big) = (SELECT v FROM big WHERE i = 8) AS recent,
       (SELECT cdp.most_frequent(v) FROM big) = (SELECT min(v COLLATE "C") FROM big) AS frequent;

-- the property: the same as the plain ORDER BY, on random groups with many ties
SELECT setseed(0.42);
CREATE TABLE input AS
SELECT (random() * 3000)::int AS g,
       CASE WHEN random() < 0.1 THEN NULL ELSE chr(65 + (random() * 40)::int) || repeat(chr(97 + (random() * 3)::int), (random() * 3)::int) END AS v,
       CASE WHEN random() < 0.1 THEN NULL ELSE round((random() * 8)::numeric, (random() * 2)::int) END AS n,
       CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 3)::int END AS trust,
       CASE WHEN random() < 0.1 THEN NULL ELSE to_timestamp((random() * 5)::int) END AS at
FROM generate_series(1, 30000);
ANALYZE input;
CREATE VIEW by_aggregate AS
SELECT g, cdp.most_recent(v, at) AS recent, cdp.earliest(v, at) AS early, cdp.most_trusted(v, trust, at) AS trusted,
       cdp.most_frequent(v) AS frequent, cdp.most_frequent(v, at) AS frequent_at, cdp.longest(v) AS longest,
       cdp.most_recent(n, at) AS n_recent, cdp.most_frequent(n, at) AS n_frequent
FROM input GROUP BY g;
CREATE VIEW by_order AS
SELECT g,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL ORDER BY at DESC NULLS LAST, v COLLATE "C" LIMIT 1) AS recent,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL ORDER BY at NULLS LAST, v COLLATE "C" LIMIT 1) AS early,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL ORDER BY trust DESC NULLS LAST, at DESC NULLS LAST, v COLLATE "C" LIMIT 1) AS trusted,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, v COLLATE "C" LIMIT 1) AS frequent,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, max(at) DESC NULLS LAST, v COLLATE "C" LIMIT 1) AS frequent_at,
       (SELECT v FROM input i WHERE i.g = k.g AND v IS NOT NULL ORDER BY length(v) DESC, v COLLATE "C" LIMIT 1) AS longest,
       (SELECT n FROM input i WHERE i.g = k.g AND n IS NOT NULL ORDER BY at DESC NULLS LAST, n LIMIT 1) AS n_recent,
       (SELECT n FROM input i WHERE i.g = k.g AND n IS NOT NULL GROUP BY n ORDER BY count(*) DESC, max(at) DESC NULLS LAST, n LIMIT 1) AS n_frequent
FROM (SELECT DISTINCT g FROM input) k;
CREATE INDEX ON input (g);
SELECT count(*) > 2900 AS groups, count(*) FILTER (WHERE a IS DISTINCT FROM o) AS different
FROM by_aggregate a FULL JOIN by_order o USING (g);

-- the order of rows does not matter, down to the bytes
CREATE TABLE serial_answer AS SELECT g, md5(a::text) AS answer FROM by_aggregate a;
CREATE TABLE backwards AS SELECT * FROM input ORDER BY md5(input::text || 'x');
SELECT count(*) AS different
FROM serial_answer s
JOIN (SELECT g, md5((g, cdp.most_recent(v, at), cdp.earliest(v, at), cdp.most_trusted(v, trust, at), cdp.most_frequent(v),
                     cdp.most_frequent(v, at), cdp.longest(v), cdp.most_recent(n, at), cdp.most_frequent(n, at))::text) AS answer
      FROM backwards GROUP BY g) b USING (g)
WHERE s.answer <> b.answer;

-- parallel plans agree with serial ones, for groups and for one large group
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT cdp.most_recent(v, at), cdp.most_frequent(n) FROM input;
SELECT count(*) AS different FROM serial_answer s JOIN (SELECT g, md5(a::text) AS answer FROM by_aggregate a) p USING (g) WHERE s.answer <> p.answer;
CREATE VIEW whole AS
SELECT cdp.most_recent(v, at) AS a, cdp.earliest(n, at) AS b, cdp.most_trusted(v, trust, at) AS c, cdp.most_frequent(md5(v || g)) AS d,
       cdp.most_frequent(n, at) AS e, cdp.longest(v) AS f, cdp.most_frequent(ROW(v, n))::text AS h, cdp.most_recent(ARRAY[v], at) AS i FROM input;
CREATE TABLE whole_parallel AS SELECT * FROM whole;
SET max_parallel_workers_per_gather = 0;
SELECT w::text = p::text AS same FROM whole w, whole_parallel p;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- hashed and sorted grouping agree
SET enable_hashagg = off;
SELECT count(*) AS different FROM serial_answer s JOIN (SELECT g, md5(a::text) AS answer FROM by_aggregate a) p USING (g) WHERE s.answer <> p.answer;
RESET enable_hashagg;

-- as window functions, with a frame that moves
SELECT i, cdp.most_recent(v, at) OVER w AS recent, cdp.most_frequent(v) OVER w AS frequent, cdp.longest(v) OVER w AS longest
FROM (VALUES (1, 'aa', '2020-01-03'::timestamptz), (2, 'b', '2020-01-02'), (3, 'b', '2020-01-01'), (4, 'c', NULL), (5, NULL, NULL)) x(i, v, at)
WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING);

-- a literal without a type is no value
\set SHOW_CONTEXT never
SELECT cdp.most_recent('a', now());
\echo :LAST_ERROR_SQLSTATE

-- anyone may use them
SET client_min_messages = warning;
DROP ROLE IF EXISTS survive_nobody;
CREATE ROLE survive_nobody;
SET ROLE survive_nobody;
SELECT cdp.most_recent(v, NULL), cdp.most_frequent(v), cdp.longest(v) FROM (VALUES ('a'::text), ('b')) x(v);
RESET ROLE;
DROP ROLE survive_nobody;
DROP SCHEMA survive_t CASCADE;
