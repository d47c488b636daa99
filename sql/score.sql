-- score: weights in SQL, term by term, as the engine gives them
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
-- The worked pair 479 and 481 of Splink's fake_1000 (shared/data/strings): odds of .3 / 9, first name with term frequency, .9 and .1 for the rest
\set classical '{"lambda": 0.045454545454545456, "comparisons": [{"comparison": "first_name", "levels": [{"name": "exact", "m": 0.7, "u": 0.1}, {"name": "close", "m": 0.2, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.8}]}, {"comparison": "surname", "levels": [{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}, {"comparison": "dob", "levels": [{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}, {"comparison": "email", "levels": [{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}, {"comparison": "city", "levels": [{"name": "exact", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}]}'
\set levels '{"first_name": "exact", "surname": "exact", "dob": "exact", "email": "else", "city": 2}'
SELECT abs(w - 0.5101493570766487) < 1e-15 * 0.5101493570766487 AS weight, abs(1 / (1 + 2 ^ -w) - 0.5874923778509089) < 1e-15 AS probability
  FROM cdp.levels_weight(:'classical', :'levels', jsonb_build_object('first_name', 1 / 4.272592890212634::float8)) w;
SELECT round(cdp.levels_weight(:'classical', :'levels')::numeric, 10) AS without_frequency, round(cdp.levels_weight(:'classical', '{}')::numeric, 10) AS nothing_compared;
SELECT cdp.levels_weight(:'classical', '{"dob": "nearly"}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.levels_weight(:'classical', '{"dob": 3}');
SELECT cdp.levels_weight(:'classical', '[]');
SELECT cdp.levels_weight(:'classical', '{"dob": 1}', '{"dob": -1}');
\echo :LAST_ERROR_SQLSTATE

-- measures and relations: the waterfall by hand
\set model '{"lambda": 0.01, "share": [0.8, 0.1, 0.05, 0.05], "comparisons": [{"comparison": "state", "measure": "code", "is_place": true, "levels": [{"name": "exact", "m": 0.8, "u": [0.1, 0.9, 0.9, 0.1]}, {"name": "else", "m": 0.2, "u": [0.9, 0.1, 0.1, 0.9]}]}, {"comparison": "gender", "measure": "code", "levels": [{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}]}, {"comparison": "country", "measure": "code", "is_place": true, "levels": [{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}]}]}'
SELECT step, comparison, level, name, m, round(u::numeric, 6) AS u, round(weight::numeric, 6) AS weight, round(rarity::numeric, 6) AS rarity, round(running_total::numeric, 6) AS running_total, round(probability::numeric, 6) AS probability
  FROM cdp.pair_levels(:'model', '{"state": [["TX", 0.25]], "gender": [["X", 0.5]]}', '{"state": [["TX", 0.25]], "gender": [["X", 0.5]], "country": ["US"]}');
-- by hand: this gender is half as frequent whatever the relation; this state is shared by chance a quarter as often, in one area or home as often as any
SELECT round(log(2, 0.01 * 0.8 * 0.9 / (0.99 * 0.5 * 0.5 * (0.8 * 0.1 * 0.25 + 0.1 * 0.9 + 0.05 * 0.9 + 0.05 * 0.1 * 0.25))), 6) AS by_hand;
SELECT cdp.pair_weight(:'model', '{"state": ["TX"]}', '{"state": ["NY"]}') = cdp.pair_weight(:'model', '{"state": ["NY"]}', '{"state": ["TX"]}') AS symmetric,
       cdp.pair_weight(:'model', '{}', '{}') = cdp.pair_weight(:'model', '{"state": [null], "other": 3}', '{"gender": null}') AS missing_weighs_nothing;
SELECT cdp.pair_weight(:'model', '{"state": "TX"}', '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.pair_weight(:'model', '{"state": [["TX", 0]]}', '{}');
SELECT cdp.pair_weight(:'model', '{"state": ["TX", "NY"]}', '{}');
SELECT cdp.pair_weight(:'model', '3', '{}');
SELECT cdp.pair_weight('{"lambda": 2}', '{}', '{}');
\echo :LAST_ERROR_SQLSTATE
-- nicknames of the model's own; another model in the same place
SELECT m.i, p.name FROM (VALUES (1, '[]'::jsonb), (2, '[["aaa", "zzz"]]'), (3, '[]')) m(i, nicknames)
 CROSS JOIN LATERAL cdp.pair_levels(jsonb_build_object('lambda', 0.01, 'nicknames', m.nicknames, 'comparisons', jsonb_build_array(jsonb_build_object('comparison', 'n', 'measure', 'name', 'levels',
        (SELECT jsonb_agg(jsonb_build_object('name', l.name, 'm', l.m_default, 'u', l.u_default)) FROM cdp.comparison_levels('name') l)))), '{"n": ["aaa"]}', '{"n": ["zzz"]}') p
 WHERE p.step = 1 ORDER BY 1;
-- a space of people with slips: engine and SQL agree on every pair, to the last bit
CREATE SCHEMA score_src;
CREATE TABLE score_src.person AS
SELECT i AS person, (ARRAY['James','Mary','Robert','Patricia','John','Jennifer','Michael','Linda','David','Elizabeth'])[1 + abs(hashint4(i)) % 10] AS given,
       (ARRAY['Smith','Johnson','Brown','Taylor','Miller','Davis','Wilson','Moore','Clark','Lewis'])[1 + abs(hashint4(i + 1000)) % 10] || (ARRAY['','son','man','er'])[1 + abs(hashint4(i + 2000)) % 4] AS family,
       date '1950-01-01' + abs(hashint4(i + 3000)) % 18000 AS born, (ARRAY['Austin','Dallas','Houston','Denver'])[1 + abs(hashint4(i + 4000)) % 4] AS city,
       '+1212555' || lpad((abs(hashint4(i + 7000)) % 10000)::text, 4, '0') AS phone
  FROM generate_series(1, 120) i;
CREATE TABLE score_src.row AS
SELECT person || '-' || c AS id, CASE WHEN c = 2 AND person % 5 = 0 THEN left(given, 1) ELSE given END AS given,
       CASE WHEN c = 2 AND person % 6 = 0 THEN family || 'e' ELSE family END AS family, CASE WHEN c = 3 AND person % 4 = 0 THEN born + 1 ELSE born END AS born,
       CASE WHEN c = 3 AND person % 3 = 0 THEN NULL ELSE city END AS city, CASE WHEN c = 2 AND person % 2 = 0 THEN NULL ELSE phone END AS phone
  FROM score_src.person, generate_series(1, 3) c;
SELECT cdp.create_space('score_t');
SELECT cdp.add_source('score_t', 'score_src.row', key => 'id', name => 'row', fields => '{"given_name": "given", "family_name": "family", "birth_date": "born::text", "city": "city", "phone": "phone", "company": "NULL::text", "country": "''US''::text"}');
SELECT records FROM cdp.resolve('score_t');
SELECT count(*) > 0 AS trained FROM cdp.train('score_t') WHERE topic = 'level';
-- what no record has is no part of the model; what is the same for all is, and weighs next to nothing
SELECT count(*) FILTER (WHERE comparison = 'company') AS company, count(*) FILTER (WHERE comparison = 'country') AS country, min(m) > 0 AND min(u[1]) > 0 AND min(u[4]) > 0 AS above_zero FROM score_t.match_level;
CREATE TEMP TABLE scored AS SELECT p.* FROM cdp_internal.score_pairs('score_t', 1) p;
SELECT count(*) > 100 AS pairs, min(weight) > 0 AS positive FROM scored;
WITH v AS MATERIALIZED (SELECT * FROM cdp.match_values('score_t')), m AS MATERIALIZED (SELECT cdp.export_model('score_t', frequencies => false) AS model)
SELECT count(*) AS differ FROM m, scored s JOIN v a ON a.record_id = s.record_a JOIN v b ON b.record_id = s.record_b
 WHERE s.weight <> cdp.pair_weight(m.model, a.keys, b.keys) OR s.weight <> cdp.pair_weight(m.model, b.keys, a.keys);
-- explanations sum to the weight exactly, and their last running total is it
SELECT count(*) AS differ FROM (SELECT * FROM scored ORDER BY record_a, record_b LIMIT 50) s
 CROSS JOIN LATERAL (SELECT sum(e.weight) AS sum, (array_agg(e.running_total ORDER BY e.step DESC))[1] AS last FROM cdp.explain_pair('score_t', s.record_a, s.record_b) e) x
 WHERE x.sum <> s.weight OR x.last <> s.weight;
-- values as people write them
SELECT cdp.import_model('score_t', jsonb_build_object('lambda', 0.01, 'comparisons', jsonb_build_array(
        jsonb_build_object('comparison', 'name', 'measure', 'person_name', 'attributes', '["given_name", "family_name", "full_name"]'::jsonb, 'levels',
                           (SELECT jsonb_agg(jsonb_build_object('name', l.name, 'm', 1.0 / l.n, 'u', 1.0 / l.n)) FROM (SELECT l.name, count(*) OVER (PARTITION BY l.name ~ '^given_|^misplaced', l.name ~ '^family_', l.name ~ '^mail_') AS n FROM cdp.comparison_levels('person_name') l) l)),
        '{"comparison": "where", "attributes": ["city", "phone"], "levels": [{"name": "both", "condition": "a.city = b.city AND a.phone = b.phone", "m": 0.8, "u": 0.1, "description": "city and phone agree"}, {"name": "else", "m": 0.2, "u": 0.9}]}'::jsonb)), 'fixed numbers');
SELECT e.step, e.comparison, e.value_a, e.value_b, e.level, e.description, round(e.weight::numeric, 4) AS weight
  FROM score_t.record a JOIN score_t.record b ON a.source_key = '5-1' AND b.source_key = '5-2' CROSS JOIN LATERAL cdp.explain_pair('score_t', a.record_id, b.record_id, 2) e;
SELECT * FROM cdp.explain_pair('score_t', 1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.explain_pair('score_t', 1, 100000);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.explain_pair('score_t', 1, 2, 99);
\echo :LAST_ERROR_SQLSTATE
-- what decides whatever the weight is: rulings and limits, of the two records and of their profiles
CREATE TABLE score_src.ruled (id int PRIMARY KEY, given text, family text, email text, born text);
INSERT INTO score_src.ruled VALUES (1, 'Ann', 'Lee', 'ann@example.com', '1980-01-01'), (2, 'Ann', 'Lee', 'ann@example.com', '1990-01-01'), (3, 'Ann', 'Lee', 'lee@example.com', NULL),
    (4, 'Bob', 'Fox', 'bob@example.com', NULL), (5, 'Robert', 'Fox', 'fox@example.com', NULL), (6, 'Robert', 'Fox', 'bob@example.com', NULL);
SELECT cdp.create_space('score_r');
SELECT cdp.set_attribute('score_r', 'birth_date', 'max_per_profile', '1');
SELECT cdp.add_source('score_r', 'score_src.ruled', key => 'id', fields => '{"given_name": "given", "family_name": "family", "email": "email", "birth_date": "born"}');
SELECT records FROM cdp.resolve('score_r');
SELECT count(*) > 0 AS trained FROM cdp.train('score_r');
SELECT cdp.rule_same('score_r', 3, 1, 'called'), cdp.rule_different('score_r', 4, 5, 'father and son');
SELECT records, profiles FROM cdp.resolve('score_r');
SELECT p.a, p.b, e.step, e.comparison, e.value_a, e.value_b, e.level, replace(replace(e.description, session_user, 'somebody'), to_char(now(), 'YYYY-MM-DD'), 'today') AS description
  FROM (VALUES (1, 2), (1, 3), (3, 2), (5, 4), (5, 6), (4, 6)) p(a, b) CROSS JOIN LATERAL cdp.explain_pair('score_r', p.a, p.b) e WHERE e.step <= 0 ORDER BY 1, 2, 3;
-- they have no numbers: the sum is the weight as before
SELECT bool_and(e.weight IS NULL AND e.running_total IS NULL) AS none, (SELECT sum(x.weight) = cdp.pair_weight(cdp.export_model('score_r', frequencies => false), (SELECT keys FROM cdp.match_values('score_r', record_ids => '{4}')), (SELECT keys FROM cdp.match_values('score_r', record_ids => '{5}')))
                                                                          FROM cdp.explain_pair('score_r', 4, 5) x) AS sums
  FROM cdp.explain_pair('score_r', 4, 5) e WHERE e.step < 0;
-- a word taken back is said no more; against a limit a ruling is of no avail, and both are said
SELECT cdp.withdraw_ruling('score_r', 4, 5), cdp.rule_same('score_r', 1, 2, 'a slip');
SELECT records, profiles FROM cdp.resolve('score_r');
SELECT p.a, p.b, e.step, e.comparison, e.level FROM (VALUES (4, 5), (1, 2)) p(a, b) CROSS JOIN LATERAL cdp.explain_pair('score_r', p.a, p.b) e WHERE e.step < 0 ORDER BY 1, 2, 3;
SELECT e.topic, e.name, e.value, e.record_id, replace(e.because, session_user, 'somebody') AS because FROM cdp.explain_profile('score_r', 2) e WHERE e.topic IN ('record', 'refused');
SELECT cdp.drop_space('score_r', confirm => 'score_r');
SELECT cdp.drop_space('score_t', confirm => 'score_t');
DROP SCHEMA score_src CASCADE;
