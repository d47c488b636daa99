#!/usr/bin/env bash
# The part of test/run.sh that needs a server: run through test/server.sh. Leaves
# in the folder given one file per part, with lines "ok name" and "not ok name".
set -u
work=$1

# What a variable of the Makefile holds
list()
{
	make -s "print-$1"
}

# Turns pg_regress's own lines (test foo … ok / ok 1 - foo) into ours. Every scheduled test must be heard of: one that is
# not has failed too.
regress_results()
{
	local log=$1 diffs=$2 name
	shift 2
	for name in "$@"; do
		if grep -Eq "^(test +| +)$name +\.\.\. ok( |\$)|^ok [0-9]+ +[-+] $name( |\$)" "$log"; then
			echo "ok $name"
		else
			echo "not ok $name"
			if grep -q "/$name.out" "$diffs" 2>/dev/null; then
				awk -v name="/$name.out" '/^diff /{ show = index($0, name) > 0 } show' "$diffs" | head -200
			else
				tail -20 "$log"
			fi
		fi
	done
}

read -ra tests <<< "$(list REGRESS)"
make -s installcheck ISOLATION= > "$work/regress.log" 2>&1
regress_results "$work/regress.log" regression.diffs "${tests[@]}" > "$work/regress"

read -ra tests <<< "$(list ISOLATION)"
if [ ${#tests[@]} -gt 0 ]; then
	make -s installcheck REGRESS= > "$work/isolation.log" 2>&1
	regress_results "$work/isolation.log" output_iso/regression.diffs "${tests[@]}" > "$work/isolation"
fi

# TAP tests make servers of their own, as postgres, in a folder that postgres may enter.
if compgen -G 'test/tap/*.pl' > /dev/null; then
	bash test/tap/run.sh > "$work/tap" 2>&1
fi

for check in test/*/check.sh; do
	[ -f "$check" ] || continue
	name=$(basename "$(dirname "$check")")
	if bash "$check" > "$work/check.log" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		cat "$work/check.log"
	fi
done > "$work/check"
