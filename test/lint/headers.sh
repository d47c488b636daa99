#!/usr/bin/env bash
# Compiles every source of OBJS, syntax only and without any warning, against the
# server headers of a PostgreSQL version.
#
#   bash test/lint/headers.sh VERSION INCLUDEDIR
#
# VERSION is the major version (15 to 18), INCLUDEDIR what pg_config --includedir-server prints there; headers that were
# only unpacked will do. Not part of "make test": newer headers are not on every machine. Prints "ok VERSION FILES" or the
# compiler's words, and fails.
set -euo pipefail
if [ $# != 2 ]; then
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
fi
version=$1
include=$(cd "$2" && pwd)
cd "$(dirname "$0")/../.."

found=$(sed -n 's/^#define PG_MAJORVERSION "\([0-9]*\).*"/\1/p' "$include"/pg_config*.h | sort -u | head -1)
if [ "$found" != "$version" ]; then
	echo "headers: $include is of PostgreSQL ${found:-(none)}, not $version" >&2
	exit 1
fi

# Headers that come from another system may ask for libraries that the extension does not use.
read -ra warnings <<< "$(make -s print-PG_CFLAGS)"
read -ra cxx_warnings <<< "$(make -s print-PG_CXXFLAGS)"
common=(-fsyntax-only -fPIC -O2 -D_GNU_SOURCE -Isrc -isystem "$include/internal" -I"$include")
status=0
files=0
for object in $(make -s print-OBJS); do
	if [ -f "${object%.o}.c" ]; then
		"${CC:-gcc}" "${warnings[@]}" "${common[@]}" "${object%.o}.c" || status=1
	else
		"${CXX:-g++}" "${cxx_warnings[@]}" "${common[@]}" "${object%.o}.cpp" || status=1
	fi
	files=$((files + 1))
done
[ $status = 0 ] && echo "ok $version: $files files"
exit $status
