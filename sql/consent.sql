-- decisions: the rule, its three ways of being asked, and freshness
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SELECT cdp.create_space('consent_t', region => 'US');
INSERT INTO consent_t.attribute (attribute, kind, storage_type, survivorship, is_identifier)
VALUES ('email', 'email', 'text', 'most_recent', true) ON CONFLICT DO NOTHING;
SELECT cdp.add_purpose('consent_t', 'news');
SELECT cdp.add_purpose('consent_t', 'stats', class => 'analytics', default_rule => 'allow');

-- profiles 1 to 6, one record and address each, profile 6 with two; 66 was merged into 6, 77 ended
INSERT INTO consent_t.identity (record_id, profile_id) VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 6);
INSERT INTO consent_t.identifier (kind, value, record_id)
SELECT 'email', 'a' || r || '@example.com', r FROM generate_series(1, 7) r;
INSERT INTO consent_t.profile_alias (old_profile_id, profile_id) VALUES (66, 6), (77, NULL);

CREATE FUNCTION pg_temp.say(n int, decision text, at text, channel text DEFAULT NULL, purpose text DEFAULT 'news') RETURNS boolean LANGUAGE sql
AS $$ SELECT cdp.record_consent('consent_t', 'email', 'a' || n || '@example.com', purpose, decision, channel, at::timestamptz) > 0 $$;

-- nobody decided: the default rule
SELECT p, cdp.consented('consent_t', p, 'news') AS news, cdp.consented('consent_t', p, 'stats') AS stats
FROM (VALUES (1), (6), (66), (77), (99), (NULL)) x(p);

SELECT pg_temp.say(1, 'granted', '2024-01-01');
SELECT pg_temp.say(2, 'granted', '2024-01-01'), pg_temp.say(2, 'withdrawn', '2024-02-01');
SELECT pg_temp.say(3, 'denied', '2024-01-01'), pg_temp.say(3, 'granted', '2024-02-01');
SELECT pg_temp.say(4, 'denied', '2024-01-01', purpose => 'stats');
-- one granted, one not: the strictest
SELECT pg_temp.say(6, 'granted', '2024-03-01'), pg_temp.say(7, 'denied', '2023-01-01');
SELECT p, cdp.consented('consent_t', p, 'news') AS news, n.decision, n.because, CASE WHEN n.consent_event_id IS NOT NULL THEN n.since END AS since, cdp.consented('consent_t', p, 'stats') AS stats, s.because AS stats_because
FROM unnest('{1,2,3,4,5,6,66,77,99}'::bigint[]) p, cdp.consent_decision('consent_t', p, 'news') n, cdp.consent_decision('consent_t', p, 'stats') s
ORDER BY p;
SELECT array_agg(profile_id ORDER BY profile_id) AS news FROM cdp.consented_profiles('consent_t', 'news');
SELECT array_agg(profile_id ORDER BY profile_id) AS stats FROM cdp.consented_profiles('consent_t', 'stats');

-- as of an earlier time
SELECT at, array_agg(p) FILTER (WHERE cdp.consented('consent_t', p, 'news', at => at::timestamptz)) AS granted,
       (SELECT array_agg(c.profile_id ORDER BY 1) FROM cdp.consented_profiles('consent_t', 'news', at => at::timestamptz) c) AS as_a_set
FROM generate_series(1, 6) p, unnest('{2022-01-01,2024-01-01,2024-01-31 23:59,2024-02-01,infinity}'::text[]) at GROUP BY at ORDER BY at;

