-- from registered tables to profiles: what a resolve does, what it leaves alone, what it undoes
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET timezone = 'UTC';

CREATE SCHEMA resolve_src;
CREATE TABLE resolve_src.contact (contact_id int PRIMARY KEY, first text, last text, email_address text, mobile text, office text, updated_at timestamptz);
CREATE TABLE resolve_src.customer (customer_id text PRIMARY KEY, name text, email text, phone text, seen timestamp);
CREATE TABLE resolve_src.ticket (no int PRIMARY KEY, customer text, sender text, opened_at timestamptz);
INSERT INTO resolve_src.contact VALUES
    (1, 'ANN', 'lee', 'Ann@Example.com', '212-555-0101', '212 555 0102', '2026-01-01'),
    (2, 'Bob', 'Stone', 'bob@example.org', NULL, '(212) 555-0103', '2026-01-02'),
    (3, 'Cleo', 'Marsh', 'not an address', '12', NULL, '2026-01-03'),
    (4, 'Dan', 'Field', NULL, NULL, NULL, '2026-01-04');
INSERT INTO resolve_src.customer VALUES
    ('C1', 'Ann Lee-Ross', ' ann@example.com ', '+1 212 555 0109', '2026-02-01'),
    ('C2', 'Robert Stone', 'robert@example.org', '+1 212 555 0103', '2026-02-02'),
    ('C3', 'Eve Hill', 'n/a', NULL, '2026-02-03');
INSERT INTO resolve_src.ticket VALUES
    (100, 'C2', 'bob@example.org', '2026-03-01'), (101, 'C3', 'eve@example.net', '2026-03-02'), (102, NULL, 'eve@example.net', '2026-03-03');

SELECT cdp.create_space('resolve_t');
SELECT cdp.add_source('resolve_t', 'resolve_src.contact', key => 'contact_id', observed_at => 'updated_at', trust => 80, name => 'contact',
    owner => 'sales ops', purpose => 'account management', retention => '3 years',
    fields => '{"given_name": "first", "family_name": "last", "email": "email_address", "phone": ["mobile", "office"]}');
SELECT cdp.add_source('resolve_t', 'resolve_src.customer', key => 'customer_id', observed_at => 'seen', name => 'shop.customer',
    fields => '{"full_name": "name", "email": "email", "phone": "phone"}');
SELECT cdp.add_source('resolve_t', 'resolve_src.ticket', key => 'no', observed_at => 'opened_at', name => 'ticket',
    fields => '{"email": "sender", "shop.customer": "customer"}');

-- the profile of each record, by a name that no run changes: the first record in canonical order
CREATE VIEW resolve_src.partition AS
SELECT s.source || ' ' || r.source_key AS record, first_value(s.source || ' ' || r.source_key) OVER (PARTITION BY i.profile_id ORDER BY r.source_id, r.source_key) AS person
  FROM resolve_t.record r JOIN resolve_t.source s USING (source_id) LEFT JOIN resolve_t.identity i USING (record_id);
-- where each row of the engine's tables lies: a row that was written again lies elsewhere
CREATE VIEW resolve_src.place AS
WITH r AS (SELECT r.record_id, r.ctid, r.xmin, s.source || ' ' || r.source_key AS name FROM resolve_t.record r JOIN resolve_t.source s USING (source_id))
SELECT 'record ' || r.name AS item, r.ctid::text || ' ' || r.xmin AS place FROM r
UNION ALL SELECT 'identity ' || r.name, i.ctid::text || ' ' || i.xmin FROM resolve_t.identity i JOIN r USING (record_id)
UNION ALL SELECT 'profile ' || (SELECT min(r.name) FROM resolve_t.identity i JOIN r USING (record_id) WHERE i.profile_id = p.profile_id), p.ctid::text || ' ' || p.xmin FROM resolve_t.profile p
UNION ALL SELECT format('identifier %s %s %s', d.kind, d.value, r.name), d.ctid::text || ' ' || d.xmin FROM resolve_t.identifier d JOIN r USING (record_id)
UNION ALL SELECT format('rejected %s %s %s %s', v.source_id, v.source_key, v.attribute, v.raw), v.ctid::text || ' ' || v.xmin FROM resolve_t.rejected_value v
UNION ALL SELECT 'alias ' || a.old_profile_id, a.ctid::text || ' ' || a.xmin FROM resolve_t.profile_alias a
UNION ALL SELECT 'log ' || l.merge_log_id, l.ctid::text || ' ' || l.xmin FROM resolve_t.merge_log l;

