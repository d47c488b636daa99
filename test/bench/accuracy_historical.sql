-- accuracy_historical.sql: historical persons with errors in every column. They were born
-- longer ago than the kind birth_date takes for a living customer: here it is a plain date.
SELECT cdp.create_space('customer', region => 'GB');
SELECT cdp.add_attribute('customer', 'born', 'date', survivorship => 'most_frequent', description => 'date of birth');
SELECT cdp.add_source('customer', 'raw.person', name => 'person', key => 'unique_id',
    fields => '{"given_name": "first_name", "family_name": "surname", "born": "dob", "city": "birth_place", "postal_code": "postcode_fake",
                "gender": "gender", "job_title": "occupation"}');

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'person' AS source, unique_id AS source_key, cluster AS entity FROM raw.person;
