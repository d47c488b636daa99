-- the consent ledger: purposes, what is refused, append-only, order of arrival
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SELECT cdp.create_space('ledger_t', region => 'US');
INSERT INTO ledger_t.attribute (attribute, kind, storage_type, survivorship, is_identifier)
VALUES ('email', 'email', 'text', 'most_recent', true), ('given_name', 'text', 'text', 'most_recent', false) ON CONFLICT DO NOTHING;

SELECT cdp.add_purpose('ledger_t', 'email_marketing', description => 'newsletter');
SELECT cdp.add_purpose('ledger_t', 'sale', class => 'sale', default_rule => 'allow', legal_basis => 'opt-out', channels => '{web,app}');
SELECT purpose, class, default_rule, description, legal_basis, channels, retired_at FROM ledger_t.purpose ORDER BY purpose;

-- what a purpose may not be
SELECT cdp.add_purpose('ledger_t', 'email_marketing');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose('ledger_t', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose('ledger_t', 'x', default_rule => 'maybe');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose('ledger_t', 'x', channels => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose('public', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose(NULL, 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.retire_purpose('ledger_t', 'x');
\echo :LAST_ERROR_SQLSTATE

-- what a decision may not be
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'sms', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'email_marketing', 'yes');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', ' ', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', repeat('a', 100000) || '@example.com', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'shoe_size', '44', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'given_name', 'ann', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'email_marketing', 'granted', at => now() + interval '1 hour');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'email_marketing', 'granted', at => '-infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'email_marketing', 'granted', at => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', NULL, 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'email_marketing', 'granted', channel => '');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('ledger_t', 'email', 'ann@example.com', 'sale', 'granted', channel => 'wep');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent('public', 'email', 'ann@example.com', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.record_consent(NULL, 'email', 'ann@example.com', 'email_marketing', 'granted');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS events, (SELECT count(*) FROM ledger_t.consent) AS states FROM ledger_t.consent_event;

-- taken down, with evidence; a little clock difference is none
SELECT cdp.record_consent('ledger_t', 'email', ' Ann@Example.com ', 'email_marketing', 'granted',
       at => '2024-03-01', source => 'signup form', evidence => '{"form": "v3", "ip": "192.0.2.1"}') > 0 AS id;
SELECT cdp.record_consent('ledger_t', 'email', 'bob@example.com', 'sale', 'denied', channel => 'web', at => now() + interval '1 minute') > 0 AS id;
SELECT kind, value, match_key, purpose, channel, decision, at, source, evidence, recorded_by = session_user AS me
FROM ledger_t.consent_event WHERE match_key LIKE 'ann%';
SELECT purpose, kind, match_key, channel, decision FROM ledger_t.consent ORDER BY 1, 2, 3, 4;

-- append-only, for its owner too
UPDATE ledger_t.consent_event SET decision = 'granted';
\echo :LAST_ERROR_SQLSTATE
DELETE FROM ledger_t.consent_event WHERE false;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE ledger_t.consent_event;
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.refuse_ledger_change();

-- later wins; at the same time the stricter; then the later entry; whatever the order of arrival
SELECT count(cdp.record_consent('ledger_t', 'email', 'order@example.com', 'email_marketing', d, at => t::timestamptz))
FROM (VALUES ('granted', '2024-01-02'), ('denied', '2024-01-01'), ('withdrawn', '2024-01-02'), ('granted', '2024-01-02')) x(d, t);
SELECT decision, at FROM ledger_t.consent WHERE match_key = 'order@example.com';

-- a failed statement leaves neither entry nor state
BEGIN;
SELECT cdp.record_consent('ledger_t', 'email', 'gone@example.com', 'email_marketing', 'granted') > 0 AS id;
ROLLBACK;
SELECT count(*) AS events FROM ledger_t.consent_event WHERE match_key = 'gone@example.com';

-- the property: random arrival gives what the ledger says
SELECT setseed(0.7);
SELECT count(cdp.record_consent('ledger_t', 'email', 'p' || (random() * 60)::int || '@example.com', CASE WHEN random() < 0.5 THEN 'sale' ELSE 'email_marketing' END,
       (ARRAY['granted', 'denied', 'withdrawn'])[1 + floor(random() * 3)::int], (ARRAY[NULL, 'web', 'app'])[1 + floor(random() * 3)::int],
       '2024-01-01'::timestamptz + (random() * 6)::int * interval '1 day'))
FROM generate_series(1, 3000);
CREATE TEMP TABLE maintained AS SELECT * FROM ledger_t.consent;
SELECT cdp_internal.rebuild_consent('ledger_t') = (SELECT count(*) FROM maintained) AS same_number;
SELECT count(*) AS different FROM ((TABLE maintained EXCEPT TABLE ledger_t.consent) UNION ALL (TABLE ledger_t.consent EXCEPT TABLE maintained)) x;
-- and what an independent reading of the ledger says
SELECT count(*) AS states, count(*) FILTER (WHERE c.decision <>
       (SELECT e.decision FROM ledger_t.consent_event e
         WHERE (e.purpose, e.kind, e.match_key, coalesce(e.channel, '')) = (c.purpose, c.kind, c.match_key, c.channel)
         ORDER BY e.at DESC, e.decision = 'granted', e.consent_event_id DESC LIMIT 1)) AS different
FROM ledger_t.consent c WHERE c.match_key LIKE 'p%';

-- not for everybody
DROP ROLE IF EXISTS ledger_nobody;
CREATE ROLE ledger_nobody;
SET ROLE ledger_nobody;
SELECT cdp.record_consent(0, 'email', 'ann@example.com', 'email_marketing', 'granted');
SELECT cdp.add_purpose(0, 'x');
SELECT cdp.consented(0, 1, 'x');
SELECT * FROM cdp.consent_decision(0, 1, 'x');
SELECT * FROM cdp.consented_profiles(0, 'x');
RESET ROLE;
DROP ROLE ledger_nobody;
SELECT cdp.drop_space('ledger_t', confirm => 'ledger_t');
