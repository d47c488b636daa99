-- mailbox: who has signed up with a mailbox and no name is compared by what the mailbox spells
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

-- 600 customers, some with two mailboxes; four in ten signed up for the newsletter, half of those with another mailbox than the shop knows
CREATE SCHEMA mailbox_src;
CREATE FUNCTION mailbox_src.random(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
CREATE TABLE mailbox_src.person AS
SELECT p, (ARRAY['James','Mary','Robert','Patricia','John','Jennifer','Michael','Linda','David','Elizabeth','William','Barbara'])[1 + mailbox_src.random('given' || p, 12)] AS given,
       (ARRAY['Ar','Bel','Cor','Dun','Ever','Fal','Gar','Hol','In','Jor','Kel','Lam','Mar','Nor','Os'])[1 + mailbox_src.random('begin' || p, 15)]
       || (ARRAY['a','al','an','ba','ed','er','in','o','or','ul'])[1 + mailbox_src.random('middle' || p, 10)]
       || (ARRAY['bury','combe','den','field','gate','ham','ley','mont','ridge','stone','ton','wick','worth'])[1 + mailbox_src.random('end' || p, 13)] AS family,
       date '1940-01-01' + mailbox_src.random('born' || p, 24000) AS born, '+1202555' || lpad(mailbox_src.random('phone' || p, 10000)::text, 4, '0') AS phone
  FROM generate_series(1, 600) p;
CREATE FUNCTION mailbox_src.mailbox(p int, given text, family text, which text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(CASE mailbox_src.random(which || p, 4) WHEN 0 THEN given || '.' || family WHEN 1 THEN left(given, 1) || family WHEN 2 THEN family || given ELSE 'user' || given || 'x' END)
           || p * length(which) || '@' || which || '.example'
$$;
CREATE TABLE mailbox_src.shop AS
SELECT 'shop-' || p || '-' || c AS id, given, family, CASE WHEN mailbox_src.random('b' || p || c, 4) > 0 THEN born END AS born, CASE WHEN mailbox_src.random('t' || p || c, 3) > 0 THEN phone END AS phone,
       CASE WHEN mailbox_src.random('e' || p || c, 5) > 0 THEN mailbox_src.mailbox(p, given, family, CASE WHEN c = 2 AND p % 2 = 0 THEN 'second' ELSE 'first' END) END AS email
  FROM mailbox_src.person, generate_series(1, 2) c;
CREATE TABLE mailbox_src.news AS
SELECT 'news-' || p AS id, mailbox_src.mailbox(p, given, family, CASE p % 2 WHEN 0 THEN 'first' ELSE 'elsewhere' END) AS email FROM mailbox_src.person WHERE p % 5 < 2;
-- one whose name nobody else has, and mailboxes that are nobody's
INSERT INTO mailbox_src.shop VALUES ('shop-dordon', 'Tyler', 'Dordon', '1971-05-24', '+12025559999', NULL);
INSERT INTO mailbox_src.news VALUES ('news-dordon', 'tyler.dordon@example.org'), ('news-family', 'thedordons@example.org'), ('news-role', 'info@example.org');
SELECT cdp.create_space('mailbox_t');
SELECT cdp.add_source('mailbox_t', 'mailbox_src.shop', key => 'id', name => 'shop',
    fields => '{"given_name": "given", "family_name": "family", "birth_date": "born::text", "phone": "phone", "email": "email"}') > 0 AS added;
SELECT cdp.add_source('mailbox_t', 'mailbox_src.news', key => 'id', name => 'news', fields => '{"email": "email"}') > 0 AS added;
SELECT records FROM cdp.resolve('mailbox_t');
SELECT comparison, attributes FROM cdp.comparisons('mailbox_t') WHERE measure = 'person_name';
SELECT count(*) > 0 AS trained FROM cdp.train('mailbox_t') WHERE topic = 'level';

-- in place of the family name, where there is no name at all; a role mailbox is nobody's
SELECT r.source_key, v.keys -> 'name' -> 0 AS given, v.keys -> 'name' -> 1 -> 0 AS family
  FROM mailbox_t.record r JOIN cdp.match_values('mailbox_t') v USING (record_id) WHERE r.source_key ~ 'dordon|family|role' ORDER BY 1;
-- nor is it a value that people share
SELECT count(*) FROM mailbox_t.match_frequency WHERE value ~ '@' AND comparison = 'name';
SELECT i.people BETWEEN 500 AND 1201 AS only_names_counted FROM mailbox_t.match_input i WHERE i.model_id = 1 AND i.comparison = 'name' AND i.input = 1;
-- what was learned, from names beside the mailboxes of their own records: half spell the whole name, a quarter initial and family name
SELECT l.name, round(l.m::numeric, 1) AS m, l.m > 100 * l.u[1] AS evidence FROM mailbox_t.match_level l WHERE l.comparison = 'name' AND l.name IN ('mail_exact', 'mail_initial_exact') ORDER BY l.level;
SELECT count(*) > 0 AS rule FROM mailbox_t.match_rule r WHERE EXISTS (SELECT FROM unnest(r.keys) k WHERE k IN ('name either order', 'name initial and family'));

-- the pair in words; the family name is rare, not the mailbox, whichever comes first
SELECT e.step, e.comparison, e.value_a, e.value_b, e.level, e.description, e.weight > 0 AS for_one, e.rarity > 1 AS rare
  FROM mailbox_t.record a JOIN mailbox_t.record b ON a.source_key = 'news-dordon' AND b.source_key = 'shop-dordon'
 CROSS JOIN LATERAL cdp.explain_pair('mailbox_t', a.record_id, b.record_id) e WHERE e.comparison = 'name';
-- the engine, SQL both ways, and the explanation agree to the last bit
CREATE TEMP TABLE scored AS SELECT p.* FROM cdp_internal.score_pairs('mailbox_t', 1) p;
WITH v AS MATERIALIZED (SELECT * FROM cdp.match_values('mailbox_t')), m AS MATERIALIZED (SELECT cdp.export_model('mailbox_t', frequencies => false) AS model)
SELECT count(*) FILTER (WHERE l.name LIKE 'mail\_%') > 50 AS spelled,
       count(*) FILTER (WHERE s.weight <> cdp.pair_weight(m.model, a.keys, b.keys) OR s.weight <> cdp.pair_weight(m.model, b.keys, a.keys) OR s.weight <> l.total) AS differ
  FROM m, scored s JOIN v a ON a.record_id = s.record_a JOIN v b ON b.record_id = s.record_b
 CROSS JOIN LATERAL (SELECT max(p.name) FILTER (WHERE p.comparison = 'name') AS name, (array_agg(p.running_total ORDER BY p.step DESC))[1] AS total FROM cdp.pair_levels(m.model, a.keys, b.keys) p) l;

-- it brings the newsletter and the shop together
SELECT records FROM cdp.resolve('mailbox_t');
SELECT count(DISTINCT i.profile_id) AS profiles FROM mailbox_t.record r JOIN mailbox_t.identity i USING (record_id) WHERE r.source_key ~ 'dordon';
SELECT count(*) > 15 AS found, avg((n.id = s.id)::int) > .8 AS right
  FROM (SELECT i.profile_id, substr(r.source_key, 6) AS id FROM mailbox_t.record r JOIN mailbox_t.identity i USING (record_id) WHERE r.source_key ~ '^news-\d*[13579]$') n
  JOIN (SELECT DISTINCT i.profile_id, split_part(r.source_key, '-', 2) AS id FROM mailbox_t.record r JOIN mailbox_t.identity i USING (record_id) WHERE r.source_key ~ '^shop-\d') s USING (profile_id);
-- a look-up by a mailbox alone finds the name, and weighs as SQL does
SELECT r.source_key, l.weight = cdp.pair_weight((SELECT cdp.export_model('mailbox_t', frequencies => false)), '{"name": [null, "@tdordon99"], "email": ["tdordon99@nowhere.example"]}', v.keys) AS same
  FROM cdp.lookup('mailbox_t', '{"email": "tdordon99@nowhere.example"}') l JOIN mailbox_t.record r USING (record_id) JOIN cdp.match_values('mailbox_t') v USING (record_id) WHERE r.source_key ~ 'dordon';

-- the fourth attribute of a comparison of names is an e-mail address; without it names alone are compared
SELECT cdp.set_comparison('mailbox_t', 'name', '{given_name,family_name,full_name,phone}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.set_comparison('mailbox_t', 'name', '{given_name,family_name}');
SELECT c.input_sql FROM cdp_internal.comparisons('mailbox_t') c WHERE c.measure = 'person_name';
-- where every mailbox is made of the whole name it still is a comparison of its own
SELECT cdp.set_comparison('mailbox_t', 'name', '{given_name,family_name,full_name,email}');
UPDATE mailbox_src.shop SET email = lower(given || '.' || family) || substr(md5(born || phone), 1, 3) || '@first.example' WHERE email IS NOT NULL;
SELECT records FROM cdp.resolve('mailbox_t');
SELECT count(*) FILTER (WHERE topic = 'level' AND comparison = 'email') > 0 AS compared, count(*) FILTER (WHERE description ~ 'repeats') AS repeats FROM cdp.train('mailbox_t');
SELECT cdp.drop_space('mailbox_t', 'mailbox_t');
DROP SCHEMA mailbox_src CASCADE;
