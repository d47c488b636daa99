-- accuracy_sites.sql: places of child care from nine lists. The phone numbers come
-- without their area code, so they are numbers and not the kind phone.
SELECT cdp.create_space('customer');
SELECT cdp.add_attribute('customer', 'local_phone', 'id', description => 'phone number without its area code');
SELECT cdp.add_source('customer', 'raw.site', name => 'site', key => 'id',
    fields => '{"company": "\"site name\"", "street": "address", "postal_code": "zip", "local_phone": "phone"}');

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'site' AS source, id AS source_key, "true id" AS entity FROM raw.site;
