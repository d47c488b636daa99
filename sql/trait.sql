-- Traits: computed columns of the profile, from sources and from the profile.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS cdp;
SELECT cdp.create_space('trait_t', 'US');
CREATE SCHEMA trait_shop;
CREATE TABLE trait_shop.customer (id int PRIMARY KEY, joined date, points int, active boolean);
CREATE TABLE trait_shop.orders (order_no int, customer_id int, nick text, total numeric, ordered_at timestamptz, state text);
INSERT INTO trait_shop.customer VALUES (1, '2020-01-01', 10, true), (2, '2021-01-01', 20, true), (3, '2022-01-01', 30, false);
-- 1 and 2 are one person (profile 101), 3 another (103); 104 has left the shop's table
INSERT INTO trait_t.source (source_id, source, relation, relation_name, key, filter)
VALUES (1, 'trait_shop.customer', 'trait_shop.customer', 'trait_shop.customer', 's.id', NULL);
INSERT INTO trait_t.source (source_id, source, is_event, relation, relation_name, key, fields, observed_at, filter)
VALUES (2, 'trait_shop.orders', true, 'trait_shop.orders', 'trait_shop.orders', 's.order_no',
        '{"nick": "s.nick", "trait_shop.customer": "s.customer_id"}', 's.ordered_at', 's.state <> ''test''');
INSERT INTO trait_t.attribute (attribute, kind, storage_type, survivorship, is_identifier, priority)
VALUES ('nick', 'name', 'text', 'most_recent', true, 10);
ALTER TABLE trait_t.profile ADD COLUMN nick text, ADD COLUMN birth_date date;
INSERT INTO trait_t.record (record_id, source_id, source_key, source_hash) VALUES (1, 1, '1', 0), (2, 1, '2', 0), (3, 1, '3', 0), (4, 1, '4', 0);
INSERT INTO trait_t.identity (record_id, profile_id) VALUES (1, 101), (2, 101), (3, 103), (4, 104);
INSERT INTO trait_t.identifier (kind, value, record_id, blocked) VALUES
    ('trait_shop.customer', '1', 1, false), ('trait_shop.customer', '2', 2, false), ('trait_shop.customer', '3', 3, false),
    ('nick', 'anna', 1, false), ('nick', 'anna', 2, false), ('nick', 'both', 1, false), ('nick', 'both', 3, false),
    ('nick', 'dee', 4, false), ('nick', 'blocked', 4, true);
INSERT INTO trait_t.profile (profile_id, record_count, source_count, birth_date) VALUES (101, 2, 1, '1990-05-01'), (103, 1, 1, NULL), (104, 1, 1, '2000-02-29');
INSERT INTO trait_shop.orders VALUES
    (1, 1, NULL, 100, now() - interval '1 day', 'paid'),
    (2, 2, 'Dee', 50.5, now() - interval '100 days', 'paid'),        -- the customer's number goes before the name
    (3, 2, NULL, 7, now() - interval '400 days', 'open'),
    (4, 3, NULL, NULL, now() - interval '2 days', 'open'),
    (5, NULL, ' DÉE', 9, now() - interval '3 days', 'paid'),          -- bound by name, cleaned like a record's
    (6, NULL, 'both', 1000, now(), 'paid'),                        -- two profiles hold it: nobody's
    (7, NULL, 'blocked', 1000, now(), 'paid'),                        -- a blocked value: nobody's
    (8, 99, 'Anna', 1, now() - interval '5 days', 'paid'),            -- an unknown number: the name decides
    (9, NULL, NULL, 5000, now(), 'paid'),
    (10, 1, NULL, 777, now(), 'test'),                               -- the source's filter leaves it out
    (11, 1, NULL, 20, now() + interval '1 day', 'paid');             -- not yet

