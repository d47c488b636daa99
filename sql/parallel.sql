-- Reading a source in parallel workers: that it happens, and that it changes nothing.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA parallel_src;
CREATE TABLE parallel_src.person (id int PRIMARY KEY, name text, mail text, mobile text, office text, born text, tags text[], seen timestamp);
INSERT INTO parallel_src.person
SELECT i, CASE WHEN i % 50 = 0 THEN 'n/a' ELSE 'Name ' || i % 700 END, CASE WHEN i % 30 = 0 THEN 'none' ELSE format('p%s@Example.com', i % 1500) END,
       format('(212) 555-%s', lpad((i % 9000)::text, 4, '0')), CASE i % 3 WHEN 0 THEN '12' WHEN 1 THEN '(212) 555-' || lpad((i % 9000)::text, 4, '0') END,
       CASE WHEN i % 40 = 0 THEN '1980-02-31' ELSE (date '1950-01-01' + i % 9000)::text END, ARRAY['b' || i % 3, NULL, 'a', 'n/a'],
       timestamp '2020-01-01' + i * interval '1 hour'
  FROM generate_series(1, 3000) i;
ANALYZE parallel_src.person;

-- nobody may run it in a worker: the source is read without them
CREATE FUNCTION parallel_src.unsafe(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE AS $$ BEGIN RETURN value; END $$;
CREATE FUNCTION parallel_src.make_space(space name, name_sql text DEFAULT 'name') RETURNS void LANGUAGE sql AS $$
    SELECT cdp.create_space(space);
    SELECT cdp.add_attribute(space::text::regnamespace, 'tag', 'text');
    SELECT cdp.add_source(space::text::regnamespace, 'parallel_src.person', key => 'id', name => 'person', observed_at => 'seen',
        fields => jsonb_build_object('full_name', name_sql, 'email', 'mail', 'phone', '["mobile", "office"]'::jsonb, 'birth_date', 'born'));
$$;
CREATE FUNCTION parallel_src.plan(space regnamespace, OUT line text) RETURNS SETOF text LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET parallel_tuple_cost = 0 AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || (cdp_internal.delta_sql(space, 1, 1)).delta;
END $$;
-- all that a run writes, but which new row got which number
CREATE FUNCTION parallel_src.state(space regnamespace, OUT what text, OUT n bigint, OUT hash text) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE replace($q$
        SELECT 'record', count(*), md5(string_agg((to_jsonb(r) - 'record_id' - 'changed_at' - 'source_hash')::text, E'\n' ORDER BY r.source_key)) FROM @.record r
        UNION ALL SELECT 'source_hash', count(DISTINCT r.source_hash), md5(string_agg(r.source_hash::text, E'\n' ORDER BY r.source_key)) FROM @.record r
        UNION ALL SELECT 'numbers', count(DISTINCT record_id), concat(min(record_id), ' to ', max(record_id), ', next ', pg_sequence_last_value('@.record_record_id_seq') + 1) FROM @.record
        UNION ALL SELECT 'identifier', count(*), md5(string_agg(concat_ws('|', i.kind, i.value, i.blocked, r.source_key), E'\n' ORDER BY i.kind, i.value, r.source_key))
                    FROM @.identifier i JOIN @.record r USING (record_id)
        UNION ALL SELECT 'rejected_value', count(*), md5(string_agg(concat_ws('|', v.source_key, v.attribute, v.raw, v.reason), E'\n' ORDER BY v.source_key, v.attribute, v.raw))
                    FROM @.rejected_value v
        UNION ALL SELECT 'profile', count(*), md5(string_agg(m.keys, E'\n' ORDER BY m.keys))
                    FROM (SELECT string_agg(r.source_key, ',' ORDER BY r.source_key) AS keys FROM @.identity i JOIN @.record r USING (record_id) GROUP BY i.profile_id) m
    $q$, '@.', space || '.');
END $$;

SELECT parallel_src.make_space('parallel_one');
SELECT parallel_src.make_space('parallel_two');
SELECT parallel_src.make_space('parallel_unsafe', 'parallel_src.unsafe(name)');
SET max_parallel_workers_per_gather = 2;
-- at the costs as they are a table of this size is not worth a worker
SELECT count(*) FROM parallel_src.plan('parallel_two') WHERE line ~ 'Gather';
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
-- only the numbers of new rows are given above the Gather
SELECT line FROM parallel_src.plan('parallel_two');
SELECT count(*) FROM parallel_src.plan('parallel_unsafe') WHERE line ~ 'Gather';

SET max_parallel_workers_per_gather = 0;
SELECT records, added, rejected FROM cdp.resolve('parallel_one');
SET max_parallel_workers_per_gather = 2;
SELECT records, added, rejected FROM cdp.resolve('parallel_two');
SELECT records, added, rejected FROM cdp.resolve('parallel_unsafe');
SELECT one.what, one.n, one.hash = two.hash AS same, one.hash IS NOT DISTINCT FROM unsafe.hash AS same_unsafe, CASE one.what WHEN 'numbers' THEN two.hash END AS numbers
  FROM parallel_src.state('parallel_one') one JOIN parallel_src.state('parallel_two') two USING (what) JOIN parallel_src.state('parallel_unsafe') unsafe USING (what);

-- what changed, vanished and came is found whatever the plan
UPDATE parallel_src.person SET name = 'n/a', mail = 'new' || id || '@example.com' WHERE id % 9 = 0;
DELETE FROM parallel_src.person WHERE id % 10 = 0;
INSERT INTO parallel_src.person SELECT 10000 + i, 'Late', 'late' || i || '@example.com' FROM generate_series(1, 100) i;
SET max_parallel_workers_per_gather = 0;
SELECT records, added, changed, removed, rejected FROM cdp.resolve('parallel_one');
SET max_parallel_workers_per_gather = 2;
SELECT records, added, changed, removed, rejected FROM cdp.resolve('parallel_two');
SELECT one.what, one.n, one.hash = two.hash AS same FROM parallel_src.state('parallel_one') one JOIN parallel_src.state('parallel_two') two USING (what);
SELECT records, added, changed, removed, rejected FROM cdp.resolve('parallel_two');

-- an array is read without workers, and as before
SELECT cdp.add_source('parallel_two', 'parallel_src.person', key => 'id', name => 'tags', fields => '{"tag": "tags"}');
SELECT count(*) FROM cdp.resolve('parallel_two');
SELECT r.tag, r.tag_all, count(*) FROM parallel_two.record r WHERE r.tag_all IS NOT NULL GROUP BY 1, 2 ORDER BY 1;
SELECT v.raw, v.reason, count(*) FROM parallel_two.rejected_value v WHERE v.attribute = 'tag' GROUP BY 1, 2;

-- somebody else takes numbers while a source is read, here the source itself: every record still has one of its own
SELECT cdp.create_space('parallel_taken');
CREATE VIEW parallel_src.taker AS SELECT p.*, CASE WHEN p.id % 100 = 1 THEN nextval('parallel_taken.record_record_id_seq') END AS taken FROM parallel_src.person p;
SELECT cdp.add_source('parallel_taken', 'parallel_src.taker', key => 'id', fields => '{"full_name": "name || left(taken::text, 0)", "email": "mail"}');
CREATE TABLE parallel_before AS SELECT indexrelid::regclass::text AS index, pg_get_indexdef(indexrelid) AS definition FROM pg_index
 WHERE indrelid IN ('parallel_taken.identifier'::regclass, 'parallel_taken.identity'::regclass, 'parallel_taken.link'::regclass);
SELECT records, added FROM cdp.resolve('parallel_taken');
-- the indexes that were taken away for a first load are as they were
SELECT count(*) AS indexes, bool_and(b.definition = pg_get_indexdef(b.index::regclass)) AS the_same FROM parallel_before b;
DROP TABLE parallel_before;
SELECT count(DISTINCT r.record_id) AS records, min(r.record_id) > 28 AS given_anew,
       (SELECT count(*) FROM parallel_taken.identifier i LEFT JOIN parallel_taken.record o USING (record_id) WHERE o.record_id IS NULL) AS lost,
       nextval('parallel_taken.record_record_id_seq') > max(r.record_id) AS next_is_free
  FROM parallel_taken.record r;

-- errors keep their words when they come from a worker
SELECT cdp.create_space('parallel_fails');
SELECT cdp.add_source('parallel_fails', 'parallel_src.person', key => 'id', fields => '{"full_name": "name", "email": "(id / (id - 2999))::text"}');
SELECT cdp.resolve('parallel_fails');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM parallel_fails.record;
CREATE TABLE parallel_src.twice AS SELECT nullif(least(i, 2000), 0) AS id, 'a' AS name FROM generate_series(1, 2000) i;
SELECT cdp.create_space('parallel_twice');
SELECT cdp.add_source('parallel_twice', 'parallel_src.twice', key => 'id', fields => '{"full_name": "name"}');
INSERT INTO parallel_src.twice VALUES (7, 'b');
SELECT cdp.resolve('parallel_twice');
\echo :LAST_ERROR_SQLSTATE
UPDATE parallel_src.twice SET id = NULL WHERE id = 7;
SELECT cdp.resolve('parallel_twice');
\echo :LAST_ERROR_SQLSTATE

SELECT cdp.drop_space(x, x::text) FROM unnest('{parallel_one,parallel_two,parallel_unsafe,parallel_taken,parallel_fails,parallel_twice}'::text[]::regnamespace[]) x;
DROP SCHEMA parallel_src CASCADE;
