#!/usr/bin/env bash
# Builds the fuzz test of the string measures with the sanitizers and runs it.
# Usage: test/fuzz/string.sh [pairs [seed]]
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d "${TMPDIR:-/tmp}/cdp-fuzz.XXXXXX")
trap 'rm -rf "$out"' EXIT
gcc -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -Isrc -fsanitize=address,undefined -fno-sanitize-recover=undefined -o "$out/string_fuzz" \
	test/fuzz/string_fuzz.c src/match/{chars,distance,jaro,qgram,tokens,phonetic,double_metaphone}.c -licuuc -lm
"$out/string_fuzz" "$@"
