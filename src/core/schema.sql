-- core: the two schemas of the extension. Run once.
-- cdp is the public interface; cdp_internal is everything else. Anyone may use
-- what is granted in cdp; nobody but roles set up by cdp.grant_role may enter
-- cdp_internal.
CREATE SCHEMA cdp;
COMMENT ON SCHEMA cdp IS 'customer data platform: public functions, types and aggregates';
GRANT USAGE ON SCHEMA cdp TO PUBLIC;

CREATE SCHEMA cdp_internal;
COMMENT ON SCHEMA cdp_internal IS 'customer data platform: helpers that are no interface';
