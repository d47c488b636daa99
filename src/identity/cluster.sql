-- identity: clustering.

CREATE OR REPLACE FUNCTION cdp_internal.evidence_kinds(space regnamespace, common int)
RETURNS TABLE (kind text, priority int, ties boolean, common_limit int, max_per_profile int)
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT a.attribute::text, coalesce(a.priority, 1000), a.priority IS NOT NULL,
               CASE WHEN a.kind = 'reference' THEN 0 ELSE $1 END, a.max_per_profile
          FROM %1$s.attribute a WHERE a.is_identifier AND a.in_use
        UNION ALL
        SELECT r.rule::text, r.priority, true, $1, NULL FROM %1$s.rule r
    $sql$, space) USING common;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.evidence_kinds(regnamespace, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.evidence_kinds(regnamespace, int) IS
'The kinds of hubs of a space in one list: identifier attributes, references to source keys, rules; ties is false for identifiers that only limit or carry consent. common is the limit of records per value; references have none (0).';

CREATE OR REPLACE FUNCTION cdp_internal.cluster(space regnamespace, affected_only boolean, common int, model_id int)
RETURNS TABLE (record_id bigint, former_profile_id bigint, profile_id bigint, bridge_weight double precision, bridge_a bigint, bridge_b bigint)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cdp_cluster';
REVOKE ALL ON FUNCTION cdp_internal.cluster(regnamespace, boolean, int, int) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.cluster(regnamespace, boolean, int, int) IS
'Clusters the records of a space, or those in pg_temp.cdp_affected with their hubs in pg_temp.cdp_hub, and returns the records whose profile changes; of each profile that scored pairs hold together also its first record, with the weakest join (weight of the two clusters as wholes beside rivals, their first records). model_id: the matching model, 0 for none; with one, clustering everything scores all pairs and writes them to link, and the index for look-ups is brought up to date.';
