-- model: importing, exporting, activating; what makes no model
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE SCHEMA model_src;
CREATE TABLE model_src.row (id int PRIMARY KEY, given text, family text, email text, company text);
INSERT INTO model_src.row VALUES (1, 'Bob', 'Smith', 'bob@example.com', 'ACME'), (2, 'Robert', 'Smith', NULL, 'acme'), (3, 'Ann', 'Lee', 'lee@example.com', NULL);
SELECT cdp.create_space('model_t');
SELECT cdp.add_source('model_t', 'model_src.row', key => 'id', name => 'row', fields => '{"given_name": "given", "family_name": "family", "email": "email", "company": "company"}');
SELECT records, profiles FROM cdp.resolve('model_t');

-- no model, none active
SELECT cdp.export_model('model_t');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.activate_model('model_t', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.activate_model('model_t', 0);

-- a model of a measure, of conditions, with frequencies and rules
SELECT jsonb_build_object('lambda', 0.001, 'share', '[0.9, 0.05, 0.03, 0.02]'::jsonb, 'comparisons', jsonb_build_array(
    jsonb_build_object('comparison', 'name', 'measure', 'person_name', 'attributes', '["given_name", "family_name"]'::jsonb, 'inputs', '[{"people": 3}, {"people": 3, "rarity_unseen": 0.5}]'::jsonb,
                       'levels', (SELECT jsonb_agg(jsonb_build_object('name', l.name, 'm', l.m_default, 'u', l.u_default) ORDER BY l.level) FROM cdp.comparison_levels('person_name') l)),
    '{"comparison": "company", "levels": [{"name": "same", "condition": "lower(a.company) = lower(b.company)", "m": 0.75, "u": [0.01, 0.02, 0.03, 0.04]}, {"name": "else", "m": 0.25, "u": 0.99}]}'::jsonb),
    'frequencies', '[["name", 1, "smith", 0.125]]'::jsonb, 'rules', '[["name.family exact"], ["name.given sound", "name.family sound"]]'::jsonb) AS model \gset
SELECT cdp.import_model('model_t', :'model', 'by hand');
SELECT model_id, origin, active, why, lambda, share FROM model_t.match_model;
SELECT comparison, measure, attributes, conditions, count(*) AS levels, round(sum(m)::numeric, 9) AS m FROM model_t.match_level GROUP BY position, 1, 2, 3, 4 ORDER BY position;
SELECT * FROM model_t.match_input ORDER BY 2, 3;
SELECT * FROM model_t.match_frequency;
SELECT rule, keys FROM model_t.match_rule ORDER BY 1;
SELECT cdp.activate_model('model_t', 1);
SELECT topic, comparison, level, m, u, round(weight::numeric, 4) AS weight FROM cdp.show_model('model_t') WHERE topic <> 'level' OR comparison = 'company';
-- out and in again: the same
SELECT cdp.import_model('model_t', cdp.export_model('model_t'), 'copy');
SELECT cdp.export_model('model_t', 1) - '{made_at}'::text[] = cdp.export_model('model_t', 2) - '{made_at}'::text[] AS same,
       cdp.export_model('model_t', 1, frequencies => false) ? 'frequencies' AS with_frequencies;
-- one is active
SELECT cdp.activate_model('model_t', 2);
SELECT model_id, active FROM model_t.match_model ORDER BY 1;
SELECT cdp.activate_model('model_t', 3);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.activate_model('model_t', NULL);
SELECT count(*) FROM model_t.match_model WHERE active;

-- what makes no model: nothing is written
CREATE FUNCTION pg_temp.refused(model jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.import_model('model_t', model, 'test');
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.code(levels text, lambda text DEFAULT '0.01', more text DEFAULT '') RETURNS jsonb LANGUAGE sql AS
$$ SELECT format('{"lambda": %s, %s "comparisons": [{"comparison": "gender", "measure": "code", "levels": [%s]}]}', lambda, more, levels)::jsonb $$;
\set good '{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}'
SELECT pg_temp.refused(pg_temp.code(:'good'));
SELECT pg_temp.refused('[]');
SELECT pg_temp.refused('{}');
SELECT pg_temp.refused(pg_temp.code(:'good', '0'));
SELECT pg_temp.refused(pg_temp.code(:'good', '1'));
SELECT pg_temp.refused(pg_temp.code(:'good', '-0.5'));
SELECT pg_temp.refused(pg_temp.code(:'good', '"x"'));
SELECT pg_temp.refused(pg_temp.code(:'good', '0.01', '"share": [0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],'));
SELECT pg_temp.refused(pg_temp.code(:'good', '0.01', '"share": [0.5, 0.4, 0, 0],'));
SELECT pg_temp.refused(pg_temp.code(:'good', '0.01', '"share": [1.5, -0.5, 0, 0],'));
SELECT pg_temp.refused(pg_temp.code(:'good', '0.01', '"pairs_per_record": 0.5,'));
SELECT pg_temp.refused(pg_temp.code(:'good', '0.01', '"pairs_per_record": "many",'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "exact", "m": 0.1, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "close", "m": 0.1, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.2, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.4}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 1, "u": 0.5}, {"name": "else", "m": 0, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": 0}, {"name": "else", "m": 0.1, "u": 1}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": 0.9, "u": []}, {"name": "else", "m": 0.1, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "m": "0.9", "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('{"name": "exact", "u": 0.5}, {"name": "else", "m": 0.1, "u": 0.5}'));
SELECT pg_temp.refused(pg_temp.code('"exact"'));
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": [{"comparison": "gender", "measure": "sound", "levels": []}]}');
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": [{"comparison": "gender"}]}');
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": [{"measure": "code"}]}');
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": []}');
SELECT pg_temp.refused(jsonb_set(pg_temp.code(:'good'), '{comparisons,1}', pg_temp.code(:'good') -> 'comparisons' -> 0));
SELECT pg_temp.refused(jsonb_set(pg_temp.code(:'good'), '{comparisons,0,comparison}', '"no attribute"'));
SELECT pg_temp.refused(jsonb_set(pg_temp.code(:'good'), '{comparisons,0,attributes}', '["gender", "state"]'));
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": [{"comparison": "company", "levels": [{"name": "same", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}]}');
SELECT pg_temp.refused('{"lambda": 0.01, "comparisons": [{"comparison": "company", "levels": [{"name": "same", "condition": "a.company = b.", "m": 0.9, "u": 0.1}, {"name": "else", "m": 0.1, "u": 0.9}]}]}');
SELECT pg_temp.refused(pg_temp.code(:'good') || '{"frequencies": [["gender", 0, "F", 0]]}');
SELECT pg_temp.refused(pg_temp.code(:'good') || '{"frequencies": [["gender", 0, "F", 0.5], ["gender", 0, "F", 0.5]]}');
SELECT pg_temp.refused(pg_temp.code(:'good') || '{"rules": ["gender"]}');
SELECT pg_temp.refused(pg_temp.code(:'good') || '{"nicknames": [["bob"]]}');
SELECT cdp.import_model('model_t', :'model', '');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.import_model('model_t', :'model'::jsonb || '{"rules": [["company exact"], ["foo exact"]]}', 'a key that is none');
SELECT count(*) AS models, (SELECT count(DISTINCT model_id) FROM model_t.match_level) AS with_levels FROM model_t.match_model;
-- too little to train: said in words, with the documented defaults
SELECT topic, description FROM cdp.train('model_t') WHERE topic = 'warning' AND description ~ 'defaults';
SELECT origin, active FROM model_t.match_model WHERE active;
SELECT step, state FROM model_t.run WHERE step = 'train';
SELECT * FROM cdp.train('model_t', 0);
\echo :LAST_ERROR_SQLSTATE
-- the budget that a model was made within is its own
SET cdp.max_pairs_per_record = 30;
SELECT cdp.import_model('model_t', :'model', 'other budget') AS other \gset
SELECT cdp.import_model('model_t', (:'model'::jsonb || '{"pairs_per_record": 40}'), 'told') AS told \gset
RESET cdp.max_pairs_per_record;
SELECT why, pairs_per_record FROM model_t.match_model WHERE model_id IN (1, :other, :told) ORDER BY model_id;
SELECT cdp.export_model('model_t', :told) ->> 'pairs_per_record' AS exported;
SELECT cdp.drop_space('model_t', confirm => 'model_t');
DROP SCHEMA model_src CASCADE;
