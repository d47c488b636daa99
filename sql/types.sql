-- the types cdp.email and cdp.phone
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set SHOW_CONTEXT never
CREATE SCHEMA types_t;
SET search_path = types_t, cdp, public;

SELECT ' Ann@Example.COM '::cdp.email, '(212) 555-1234 x7'::cdp.phone;
SELECT 'n/a'::cdp.email;
\echo :LAST_ERROR_SQLSTATE
SELECT ''::cdp.email;
\echo :LAST_ERROR_SQLSTATE
SELECT '12'::cdp.phone;
\echo :LAST_ERROR_SQLSTATE
SELECT 'ann@@example.com'::text::cdp.email;
\echo :LAST_ERROR_SQLSTATE

CREATE TABLE person (id int, email cdp.email, phone cdp.phone);
INSERT INTO person VALUES (1, 'Ann@Example.com', '212-555-1234'), (2, 'bob@example.com', '+44 20 7946 0018'), (3, NULL, NULL);
INSERT INTO person SELECT 4, 'Cy@Example.com'::text, '212-555-9999'::varchar;
INSERT INTO person SELECT 5, 'cy@example'::text, NULL;
\echo :LAST_ERROR_SQLSTATE

-- a literal is cleaned, text functions and patterns work
SELECT id FROM person WHERE email = 'ANN@example.com';
SELECT id FROM person WHERE email LIKE '%@example.com' ORDER BY id;
SELECT id FROM person WHERE phone = '(212) 555-1234';
SELECT id FROM person WHERE email = 'ann@example.com'::text;
SELECT id FROM person WHERE email IN ('ann@example.com', 'bob@example.com') ORDER BY id;
SELECT split_part(email, '@', 2), upper(email), email || '!', length(phone), coalesce(email, 'x@example.com') FROM person WHERE id = 1;
SELECT coalesce(email, 'none'::text) FROM person WHERE id = 3;
SELECT DISTINCT email FROM person ORDER BY email DESC;
SELECT min(email), max(email), cdp.min(phone), cdp.max(phone) FROM person;
SELECT a.id FROM person a JOIN person b USING (email, phone) ORDER BY id;
SELECT email > 'ann@example.com', email >= 'bob@example.com', email <> 'bob@example.com', email < 'b@example.com', email <= 'bob@example.com' FROM person WHERE id = 2;

-- indexes: btree, unique, hash; hash joins and hash partitions
CREATE UNIQUE INDEX ON person (email);
CREATE INDEX ON person USING hash (phone);
INSERT INTO person VALUES (6, 'ANN@EXAMPLE.COM');
\echo :LAST_ERROR_SQLSTATE
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM person WHERE email = 'Ann@example.com';
EXPLAIN (COSTS OFF) SELECT id FROM person WHERE phone = '2125551234';
SELECT id FROM person WHERE phone = '2125551234';
RESET enable_seqscan;
CREATE TABLE part (email cdp.email PRIMARY KEY) PARTITION BY HASH (email);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT 'user' || i || '@example.com' FROM generate_series(1, 100) i;
SELECT count(*), count(DISTINCT tableoid) FROM part WHERE email = ANY (SELECT ('USER' || i || '@Example.com')::cdp.email FROM generate_series(1, 200) i);
SELECT amname, opcname, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE opcnamespace = 'cdp'::regnamespace AND opcintype IN ('cdp.email'::regtype, 'cdp.phone'::regtype) ORDER BY 1, 2;

-- without cdp in the path it is text that is compared
SET search_path = types_t;
SELECT id FROM person WHERE email = 'ann@example.com';
SELECT id FROM person WHERE email OPERATOR(cdp.=) 'ANN@example.com';
SELECT count(*) FROM person a JOIN person b ON a.email = b.email;

SELECT cdp_internal.email_trusted(cdp.normalize_email('X@Example.com')), cdp_internal.phone_trusted('+12125551234');
SELECT cdp_internal.email_send('Ann@example.com');

-- restoring a dump: what has the shape of a clean value is taken, whatever is thought of it now
SET check_function_bodies = off;
SELECT 'test@test.com'::cdp.email, 'ANN@example.com'::cdp.email, '"a b"@example.com'::cdp.email, '+19995551234'::cdp.phone, '+5215512345678;ext=007'::cdp.phone, '212-555-1234'::cdp.phone;
SELECT 'n/a'::cdp.email;
SELECT '+1999555123x'::cdp.phone;
RESET check_function_bodies;
SELECT '+19995551234'::cdp.phone;

-- binary copies carry clean text, and what comes in is cleaned
\getenv abs_builddir PG_ABS_BUILDDIR
\cd :abs_builddir
CREATE TABLE copied (email cdp.email, phone cdp.phone);
COPY (SELECT ' ANN@example.com '::text, '(212) 555-1234'::text UNION ALL SELECT email, phone FROM person WHERE id = 2) TO STDOUT (FORMAT binary) \g results/types.bin
\copy copied FROM 'results/types.bin' (FORMAT binary)
COPY copied TO STDOUT (FORMAT binary) \g results/types.bin
\copy copied FROM 'results/types.bin' (FORMAT binary)
SELECT email, phone, count(*) FROM copied GROUP BY email, phone ORDER BY email;
COPY (SELECT 'n/a'::text, '(212) 555-1234'::text) TO STDOUT (FORMAT binary) \g results/types.bin
\copy copied FROM 'results/types.bin' (FORMAT binary)
\! rm -f results/types.bin

RESET search_path;
DROP SCHEMA types_t CASCADE;
