-- job: the one call to schedule, and the state of a space.

CREATE OR REPLACE FUNCTION cdp_internal.log_failure(space regnamespace, step text, started timestamptz, state text, message text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('INSERT INTO %s.run (step, state, started_at, finished_at, sqlstate, error) VALUES ($1, ''failed'', $2, clock_timestamp(), $3, $4)', space)
      USING step, started, state, message;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.log_failure(regnamespace, text, timestamptz, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.log_failure(regnamespace, text, timestamptz, text, text) IS 'Leaves the run row of a failed step.';

-- No SET clause: a procedure with one cannot commit. The first statement of each
-- transaction pins the search path instead.
CREATE OR REPLACE PROCEDURE cdp.run(space regnamespace)
LANGUAGE plpgsql
AS $$
DECLARE
    step    text;
    due     boolean;
    started timestamptz;
    state   text;
    message text;
    hint    text;
    detail  text;
BEGIN
    FOREACH step IN ARRAY ARRAY['resolve', 'refresh_segments'] LOOP
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        PERFORM cdp_internal.require_space(space);
        started := clock_timestamp();
        state := NULL;
        BEGIN
            IF step = 'resolve' THEN
                PERFORM cdp.resolve(space);
            ELSE
                PERFORM cdp.refresh_segments(space);
            END IF;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
            PERFORM cdp_internal.log_failure(space, step, started, state, message);
        END;
        COMMIT;
        IF state IS NOT NULL THEN
            RAISE EXCEPTION '%', message USING ERRCODE = state,
                DETAIL = coalesce(nullif(detail, ''), format('In the step %s of cdp.run.', step)),
                HINT = coalesce(nullif(hint, ''), format('What was done before is kept; see the table %s.run.', space));
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON PROCEDURE cdp.run(regnamespace) FROM PUBLIC;
COMMENT ON PROCEDURE cdp.run(regnamespace) IS
'The one call to schedule: whatever is due of resolve, traits and segments, each step its own transaction. A step that fails, or is cancelled, leaves a row in the table run with the error, later steps are left out, and the caller still gets the error. It commits, so it cannot be called inside a transaction block (2D000).
Example: CALL cdp.run(''customer'');';

CREATE OR REPLACE FUNCTION cdp.status(space regnamespace)
RETURNS TABLE (topic text, name text, count bigint, at timestamptz, note text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    RETURN QUERY EXECUTE format($sql$
        SELECT 'space', %1$L::text, NULL::bigint, i.created_at,
               format('version %%s, region %%s', i.version, i.region)
          FROM %1$s.space_info i
        UNION ALL
        (SELECT CASE WHEN s.is_event THEN 'event source' ELSE 'source' END, s.source::text,
                CASE WHEN NOT s.is_event THEN (SELECT count(*) FROM %1$s.record r WHERE r.source_id = s.source_id) END, s.resolved_at,
                CASE WHEN NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                        WHERE c.oid = s.relation OR ARRAY[n.nspname::text, c.relname::text] = parse_ident(s.relation_name)) THEN 'stale: its relation is gone'
                     WHEN NOT s.is_event AND s.resolved_at IS NULL THEN 'stale: never resolved'
                     ELSE (SELECT format('refers to "%%s", which is no source', string_agg(f.name, '", "' ORDER BY f.name))
                             FROM jsonb_object_keys(s.fields) f(name) JOIN %1$s.attribute a ON a.attribute = f.name AND a.kind = 'reference'
                            WHERE NOT EXISTS (SELECT FROM %1$s.source o WHERE o.source = f.name) HAVING count(*) > 0) END
           FROM %1$s.source s ORDER BY s.source_id)
        UNION ALL SELECT 'records', NULL, (SELECT count(*) FROM %1$s.record), NULL, NULL
        UNION ALL SELECT 'profiles', NULL, (SELECT count(*) FROM %1$s.profile), NULL, CASE WHEN i.definitions_changed THEN 'stale: definitions changed since the last resolve'
               WHEN (SELECT coalesce(max(m.model_id), 0) FROM %1$s.match_model m WHERE m.active)
                    <> (SELECT (u.counts ->> 'model')::int FROM %1$s.run u WHERE u.step = 'resolve' AND u.state = 'done' ORDER BY u.run_id DESC LIMIT 1)
               THEN 'stale: another model is in use since the last resolve' END FROM %1$s.space_info i
        UNION ALL
        (SELECT 'model', format('%%s %%s', m.origin, m.model_id), m.records, m.made_at,
                CASE WHEN (SELECT max(c.set_at) FROM %1$s.match_comparison c) > m.made_at THEN 'stale: comparisons were set since'
                     WHEN (SELECT count(*) FROM %1$s.record) > 2 * m.records THEN 'stale: the records have more than doubled since'
                     ELSE array_to_string(nullif(m.warnings, '{}'), '; ') END
           FROM %1$s.match_model m WHERE m.active)
        UNION ALL SELECT 'rejected values', NULL, (SELECT count(*) FROM %1$s.rejected_value), NULL, NULL
        UNION ALL SELECT 'refused merges', NULL, (SELECT count(*) FROM %1$s.refused_merge), NULL, NULL
        UNION ALL
        (SELECT 'trait', t.trait::text, NULL, t.refreshed_at, CASE WHEN t.refreshed_at IS NULL THEN 'stale: never refreshed'
                WHEN t.refreshed_at < (SELECT max(u.started_at) FROM %1$s.run u WHERE u.step = 'resolve' AND u.state = 'done') THEN 'stale: resolved since' END
           FROM %1$s.trait t ORDER BY t.trait)
        UNION ALL
        (SELECT 'segment', g.segment::text, (SELECT count(*) FROM %1$s.segment_member m WHERE m.segment_id = g.segment_id AND m.left_at IS NULL), g.refreshed_at,
                CASE WHEN g.refreshed_at IS NULL THEN 'stale: never refreshed'
                WHEN g.refreshed_at < (SELECT max(u.started_at) FROM %1$s.run u WHERE u.step = 'resolve' AND u.state = 'done') THEN 'stale: resolved since' END
           FROM %1$s.segment g ORDER BY g.segment)
        UNION ALL
        (SELECT 'last run', u.step, NULL::bigint, u.finished_at, format('run %%s %%s', u.run_id, u.state) || coalesce(': ' || u.error, '')
           FROM (SELECT DISTINCT ON (u.step) u.* FROM %1$s.run u ORDER BY u.step, u.run_id DESC) u ORDER BY u.step)
    $sql$, space);
END
$$;
REVOKE ALL ON FUNCTION cdp.status(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.status(regnamespace) IS
'The state of a space in one list: sources with their records and last reading, records, profiles, the matching model in use with the records that it was learned from and its warnings, rejected values, refused merges, traits, segments with their sizes, the last run of each step with its error, and in note what is stale and why, and which source refers to one that is not there.
Example: SELECT * FROM cdp.status(''customer'');';
