-- nothing that changes or shows people's data may be executed by PUBLIC
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE ROLE regress_cdp_nobody;

CREATE TEMP VIEW member AS
SELECT p.* FROM pg_proc p
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
 WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cdp');
CREATE TEMP VIEW public_member AS
SELECT * FROM member WHERE has_function_privilege('regress_cdp_nobody', oid, 'EXECUTE');

-- What anyone may run computes a value from its arguments alone: it is immutable or an aggregate. The only others are
-- named here, each with its reason.
SELECT oid::regprocedure AS not_for_everyone FROM public_member
 WHERE provolatile <> 'i' AND prokind NOT IN ('a', 'w')
   -- input functions may read the setting cdp.default_region
   AND NOT EXISTS (SELECT FROM pg_type t WHERE public_member.oid IN (t.typinput, t.typreceive))
   -- these read the setting cdp.default_region and nothing else
   AND oid::regprocedure::text NOT IN ('cdp.normalize_phone(text)', 'cdp.phone_problem(text)', 'cdp.phone(text)',
                                       'cdp.normalize_postal_code(text)', 'cdp.postal_code_problem(text)')
 ORDER BY oid::regprocedure::text COLLATE "C";

-- nor is anything that takes a space for everyone
SELECT oid::regprocedure AS takes_a_space FROM public_member
 WHERE 'regnamespace'::regtype = ANY (proargtypes::oid[]) ORDER BY oid::regprocedure::text COLLATE "C";

-- nothing runs with its owner's rights
SELECT oid::regprocedure AS security_definer FROM member WHERE prosecdef ORDER BY oid::regprocedure::text COLLATE "C";

-- an untrusted search path cannot change what SQL and plpgsql functions mean
SELECT m.oid::regprocedure AS path_not_pinned
  FROM member m JOIN pg_language l ON l.oid = m.prolang
 WHERE l.lanname IN ('sql', 'plpgsql') AND m.prosqlbody IS NULL
   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (m.proconfig), false)
   AND NOT (m.prokind = 'p' AND m.prosrc ~ '\mCOMMIT;' AND m.prosrc ~ 'set_config\(''search_path''')
 ORDER BY m.oid::regprocedure::text COLLATE "C";

-- the schemas: cdp may be entered by anyone, cdp_internal by nobody, and neither may be written to
SELECT nspname, has_schema_privilege('regress_cdp_nobody', oid, 'USAGE') AS usage, has_schema_privilege('regress_cdp_nobody', oid, 'CREATE') AS "create"
  FROM pg_namespace WHERE nspname IN ('cdp', 'cdp_internal') ORDER BY nspname COLLATE "C";

-- and so a stranger can do nothing, with or without a space
SELECT cdp.create_space('acl_t');
SET ROLE regress_cdp_nobody;
\set VERBOSITY terse
SELECT cdp.create_space('acl_stranger');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.drop_space('acl_t', confirm => 'acl_t');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.require_space('acl_t');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM acl_t.record;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- granted to people on purpose: the stranger has no table of the space
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'acl_t'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
   AND has_table_privilege('regress_cdp_nobody', c.oid, 'SELECT') ORDER BY c.relname COLLATE "C";

SELECT cdp.drop_space('acl_t', confirm => 'acl_t');
DROP VIEW public_member, member;
DROP ROLE regress_cdp_nobody;
