-- Segments: conditions over profiles, who meets them, and who did when.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS cdp;
SELECT cdp.create_space('seg_t', 'US');
CREATE SCHEMA seg_shop;
CREATE TABLE seg_shop.orders (order_no int, customer_id int, total numeric, ordered_at timestamptz);
INSERT INTO seg_t.source (source_id, source, is_event, relation, relation_name, key, fields, observed_at)
VALUES (1, 'seg_shop.orders', true, 'seg_shop.orders', 'seg_shop.orders', 's.order_no', '{"seg_shop.customer": "s.customer_id"}', 's.ordered_at');
ALTER TABLE seg_t.profile ADD COLUMN country text, ADD COLUMN birth_date date;
INSERT INTO seg_t.profile (profile_id, record_count, source_count, country, birth_date)
VALUES (1, 1, 1, 'US', '1980-01-01'), (2, 1, 1, 'CA', NULL), (3, 1, 1, NULL, '2010-01-01'), (4, 2, 1, 'US', NULL);
INSERT INTO seg_t.identity (record_id, profile_id) SELECT n, n FROM generate_series(1, 4) AS n;
INSERT INTO seg_t.identifier (kind, value, record_id) SELECT 'seg_shop.customer', n, n FROM generate_series(1, 4) AS n;
INSERT INTO seg_shop.orders VALUES (1, 1, 600, now() - interval '100 days'), (2, 2, 900, now() - interval '1 day'), (3, 4, 10, now() - interval '200 days');

SELECT cdp.define_trait('seg_t', 'lifetime_spend', 'sum(total)', source => 'seg_shop.orders');
SELECT cdp.define_trait('seg_t', 'last_order_at', 'max(ordered_at)', source => 'seg_shop.orders');
SELECT cdp.define_segment('seg_t', 'lapsed_big_spenders', 'lifetime_spend > 500 AND last_order_at < now() - interval ''90 days''', description => 'to win back');
SELECT cdp.define_segment('seg_t', 'Big Spenders! "100 %"', 'lifetime_spend > 500');
SELECT cdp.define_segment('seg_t', 'not_us', 'country <> ''US''');
SELECT cdp.define_segment('seg_t', 'everyone', 'true');
SELECT cdp.define_segment('seg_t', 'nobody', 'NULL');
SELECT segment, checked, reads, size FROM seg_t.segment ORDER BY segment_id;
SELECT count(*) FROM cdp.members('seg_t', 'everyone');      -- before the first refresh
SELECT segment, size, entered, "left", as_of = now() AS now FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT * FROM cdp.members('seg_t', 'lapsed_big_spenders');
SELECT * FROM cdp.members('seg_t', 'Big Spenders! "100 %"') ORDER BY 1;
SELECT * FROM cdp.members('seg_t', 'not_us') ORDER BY 1;    -- a null country is not another country
SELECT profile_id, cdp.in_segment('seg_t', 'lapsed_big_spenders', profile_id) FROM seg_t.profile ORDER BY 1;
SELECT cdp.in_segment('seg_t', 'everyone', 99), cdp.in_segment('seg_t', 'everyone', NULL);

-- Nothing changed: nobody entered or left, and no row is written.
SELECT max(xmin::text::bigint) AS last_written FROM seg_t.segment_member \gset
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT count(*) FROM seg_t.segment_member WHERE xmin::text::bigint > :last_written OR left_at IS NOT NULL;

-- Members come, go and come back; each time is kept. Later refreshes are later, also within a transaction.
SELECT max(refreshed_at) AS t1 FROM seg_t.segment \gset
BEGIN;
INSERT INTO seg_shop.orders VALUES (4, 1, 1, now());
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') WHERE segment = 'lapsed_big_spenders';
SELECT max(refreshed_at) AS t2 FROM seg_t.segment \gset
DELETE FROM seg_shop.orders WHERE order_no = 4;
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') WHERE segment = 'lapsed_big_spenders';
COMMIT;
SELECT max(refreshed_at) AS t3 FROM seg_t.segment \gset
INSERT INTO seg_shop.orders VALUES (4, 1, 1, now());
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') WHERE segment = 'lapsed_big_spenders';
SELECT m.profile_id, m.left_at > m.entered_at AS was_in, lead(m.entered_at) OVER (ORDER BY m.entered_at) >= m.left_at AS apart
FROM seg_t.segment_member AS m JOIN seg_t.segment USING (segment_id) WHERE segment = 'lapsed_big_spenders' ORDER BY m.entered_at;
SELECT 'before' AS at, array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders', '2000-01-01')
UNION ALL SELECT 't1', array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders', :'t1')
UNION ALL SELECT 't2', array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders', :'t2')
UNION ALL SELECT 't3', array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders', :'t3')
UNION ALL SELECT 'now', array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders')
UNION ALL SELECT 'later', array_agg(profile_id) FROM cdp.members('seg_t', 'lapsed_big_spenders', 'infinity');

