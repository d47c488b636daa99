#!/usr/bin/env bash
# Every test: set-up, lint, build, pg_regress, isolation, TAP, and each test/*/check.sh.
# Prints a line per test, the differences of those that fail, and at the end
# "N passed, N failed". Needs nothing from the environment; leaves nothing behind
# but the build.
#
# A check.sh is run with a temporary server at hand (PG* variables) and passes by
# exit status 0.
set -u
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8 TZ=UTC
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE PGSERVICEFILE MAKEFLAGS MAKELEVEL MFLAGS

passed=0
failed=0
failures=
# pass NAME; fail NAME [FILE to show]
pass()
{
	passed=$((passed + 1))
	echo "ok     $1"
}
fail()
{
	failed=$((failed + 1))
	failures+="${failures:+, }$1"
	echo "not ok $1"
	[ -z "${2:-}" ] || [ ! -s "$2" ] || sed 's/^/    /' "$2"
}
finish()
{
	rm -rf "$work"
	[ "$failed" = 0 ] || echo "failed: $failures"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}
# Counts the "ok name" and "not ok name" lines that a part left in a file; what stands under a "not ok" belongs to it.
count()
{
	while IFS= read -r line; do
		case $line in
			"ok "*) pass "$1: ${line#ok }" ;;
			"not ok "*) fail "$1: ${line#not ok }" ;;
			*) echo "    $line" ;;
		esac
	done < "$2"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/cdp-test.XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"; exit 130' INT TERM

if ! bash test/setup.sh; then
	fail setup
	finish
fi
if ! make -s -j2 > "$work/build.log" 2>&1; then
	fail build "$work/build.log"
	finish
fi
pass build

bash test/lint/run.sh > "$work/lint" 2>&1
count lint "$work/lint"

# One server for everything that only needs one; its part says by itself what passed.
if ! bash test/server.sh bash test/on_server.sh "$work" > "$work/server.log" 2>&1; then
	fail "temporary server" "$work/server.log"
fi
for part in regress isolation tap check; do
	[ ! -f "$work/$part" ] || count "$part" "$work/$part"
done
finish
