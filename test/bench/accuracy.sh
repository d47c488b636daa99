#!/usr/bin/env bash
# Accuracy of resolve against known truths: pairwise and per cluster precision, recall
# and F1 by cdp.evaluate, and at the end what is asked and what was reached.
#
#   bash test/bench/accuracy.sh [set...]
#
# The sets are those of the list below. business is the company of test/data (people:
# ACCURACY_PEOPLE, default 100000); the others are data made by others, read from
# ../shared/data (CDP_TEST_DATA names another folder), and are skipped where that is
# absent. noisy is pseudopeople with errors added. The mappings (accuracy_<set>.sql) say
# what the columns mean and nothing that only the truth tells.
#
# MATCH=1 trains before it resolves (the default where cdp.train exists); then the rules
# and limits that some mappings declare are taken away unless RULES=1. MATCH=0 shows what
# the deterministic evidence alone gives, with them unless RULES=0. ACCURACY_THEN names a
# file of SQL to run on each set once it is resolved, with the variable :set.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- historical fake_1000 febrl1 febrl2 febrl3 rldata restaurants sites senzing pseudopeople noisy business
if [ -z "${CDP_DEST:-}" ]; then
	exec bash test/server.sh -o shared_buffers=1GB -o work_mem=64MB -o maintenance_work_mem=256MB -o max_wal_size=8GB \
		bash test/bench/accuracy.sh "$@"
fi

data=${CDP_TEST_DATA:-../shared/data}/people
people=${ACCURACY_PEOPLE:-100000}
sql=(psql -X -q -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning'
. test/bench/accuracy_load.sh

# path_of SET: the file or folder in $data that it is read from
path_of()
{
	case $1 in
		historical) echo historical_half.csv ;;
		fake_1000 | febrl1 | febrl2 | febrl3 | restaurants) echo "$1.csv" ;;
		rldata) echo RLdata500.csv ;;
		sites) echo early_childhood_sites.csv ;;
		senzing) echo senzing_truthset ;;
		pseudopeople | noisy) echo pseudopeople ;;
		business) echo . ;;
		*) echo "there is no set $1" >&2; return 2 ;;
	esac
}

# load SET: makes its raw tables, its space and truth.record in an empty database
load()
{
	local from=$data/$path mapping=$1 file
	case $1 in
		historical) load_csv "$from" raw.person ;;
		fake_1000) load_csv "$from" raw.person; mapping=fake ;;
		febrl*) load_csv "$from" raw.person; mapping=febrl ;;
		rldata) load_csv "$from" raw.person ;;
		restaurants) load_csv "$from" raw.restaurant ;;
		sites) load_csv "$from" raw.site ;;
		senzing)
			for file in customers reference watchlist; do load_csv "$from/$file.csv" "raw.$file"; done
			load_csv "$from/actual_truthset_key.csv" raw.truth
			;;
		pseudopeople | noisy)
			load_csv "$from/decennial_census.csv" raw.census
			load_csv "$from/social_security.csv" raw.ssa
			load_csv "$from/women_infants_and_children.csv" raw.wic
			load_csv "$from/nicknames.csv" raw.nickname
			[ "$1" = pseudopeople ] || "${sql[@]}" -f test/bench/accuracy_noise.sql
			mapping=pseudopeople
			;;
		business)
			"${sql[@]}" -o /dev/null -v people="$people" -f test/data/business.sql -f test/data/space.sql
			return
			;;
	esac
	"${sql[@]}" -o /dev/null -f "test/bench/accuracy_$mapping.sql"
}

# seconds COMMAND...: runs it, sets took to the wall seconds
seconds()
{
	local started
	started=$(date +%s%N)
	"$@"
	took=$(awk -v n=$(($(date +%s%N) - started)) 'BEGIN { printf "%.1f", n / 1e9 }')
}

