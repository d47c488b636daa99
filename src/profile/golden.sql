-- profile: the golden record. One aggregate per attribute, chosen by its survivorship
-- rule, over the records of each profile; only rows that differ are written.

CREATE OR REPLACE FUNCTION cdp_internal.confidence_sql(probability text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('CASE WHEN $1 > 0 THEN coalesce(%s, 1) END::real', probability) $$;
REVOKE ALL ON FUNCTION cdp_internal.confidence_sql(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.confidence_sql(text) IS
'How sure a profile is, as an expression: $1 is the model (0: none), probability gives that of its weakest join, null where scored pairs do not hold it together.';

CREATE OR REPLACE FUNCTION cdp_internal.write_profiles(space regnamespace, stale_only boolean, model int)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns  text;
    values   text;
    sets     text;
    old_row  text;
    new_row  text;
    sources  text;
    met      boolean;
    n_gone   bigint;
    n_new    bigint;
BEGIN
    EXECUTE format($sql$
        SELECT coalesce(string_agg(format(', %%I', a.attribute), '' ORDER BY a.attribute), ''),
               coalesce(string_agg(', ' || replace(cdp_internal.survivorship_sql(a.survivorship), '{v}', format('r.%%I', a.attribute)), '' ORDER BY a.attribute), ''),
               coalesce(string_agg(format(', %%1$I = excluded.%%1$I', a.attribute), '' ORDER BY a.attribute), ''),
               coalesce(string_agg(format(', p.%%I', a.attribute), '' ORDER BY a.attribute), ''),
               coalesce(string_agg(format(', excluded.%%I', a.attribute), '' ORDER BY a.attribute), '')
          FROM %1$s.attribute a WHERE a.in_use AND a.survivorship <> 'none'
    $sql$, space) INTO columns, values, sets, old_row, new_row;

    -- distinct sources: a bit map while source numbers fit into one, else a sort per profile
    EXECUTE format('SELECT CASE WHEN coalesce(max(s.source_id), 0) < 63 THEN ''bit_count(bit_or(1::bigint << r.source_id)::bit(64))'' ELSE ''count(DISTINCT r.source_id)'' END FROM %s.source s', space)
       INTO sources;

    -- a profile whose last record vanished lives nowhere, and so does what was merged into it; where records went
    -- elsewhere the alias is there already
    EXECUTE format($sql$
        -- found first: an estimate of one such profile must not have all of them looked through for each
        WITH empty AS MATERIALIZED (SELECT DISTINCT t.profile_id FROM %2$s t WHERE NOT EXISTS (SELECT FROM %1$s.identity i WHERE i.profile_id = t.profile_id)),
        gone AS (DELETE FROM %1$s.profile p USING empty e WHERE p.profile_id = e.profile_id RETURNING p.profile_id),
        led AS (UPDATE %1$s.profile_alias a SET profile_id = NULL, since = now() FROM gone g WHERE a.profile_id = g.profile_id),
        ended AS (INSERT INTO %1$s.profile_alias (old_profile_id) SELECT g.profile_id FROM gone g ON CONFLICT (old_profile_id) DO NOTHING)
        SELECT count(*) FROM gone
    $sql$, space, CASE WHEN stale_only THEN 'pg_temp.cdp_stale' ELSE format('%s.profile', space) END) INTO n_gone;

    -- a first run has nothing to meet; and rows in the order of their key are faster to index, and to find
    EXECUTE format('SELECT EXISTS (SELECT FROM %s.profile)', space) INTO met;
    EXECUTE format($sql$
        WITH written AS (INSERT INTO %1$s.profile AS p (profile_id, record_count, source_count, first_seen_at, last_seen_at, confidence %2$s)
        SELECT i.profile_id, count(*), %4$s, min(r.observed_at), max(r.observed_at), %5$s %3$s
          FROM %1$s.identity i JOIN %1$s.record r USING (record_id) JOIN %1$s.source s USING (source_id)
          LEFT JOIN %1$s.weakest_link w ON w.profile_id = i.profile_id
         %6$s
         GROUP BY i.profile_id ORDER BY i.profile_id
        %7$s
        RETURNING p.xmax = 0 AS is_new)
        SELECT count(*) FROM written w WHERE w.is_new
    $sql$, space, columns, values, sources, cdp_internal.confidence_sql('max(w.probability)'),
        CASE WHEN stale_only THEN 'WHERE i.profile_id IN (SELECT t.profile_id FROM pg_temp.cdp_stale t)' ELSE '' END,
        CASE WHEN met THEN format($sql$
        ON CONFLICT (profile_id) DO UPDATE
           SET record_count = excluded.record_count, source_count = excluded.source_count,
               first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, updated_at = now() %1$s
         WHERE (p.record_count, p.source_count, p.first_seen_at, p.last_seen_at %2$s)
               IS DISTINCT FROM (excluded.record_count, excluded.source_count, excluded.first_seen_at, excluded.last_seen_at %3$s)
        $sql$, sets, old_row, new_row) ELSE '' END) INTO n_new USING model;

    RETURN n_new - n_gone;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.write_profiles(regnamespace, boolean, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.write_profiles(regnamespace, boolean, int) IS
'Writes the golden records of all profiles, or of those in pg_temp.cdp_stale; returns by how many the profiles of the space became more.';

CREATE OR REPLACE FUNCTION cdp.current_profile(space regnamespace, profile_id bigint)
RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_current_profile';
REVOKE ALL ON FUNCTION cdp.current_profile(regnamespace, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp.current_profile(regnamespace, bigint) IS
'The profile id under which a person lives now: the id itself while it is alive, else where it was merged into. Null when its last record is gone or the id was never given out.
Errors: CDP20 no space.
Example: SELECT cdp.current_profile(''customer'', 42);';