-- A profile that was merged away leaves; who takes over its orders enters.
UPDATE seg_t.identity SET profile_id = 4 WHERE profile_id = 2;
DELETE FROM seg_t.profile WHERE profile_id = 2;
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT * FROM cdp.members('seg_t', 'Big Spenders! "100 %"') ORDER BY 1;

-- Why somebody is in a segment, or not.
SELECT cdp.define_segment('seg_t', 'mixed',
    '(country = ''US'' OR birth_date > ''2005-01-01'') AND NOT (coalesce(lifetime_spend, 0) > 1000 OR record_count > 1) AND (country, birth_date) IS NOT NULL AND true');
SELECT * FROM cdp.explain_segment('seg_t', 'mixed', 1);
SELECT * FROM cdp.explain_segment('seg_t', 'mixed', 3);
SELECT * FROM cdp.explain_segment('seg_t', 'mixed', 4);
SELECT * FROM cdp.explain_segment('seg_t', 'everyone', 4);
SELECT part, holds FROM cdp.explain_segment('seg_t', 'nobody', 4);

-- Another condition for an existing segment: the history stays.
SELECT cdp.define_segment('seg_t', 'everyone', 'country IS NOT NULL', replace => true);
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') WHERE segment IN ('everyone', 'mixed') ORDER BY segment;
SELECT count(*), count(left_at) FROM seg_t.segment_member JOIN seg_t.segment USING (segment_id) WHERE segment = 'everyone';
-- The sizes that are kept are the sizes that are there.
SELECT segment FROM seg_t.segment AS g WHERE size <> (SELECT count(*) FROM cdp.members('seg_t', g.segment));
SELECT step, state, counts->'sizes'->>'everyone' AS everyone FROM seg_t.run WHERE step = 'refresh_segments' ORDER BY run_id;

