#!/usr/bin/env bash
# Every benchmark at a moderate size (make bench), and at the end one table: what is
# asked, what was measured, what it is measured against, and the ratio.
#
#   bash test/bench/run.sh          BENCH_RECORDS=1000000 for the size that the targets name (default 200000)
#
# The machine may do other work meanwhile: trust the ratios, which come from one run,
# and of these the ones in CPU time.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE PGSERVICEFILE MAKEFLAGS MAKELEVEL MFLAGS
records=${BENCH_RECORDS:-200000}

bash test/setup.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RESULTS=$work/results
: > "$RESULTS"

title()
{
	printf '\n== %s\n' "$1"
}

title 'Normalisers: values a second and core'
bash test/bench/normalisers.sh 200000 | tee "$work/normalisers"
# rows: what | input | million a second | lower(btrim())
awk -F'|' 'function trim(s) { gsub(/^ +| +$/, "", s); return s }
	{ what = trim($1); input = trim($2) }
	(what == "normalize_email" || what == "normalize_name") && input == "ASCII" || what == "normalize_phone" && input == "North America" {
		printf "%s, %s|at least 1 million a second|%s million|lower(btrim()) %s million|%.2f\n", what, input, trim($3), trim($4), $3 / $4 }' "$work/normalisers" >> "$RESULTS"

title 'Telephone numbers: fast path against the library'
bash test/bench/phone_differential.sh 500000 | tee "$work/phone"
echo "phone fast path, 500000 inputs|as the library on every input|$(tail -1 "$work/phone")||" >> "$RESULTS"

title 'consented in a query over all profiles'
bash test/server.sh -o shared_buffers=1GB -o work_mem=64MB -o autovacuum=off psql -X -v ON_ERROR_STOP=1 -v profiles="$records" -f test/bench/consent.sql | tee "$work/consent"
awk -F'|' 'function trim(s) { gsub(/^ +| +$/, "", s); return s }
	trim($2) == "plpgsql" { plain = trim($3) }
	trim($2) == "consented" { own = trim($3); times = trim($5) }
	END { printf "consented, all profiles|at least 5 times faster|%s ms|plpgsql function %s ms|%s times\n", own, plain, times }' "$work/consent" >> "$RESULTS"

title 'Resolve'
bash test/bench/resolve.sh "$records" 10000 30000 100000 "$records"

title 'Look-ups'
bash test/bench/lookup.sh $((records * 33 / 100))

title 'Matching beside Splink'
bash test/bench/splink.sh historical "$records"

title 'Accuracy'
ACCURACY_PEOPLE=${ACCURACY_PEOPLE:-20000} bash test/bench/accuracy.sh | tee "$work/accuracy"
awk '$2 == "pairs" { printf "accuracy %s, pairs||%s %s  %s %s  %s %s||\n", $1, $3, $4, $5, $6, $7, $8 }' "$work/accuracy" >> "$RESULTS"

title 'Summary'
(echo 'benchmark|target|measured|yardstick|ratio'; cat "$RESULTS") |
	awk -F'|' '{ for (i = 1; i <= 5; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
		END { for (r = 1; r <= NR; r++) { line = ""; for (i = 1; i <= 5; i++) line = line sprintf("%-" width[i] "s  ", cell[r, i]); sub(/ +$/, "", line); print line } }'
