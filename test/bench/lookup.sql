-- lookup.sql: 1000 persons of the generated business as somebody at a counter would type
-- them, each with some of the values and some of them wrong, looked up one by one.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\if :{?asked} \else \set asked 1000 \endif

CREATE TEMP TABLE asked AS
WITH h AS (
    SELECT p.*, (SELECT array_agg(mod(hashtextextended(d, p.entity) & 1048575, 100)::int ORDER BY i)
                   FROM unnest('{given,family,birth,email,phone,address,typo,which,place}'::text[]) WITH ORDINALITY u(d, i)) AS d
      FROM truth.person p
     WHERE EXISTS (SELECT FROM truth.record r WHERE r.entity = p.entity AND r.source <> 'web.event')
     ORDER BY hashint8(p.entity) LIMIT :asked),
-- two neighbouring letters exchanged, or one left out
t AS (
    SELECT h.entity,
           CASE WHEN d[1] < 15 AND nickname IS NOT NULL THEN nickname WHEN d[1] < 30 THEN overlay(given_latin placing '' from 2 + d[9] % 3 for 1) ELSE given_latin END AS given_name,
           CASE WHEN d[2] < 20 THEN overlay(family_latin placing reverse(substr(family_latin, 2 + d[9] % 3, 2)) from 2 + d[9] % 3 for 2) ELSE family_latin END AS family_name,
           CASE WHEN d[3] < 5 THEN birth_date + 30 WHEN d[3] < 60 THEN birth_date END AS birth_date,
           CASE WHEN d[4] < 5 THEN overlay(email placing '' from 3 for 1) WHEN d[4] < 40 THEN coalesce(CASE WHEN d[8] < 50 THEN second_email END, email) END AS email,
           CASE WHEN d[5] < 5 THEN overlay(mobile placing '7' from 8 for 1) WHEN d[5] < 40 THEN CASE WHEN d[8] < 25 THEN landline ELSE mobile END END AS phone,
           CASE WHEN d[6] < 40 THEN CASE WHEN d[8] < 20 THEN old_street ELSE street END END AS street,
           CASE WHEN d[6] < 60 THEN CASE WHEN d[8] < 20 THEN old_zip ELSE zip END END AS postal_code
      FROM h)
SELECT row_number() OVER (ORDER BY t.entity) AS n, t.entity, jsonb_strip_nulls(to_jsonb(t) - 'entity') AS person FROM t;

CREATE TEMP TABLE answered (n int, ms float8, place int, candidates int, weight float8);
DO $$
DECLARE
    a       record;
    started timestamptz;
    ids     bigint[];
    weights float8[];
    used    float8;
BEGIN
    -- what a session does once
    FOR a IN SELECT * FROM asked ORDER BY n LIMIT 20 LOOP
        PERFORM cdp.lookup('customer', a.person);
    END LOOP;
    FOR a IN SELECT * FROM asked ORDER BY n LOOP
        started := clock_timestamp();
        SELECT array_agg(l.profile_id), array_agg(l.weight) INTO ids, weights FROM cdp.lookup('customer', a.person) l;
        used := extract(epoch FROM clock_timestamp() - started) * 1000;
        INSERT INTO answered
        SELECT a.n, used, min(u.place), cardinality(ids), weights[1]
          FROM unnest(ids) WITH ORDINALITY u(id, place)
         WHERE EXISTS (SELECT FROM customer.identity i JOIN customer.record r USING (record_id) JOIN customer.source s USING (source_id)
                         JOIN truth.record t ON t.source = s.source AND t.source_key = r.source_key WHERE i.profile_id = u.id AND t.entity = a.entity);
    END LOOP;
END
$$;
\pset tuples_only on
\pset format unaligned
SELECT count(*) || ' look-ups: p50 ' || round(percentile_cont(.5) WITHIN GROUP (ORDER BY ms)::numeric, 2) || ' ms, p95 ' || round(percentile_cont(.95) WITHIN GROUP (ORDER BY ms)::numeric, 2)
       || ' ms, p99 ' || round(percentile_cont(.99) WITHIN GROUP (ORDER BY ms)::numeric, 2) || ' ms, most ' || round(max(ms)::numeric, 2) || ' ms' FROM answered;
SELECT 'the person is first in ' || round(100.0 * count(*) FILTER (WHERE place = 1) / count(*), 1) || ' %, among the first ten in ' || round(100.0 * count(place) / count(*), 1) || ' %' FROM answered;
