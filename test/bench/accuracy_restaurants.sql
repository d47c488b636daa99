-- accuracy_restaurants.sql: restaurants as two guides list them.
SELECT cdp.create_space('customer');
SELECT cdp.add_attribute('customer', 'cuisine', 'text');
SELECT cdp.add_source('customer', 'raw.restaurant', name => 'guide ' || g.guide, key => 'rec_id', filter => format('source = %L', g.guide),
    fields => '{"company": "name", "street": "address", "city": "city", "cuisine": "cuisine"}')
  FROM (VALUES ('1'), ('2')) AS g(guide);

CREATE SCHEMA truth;
CREATE TABLE truth.record AS SELECT 'guide ' || source AS source, rec_id AS source_key, ent_id AS entity FROM raw.restaurant;
