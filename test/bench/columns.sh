#!/usr/bin/env bash
# Accuracy where less is known: the sets of accuracy.sh with most of their columns left out.
#
#   bash test/bench/columns.sh [set...]         default: febrl3 febrl1 fake_1000 rldata historical
#
# A name and one attribute more is what many tables have, and what training can least learn
# from: with so little compared other explanations of a pair (father and son, twins,
# namesakes) look like a match. Each line is one space, trained and resolved without any
# setting: precision, recall and F1 of all pairs inside a profile. The data is read from
# ../shared/data (CDP_TEST_DATA names another folder); a set that is absent is skipped.
# At the end stands the least F1 and the least precision: a set of columns that falls far
# below those beside it is a flaw of training, not of the data.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- febrl3 febrl1 fake_1000 rldata historical
if [ -z "${CDP_DEST:-}" ]; then
	exec bash test/server.sh -o shared_buffers=512MB -o work_mem=64MB bash test/bench/columns.sh "$@"
fi

data=${CDP_TEST_DATA:-../shared/data}/people
sql=(psql -X -q -A -t -v ON_ERROR_STOP=1)
export PGOPTIONS='-c client_min_messages=warning'
. test/bench/accuracy_load.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# describe SET: sets file, key, entity, region, field (what may be mapped) and chosen (which of them, by their numbers)
describe()
{
	case $1 in
		febrl*)
			file=$1.csv key=rec_id entity=ent_id region=AU
			field=('"given_name": "given_name", "family_name": "surname"' '"birth_date": "date_of_birth"' '"street": "concat_ws('"' '"', street_number, address_1)"'
				'"city": "suburb"' '"postal_code": "postcode"' '"national_id": "soc_sec_id"' '"state": "state"')
			chosen=(01 02 03 04 05 06 012 034 013 045 15 12 014 0345 016 125)
			;;
		fake_1000)
			file=fake_1000.csv key=unique_id entity=cluster region=GB
			field=('"given_name": "first_name", "family_name": "surname"' '"birth_date": "dob"' '"city": "city"' '"email": "email"')
			chosen=(01 02 03 012 013 023 13 123)
			;;
		rldata)
			file=RLdata500.csv key=rec_id entity=ent_id region=DE
			field=('"given_name": "fname_c1", "family_name": "lname_c1"' '"birth_date": "concat_ws('"'-'"', \"by\", bm, bd)"' '"middle_name": "fname_c2"')
			chosen=(01 012)
			;;
		historical)
			file=historical_half.csv key=unique_id entity=cluster region=GB
			field=('"given_name": "first_name", "family_name": "surname"' '"born": "dob"' '"city": "birth_place"' '"postal_code": "postcode_fake"' '"job_title": "occupation"')
			chosen=(01 02 03 012 013 014 023 034 13 134)
			;;
		*) echo "there is no set $1" >&2; return 2 ;;
	esac
}

printf '%-10s %-55s %9s %9s %9s\n' set columns precision recall F1
for set in "$@"; do
	describe "$set"
	if [ ! -e "$data/$file" ]; then
		echo "$set: skipped, no $data/$file"
		continue
	fi
	dropdb --if-exists columns
	createdb columns
	export PGDATABASE=columns
	"${sql[@]}" -c 'CREATE EXTENSION cdp' -c 'CREATE SCHEMA raw' -c 'CREATE SCHEMA truth'
	load_csv "$data/$file" raw.person
	"${sql[@]}" -c "CREATE TABLE truth.record AS SELECT 'person' AS source, $key AS source_key, $entity AS entity FROM raw.person"
	for choice in "${chosen[@]}"; do
		fields=
		for ((i = 0; i < ${#choice}; i++)); do fields+="${fields:+, }${field[${choice:i:1}]}"; done
		"${sql[@]}" -F ' ' -v space="space_$choice" -v fields="{$fields}" -v key="$key" -v region="$region" > "$work/out" <<-'SQL'
			SELECT cdp.create_space(:'space', region => :'region');
			SELECT cdp.add_attribute(:'space', 'born', 'date');
			SELECT cdp.add_source(:'space', 'raw.person', name => 'person', key => :'key', fields => :'fields');
			SELECT FROM cdp.train(:'space');
			SELECT FROM cdp.resolve(:'space');
			SELECT 'pairs', round(coalesce(precision, 0)::numeric, 4), round(recall::numeric, 4), round(f1::numeric, 4)
			  FROM cdp.evaluate(:'space', 'truth.record') WHERE level = 'pairs';
		SQL
		read -r _ precision recall f1 < <(grep '^pairs ' "$work/out")
		names=$(grep -o '"[a-z_]*":' <<< "$fields" | tr -d '":' | sed 's/^given_name$/name/; /^family_name$/d' | paste -sd+ | sed 's/+/ + /g')
		printf '%-10s %-55s %9s %9s %9s\n' "$set" "$names" "$precision" "$recall" "$f1"
		echo "$f1 $precision" >> "$work/all"
	done
done
dropdb --if-exists columns
[ ! -s "$work/all" ] || awk 'NR == 1 || $1 < f { f = $1 } NR == 1 || $2 < p { p = $2 } END { printf "\nleast F1 %.4f, least precision %.4f\n", f, p }' "$work/all"
