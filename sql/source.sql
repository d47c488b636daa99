-- sources: what is taken, what is refused and with which words, and what happens when one changes behind our back
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA source_src;
CREATE TABLE source_src.person (id int, email text, phone text, tags text[], born date, seen timestamp, n int);
INSERT INTO source_src.person VALUES (1, 'ann@example.com', '212-555-0101', '{x@example.com,bad,y@example.com}', '1980-02-03', '2026-01-01 10:00', 1),
                                     (2, 'bob@example.com', '212-555-0102', NULL, NULL, NULL, 2);
SELECT cdp.create_space('source_t');

-- no such space, no such relation, none at all
SELECT cdp.add_source('nowhere', 'source_src.person', key => 'id', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_src', 'source_src.person', key => 'id', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.nobody', key => 'id', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 999999::oid::regclass, key => 'id', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
CREATE SEQUENCE source_src.counter;
SELECT cdp.add_source('source_t', 'source_src.counter', key => 'last_value', fields => '{"email": "last_value"}');
\echo :LAST_ERROR_SQLSTATE

-- expressions: where the mistake is
SELECT cdp.add_source('source_t', 'source_src.person', key => 'idd', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "lower(email", "phone": "phone"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email, phone"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email; DROP TABLE source_src.person"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "(SELECT min(email) FROM source_src.person)"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', observed_at => 'email');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', filter => 'n + 1');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'random()', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse

-- fields: shapes that are none
CREATE FUNCTION source_src.try(fields jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.add_source('source_t', 'source_src.person', key => 'id', fields => fields, name => 'try');
    RAISE 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT f AS fields, source_src.try(f) FROM unnest(ARRAY['{}', '[]', 'null', '"email"', '7', '{"email": null}', '{"email": 1}', '{"email": {}}', '{"email": []}', '{"email": ["email", 1]}',
    '{"email": ["email", ["phone"]]}', '{"email": ""}', '{"email": [""]}', '{"": "email"}', '{"shoe_size": "n"}', '{"email": ["tags", "email"]}', '{"email": ["email", "tags"]}', '{"email": ["email"], "phone": ["phone", "n"]}', '{"email": "tags"}']::jsonb[]) f;
-- nothing of all that is left
SELECT (SELECT count(*) FROM source_t.source) AS sources, (SELECT count(*) FROM source_t.attribute WHERE in_use OR is_multiple OR kind = 'reference') AS attributes;

-- the other arguments
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', trust => 101);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', mode => 'often');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', date_order => 'YDM');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', region => 'usa');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', name => '');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', name => 'email');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', name => repeat('long', 20));
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => format('{"email": "email", "%s": "n"}', repeat('long', 20))::jsonb, name => 'refers to it');
SELECT cdp.drop_source('source_t', s.source) FROM source_t.source s;
SELECT records FROM cdp.resolve('source_t');

