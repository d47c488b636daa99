#!/usr/bin/env bash
# Accuracy of deterministic resolve against known truths: pairwise and per cluster
# precision, recall and F1 by cdp.evaluate.
#
#   bash test/bench/accuracy.sh [set...]
#
# The sets are those of the list below. business is the company of test/data (people:
# ACCURACY_PEOPLE, default 100000); the others are data made by others, read from
# ../shared/data (CDP_TEST_DATA names another folder), and are skipped where that is
# absent. noisy is pseudopeople with errors added. The mappings (accuracy_<set>.sql) say
# what the columns mean and nothing that only the truth tells. ACCURACY_THEN names a file
# of SQL to run on each set once it is resolved, with the variable :set.
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

# load_csv FILE TABLE: all columns as text, named as in the first line in small letters
load_csv()
{
	local columns
	columns=$(head -1 "$1" | tr -d '\r\357\273\277"' | tr 'A-Z' 'a-z' | sed 's/[^,]*/"&" text/g')
	"${sql[@]}" -c "CREATE TABLE $2 (row_number int GENERATED ALWAYS AS IDENTITY, $columns)" \
		-c "\\copy $2 ($(sed 's/ text//g' <<< "$columns")) FROM '$1' WITH (FORMAT csv, HEADER)"
}

# need PATH SET: is the file or folder there; says so when not
need()
{
	[ -e "$1" ] && return
	echo "$2: skipped, no $1"
	return 1
}

# load_one FILE SET TABLE MAPPING: a set that is one file and one table
load_one()
{
	need "$data/$1" "$2" || return
	"${sql[@]}" -c 'CREATE SCHEMA raw' -c 'CREATE EXTENSION cdp'
	load_csv "$data/$1" "$3"
	"${sql[@]}" -o /dev/null -f "test/bench/accuracy_$4.sql"
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
	[ -z "${ACCURACY_THEN:-}" ] || "${sql[@]}" -v set="$1" -f "$ACCURACY_THEN"
}

for set in "$@"; do
	dropdb --if-exists accuracy
	createdb accuracy
	export PGDATABASE=accuracy
	case $set in
		historical)
			load_one historical_half.csv "$set" raw.person historical && report "$set" || { PGDATABASE=postgres; continue; }
			;;
		fake_1000)
			load_one fake_1000.csv "$set" raw.person fake && report "$set" || { PGDATABASE=postgres; continue; }
			;;
		febrl1 | febrl2 | febrl3)
			load_one "$set.csv" "$set" raw.person febrl && report "$set" || { PGDATABASE=postgres; continue; }
			;;
		rldata)
			load_one RLdata500.csv "$set" raw.person rldata && report "$set" || { PGDATABASE=postgres; continue; }
			;;
		restaurants)
			load_one restaurants.csv "$set" raw.restaurant restaurants && report "$set" || { PGDATABASE=postgres; continue; }
			;;
		sites)
			load_one early_childhood_sites.csv "$set" raw.site sites && report "$set" || { PGDATABASE=postgres; continue; }
			;;
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
