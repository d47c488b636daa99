#!/usr/bin/env bash
# The habits of this code as checks: one line "ok name" or "not ok name" each, with
# what was found below it. Each function prints what is wrong, nothing when all is well.
set -u
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8

c_files=(src/*/*.c src/*/*.h)
for extra in src/*/*.cpp; do [ ! -f "$extra" ] || c_files+=("$extra"); done
version=$(sed -n "s/^default_version = '\(.*\)'/\1/p" cdp.control)

# Rooms depend downwards only, and are entered by their one public header (core: by any of its headers).
# module.c is the table of contents and starts every room.
includes_go_down()
{
	perl -e '
		my %rank = (core => 0, clean => 1, match => 2, identity => 3, profile => 4, consent => 5, event => 5, segment => 6, activate => 7,
			insight => 8, job => 8, privacy => 8);
		for my $file (@ARGV) {
			next if $file eq "src/core/module.c";
			my ($room) = $file =~ m{^src/(\w+)/} or next;
			print "$file: room $room has no rank\n" unless defined $rank{$room};
			open my $in, "<", $file or die;
			while (<$in>) {
				my ($to, $header) = m{^\s*#\s*include\s+"(\w+)/(\w+)\.h"} or next;
				next if $to eq $room or not defined $rank{$to};
				print "$file:$.: $room must not include $to\n" if $rank{$to} >= $rank{$room};
				print "$file:$.: enter $to by $to/$to.h\n" unless $to eq "core" or $header eq $to;
			}
		}' "${c_files[@]}"
}

tests_are_scheduled()
{
	local test scheduled
	scheduled=" $(make -s print-REGRESS) "
	for test in sql/*.sql; do
		test=$(basename "$test" .sql)
		[[ $scheduled == *" $test "* ]] || echo "sql/$test.sql is not in REGRESS"
		[ -f "expected/$test.out" ] || echo "expected/$test.out is missing"
	done
	for test in $scheduled; do
		[ -f "sql/$test.sql" ] || echo "sql/$test.sql is missing"
	done
	for test in expected/*.out; do
		# name_1.out is another expected result of name
		test=$(basename "$test" .out)
		[ -f "sql/$test.sql" ] || [ -f "sql/${test%_[0-9]}.sql" ] || echo "expected/$test.out has no test"
	done
	scheduled=" $(make -s print-ISOLATION) "
	for test in test/isolation/specs/*.spec; do
		[ -f "$test" ] || continue
		test=$(basename "$test" .spec)
		[[ $scheduled == *" $test "* ]] || echo "test/isolation/specs/$test.spec is not in ISOLATION"
		[ -f "test/isolation/expected/$test.out" ] || echo "test/isolation/expected/$test.out is missing"
	done
}

pieces_are_installed()
{
	local file list
	list=" $(make -s print-SQL_PIECES) "
	for file in src/*/*.sql; do
		[[ $list == *" $file "* ]] || [[ $file == src/upgrade/* ]] || echo "$file is not in SQL_PIECES"
	done
	list=" $(make -s print-OBJS) "
	for file in src/*/*.c src/*/*.cpp; do
		[ -f "$file" ] || continue
		[[ $list == *" ${file%.*}.o "* ]] || echo "$file is not in OBJS"
	done
}

version_number_in_compat_only()
{
	grep -n PG_VERSION_NUM "${c_files[@]}" | grep -v '^src/core/compat\.h:'
}

# Beside LANGUAGE, a function says its volatility and PARALLEL (a procedure has neither), and one whose text is parsed when
# it runs pins the search path. A procedure that commits cannot have SET: it calls set_config first. Bodies in the standard's
# form (RETURN, BEGIN ATOMIC) are parsed when created.
functions_are_declared_fully()
{
	perl -0777 -ne '
		my $file = $ARGV;
		while (/^CREATE (?:OR REPLACE )?(FUNCTION|PROCEDURE)\s+(\S+?)\s*\(.*?(?=^CREATE |^COMMENT |^REVOKE |^GRANT |\z)/msg) {
			my ($what, $name, $text) = ($1, $2, $&);
			my ($head) = $text =~ /\A(.*?)(?:^|\s)(?:AS\s+[\$\x27]|BEGIN ATOMIC|RETURN\s)/ms;
			$head = $text unless defined $head;
			my ($language) = $head =~ /LANGUAGE\s+(\w+)/i;
			print "$file: $name names no language\n" and next unless $language;
			if ($what eq "FUNCTION") {
				print "$file: $name says no volatility\n" unless $head =~ /\b(IMMUTABLE|STABLE|VOLATILE)\b/i;
				print "$file: $name says nothing of PARALLEL\n" unless $head =~ /\bPARALLEL\s+(SAFE|RESTRICTED|UNSAFE)\b/i;
			}
			next if $language =~ /^(c|internal)$/i || $text =~ /BEGIN ATOMIC|^RETURN\s/m;
			next if $what eq "PROCEDURE" && $text =~ /\bCOMMIT;/ && $text =~ /set_config\(\x27search_path\x27/;
			print "$file: $name does not pin search_path\n" unless $head =~ /SET\s+search_path\s*=\s*pg_catalog,\s*pg_temp/i;
		}' src/*/*.sql
}

install_script_replaces_nothing()
{
	make -s "cdp--$version.sql" && grep -inE '^[[:space:]]*create[[:space:]]+or[[:space:]]+replace[[:space:]]+(function|procedure|aggregate|view)[[:space:]]+cdp(_internal)?\.' "cdp--$version.sql"
}

settings_are_sorted()
{
	local file names
	for file in src/*/*.c; do
		names=$(grep -oE 'DefineCustom[A-Za-z]+Variable\("[a-z_.]+"' "$file" | sed 's/.*("//; s/"//')
		[ "$names" = "$(sort <<< "$names")" ] || echo "$file: settings are not in alphabetical order"
	done
}

no_trailing_white_space()
{
	find src sql test docs .ci Makefile *.md *.json cdp.control -type f -not -name '*.o' -not -name '*.bc' -not -path 'test/isolation/expected/*' -not -path 'test/fuzz/seeds/*' | while IFS= read -r file; do
		[ -f "$file" ] && grep -InE '[[:blank:]]+$' -- "$file" /dev/null
	done
}

files_name_themselves()
{
	local file
	for file in "${c_files[@]}"; do
		[ "$(sed -n 1p "$file")" = '/*' ] && [ "$(sed -n 2p "$file")" = " * $(basename "$file")" ] ||
			echo "$file does not open with a comment that names it"
	done
}

errors_have_own_codes()
{
	grep -oE "^#define +ERRCODE_CDP_[A-Z_]+[[:blank:]]+MAKE_SQLSTATE\([^)]*\)" src/core/errors.h |
		sed -E "s/.*MAKE_SQLSTATE\((.*)\)/\1/; s/[', ]//g" | sort | uniq -d | sed 's/$/ is given twice in errors.h/'
	# codes written out in SQL are in the catalogue
	grep -ohE "ERRCODE = 'CDP..'" src/*/*.sql | grep -oE 'CDP..' | sort -u | while read -r code; do
		grep -qE "MAKE_SQLSTATE\('C', 'D', 'P', '${code:3:1}', '${code:4:1}'\)" src/core/errors.h || echo "$code is not in errors.h"
	done
	# and users find every code in the README
	sed -nE "s/^#define ERRCODE_CDP_[A-Z_]+[[:blank:]]+MAKE_SQLSTATE\('(.)', '(.)', '(.)', '(.)', '(.)'\).*/\1\2\3\4\5/p" src/core/errors.h |
		while read -r code; do
			grep -q "| $code |" README.md || echo "$code is not in the README"
		done
}

version_is_one()
{
	local other
	for other in $(grep -oE '"version": *"[^"]*"' META.json | sed 's/.*"\([^"]*\)"$/\1/'); do
		[ "$other" = "$version" ] || [ "$other" = 1.0.0 ] || echo "META.json says $other, cdp.control $version"
	done
	grep -q "^## \[$version\]" CHANGELOG.md || echo "CHANGELOG.md has no entry for $version"
}

scripts_parse()
{
	local file
	for file in .ci/run $(find test -name '*.sh'); do
		bash -n "$file" 2>&1
	done
}

nothing_is_left_to_do()
{
	grep -InE '\b(TODO|FIXME|XXX)\b' -r src sql test Makefile | grep -v '^test/lint/run\.sh:'
}

status=0
for check in includes_go_down tests_are_scheduled pieces_are_installed version_number_in_compat_only functions_are_declared_fully \
	install_script_replaces_nothing settings_are_sorted no_trailing_white_space files_name_themselves errors_have_own_codes \
	version_is_one scripts_parse nothing_is_left_to_do; do
	found=$($check 2>&1)
	if [ -z "$found" ]; then
		echo "ok ${check//_/ }"
	else
		echo "not ok ${check//_/ }"
		head -40 <<< "$found"
		status=1
	fi
done
exit $status
