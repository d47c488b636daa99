-- profile: how good the data of a space is.

CREATE OR REPLACE FUNCTION cdp.common_values(space regnamespace)
RETURNS TABLE (kind text, value text, records bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    RETURN QUERY EXECUTE format($sql$
        SELECT h.kind::text, cdp_internal.show_value(h.value), count(*)
          FROM cdp_internal.evidence_kinds(%1$L, $1) k JOIN %1$s.identifier h ON h.kind = k.kind
         WHERE k.ties AND k.common_limit > 0 AND NOT h.blocked
         GROUP BY h.kind, h.value, k.common_limit HAVING count(*) > k.common_limit ORDER BY count(*) DESC, 1, 2
    $sql$, space) USING cdp_internal.setting('cdp.max_records_per_value')::int;
END
$$;
REVOKE ALL ON FUNCTION cdp.common_values(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.common_values(regnamespace) IS
'The identifier values and rule values that more records share than the setting cdp.max_records_per_value allows: they identify nobody at present. Falling under the limit brings a value back at the next cdp.resolve.
Example: SELECT * FROM cdp.common_values(''customer'');';

CREATE OR REPLACE FUNCTION cdp.quality_report(space regnamespace)
RETURNS TABLE (source text, attribute text, rows bigint, filled bigint, valid bigint, distinct_values bigint,
               most_common_reject text, rejects bigint, too_common bigint, oldest timestamptz, newest timestamptz)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s      record;
    counts text;
BEGIN
    PERFORM cdp_internal.require_space(space);
    FOR s IN EXECUTE format('SELECT s.source_id, s.source, s.fields FROM %s.source s WHERE NOT s.is_event ORDER BY s.source_id', space) LOOP
        -- one pass over the source's records: a list of (attribute, filled, distinct) per source
        SELECT string_agg(format('jsonb_build_array(%1$L, count(r.%1$I), count(DISTINCT r.%1$I))', f.key), ', ' ORDER BY f.key) INTO counts FROM jsonb_each(s.fields) f;
        RETURN QUERY EXECUTE format($q$
            WITH c AS MATERIALIZED (SELECT count(*) AS rows, min(r.observed_at) AS oldest, max(r.observed_at) AS newest, jsonb_build_array(%3$s) AS counts
                                      FROM %1$s.record r WHERE r.source_id = $1),
            v AS (SELECT x.attribute, sum(x.n)::bigint AS rejects, (array_agg(x.reason ORDER BY x.n DESC, x.reason))[1] AS reason
                    FROM (SELECT v.attribute, v.reason, count(*) AS n FROM %1$s.rejected_value v WHERE v.source_id = $1 GROUP BY 1, 2) x GROUP BY 1),
            -- records of which nothing was left
            e AS (SELECT x.attribute, count(*) AS empty
                    FROM (SELECT DISTINCT v.attribute, v.source_key FROM %1$s.rejected_value v WHERE v.source_id = $1) x
                    JOIN %1$s.record r ON r.source_id = $1 AND r.source_key = x.source_key
                   WHERE to_jsonb(r) ->> x.attribute IS NULL GROUP BY 1)
            SELECT $2, f ->> 0, c.rows, (f ->> 1)::bigint + coalesce(e.empty, 0), (f ->> 1)::bigint, (f ->> 2)::bigint,
                   v.reason, coalesce(v.rejects, 0),
                   (SELECT count(*) FROM cdp.common_values(%1$L) t WHERE t.kind = f ->> 0), c.oldest, c.newest
              FROM c CROSS JOIN LATERAL jsonb_array_elements(c.counts) f LEFT JOIN v ON v.attribute = f ->> 0 LEFT JOIN e ON e.attribute = f ->> 0
             ORDER BY 2
        $q$, space, NULL, counts) USING s.source_id, s.source;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION cdp.quality_report(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp.quality_report(regnamespace) IS
'How good the data is, one row per record source and attribute: rows, filled (rows in which a value was given), valid (rows of which cleaning took one), distinct values, the most common reason of refusal, how many values were refused, how many values are too common to identify anybody (see cdp.common_values), and the oldest and newest observation.
Of a field with several values the first one counts as valid; every refused one counts as refused.
Example: SELECT * FROM cdp.quality_report(''customer'');';
