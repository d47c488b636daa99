#!/usr/bin/env bash
# Runs expectation-maximisation as the classical algorithm against published runs of it.
# Usage: test/match/em.sh [FOLDER of the published values]
set -euo pipefail
cd "$(dirname "$0")/../.."
values=${1:-${CDP_STRING_VALUES:-../shared/data/strings}}
if [ ! -f "$values/known_params_comparison_vectors.csv" ]; then
	echo "skipped: $values is not here"
	exit 0
fi
out=$(mktemp -d "${TMPDIR:-/tmp}/cdp-em.XXXXXX")
read -ra compare <<< "$(make -s print-COMPARE_OBJS)"
trap 'rm -rf "$out"' EXIT
gcc -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -Wno-unused-parameter -Isrc -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-o "$out/em" test/match/em.c "${compare[@]/%.o/.c}" src/match/{em,relation,parallel,nickname,chars,distance,jaro,tokens,phonetic,double_metaphone}.c -licuuc -lpthread -lm
"$out/em" "$values" test/match/em_patterns.tsv
