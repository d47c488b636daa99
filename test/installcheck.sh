#!/usr/bin/env bash
# Runs pg_regress on a temporary server: all tests, or those of REGRESS="a b" (isolation: REGRESS= ISOLATION="c").
set -euo pipefail
cd "$(dirname "$0")/.."
exec bash test/server.sh make -s installcheck ISOLATION= "$@"