-- Refused.
SELECT cdp.define_segment('seg_t', 'everyone', 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', '  ', 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', repeat('x', 100000), 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', NULL, 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'true; DROP TABLE seg_t.profile');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'lifetime_spend');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'profile_id IN (SELECT profile_id FROM seg_t.profile)');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'country = ''Österreich'' AND lifetime_spent > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'count(*) > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_t', 'bad', 'random() < 0.1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_segment('seg_shop', 'bad', 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.members('seg_t', 'no such');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.members('seg_t', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.in_segment('seg_t', 'no such', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.in_segment('seg_shop', 'everyone', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.explain_segment('seg_t', 'no such', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.explain_segment('seg_t', 'everyone', 99);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_segment('seg_t', 'no such');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_trait('seg_t', 'lifetime_spend');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('seg_t', 'lifetime_spend', 'sum(total)::text', source => 'seg_shop.orders', replace => true);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.refresh_segments('seg_shop');
\echo :LAST_ERROR_SQLSTATE
-- A column that vanished: the segment is named, and the other segments and the traits stay as they were.
UPDATE seg_shop.orders SET total = total + 1;
ALTER TABLE seg_t.profile DROP COLUMN birth_date;
SELECT * FROM cdp.refresh_segments('seg_t');
\echo :LAST_ERROR_SQLSTATE
SELECT lifetime_spend FROM seg_t.profile WHERE profile_id = 1;
SELECT * FROM cdp.explain_segment('seg_t', 'mixed', 1);
\echo :LAST_ERROR_SQLSTATE

-- Dropping takes the members along.
SELECT cdp.drop_segment('seg_t', 'mixed');
SELECT cdp.drop_segment('seg_t', 'everyone');
SELECT count(*) FROM seg_t.segment_member AS m WHERE NOT EXISTS (SELECT FROM seg_t.segment AS g WHERE g.segment_id = m.segment_id);
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT cdp.drop_segment('seg_t', segment) FROM seg_t.segment;
SELECT * FROM cdp.refresh_segments('seg_t');

-- Nothing here is for everybody.
SELECT p.oid::regprocedure FROM pg_proc AS p
WHERE p.proname ~ '(segment|trait|members|check_expression|condition_parts|aggregates|expression_columns)' AND p.pronamespace IN ('cdp'::regnamespace, 'cdp_internal'::regnamespace)
  AND has_function_privilege('pg_monitor', p.oid, 'EXECUTE');

-- No space, and a space with a name that needs quotes.
SELECT cdp.define_segment(NULL, 'x', 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.refresh_segments(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.members(NULL, 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.create_space('Seg "T" %I''s', 'US');
INSERT INTO "Seg ""T"" %I's".profile (profile_id, record_count, source_count) VALUES (7, 1, 1);
SELECT cdp.define_trait('"Seg ""T"" %I''s"', 'Twice 100 %', 'record_count * 2');
SELECT cdp.define_segment('"Seg ""T"" %I''s"', 'two %s', '"Twice 100 %" = 2 AND ''%s'' <> ''%I''');
SELECT segment, size FROM cdp.refresh_segments('"Seg ""T"" %I''s"');
SELECT * FROM cdp.members('"Seg ""T"" %I''s"', 'two %s');
SELECT * FROM cdp.explain_segment('"Seg ""T"" %I''s"', 'two %s', 7);
SELECT cdp.in_segment('"Seg ""T"" %I''s"', 'two %s', 7);
SELECT cdp.drop_space('"Seg ""T"" %I''s"', 'Seg "T" %I''s');

DROP SCHEMA seg_shop CASCADE;
SELECT cdp.drop_space('seg_t', 'seg_t');

-- The whole way: from registered tables to members. Events find their person by a row key or by an
-- address as people write it, and move along when people turn out to be one.
SELECT cdp.create_space('seg_t', 'US');
CREATE SCHEMA seg_shop;
CREATE TABLE seg_shop.contact (id int PRIMARY KEY, mail text);
CREATE TABLE seg_shop.customer (id int PRIMARY KEY, mail text);
CREATE TABLE seg_shop.orders (order_no int PRIMARY KEY, customer_id int, mail text, total numeric, ordered_at timestamptz);
INSERT INTO seg_shop.contact VALUES (1, 'Ann@Example.com'), (2, 'bob@example.com');
INSERT INTO seg_shop.customer VALUES (10, 'ANN@example.com '), (11, 'carla@example.com');
INSERT INTO seg_shop.orders VALUES (1, 10, NULL, 400, now() - interval '99 days'), (2, NULL, ' Ann@EXAMPLE.com', 300, now() - interval '95 days'),
    (3, NULL, 'bob@example.com', 30, now()), (4, 11, 'ann@example.com', 20, now()), (5, NULL, 'no address', 1000, now());
SELECT cdp.add_source('seg_t', 'seg_shop.contact', key => 'id', fields => '{"email": "mail"}');
SELECT cdp.add_source('seg_t', 'seg_shop.customer', key => 'id', fields => '{"email": "mail"}');
SELECT cdp.add_event_source('seg_t', 'seg_shop.orders', key => 'order_no', identifiers => '{"seg_shop.customer": "customer_id", "email": "mail"}',
    event => '''Order Completed''', at => 'ordered_at', value => 'total');
SELECT cdp.define_trait('seg_t', 'orders_365d', 'count(*)', source => 'seg_shop.orders', within => '365 days');
SELECT cdp.define_trait('seg_t', 'lifetime_spend', 'sum(total)', source => 'seg_shop.orders');
SELECT cdp.define_trait('seg_t', 'contacts', 'count(*)', source => 'seg_shop.contact');
SELECT cdp.define_segment('seg_t', 'spenders', 'lifetime_spend > 500');
SELECT cdp.define_segment('seg_t', 'ann', 'email = ''ANN@example.com''');
SELECT records, profiles FROM cdp.resolve('seg_t');
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT email, orders_365d, lifetime_spend, contacts FROM seg_t.profile ORDER BY email;
UPDATE seg_shop.customer SET mail = 'bob@example.com' WHERE id = 11;
SELECT records, profiles FROM cdp.resolve('seg_t');
SELECT segment, size, entered, "left" FROM cdp.refresh_segments('seg_t') ORDER BY segment;
SELECT email, orders_365d, lifetime_spend, contacts FROM seg_t.profile ORDER BY email;
SELECT cdp.drop_space('seg_t', 'seg_t');
DROP SCHEMA seg_shop CASCADE;
