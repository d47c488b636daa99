#!/usr/bin/env bash
# Runs the TAP tests (all, or those named), each with servers of its own; prints
# "ok file" or "not ok file" and the output of those that fail. Needs CDP_DEST, so:
#   bash test/server.sh bash test/tap/run.sh [test/tap/001_….pl …]
# As root the tests run as postgres, because initdb refuses root.
set -u
cd "$(dirname "$0")/../.."
pg_config=${PG_CONFIG:-pg_config}
pgxs=$(dirname "$("$pg_config" --pgxs)")

work=$(mktemp -d "${TMPDIR:-/tmp}/cdp-tap.XXXXXX")
trap 'rm -rf "$work"' EXIT
# a copy: postgres may be unable to look into the checkout
mkdir "$work/tap" "$work/log"
cp test/tap/* "$work/tap/"
cat > "$work/server.conf" <<CONF
fsync = off
extension_destdir = '$CDP_DEST'
dynamic_library_path = '$CDP_DEST$("$pg_config" --pkglibdir):\$libdir'
CONF
chmod -R a+rwX "$work"

as=()
[ "$(id -u)" != 0 ] || as=(runuser -u postgres --)
[ $# -gt 0 ] || set -- test/tap/*.pl
for file in "$@"; do
	name=$(basename "$file")
	# the tests' own servers are reached by PostgreSQL::Test::Cluster, not by the variables of the temporary one
	if (cd "$work" && "${as[@]}" env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE -u PGPASSWORD -u PGSYSCONFDIR -u PG_CLUSTER_CONF_ROOT \
		LC_ALL=C.UTF-8 HOME="$work" TMPDIR="$work" TESTDIR="$work" TESTDATADIR="$work" TESTLOGDIR="$work/log" \
		TEMP_CONFIG="$work/server.conf" PATH="$("$pg_config" --bindir):$PATH" PG_REGRESS="$pgxs/../test/regress/pg_regress" \
		prove -v -I "$pgxs/../test/perl" "tap/$name") > "$work/output" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		cat "$work/output"
		tail -n 30 "$work"/tmp_check/log/* 2>/dev/null
	fi
done
