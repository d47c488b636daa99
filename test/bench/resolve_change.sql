-- resolve_change.sql: 1 % of the rows of the three sources change. Of 400 rows one gets
-- a new e-mail address, one another name, one goes, and one comes a second time.
CREATE SCHEMA made_change;
CREATE FUNCTION made_change.part(key bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (((hashint8extended(key, 7) % 400) + 400) % 400)::int;

CREATE TABLE made_change.contact AS SELECT * FROM crm.contact WHERE made_change.part(contact_id) = 3;
UPDATE crm.contact SET email_address = 'new.' || contact_id || '@example.com', updated_at = updated_at + interval '1 day' WHERE made_change.part(contact_id) = 0;
UPDATE crm.contact SET last = 'Van ' || last, updated_at = updated_at + interval '1 day' WHERE made_change.part(contact_id) = 1;
DELETE FROM crm.contact WHERE made_change.part(contact_id) = 2;
UPDATE made_change.contact SET contact_id = contact_id + 1000000000;
INSERT INTO crm.contact SELECT * FROM made_change.contact;

CREATE TABLE made_change.customer AS SELECT * FROM shop.customer WHERE made_change.part(customer_id) = 3;
UPDATE shop.customer SET email = 'new.' || customer_id || '@example.com', updated_at = updated_at + interval '1 day' WHERE made_change.part(customer_id) = 0;
UPDATE shop.customer SET last_name = 'Van ' || last_name, updated_at = updated_at + interval '1 day' WHERE made_change.part(customer_id) = 1;
DELETE FROM shop.customer WHERE made_change.part(customer_id) = 2;
UPDATE made_change.customer SET customer_id = customer_id + 1000000000;
INSERT INTO shop.customer SELECT * FROM made_change.customer;

CREATE TABLE made_change.subscriber AS SELECT * FROM news.subscriber WHERE made_change.part(subscriber_id) = 3;
UPDATE news.subscriber SET email = 'new.' || subscriber_id || '@example.com' WHERE made_change.part(subscriber_id) = 0;
UPDATE news.subscriber SET full_name = 'Van ' || full_name WHERE made_change.part(subscriber_id) = 1;
DELETE FROM news.subscriber WHERE made_change.part(subscriber_id) = 2;
UPDATE made_change.subscriber SET subscriber_id = subscriber_id + 1000000000;
INSERT INTO news.subscriber SELECT * FROM made_change.subscriber;
