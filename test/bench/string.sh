#!/usr/bin/env bash
# Time per call of the string measures.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${CDP_DEST:-}" ]; then exec bash test/server.sh bash "$0"; fi
psql -X -d postgres -f test/bench/string.sql
