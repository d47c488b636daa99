-- explain_profile: every row of it worked out by hand
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA explain_src;
CREATE TABLE explain_src.crm (id int PRIMARY KEY, given text, family text, email text, phone text, born text, at timestamptz);
CREATE TABLE explain_src.shop (no text PRIMARY KEY, given text, family text, email text, born text, crm_id text, at timestamptz);
SET timezone = 'UTC';
INSERT INTO explain_src.crm VALUES (1, 'Ann', 'Lee', 'ann@example.com', '212-555-0101', '1980-01-01', '2026-01-01 08:00'), (2, 'Ann', 'Lee', 'ann@example.com', NULL, NULL, '2026-01-02 08:00'),
                                   (3, 'Anna', 'Lee', 'ann@example.com', NULL, '1990-01-01', '2026-01-03 08:00'), (4, 'Zoe', NULL, NULL, NULL, NULL, NULL), (5, 'Pat', 'Poe', 'pat@example.com', NULL, '1970-07-07', '2026-01-05');
INSERT INTO explain_src.shop VALUES ('A', 'Anne', 'Lee', 'anne@example.org', '1980-01-01', '1', '2026-02-01 08:00'), ('B', 'Pat', 'Poe', NULL, '1970-07-07', NULL, '2026-02-02'),
                                    ('C', 'Uma', NULL, 'uma@example.com', NULL, NULL, '2026-02-03'), ('D', 'Uma', NULL, 'u.m.a@example.com', NULL, NULL, '2026-02-04');
SELECT cdp.create_space('explain_t');
SELECT cdp.set_attribute('explain_t', 'birth_date', 'max_per_profile', '1'), cdp.set_attribute('explain_t', 'family_name', 'survivorship', 'most_frequent'), cdp.set_attribute('explain_t', 'phone', 'survivorship', 'most_trusted');
SELECT cdp.add_source('explain_t', 'explain_src.crm', key => 'id', name => 'crm', observed_at => 'at', trust => 80,
    fields => '{"given_name": "given", "family_name": "family", "email": "email", "phone": "phone", "birth_date": "born"}');
SELECT cdp.add_source('explain_t', 'explain_src.shop', key => 'no', name => 'shop', observed_at => 'at', trust => 40,
    fields => '{"given_name": "given", "family_name": "family", "email": "email", "birth_date": "born", "crm": "crm_id"}');
SELECT cdp.add_rule('explain_t', 'name and birth date', '{given_name,family_name,birth_date}');
CREATE FUNCTION explain_src.record(source text, key text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT r.record_id FROM explain_t.record r JOIN explain_t.source s USING (source_id) WHERE s.source = $1 AND r.source_key = $2 $$;
CREATE FUNCTION explain_src.profile(source text, key text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT i.profile_id FROM explain_t.identity i WHERE i.record_id = explain_src.record($1, $2) $$;
-- record ids told by their source and key
CREATE FUNCTION explain_src.explain(profile bigint) RETURNS TABLE (topic text, name text, value text, source text, source_key text, same_record boolean, because text) LANGUAGE sql STABLE AS
$$ SELECT e.topic, e.name, e.value, e.source, e.source_key, e.record_id = explain_src.record(e.source, e.source_key),
          regexp_replace(replace(e.because, session_user, 'somebody'), 'record \d+', 'record N') FROM cdp.explain_profile('explain_t', profile) e $$;
SELECT records, profiles, refused FROM cdp.resolve('explain_t');
SELECT cdp.rule_same('explain_t', explain_src.record('shop', 'C'), explain_src.record('shop', 'D'), 'told us on the phone'), cdp.rule_different('explain_t', explain_src.record('crm', '5'), explain_src.record('shop', 'B'), 'father and son');
SELECT records, profiles, refused FROM cdp.resolve('explain_t');

-- evidence by e-mail and by reference; what the limit on birth dates keeps out
SELECT * FROM explain_src.explain(explain_src.profile('crm', '1'));
SELECT * FROM explain_src.explain(explain_src.profile('crm', '3'));
-- nothing but itself
SELECT * FROM explain_src.explain(explain_src.profile('crm', '4'));
-- a ruling that holds them together, and one that keeps them apart
SELECT * FROM explain_src.explain(explain_src.profile('shop', 'C')) WHERE topic = 'record';
SELECT * FROM explain_src.explain(explain_src.profile('crm', '5')) WHERE topic IN ('record', 'refused');
-- every golden value is explained, by a record of that profile that has it
SELECT count(*) AS golden, count(*) FILTER (WHERE e.because IS NOT NULL) AS explained
  FROM explain_t.profile p CROSS JOIN LATERAL (VALUES ('email', p.email::text), ('given_name', p.given_name), ('family_name', p.family_name), ('phone', p.phone::text), ('birth_date', to_char(p.birth_date, 'YYYY-MM-DD'))) g(name, value)
  LEFT JOIN LATERAL (SELECT e.because FROM cdp.explain_profile('explain_t', p.profile_id) e JOIN explain_t.identity i USING (record_id)
                      WHERE e.topic = 'attribute' AND e.name = g.name AND e.value = g.value AND i.profile_id = p.profile_id) e ON true
 WHERE g.value IS NOT NULL;
-- whatever the session's way of writing dates
SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo';
SELECT name, value, because FROM explain_src.explain(explain_src.profile('crm', '1')) WHERE name = 'birth_date' OR topic = 'attribute' AND name = 'given_name';
RESET datestyle; SET timezone = 'UTC';
-- evidence that counts no more is not shown: blocked, or too common
SELECT cdp.block_value('explain_t', 'email', 'ann@example.com', why => 'test');
SELECT records, profiles FROM cdp.resolve('explain_t');
SELECT topic, name, source, source_key, because FROM explain_src.explain(explain_src.profile('crm', '1')) WHERE topic IN ('record', 'refused');
SELECT cdp.unblock_value('explain_t', 'email', 'ann@example.com');
SET cdp.max_records_per_value = 2;
SELECT records, profiles FROM cdp.resolve('explain_t');
SELECT topic, name, source, source_key, because FROM explain_src.explain(explain_src.profile('crm', '2')) WHERE topic IN ('record', 'refused');
RESET cdp.max_records_per_value;
SELECT records, profiles FROM cdp.resolve('explain_t');
-- an id merged away is followed; one that never was, or is gone, is an error
SELECT explain_src.profile('crm', '4') AS zoe, explain_src.profile('shop', 'C') AS uma \gset
UPDATE explain_src.crm SET email = 'uma@example.com' WHERE id = 4;
SELECT profiles, merged FROM cdp.resolve('explain_t');
SELECT count(*) FROM cdp.explain_profile('explain_t', :zoe) WHERE topic = 'record';
SELECT * FROM cdp.explain_profile('explain_t', 999999);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM explain_src.crm WHERE id = 4; DELETE FROM explain_src.shop WHERE no IN ('C', 'D');
SELECT profiles, removed FROM cdp.resolve('explain_t');
\set VERBOSITY sqlstate
SELECT * FROM cdp.explain_profile('explain_t', :zoe);
SELECT * FROM cdp.explain_profile('explain_t', :uma);
\set VERBOSITY terse
SELECT cdp.drop_space('explain_t', confirm => 'explain_t');
DROP SCHEMA explain_src CASCADE;
