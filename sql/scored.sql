-- clustering by scored pairs: after what is exact, under the same constraints, and against identifiers that everything else contradicts
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never

CREATE SCHEMA scored_src;
CREATE FUNCTION scored_src.pick(seed text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::int) % n
$$;
-- 500 people of two or three records, written down with slips; nobody shares an address for mail
CREATE TABLE scored_src.person AS
SELECT p * 10 + c AS id, p,
       CASE scored_src.pick('g' || p || c, 8) WHEN 0 THEN overlay(given PLACING 'x' FROM 3 FOR 1) ELSE given END AS given,
       CASE scored_src.pick('f' || p || c, 8) WHEN 0 THEN overlay(family PLACING 'q' FROM 2 FOR 1) ELSE family END AS family,
       CASE scored_src.pick('b' || p || c, 6) WHEN 0 THEN NULL ELSE born END AS born,
       CASE scored_src.pick('s' || p || c, 6) WHEN 0 THEN NULL ELSE street END AS street,
       CASE WHEN scored_src.pick('e' || p || c, 2) = 0 THEN 'box' || p || '-' || c || '@example.com' END AS email, NULL::text AS account
  FROM (SELECT p, (string_to_array('James Mary Robert Patricia Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Karen', ' '))[1 + scored_src.pick('given' || p, 18)] AS given,
               (string_to_array('Smithson Johnsen Wilkes Brownlow Jonas Garside Millard Davison Rodway Marten Herne Lopes Gunning Wilding Ander Tomlin Tayler Moorcroft Jack Marlin', ' '))[1 + scored_src.pick('family' || p, 20)] AS family,
               date '1940-01-01' + scored_src.pick('born' || p, 24000) AS born,
               1 + scored_src.pick('number' || p, 400) || ' ' || (ARRAY['Oak', 'Elm', 'Main', 'High', 'Park', 'Mill'])[1 + scored_src.pick('street' || p, 6)] || ' Street' AS street
          FROM generate_series(1, 500) p) p CROSS JOIN LATERAL generate_series(0, 1 + p.p % 2) c;
INSERT INTO scored_src.person VALUES
    -- a couple with one mailbox
    (90001, 9001, 'Walter', 'Quimby', '1950-02-03', '7 Cedar Lane', 'quimbys@example.com', NULL), (90002, 9001, 'Walter', 'Quimby', '1950-02-03', '7 Cedar Lane', NULL, NULL),
    (90003, 9002, 'Edith', 'Quimby', '1953-11-30', '7 Cedar Lane', 'quimbys@example.com', NULL), (90004, 9002, 'Edith', 'Quimby', '1953-11-30', NULL, 'quimbys@example.com', NULL),
    -- one person in every respect, but with two accounts, of which a profile has one
    (90011, 9011, 'Ottoline', 'Fensterwald', '1961-07-08', '12 Birch Road', NULL, 'A-1'), (90012, 9011, 'Ottoline', 'Fensterwald', '1961-07-08', '12 Birch Road', NULL, 'A-2'),
    -- two of one name who write from one office
    (90031, 9031, 'Andrew', 'Anderwood', NULL, NULL, 'info@example.org', NULL), (90032, 9032, 'Andy', 'Anderwood', NULL, NULL, 'info@example.org', NULL),
    -- decided by a person
    (90021, 9021, 'Leopold', 'Zwicky', '1971-01-02', '3 Ash Walk', NULL, NULL), (90022, 9021, 'Leopold', 'Zwicky', '1971-01-02', '3 Ash Walk', NULL, NULL);

SELECT cdp.create_space('scored_t');
SELECT cdp.add_attribute('scored_t', 'account', 'id', is_identifier => true, max_per_profile => 1);
SELECT cdp.add_source('scored_t', 'scored_src.person', key => 'id', name => 'person',
    fields => '{"given_name": "given", "family_name": "family", "birth_date": "born", "street": "street", "email": "email", "account": "account"}');

