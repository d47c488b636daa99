-- retrain: another model clusters everything anew, but golden records are written only where records moved
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse

CREATE SCHEMA retrain_src;
CREATE FUNCTION retrain_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
-- 800 people with two records each; half of these share an e-mail address, all but few a name and a birth date
CREATE TABLE retrain_src.customer AS
SELECT p * 2 + c AS id, p AS person, (ARRAY['Anna','Bruno','Clara','David','Emma','Felix','Greta','Hugo','Irma','Jonas'])[1 + retrain_src.random('g' || p, 10)] AS given,
       'F' || translate(substr(md5('f' || retrain_src.random('f' || p, 300)), 1, 6), '0123456789', 'ghijklmnop') || CASE WHEN retrain_src.random('slip' || p || c, 8) = 0 THEN 'x' ELSE '' END AS family,
       date '1940-01-01' + retrain_src.random('b' || p, 20000) AS born, CASE WHEN p % 2 = 0 OR c = 0 THEN 'p' || p || '@example.com' ELSE 'q' || p || '@example.org' END AS email
  FROM generate_series(1, 800) p, generate_series(0, 1) c;
ALTER TABLE retrain_src.customer ADD PRIMARY KEY (id);
SELECT cdp.create_space('retrain_t');
SELECT cdp.add_source('retrain_t', 'retrain_src.customer', key => 'id', name => 'shop',
    fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "email": "email"}') > 0 AS added;
CREATE FUNCTION retrain_src.stale() RETURNS text LANGUAGE sql AS $$ SELECT s.note FROM cdp.status('retrain_t') s WHERE s.topic = 'profiles' $$;
-- what is left when all is written anew
CREATE FUNCTION retrain_src.differ() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    CREATE TEMP TABLE was AS SELECT to_jsonb(p) - 'updated_at' AS profile FROM retrain_t.profile p;
    UPDATE retrain_t.space_info SET definitions_changed = true;
    PERFORM cdp.resolve('retrain_t');
    SELECT count(*) INTO n FROM (
        (SELECT w.profile FROM was w EXCEPT ALL SELECT to_jsonb(p) - 'updated_at' FROM retrain_t.profile p) UNION ALL
        (SELECT to_jsonb(p) - 'updated_at' FROM retrain_t.profile p EXCEPT ALL SELECT w.profile FROM was w)) x;
    DROP TABLE was;
    RETURN n;
END
$$;

SELECT records, profiles FROM cdp.resolve('retrain_t');
SELECT count(*) > 0 AS trained FROM cdp.train('retrain_t');
SELECT retrain_src.stale();
SELECT records, merged > 300 AS merged, split FROM cdp.resolve('retrain_t');
SELECT retrain_src.stale() IS NULL AS fresh, count(*) FILTER (WHERE action = 'merged' AND evidence IS NULL) > 300 AS by_the_model FROM retrain_t.merge_log;
SELECT retrain_src.differ();

-- without it again, while rows come, change and go
SELECT cdp.activate_model('retrain_t', 0);
SELECT retrain_src.stale();
DELETE FROM retrain_src.customer WHERE person % 40 = 1;
UPDATE retrain_src.customer SET family = family || 'y' WHERE person % 40 = 2;
INSERT INTO retrain_src.customer SELECT 5000 + id, person, given, family, born, email FROM retrain_src.customer WHERE person % 40 = 4;
SELECT records, added, changed, removed, merged < 30 AS hardly_merged, split > 300 AS split FROM cdp.resolve('retrain_t');
SELECT retrain_src.stale() IS NULL AS fresh, retrain_src.differ();
SELECT count(*) AS resolvable FROM retrain_t.merge_log l WHERE l.action = 'merged' AND NOT EXISTS (SELECT FROM retrain_t.profile_alias a WHERE a.old_profile_id = l.other_profile_id)
   AND NOT EXISTS (SELECT FROM retrain_t.profile p WHERE p.profile_id = l.other_profile_id);
SELECT cdp.activate_model('retrain_t', 1);
SELECT records, merged > 300 AS merged FROM cdp.resolve('retrain_t');
SELECT retrain_src.differ();

-- what moved records share with those of their new profile that did not come along is the evidence
SELECT cdp.activate_model('retrain_t', 0);
SELECT records FROM cdp.resolve('retrain_t');
UPDATE retrain_src.customer SET email = 'p' || person || '@example.com' WHERE person % 40 = 3;
SELECT merged FROM cdp.resolve('retrain_t');
SELECT DISTINCT action, evidence -> 0 ->> 'kind' AS kind, evidence -> 0 ->> 'value' = 'p' || c.person || '@example.com' AS address, jsonb_array_length(evidence) AS n, cardinality(record_ids) AS records
  FROM retrain_t.merge_log l JOIN retrain_t.record r ON r.record_id = l.record_ids[1] JOIN retrain_src.customer c ON c.id::text = r.source_key
 WHERE l.run_id = (SELECT max(run_id) FROM retrain_t.run);
DROP SCHEMA retrain_src CASCADE;
SELECT cdp.drop_space('retrain_t', 'retrain_t');
