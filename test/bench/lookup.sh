#!/usr/bin/env bash
# How long cdp.lookup takes against many records, and what its index costs resolve.
#
#   bash test/bench/lookup.sh [people]      default: 330000, who leave about 1 million records
#
# The generated business (test/data) as a space, trained and resolved; then 1000 persons
# with some of the values, some of them wrong, one after the other in one session, timed
# inside the server. RESULTS=file appends lines "name|target|measured|yardstick|ratio".
set -euo pipefail
cd "$(dirname "$0")/../.."
people=${1:-330000}
if [ -z "${CDP_DEST:-}" ]; then
	exec bash test/server.sh -o shared_buffers=2GB -o work_mem=64MB -o maintenance_work_mem=512MB -o effective_cache_size=8GB \
		-o random_page_cost=1.1 -o max_wal_size=16GB -o checkpoint_timeout=1h -o autovacuum=off bash test/bench/lookup.sh "$people"
fi

sql=(psql -X -q -A -t -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning' PGDATABASE=lookup_bench
dropdb --if-exists "$PGDATABASE"
createdb "$PGDATABASE"
"${sql[@]}" -o /dev/null -v people="$people" -f test/data/business.sql
"${sql[@]}" -o /dev/null -c 'CREATE EXTENSION cdp' -f test/data/space.sql -c "SELECT * FROM cdp.train('customer')" -c "SELECT * FROM cdp.resolve('customer')"
"${sql[@]}" -c 'VACUUM ANALYZE'
records=$("${sql[@]}" -c 'SELECT count(*) FROM customer.record')
started=$(date +%s%N)
"${sql[@]}" -o /dev/null -c "SELECT cdp_internal.write_match_keys('customer', (SELECT model_id FROM customer.match_model WHERE active))"
ended=$(date +%s%N)
"${sql[@]}" -c 'VACUUM FULL customer.match_key'
size=$("${sql[@]}" -c "SELECT pg_size_pretty(pg_total_relation_size('customer.match_key'))")
printf '%s records; the index: %s s to write whole, %s\n' "$records" "$(awk -v n=$((ended - started)) 'BEGIN { printf "%.1f", n / 1e9 }')" "$size"
answer=$("${sql[@]}" -f test/bench/lookup.sql)
echo "$answer"
if [ -n "${RESULTS:-}" ]; then
	times=$(sed -n 's/.*: p50 //p' <<< "$answer")
	echo "lookup, $records records|median at most 2 ms|${times%%,*} (${times#*, })||$(awk -v m="${times%% *}" 'BEGIN { printf "%.2f", m / 2 }')" >> "$RESULTS"
fi
dropdb "$PGDATABASE"
