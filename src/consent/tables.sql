-- consent: purposes, the append-only ledger, and the current state.

CREATE OR REPLACE FUNCTION cdp_internal.create_consent_tables(space name)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NULL;
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.create_consent_tables(name) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.create_consent_tables(name) IS 'The consent room''s tables of a new space.';
