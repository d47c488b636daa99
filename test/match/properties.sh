#!/usr/bin/env bash
# Builds the property tests that need no server with the sanitizers and runs them: with
# addresses and undefined behaviour watched, and what uses threads with races watched.
# Usage: test/match/properties.sh [rounds [seed]]; without rounds a moment's worth.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d "${TMPDIR:-/tmp}/cdp-match.XXXXXX")
trap 'rm -rf "$out"' EXIT
compile=(gcc -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -Wno-unused-parameter -Isrc)
read -ra compare <<< "$(make -s print-COMPARE_OBJS)"
cores=("${compare[@]/%.o/.c}" src/match/{pairs,block,random,origin,em,parallel,store,score,sum,relation,nickname,chars,distance,jaro,tokens,phonetic,double_metaphone}.c)

"${compile[@]}" -fsanitize=address,undefined -fno-sanitize-recover=undefined -o "$out/agglomerate" test/match/agglomerate.c src/match/agglomerate.c src/match/parallel.c -lm -lpthread
"${compile[@]}" -fsanitize=address,undefined -fno-sanitize-recover=undefined -o "$out/pairs" test/match/pairs.c "${cores[@]}" -licuuc -lm
"${compile[@]}" -fsanitize=thread -o "$out/pairs_threads" test/match/pairs.c "${cores[@]}" -licuuc -lm
"${compile[@]}" -fsanitize=thread -o "$out/agglomerate_threads" test/match/agglomerate.c src/match/agglomerate.c src/match/parallel.c -lm -lpthread
"${compile[@]}" -fsanitize=thread -o "$out/errand" test/match/errand.c src/match/parallel.c -lpthread
"$out/agglomerate" "${1:-2000}" "${2:-1}"
# the thread sanitizer does not bear randomised addresses everywhere
setarch -R "$out/agglomerate_threads" "${1:-1000}" "${2:-1}"
setarch -R "$out/errand" "${1:-300}" "${2:-1}"
"$out/pairs" "${1:-100}" "${2:-1}"
setarch -R "$out/pairs_threads" "${1:-40}" "${2:-1}"
