#!/usr/bin/env bash
# Builds cdp, installs it into a temporary folder, starts a temporary server that
# can CREATE EXTENSION cdp, runs a command against it and takes both away again.
#
#   bash test/server.sh [-o 'setting=value']... command [argument...]
#
# The command finds the server through the PG* variables (superuser postgres) and the installed tree in CDP_DEST. /usr and
# other servers are not touched, and two runs at once do not meet: data and port are this run's own.
# The folder is outside the checkout because the server runs as postgres, who may be unable to look into root's home.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8
options=()
while getopts o: option; do
	case $option in
		o) options+=(-o "$OPTARG") ;;
		*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

pg_config=${PG_CONFIG:-pg_config}
version=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')

CDP_DEST=$(mktemp -d "${TMPDIR:-/tmp}/cdp.XXXXXX")
export CDP_DEST
trap 'rm -rf "$CDP_DEST"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$CDP_DEST"
make -s -j2 PG_CONFIG="$pg_config"
make -s install PG_CONFIG="$pg_config" DESTDIR="$CDP_DEST" > /dev/null

# a port far from the usual ones: a stopped server of the user's may come back on its own at any moment
PGPORT=$((50000 + RANDOM % 10000))
while (: < "/dev/tcp/localhost/$PGPORT") 2>/dev/null; do PGPORT=$((50000 + RANDOM % 10000)); done
export PGPORT

# pg_virtualenv prints the server's log when the command fails: keep its voice apart from the command's own
status=0
pg_virtualenv -t -v "$version" -c "--locale=C.UTF-8 --encoding=UTF8" -o fsync=off -o extension_destdir="$CDP_DEST" \
	-o "dynamic_library_path=$CDP_DEST$("$pg_config" --pkglibdir):\$libdir" "${options[@]}" \
	bash -c 'exec >&3 2>&4; "$@"; echo $? > "$CDP_DEST/status"' server "$@" \
	3>&1 4>&2 > "$CDP_DEST/server.log" 2>&1 || status=$?
if [ ! -f "$CDP_DEST/status" ]; then
	cat "$CDP_DEST/server.log" >&2
	echo "the temporary server did not start" >&2
	exit $((status > 0 ? status : 1))
fi
exit "$(cat "$CDP_DEST/status")"