-- what is exact only: no confidence, the couple is one profile
SELECT records, profiles > 1000 AS many FROM cdp.resolve('scored_t');
CREATE FUNCTION scored_src.profiles(VARIADIC keys text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(x.records, ' | ' ORDER BY x.records)
      FROM (SELECT string_agg(r.source_key, ' ' ORDER BY r.source_key) AS records FROM scored_t.record r JOIN scored_t.identity i USING (record_id)
             WHERE r.source_key = ANY (keys) GROUP BY i.profile_id) x
$$;
SELECT scored_src.profiles('90001', '90002', '90003', '90004') AS couple, (SELECT count(confidence) FROM scored_t.profile) AS with_confidence;

SELECT count(*) > 20 AS learned FROM cdp.train('scored_t') WHERE topic <> 'warning';
SELECT records FROM cdp.resolve('scored_t');

-- nearly everybody is found, and hardly anybody is taken for another
CREATE TABLE scored_src.truth AS SELECT 'person'::text AS source, id::text AS source_key, p AS entity FROM scored_src.person;
SELECT level, precision > 0.97 AS precise, recall > 0.9 AS complete FROM cdp.evaluate('scored_t', 'scored_src.truth') WHERE level = 'pairs';

-- the mailbox of the couple ties nobody any more, and the refusal is listed
SELECT scored_src.profiles('90001', '90002', '90003', '90004') AS couple;
SELECT a.source_key, b.source_key, f.kind, f.value, f.refused_by FROM scored_t.refused_merge f JOIN scored_t.record a ON a.record_id = f.record_a JOIN scored_t.record b ON b.record_id = f.record_b
 WHERE f.value = 'quimbys@example.com' ORDER BY 1, 2;

-- a limit holds against scored pairs too
SELECT scored_src.profiles('90011', '90012') AS accounts;
SELECT a.source_key, b.source_key, f.kind, f.value, f.refused_by FROM scored_t.refused_merge f JOIN scored_t.record a ON a.record_id = f.record_a JOIN scored_t.record b ON b.record_id = f.record_b
 WHERE a.source_key = '90011';

-- a role mailbox says nothing
SELECT e.comparison, e.level, e.weight FROM scored_t.record a, scored_t.record b, cdp.explain_pair('scored_t', a.record_id, b.record_id) e
 WHERE a.source_key = '90031' AND b.source_key = '90032' AND e.comparison = 'email';

-- a ruling as well; withdrawn, what was scored is back
SELECT scored_src.profiles('90021', '90022') AS before_ruling;
SELECT cdp.rule_different('scored_t', a.record_id, b.record_id, 'father and son') FROM scored_t.record a, scored_t.record b WHERE a.source_key = '90021' AND b.source_key = '90022';
SELECT split FROM cdp.resolve('scored_t');
SELECT scored_src.profiles('90021', '90022') AS ruled;
SELECT cdp.withdraw_ruling('scored_t', a.record_id, b.record_id) FROM scored_t.record a, scored_t.record b WHERE a.source_key = '90021' AND b.source_key = '90022';
SELECT merged FROM cdp.resolve('scored_t');
SELECT scored_src.profiles('90021', '90022') AS withdrawn;

-- confidence is the probability of the weakest join; 1 where none was needed
SELECT count(*) FILTER (WHERE p.confidence IS NULL) AS without, count(*) FILTER (WHERE p.record_count = 1 AND p.confidence < 1) AS single_unsure,
       count(*) FILTER (WHERE w.profile_id IS NOT NULL AND abs(p.confidence - 1 / (1 + 2 ^ -w.weight)) > 1e-6) AS other, bool_or(p.confidence BETWEEN 0.5 AND 0.9999) AS some_unsure
  FROM scored_t.profile p LEFT JOIN scored_t.weakest_link w USING (profile_id);
SELECT count(*) AS strangers FROM scored_t.weakest_link w
 WHERE NOT EXISTS (SELECT FROM scored_t.identity i WHERE i.record_id = w.record_a AND i.profile_id = w.profile_id)
    OR NOT EXISTS (SELECT FROM scored_t.identity i WHERE i.record_id = w.record_b AND i.profile_id = w.profile_id);

-- a value that changes is scored again, alone
UPDATE scored_src.person SET given = 'Leo', family = 'Unrelated', born = '1999-09-09', street = '500 Far Away' WHERE id = 90022;
SELECT changed, split FROM cdp.resolve('scored_t');
SELECT scored_src.profiles('90021', '90022') AS changed, (SELECT count(*) FROM scored_t.link l JOIN scored_t.record r ON r.record_id IN (l.record_a, l.record_b) WHERE r.source_key = '90022') AS links;

-- many rulings are learned from: persons who say that other first names are one person's make m of it greater
CREATE TEMP TABLE before AS SELECT m FROM scored_t.match_level JOIN scored_t.match_model USING (model_id) WHERE active AND comparison = 'name' AND name = 'else_exact';
SELECT count(*) >= 50 AS rulings FROM (SELECT cdp.rule_same('scored_t', least(a.record_id, b.record_id), greatest(a.record_id, b.record_id), 'goes by another name')
  FROM (SELECT r.record_id, r.family_name, row_number() OVER (PARTITION BY r.family_name ORDER BY r.record_id) AS n FROM scored_t.record r WHERE r.source_key::int < 90000 AND r.family_name !~ 'q') a
  JOIN (SELECT r.record_id, r.family_name, r.given_name, row_number() OVER (PARTITION BY r.family_name ORDER BY r.record_id DESC) AS n FROM scored_t.record r WHERE r.source_key::int < 90000 AND r.family_name !~ 'q') b
    ON a.family_name = b.family_name AND a.n = b.n AND a.n <= 5 AND a.record_id <> b.record_id OFFSET 0) x;
SELECT count(*) > 20 AS learned FROM cdp.train('scored_t') WHERE topic <> 'warning';
SELECT l.m > b.m * 1.2 AS learned_from_rulings FROM scored_t.match_level l JOIN scored_t.match_model USING (model_id), before b WHERE active AND comparison = 'name' AND name = 'else_exact';

-- without a model all is as before
SELECT cdp.activate_model('scored_t', 0);
SELECT cdp.withdraw_ruling('scored_t', l.record_a, l.record_b) FROM scored_t.link l WHERE l.origin = 'ruling' \g /dev/null
SELECT records FROM cdp.resolve('scored_t');
SELECT scored_src.profiles('90001', '90002', '90003', '90004') AS couple, (SELECT count(confidence) FROM scored_t.profile) AS with_confidence,
       (SELECT count(*) FROM scored_t.link) AS links, (SELECT count(*) FROM scored_t.weakest_link) AS weakest;

SELECT cdp.drop_space('scored_t', 'scored_t');
DROP SCHEMA scored_src CASCADE;
