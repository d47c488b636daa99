-- Which rows of a source may have changed: sums of rows by buckets of their keys.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA sums_src;
CREATE TABLE sums_src.a AS SELECT 'k' || i AS key, hashint8extended(i, 7) AS hash FROM generate_series(1, 50000) i;
CREATE TABLE sums_src.b AS TABLE sums_src.a;
CREATE FUNCTION sums_src.differ() RETURNS bytea LANGUAGE sql AS $$
    SELECT cdp_internal.sums_differ((SELECT cdp_internal.row_sums(a.key, a.hash) FROM sums_src.a),
                                    (SELECT cdp_internal.row_sums(b.key, b.hash) FROM sums_src.b))
$$;
-- the rows that differ, joined one by one; how many of them are in marked buckets, and how many other rows are
CREATE FUNCTION sums_src.found(OUT changed bigint, OUT marked bigint, OUT few boolean) LANGUAGE sql AS $$
    WITH d AS MATERIALIZED (SELECT sums_src.differ() AS bits),
    j AS (SELECT coalesce(a.key, b.key) AS key, a.hash IS DISTINCT FROM b.hash AS differs FROM sums_src.a FULL JOIN sums_src.b USING (key))
    SELECT count(*) FILTER (WHERE j.differs), count(*) FILTER (WHERE j.differs AND cdp_internal.in_sums(d.bits, j.key)),
           count(*) FILTER (WHERE cdp_internal.in_sums(d.bits, j.key)) < 5 * greatest(count(*) FILTER (WHERE j.differs), 1) FROM j, d
$$;

-- the same rows in another order, alone and in workers
SELECT sums_src.differ() IS NULL AS equal;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT cdp_internal.sums_differ((SELECT cdp_internal.row_sums(a.key, a.hash) FROM sums_src.a),
                                (SELECT cdp_internal.row_sums(x.key, x.hash) FROM (SELECT * FROM sums_src.b ORDER BY key DESC OFFSET 0) x)) IS NULL AS equal;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- no change goes unseen: contents changed, gone, new, exchanged between two keys, back and forth
UPDATE sums_src.b SET hash = hash + 1 WHERE hash % 500 = 3;
DELETE FROM sums_src.b WHERE hash % 500 = 4;
INSERT INTO sums_src.b SELECT 'new ' || i, i FROM generate_series(1, 50) i;
SELECT changed = marked AND changed > 100 AS all, few FROM sums_src.found();
TRUNCATE sums_src.b;
INSERT INTO sums_src.b SELECT a.key, CASE a.key WHEN 'k1' THEN (SELECT hash FROM sums_src.a WHERE key = 'k2')
                                                WHEN 'k2' THEN (SELECT hash FROM sums_src.a WHERE key = 'k1') ELSE a.hash END FROM sums_src.a;
SELECT * FROM sums_src.found();
-- a row that is there twice, a null key, nothing
TRUNCATE sums_src.b;
INSERT INTO sums_src.b TABLE sums_src.a;
INSERT INTO sums_src.b SELECT * FROM sums_src.a WHERE key = 'k7';
SELECT cdp_internal.in_sums(sums_src.differ(), 'k7');
DELETE FROM sums_src.b WHERE key = 'k7';
INSERT INTO sums_src.b SELECT * FROM sums_src.a WHERE key = 'k7';
SELECT sums_src.differ() IS NULL AS equal;
INSERT INTO sums_src.b VALUES (NULL, 5);
SELECT cdp_internal.in_sums(sums_src.differ(), NULL);
TRUNCATE sums_src.b;
SELECT bit_count(sums_src.differ()) > 30000 AS all, cdp_internal.in_sums(sums_src.differ(), 'k9');
TRUNCATE sums_src.a;
SELECT sums_src.differ() IS NULL AS equal;

-- what are no sums
SELECT cdp_internal.sums_differ('\x00', NULL);
SELECT cdp_internal.in_sums('\x00', 'k');
SELECT cdp_internal.row_sums_add(NULL, 'k', 1);

-- a source whose filter and fields hold what a format would take for its own
CREATE TABLE sums_src.person (id int PRIMARY KEY, name text, note text);
INSERT INTO sums_src.person SELECT i, 'Ann%s Number' || i, '100%' FROM generate_series(1, 200) i;
SELECT cdp.create_space('sums');
SELECT cdp.add_source('sums', 'sums_src.person', key => 'id', fields => '{"full_name": "replace(name, ''%s'', '''')"}', filter => 'note LIKE ''%\%'' OR false');
SELECT added, changed, removed FROM cdp.resolve('sums');
UPDATE sums_src.person SET name = 'Bob%s Other' WHERE id = 17;
UPDATE sums_src.person SET note = 'none' WHERE id = 18;
SELECT added, changed, removed FROM cdp.resolve('sums');
SELECT added, changed, removed FROM cdp.resolve('sums');
SELECT count(*), count(*) FILTER (WHERE full_name LIKE 'Bob%') FROM sums.record;
SELECT cdp.drop_space('sums', 'sums');
DROP SCHEMA sums_src CASCADE;
