#!/usr/bin/env bash
# Builds the fuzz test of the comparisons with the sanitizers and runs it.
# Usage: test/fuzz/compare.sh [pairs [seed]]
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d "${TMPDIR:-/tmp}/cdp-fuzz.XXXXXX")
trap 'rm -rf "$out"' EXIT
read -ra compare <<< "$(make -s print-COMPARE_OBJS)"
gcc -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -Wno-unused-parameter -Isrc -fsanitize=address,undefined -fno-sanitize-recover=undefined -o "$out/compare_fuzz" \
	test/fuzz/compare_fuzz.c "${compare[@]/%.o/.c}" \
	src/match/{nickname,chars,distance,jaro,tokens,phonetic,double_metaphone}.c -licuuc -lm
"$out/compare_fuzz" "$@"
