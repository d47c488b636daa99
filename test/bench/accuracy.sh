#!/usr/bin/env bash
# Accuracy of deterministic resolve against known truths: pairwise and per cluster
# precision, recall and F1 by cdp.evaluate.
#
#   bash test/bench/accuracy.sh [set...]      sets: senzing pseudopeople noisy business
#
# senzing and pseudopeople are data made by others, read from ../shared/data
# (CDP_TEST_DATA names another folder); where that is absent they are skipped. noisy is
# pseudopeople with errors added, business is the company of test/data (people:
# ACCURACY_PEOPLE, default 100000). The mappings (accuracy_<set>.sql) say what the
# columns mean and nothing that only the truth tells.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- senzing pseudopeople noisy business
if [ -z "${CDP_DEST:-}" ]; then
	exec bash test/server.sh -o shared_buffers=1GB -o work_mem=64MB -o maintenance_work_mem=256MB -o max_wal_size=8GB \
		bash test/bench/accuracy.sh "$@"
fi

data=${CDP_TEST_DATA:-../shared/data}/people
people=${ACCURACY_PEOPLE:-100000}
sql=(psql -X -q -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning'

# load_csv FILE TABLE: all columns as text, named as in the first line in small letters
load_csv()
{
	local columns
	columns=$(head -1 "$1" | tr -d '\r\357\273\277"' | tr 'A-Z' 'a-z' | sed 's/[^,]*/"&" text/g')
	"${sql[@]}" -c "CREATE TABLE $2 (row_number int GENERATED ALWAYS AS IDENTITY, $columns)" \
		-c "\\copy $2 ($(sed 's/ text//g' <<< "$columns")) FROM '$1' WITH (FORMAT csv, HEADER)"
}

# need FOLDER SET: is the folder there; says so when not
need()
{
	[ -d "$1" ] && return
	echo "$2: skipped, no folder $1"
	return 1
}

# report SET: resolves the space customer, compares it with truth.record
report()
{
	local before=$SECONDS
	"${sql[@]}" -A -t -o /dev/null -c "SELECT * FROM cdp.resolve('customer')"
	"${sql[@]}" -A -t -F ' ' -v set="$1" -v seconds=$((SECONDS - before)) <<-'SQL'
		SELECT format('%-13s %8s records %7s profiles %7s people, %s s', :'set', (SELECT count(*) FROM customer.record),
		              (SELECT count(*) FROM customer.profile), (SELECT count(DISTINCT entity) FROM truth.record), :'seconds');
		SELECT format('%-13s %-8s precision %s  recall %s  F1 %s  (%s correct, %s found, %s expected)', :'set', level,
		              to_char(precision, '0.0000'), to_char(recall, '0.0000'), to_char(f1, '0.0000'), correct, found, expected)
		  FROM cdp.evaluate('customer', 'truth.record');
	SQL
}

for set in "$@"; do
	dropdb --if-exists accuracy
	createdb accuracy
	export PGDATABASE=accuracy
	case $set in
		senzing)
			need "$data/senzing_truthset" senzing || { PGDATABASE=postgres; continue; }
			"${sql[@]}" -c 'CREATE SCHEMA raw' -c 'CREATE EXTENSION cdp'
			for source in customers reference watchlist; do load_csv "$data/senzing_truthset/$source.csv" "raw.$source"; done
			load_csv "$data/senzing_truthset/actual_truthset_key.csv" raw.truth
			"${sql[@]}" -o /dev/null -f test/bench/accuracy_senzing.sql
			report senzing
			"${sql[@]}" -A -t -f test/bench/accuracy_wrong.sql
			;;
		pseudopeople | noisy)
			need "$data/pseudopeople" "$set" || { PGDATABASE=postgres; continue; }
			"${sql[@]}" -c 'CREATE SCHEMA raw' -c 'CREATE EXTENSION cdp'
			load_csv "$data/pseudopeople/decennial_census.csv" raw.census
			load_csv "$data/pseudopeople/social_security.csv" raw.ssa
			load_csv "$data/pseudopeople/women_infants_and_children.csv" raw.wic
			load_csv "$data/pseudopeople/nicknames.csv" raw.nickname
			[ "$set" = pseudopeople ] || "${sql[@]}" -f test/bench/accuracy_noise.sql
			"${sql[@]}" -o /dev/null -f test/bench/accuracy_pseudopeople.sql
			report "$set"
			;;
		business)
			"${sql[@]}" -c 'CREATE EXTENSION cdp' -o /dev/null -v people="$people" -f test/data/business.sql -f test/data/space.sql
			report business
			;;
		*)
			echo "there is no set $set" >&2
			exit 2
			;;
	esac
	PGDATABASE=postgres
done
dropdb --if-exists accuracy
