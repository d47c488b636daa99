-- match: what a person should look at first.

CREATE OR REPLACE FUNCTION cdp.review(space regnamespace, n int DEFAULT 50)
RETURNS TABLE (record_a bigint, record_b bigint, profile_a bigint, profile_b bigint, weight double precision, probability double precision,
               reason text, agree text[], disagree text[])
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id    int;
    model jsonb;
BEGIN
    PERFORM cdp_internal.require_space(space);
    id := cdp_internal.active_model(space);
    IF id IS NOT NULL THEN
        model := cdp.export_model(space, id, false);
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH l AS (SELECT l.record_a, l.record_b, a.profile_id AS profile_a, b.profile_id AS profile_b, l.weight
                     FROM %1$s.link l JOIN %1$s.identity a ON a.record_id = l.record_a JOIN %1$s.identity b ON b.record_id = l.record_b
                    WHERE l.origin = 'model'),
        -- the least sure join of a profile, and what was nearly joined: the nearer to even, the sooner
        u AS ((SELECT 1 AS class, least(w.record_a, w.record_b) AS record_a, greatest(w.record_a, w.record_b) AS record_b, w.profile_id AS profile_a, w.profile_id AS profile_b,
                      w.weight, abs(w.weight) AS score, 'uncertain: the least sure join of the profile' AS reason
                 FROM %1$s.weakest_link w
                WHERE w.weight <= 5
                  AND NOT EXISTS (SELECT FROM %1$s.link r WHERE r.record_a = least(w.record_a, w.record_b) AND r.record_b = greatest(w.record_a, w.record_b) AND r.origin = 'ruling')
                ORDER BY abs(w.weight), 2, 3 LIMIT $1)
              UNION ALL
              (SELECT 1, l.*, l.weight, 'uncertain: nearly joined' FROM l
                WHERE l.profile_a <> l.profile_b AND l.weight <= 3
                  AND NOT EXISTS (SELECT FROM %1$s.link r WHERE r.record_a = l.record_a AND r.record_b = l.record_b AND r.origin = 'ruling')
                ORDER BY l.weight, l.record_a, l.record_b LIMIT $1)
              UNION ALL
              (SELECT 2, l.*, -l.weight, 'strong link, outweighed by other evidence' FROM l
                WHERE l.profile_a <> l.profile_b AND l.weight > 3
                  AND NOT EXISTS (SELECT FROM %1$s.refused_merge f WHERE f.record_a = l.record_a AND f.record_b = l.record_b)
                  AND NOT EXISTS (SELECT FROM %1$s.link r WHERE r.record_a = l.record_a AND r.record_b = l.record_b AND r.origin = 'ruling')
                ORDER BY l.weight DESC, l.record_a, l.record_b LIMIT $1)
              UNION ALL
              (SELECT 2, f.record_a, f.record_b, a.profile_id, b.profile_id, l.weight, coalesce(-l.weight, 0),
                      format('same %%s, but %%s keeps them apart', string_agg(DISTINCT f.kind, ', '),
                             string_agg(DISTINCT CASE WHEN f.refused_by = 'model' THEN 'what differs' ELSE 'the limit on ' || f.refused_by END, ', '))
                 FROM %1$s.refused_merge f JOIN %1$s.identity a ON a.record_id = f.record_a JOIN %1$s.identity b ON b.record_id = f.record_b
                 LEFT JOIN %1$s.link l ON l.record_a = f.record_a AND l.record_b = f.record_b AND l.origin = 'model'
                WHERE f.refused_by <> 'ruling'
                GROUP BY f.record_a, f.record_b, a.profile_id, b.profile_id, l.weight ORDER BY l.weight DESC NULLS LAST, f.record_a, f.record_b LIMIT $1)),
        p AS (SELECT * FROM u ORDER BY u.class, u.score, u.record_a, u.record_b LIMIT $1),
        v AS (SELECT v.record_id, v.keys FROM cdp.match_values($2, $3, ARRAY(SELECT p.record_a FROM p UNION SELECT p.record_b FROM p)) v WHERE $3 IS NOT NULL)
        SELECT p.record_a, p.record_b, p.profile_a, p.profile_b, coalesce(p.weight, w.total), 1 / (1 + exp(-ln(2::float8) * coalesce(p.weight, w.total))),
               p.reason || coalesce('; record ' || rival.record_id || ' could as well be of profile ' || rival.profile_id, ''), w.agree, w.disagree
          FROM p
          -- who else one of the two could be: by a link of at least half the odds
          LEFT JOIN LATERAL (SELECT x.record_id, i.profile_id
                               FROM (SELECT l.record_a AS record_id, l.record_b AS other_id, l.weight FROM %1$s.link l WHERE l.record_a IN (p.record_a, p.record_b) AND l.origin = 'model'
                                     UNION ALL
                                     SELECT l.record_b, l.record_a, l.weight FROM %1$s.link l WHERE l.record_b IN (p.record_a, p.record_b) AND l.origin = 'model') x
                               JOIN %1$s.identity i ON i.record_id = x.other_id
                              WHERE i.profile_id NOT IN (p.profile_a, p.profile_b)
                                AND x.weight >= coalesce((SELECT l.weight FROM %1$s.link l WHERE l.record_a = p.record_a AND l.record_b = p.record_b AND l.origin = 'model'), p.weight) - 1
                              ORDER BY x.weight DESC, x.record_id, i.profile_id LIMIT 1) rival ON true
          LEFT JOIN v a ON a.record_id = p.record_a LEFT JOIN v b ON b.record_id = p.record_b
          LEFT JOIN LATERAL (SELECT coalesce(array_agg(s.comparison ORDER BY s.weight DESC) FILTER (WHERE s.weight > 0 AND s.step > 0), '{}') AS agree,
                                    coalesce(array_agg(s.comparison ORDER BY s.weight) FILTER (WHERE s.weight < 0 AND s.step > 0), '{}') AS disagree, sum(s.weight) AS total
                               FROM (SELECT * FROM cdp.pair_levels($4, a.keys, b.keys, cdp_internal.condition_levels($2, $3, p.record_a, p.record_b, a.keys, b.keys))) s) w ON w.total IS NOT NULL
         ORDER BY p.class, p.score, p.record_a, p.record_b
    $sql$, space) USING greatest(coalesce(n, 50), 0), space, id, model;
END
$$;
REVOKE ALL ON FUNCTION cdp.review(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.review(regnamespace, int) IS
'The n pairs of records that a person should look at first: those near even odds that decide about the partition (records of two profiles that were nearly joined, up to weight 3, and the least sure join of a profile, up to 5), the most uncertain first; then strong evidence that did not join: links that other evidence outweighs, and shared identifiers that a limit keeps apart. reason also names a tie: a third profile that one of the two records could as well be of, by a link of at least half the odds. weight and probability: of the pair (of a join: of the two parts compared as wholes, less what rivals take), null without a model. agree and disagree: the comparisons that speak for and against one person, strongest first; cdp.explain_pair shows them in full. Pairs under a ruling are left out: answer with cdp.rule_same or cdp.rule_different.
Example: SELECT * FROM cdp.review(''customer'', 20);';
