-- accuracy_pseudopeople.sql: a census of three years, social security, and WIC as five
-- sources. What the columns mean: names, birth dates and sex of people who move and who
-- take another name when they marry; a social security number in one source; zip code
-- and town are the same for all. The census of 2040 has people born after today, which
-- the kind birth_date refuses: here it is a plain date.
SELECT cdp.create_space('customer');
SELECT cdp.add_attribute('customer', 'born', 'date', survivorship => 'most_frequent', max_per_profile => 1, description => 'date of birth');
SELECT cdp.add_attribute('customer', 'initial', 'text', description => 'first letter of the middle name');
SELECT cdp.add_attribute('customer', 'ssn', 'id', survivorship => 'most_trusted', is_identifier => true, priority => 5, max_per_profile => 1);

SELECT cdp.add_source('customer', 'raw.census', name => 'census ' || y.year, key => 'row_number', filter => format('year = %L', y.year),
    observed_at => format('timestamptz %L', y.year || '-04-01 00:00+00'), trust => 60,
    fields => '{"given_name": "first_name", "initial": "middle_initial", "family_name": "last_name", "born": "date_of_birth", "gender": "sex",
                "street": "concat_ws('' '', street_number, street_name, unit_number)"}')
  FROM (VALUES ('2020'), ('2030'), ('2040')) AS y(year);
SELECT cdp.add_source('customer', 'raw.ssa', name => 'social security', key => 'row_number', observed_at => 'event_date::timestamp AT TIME ZONE ''UTC''', trust => 90,
    fields => '{"given_name": "first_name", "initial": "left(middle_name, 1)", "family_name": "last_name", "born": "date_of_birth", "gender": "sex", "ssn": "ssn"}');
SELECT cdp.add_source('customer', 'raw.wic', name => 'wic', key => 'row_number', observed_at => '(year || ''-12-31'')::timestamp AT TIME ZONE ''UTC''', trust => 50,
    fields => '{"given_name": "first_name", "initial": "middle_initial", "family_name": "last_name", "born": "date_of_birth", "gender": "sex",
                "street": "concat_ws('' '', street_number, street_name, unit_number)"}');

SELECT cdp.add_rule('customer', 'name and birth date', '{given_name,family_name,born}', priority => 100);
SELECT cdp.add_rule('customer', 'given name, birth date and address', '{given_name,born,street}', priority => 110);
-- people who took another name
SELECT cdp.add_rule('customer', 'given name, initial, birth date and sex', '{given_name,initial,born,gender}', priority => 120);
-- where the birth date is missing
SELECT cdp.add_rule('customer', 'full name and address', '{given_name,initial,family_name,street}', priority => 130);

CREATE SCHEMA truth;
CREATE TABLE truth.record AS
SELECT 'census ' || year AS source, row_number::text AS source_key, simulant_id AS entity FROM raw.census
UNION ALL SELECT 'social security', row_number::text, simulant_id FROM raw.ssa
UNION ALL SELECT 'wic', row_number::text, simulant_id FROM raw.wic;
