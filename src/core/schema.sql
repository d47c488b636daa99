-- core: where cdp can work, and its two schemas. Run once.
-- Cleaning and matching are about characters, in UTF-8. That a database of another
-- encoding is none for it must not come out at the first letter outside ASCII.
DO $$
BEGIN
    IF getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'cdp needs a database in UTF8, not %', getdatabaseencoding() USING ERRCODE = 'feature_not_supported',
            HINT = 'Make one with CREATE DATABASE name ENCODING ''UTF8'' TEMPLATE template0, with a locale of that encoding.';
    END IF;
END
$$;

-- cdp is the public interface; cdp_internal is everything else. Anyone may use
-- what is granted in cdp; nobody but roles set up by cdp.grant_role may enter
-- cdp_internal.
CREATE SCHEMA cdp;
COMMENT ON SCHEMA cdp IS 'customer data platform: public functions, types and aggregates';
GRANT USAGE ON SCHEMA cdp TO PUBLIC;

CREATE SCHEMA cdp_internal;
COMMENT ON SCHEMA cdp_internal IS 'customer data platform: helpers that are no interface';
