-- accuracy_rldata.sql: German names and birth dates, nothing else.
SELECT cdp.create_space('customer', region => 'DE');
SELECT cdp.add_source('customer', 'raw.person', name => 'person', key => 'rec_id',
    fields => '{"given_name": "fname_c1", "middle_name": "fname_c2", "family_name": "lname_c1", "birth_date": "concat_ws(''-'', \"by\", bm, bd)"}');

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'person' AS source, rec_id AS source_key, ent_id AS entity FROM raw.person;
