-- cdp.consented in a query over all profiles, against the same rule as a plpgsql function that does the same look-ups on the
-- same indexes. -v profiles=N. Prints one row: milliseconds of each and how many times faster.
\set QUIET on
\pset pager off
\if :{?profiles} \else \set profiles 200000 \endif
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
SELECT cdp.create_space('bench_consent', region => 'US') \g /dev/null
INSERT INTO bench_consent.attribute (attribute, kind, storage_type, survivorship, is_identifier)
VALUES ('email', 'email', 'text', 'most_recent', true), ('phone', 'phone', 'text', 'most_recent', true) ON CONFLICT DO NOTHING;
SELECT cdp.add_purpose('bench_consent', 'news') \g /dev/null

-- Three records to two profiles, an e-mail and half a phone number to a record; half of the addresses have a decision, one in six of these a refusal.
INSERT INTO bench_consent.profile (profile_id, record_count, source_count) SELECT i, 1, 1 FROM generate_series(1, :profiles) i;
INSERT INTO bench_consent.identity (record_id, profile_id) SELECT i, 1 + (i - 1) * 2 / 3 FROM generate_series(1, :profiles * 3 / 2) i;
INSERT INTO bench_consent.identifier (kind, value, record_id)
SELECT 'email', 'person' || (record_id * 7919::bigint % 1000003) || '@example.com', record_id FROM bench_consent.identity;
INSERT INTO bench_consent.identifier (kind, value, record_id)
SELECT 'phone', '+1202555' || record_id, record_id FROM bench_consent.identity WHERE record_id % 2 = 0;
INSERT INTO bench_consent.consent_event (kind, value, match_key, purpose, decision, at)
SELECT DISTINCT ON (i.value) i.kind, i.value, i.value, 'news', CASE WHEN record_id % 6 = 0 THEN 'withdrawn' ELSE 'granted' END,
       '2024-01-01'::timestamptz + record_id * interval '1 second'
FROM bench_consent.identifier i WHERE i.kind = 'email' AND record_id % 2 = 0;
SELECT cdp_internal.rebuild_consent('bench_consent') \g /dev/null
VACUUM ANALYZE bench_consent.profile, bench_consent.identity, bench_consent.identifier, bench_consent.consent, bench_consent.purpose;

CREATE FUNCTION bench_consent.by_plpgsql(id bigint, why text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    states bigint;
    is_refused boolean;
    records bigint;
    live bigint;
BEGIN
    SELECT count(*), count(c.decision), bool_or(c.decision <> 'granted') INTO records, states, is_refused
      FROM bench_consent.identity d LEFT JOIN bench_consent.identifier i USING (record_id)
      LEFT JOIN bench_consent.consent c ON c.purpose = why AND c.kind = i.kind AND c.match_key = i.value AND c.channel = ''
     WHERE d.profile_id = id;
    IF records = 0 THEN
        SELECT a.profile_id INTO live FROM bench_consent.profile_alias a WHERE a.old_profile_id = id;
        RETURN live IS NOT NULL AND bench_consent.by_plpgsql(live, why);
    END IF;
    IF states = 0 THEN
        RETURN (SELECT p.default_rule = 'allow' FROM bench_consent.purpose p WHERE p.purpose = why);
    END IF;
    RETURN NOT is_refused;
END $$;

SET max_parallel_workers_per_gather = 0;
SET jit = off;
CREATE TEMP TABLE timing (what text, ms numeric, answer bigint);
CREATE FUNCTION pg_temp.measure(what text, query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    answer bigint;
BEGIN
    EXECUTE query INTO answer;
    INSERT INTO timing VALUES (what, round(extract(epoch FROM clock_timestamp() - started) * 1000, 1), answer);
END $$;
\o /dev/null
SELECT pg_temp.measure(w, q) FROM generate_series(1, 3), (VALUES
    ('consented', $$SELECT count(*) FROM bench_consent.profile p WHERE cdp.consented('bench_consent', p.profile_id, 'news')$$),
    ('plpgsql', $$SELECT count(*) FROM bench_consent.profile p WHERE bench_consent.by_plpgsql(p.profile_id, 'news')$$),
    ('consented, sms', $$SELECT count(*) FROM bench_consent.profile p WHERE cdp.consented('bench_consent', p.profile_id, 'news', 'sms')$$),
    ('consented, as of now', $$SELECT count(*) FROM bench_consent.profile p WHERE cdp.consented('bench_consent', p.profile_id, 'news', NULL, 'infinity')$$),
    ('one hundred profiles', $$SELECT count(*) FROM generate_series(1, 100) p WHERE cdp.consented('bench_consent', p, 'news')$$),
    ('consented_profiles', $$SELECT count(*) FROM cdp.consented_profiles('bench_consent', 'news')$$)) x(w, q);
\o
SELECT :profiles AS profiles, what, min(ms) AS ms, min(answer) AS answer,
       round((SELECT min(ms) FROM timing WHERE what = 'plpgsql') / min(ms), 1) AS times_faster_than_plpgsql
FROM timing GROUP BY what ORDER BY what;
SELECT cdp.drop_space('bench_consent', confirm => 'bench_consent') \g /dev/null