-- NULL for each argument in turn: an error of its own, or a meaning
CREATE FUNCTION source_src.try_null(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RAISE SQLSTATE '00000' USING MESSAGE = 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT call, source_src.try_null(call) FROM unnest(ARRAY[
    $$SELECT cdp.add_source(NULL, 'source_src.person', 'id', '{"email": "email"}')$$,
    $$SELECT cdp.add_source('source_t', NULL, 'id', '{"email": "email"}')$$,
    $$SELECT cdp.add_source('source_t', 'source_src.person', NULL, '{"email": "email"}')$$,
    $$SELECT cdp.add_source('source_t', 'source_src.person', 'id', NULL)$$,
    $$SELECT cdp.add_source('source_t', 'source_src.person', 'id', '{"email": "email"}', trust => NULL)$$,
    $$SELECT cdp.add_source('source_t', 'source_src.person', 'id', '{"email": "email"}', mode => NULL)$$,
    $$SELECT cdp.add_source('source_t', 'source_src.person', 'id', '{"email": "email"}', date_order => NULL)$$,
    $$SELECT cdp.add_event_source(NULL, 'source_src.person', 'id', '{"email": "email"}', '''x''', 'seen')$$,
    $$SELECT cdp.add_event_source('source_t', NULL, 'id', '{"email": "email"}', '''x''', 'seen')$$,
    $$SELECT cdp.add_event_source('source_t', 'source_src.person', NULL, '{"email": "email"}', '''x''', 'seen')$$,
    $$SELECT cdp.add_event_source('source_t', 'source_src.person', 'id', NULL, '''x''', 'seen')$$,
    $$SELECT cdp.add_event_source('source_t', 'source_src.person', 'id', '{"email": "email"}', NULL, 'seen')$$,
    $$SELECT cdp.add_event_source('source_t', 'source_src.person', 'id', '{"email": "email"}', '''x''', NULL)$$,
    $$SELECT cdp.drop_source(NULL, 'x')$$, $$SELECT cdp.drop_source('source_t', NULL)$$, $$SELECT cdp.drop_source('source_t', 'x')$$,
    $$SELECT cdp.resolve(NULL)$$, $$SELECT cdp.status(NULL)$$, $$SELECT cdp.quality_report(NULL)$$, $$SELECT cdp.common_values(NULL)$$,
    $$SELECT cdp.explain_profile(NULL, 1)$$, $$SELECT cdp.explain_profile('source_t', NULL)$$, $$SELECT cdp.current_profile(NULL, 1)$$, $$SELECT cdp.current_profile('source_t', NULL)$$,
    $$SELECT cdp.evaluate(NULL, 'source_src.person')$$, $$SELECT cdp.evaluate('source_t', NULL)$$,
    $$SELECT cdp.create_space(NULL)$$, $$SELECT cdp.create_space('source_x', NULL)$$, $$SELECT cdp.drop_space(NULL, 'x')$$, $$SELECT cdp.drop_space('source_t', NULL)$$,
    $$SELECT cdp.grant_role(NULL, current_user::regrole, 'reader')$$, $$SELECT cdp.grant_role('source_t', NULL, 'reader')$$, $$SELECT cdp.grant_role('source_t', current_user::regrole, NULL)$$,
    $$SELECT cdp.revoke_role(NULL, current_user::regrole)$$, $$SELECT cdp.revoke_role('source_t', NULL)$$,
    $$CALL cdp.run(NULL)$$]) AS call;

-- keys: null and twice, on the data, now and later
SELECT cdp.add_source('source_t', 'source_src.person', key => 'born', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_t', 'source_src.person', key => 'n / n', fields => '{"email": "email"}');
\echo :LAST_ERROR_SQLSTATE
-- what the filter leaves out has no need of a key
SELECT cdp.add_source('source_t', 'source_src.person', key => 'born', fields => '{"email": "email"}', filter => 'born IS NOT NULL', name => 'with birth date');
SELECT cdp.drop_source('source_t', 'with birth date');
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', observed_at => 'seen', fields => '{"email": ["email", "phone"], "phone": "phone", "birth_date": "born"}', name => 'person');
SELECT cdp.add_source('source_t', 'source_src.person', key => 'id', fields => '{"email": "email"}', name => 'person');
\echo :LAST_ERROR_SQLSTATE
SELECT records, profiles, rejected FROM cdp.resolve('source_t');
-- a new row twice, a known row twice (changed or not), a null; and well again
CREATE FUNCTION source_src.try_resolve() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    SELECT * INTO r FROM cdp.resolve('source_t');
    RETURN format('%s records, %s added, %s changed, %s removed', r.records, r.added, r.changed, r.removed);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
BEGIN; INSERT INTO source_src.person (id, email) VALUES (3, 'a@example.com'), (3, 'b@example.com'); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; INSERT INTO source_src.person (id, email) VALUES (3, 'a@example.com'), (3, 'a@example.com'); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; INSERT INTO source_src.person (id, email) VALUES (1, 'a@example.com'); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; INSERT INTO source_src.person (id, email) VALUES (1, 'a@example.com'); UPDATE source_src.person SET phone = NULL WHERE id = 1; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; INSERT INTO source_src.person (id, email) VALUES (NULL, 'a@example.com'); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; UPDATE source_src.person SET id = NULL WHERE id = 2; SELECT source_src.try_resolve(); ROLLBACK;
-- a key may move to another row
BEGIN; UPDATE source_src.person SET id = 3 - id; SELECT source_src.try_resolve(); ROLLBACK;
SELECT source_src.try_resolve();

-- altered behind our back
BEGIN; ALTER TABLE source_src.person DROP COLUMN phone; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person DROP COLUMN id; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person RENAME email TO mail; SELECT source_src.try_resolve(); ROLLBACK;
-- another type is no matter while its text cleans
BEGIN; ALTER TABLE source_src.person ALTER id TYPE bigint, ALTER born TYPE text USING to_char(born, 'YYYY-MM-DD'); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person ALTER seen TYPE text; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person ALTER seen TYPE text; UPDATE source_src.person SET seen = 'yesterday evening'; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person ALTER seen TYPE int USING 1; SELECT source_src.try_resolve(); ROLLBACK;
-- gone, made again, gone and renamed
BEGIN; DROP TABLE source_src.person; SELECT source_src.try_resolve(); SELECT name, note FROM cdp.status('source_t') WHERE topic = 'source'; ROLLBACK;
BEGIN; CREATE TABLE source_src.kept AS TABLE source_src.person; DROP TABLE source_src.person; ALTER TABLE source_src.kept RENAME TO person; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; DROP TABLE source_src.person; CREATE TABLE source_src.person (id int, mail text); SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; DROP TABLE source_src.person; CREATE SEQUENCE source_src.person; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER TABLE source_src.person RENAME TO people; SELECT source_src.try_resolve(); ROLLBACK;
BEGIN; ALTER SCHEMA source_src RENAME TO elsewhere; SELECT elsewhere.try_resolve(); ROLLBACK;
SELECT source_src.try_resolve();
-- a gone source can be dropped
BEGIN; DROP TABLE source_src.person; SELECT cdp.drop_source('source_t', 'person'); SELECT source_src.try_resolve(); ROLLBACK;

-- a source that fails on a row
CREATE VIEW source_src.fails AS SELECT id, 'x' || 10 / (id - 5) AS email FROM source_src.person;
SELECT cdp.add_source('source_t', 'source_src.fails', key => 'id', fields => '{"email": "email"}', name => 'fails');
INSERT INTO source_src.person (id) VALUES (5);
SELECT source_src.try_resolve();
DELETE FROM source_src.person WHERE id = 5;
SELECT cdp.drop_source('source_t', 'fails');
-- bytes that are no text
CREATE TABLE source_src.raw (id int PRIMARY KEY, bytes bytea);
INSERT INTO source_src.raw VALUES (1, 'fine@example.com');
SELECT cdp.add_source('source_t', 'source_src.raw', key => 'id', fields => '{"email": "convert_from(bytes, ''UTF8'')"}', name => 'raw');
INSERT INTO source_src.raw VALUES (2, '\xff61406578616d706c652e636f6d');
SELECT source_src.try_resolve();
DELETE FROM source_src.raw WHERE id = 2;
SELECT source_src.try_resolve();
SELECT cdp.drop_source('source_t', 'raw');

-- rights: of the one who resolves, on the relation and on what it reads
CREATE ROLE regress_cdp_source;
SELECT cdp.grant_role('source_t', 'regress_cdp_source', 'steward');
GRANT USAGE ON SCHEMA source_src TO regress_cdp_source;
SET ROLE regress_cdp_source;
SELECT * FROM cdp.resolve('source_t');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT (id, email) ON source_src.person TO regress_cdp_source;
SET ROLE regress_cdp_source;
SELECT * FROM cdp.resolve('source_t');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON source_src.person TO regress_cdp_source;
SET ROLE regress_cdp_source;
SELECT records, changed FROM cdp.resolve('source_t');
RESET ROLE;
DROP OWNED BY regress_cdp_source;
DROP ROLE regress_cdp_source;

-- values of any length and any kind of text
SELECT cdp.drop_source('source_t', 'person');
CREATE TABLE source_src.odd (id text, given text, family text, email text);
INSERT INTO source_src.odd VALUES ('huge', repeat('Ann ', 25000), repeat('é', 50000), repeat('a', 100000) || '@example.com'),
    ('long', repeat('Ann-Marie ', 60), 'Lee', NULL), ('long again', repeat('ANN-MARIE ', 60), 'Lee', NULL), ('long other', repeat('Ann-Marie ', 60) || 'b', 'Lee', NULL),
    ('', '', ' ', ''), (E'tab\tquote''"\\', E'\x01\x02', E'\u202e', E'\n@\n'), ('日本', '太郎', '山田', '太郎@例え.jp'), ('%s {v} $1', '{v}', '%I', '$1@example.com'), (repeat('k', 2000), 'Key', 'Long', NULL);
SELECT cdp.add_source('source_t', 'source_src.odd', key => 'id', fields => '{"given_name": "given", "family_name": "family", "email": "email"}', name => 'odd "source" {v} %s $1 \ ''x''');
SELECT cdp.add_rule('source_t', 'both names', '{given_name,family_name}');
SELECT records, profiles, added, rejected FROM cdp.resolve('source_t');
SELECT left(v.source_key, 12) AS key, v.attribute, length(v.raw) AS length, v.reason FROM source_t.rejected_value v ORDER BY v.source_key, v.attribute;
SELECT string_agg(left(r.source_key, 12), ', ' ORDER BY r.source_key) AS person FROM source_t.record r JOIN source_t.identity i USING (record_id) GROUP BY i.profile_id ORDER BY 1;
SELECT DISTINCT e.topic FROM source_t.profile p CROSS JOIN cdp.explain_profile('source_t', p.profile_id) e ORDER BY 1;
SELECT attribute, rows, filled, valid, distinct_values, most_common_reject, rejects FROM cdp.quality_report('source_t');
SELECT name, count FROM cdp.status('source_t') WHERE topic = 'source';
SELECT source_src.try_resolve();
-- a key that no index can hold
INSERT INTO source_src.odd SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i;
SELECT source_src.try_resolve();

-- names with everything in them
CREATE SCHEMA "Src.One";
CREATE TABLE "Src.One"."My ""Table" ("The Key" text PRIMARY KEY, "E Mail" text, "it('s\" text);
INSERT INTO "Src.One"."My ""Table" VALUES ('a', 'a@example.com', 'x'), ('b', 'A@example.com', 'y');
SELECT cdp.create_space('My "Brand". x');
SELECT cdp.add_attribute('"My ""Brand"". x"', 'it(''s\ %s {v} "A"', 'text', is_identifier => true);
SELECT cdp.add_source('"My ""Brand"". x"', '"Src.One"."My ""Table"', key => '"The Key"', fields => '{"email": "\"E Mail\"", "it(''s\\ %s {v} \"A\"": ["\"it(''s\\\"", "\"The Key\""]}');
SELECT cdp.add_source('"My ""Brand"". x"', '"Src.One"."My ""Table"', key => '"The Key"', fields => '{"Src.One.My \"Table": "\"The Key\""}', name => 'the ''other''');
SELECT cdp.add_rule('"My ""Brand"". x"', 'rule''s "1" %s \', ARRAY['it(''s\ %s {v} "A"', 'email']);
SELECT records, profiles FROM cdp.resolve('"My ""Brand"". x"');
SELECT topic, name, value, source, source_key, because FROM cdp.explain_profile('"My ""Brand"". x"', (SELECT min(profile_id) FROM "My ""Brand"". x".profile));
SELECT source, attribute, rows, valid, distinct_values, too_common FROM cdp.quality_report('"My ""Brand"". x"');
SELECT topic, name, count FROM cdp.status('"My ""Brand"". x"') WHERE topic IN ('space', 'source', 'profiles');
CALL cdp.run('"My ""Brand"". x"');
UPDATE "Src.One"."My ""Table" SET "E Mail" = 'c@example.com' WHERE "The Key" = 'b';
SELECT records, profiles, changed, split FROM cdp.resolve('"My ""Brand"". x"');
SELECT cdp.block_value('"My ""Brand"". x"', 'it(''s\ %s {v} "A"', 'y', why => 'it''s');
SELECT cdp.set_attribute('"My ""Brand"". x"', 'it(''s\ %s {v} "A"', 'max_per_profile', '2');
CREATE ROLE "regress cdp ""quoted""";
SELECT cdp.grant_role('"My ""Brand"". x"', '"regress cdp ""quoted"""', 'admin');
SELECT cdp.revoke_role('"My ""Brand"". x"', '"regress cdp ""quoted"""');
DROP OWNED BY "regress cdp ""quoted""";
DROP ROLE "regress cdp ""quoted""";
SELECT records, profiles FROM cdp.resolve('"My ""Brand"". x"');
SELECT cdp.drop_source('"My ""Brand"". x"', 'the ''other''');
SELECT cdp.drop_space('"My ""Brand"". x"', confirm => 'My "Brand". x');
DROP SCHEMA "Src.One" CASCADE;

SELECT cdp.drop_space('source_t', confirm => 'source_t');
DROP SCHEMA source_src CASCADE;

-- a source defined anew keeps its number, records, profiles and rulings
CREATE SCHEMA source_re;
CREATE TABLE source_re.person (id int PRIMARY KEY, name text, mail text, phone text);
INSERT INTO source_re.person VALUES (1, 'Ann', 'ann@example.com', '212 736 5000'), (2, 'Ann', 'ann@example.com', NULL), (3, 'Bob', NULL, NULL);
SELECT cdp.create_space('source_r');
SELECT cdp.add_source('source_r', 'source_re.person', key => 'id', fields => '{"given_name": "name", "email": "mail", "phone": ["phone"]}');
SELECT records, profiles FROM cdp.resolve('source_r');
SELECT cdp.rule_same('source_r', 1, 3, why => 'seen together');
SELECT cdp.rule_different('source_r', 1, 2, why => 'twins');
SELECT profiles, merged, split FROM cdp.resolve('source_r');
CREATE TABLE source_re.ids AS SELECT record_id, profile_id FROM source_r.identity;
ALTER TABLE source_re.person RENAME COLUMN name TO first;
ALTER TABLE source_re.person RENAME COLUMN mail TO e_mail;
ALTER TABLE source_re.person DROP COLUMN phone;
SELECT * FROM cdp.resolve('source_r');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_r', 'source_re.person', key => 'id', fields => '{"given_name": "first", "email": "e_mail"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_source('source_r', 'source_re.person', key => 'id', fields => '{"given_name": "first", "email": "e_mail"}', replace => true);
SELECT records, profiles, added, changed, removed FROM cdp.resolve('source_r');
SELECT count(*) AS moved FROM source_re.ids o JOIN source_r.identity i USING (record_id) WHERE i.profile_id <> o.profile_id;
SELECT source_key, given_name, email, phone FROM source_r.record ORDER BY source_key;
SELECT kind, value, record_id FROM source_r.identifier ORDER BY 1, 2, 3;
SELECT added, changed, removed FROM cdp.resolve('source_r');
-- with replace, a name that is not there yet is simply added; an event source's name stays taken
SELECT cdp.add_source('source_r', 'source_re.person', key => 'id', fields => '{"given_name": "first"}', name => 'other', replace => true);
SELECT cdp.add_event_source('source_r', 'source_re.person', key => 'id', identifiers => '{"email": "e_mail"}', event => '''x''', at => 'now()', name => 'events');
SELECT cdp.add_source('source_r', 'source_re.person', key => 'id', fields => '{"given_name": "first"}', name => 'events', replace => true);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_space('source_r', confirm => 'source_r');
DROP SCHEMA source_re CASCADE;
