-- quality_report and common_values: counted by hand
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA quality_src;
CREATE TABLE quality_src.a (id int PRIMARY KEY, email text, mobile text, office text, at timestamptz);
CREATE TABLE quality_src.b (id int PRIMARY KEY, email text, phone text);
SELECT cdp.create_space('quality_t');
SELECT cdp.add_source('quality_t', 'quality_src.a', key => 'id', name => 'a', observed_at => 'at', fields => '{"email": "email", "phone": ["mobile", "office"]}');
SELECT cdp.add_source('quality_t', 'quality_src.b', key => 'id', name => 'b', fields => '{"email": "email", "phone": "phone"}');
SELECT cdp.add_rule('quality_t', 'phone rule', '{phone}');
-- before there is a row
SELECT * FROM cdp.quality_report('quality_t');
SELECT * FROM cdp.resolve('quality_t') WHERE records > 0;
SELECT * FROM cdp.quality_report('quality_t');
-- e-mail: 8 rows, one empty; 3 good (2 distinct), 4 refused, 2 of them for the same reason. phone: rows 1, 2, 4 and 5 name one, 4 none that is good; 3 values refused
INSERT INTO quality_src.a VALUES (1, 'x@example.com', '212-555-0101', NULL, '2026-01-01'), (2, 'X@example.com', '212-555-0102', '12', '2026-01-02'), (3, 'y@example.com', NULL, NULL, NULL),
    (4, 'none', '1', '2', '2026-01-04'), (5, 'no at sign', '212-555-0101', NULL, '2026-01-05'), (6, '', '', NULL, '2026-01-03'), (7, 'n/a', NULL, NULL, NULL), (8, 'neither this', NULL, NULL, NULL);
INSERT INTO quality_src.b SELECT i, 'shared@example.com', '212-555-0199' FROM generate_series(1, 4) i;
SET cdp.max_records_per_value = 3;
SELECT records, rejected FROM cdp.resolve('quality_t');
SELECT source, attribute, rows, filled, valid, distinct_values AS distinct, most_common_reject, rejects, too_common, oldest::date, newest::date FROM cdp.quality_report('quality_t');
SELECT * FROM cdp.common_values('quality_t');
-- under another limit there is no common value, nor when it is blocked, nor when fewer share it
SET cdp.max_records_per_value = 4;
SELECT * FROM cdp.common_values('quality_t');
SET cdp.max_records_per_value = 3;
SELECT cdp.block_value('quality_t', 'email', 'shared@example.com', why => 'test');
SELECT * FROM cdp.common_values('quality_t');
DELETE FROM quality_src.b WHERE id = 4;
SELECT records, removed FROM cdp.resolve('quality_t');
SELECT * FROM cdp.common_values('quality_t');
SELECT source, attribute, rows, valid, too_common FROM cdp.quality_report('quality_t') WHERE source = 'b';
-- a mended row is counted as what it is now
UPDATE quality_src.a SET email = 'z@example.com', mobile = NULL, office = NULL WHERE id = 4;
SELECT rejected FROM cdp.resolve('quality_t');
SELECT attribute, rows, filled, valid, distinct_values AS distinct, most_common_reject, rejects FROM cdp.quality_report('quality_t') WHERE source = 'a';
-- the sums agree with the tables
SELECT sum(rejects) = (SELECT count(*) FROM quality_t.rejected_value) AS rejects, count(*) = (SELECT sum((SELECT count(*) FROM jsonb_object_keys(s.fields))) FROM quality_t.source s) AS fields FROM cdp.quality_report('quality_t');
RESET cdp.max_records_per_value;
SELECT cdp.drop_space('quality_t', confirm => 'quality_t');
DROP SCHEMA quality_src CASCADE;
