-- very long input: every cleaning function gives an answer in time that grows with the length, not with its square
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
CREATE SCHEMA limits_t;
SET search_path = limits_t;
CREATE TABLE long AS
SELECT unit, n, repeat(unit, n / octet_length(unit)) AS v
  FROM unnest(ARRAY['a', 'A b', 'é', ' ', '@', 'a@', '"', '\', '"\', '<', '(', '1', '-', '1-', '1,', '.', 'ж', 'жук ', '王', '😀', E'\x01', U&'\200B', U&'\0301', U&'a\0301\0323', U&'\0301\0323', ';ext=1', 'mailto:', 'n/a', 'p o box ', 'apt ']) unit,
       unnest(ARRAY[100000, 1000000]) n;
CREATE TABLE took (call text, unit text, n int, ms float8);
SET statement_timeout = '120s';
DO $$
DECLARE
  f text;
  l record;
  began timestamptz;
BEGIN
  FOR f IN
    SELECT format('%s(%%L%s)', p.oid::regproc, CASE WHEN pronargs - pronargdefaults = 2 THEN ', ''US''' END)
      FROM pg_catalog.pg_proc p
     WHERE pronamespace = 'cdp'::regnamespace AND prolang = (SELECT oid FROM pg_catalog.pg_language WHERE lanname = 'c') AND proargtypes[0] = 'text'::regtype
       AND proname ~ '^normalize_|_problem$|_key$|^email_is_'
  LOOP
    FOR l IN SELECT * FROM long LOOP
      began := clock_timestamp();
      EXECUTE 'SELECT ' || replace(f, '%L', '$1') USING l.v;
      INSERT INTO took VALUES (f, l.unit, l.n, extract(epoch FROM clock_timestamp() - began) * 1000);
    END LOOP;
  END LOOP;
END
$$;
SELECT count(DISTINCT call) >= 35 AS enough FROM took;
-- three seconds is far more than any of them needs, also on a busy machine
SELECT call, unit, n, round(ms) AS ms FROM took WHERE ms > 3000 ORDER BY ms DESC LIMIT 10;
RESET search_path;
DROP SCHEMA limits_t CASCADE;
