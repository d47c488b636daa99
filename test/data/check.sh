#!/usr/bin/env bash
# The generator gives the same rows each time, whatever the plan and the locale, and
# what it gives has the promised figures. Needs a server in the PG* variables.
set -euo pipefail
cd "$(dirname "$0")"

# one line per table: name and digest of its rows in order of their text
digest()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" <<'SQL'
SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
SELECT format('SELECT %L, md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM %s t', c.oid::regclass, c.oid::regclass)
  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('crm', 'shop', 'news', 'support', 'survey', 'web', 'truth')
 ORDER BY c.oid::regclass::text COLLATE "C"
\gexec
SQL
}
drop_all()
{
	local database
	for database in business_a business_b business_c; do dropdb --if-exists "$database" 2> /dev/null; done
}
trap drop_all EXIT
drop_all

make_business()
{
	psql -X -q -d "$1" -v people=1000 "${@:2}" -f business.sql
}
createdb business_a
createdb business_b -T template0 --locale=C --encoding=UTF8
createdb business_c
make_business business_a
first=$(digest business_a)
# again in the same place, over what is there
make_business business_a
[ "$first" = "$(digest business_a)" ] || { echo "a second run differs"; exit 1; }
# in another locale, in parallel, with other joins
PGOPTIONS='-c parallel_setup_cost=0 -c parallel_tuple_cost=0 -c min_parallel_table_scan_size=0 -c enable_hashjoin=off -c timezone=Asia/Tokyo -c datestyle=German' \
	make_business business_b
diff <(echo "$first") <(digest business_b) || { echo "the rows depend on plan, locale or settings"; exit 1; }
# another seed is another company
make_business business_c -v seed=2000000000
[ "$(digest business_c | grep crm.contact)" != "$(grep crm.contact <<< "$first")" ] || { echo "the seed changes nothing"; exit 1; }
# a schema of somebody else's is not touched
psql -X -q -v ON_ERROR_STOP=1 -d business_c -c "COMMENT ON SCHEMA crm IS NULL" -c "INSERT INTO crm.contact (contact_id) VALUES (-1)"
if make_business business_c > /dev/null 2>&1; then echo "it dropped a schema that it had not made"; exit 1; fi
[ "$(psql -X -A -t -d business_c -c 'SELECT count(*) FROM crm.contact WHERE contact_id = -1')" = 1 ] || { echo "somebody else's row is gone"; exit 1; }

psql -X -q -d business_a -f check.sql
