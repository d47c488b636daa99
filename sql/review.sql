-- review: what a person should look at first
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA review_src;
CREATE TABLE review_src.row (id text PRIMARY KEY, given text, family text, email text, born text);
INSERT INTO review_src.row VALUES
    ('a', 'Ann', 'Lee', 'ann@example.com', '1980-01-02'), ('b', 'Ann', 'Lee', 'ann@example.com', '1980-01-02'),
    ('c', 'Anna', 'Lee', NULL, '1980-01-02'), ('d', 'Bob', 'Ray', NULL, '1970-05-06'), ('e', 'Bob', 'Ray', NULL, '1990-05-06'),
    ('f', 'Zoe', 'Kay', 'shared@example.com', '1960-01-02'), ('g', 'Tom', 'Kay', 'shared@example.com', '1961-01-02');
SELECT cdp.create_space('review_t');
SELECT cdp.add_source('review_t', 'review_src.row', key => 'id', name => 'row', fields => '{"given_name": "given", "family_name": "family", "email": "email", "birth_date": "born"}');
SELECT cdp.set_attribute('review_t', 'birth_date', 'max_per_profile', '1');
SELECT records, profiles FROM cdp.resolve('review_t');
CREATE VIEW review_src.named AS SELECT i.record_id, i.profile_id, r.source_key FROM review_t.record r JOIN review_t.identity i USING (record_id);
CREATE FUNCTION pg_temp.review(n int DEFAULT 50) RETURNS TABLE (a text, b text, same_profile boolean, weight numeric, probability numeric, reason text, agree text[], disagree text[]) LANGUAGE sql AS
$$ SELECT a.source_key, b.source_key, r.profile_a = r.profile_b, round(r.weight::numeric, 3), round(r.probability::numeric, 3), r.reason, r.agree, r.disagree
     FROM cdp.review('review_t', n) r JOIN review_src.named a ON a.record_id = r.record_a JOIN review_src.named b ON b.record_id = r.record_b $$;
-- no model: what a limit refused
SELECT * FROM pg_temp.review();
SELECT cdp.import_model('review_t', jsonb_build_object('lambda', 0.01, 'comparisons', (SELECT jsonb_agg(jsonb_build_object('comparison', a, 'measure', 'code', 'levels',
        '[{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]'::jsonb)) FROM unnest('{given_name,family_name,email,birth_date}'::text[]) a)), 'fixed numbers') AS id \gset
SELECT cdp.activate_model('review_t', :id);
-- as a resolve would leave it: c was joined by one link, which is weak; d and e were nearly joined, a and d are tied by nothing that counts
INSERT INTO review_t.link (record_a, record_b, origin, weight)
SELECT a.record_id, b.record_id, 'model', w FROM (VALUES ('a', 'b', 30.0), ('a', 'c', 1.5), ('d', 'e', 0.25), ('a', 'd', 9.0)) v(a, b, w)
  JOIN review_src.named a ON a.source_key = v.a JOIN review_src.named b ON b.source_key = v.b;
UPDATE review_t.identity SET profile_id = (SELECT profile_id FROM review_src.named WHERE source_key = 'a') WHERE record_id = (SELECT record_id FROM review_src.named WHERE source_key = 'c');
INSERT INTO review_t.weakest_link SELECT a.profile_id, c.record_id, a.record_id, 1.5, 0.739 FROM review_src.named a, review_src.named c WHERE a.source_key = 'a' AND c.source_key = 'c';
SELECT * FROM pg_temp.review();
SELECT a, b, reason FROM pg_temp.review(2);
-- an answer takes the pair off the list
SELECT cdp.rule_different('review_t', a.record_id, b.record_id, 'asked') FROM review_src.named a, review_src.named b WHERE a.source_key = 'd' AND b.source_key = 'e';
SELECT a, b FROM pg_temp.review();
SELECT cdp.drop_space('review_t', confirm => 'review_t');
DROP SCHEMA review_src CASCADE;