-- channels: a channel's decision takes the place of the general one where stricter or later
CREATE TEMP TABLE channel_case (n int, general text, general_at text, sms text, sms_at text, want boolean);
INSERT INTO channel_case VALUES
    (10, 'granted',   '2024-01-02', 'denied',    '2024-01-01', false),  -- stricter, though older
    (11, 'granted',   '2024-01-01', 'withdrawn', '2024-01-02', false),
    (12, 'withdrawn', '2024-01-01', 'granted',   '2024-01-02', true),   -- later
    (13, 'withdrawn', '2024-01-02', 'granted',   '2024-01-01', false),
    (14, 'withdrawn', '2024-01-01', 'granted',   '2024-01-01', false),  -- not later
    (15, NULL,        NULL,         'granted',   '2024-01-01', true),
    (16, NULL,        NULL,         'denied',    '2024-01-01', false),
    (17, 'granted',   '2024-01-01', NULL,        NULL,         true),
    (18, 'denied',    '2024-01-01', NULL,        NULL,         false);
INSERT INTO consent_t.identity (record_id, profile_id) SELECT n, n FROM channel_case;
INSERT INTO consent_t.identifier (kind, value, record_id) SELECT 'email', 'a' || n || '@example.com', n FROM channel_case;
SELECT count(pg_temp.say(n, general, general_at)) FROM channel_case WHERE general IS NOT NULL;
SELECT count(pg_temp.say(n, sms, sms_at, 'sms')) FROM channel_case WHERE sms IS NOT NULL;
SELECT n, want, cdp.consented('consent_t', n, 'news', 'sms') AS sms, d.because, cdp.consented('consent_t', n, 'news', 'sms', 'infinity') AS ledger,
       cdp.consented('consent_t', n, 'news') AS general, cdp.consented('consent_t', n, 'news', 'post') AS post
FROM channel_case, cdp.consent_decision('consent_t', n, 'news', 'sms') d ORDER BY n;

