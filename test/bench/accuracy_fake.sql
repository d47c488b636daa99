-- accuracy_fake.sql: people with an e-mail address and many empty columns.
SELECT cdp.create_space('customer', region => 'GB');
SELECT cdp.add_source('customer', 'raw.person', name => 'person', key => 'unique_id',
    fields => '{"given_name": "first_name", "family_name": "surname", "birth_date": "dob", "city": "city", "email": "email"}');

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'person' AS source, unique_id AS source_key, cluster AS entity FROM raw.person;