SELECT cdp.define_trait('trait_t', 'orders', 'count(*)', source => 'trait_shop.orders');
SELECT cdp.define_trait('trait_t', 'orders_90d', 'count(*)', source => 'trait_shop.orders', within => '90 days', description => 'orders of 90 days');
SELECT cdp.define_trait('trait_t', 'paid_365d', 'sum(total)', source => 'trait_shop.orders', filter => 'state = ''paid''', within => '365 days');
SELECT cdp.define_trait('trait_t', 'Mean % of "paid"', 'round(sum(total) FILTER (WHERE total > 5) / nullif(count(*), 0), 1)', source => 'trait_shop.orders', filter => 'state = ''paid''');
SELECT cdp.define_trait('trait_t', 'last_order_at', 'max(ordered_at)', source => 'trait_shop.orders');
SELECT cdp.define_trait('trait_t', 'states', 'jsonb_object_agg(order_no, state ORDER BY order_no)', source => 'trait_shop.orders');
SELECT cdp.define_trait('trait_t', 'points', 'sum(points)', source => 'trait_shop.customer', filter => 'active');
SELECT cdp.define_trait('trait_t', 'birth_year', 'extract(year FROM birth_date)::int');
SELECT cdp.define_trait('trait_t', 'tier', 'CASE WHEN paid_365d >= 100 THEN ''gold'' WHEN orders > 0 THEN ''silver'' ELSE ''none'' END');
SELECT cdp.define_trait('trait_t', 'greeting', '''dear '' || tier || '' customer''');
SELECT trait, checked, reads, result_type FROM trait_t.trait ORDER BY trait_no;
SELECT * FROM cdp.refresh_traits('trait_t');
SELECT profile_id, orders, orders_90d, paid_365d, "Mean % of ""paid""", last_order_at > now() AS has_future, states, points, birth_year, tier, greeting
FROM trait_t.profile ORDER BY profile_id;
-- What did not change is not written.
SELECT profile_id, xmin AS before INTO TEMP TABLE written FROM trait_t.profile;
SELECT sum(profiles_changed) FROM cdp.refresh_traits('trait_t');
SELECT count(*) FROM trait_t.profile AS p JOIN written USING (profile_id) WHERE p.xmin <> before;
DELETE FROM trait_shop.orders WHERE order_no = 4;
SELECT * FROM cdp.refresh_traits('trait_t') WHERE profiles_changed > 0;
SELECT profile_id, orders, states FROM trait_t.profile WHERE profile_id = 103;
SELECT step, state, counts->>'traits' AS traits, counts->'changed'->>'orders' AS orders, finished_at >= started_at AS ok FROM trait_t.run ORDER BY run_id;
SELECT col_description('trait_t.profile'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'trait_t.profile'::regclass AND attname IN ('orders', 'orders_90d');

-- A definition may be replaced, in the order in which traits were first defined.
SELECT cdp.define_trait('trait_t', 'orders', 'count(DISTINCT order_no)', source => 'trait_shop.orders', filter => 'total > 8', replace => true);
SELECT cdp.define_trait('trait_t', 'birth_year', 'to_char(birth_date, ''YYYY'')', replace => true);
SELECT trait FROM cdp.refresh_traits('trait_t') WHERE profiles_changed > 0;
SELECT profile_id, orders, birth_year FROM trait_t.profile ORDER BY profile_id;
SELECT cdp.define_trait('trait_t', 'tier', 'greeting', replace => true);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'tier', 'tier', replace => true);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'tier', '1', replace => true);
\echo :LAST_ERROR_SQLSTATE

-- Refused definitions.
SELECT cdp.define_trait('nowhere', 'x', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_shop', 'x', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'orders', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'nick', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'company', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'xmin', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', '', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', repeat('x', 100000), '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', NULL, '1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'count(*)');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'count(*)', source => 'nope');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'total', source => 'trait_shop.orders');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'max(totals)', source => 'trait_shop.orders');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'max(total)', source => 'trait_shop.orders', filter => 'stat = ''paid''');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'max(total)', source => 'trait_shop.orders', filter => 'state');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'max(total)', source => 'trait_shop.orders', filter => 'true) OR (true');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'max(total)', source => 'trait_shop.orders', filter => 'max(total) > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'sum(points)', source => 'trait_shop.customer', within => '1 day');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'count(*)', source => 'trait_shop.orders', within => '-1 day');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.define_trait('trait_t', 'x', 'orders', within => '1 day');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM trait_t.trait;

-- Dropping.
SELECT cdp.drop_trait('trait_t', 'nope');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_trait('trait_t', 'tier');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_trait('trait_t', 'greeting');
SELECT cdp.drop_trait('trait_t', 'tier');
SELECT attname FROM pg_attribute WHERE attrelid = 'trait_t.profile'::regclass AND attname IN ('tier', 'greeting');

-- A source that was altered or dropped behind our back: an error that names the trait, and nothing half done.
UPDATE trait_shop.customer SET points = 1000 WHERE id = 1;
SELECT * FROM cdp.refresh_traits('trait_t') WHERE profiles_changed > 0;
BEGIN;
ALTER TABLE trait_shop.orders RENAME COLUMN total TO amount;
SELECT * FROM cdp.refresh_traits('trait_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
ALTER TABLE trait_shop.orders ALTER COLUMN total TYPE text;
SELECT * FROM cdp.refresh_traits('trait_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
ALTER TABLE trait_t.profile DROP COLUMN birth_date;
SELECT * FROM cdp.refresh_traits('trait_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
ALTER TABLE trait_t.profile DROP COLUMN points;
SELECT * FROM cdp.refresh_traits('trait_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
DELETE FROM trait_t.source WHERE source_id = 2;
SELECT * FROM cdp.refresh_traits('trait_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
UPDATE trait_t.profile SET points = -1;
DROP TABLE trait_shop.orders;
\set VERBOSITY sqlstate
SELECT * FROM cdp.refresh_traits('trait_t');
\set VERBOSITY default
SELECT DISTINCT points FROM trait_t.profile;
SELECT * FROM cdp.refresh_traits('nowhere');
\echo :LAST_ERROR_SQLSTATE

DROP SCHEMA trait_shop CASCADE;
SELECT cdp.drop_space('trait_t', 'trait_t');
-- A space without traits has nothing to do.
SELECT cdp.create_space('trait_t', 'US');
SELECT * FROM cdp.refresh_traits('trait_t');
SELECT cdp.drop_space('trait_t', 'trait_t');
