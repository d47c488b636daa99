#!/usr/bin/env bash
# Compares the string measures with every row of the published values in
# ../shared/data/strings (its SOURCE.txt says where they come from); skipped where
# they are not at hand. Before that runs the fuzz tests of the cores for a moment, and
# expectation-maximisation against published runs.
# Needs a server in the PG* variables.
set -euo pipefail
cd "$(dirname "$0")/../.."

fuzz=$(mktemp -d "${TMPDIR:-/tmp}/cdp-fuzz.XXXXXX")
database=cdp_match_check
trap 'rm -rf "$fuzz"; dropdb --if-exists "$database" 2> /dev/null' EXIT

bash test/fuzz/string.sh 500 > "$fuzz/log" 2>&1 || { cat "$fuzz/log"; exit 1; }
bash test/fuzz/compare.sh 20000 > "$fuzz/log" 2>&1 || { cat "$fuzz/log"; exit 1; }
bash test/match/em.sh

values=${CDP_STRING_VALUES:-../shared/data/strings}
if [ ! -d "$values" ]; then
	echo "skipped: $values is not here"
	exit 0
fi
dropdb --if-exists "$database" 2> /dev/null
createdb "$database"
run=(psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database")
"${run[@]}" -c "SET client_min_messages = warning" -c "CREATE EXTENSION cdp"

failed=0
# measure FILE COLUMNS CONDITION: the rows of a file for which the condition does not hold are faults
measure()
{
	local file=$1 columns=$2 condition=$3 options=${4:-FORMAT csv} found
	found=$("${run[@]}" <<SQL
CREATE TEMP TABLE given ($columns);
\\copy given FROM '$values/$file' WITH ($options)
SELECT format('%s rows', count(*)) FROM given;
SELECT 'differs: ' || g::text FROM given g WHERE ($condition) IS NOT TRUE;
SQL
	)
	echo "$file: $found"
	if [ "$(wc -l <<< "$found")" != 1 ] || [ "$found" = "0 rows" ]; then failed=1; fi
}
# an empty field is an empty text
csv="FORMAT csv, NULL 'no such value'"
near="<= 0.0005001"

measure jellyfish_levenshtein.csv 'a text, b text, e int' 'cdp.levenshtein(a, b) = e' "$csv"
measure jellyfish_damerau_levenshtein.csv 'a text, b text, e int' 'cdp.damerau_levenshtein(a, b) = e' "$csv"
measure jellyfish_jaro_distance.csv 'a text, b text, e float8' "abs(cdp.jaro(a, b) - e) $near" "$csv"
measure jellyfish_jaro_winkler.csv 'a text, b text, e float8' "abs(cdp.jaro_winkler(a, b) - e) $near" "$csv"
# cut off after three digits, not rounded
measure jellyfish_jaro_winkler_longtol.csv 'a text, b text, e float8' "abs(cdp.jaro_winkler(a, b, true) - e) < 0.001" "$csv"
measure jellyfish_jaccard.csv 'a text, b text, e float8, n text' \
	"abs(CASE WHEN n = '' THEN cdp.token_jaccard(a, b) ELSE cdp.chunk_jaccard(a, b, nullif(n, '')::int) END - e) < 0.00001" "$csv"
measure duckdb_string_similarity.tsv 's1 text, s2 text, jaro float8, jaro_winkler float8, levenshtein int, damerau int, jaccard float8' \
	"abs(cdp.jaro(s1, s2) - jaro) < 0.000001 AND abs(cdp.jaro_winkler(s1, s2) - jaro_winkler) < 0.000001 AND cdp.levenshtein(s1, s2) = levenshtein
	 AND cdp.damerau_levenshtein(s1, s2) = damerau AND abs(cdp.qgram_jaccard(s1, s2, 1) - jaccard) < 0.0001" \
	"FORMAT csv, DELIMITER E'\t', HEADER, NULL 'no such value'"
measure jellyfish_soundex.csv 'a text, e text' 'cdp.soundex(a) = e' "$csv"
measure jellyfish_metaphone.csv 'a text, e text' 'cdp.metaphone(a) = e' "$csv"
measure jellyfish_nysiis.csv 'a text, e text' 'cdp.nysiis(a) = e' "$csv"
exit $failed
