-- core: spaces. A space is a schema of ordinary tables owned by its maker; the
-- extension owns none of them.

CREATE OR REPLACE FUNCTION cdp_internal.require_space(space regnamespace)
RETURNS text
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_require_space';
REVOKE ALL ON FUNCTION cdp_internal.require_space(regnamespace) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.require_space(regnamespace) IS
'The quoted schema name of a space; CDP20 when the schema is not a space, or null.';

CREATE OR REPLACE FUNCTION cdp_internal.progress(message text)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'cdp_progress';
REVOKE ALL ON FUNCTION cdp_internal.progress(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.progress(text) IS
'Shows how far long work is: pg_stat_activity for others, a NOTICE for the client.';

CREATE OR REPLACE FUNCTION cdp_internal.setting(name text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cdp_setting';
REVOKE ALL ON FUNCTION cdp_internal.setting(text) FROM PUBLIC;
COMMENT ON FUNCTION cdp_internal.setting(text) IS
'current_setting() that loads the module first, so that cdp''s settings are known.';

CREATE OR REPLACE FUNCTION cdp.create_space(space name, region text DEFAULT cdp_internal.setting('cdp.default_region'))
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF space IS NULL OR space = '' THEN
        RAISE EXCEPTION 'a space needs a name' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.create_space(''customer'').';
    END IF;
    IF space IN ('cdp', 'cdp_internal', 'public', 'information_schema') OR space ~ '^pg_' THEN
        RAISE EXCEPTION 'the name "%" is reserved', space USING ERRCODE = 'CDP23',
            HINT = 'Choose another name, such as customer.';
    END IF;
    IF region IS NULL OR region !~ '^[A-Z]{2}$' THEN
        RAISE EXCEPTION 'a region is a two-letter country code in upper case' USING ERRCODE = 'CDP23',
            HINT = 'Call cdp.create_space(''customer'', region => ''US'').';
    END IF;
    IF EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = space) THEN
        RAISE EXCEPTION 'schema "%" exists already', space USING ERRCODE = 'CDP21',
            HINT = 'A space makes its own schema: choose another name, or drop it with cdp.drop_space.';
    END IF;

    EXECUTE format('CREATE SCHEMA %I', space);
    EXECUTE format($sql$
        CREATE TABLE %1$I.space_info (
            only_row            boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            version             text NOT NULL,
            region              text NOT NULL,
            created_at          timestamptz NOT NULL DEFAULT now(),
            definitions_changed boolean NOT NULL DEFAULT false
        );
        COMMENT ON TABLE %1$I.space_info IS 'marks this schema as a cdp space; one row';
        COMMENT ON COLUMN %1$I.space_info.definitions_changed IS
            'rules, limits, blocked values or rulings changed since the last resolve: the next one clusters everything again';
    $sql$, space);
    EXECUTE format('INSERT INTO %I.space_info (version, region) SELECT extversion, $1 FROM pg_extension WHERE extname = ''cdp''', space)
        USING region;

    PERFORM cdp_internal.create_job_tables(space);
    PERFORM cdp_internal.create_identity_tables(space);
    PERFORM cdp_internal.create_profile_tables(space);
    PERFORM cdp_internal.create_consent_tables(space);
    PERFORM cdp_internal.create_segment_tables(space);
    PERFORM cdp_internal.create_match_tables(space);
    PERFORM cdp_internal.add_standard_attributes(quote_ident(space)::regnamespace);
END
$$;
REVOKE ALL ON FUNCTION cdp.create_space(name, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.create_space(name, text) IS
'Makes a space: a schema of ordinary tables, owned by the caller, that holds one unified set of customers.
region is the country assumed for phone numbers and postal codes that name none (ISO 3166-1 alpha-2; default: the setting cdp.default_region).
Errors: CDP21 when the schema exists, CDP23 when the name is reserved or the region is no country code.
Example: SELECT cdp.create_space(''customer'');';

CREATE OR REPLACE FUNCTION cdp.drop_space(space regnamespace, confirm text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
    PERFORM cdp_internal.require_space(space);
    IF confirm IS DISTINCT FROM (SELECT n.nspname FROM pg_namespace n WHERE n.oid = space) THEN
        RAISE EXCEPTION 'space % was not dropped: the confirmation does not repeat its name', space USING ERRCODE = 'CDP23',
            HINT = format('Call cdp.drop_space(%L, confirm => %L). This deletes its consent ledger and history for good.', space, space);
    END IF;
    EXECUTE format('DROP SCHEMA %s CASCADE', space);
END
$$;
REVOKE ALL ON FUNCTION cdp.drop_space(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION cdp.drop_space(regnamespace, text) IS
'Drops a space with everything in it, the consent ledger included; confirm must repeat its name.
Errors: CDP20 when the schema is not a space, CDP23 when the confirmation differs.
Example: SELECT cdp.drop_space(''customer'', confirm => ''customer'');';
