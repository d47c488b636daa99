-- consent belongs to identifiers: a merge is as strict as its strictest part, a split gives each part its own back
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
SELECT cdp.create_space('merge_t', region => 'US');
INSERT INTO merge_t.attribute (attribute, kind, storage_type, survivorship, is_identifier)
VALUES ('email', 'email', 'text', 'most_recent', true) ON CONFLICT DO NOTHING;
INSERT INTO merge_t.source (source, relation, relation_name, key) VALUES ('shop.customer', 'pg_class', 'shop.customer', 'id') ON CONFLICT DO NOTHING;
SELECT cdp.add_purpose('merge_t', 'news');

-- decisions that come before any record bind late
SELECT count(cdp.record_consent('merge_t', 'email', v, 'news', d))
FROM (VALUES ('yes@example.com', 'granted'), ('no@example.com', 'withdrawn')) x(v, d);
INSERT INTO merge_t.identity (record_id, profile_id) VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO merge_t.identifier (kind, value, record_id) VALUES
    ('email', 'yes@example.com', 1), ('email', 'no@example.com', 2), ('shop.customer', '17', 3);
CREATE VIEW merge_t.answer AS
SELECT p AS profile_id, cdp.consented('merge_t', p, 'news'), d.because FROM generate_series(1, 3) p, cdp.consent_decision('merge_t', p, 'news') d;
SELECT * FROM merge_t.answer;

-- 1 and 2 turn out to be one person
BEGIN;
UPDATE merge_t.identity SET profile_id = 1 WHERE profile_id = 2;
INSERT INTO merge_t.profile_alias (old_profile_id, profile_id) VALUES (2, 1);
SELECT * FROM merge_t.answer;
-- they turn out to be two
UPDATE merge_t.identity SET profile_id = 2 WHERE record_id = 2;
DELETE FROM merge_t.profile_alias WHERE old_profile_id = 2;
SELECT * FROM merge_t.answer;
COMMIT;

-- a decision about a source's row key; an address shared by two profiles or blocked for matching still counts
SELECT cdp.record_consent('merge_t', 'shop.customer', '17', 'news', 'granted') > 0 AS id;
SELECT * FROM merge_t.answer;
INSERT INTO merge_t.identifier (kind, value, record_id, blocked) VALUES ('email', 'no@example.com', 3, true);
SELECT * FROM merge_t.answer;
-- the record that carried it goes, and with it the refusal
DELETE FROM merge_t.identifier WHERE record_id = 3 AND kind = 'email';
SELECT * FROM merge_t.answer;
DROP VIEW merge_t.answer;
SELECT cdp.drop_space('merge_t', confirm => 'merge_t');
