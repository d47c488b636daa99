#!/usr/bin/env bash
# How fast deterministic resolve is, against plain SQL doing nothing but the writing.
#
#   bash test/bench/resolve.sh [records [size...]]      default: 1000000 10000 30000 100000 300000 1000000
#
# 1. records from three sources of the generated business (test/data), cold: resolve
#    against INSERT ... SELECT of the same cleaned columns into tables with the same
#    indexes; for information also with the indexes built after the rows.
# 2. 1 % of the source rows changed (new e-mail, other name, deleted, inserted): a
#    second run against the first.
# 3. growth: for each size a cold run, its time per n log n against the first size's,
#    and the memory of the clustering step.
#
# Wall time says what a user waits; CPU time (of the backend and its parallel workers)
# is what to compare on a machine that does other work meanwhile. Every step starts
# after a CHECKPOINT, in a session of its own. On a server of its own; RESULTS=file
# appends lines "name|target|measured|yardstick|ratio" for run.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- 1000000 10000 30000 100000 300000 1000000
settings=(shared_buffers=2GB work_mem=64MB maintenance_work_mem=512MB effective_cache_size=8GB random_page_cost=1.1
	max_wal_size=16GB checkpoint_timeout=1h autovacuum=off)
if [ -z "${CDP_DEST:-}" ]; then
	options=()
	for setting in "${settings[@]}"; do options+=(-o "$setting"); done
	exec bash test/server.sh "${options[@]}" bash test/bench/resolve.sh "$@"
fi
records=$1
shift

