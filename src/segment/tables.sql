-- segment: definitions of traits and segments, and memberships over time.

CREATE OR REPLACE FUNCTION cdp_internal.create_segment_tables(space name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NULL;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.create_segment_tables(name) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.create_segment_tables(name) IS 'The segment room''s tables of a new space.';
