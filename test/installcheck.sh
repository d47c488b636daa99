#!/usr/bin/env bash
# Builds into build/dest and runs pg_regress (REGRESS="a b" to choose) on a temporary server,
# touching neither /usr nor a running server.
set -euo pipefail
cd "$(dirname "$0")/.."
make -s -j2
make -s install DESTDIR="$PWD/build/dest" >/dev/null
exec pg_virtualenv -v 15 -c "--locale=C.UTF-8 --encoding=UTF8" -o extension_destdir="$PWD/build/dest" -o fsync=off \
	-o "dynamic_library_path='$PWD/build/dest/usr/lib/postgresql/15/lib:\$libdir'" \
	make installcheck "$@"