sql=(psql -X -q -A -t -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning'
postmaster=$(head -1 "$("${sql[@]}" -d postgres -c 'SHOW data_directory')/postmaster.pid")
ticks=$(getconf CLK_TCK)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CPU ticks of the server's sessions and workers that have ended
cpu()
{
	sed 's/.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }'
}

# timed LABEL STATEMENT: sets wall and used (seconds), prints them
timed()
{
	local before started ended
	"${sql[@]}" -c CHECKPOINT
	sleep 0.2
	before=$(cpu)
	started=$(date +%s%N)
	"${sql[@]}" -c "SELECT 'backend', pg_backend_pid()" -c "SET client_min_messages = debug1" -c "$2" > "$work/out" 2> "$work/messages" \
		|| { cat "$work/messages" >&2; exit 1; }
	ended=$(date +%s%N)
	while [ -d "/proc/$(sed -n 's/^backend|//p' "$work/out")" ]; do sleep 0.02; done
	wall=$(awk -v n=$((ended - started)) 'BEGIN { printf "%.2f", n / 1e9 }')
	used=$(awk -v n=$(($(cpu) - before)) -v t="$ticks" 'BEGIN { printf "%.2f", n / t }')
	[ -z "$1" ] || printf '  %-58s %9.2f s %9.2f s CPU\n' "$1" "$wall" "$used"
}

ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

result()
{
	[ -z "${RESULTS:-}" ] || echo "$1" >> "$RESULTS"
}

# make_database RECORDS: the business with that many records in three sources, and its space
make_database()
{
	export PGDATABASE=resolve_bench
	dropdb --if-exists "$PGDATABASE"
	createdb "$PGDATABASE"
	# about 2.03 records a person
	"${sql[@]}" -o /dev/null -v people=$(($1 * 1000 / 2028)) -f test/data/business.sql
	"${sql[@]}" -o /dev/null -c 'CREATE EXTENSION cdp' -f test/bench/resolve_space.sql
}

# same_tables SCHEMA [indexes]: the space's tables again, empty
same_tables()
{
	"${sql[@]}" -c "DROP SCHEMA IF EXISTS $1 CASCADE" -c "CREATE SCHEMA $1"
	for table in record identifier identity profile; do
		"${sql[@]}" -c "CREATE TABLE $1.$table (LIKE customer.$table INCLUDING ALL ${2:-})"
	done
}
plain="INSERT INTO y.record SELECT * FROM customer.record; INSERT INTO y.identifier SELECT * FROM customer.identifier;
	INSERT INTO y.identity SELECT * FROM customer.identity; INSERT INTO y.profile SELECT * FROM customer.profile"

echo "Settings: ${settings[*]}, fsync=off; $(nproc) cores; load $(cut -d' ' -f1-3 /proc/loadavg)"
make_database "$records"
echo "$("${sql[@]}" -c 'SELECT (SELECT count(*) FROM crm.contact) + (SELECT count(*) FROM shop.customer) + (SELECT count(*) FROM news.subscriber)') records from three sources"
timed 'resolve, cold' "SELECT * FROM cdp.resolve('customer')"
first=$wall first_used=$used
same_tables y
timed 'plain INSERT ... SELECT, same indexes' "$plain"
echo "  ratio $(ratio "$first" "$wall") wall, $(ratio "$first_used" "$used") CPU (target at most 3)"
result "resolve $records records, cold|at most 3 x plain INSERT|$first s ($first_used s CPU)|$wall s ($used s CPU)|$(ratio "$first" "$wall") ($(ratio "$first_used" "$used") CPU)"
same_tables y 'EXCLUDING INDEXES'
timed 'for information: INSERT ... SELECT, then the indexes' "$plain;
	ALTER TABLE y.record ADD PRIMARY KEY (record_id), ADD UNIQUE (source_id, source_key);
	ALTER TABLE y.identifier ADD PRIMARY KEY (kind, value, record_id); CREATE INDEX ON y.identifier (record_id);
	ALTER TABLE y.identity ADD PRIMARY KEY (record_id); CREATE INDEX ON y.identity (profile_id); ALTER TABLE y.profile ADD PRIMARY KEY (profile_id)"
echo "  ratio $(ratio "$first" "$wall") wall, $(ratio "$first_used" "$used") CPU"
"${sql[@]}" -c 'DROP SCHEMA y CASCADE' -c 'VACUUM ANALYZE'

timed 'resolve, nothing changed' "SELECT * FROM cdp.resolve('customer')"
"${sql[@]}" -f test/bench/resolve_change.sql
timed 'resolve, 1 % of the source rows changed' "SELECT added, changed, removed, merged, split FROM cdp.resolve('customer')"
echo "  added, changed, removed, merged, split: $(tail -1 "$work/out" | tr '|' ' ')"
echo "  ratio $(ratio "$wall" "$first") wall, $(ratio "$used" "$first_used") CPU (target at most 0.10)"
result "resolve, 1 % changed|at most 10 % of the first|$wall s ($used s CPU)|$first s ($first_used s CPU)|$(ratio "$wall" "$first") ($(ratio "$used" "$first_used") CPU)"

[ $# -gt 0 ] || exit 0
echo
echo 'Growth (time per n log2 n is relative to the first size; target: not above it):'
printf '  %10s %10s %10s %12s %12s %16s\n' records wall_s cpu_s 'wall/nlogn' 'cpu/nlogn' 'cluster_B/record'
base= base_used= table=
for size in "$@"; do
	make_database "$size"
	timed '' "SELECT records FROM cdp.resolve('customer')"
	n=$(tail -1 "$work/out")
	bytes=$(sed -n 's/.*cdp clustering: \([0-9]*\) records, .* \([0-9.]*\) bytes a record.*/\2/p' "$work/messages" | tail -1)
	per=$(awk -v n="$n" -v t="$wall" 'BEGIN { print t / (n * log(n)) }')
	per_used=$(awk -v n="$n" -v t="$used" 'BEGIN { print t / (n * log(n)) }')
	base=${base:-$per} base_used=${base_used:-$per_used}
	printf '  %10s %10s %10s %12s %12s %16s\n' "$n" "$wall" "$used" "$(ratio "$per" "$base")" "$(ratio "$per_used" "$base_used")" "${bytes:-unknown}"
	table="$(ratio "$per" "$base") ($(ratio "$per_used" "$base_used") CPU)"
done
result "growth, $1 to $n records|time per n log n not above the first|$wall s at $n||$table"
result "memory of clustering, $n records|at most 64 bytes a record|${bytes:-unknown} bytes||"
dropdb --if-exists resolve_bench
