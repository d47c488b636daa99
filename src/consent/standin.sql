CREATE OR REPLACE FUNCTION cdp_internal.identifier_key(space regnamespace, kind text, value text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_known boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %1$s.attribute a WHERE a.attribute = $1 AND a.is_identifier)
                        OR EXISTS (SELECT FROM %1$s.source s WHERE s.source = $1)', space) INTO is_known USING kind;
    IF NOT is_known THEN
        RAISE EXCEPTION 'space % has no identifier kind "%"', space, kind USING ERRCODE = 'CDP50',
            HINT = 'A kind is an identifier attribute such as email, or a source whose row key is meant.';
    END IF;
    RETURN nullif(lower(btrim(value)), '');
END
$$;
REVOKE ALL ON FUNCTION cdp_internal.identifier_key(regnamespace, text, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.identifier_key(regnamespace, text, text) IS 'The matching key of an identifier value; null when it is refused.';
