#!/usr/bin/env bash
# Probabilistic matching against Splink on DuckDB, one after the other on this machine:
# time, memory and accuracy.
#
#   bash test/bench/splink.sh [historical | RECORDS]...     default: historical 1000000
#   bash test/bench/splink.sh growth [RECORDS]...           default: 10000 100000 1000000 3000000; cdp alone
#
# historical is read from ../shared/data (CDP_TEST_DATA names another folder) and skipped
# where that is absent; a number is the generated business (test/data) with that many
# records in three sources. Splink and DuckDB come from PyPI into a throw-away
# environment (SPLINK_ENV=folder keeps it); where PyPI is out of reach, or with SPLINK=0,
# only cdp runs. Splink's models are in splink/run.py; it gets values that are already
# clean, reading them is not in its time, nor is the start of its process, and all cores.
#
# cdp's time is that of the statements cdp.train and cdp.resolve, of which the latter also
# reads and cleans the source rows and writes records and profiles: what resolve takes
# without a model is shown beside it. Memory is the highest sum of the server processes'
# private memory (RssAnon, sampled) and, apart, the shared buffers that one of them
# touched; Splink's is the peak of its process. MATCH=0 leaves training out. RESULTS=file
# appends lines "name|target|measured|yardstick|ratio" for run.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- historical 1000000
settings=(shared_buffers=1GB work_mem=64MB maintenance_work_mem=256MB effective_cache_size=8GB random_page_cost=1.1
	max_wal_size=16GB checkpoint_timeout=1h autovacuum=off)
if [ -z "${CDP_DEST:-}" ]; then
	options=()
	for setting in "${settings[@]}"; do options+=(-o "$setting"); done
	exec bash test/server.sh "${options[@]}" bash test/bench/splink.sh "$@"
fi

