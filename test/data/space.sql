-- space.sql: the generated business (business.sql) as a space: six sources, one of them
-- events, and the deterministic rules. Used by the demo, the benchmarks and accuracy runs.
SELECT cdp.create_space('customer');

SELECT cdp.add_source('customer', 'crm.contact', key => 'contact_id', observed_at => 'updated_at', trust => 80,
    owner => 'sales ops', purpose => 'account management', retention => '3 years',
    fields => '{"given_name": "first", "family_name": "last", "email": "email_address", "phone": ["mobile", "office"], "birth_date": "dob",
                "street": "street", "city": "city", "state": "state", "postal_code": "zip"}');
SELECT cdp.add_source('customer', 'shop.customer', key => 'customer_id', observed_at => 'updated_at', trust => 60, date_order => 'MDY',
    owner => 'e-commerce', purpose => 'fulfilment of orders', retention => '7 years',
    fields => '{"given_name": "first_name", "family_name": "last_name", "email": "email", "phone": "phone", "birth_date": "birth_date",
                "street": "address", "city": "city", "state": "state", "postal_code": "postcode"}');
SELECT cdp.add_source('customer', 'news.subscriber', key => 'subscriber_id', observed_at => 'subscribed_at', trust => 30,
    owner => 'marketing', purpose => 'newsletter', retention => '2 years',
    fields => '{"email": "email", "full_name": "full_name"}');
SELECT cdp.add_source('customer', 'support.ticket', key => 'ticket_id', observed_at => 'opened_at', trust => 40,
    owner => 'support', purpose => 'answering tickets', retention => '2 years',
    fields => '{"email": "email", "phone": "phone", "full_name": "name"}');
SELECT cdp.add_source('customer', 'survey.answer', key => 'answer_id', observed_at => 'asked_at', trust => 20,
    owner => 'research', purpose => 'satisfaction survey', retention => '1 year',
    fields => '{"email": "email", "shop.customer": "customer_id"}');
SELECT cdp.add_event_source('customer', 'shop.orders', key => 'order_no', identifiers => '{"shop.customer": "customer_id"}',
    event => '''Order Completed''', at => 'ordered_at', value => 'total');

-- Two birth dates are two people, whatever else agrees.
SELECT cdp.set_attribute('customer', 'birth_date', 'max_per_profile', '1');
SELECT cdp.add_rule('customer', 'name and birth date', '{given_name,family_name,birth_date}');
SELECT cdp.add_rule('customer', 'phone and given name', '{phone,given_name}');
SELECT cdp.add_rule('customer', 'name and address', '{given_name,family_name,street,postal_code}');
