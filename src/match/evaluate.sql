-- match: how right the partition in force is, against a known truth.

CREATE OR REPLACE FUNCTION cdp.evaluate(space regnamespace, truth regclass)
RETURNS TABLE (level text, "precision" double precision, recall double precision, f1 double precision,
               correct bigint, found bigint, expected bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing bigint;
    twice   bigint;
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF truth IS NULL OR (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = truth AND a.attname IN ('source', 'source_key', 'entity') AND NOT a.attisdropped) < 3 THEN
        RAISE EXCEPTION 'a truth table has the columns source, source_key and entity' USING ERRCODE = 'CDP23',
            HINT = 'One row per record: its source''s name, its key as text, and the known person.';
    END IF;
    EXECUTE format($sql$
        SELECT count(*) FILTER (WHERE r.record_id IS NULL), (SELECT count(*) FROM (SELECT FROM %2$s t GROUP BY t.source, t.source_key HAVING count(*) > 1) d)
          FROM %2$s t LEFT JOIN %1$s.source s ON s.source = t.source::text
          LEFT JOIN %1$s.record r ON r.source_id = s.source_id AND r.source_key = t.source_key::text
    $sql$, space, truth) INTO missing, twice;
    IF twice > 0 THEN
        RAISE EXCEPTION 'the truth names % records more than once', twice USING ERRCODE = 'CDP23',
            HINT = 'A record is one entity: one row per source and source_key.';
    END IF;
    IF missing > 0 THEN
        RAISE EXCEPTION 'the truth names % records that space % does not have', missing, space USING ERRCODE = 'CDP60',
            HINT = 'Check the source names and keys, and run cdp.resolve first.';
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH t AS MATERIALIZED (
            SELECT i.profile_id, t.entity::text AS entity
              FROM %2$s t JOIN %1$s.source s ON s.source = t.source::text
              JOIN %1$s.record r ON r.source_id = s.source_id AND r.source_key = t.source_key::text
              JOIN %1$s.identity i ON i.record_id = r.record_id
             WHERE t.entity IS NOT NULL),
        cell AS (SELECT t.profile_id, t.entity, count(*) AS n FROM t GROUP BY 1, 2),
        p AS (SELECT c.profile_id, sum(c.n)::bigint AS n, count(*) AS parts FROM cell c GROUP BY 1),
        e AS (SELECT c.entity, sum(c.n)::bigint AS n FROM cell c GROUP BY 1),
        x AS (SELECT 'pairs' AS level,
                     (SELECT coalesce(sum(c.n * (c.n - 1) / 2), 0) FROM cell c)::bigint AS correct,
                     (SELECT coalesce(sum(p.n * (p.n - 1) / 2), 0) FROM p)::bigint AS found,
                     (SELECT coalesce(sum(e.n * (e.n - 1) / 2), 0) FROM e)::bigint AS expected
              UNION ALL
              SELECT 'clusters', (SELECT count(*) FROM cell c JOIN p USING (profile_id) JOIN e USING (entity) WHERE c.n = p.n AND c.n = e.n),
                     (SELECT count(*) FROM p), (SELECT count(*) FROM e))
        SELECT x.level, CASE WHEN x.found > 0 THEN x.correct::float8 / x.found END, CASE WHEN x.expected > 0 THEN x.correct::float8 / x.expected END,
               CASE WHEN x.found + x.expected > 0 THEN 2.0::float8 * x.correct / (x.found + x.expected) END, x.correct, x.found, x.expected
          FROM x
    $sql$, space, truth);
END
$$;
REVOKE ALL ON FUNCTION cdp.evaluate(regnamespace, regclass) FROM PUBLIC;
COMMENT ON FUNCTION cdp.evaluate(regnamespace, regclass) IS
'Compares the partition in force with a known truth, a table or view with the columns source, source_key and entity; records that it does not name, or whose entity is null, are left out.
level pairs: of all pairs of records in one profile (found) and in one entity (expected), those in both (correct). level clusters: profiles that are exactly one entity. precision = correct/found, recall = correct/expected, f1 = 2*correct/(found+expected); null where the denominator is 0.
Errors: CDP23 not a truth table or a record with two entities, CDP60 records that the space does not have.
Example: SELECT * FROM cdp.evaluate(''customer'', ''truth.record'');';