data=${CDP_TEST_DATA:-../shared/data}/people
sql=(psql -X -q -A -t -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning'
. test/bench/accuracy_load.sh
postmaster=$(head -1 "$("${sql[@]}" -d postgres -c 'SHOW data_directory')/postmaster.pid")
ticks=$(getconf CLK_TCK)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# python: sets it to an interpreter that has Splink, or to nothing and says why
python=
find_splink()
{
	local folder=${SPLINK_ENV:-$work/env}
	if [ "${SPLINK:-1}" = 0 ]; then
		echo 'Splink: left out'
		return
	fi
	if [ ! -x "$folder/bin/python" ]; then
		if ! python3 -m venv "$folder" > "$work/venv" 2>&1; then
			[ "$(id -u)" != 0 ] || { apt-get -qq update && apt-get -qq -y install --no-install-recommends python3-venv; } > "$work/venv" 2>&1 || true
			/usr/bin/python3 -m venv "$folder" > "$work/venv" 2>&1 || { echo 'Splink: skipped, python3 -m venv does not work (Debian: python3-venv)'; return; }
		fi
	fi
	if ! "$folder/bin/python" -c 'import splink, duckdb' 2> /dev/null; then
		"$folder/bin/pip" -q --timeout 15 --retries 1 install 'splink==5.*' duckdb > "$work/pip" 2>&1 ||
			{ echo "Splink: skipped, PyPI does not give it: $(tail -1 "$work/pip")"; return; }
	fi
	python=$folder/bin/python
	version=$("$python" -c 'import importlib.metadata as m; print("Splink", m.version("splink"), "on DuckDB", m.version("duckdb"))')
	echo "$version"
}

# CPU ticks of the server's sessions and workers that have ended
cpu()
{
	sed 's/.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }'
}

# watch FILE: until $work/watching goes away, keeps the highest memory of the server's
# processes in FILE: private, and the shared memory that one of them touched (kB)
watch()
{
	local pid pids status private shared private_peak=0 shared_peak=0
	while [ -e "$work/watching" ]; do
		private=0
		read -r -a pids < "/proc/$postmaster/task/$postmaster/children" || true
		for pid in "${pids[@]}"; do
			{ mapfile -t status < "/proc/$pid/status"; } 2> /dev/null || continue
			[[ ${status[*]} =~ RssAnon:[[:space:]]+([0-9]+) ]] && private=$((private + BASH_REMATCH[1]))
			[[ ${status[*]} =~ RssShmem:[[:space:]]+([0-9]+) ]] && shared=${BASH_REMATCH[1]} && [ "$shared" -gt "$shared_peak" ] && shared_peak=$shared
		done
		if [ "$private" -gt "$private_peak" ]; then private_peak=$private; fi
		echo "$private_peak $shared_peak" > "$1"
		sleep 0.05
	done
}

# timed STATEMENT: sets wall and used (seconds), private and shared (MB)
timed()
{
	local before watcher
	"${sql[@]}" -c CHECKPOINT
	sleep 0.2
	touch "$work/watching"
	watch "$work/memory" &
	watcher=$!
	before=$(cpu)
	"${sql[@]}" -c "SELECT 'backend', pg_backend_pid()" -c "SELECT 'time', clock_timestamp()" -c "$1" -c "SELECT 'time', clock_timestamp()" \
		> "$work/all" 2> "$work/messages" || { cat "$work/messages" >&2; exit 1; }
	grep -v '^time|' "$work/all" > "$work/out"
	rm "$work/watching"
	wait "$watcher"
	while [ -d "/proc/$(sed -n 's/^backend|//p' "$work/out")" ]; do sleep 0.02; done
	wall=$("${sql[@]}" -c "SELECT round(extract(epoch FROM t[2] - t[1]), 2) FROM (VALUES ('{$(sed -n 's/^time|\(.*\)/"\1"/p' "$work/all" | paste -sd,)}'::timestamptz[])) x(t)")
	used=$(awk -v n=$(($(cpu) - before)) -v t="$ticks" 'BEGIN { printf "%.2f", n / t }')
	read -r private shared < "$work/memory"
	private=$((private / 1024)) shared=$((shared / 1024))
}

calc()
{
	awk "BEGIN { printf \"$1\", $2 }"
}

# load SET: a database with its source tables and its space, nothing resolved
load()
{
	dropdb --if-exists splink_base
	createdb splink_base
	export PGDATABASE=splink_base
	if [ "$1" = historical ]; then
		"${sql[@]}" -c 'CREATE EXTENSION cdp' -c 'CREATE SCHEMA raw'
		load_csv "$data/historical_half.csv" raw.person
		"${sql[@]}" -o /dev/null -f test/bench/accuracy_historical.sql
	else
		# about 2.03 records a person
		"${sql[@]}" -o /dev/null -v people=$(($1 * 1000 / 2028)) -f test/data/business.sql
		"${sql[@]}" -o /dev/null -c 'CREATE EXTENSION cdp' -f test/bench/resolve_space.sql
		without_rules
	fi
	"${sql[@]}" -c 'CREATE VIEW truth.compared AS SELECT * FROM truth.record WHERE source IN (SELECT s.source FROM customer.source s)' -c ANALYZE
	match=${MATCH:-$("${sql[@]}" -c "SELECT (to_regproc('cdp.train') IS NOT NULL)::int")}
}

# run_cdp: trains and resolves; sets train, resolve, total, total_used, private, shared, records
run_cdp()
{
	local peak=0
	train=0 train_used=0
	if [ "$match" = 1 ]; then
		timed "SELECT * FROM cdp.train('customer')"
		train=$wall train_used=$used peak=$private
	fi
	timed "SELECT records FROM cdp.resolve('customer')"
	records=$(tail -1 "$work/out")
	resolve=$wall
	total=$(calc %.2f "$train + $wall") total_used=$(calc %.2f "$train_used + $used")
	if [ "$peak" -gt "$private" ]; then private=$peak; fi
}

# figure NAME: one of Splink's
figure()
{
	sed -n "s/^$1=//p" "$work/splink"
}

# row WHAT SPLINK CDP [UNIT]: a line of the table, with the ratio where both are numbers
row()
{
	local ratio=
	[ -z "$2" ] || [ -z "$3" ] || [ "${4-}" = - ] || ratio=$(calc %.3f "$3 / ($2 > 0 ? $2 : 1e-9)")
	printf '  %-48s %12s %12s %12s\n' "$1" "${2:--}" "${3:--}" "$ratio"
}

compare()
{
	local set=$1 kind=business plain plain_used alone alone_used precision recall f1
	if [ "$set" = historical ] && [ ! -e "$data/historical_half.csv" ]; then
		echo "historical: skipped, no $data/historical_half.csv"
		return
	fi
	[ "$set" != historical ] || kind=historical
	load "$set"
	# without a model, on a copy of the same tables: what resolve does besides matching
	createdb --strategy=file_copy -T splink_base splink_plain
	PGDATABASE=splink_plain timed "SELECT records FROM cdp.resolve('customer')"
	plain=$wall plain_used=$used
	dropdb splink_plain
	run_cdp
	alone=$(calc %.2f "$total - $plain") alone_used=$(calc %.2f "$total_used - $plain_used")
	read -r precision recall f1 < <("${sql[@]}" -F ' ' -c "SELECT round(coalesce(precision, 0)::numeric, 4), round(recall::numeric, 4), round(f1::numeric, 4)
		FROM cdp.evaluate('customer', 'truth.compared') WHERE level = 'pairs'")
	: > "$work/splink"
	if [ -n "$python" ]; then
		"${sql[@]}" -f "test/bench/splink/$kind.sql" > "$work/given.csv"
		"$python" test/bench/splink/run.py "$kind" "$work/given.csv" > "$work/splink" 2> "$work/splink.log" ||
			echo "Splink failed: $(tail -1 "$work/splink.log")"
		rm -f "$work/given.csv"
	fi

	echo
	printf '%-50s %12s %12s %12s\n' "$kind, $records records, $(nproc) cores" Splink cdp cdp/Splink
	row 'training, s' "$(figure train)" "$([ "$match" = 1 ] && echo "$train")"
	row 'scoring and clustering; cdp: all of resolve, s' "$(awk -F= '/^(score|cluster)=/ { n += $2 } END { if (n) printf "%.2f", n }' "$work/splink")" "$resolve"
	row 'both, s' "$(figure wall)" "$total"
	row 'both, s CPU' "$(figure cpu)" "$total_used"
	row '  of these, resolve without a model, s' '' "$plain"
	row '  training and matching alone, s' "$(figure wall)" "$alone"
	row '  training and matching alone, s CPU' "$(figure cpu)" "$alone_used"
	row 'peak memory; cdp: private, MB' "$(figure peak_mb)" "$private"
	row '  with the shared buffers touched, MB' "$(figure peak_mb)" "$((private + shared))"
	row 'precision (Splink: p >= 0.95)' "$(figure precision)" "$precision" -
	row 'recall' "$(figure recall)" "$recall" -
	row 'F1' "$(figure f1)" "$f1" -
	[ ! -s "$work/splink" ] || row "F1 (Splink: at p >= $(figure best_threshold), best on the truth)" "$(figure best_f1)" "$f1" -
	if [ -n "${RESULTS:-}" ] && [ -s "$work/splink" ]; then
		echo "train and resolve $kind, $records records||$total s ($total_used s CPU)|Splink $(figure wall) s ($(figure cpu) s CPU)|$(calc %.2f "$total / $(figure wall)") ($(calc %.2f "$total_used / $(figure cpu)") CPU)" >> "$RESULTS"
		echo "  without what resolve does anyway|at most 1/5 of Splink's time|$alone s ($alone_used s CPU)||$(calc %.2f "$alone / $(figure wall)") ($(calc %.2f "$alone_used / $(figure cpu)") CPU)" >> "$RESULTS"
		echo "memory of matching $kind, $records records|at most half of Splink's|$private MB, with shared buffers $((private + shared)) MB|Splink $(figure peak_mb) MB|$(calc %.2f "$private / $(figure peak_mb)") ($(calc %.2f "($private + $shared) / $(figure peak_mb)"))" >> "$RESULTS"
		echo "accuracy of matching $kind, $records records|above Splink's best|F1 $f1|Splink F1 $(figure f1), best $(figure best_f1)|" >> "$RESULTS"
	fi
}

growth()
{
	local size per per_used base= base_used=
	echo
	echo 'Growth of cdp (time per n log2 n is relative to the first size; target: not above it):'
	printf '  %10s %9s %9s %9s %10s %10s %11s %10s\n' records train_s resolve_s cpu_s wall/nlogn cpu/nlogn private_MB B/record
	for size in "$@"; do
		load "$size"
		run_cdp
		per=$(calc %.12f "$total / ($records * log($records))") per_used=$(calc %.12f "$total_used / ($records * log($records))")
		base=${base:-$per} base_used=${base_used:-$per_used}
		printf '  %10s %9s %9s %9s %10s %10s %11s %10s\n' "$records" "$train" "$resolve" "$total_used" "$(calc %.2f "$per / $base")" \
			"$(calc %.2f "$per_used / $base_used")" "$private" "$(calc %.0f "$private * 1048576 / $records")"
	done
	[ -z "${RESULTS:-}" ] ||
		echo "growth of matching, to $records records|time per n log n not above the first|$total s, $private MB at $records||$(calc %.2f "$per / $base") ($(calc %.2f "$per_used / $base_used") CPU)" >> "$RESULTS"
}

echo "Settings: ${settings[*]}, fsync=off; $(nproc) cores; load $(cut -d' ' -f1-3 /proc/loadavg)"
if [ "$1" = growth ]; then
	shift
	[ $# -gt 0 ] || set -- 10000 100000 1000000 3000000
	growth "$@"
else
	find_splink
	for set in "$@"; do
		compare "$set"
	done
fi
dropdb --if-exists splink_base
