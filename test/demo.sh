#!/usr/bin/env bash
# The main job on a made-up business, told step by step: make demo [PEOPLE=10000].
# Uses a temporary server of its own and leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE PGSERVICEFILE
bash test/setup.sh
exec bash test/server.sh bash test/demo_on_server.sh "${PEOPLE:-10000}"
