#!/usr/bin/env bash
# Runs every SQL block of the README in order, as a reader would paste them, on the server at hand, and
# checks what the text beside them promises.
set -euo pipefail
cd "$(dirname "$0")/../.."
createdb cdp_readme
trap 'dropdb --if-exists cdp_readme' EXIT
awk '/^```sql$/ { on = 1; next } /^```$/ { on = 0 } on' README.md > "${TMPDIR:-/tmp}/cdp_readme.$$.sql"
out=$(psql -Xq -v ON_ERROR_STOP=1 -d cdp_readme -f "${TMPDIR:-/tmp}/cdp_readme.$$.sql" 2>&1) || { echo "$out"; rm -f "${TMPDIR:-/tmp}/cdp_readme.$$.sql"; exit 1; }
rm -f "${TMPDIR:-/tmp}/cdp_readme.$$.sql"
promise()
{
	grep -Eq "$2" <<< "$out" || { echo "$out"; echo "the README promises: $1"; exit 1; }
}
promise "five people"                        '^ +1 \| +8 \| +5 \| +8 '
promise "the ruling merges two profiles"     '^ +4 \| +1$'
promise "consent is granted"                 '^ t$'
promise "one lapsed big spender"             '^ lapsed_big_spenders \| +1 \| +1$'
promise "the consented audience is Ann"      '^ +1 \| ann? .*\| +730$|^ +1 \| Ann .*\| +730$'
promise "the impossible date is refused"     'impossible date'
