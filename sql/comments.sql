-- everything that users can see of the extension says what it is
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
  FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cdp');
SELECT count(*) > 5 AS has_members FROM member;

-- functions, aggregates, types and schemas without a comment: none (an operator's function says what the operator does)
SELECT object FROM member
 WHERE classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass)
   AND coalesce(obj_description(objid, classid::regclass::name), '') = ''
   -- an array type belongs to its element
   AND NOT EXISTS (SELECT FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid AND t.typcategory = 'A')
 ORDER BY object COLLATE "C";

-- functions that people call, without an example: none
SELECT object FROM member JOIN pg_proc p ON p.oid = objid
 WHERE classid = 'pg_proc'::regclass AND p.pronamespace = 'cdp'::regnamespace
   AND obj_description(objid, 'pg_proc') NOT LIKE '%Example:%'
   AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typsend, t.typreceive, t.typmodin, t.typmodout))
   AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
   AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
   AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid)
   AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn))
 ORDER BY object COLLATE "C";

-- arguments without a name in what people call: none
SELECT object FROM member JOIN pg_proc p ON p.oid = objid
 WHERE classid = 'pg_proc'::regclass AND p.pronamespace = 'cdp'::regnamespace AND p.prokind <> 'a'
   AND p.pronargs > coalesce((SELECT count(*) FROM unnest(p.proargnames[:p.pronargs]) AS name WHERE name <> ''), 0)
   AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typsend, t.typreceive, t.typmodin, t.typmodout))
   AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
   AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
   AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid)
   AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn))
 ORDER BY object COLLATE "C";

-- the extension owns no table: what holds people's data belongs to the space
SELECT object FROM member WHERE classid = 'pg_class'::regclass
   AND EXISTS (SELECT FROM pg_class c WHERE c.oid = objid AND c.relkind IN ('r', 'p', 'm', 'S', 'f'))
 ORDER BY object COLLATE "C";
DROP VIEW member;
