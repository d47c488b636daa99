-- several: attributes of which a record has several values
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse

-- 1500 people, every third of whom is there twice, the second time with the telephones in another order, one of them new, and a slip in the name
CREATE SCHEMA several_src;
CREATE FUNCTION several_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE FUNCTION several_src.word(seed text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr('BADAFIGOKULEMANEPIROSATUVEWOZI', 1 + 2 * several_src.random(seed || i || 'w', 15), 2), '' ORDER BY i) FROM generate_series(1, n) i
$$;
CREATE FUNCTION several_src.phone(seed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '212' || (2000000 + several_src.random(seed, 7900000)) $$;
CREATE TABLE several_src.record AS
SELECT p * 2 + c AS id, p AS person, several_src.word('g' || several_src.random('g' || p, 150), 3) AS given,
       several_src.word('f' || several_src.random('f' || p, 300), 4) || CASE WHEN c = 1 AND p % 2 = 0 THEN 'x' ELSE '' END AS family,
       CASE WHEN c = 0 THEN several_src.phone('mobile' || p) ELSE several_src.phone('new' || p) END AS mobile,
       CASE WHEN c = 0 THEN CASE WHEN p % 4 > 0 THEN several_src.phone('home' || p) END ELSE several_src.phone('mobile' || p) END AS home,
       several_src.random('z' || p || CASE WHEN p % 5 = 0 THEN c ELSE 0 END, 60) + 20000 AS zip,
       CASE WHEN c = 0 THEN ARRAY['a' || p || '@one.example', 'b' || p || '@two.example'] ELSE ARRAY['b' || p || '@two.example'] END AS mail
  FROM generate_series(1, 1500) p, LATERAL generate_series(0, (p % 3 = 0)::int) c;
CREATE TABLE several_src.truth AS SELECT 'record' AS source, id::text AS source_key, person::text AS entity FROM several_src.record;

SELECT cdp.create_space('several_t');
SELECT cdp.add_attribute('several_t', 'telephone', 'phone', is_identifier => false);
SELECT cdp.add_attribute('several_t', 'mailbox', 'email', is_identifier => false);
SELECT cdp.add_source('several_t', 'several_src.record', name => 'record', key => 'id',
    fields => '{"given_name": "given", "family_name": "family", "telephone": ["mobile", "home"], "mailbox": "mail", "postal_code": "zip"}') > 0 AS added;
SELECT count(*) > 0 AS trained FROM cdp.train('several_t');
SELECT records FROM cdp.resolve('several_t');
SELECT precision > .99 AS precise, recall > .99 AS complete FROM cdp.evaluate('several_t', 'several_src.truth') WHERE level = 'pairs';
-- a value counts as what it is, wherever it stands
SELECT name, m > .9 AS mostly FROM several_t.match_level WHERE comparison = 'telephone' AND level = 1;
SELECT l.position, l.name, l.m > .9 AS mostly FROM several_t.match_level l WHERE comparison = 'mailbox' AND level = 1;
SELECT count(*) FROM several_t.match_frequency WHERE value LIKE '%' || chr(31) || '%';
SELECT jsonb_array_length(keys -> 'telephone' -> 0) AS telephones, keys #>> '{mailbox,0,1,0}' AS mailbox FROM cdp.match_values('several_t') v JOIN several_t.record r USING (record_id) WHERE r.source_key = '6';

-- engine, SQL and explanations say the same, to the last bit, either way round
WITH m AS (SELECT cdp.export_model('several_t', frequencies => false) AS model), v AS MATERIALIZED (SELECT * FROM cdp.match_values('several_t'))
SELECT count(*) > 300 AS links, count(*) FILTER (WHERE l.weight <> cdp.pair_weight(m.model, a.keys, b.keys)) AS differ,
       count(*) FILTER (WHERE l.weight <> cdp.pair_weight(m.model, b.keys, a.keys)) AS differ_turned
  FROM several_t.link l CROSS JOIN m JOIN v a ON a.record_id = l.record_a JOIN v b ON b.record_id = l.record_b WHERE l.origin = 'model';
SELECT count(*) AS pairs, count(*) FILTER (WHERE e.running_total <> l.weight) AS differ FROM (SELECT * FROM several_t.link WHERE origin = 'model' ORDER BY record_a LIMIT 20) l
 CROSS JOIN LATERAL (SELECT x.running_total FROM cdp.explain_pair('several_t', l.record_a, l.record_b) x ORDER BY x.step DESC LIMIT 1) e;
SELECT e.comparison, e.value_a, e.value_b, e.level FROM several_t.record a, several_t.record b, cdp.explain_pair('several_t', a.record_id, b.record_id) e
 WHERE a.source_key = '6' AND b.source_key = '7' AND e.comparison IN ('telephone', 'mailbox') ORDER BY e.step;

-- values that change places change nobody
CREATE TABLE several_src.before AS SELECT r.source_key, min(o.source_key) AS with FROM several_t.identity i JOIN several_t.record r USING (record_id) JOIN several_t.identity j USING (profile_id) JOIN several_t.record o ON o.record_id = j.record_id GROUP BY 1;
UPDATE several_src.record SET home = mobile, mobile = home WHERE person % 10 = 0 AND home IS NOT NULL;
SELECT records FROM cdp.resolve('several_t');
SELECT count(*) AS other FROM several_src.before b JOIN (SELECT r.source_key, min(o.source_key) AS with FROM several_t.identity i JOIN several_t.record r USING (record_id) JOIN several_t.identity j USING (profile_id) JOIN several_t.record o ON o.record_id = j.record_id GROUP BY 1) n USING (source_key) WHERE b.with <> n.with;

-- who is looked for may have any of them
SELECT p.sure FROM several_src.record s CROSS JOIN LATERAL (SELECT f.probability > .9 AS sure FROM cdp.lookup('several_t', jsonb_build_object('given_name', s.given, 'family_name', s.family, 'telephone', s.home, 'postal_code', s.zip::text), 1) f) p WHERE s.id = 12;
SELECT p.sure FROM several_src.record s CROSS JOIN LATERAL (SELECT f.probability > .9 AS sure FROM cdp.lookup('several_t', jsonb_build_object('given_name', s.given, 'family_name', s.family, 'mailbox', s.mail[2], 'postal_code', s.zip::text), 1) f) p WHERE s.id = 12;

-- lists by hand: the best two count, of equal ones the rarest
CREATE VIEW several_src.model AS SELECT cdp.export_model('several_t', frequencies => false) AS model;
SELECT l.comparison, l.name, l.rarity < 0 AS common FROM several_src.model m, cdp.pair_levels(m.model, '{"telephone": [[["+12125550001", 8], ["+12125550002", 0.5]]]}', '{"telephone": [[["+12125550002", 0.5], ["+12125550001", 8]]]}', '{}') l WHERE l.comparison = 'telephone';
SELECT cdp.pair_weight(m.model, '{"telephone": [[["+12125550001", 1], ["+12125550002", 1]]]}', '{"telephone": [["+12125550002", 1]]}')
       = cdp.pair_weight(m.model, '{"telephone": [["+12125550002", 1]]}', '{"telephone": [["+12125550002", 1]]}') AS equal FROM several_src.model m;
SELECT cdp.pair_weight(m.model, '{"telephone": [[["+12125550001"]]]}', '{"telephone": [["+12125550002", 1]]}') FROM several_src.model m;
SELECT cdp.pair_weight(m.model, '{"telephone": [[[null, 1]]]}', '{"telephone": [["+12125550002", 1]]}') FROM several_src.model m;
SELECT cdp.pair_weight(m.model, '{"telephone": [[]]}', '{"telephone": [["+12125550002", 1]]}') FROM several_src.model m;
SELECT cdp.pair_weight(m.model, '{"name": [[["ANN", 1]]]}', '{"name": [["ANN", 1]]}') FROM several_src.model m;
SELECT cdp.pair_weight(m.model, ('{"telephone": [[' || (SELECT string_agg('["+121255500' || i || '", 1]', ',') FROM generate_series(10, 18) i) || ']]}')::jsonb, '{"telephone": [["+12125550002", 1]]}') FROM several_src.model m;
SELECT cdp.drop_space('several_t', 'several_t');
DROP SCHEMA several_src CASCADE;