-- before the first run there is nobody
SELECT count(*) FROM resolve_t.profile;
SELECT records, profiles, added, changed, removed, rejected, merged, split, refused FROM cdp.resolve('resolve_t');
SELECT * FROM resolve_src.partition ORDER BY record COLLATE "C";
SELECT record_count, source_count, first_seen_at::date, last_seen_at::date, given_name, family_name, full_name, email, phone FROM resolve_t.profile ORDER BY first_seen_at;
-- cleaned and typed, every value of a field with several; the first one in the plain column
SELECT r.source_key, r.email, r.phone, r.phone_all FROM resolve_t.record r JOIN resolve_t.source s USING (source_id) WHERE s.source IN ('contact', 'shop.customer') ORDER BY r.source_id, r.source_key;
SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = 'resolve_t.profile'::regclass AND attnum > 7 ORDER BY attname COLLATE "C";
-- what cleaning refused, and the rows are records all the same
SELECT s.source, v.source_key, v.attribute, v.raw, v.reason FROM resolve_t.rejected_value v JOIN resolve_t.source s USING (source_id) ORDER BY 1, 2, 3;
SELECT step, state, counts - '{whole,max_records_per_value,model}'::text[] AS counts, error FROM resolve_t.run;
SELECT source, resolved_at IS NOT NULL AS resolved, owner, purpose, retention, trust FROM resolve_t.source ORDER BY source_id;

-- nothing changed: nothing is written, whatever the session's settings
CREATE TABLE resolve_src.former AS SELECT * FROM resolve_src.place;
SELECT records, profiles, added, changed, removed, rejected, merged, split, refused FROM cdp.resolve('resolve_t');
SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'; SET intervalstyle = 'sql_standard'; SET extra_float_digits = 0;
SELECT added, changed, removed, rejected, merged, split FROM cdp.resolve('resolve_t');
RESET datestyle; SET timezone = 'UTC'; RESET intervalstyle; RESET extra_float_digits;
SELECT count(*) AS rows_written FROM (SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.former) x;
SELECT count(*) AS rows_missing FROM (SELECT * FROM resolve_src.former EXCEPT SELECT * FROM resolve_src.place) x;

-- one row changes in what is not read, in what is read, one comes, one goes: only those are written
ALTER TABLE resolve_src.contact ADD COLUMN note text;
UPDATE resolve_src.contact SET note = 'called' WHERE contact_id = 4;
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
UPDATE resolve_src.contact SET email_address = 'cleo@example.com', mobile = '212-555-0120', updated_at = '2026-04-01' WHERE contact_id = 3;
INSERT INTO resolve_src.customer VALUES ('C4', 'Dan Field', NULL, NULL, '2026-04-02');
DELETE FROM resolve_src.ticket WHERE no = 100;
SELECT records, profiles, added, changed, removed, rejected, merged, split, refused FROM cdp.resolve('resolve_t');
SELECT item FROM (SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.former) x WHERE item !~ '^identifier' ORDER BY item COLLATE "C";
SELECT item FROM resolve_src.former WHERE item NOT IN (SELECT item FROM resolve_src.place) ORDER BY item COLLATE "C";
-- the ticket was what held contact 2 and customer C2 together: the phone of a household ties nobody
SELECT * FROM resolve_src.partition WHERE record IN ('contact 2', 'shop.customer C2') ORDER BY 1;
-- mended values are no longer listed
SELECT s.source, v.source_key, v.attribute, v.reason FROM resolve_t.rejected_value v JOIN resolve_t.source s USING (source_id) ORDER BY 1, 2, 3;
DROP TABLE resolve_src.former;

