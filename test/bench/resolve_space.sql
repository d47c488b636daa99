-- resolve_space.sql: three sources of the generated business as a space, with the
-- fields and rules of test/data/space.sql.
SELECT cdp.create_space('customer');
SELECT cdp.add_source('customer', 'crm.contact', key => 'contact_id', observed_at => 'updated_at', trust => 80,
    fields => '{"given_name": "first", "family_name": "last", "email": "email_address", "phone": ["mobile", "office"], "birth_date": "dob",
                "street": "street", "city": "city", "state": "state", "postal_code": "zip"}');
SELECT cdp.add_source('customer', 'shop.customer', key => 'customer_id', observed_at => 'updated_at', trust => 60, date_order => 'MDY',
    fields => '{"given_name": "first_name", "family_name": "last_name", "email": "email", "phone": "phone", "birth_date": "birth_date",
                "street": "address", "city": "city", "state": "state", "postal_code": "postcode"}');
SELECT cdp.add_source('customer', 'news.subscriber', key => 'subscriber_id', observed_at => 'subscribed_at', trust => 30,
    fields => '{"email": "email", "full_name": "full_name"}');
SELECT cdp.set_attribute('customer', 'birth_date', 'max_per_profile', '1');
SELECT cdp.add_rule('customer', 'name and birth date', '{given_name,family_name,birth_date}');
SELECT cdp.add_rule('customer', 'phone and given name', '{phone,given_name}');
SELECT cdp.add_rule('customer', 'name and address', '{given_name,family_name,street,postal_code}');
