-- accuracy_senzing.sql: persons and organisations of three sources. What the columns
-- mean, and what a look at each column shows: US order of dates, two-digit years; whole
-- names in both orders ("Wang Jie", "Charney, Peggie"); whole addresses in one field or
-- in parts; countries and states in several spellings; social security numbers whole or
-- only the last four digits; phone numbers of which only mobile ones are personal.
CREATE FUNCTION raw.birth_date(value text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a two-digit year of birth lies in the hundred years up to now
    SELECT CASE WHEN value ~ '[/-]\d\d$' AND value !~ '^\d{4}'
                THEN left(value, -2) || (CASE WHEN right(value, 2)::int > extract(year FROM current_date)::int % 100 THEN '19' ELSE '20' END) || right(value, 2)
                ELSE value END;
END;

-- the part of an address that begins with a house number: "Skyline Apartments, 705 Sheppard Ave" is 705 Sheppard Ave
CREATE FUNCTION raw.street(line text, whole text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((SELECT trim(part) FROM regexp_split_to_table(coalesce(line, whole), ',') WITH ORDINALITY p(part, i) WHERE part ~ '^\s*\d' ORDER BY i LIMIT 1),
                    split_part(coalesce(line, whole), ',', 1));
END;

-- the words of a name in one order
CREATE FUNCTION raw.words(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(word, ' ' ORDER BY word COLLATE "C") FROM regexp_split_to_table(cdp.name_key(name), ' ') AS word;
END;

-- one shape for the three files
CREATE VIEW raw.party AS
SELECT p.source, p.record_id, p.given_name, p.family_name, p.full_name,
       raw.words(coalesce(p.full_name, p.native_name)) AS name_words, p.native_name, p.organisation,
       raw.birth_date(p.born) AS birth_date, p.gender, p.email, p.phone, p.region, p.record_type,
       raw.street(p.line, p.address) AS street, p.city, p.state, p.postal_code, p.country,
       p.passport || cdp.normalize_country(p.passport_country) AS passport,
       p.licence || cdp.normalize_state(p.licence_state) AS driving_licence,
       CASE WHEN p.ssn ~ '^\d{3}-?\d{2}-?\d{4}$' THEN p.ssn END AS ssn, right(p.ssn, 4) AS ssn_end,
       p.national_id || cdp.normalize_country(p.national_id_country) AS national_id, p.national_id AS national_id_number,
       p.tax_id, p.lei
  FROM (SELECT 'customers' AS source, record_id, primary_name_first AS given_name, primary_name_last AS family_name,
               coalesce(primary_name_full, nullif(concat_ws(' ', primary_name_first, primary_name_last), ''), native_name_full) AS full_name, native_name_full AS native_name,
               ARRAY[primary_name_org, secondary_name_org] AS organisation, date_of_birth AS born, gender, email_address AS email, phone_number AS phone,
               coalesce(cdp.normalize_country(addr_country), 'US') AS region, record_type, addr_line1 AS line, addr_full AS address,
               addr_city AS city, addr_state AS state, addr_postal_code AS postal_code, addr_country AS country,
               passport_number AS passport, passport_country, drivers_license_number AS licence, drivers_license_state AS licence_state,
               ssn_number AS ssn, national_id_number AS national_id, national_id_country, NULL AS tax_id, NULL AS lei FROM raw.customers
        UNION ALL
        SELECT 'reference', record_id, primary_name_first, primary_name_last,
               coalesce(primary_name_full, nullif(concat_ws(' ', primary_name_first, primary_name_last), ''), native_name_full), native_name_full,
               ARRAY[primary_name_org, secondary_name_org], date_of_birth, NULL, email_address, phone_number,
               coalesce(cdp.normalize_country(addr_country), 'US'), record_type, addr_line1, addr_full, addr_city, addr_state, addr_postal_code, addr_country,
               NULL, NULL, NULL, NULL, NULL, national_id_number, national_id_country, tax_id_type || tax_id_number, lei_number FROM raw.reference
        UNION ALL
        SELECT 'watchlist', record_id, primary_name_first, primary_name_last,
               coalesce(primary_name_full, nullif(concat_ws(' ', primary_name_first, primary_name_last), ''), native_name_full), native_name_full,
               NULL, date_of_birth, gender, email_address, phone_number,
               coalesce(cdp.normalize_country(addr_country), 'US'), record_type, addr_line1, NULL, addr_city, addr_state, addr_postal_code, addr_country,
               NULL, NULL, drivers_license_number, drivers_license_state, ssn_number, NULL, NULL, NULL, NULL FROM raw.watchlist) p;

SELECT cdp.create_space('customer');
-- numbers that somebody was given: one passport or licence belongs to one person, one person has one social security number
SELECT cdp.add_attribute('customer', 'ssn', 'id', is_identifier => true, priority => 5, max_per_profile => 1);
SELECT cdp.add_attribute('customer', 'passport', 'id', is_identifier => true, priority => 5);
SELECT cdp.add_attribute('customer', 'driving_licence', 'id', is_identifier => true, priority => 5);
SELECT cdp.add_attribute('customer', 'tax_id', 'id', is_identifier => true, priority => 5);
SELECT cdp.add_attribute('customer', 'lei', 'id', is_identifier => true, priority => 5, max_per_profile => 1);
SELECT cdp.add_attribute('customer', 'ssn_end', 'text', description => 'last four digits of the social security number');
SELECT cdp.add_attribute('customer', 'national_id_number', 'id', description => 'national id where its country is not said');
SELECT cdp.add_attribute('customer', 'name_words', 'text', survivorship => 'none', description => 'the words of the name in one order');
SELECT cdp.add_attribute('customer', 'native_name', 'text');
SELECT cdp.add_attribute('customer', 'organisation', 'text');
-- a person is no organisation, and two birth dates are two people
SELECT cdp.add_attribute('customer', 'record_type', 'text', max_per_profile => 1);
SELECT cdp.set_attribute('customer', 'birth_date', 'max_per_profile', '1');

SELECT cdp.add_source('customer', 'raw.party', name => s.source, key => 'record_id', filter => format('source = %L', s.source), date_order => 'MDY', trust => s.trust,
    fields => '{"given_name": "given_name", "family_name": "family_name", "full_name": "full_name", "name_words": "name_words", "native_name": "native_name",
                "organisation": "organisation", "birth_date": "birth_date", "gender": "gender", "email": "email", "phone": "phone", "record_type": "record_type",
                "street": "street", "city": "city", "state": "state", "country": "country", "passport": "passport", "driving_licence": "driving_licence",
                "ssn": "ssn", "ssn_end": "ssn_end", "national_id": "national_id", "national_id_number": "national_id_number", "tax_id": "tax_id", "lei": "lei"}')
  FROM (VALUES ('customers', 60), ('reference', 80), ('watchlist', 40)) AS s(source, trust);

SELECT cdp.add_rule('customer', 'name and birth date', '{name_words,birth_date}', priority => 100);
SELECT cdp.add_rule('customer', 'end of ssn and birth date', '{ssn_end,birth_date}', priority => 110);
SELECT cdp.add_rule('customer', 'national id number and birth date', '{national_id_number,birth_date}', priority => 110);
SELECT cdp.add_rule('customer', 'given name, birth date and street', '{given_name,birth_date,street}', priority => 110);
SELECT cdp.add_rule('customer', 'phone and given name', '{phone,given_name}', priority => 120);
SELECT cdp.add_rule('customer', 'phone and name', '{phone,name_words}', priority => 120);
SELECT cdp.add_rule('customer', 'name and street', '{name_words,street}', priority => 130);
SELECT cdp.add_rule('customer', 'organisation and street', '{organisation,street}', priority => 130);
SELECT cdp.add_rule('customer', 'organisation and phone', '{organisation,phone}', priority => 130);

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT lower(data_source) AS source, record_id AS source_key, cluster_id AS entity FROM raw.truth;
