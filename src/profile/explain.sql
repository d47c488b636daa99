-- profile: why a profile is what it is.

CREATE OR REPLACE FUNCTION cdp_internal.show_value(value text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT replace(value, E'\x1f', ' + ') $$;
REVOKE ALL ON FUNCTION cdp_internal.show_value(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.show_value(text) IS 'A hub''s value for reading: the parts of a rule''s value joined by +.';

CREATE OR REPLACE FUNCTION cdp.explain_profile(space regnamespace, profile_id bigint)
RETURNS TABLE (topic text, name text, value text, source text, source_key text, record_id bigint, because text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, YMD'
AS $$
#variable_conflict use_column
DECLARE
    live   bigint;
    common int;
BEGIN
    PERFORM cdp_internal.require_space(space);
    live := cdp.current_profile(space, explain_profile.profile_id);
    IF live IS NULL THEN
        RAISE EXCEPTION 'space % has no profile %', space, explain_profile.profile_id USING ERRCODE = 'CDP61',
            HINT = format('See the table %s.profile, or %s.profile_alias for ids merged away.', space, space);
    END IF;

    -- the limit under which the records were clustered, which need not be the session's
    EXECUTE format('SELECT coalesce((SELECT (u.counts ->> ''max_records_per_value'')::int FROM %s.run u
                     WHERE u.step = ''resolve'' AND u.state = ''done'' ORDER BY u.run_id DESC LIMIT 1), 50)', space) INTO common;

    -- per attribute the winner, then the other values
    RETURN QUERY EXECUTE format($sql$
        WITH r AS (SELECT r.record_id, r.source_key, r.observed_at, s.source, s.trust, to_jsonb(r) AS v
                     FROM %1$s.identity i JOIN %1$s.record r USING (record_id) JOIN %1$s.source s USING (source_id) WHERE i.profile_id = $1),
        p AS (SELECT to_jsonb(p) AS v FROM %1$s.profile p WHERE p.profile_id = $1),
        a AS (SELECT a.attribute, a.survivorship, p.v ->> a.attribute AS golden FROM %1$s.attribute a CROSS JOIN p
               WHERE a.in_use AND a.survivorship <> 'none'),
        v AS (SELECT a.attribute, a.survivorship, a.golden, r.v ->> a.attribute AS value, count(*) AS n,
                     (array_agg(r.record_id ORDER BY CASE WHEN a.survivorship = 'most_trusted' THEN r.trust END DESC NULLS LAST,
                                                     CASE WHEN a.survivorship = 'earliest' THEN r.observed_at END ASC NULLS LAST,
                                                     r.observed_at DESC NULLS LAST, r.trust DESC, r.record_id))[1] AS record_id
                FROM a JOIN r ON r.v ->> a.attribute IS NOT NULL GROUP BY 1, 2, 3, 4)
        SELECT CASE WHEN v.value = v.golden THEN 'attribute' ELSE 'other value' END, v.attribute::text, v.value, r.source::text, r.source_key::text, r.record_id,
               CASE WHEN v.value = v.golden THEN
                    replace(v.survivorship, '_', ' ') || CASE v.survivorship
                        WHEN 'most_frequent' THEN format(': in %%s of %%s records', v.n, sum(v.n) OVER w)
                        WHEN 'most_trusted' THEN format(': trust %%s', r.trust)
                        WHEN 'longest' THEN format(': %%s characters', length(v.value))
                        ELSE coalesce(': ' || to_char(r.observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ': no time given') END
                    || CASE WHEN count(*) OVER w = 1 THEN ', the only value' ELSE '' END
               ELSE format('in %%s %%s%%s, trust %%s', v.n, CASE v.n WHEN 1 THEN 'record' ELSE 'records' END,
                           coalesce(', last ' || to_char(r.observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ''), r.trust) END
          FROM v JOIN r USING (record_id)
        WINDOW w AS (PARTITION BY v.attribute)
         ORDER BY v.attribute, v.value IS DISTINCT FROM v.golden, v.n DESC, v.value
    $sql$, space) USING live;

    -- per record the evidence that ties it to the others
    RETURN QUERY EXECUTE format($sql$
        WITH r AS (SELECT r.record_id, r.source_key, s.source, r.source_id
                     FROM %1$s.identity i JOIN %1$s.record r USING (record_id) JOIN %1$s.source s USING (source_id) WHERE i.profile_id = $1),
        k AS (SELECT * FROM cdp_internal.evidence_kinds(%1$L, $2)),
        h AS (SELECT h.kind, h.value, k.priority, k.common_limit, h.record_id FROM r JOIN %1$s.identifier h USING (record_id) JOIN k ON k.kind = h.kind
               WHERE k.ties AND NOT h.blocked
                 AND (k.common_limit = 0 OR (SELECT count(*) FROM (SELECT FROM %1$s.identifier c WHERE c.kind = h.kind AND c.value = h.value AND NOT c.blocked
                                                                    LIMIT k.common_limit + 1) c) <= k.common_limit)),
        t AS (SELECT a.record_id, a.kind, a.value, a.priority, array_agg(o.source || ' ' || o.source_key ORDER BY o.source_id, o.source_key) AS others
                FROM h a JOIN h b ON b.kind = a.kind AND b.value = a.value AND b.record_id <> a.record_id JOIN r o ON o.record_id = b.record_id
               GROUP BY 1, 2, 3, 4),
        l AS (SELECT x.record_id, l.origin, l.weight, l.why, l.made_by, o.source || ' ' || o.source_key AS other
                FROM r x JOIN %1$s.link l ON x.record_id IN (l.record_a, l.record_b) AND l.weight > 0
                JOIN r o ON o.record_id IN (l.record_a, l.record_b) AND o.record_id <> x.record_id)
        SELECT 'record', coalesce(t.kind, CASE l.origin WHEN 'model' THEN 'match' ELSE l.origin END), cdp_internal.show_value(t.value), r.source::text, r.source_key::text, r.record_id,
               CASE WHEN t.kind IS NOT NULL THEN format('shares %%s with %%s', t.kind, array_to_string(t.others[:3], ', ') || CASE WHEN cardinality(t.others) > 3 THEN format(' and %%s more', cardinality(t.others) - 3) ELSE '' END)
                    WHEN l.origin = 'model' THEN format('matches %%s with weight %%s', l.other, round(l.weight::numeric, 1))
                    WHEN l.other IS NOT NULL THEN format('ruled the same as %%s by %%s: %%s', l.other, l.made_by, l.why)
                    WHEN (SELECT count(*) FROM r) = 1 THEN 'the only record'
                    ELSE 'stays with records that another run put here' END
          FROM r LEFT JOIN (SELECT t.record_id, t.kind, t.value, t.priority, NULL::text AS other, NULL::text AS origin FROM t
                            UNION ALL SELECT l.record_id, NULL, NULL, CASE l.origin WHEN 'model' THEN 2147483647 ELSE -1 END, l.other, l.origin FROM l) e USING (record_id)
          LEFT JOIN t ON t.record_id = e.record_id AND t.kind = e.kind AND t.value = e.value
          LEFT JOIN l ON l.record_id = e.record_id AND l.other = e.other AND l.origin = e.origin
         ORDER BY r.source_id, r.source_key, e.priority, t.kind, t.value
    $sql$, space) USING live, common;

    -- what a constraint kept out, and what a person's word keeps out in any case
    RETURN QUERY EXECUTE format($sql$
        WITH m AS (SELECT i.record_id FROM %1$s.identity i WHERE i.profile_id = $1),
        refused AS (SELECT f.kind::text AS name, cdp_internal.show_value(f.value) AS value, m.record_id, f.record_a + f.record_b - m.record_id AS other,
                           CASE WHEN f.kind = 'model' AND f.value = 'match' THEN 'matches' WHEN f.kind = 'ruling' AND f.value = 'same' THEN 'is ruled the same as' ELSE format('shares %%s with', f.kind) END
                           || format(' record %%s of this profile, but %%s forbids one profile', m.record_id,
                                     CASE f.refused_by WHEN 'ruling' THEN 'a ruling' WHEN 'model' THEN 'what differs' ELSE 'the limit on ' || f.refused_by END) AS because
                      FROM m JOIN %1$s.refused_merge f ON m.record_id IN (f.record_a, f.record_b)
                    UNION ALL
                    SELECT 'ruling', 'different', m.record_id, l.record_a + l.record_b - m.record_id,
                           format('ruled different from record %%s of this profile by %%s: %%s', m.record_id, l.made_by, l.why)
                      FROM m JOIN %1$s.link l ON m.record_id IN (l.record_a, l.record_b) AND l.origin = 'ruling' AND l.weight < 0)
        SELECT 'refused', f.name, f.value, s.source::text, o.source_key::text, o.record_id, f.because
          FROM refused f JOIN %1$s.record o ON o.record_id = f.other JOIN %1$s.source s USING (source_id)
         ORDER BY f.name, f.value, o.record_id, f.record_id
    $sql$, space) USING live;
END
$$;
REVOKE ALL ON FUNCTION cdp.explain_profile(regnamespace, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cdp.explain_profile(regnamespace, bigint) IS
'Why a profile is what it is. Rows by topic: attribute (the golden value, the record it comes from and the survivorship rule that chose it), other value (what lost), record (each record with the evidence that ties it to the others), refused (records that share evidence but that a limit or a ruling keeps out, and every ruling of rule_different on a record of this profile). Ids merged away are followed.
Errors: CDP61 no such profile.
Example: SELECT * FROM cdp.explain_profile(''customer'', 42);';