# train SET: trains, and prints what the training warns of
train()
{
	"${sql[@]}" -A -t -v set="$1" <<-'SQL'
		SELECT DISTINCT :'set' || ' training: ' || description FROM cdp.train('customer') WHERE topic = 'warning';
	SQL
}

resolve()
{
	"${sql[@]}" -A -t -o /dev/null -c "SELECT * FROM cdp.resolve('customer')"
}

# report SET: trains and resolves the space customer, compares it with truth.record
report()
{
	local set=$1 match=${MATCH:-} steps= took level precision recall f1 correct found expected
	[ -n "$match" ] || match=$("${sql[@]}" -A -t -c "SELECT (to_regproc('cdp.train') IS NOT NULL)::int")
	[ "${RULES:-$((1 - match))}" = 1 ] || without_rules
	if [ "$match" = 1 ]; then
		seconds train "$set"
		steps="train $took s, "
	fi
	seconds resolve
	"${sql[@]}" -A -t -v set="$set" -v steps="${steps}resolve $took s" <<-'SQL'
		SELECT format('%-13s %8s records %7s profiles %7s people, %s', :'set', (SELECT count(*) FROM customer.record),
		              (SELECT count(*) FROM customer.profile), (SELECT count(DISTINCT entity) FROM truth.record), :'steps');
	SQL
	"${sql[@]}" -A -t -F ' ' > "$work/levels" -c "SELECT level, coalesce(precision, 0), recall, f1, correct, found, expected FROM cdp.evaluate('customer', 'truth.record') WHERE level IN ('pairs', 'clusters')"
	while read -r level precision recall f1 correct found expected; do
		printf '%-13s %-8s precision %.4f  recall %.4f  F1 %.4f  (%s correct, %s found, %s expected)\n' \
			"$set" "$level" "$precision" "$recall" "$f1" "$correct" "$found" "$expected"
		echo "$set $level $precision $recall $f1 $correct $found $expected" >> "$work/figures"
	done < "$work/levels"
	[ -z "${ACCURACY_THEN:-}" ] || "${sql[@]}" -v set="$set" -f "$ACCURACY_THEN"
}

# summary: what is asked of probabilistic matching and what came out. F1 and precision
# are those of all pairs inside a profile; senzing is asked for each group whole.
summary()
{
	awk '
		BEGIN {
			f1["historical"] = 0.89;  precision["historical"] = 0.96
			f1["fake_1000"] = 0.93;   precision["fake_1000"] = 0.98
			f1["febrl3"] = 0.997;     f1["febrl1"] = f1["febrl2"] = 0.99
			f1["noisy"] = 0.97
			f1["business"] = 0.97;    precision["business"] = 0.99
			row = "%-13s  %-28s  %-28s  %s\n"
			printf row, "set", "target", "measured", "met"
		}
		$2 == "pairs" && $1 != "senzing" {
			target = met = "-"
			measured = sprintf("F1 %.4f, precision %.4f", $5, $3)
			if ($1 in f1) {
				target = "F1 " f1[$1] ($1 in precision ? ", precision " precision[$1] : "")
				met = $5 >= f1[$1] && $3 >= precision[$1] ? "yes" : "no"
			}
			printf row, $1, target, measured, met
		}
		$1 == "senzing" && $2 == "clusters" {
			printf row, $1, "every group that has support", $6 " of " $8 " groups", $6 == $8 ? "yes" : "see the list above"
		}' "$work/figures"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/figures"
for set in "$@"; do
	path=$(path_of "$set")
	if [ "$path" != . ] && [ ! -e "$data/$path" ]; then
		echo "$set: skipped, no $data/$path"
		continue
	fi
	dropdb --if-exists accuracy
	createdb accuracy
	export PGDATABASE=accuracy
	"${sql[@]}" -c 'CREATE EXTENSION cdp' -c 'CREATE SCHEMA raw'
	load "$set"
	report "$set"
	[ "$set" != senzing ] || "${sql[@]}" -A -t -f test/bench/accuracy_wrong.sql
done
dropdb --if-exists accuracy
echo
summary