-- what cannot be asked
SELECT cdp.consented('consent_t', 1, 'nonsense');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.consented('consent_t', 1, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.consented('consent_t', 1, 'news', '');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.consented('public', 1, 'news');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.consented(NULL, 1, 'news');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.consent_decision('consent_t', 1, 'nonsense');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM cdp.consented_profiles('consent_t', 'nonsense');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.add_purpose('consent_t', 'calls', channels => '{phone}');
SELECT cdp.consented('consent_t', 1, 'calls', 'fax');
\echo :LAST_ERROR_SQLSTATE
-- the same once answers are kept for all profiles
SELECT count(*) FILTER (WHERE cdp.consented('consent_t', CASE WHEN i < 500 THEN i END, CASE WHEN i < 490 THEN 'news' ELSE 'nonsense' END)) FROM generate_series(1, 500) i;
\echo :LAST_ERROR_SQLSTATE

-- a retired purpose is nobody's
SELECT cdp.retire_purpose('consent_t', 'calls');
SELECT cdp.consented('consent_t', 1, 'calls'), d.*, (SELECT count(*) FROM cdp.consented_profiles('consent_t', 'calls'))
FROM (SELECT decision, because FROM cdp.consent_decision('consent_t', 1, 'calls')) d;

-- random people, addresses and histories
SELECT setseed(0.11);
INSERT INTO consent_t.identity (record_id, profile_id) SELECT r, 1000 + floor(random() * 700)::int FROM generate_series(1001, 2400) r;
INSERT INTO consent_t.identifier (kind, value, record_id)
SELECT DISTINCT 'email', 'q' || floor(random() * 900)::int || '@example.com', 1001 + floor(random() * 1400)::int FROM generate_series(1, 1600);
INSERT INTO consent_t.profile_alias (old_profile_id, profile_id) SELECT 9000 + i, 1000 + i * 7 FROM generate_series(1, 90) i;
SELECT count(cdp.record_consent('consent_t', 'email', 'q' || floor(random() * 1000)::int || '@example.com', CASE WHEN random() < 0.6 THEN 'news' ELSE 'stats' END,
       (ARRAY['granted', 'granted', 'granted', 'denied', 'withdrawn'])[1 + floor(random() * 5)::int], (ARRAY[NULL, NULL, 'sms'])[1 + floor(random() * 3)::int],
       '2024-01-01'::timestamptz + floor(random() * 9)::int * interval '1 day'))
FROM generate_series(1, 2500);
ANALYZE consent_t.identity, consent_t.identifier, consent_t.consent, consent_t.consent_event;

-- The rule written another way, straight from the ledger: per identifier the last general and the last channel decision.
CREATE FUNCTION pg_temp.expected(id bigint, why text, how text, upto timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    live bigint := id;
    g record;
    s record;
    i record;
    state text;
    any_granted boolean := false;
BEGIN
    IF NOT EXISTS (SELECT FROM consent_t.identity d WHERE d.profile_id = live) THEN
        SELECT a.profile_id INTO live FROM consent_t.profile_alias a JOIN consent_t.identity d ON d.profile_id = a.profile_id WHERE a.old_profile_id = id LIMIT 1;
        IF live IS NULL THEN RETURN false; END IF;
    END IF;
    FOR i IN SELECT DISTINCT n.kind, n.value FROM consent_t.identity d JOIN consent_t.identifier n USING (record_id) WHERE d.profile_id = live LOOP
        SELECT e.decision, e.at INTO g FROM consent_t.consent_event e WHERE e.kind = i.kind AND e.match_key = i.value AND e.purpose = why AND e.channel IS NULL AND e.at <= upto
         ORDER BY e.at DESC, e.decision = 'granted', e.consent_event_id DESC LIMIT 1;
        SELECT e.decision, e.at INTO s FROM consent_t.consent_event e WHERE e.kind = i.kind AND e.match_key = i.value AND e.purpose = why AND e.channel = how AND e.at <= upto
         ORDER BY e.at DESC, e.decision = 'granted', e.consent_event_id DESC LIMIT 1;
        state := g.decision;
        IF s.decision IS NOT NULL AND (state IS NULL OR s.decision <> 'granted' OR s.at > g.at) THEN state := s.decision; END IF;
        IF state <> 'granted' THEN RETURN false; END IF;
        any_granted := any_granted OR state IS NOT NULL;
    END LOOP;
    RETURN any_granted OR (SELECT p.default_rule = 'allow' FROM consent_t.purpose p WHERE p.purpose = why);
END $$;
CREATE TABLE consent_t.question AS
SELECT id, why, how, upto, pg_temp.expected(id, why, how, coalesce(upto, 'infinity')) AS want
FROM (SELECT generate_series(1, 20) UNION ALL SELECT generate_series(990, 1710) UNION ALL SELECT generate_series(8995, 9095)) p(id),
     (VALUES ('news'), ('stats')) w(why), (VALUES (NULL), ('sms')) h(how), (VALUES (NULL), ('2024-01-05'::timestamptz)) t(upto);
ANALYZE consent_t.question;
SELECT why, how, upto, count(*) FILTER (WHERE want) > 50 AS some, count(*) FILTER (WHERE NOT want) > 50 AS others,
       count(*) FILTER (WHERE want <> cdp.consented('consent_t', id, why, how, upto)) AS different,
       count(*) FILTER (WHERE want <> (SELECT decision = 'granted' FROM cdp.consent_decision('consent_t', id, why, how, upto))) AS different_decision
FROM consent_t.question GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- so few calls that each is a look-up
SELECT count(*) AS asked, count(*) FILTER (WHERE want <> cdp.consented('consent_t', id, why, how, upto)) AS different FROM consent_t.question WHERE id % 30 = 0;
-- the set form holds the live ones
SELECT w.why, h.how, t.upto, (SELECT count(*) FROM
    (SELECT profile_id FROM cdp.consented_profiles('consent_t', w.why, h.how, t.upto)) c
    FULL JOIN (SELECT id FROM consent_t.question q WHERE q.want AND q.why = w.why AND q.how IS NOT DISTINCT FROM h.how AND q.upto IS NOT DISTINCT FROM t.upto AND id < 8000) q
    ON q.id = c.profile_id WHERE q.id IS NULL OR c.profile_id IS NULL) AS different
FROM (VALUES ('news'), ('stats')) w(why), (VALUES (NULL), ('sms')) h(how), (VALUES (NULL), ('2024-01-05'::timestamptz)) t(upto) ORDER BY 1, 2, 3;
-- the planner knows about how many
INSERT INTO consent_t.profile (profile_id, record_count, source_count) SELECT g, 1, 1 FROM generate_series(1, 700) g;
ANALYZE consent_t.profile;
CREATE FUNCTION pg_temp.estimate(query text, OUT plan json) LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan; END $$;
SELECT pg_temp.estimate('SELECT FROM cdp.consented_profiles(''consent_t'', ''news'')') -> 0 -> 'Plan' ->> 'Plan Rows' AS estimate;
-- without the memory for a set (ids far apart take most), and in parallel workers
INSERT INTO consent_t.identity (record_id, profile_id) SELECT 10000 + i, 10000 + i * 1000 FROM generate_series(1, 5000) i;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*) AS different FROM consent_t.question q
WHERE why = 'stats' AND how IS NULL AND upto IS NULL AND want <> cdp.consented('consent_t', q.id, 'stats');
RESET work_mem;
RESET hash_mem_multiplier;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM consent_t.question q WHERE want <> cdp.consented('consent_t', id, why, how, upto);
SELECT count(*) AS different FROM consent_t.question q WHERE want <> cdp.consented('consent_t', id, why, how, upto);
RESET max_parallel_workers_per_gather;

-- Freshness inside one transaction: own changes count at once, at one call site, in either isolation level, and
-- vanish again with the savepoint that they were made in.
CREATE FUNCTION pg_temp.loop() RETURNS TABLE (round int, consented bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR r IN 1 .. 6 LOOP
        round := r;
        BEGIN
            IF round IN (2, 4) THEN
                PERFORM cdp.record_consent('consent_t', 'email', 'a1@example.com', 'news', 'withdrawn');
            END IF;
            -- often enough at one call site for its answers to be kept
            consented := 0;
            FOR i IN 1 .. 300 LOOP
                IF cdp.consented('consent_t', 1, 'news') THEN consented := consented + 1; END IF;
            END LOOP;
            RETURN NEXT;
            IF round < 4 THEN
                RAISE EXCEPTION USING ERRCODE = 'CDP10';
            END IF;
        EXCEPTION WHEN SQLSTATE 'CDP10' THEN
            NULL;
        END;
        IF round = 5 THEN
            PERFORM cdp.record_consent('consent_t', 'email', 'a1@example.com', 'news', 'granted', at => clock_timestamp());
        END IF;
    END LOOP;
END $$;
BEGIN;
SELECT * FROM pg_temp.loop();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM pg_temp.loop();
ROLLBACK;

-- a role sees what its row security shows, also at a call site that another role has used
CREATE ROLE consent_reader;
GRANT USAGE ON SCHEMA consent_t TO consent_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA consent_t TO consent_reader;
GRANT EXECUTE ON FUNCTION cdp.consented(regnamespace, bigint, text, text, timestamptz) TO consent_reader;
ALTER TABLE consent_t.identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON consent_t.identity TO consent_reader USING (profile_id % 2 = 0);
DO $$
DECLARE
    n int := 0;
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXECUTE format('SET LOCAL ROLE %s', CASE WHEN i <= 300 THEN 'none' ELSE 'consent_reader' END);
        IF cdp.consented('consent_t', 1, 'news') THEN n := n + 1; END IF;
    END LOOP;
    ASSERT n = 300, n;
END $$;
REVOKE ALL ON FUNCTION cdp.consented(regnamespace, bigint, text, text, timestamptz) FROM consent_reader;
DROP OWNED BY consent_reader;
DROP ROLE consent_reader;
SELECT cdp.drop_space('consent_t', confirm => 'consent_t');
