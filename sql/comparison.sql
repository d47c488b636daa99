-- comparison: what is compared by default, what a user sets, conditions in SQL
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set VERBOSITY terse
\set SHOW_CONTEXT never
-- given and family name in whole names
SELECT x AS full_name, cdp_internal.given_part(x), cdp_internal.family_part(x)
  FROM unnest(ARRAY['John Smith', 'Smith, John', 'Smith, John Henry', 'John Smith, Jr.', 'Dr. Ann Lee PhD', 'Madonna', 'Ludwig van Beethoven',
                    'van der Berg, Jan Peter', 'Dr.', '', ',', 'José Ñandú']) x;

-- the generation behind a name is no part of it; one word is a name, whatever it is
SELECT x AS name, cdp_internal.generation(x), cdp_internal.without_suffix(x)
  FROM unnest(ARRAY['Smith', 'Smith Jr', 'Smith, Jr.', 'SMITH II', 'Smith Sr.', 'Smith III MD', 'Smith PhD', 'Smith Jr, John', 'John I', 'Junior', 'Jr', '']) x;

CREATE SCHEMA comparison_src;
CREATE TABLE comparison_src.row (id int PRIMARY KEY, given text, family text, whole text, born text, email text, phone text, state text, company text, size text, name text, lang text);
INSERT INTO comparison_src.row VALUES
    (1, 'Bob', 'Smith', NULL, '1980-01-02', 'bob@example.com', '2125551234', 'NY', 'ACME', '5', 'x', 'en'),
    (2, NULL, NULL, 'Smith, Robert', '1980-01-02', NULL, NULL, 'NY', 'acme', '6', NULL, 'en');
SELECT cdp.create_space('comparison_t');
SELECT cdp.add_attribute('comparison_t', 'name', 'text');
SELECT cdp.add_attribute('comparison_t', 'size', 'text');
-- nothing in use, nothing to compare
SELECT count(*) FROM cdp.comparisons('comparison_t');
SELECT cdp.add_source('comparison_t', 'comparison_src.row', key => 'id', name => 'row', fields =>
    '{"given_name": "given", "family_name": "family", "full_name": "whole", "birth_date": "born", "email": "email", "phone": "phone", "state": "state", "company": "company", "size": "size", "name": "name", "language": "lang"}');
SELECT records FROM cdp.resolve('comparison_t');
SELECT * FROM cdp.comparisons('comparison_t');
-- the inputs: matching keys, the parts of a whole name where the parts are not there
SELECT c.comparison, c.is_place, c.input_sql FROM cdp_internal.comparisons('comparison_t') c;

-- another measure, another comparison, one left out
SELECT cdp.set_comparison('comparison_t', 'company', measure => 'id');
SELECT cdp.set_comparison('comparison_t', 'state', enabled => false);
SELECT cdp.set_comparison('comparison_t', 'company and size', '{company,size}', conditions =>
    '[{"name": "same", "condition": "lower(a.company) = lower(b.company) AND a.size = b.size", "description": "same company and size"}, {"name": "next", "condition": "a.size::int + 1 = b.size::int"}]');
SELECT position, comparison, measure, attributes, is_default, enabled FROM cdp.comparisons('comparison_t') WHERE NOT is_default;
SELECT cdp.set_comparison('comparison_t', 'state');
SELECT comparison, measure, enabled FROM cdp.comparisons('comparison_t') WHERE comparison = 'state';
-- the first condition that holds; else; a null is not true; whoever comes first is a
SELECT x.a, x.b, cdp_internal.condition_level('comparison_t', c.comparison, c.attributes, c.conditions, x.a, x.b, 1, 2) AS level
  FROM cdp.comparisons('comparison_t') c
 CROSS JOIN (VALUES ('["ACME", "5"]', '["acme", "5"]'), ('["ACME", "5"]', '["acme", "6"]'), ('["acme", "6"]', '["ACME", "5"]'), ('["ACME", "5"]', '["B", "9"]'),
                    ('["ACME", null]', '["acme", "5"]')) x(a, b)
 WHERE c.comparison = 'company and size';
-- the error names the level and the records, not the value
SELECT cdp_internal.condition_level('comparison_t', c.comparison, c.attributes, c.conditions, '["A", "5"]', '["B", "secret"]', 17, 42)
  FROM cdp.comparisons('comparison_t') c WHERE c.comparison = 'company and size';
\echo :LAST_ERROR_SQLSTATE
\echo :LAST_ERROR_MESSAGE
-- and back
SELECT cdp.drop_comparison('comparison_t', 'company and size');
SELECT cdp.drop_comparison('comparison_t', 'company');
SELECT cdp.drop_comparison('comparison_t', 'state');
SELECT count(*) FILTER (WHERE is_default) AS by_default, count(*) FILTER (WHERE NOT is_default) AS set FROM cdp.comparisons('comparison_t');

-- what is refused
CREATE FUNCTION pg_temp.refused(VARIADIC arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp.set_comparison('comparison_t', arguments[1], arguments[2]::text[], arguments[3], arguments[4]::jsonb);
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.refused('x', '{company}', NULL, NULL);
SELECT pg_temp.refused('x', '{company}', 'sound', NULL);
SELECT pg_temp.refused('x', '{company}', 'text', '[{"name": "same", "condition": "true"}]');
SELECT pg_temp.refused('x', '{company,size}', 'text', NULL);
SELECT pg_temp.refused('x', '{company}', 'person_name', NULL);
SELECT pg_temp.refused('x', '{nothing}', 'text', NULL);
SELECT pg_temp.refused('x', '{}', 'text', NULL);
SELECT pg_temp.refused('', '{company}', 'text', NULL);
SELECT pg_temp.refused('x', '{company}', NULL, '[]');
SELECT pg_temp.refused('x', '{company}', NULL, '{"name": "same"}');
SELECT pg_temp.refused('x', '{company,size,name,state,email,phone,birth_date,given_name,family_name}', NULL, '[{"name": "same", "condition": "true"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "else", "condition": "true"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "true"}, {"name": "same", "condition": "true"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "company = b.company"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a.company"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a.size = b.size"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a.record_id < b.record_id"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a = b"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a.company IN (SELECT company FROM comparison_t.record)"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "random() > 0.5"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "true; DROP TABLE comparison_t.record"}]');
SELECT pg_temp.refused('x', '{company}', NULL, '[{"name": "same", "condition": "a.company = b.company FROM comparison_t.record"}]');
SELECT pg_temp.refused('x', '{city}', NULL, '[{"name": "same", "condition": "a.city = b.city"}]');
SELECT cdp.set_comparison('comparison_t', 'nothing', enabled => false);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_comparison('comparison_t', 'company');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM comparison_t.match_comparison;

-- nicknames of one's own
SELECT cdp.add_nickname('comparison_t', 'Zed', 'Alphonse');
SELECT cdp.add_nickname('comparison_t', 'ALPHONSE', 'zed');
SELECT * FROM comparison_t.match_nickname;
SELECT cdp.add_nickname('comparison_t', 'Zed', 'zed');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_space('comparison_t', confirm => 'comparison_t');
DROP SCHEMA comparison_src CASCADE;
