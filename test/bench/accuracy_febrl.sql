-- accuracy_febrl.sql: Australians with typing errors, the number that each was given included.
SELECT cdp.create_space('customer', region => 'AU');
SELECT cdp.add_attribute('customer', 'address_2', 'text', description => 'second line of the address');
SELECT cdp.add_source('customer', 'raw.person', name => 'person', key => 'rec_id',
    fields => '{"given_name": "given_name", "family_name": "surname", "birth_date": "date_of_birth", "street": "concat_ws('' '', street_number, address_1)",
                "address_2": "address_2", "city": "suburb", "postal_code": "postcode", "state": "state", "national_id": "soc_sec_id"}');

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'person' AS source, rec_id AS source_key, ent_id AS entity FROM raw.person;
