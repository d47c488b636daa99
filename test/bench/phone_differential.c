/*
 * phone_differential.c
 *	  The fast path of telephone numbers against the library, on generated input.
 *
 * Usage: phone_differential [count [seed]]. Every input is cleaned both ways, seen
 * from a region drawn at random; value and reason must be the same byte for byte.
 * Differences are printed (inputs are made up) and counted; the exit status is 1
 * when there is one.
 */
#include "clean/phone.h"
#include "clean/phone_shim.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint32_t
draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t) (state >> 32) % n;
}

/* area codes of every country of the plan, of no country, and special ones */
static const char *const areas[] = {
	"212", "310", "415", "907", "808", "480", "786", "332", "838", "945", "659", "463", "986", "416", "514", "604",
	"867", "902", "506", "787", "939", "242", "246", "264", "268", "284", "340", "345", "441", "473", "649", "658",
	"664", "670", "671", "684", "721", "758", "767", "784", "809", "829", "849", "868", "869", "876", "800", "833",
	"844", "855", "866", "877", "888", "900", "500", "521", "522", "523", "524", "533", "544", "566", "577", "588",
	"600", "622", "700", "710", "456", "555", "911", "411", "211", "999", "370", "950", "976", "880", "881", "310",
	"822", "883", "243", "262", "273", "300"
};

static const char *const regions[] = {
	"US", "US", "US", "US", "US", "US", "CA", "CA", "AG", "AI", "AS", "BB", "BM", "BS", "DM", "DO", "GD", "GU", "JM",
	"KN", "KY", "LC", "MP", "MS", "PR", "SX", "TC", "TT", "VC", "VG", "VI", "GB", "DE", "MX", "RU", "IT", "ZZ", "us", "", "USA"
};

static const char *const separators[] = {"", "", "", "", "-", "-", " ", ".", " - ", "  ", ") ", " (", "/", "–", "\xC2\xA0", "_", "--", "\t", "~", "*", "x"};
static const char *const starts[] = {"", "", "", "", "", "", "1", "1-", "1 ", "+1", "+1 ", "+1-", "(", "+1 (", "1(", "011", "0111", "0", "00", "001", "+", "++1", "+011",
	"tel:", "tel:+1-", "(+1)", "+ 1", "1+", "Phone: ", "11", "+11", "\xEF\xBC\x8B" "1", "#1", "*67", "+44", "+52 ", "+7 "};
static const char *const ends[] = {"", "", "", "", "", "", "", "", " x12", " ext. 345", ";ext=9", " #44", "x", " ", ".", ")", ",,123", " ext", " (home)", "/2", "  ", "-", "e", "\xE2\x80\x8B", " or 2"};
static const char *const wide_digits[] = {"０", "１", "２", "３", "４", "５", "６", "７", "８", "９"};
static const char *const arabic_digits[] = {"٠", "١", "٢", "٣", "٤", "٥", "٦", "٧", "٨", "٩"};

#define PICK(list) ((list)[draw(sizeof(list) / sizeof((list)[0]))])

static size_t
generate(char *to)
{
	char		digits[32];
	char	   *out = to;
	int			n = 10;
	int			kind = draw(100);
	const char *start = PICK(starts);
	const char *end = PICK(ends);
	int			script = draw(100);

	if (kind < 50)
		memcpy(digits, PICK(areas), 3);
	else
		for (int i = 0; i < 3; i++)
			digits[i] = '0' + draw(10);
	for (int i = 3; i < 20; i++)
		digits[i] = '0' + draw(10);
	if (kind % 3 == 0 && digits[3] < '2')
		digits[3] = '2' + draw(8);
	if (kind % 29 == 0)
		memset(digits + draw(4), '0' + draw(10), 10);
	if (kind >= 90)
		n = 1 + draw(16);
	else if (kind >= 80)
		n = 7 + draw(5);
	out = stpcpy(out, start);
	if (draw(4) == 0)
	{
		/* the usual American groups */
		const char *sep = PICK(separators);

		for (int i = 0; i < n; i++)
		{
			if (i == 3 || i == 6)
				out = stpcpy(out, sep);
			*out++ = digits[i];
		}
	}
	else
		for (int i = 0; i < n; i++)
		{
			if (draw(5) == 0)
				out = stpcpy(out, PICK(separators));
			if (script == 0)
				out = stpcpy(out, wide_digits[digits[i] - '0']);
			else if (script == 1)
				out = stpcpy(out, arabic_digits[digits[i] - '0']);
			else if (script == 2 && draw(4) == 0)
				*out++ = 'A' + draw(26);
			else
				*out++ = digits[i];
		}
	out = stpcpy(out, end);

	/* some damage: cut, doubled or changed bytes */
	if (draw(20) == 0 && out > to + 1)
		out = to + 1 + draw(out - to - 1);
	if (draw(20) == 0 && out > to)
		to[draw(out - to)] = " +-.()x0123456789,;#/"[draw(21)];
	return out - to;
}

int
main(int argc, char **argv)
{
	long		count = argc > 1 ? atol(argv[1]) : 5000000;
	long		differ = 0;
	long		valid = 0;
	CdpBuf		fast = {0};
	CdpBuf		slow = {0};

	state = UINT64_C(88172645463325252) ^ (argc > 2 ? strtoull(argv[2], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) : 0);
	if (!cdp_phone_has_fast_path())
	{
		printf("the fast path is off: nothing to compare\n");
		return 1;
	}
	for (long i = 0; i < count; i++)
	{
		char		text[512];
		size_t		len = generate(text);
		const char *region = PICK(regions);
		const char *a = cdp_phone_clean(text, len, region, strlen(region), &fast);
		const char *b = cdp_phone_clean_library(text, len, region, strlen(region), &slow);

		valid += a == NULL && fast.len > 0;
		if (fast.failed || slow.failed || (a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0) ||
			(a == NULL && (fast.len != slow.len || memcmp(fast.data, slow.data, fast.len) != 0)))
		{
			if (differ++ < 20)
				printf("differ: region %s input \"%.*s\": %.*s (%s), library %.*s (%s)\n", region, (int) len, text,
					   (int) fast.len, fast.data, a ? a : "accepted", (int) slow.len, slow.data, b ? b : "accepted");
		}
	}
	printf("%ld inputs, %ld valid, %ld differences\n", count, valid, differ);
	return differ > 0;
}
