-- match: how right the partition in force is, against a known truth, and where it is wrong.

CREATE OR REPLACE FUNCTION cdp_internal.truth_sql(space regnamespace, truth regclass)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('SELECT DISTINCT r.record_id, i.profile_id, t.entity::text AS entity
                     FROM %2$s t JOIN %1$s.source s ON s.source = t.source::text
                     JOIN %1$s.record r ON r.source_id = s.source_id AND r.source_key = t.source_key::text
                     JOIN %1$s.identity i ON i.record_id = r.record_id
                    WHERE t.entity IS NOT NULL', space, truth)
$$;
REVOKE ALL ON FUNCTION cdp_internal.truth_sql(regnamespace, regclass) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.truth_sql(regnamespace, regclass) IS 'The query that gives record_id, profile_id and entity of the records that a truth table knows.';

CREATE OR REPLACE FUNCTION cdp_internal.check_truth(space regnamespace, truth regclass)
RETURNS bigint
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown bigint;
    several bigint;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF truth IS NULL OR (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = truth AND a.attname IN ('source', 'source_key', 'entity') AND NOT a.attisdropped) < 3 THEN
        RAISE EXCEPTION 'a truth table has the columns source, source_key and entity' USING ERRCODE = 'CDP67',
            HINT = 'One row per record: its source as in the table source, its key as source_key in the table record, and the known person.';
    END IF;
    EXECUTE format($sql$
        WITH t AS (SELECT t.source::text AS source, t.source_key::text AS source_key, count(DISTINCT t.entity::text) AS entities
                     FROM %2$s t WHERE t.entity IS NOT NULL GROUP BY 1, 2)
        SELECT count(*) FILTER (WHERE r.record_id IS NULL), count(*) FILTER (WHERE t.entities > 1)
          FROM t LEFT JOIN %1$s.source s ON s.source = t.source
          LEFT JOIN %1$s.record r ON r.source_id = s.source_id AND r.source_key = t.source_key
    $sql$, space, truth) INTO unknown, several;
    IF several > 0 THEN
        RAISE EXCEPTION 'the truth gives more than one entity to a record (records: %)', several USING ERRCODE = 'CDP67',
            HINT = format('SELECT source, source_key FROM %s GROUP BY 1, 2 HAVING count(DISTINCT entity) > 1 lists them.', truth);
    END IF;
    RETURN unknown;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.check_truth(regnamespace, regclass) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.check_truth(regnamespace, regclass) IS
'How many records a truth table names that the space does not have; CDP67 when it is no truth table.';

CREATE OR REPLACE FUNCTION cdp.evaluate(space regnamespace, truth regclass)
RETURNS TABLE (level text, "precision" double precision, recall double precision, f1 double precision,
               correct bigint, found bigint, expected bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unknown bigint := cdp_internal.check_truth(space, truth);
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH t AS MATERIALIZED (%2$s),
        cell AS (SELECT t.profile_id, t.entity, count(*) AS n FROM t GROUP BY 1, 2),
        p AS (SELECT c.profile_id, sum(c.n)::bigint AS n FROM cell c GROUP BY 1),
        e AS (SELECT c.entity, sum(c.n)::bigint AS n FROM cell c GROUP BY 1),
        l AS MATERIALIZED (SELECT l.weight, a.entity = b.entity AS is_right
                             FROM %1$s.link l JOIN t a ON a.record_id = l.record_a JOIN t b ON b.record_id = l.record_b WHERE l.origin = 'model'),
        expected AS (SELECT coalesce(sum(e.n * (e.n - 1) / 2), 0)::bigint AS n FROM e),
        x AS (SELECT 0 AS i, 'pairs' AS level,
                     (SELECT coalesce(sum(c.n * (c.n - 1) / 2), 0) FROM cell c)::bigint AS correct,
                     (SELECT coalesce(sum(p.n * (p.n - 1) / 2), 0) FROM p)::bigint AS found,
                     (SELECT n FROM expected) AS expected
              UNION ALL
              SELECT 1, 'clusters', (SELECT count(*) FROM cell c JOIN p USING (profile_id) JOIN e USING (entity) WHERE c.n = p.n AND c.n = e.n),
                     (SELECT count(*) FROM p), (SELECT count(*) FROM e)
              UNION ALL
              SELECT 2 + w.x, 'links >= ' || w.x, count(*) FILTER (WHERE l.is_right), count(*), (SELECT n FROM expected)
                FROM generate_series(0, 20) w(x) JOIN l ON l.weight >= w.x GROUP BY w.x
              UNION ALL
              SELECT 100, 'unknown records', NULL, $1, NULL WHERE $1 > 0)
        SELECT x.level, CASE WHEN x.found > 0 THEN x.correct::float8 / x.found END, CASE WHEN x.expected > 0 THEN x.correct::float8 / x.expected END,
               CASE WHEN x.found + x.expected > 0 THEN 2.0::float8 * x.correct / (x.found + x.expected) END, x.correct, x.found, x.expected
          FROM x ORDER BY x.i
    $sql$, space, cdp_internal.truth_sql(space, truth)) USING unknown;
END
$$;
REVOKE ALL ON FUNCTION cdp.evaluate(regnamespace, regclass) FROM PUBLIC;
COMMENT ON FUNCTION cdp.evaluate(regnamespace, regclass) IS
'Compares the partition in force with a known truth, a table or view with the columns source (as in the table source), source_key (as in record) and entity (who it is); records that it does not name, or whose entity is null, are left out.
level pairs: of all pairs of records in one profile (found) and in one entity (expected), those in both (correct). level clusters: profiles that are exactly one entity. levels links >= 0 to links >= 20: the pairs that matching linked by themselves, at that weight or above. precision = correct/found, recall = correct/expected, f1 = 2*correct/(found+expected); null where the denominator is 0. level unknown records, where there are any: found is how many records the truth names that the space does not have; they do not count.
Errors: CDP67 not a truth table, or records with several entities.
Example: SELECT * FROM cdp.evaluate(''customer'', ''truth.record'');';

CREATE OR REPLACE FUNCTION cdp.false_merges(space regnamespace, truth regclass, max int DEFAULT 100)
RETURNS TABLE (profile_id bigint, record_a bigint, record_b bigint, entity_a text, entity_b text, weight double precision, evidence text, pairs bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    PERFORM cdp_internal.check_truth(space, truth);
    RETURN QUERY EXECUTE format($sql$
        WITH t AS MATERIALIZED (%2$s),
        w AS (SELECT a.profile_id, a.record_id AS record_a, b.record_id AS record_b, a.entity AS entity_a, b.entity AS entity_b, l.weight, r.weight AS ruled, s.kinds
                FROM t a JOIN t b ON b.profile_id = a.profile_id AND b.entity > a.entity
                LEFT JOIN %1$s.link l ON l.record_a = least(a.record_id, b.record_id) AND l.record_b = greatest(a.record_id, b.record_id) AND l.origin = 'model'
                LEFT JOIN %1$s.link r ON r.record_a = least(a.record_id, b.record_id) AND r.record_b = greatest(a.record_id, b.record_id) AND r.origin = 'ruling'
               CROSS JOIN LATERAL (SELECT string_agg(DISTINCT x.kind, ', ') AS kinds
                                     FROM %1$s.identifier x JOIN %1$s.identifier y ON y.kind = x.kind AND y.value = x.value AND y.record_id = b.record_id
                                    WHERE x.record_id = a.record_id AND NOT x.blocked) s),
        d AS (SELECT DISTINCT ON (w.profile_id, w.entity_a, w.entity_b) w.*, count(*) OVER (PARTITION BY w.profile_id, w.entity_a, w.entity_b) AS pairs
                FROM w ORDER BY w.profile_id, w.entity_a, w.entity_b, w.ruled IS NULL, w.kinds IS NULL, w.weight DESC NULLS LAST, w.record_a, w.record_b)
        SELECT d.profile_id, d.record_a, d.record_b, d.entity_a, d.entity_b, d.weight,
               coalesce(nullif(concat_ws('; ', CASE WHEN d.ruled > 0 THEN 'ruled the same' END, 'same ' || d.kinds, CASE WHEN d.weight IS NOT NULL THEN 'linked by matching' END), ''),
                        'tied through other records'), d.pairs
          FROM d ORDER BY d.pairs DESC, d.weight DESC NULLS LAST, d.record_a, d.record_b LIMIT $1
    $sql$, space, cdp_internal.truth_sql(space, truth)) USING max;
END
$$;
REVOKE ALL ON FUNCTION cdp.false_merges(regnamespace, regclass, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.false_merges(regnamespace, regclass, int) IS
'Where profiles hold records of several entities of a known truth (see cdp.evaluate): per profile and pair of entities the two records with the strongest evidence between them. weight: that matching gave the two, null when it gave none. evidence: what ties them directly. pairs: wrong pairs between the two entities in the profile. Worst first, at most max.
Errors: CDP67 not a truth table, or records with several entities.
Example: SELECT * FROM cdp.false_merges(''customer'', ''truth.record'');';

CREATE OR REPLACE FUNCTION cdp.missed_pairs(space regnamespace, truth regclass, max int DEFAULT 100)
RETURNS TABLE (entity text, record_a bigint, record_b bigint, profile_a bigint, profile_b bigint, weight double precision, reason text, pairs bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    id    int;
    model jsonb;
BEGIN
    PERFORM cdp_internal.check_truth(space, truth);
    id := cdp_internal.active_model(space);
    IF id IS NOT NULL THEN
        model := cdp.export_model(space, id, false);
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH t AS MATERIALIZED (%2$s),
        w AS (SELECT a.entity, a.record_id AS record_a, b.record_id AS record_b, a.profile_id AS profile_a, b.profile_id AS profile_b, l.weight, r.weight AS ruled, f.refused_by
                FROM t a JOIN t b ON b.entity = a.entity AND b.profile_id > a.profile_id
                LEFT JOIN %1$s.link l ON l.record_a = least(a.record_id, b.record_id) AND l.record_b = greatest(a.record_id, b.record_id) AND l.origin = 'model'
                LEFT JOIN %1$s.link r ON r.record_a = least(a.record_id, b.record_id) AND r.record_b = greatest(a.record_id, b.record_id) AND r.origin = 'ruling'
                LEFT JOIN LATERAL (SELECT f.refused_by FROM %1$s.refused_merge f
                                    WHERE f.record_a = least(a.record_id, b.record_id) AND f.record_b = greatest(a.record_id, b.record_id) LIMIT 1) f ON true),
        d AS (SELECT DISTINCT ON (w.entity, w.profile_a, w.profile_b) w.*, count(*) OVER (PARTITION BY w.entity, w.profile_a, w.profile_b) AS pairs
                FROM w ORDER BY w.entity, w.profile_a, w.profile_b, w.ruled IS NULL, w.refused_by IS NULL, w.weight DESC NULLS LAST, w.record_a, w.record_b),
        -- the best of those that matching gave no link come out only when all are weighed
        n AS (SELECT d.* FROM d ORDER BY d.weight DESC NULLS LAST, d.pairs DESC, d.record_a, d.record_b LIMIT $1),
        v AS (SELECT v.record_id, v.keys FROM cdp.match_values($2, $3, ARRAY(SELECT n.record_a FROM n UNION SELECT n.record_b FROM n)) v WHERE $3 IS NOT NULL),
        s AS (SELECT n.*, coalesce(n.weight, cdp.pair_weight($4, a.keys, b.keys, cdp_internal.condition_levels($2, $3, n.record_a, n.record_b, a.keys, b.keys))) AS scored
                FROM n LEFT JOIN v a ON a.record_id = n.record_a LEFT JOIN v b ON b.record_id = n.record_b)
        SELECT s.entity, s.record_a, s.record_b, s.profile_a, s.profile_b, s.scored,
               CASE WHEN s.ruled < 0 THEN 'ruled different'
                    WHEN s.refused_by = 'ruling' THEN 'refused by a ruling'
                    WHEN s.refused_by = 'model' THEN 'they share a value, but the model takes them for two people'
                    WHEN s.refused_by IS NOT NULL THEN 'refused by the limit on ' || s.refused_by
                    WHEN s.weight < log(2, 5 / 3.0) THEN 'linked, but the odds are below five to three'
                    WHEN s.weight IS NOT NULL THEN 'linked, but more speaks against the two profiles, or another may be it as well'
                    WHEN s.scored > 0 THEN 'not compared: no blocking rule brings the two together'
                    WHEN s.scored <= 0 THEN 'speaks against one person'
                    ELSE 'nothing ties them, and no model is active' END, s.pairs
          FROM s ORDER BY s.scored DESC NULLS LAST, s.pairs DESC, s.record_a, s.record_b
    $sql$, space, cdp_internal.truth_sql(space, truth)) USING max, space, id, model;
END
$$;
REVOKE ALL ON FUNCTION cdp.missed_pairs(regnamespace, regclass, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp.missed_pairs(regnamespace, regclass, int) IS
'Where an entity of a known truth (see cdp.evaluate) is spread over several profiles: per pair of profiles the two records with the strongest evidence. weight: of the pair under the active model, null without one. reason: why they are not one profile: a ruling or a limit refused it, they are linked but too weakly, or more speaks against or one of them may be another as well, no blocking rule had them compared, or their values speak against one person. pairs: pairs missed between the two profiles. Strongest first, at most max.
Errors: CDP67 not a truth table, or records with several entities.
Example: SELECT * FROM cdp.missed_pairs(''customer'', ''truth.record'');';
