#!/usr/bin/env bash
# Fuzzes the cores of the clean room under ASan and UBSan with libFuzzer.
# Usage: test/fuzz/clean.sh [seconds per core] [core …]   (default: 60 seconds, every core)
# Needs clang-14 and libclang-rt-14-dev. Exits with 1 at the first finding; the input that made it is printed.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
cores=("$@")
[ ${#cores[@]} -gt 0 ] || cores=(name email date fold text postal phone)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -Isrc"
clang++-14 -std=c++17 $flags -fsanitize=fuzzer-no-link -c src/clean/phone_shim.cpp -o "$out/shim.o"
for f in fold table placeholder name email date postal text phone phone_plan; do
	clang-14 $flags -fsanitize=fuzzer-no-link -c "src/clean/$f.c" -o "$out/$f.o"
done
for core in "${cores[@]}"; do
	clang-14 $flags -fsanitize=fuzzer-no-link -DCORE="\"$core\"" -c test/fuzz/clean_fuzz.c -o "$out/main_$core.o"
	clang++-14 $flags -fsanitize=fuzzer "$out/main_$core.o" "$out"/{shim,fold,table,placeholder,name,email,date,postal,text,phone,phone_plan}.o \
		-o "$out/fuzz_$core" -lphonenumber -lprotobuf -licui18n -licuuc
	mkdir -p "$out/corpus_$core"
	cp test/fuzz/seeds/"$core"/* "$out/corpus_$core/" 2>/dev/null || true
	if ! ASAN_OPTIONS=detect_leaks=0 "$out/fuzz_$core" "$out/corpus_$core" -max_total_time="$seconds" -max_len=600 -timeout=10 \
		-artifact_prefix="$out/" -print_final_stats=1 -verbosity=0 >"$out/log" 2>&1; then
		tail -40 "$out/log"
		echo "fuzz $core: FAILED"
		exit 1
	fi
	echo "fuzz $core: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/log") inputs in $seconds s, no finding"
done
