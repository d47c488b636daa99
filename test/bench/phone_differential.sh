#!/usr/bin/env bash
# Compares the fast path of telephone numbers with libphonenumber on generated input.
# Usage: test/bench/phone_differential.sh [count [seed]]   (default: 5000000 inputs)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
c="-O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -D_GNU_SOURCE -Isrc"
g++ -std=c++17 $c -c src/clean/phone_shim.cpp -o "$out/shim.o"
gcc $c -o "$out/differential" test/bench/phone_differential.c src/clean/{phone,phone_plan,fold,table,placeholder}.c "$out/shim.o" \
	-lphonenumber -lprotobuf -licui18n -licuuc -lstdc++
"$out/differential" "${1:-5000000}" "${2:-1}"