-- merge: two profiles become one, the id of one lives on and the other leads to it
CREATE FUNCTION resolve_src.profile_of(source text, key text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT i.profile_id FROM resolve_t.identity i JOIN resolve_t.record r USING (record_id) JOIN resolve_t.source s USING (source_id) WHERE s.source = $1 AND r.source_key = $2 $$;
SELECT resolve_src.profile_of('contact', '3') AS cleo, resolve_src.profile_of('shop.customer', 'C4') AS dan, resolve_src.profile_of('contact', '1') AS ann,
       resolve_src.profile_of('contact', '2') AS bob, resolve_src.profile_of('shop.customer', 'C2') AS robert \gset
UPDATE resolve_src.customer SET email = 'cleo@example.com' WHERE customer_id = 'C4';
SELECT records, profiles, added, changed, removed, merged, split FROM cdp.resolve('resolve_t');
SELECT resolve_src.profile_of('contact', '3') = :cleo AS keeps_id, resolve_src.profile_of('shop.customer', 'C4') = :cleo AS joined,
       cdp.current_profile('resolve_t', :dan) = :cleo AS followed, cdp.current_profile('resolve_t', :cleo) = :cleo AS itself;
SELECT a.old_profile_id = :dan AS old, a.profile_id = :cleo AS new FROM resolve_t.profile_alias a WHERE a.profile_id IS NOT NULL;
SELECT action, profile_id = :cleo AS into_cleo, other_profile_id = :dan AS from_dan, cardinality(record_ids) AS records, evidence,
       run_id = (SELECT max(run_id) FROM resolve_t.run) AS in_last_run FROM resolve_t.merge_log ORDER BY merge_log_id DESC LIMIT 1;
SELECT record_count, source_count, email, full_name FROM resolve_t.profile WHERE profile_id = :cleo;

-- chains of merges: an alias never leads to an alias
UPDATE resolve_src.contact SET email_address = 'ann@example.com' WHERE contact_id = 3;
UPDATE resolve_src.customer SET email = 'ann@example.com' WHERE customer_id = 'C4';
SELECT profiles, changed, merged, split FROM cdp.resolve('resolve_t');
SELECT cdp.current_profile('resolve_t', :dan) = :ann AS dan, cdp.current_profile('resolve_t', :cleo) = :ann AS cleo;
SELECT count(*) AS aliases_of_aliases FROM resolve_t.profile_alias a JOIN resolve_t.profile_alias b ON b.old_profile_id = a.profile_id;

-- split: a changed value parts them again; the larger part keeps the id, the other gets a new one
UPDATE resolve_src.contact SET email_address = 'cleo@example.com' WHERE contact_id = 3;
SELECT profiles, changed, merged, split FROM cdp.resolve('resolve_t');
SELECT resolve_src.profile_of('contact', '1') = :ann AS ann_keeps, resolve_src.profile_of('contact', '3') NOT IN (:ann, :cleo, :dan, :bob, :robert) AS cleo_is_new;
SELECT action, other_profile_id = :ann AS from_ann, cardinality(record_ids) AS records FROM resolve_t.merge_log ORDER BY merge_log_id DESC LIMIT 1;
-- an id that was merged away stays where it went
SELECT cdp.current_profile('resolve_t', :cleo) = :ann AS cleo;

-- a profile whose last record vanished lives nowhere, nor does what was merged into it
DELETE FROM resolve_src.contact WHERE contact_id IN (1, 2);
DELETE FROM resolve_src.customer WHERE customer_id IN ('C1', 'C4');
SELECT records, profiles, removed FROM cdp.resolve('resolve_t');
SELECT cdp.current_profile('resolve_t', :ann) AS ann, cdp.current_profile('resolve_t', :bob) AS bob, cdp.current_profile('resolve_t', :cleo) AS cleo, cdp.current_profile('resolve_t', 999999) AS never;
SELECT count(*) AS left_behind FROM resolve_t.profile_alias a WHERE a.profile_id IS NOT NULL AND NOT EXISTS (SELECT FROM resolve_t.profile p WHERE p.profile_id = a.profile_id);
SELECT count(*) AS ids_lost FROM (SELECT unnest(ARRAY[:ann, :bob, :cleo, :dan]) EXCEPT SELECT old_profile_id FROM resolve_t.profile_alias) x;
-- and comes back as somebody new
INSERT INTO resolve_src.contact VALUES (1, 'Ann', 'Lee', 'ann@example.com', NULL, NULL, '2026-05-01');
SELECT records, profiles, added FROM cdp.resolve('resolve_t');
SELECT resolve_src.profile_of('contact', '1') > :ann AS is_new;
SELECT count(*) FROM (SELECT r.record_id FROM resolve_t.record r FULL JOIN resolve_t.identity i USING (record_id) WHERE r.record_id IS NULL OR i.record_id IS NULL
                      UNION ALL SELECT d.record_id FROM resolve_t.identifier d WHERE NOT EXISTS (SELECT FROM resolve_t.record r WHERE r.record_id = d.record_id)) orphans;

-- the same with everybody gone, and back
BEGIN;
DELETE FROM resolve_src.contact; DELETE FROM resolve_src.customer; DELETE FROM resolve_src.ticket;
SELECT records, profiles, removed FROM cdp.resolve('resolve_t');
SELECT (SELECT count(*) FROM resolve_t.record) AS records, (SELECT count(*) FROM resolve_t.identity) AS identities, (SELECT count(*) FROM resolve_t.identifier) AS identifiers,
       (SELECT count(*) FROM resolve_t.profile) AS profiles, (SELECT count(*) FROM resolve_t.rejected_value) AS rejected;
INSERT INTO resolve_src.contact VALUES (1, 'Ann', 'Lee', 'ann@example.com', NULL, NULL, '2026-05-01');
SELECT records, profiles, added FROM cdp.resolve('resolve_t');
ROLLBACK;

-- what if: all of it is undone by ROLLBACK
CREATE TABLE resolve_src.former AS SELECT * FROM resolve_src.place;
CREATE TABLE resolve_src.former_runs AS SELECT * FROM resolve_t.run;
BEGIN;
SELECT cdp.add_rule('resolve_t', 'same phone', '{phone}');
UPDATE resolve_src.ticket SET sender = 'ann@example.com';
SELECT profiles, changed, merged FROM cdp.resolve('resolve_t');
SELECT count(*) > 0 AS written FROM (SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.former) x;
ROLLBACK;
SELECT count(*) AS trace FROM ((SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.former) UNION ALL (SELECT * FROM resolve_src.former EXCEPT SELECT * FROM resolve_src.place)) x;
SELECT count(*) AS runs FROM (SELECT * FROM resolve_t.run EXCEPT SELECT * FROM resolve_src.former_runs) x;
SELECT definitions_changed FROM resolve_t.space_info;

-- a resolve that fails leaves the former state: the first source is read, the second fails
INSERT INTO resolve_src.contact VALUES (7, 'Gus', 'Gray', 'gus@example.com', NULL, NULL, '2026-06-01');
ALTER TABLE resolve_src.customer RENAME email TO mail;
SELECT * FROM cdp.resolve('resolve_t');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS trace FROM ((SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.former) UNION ALL (SELECT * FROM resolve_src.former EXCEPT SELECT * FROM resolve_src.place)) x;
ALTER TABLE resolve_src.customer RENAME mail TO email;
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
-- inside a transaction that goes on after the failure, too
BEGIN;
SAVEPOINT before;
ALTER TABLE resolve_src.customer RENAME email TO mail;
SELECT * FROM cdp.resolve('resolve_t');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO before;
UPDATE resolve_src.contact SET first = 'Gustav' WHERE contact_id = 7;
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
UPDATE resolve_src.contact SET first = 'Gus' WHERE contact_id = 7;
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
COMMIT;

-- the session's own temporary tables are no concern of a resolve
CREATE TEMP TABLE cdp_export AS SELECT 1 AS mine;
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
SELECT mine FROM cdp_export;
DROP TABLE cdp_export;

-- two spaces side by side, over the same tables, know nothing of each other
SELECT cdp.create_space('resolve_other');
SELECT cdp.add_source('resolve_other', 'resolve_src.contact', key => 'contact_id', fields => '{"email": "email_address", "given_name": "first"}');
SELECT cdp.add_source('resolve_other', 'resolve_src.contact', key => 'contact_id', fields => '{"phone": "mobile", "resolve_src.contact": "contact_id"}', name => 'contact again');
CREATE TABLE resolve_src.before_other AS SELECT * FROM resolve_src.place;
BEGIN;
SELECT records, profiles FROM cdp.resolve('resolve_other');
SELECT added, changed, removed FROM cdp.resolve('resolve_t');
COMMIT;
SELECT count(*) AS written FROM (SELECT * FROM resolve_src.place EXCEPT SELECT * FROM resolve_src.before_other) x;
-- the same relation under two names is two sources; here the second refers to the first
SELECT string_agg(s.source || ' ' || r.source_key, ', ' ORDER BY r.source_id, r.source_key) AS person
  FROM resolve_other.record r JOIN resolve_other.source s USING (source_id) JOIN resolve_other.identity i USING (record_id) GROUP BY i.profile_id ORDER BY 1;
-- taking one away leaves the other
SELECT cdp.drop_source('resolve_other', 'contact again');
SELECT records, profiles, removed FROM cdp.resolve('resolve_other');
SELECT cdp.drop_space('resolve_other', confirm => 'resolve_other');

-- a row may refer to another row of its own source, and to itself
CREATE TABLE resolve_src.account (id text PRIMARY KEY, merged_into text, email text);
INSERT INTO resolve_src.account VALUES ('a', 'a', 'a@example.com'), ('b', 'a', 'b@example.com'), ('c', NULL, 'c@example.com');
SELECT cdp.create_space('resolve_self');
SELECT cdp.add_source('resolve_self', 'resolve_src.account', key => 'id', name => 'account', fields => '{"email": "email", "account": "merged_into"}');
SELECT records, profiles FROM cdp.resolve('resolve_self');
INSERT INTO resolve_src.account VALUES ('d', 'd', 'd@example.com');
UPDATE resolve_src.account SET merged_into = 'c' WHERE id = 'c';
SELECT records, profiles, added, changed FROM cdp.resolve('resolve_self');
-- a reference to a row that does not exist yet ties when it comes
INSERT INTO resolve_src.account VALUES ('e', 'zz', 'e@example.com'), ('f', 'zz', 'f@example.com');
SELECT records, profiles FROM cdp.resolve('resolve_self');
INSERT INTO resolve_src.account VALUES ('zz', NULL, 'zz@example.com');
SELECT records, profiles, merged FROM cdp.resolve('resolve_self');
SELECT string_agg(r.source_key, ' ' ORDER BY r.source_key) AS person FROM resolve_self.record r JOIN resolve_self.identity i USING (record_id) GROUP BY i.profile_id ORDER BY 1;
SELECT cdp.drop_space('resolve_self', confirm => 'resolve_self');

SELECT cdp.drop_source('resolve_t', 'ticket');
SELECT records, profiles FROM cdp.resolve('resolve_t');
DROP VIEW resolve_src.partition, resolve_src.place;
SELECT cdp.drop_space('resolve_t', confirm => 'resolve_t');
DROP SCHEMA resolve_src CASCADE;
