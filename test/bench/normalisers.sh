#!/usr/bin/env bash
# Values a second and core of the normalisers, through SQL, beside lower(btrim(x)) in the same run.
# Usage: test/bench/normalisers.sh [rows]   (default: 1000000; run after test/installcheck.sh or make install DESTDIR=build/dest)
# Processor time of the backend, so that other work on the machine does not count. That of a plain count over the
# same column is taken off; the best of three runs counts.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-1000000}
if [ -z "${CDP_BENCH_INSIDE:-}" ]; then
	make -s -j2
	make -s install DESTDIR="$PWD/build/dest" >/dev/null
	CDP_BENCH_INSIDE=1 exec pg_virtualenv -t -v 15 -c "--locale=C.UTF-8 --encoding=UTF8" -o extension_destdir="$PWD/build/dest" -o fsync=off \
		-o shared_buffers=512MB -o max_parallel_workers_per_gather=0 -o jit=off -o autovacuum=off \
		-o "dynamic_library_path='$PWD/build/dest/usr/lib/postgresql/15/lib:\$libdir'" bash "$0" "$rows"
fi
psql -Xq -v ON_ERROR_STOP=1 -v rows="$rows" <<'SQL'
SET client_min_messages = warning;
CREATE EXTENSION cdp;
CREATE TABLE t AS
SELECT first || ' ' || last AS name, upper(first || ' ' || last) AS name_capitals, 'Ëlî' || first || ' ' || 'Ñö' || last AS name_marks, 'Иван ' || (ARRAY['Петров', 'Сидоров', 'Смирнов'])[1 + i % 3] AS name_cyrillic,
       first || '.' || replace(last, ' ', '') || i || '@' || (ARRAY['Example.com', 'gmail.com', 'mail.example.org', 'acme.co.uk'])[1 + i % 4] AS email,
       format((ARRAY['(%s) %s-%s', '%s-%s-%s', '%s%s%s', '+1%s%s%s', '1 %s.%s.%s'])[1 + i % 5], (ARRAY['212', '310', '415', '907', '617', '312', '305', '702', '416', '514'])[1 + i % 10],
              200 + (i * 7919) % 800, lpad(((i * 104729) % 10000)::text, 4, '0')) AS phone,
       '+44 20 7' || lpad((i % 1000000)::text, 6, '0') || i % 10 AS phone_gb,
       to_char(date '1940-01-01' + (i % 25000)::int, (ARRAY['YYYY-MM-DD', 'MM/DD/YYYY', 'DD Mon YYYY'])[1 + i % 3]) AS date,
       lpad(((i * 7919) % 99999)::text, 5, '0') AS zip, i || ' North ' || last || ' Street Apt ' || i % 9 AS street,
       (ARRAY['California', 'TX', 'N.Y.', 'florida'])[1 + i % 4] AS state, (ARRAY['US', 'United States', 'USA', 'Canada'])[1 + i % 4] AS country
  FROM (SELECT i::bigint AS i, (ARRAY['Ann', 'Robert', 'Maria', 'John', 'Elizabeth', 'Wei', 'Fatima', 'Oliver'])[1 + i % 8] AS first,
               (ARRAY['Smith', 'O''Brien', 'Garcia-Lopez', 'Johnson', 'van der Berg', 'McDonald', 'Li'])[1 + i % 7] AS last FROM generate_series(1, :rows) i) s;
VACUUM ANALYZE t;
CREATE FUNCTION pg_temp.cpu() RETURNS float8 LANGUAGE sql VOLATILE AS $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e9 $$;
CREATE FUNCTION pg_temp.seconds(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE best float8; began float8; took float8;
BEGIN
  FOR i IN 1..3 LOOP
    began := pg_temp.cpu();
    EXECUTE query;
    took := pg_temp.cpu() - began;
    best := least(best, took);
  END LOOP;
  RETURN best;
END $$;
\pset footer off
SELECT what, input, round((:rows / greatest(pg_temp.seconds(format('SELECT count(%s) FROM t', replace(call, '$', col))) - pg_temp.seconds(format('SELECT count(%I) FROM t', col)), 1e-9))::numeric / 1e6, 2) AS "million a second",
       round((:rows / greatest(pg_temp.seconds(format('SELECT count(lower(btrim(%I))) FROM t', col)) - pg_temp.seconds(format('SELECT count(%I) FROM t', col)), 1e-9))::numeric / 1e6, 2) AS "lower(btrim())"
  FROM (VALUES (1, 'normalize_email', 'ASCII', 'email', 'cdp.normalize_email($)'), (2, 'email_key', 'ASCII', 'email', 'cdp.email_key($)'), (3, 'type cdp.email from text', 'ASCII', 'email', 'cdp.email($)'),
               (4, 'normalize_name', 'ASCII', 'name', 'cdp.normalize_name($)'), (5, 'normalize_name', 'ASCII, capitals', 'name_capitals', 'cdp.normalize_name($)'), (6, 'name_key', 'ASCII', 'name', 'cdp.name_key($)'),
               (7, 'normalize_name', 'Latin with marks', 'name_marks', 'cdp.normalize_name($)'), (8, 'name_key', 'Latin with marks', 'name_marks', 'cdp.name_key($)'), (9, 'name_key', 'Cyrillic', 'name_cyrillic', 'cdp.name_key($)'),
               (10, 'normalize_phone', 'North America', 'phone', 'cdp.normalize_phone($, ''US'')'), (11, 'phone_problem', 'North America', 'phone', 'cdp.phone_problem($, ''US'')'),
               (13, 'normalize_date', 'three writings', 'date', 'cdp.normalize_date($, ''MDY'')'), (14, 'normalize_postal_code', 'US', 'zip', 'cdp.normalize_postal_code($, ''US'')'),
               (15, 'street_key', 'ASCII', 'street', 'cdp.street_key($)'), (16, 'normalize_text', 'ASCII', 'street', 'cdp.normalize_text($)'), (17, 'normalize_state', 'US', 'state', 'cdp.normalize_state($)'), (18, 'normalize_country', 'mixed', 'country', 'cdp.normalize_country($)')) c (n, what, input, col, call)
 ORDER BY n;
SELECT 'normalize_phone' AS what, 'library, North America' AS input, round(20000 / pg_temp.seconds('SELECT count(cdp_internal.normalize_phone_library(phone, ''US'')) FROM (SELECT phone FROM t LIMIT 20000) s')::numeric / 1e6, 3) AS "million a second"
UNION ALL SELECT 'normalize_phone', 'library, Great Britain', round(20000 / pg_temp.seconds('SELECT count(cdp.normalize_phone(phone_gb, ''GB'')) FROM (SELECT phone_gb FROM t LIMIT 20000) s')::numeric / 1e6, 3);
SQL
