/*
 * string_fuzz.c
 *	  The string measures against plain versions of themselves, on any bytes.
 *
 * Usage: string_fuzz [pairs [seed]]. Makes pairs of texts from several alphabets
 * (two letters, Latin, wide characters, combining marks, arbitrary bytes) and of
 * lengths around one word of bits and beyond, related by edits or not, and looks
 * for: a distance that is not that of the full table, a bound that answers
 * otherwise than the distance, a similarity outside 0..1, asymmetry, an identity
 * that is not 1, a broken triangle, an answer that changes after another call.
 * Then texts of a megabyte. Meant to be built with the address and undefined
 * behaviour sanitizers. Leaves with status 1 at the first fault.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/string.h"

#define MAX_BYTES 1200
#define PHONETICS 3

static CdpWork work;
static uint64_t state;

static uint32_t
draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t) ((state >> 20) % below) : 0;
}

static void
fault(const char *what, const char *a, size_t na, const char *b, size_t nb)
{
	printf("fault: %s\n", what);
	for (int i = 0; i < 2; i++)
	{
		printf(i ? "  b" : "  a");
		for (size_t j = 0; j < (i ? nb : na); j++)
			printf(" %02x", (unsigned char) (i ? b : a)[j]);
		printf("\n");
	}
	exit(1);
}

static int32_t
min2(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/* The full table: swaps 0 none, 1 of neighbours, 2 unrestricted (Lowrance and Wagner). */
static int32_t
plain(const CdpChars *a, const CdpChars *b, int swaps)
{
	const int32_t m = a->len,
				n = b->len,
				width = n + 1;
	int32_t    *table = malloc(sizeof(int32_t) * (m + 1) * width);
	int32_t		found;

	for (int32_t i = 0; i <= m; i++)
		for (int32_t j = 0; j <= n; j++)
		{
			int32_t		best;

			if (i == 0 || j == 0)
			{
				table[i * width + j] = i + j;
				continue;
			}
			best = table[(i - 1) * width + j - 1] + (a->data[i - 1] != b->data[j - 1]);
			best = min2(best, min2(table[(i - 1) * width + j], table[i * width + j - 1]) + 1);
			if (swaps == 1 && i > 1 && j > 1 && a->data[i - 1] == b->data[j - 2] && a->data[i - 2] == b->data[j - 1])
				best = min2(best, table[(i - 2) * width + j - 2] + 1);
			if (swaps == 2)
			{
				int32_t		k = i - 1,
							l = j - 1;

				while (k > 0 && a->data[k - 1] != b->data[j - 1])
					k--;
				while (l > 0 && b->data[l - 1] != a->data[i - 1])
					l--;
				if (k > 0 && l > 0)
					best = min2(best, table[(k - 1) * width + l - 1] + (i - k - 1) + 1 + (j - l - 1));
			}
			table[i * width + j] = best;
		}
	found = table[m * width + n];
	free(table);
	return found;
}

static double
plain_jaro(const CdpChars *a, const CdpChars *b)
{
	int32_t		longer = a->len > b->len ? a->len : b->len;
	int32_t		reach = longer / 2 > 1 ? longer / 2 - 1 : 0;
	int32_t		matches = 0,
				moved = 0;
	char	   *in_a = calloc(a->len + 1, 1),
			   *in_b = calloc(b->len + 1, 1);

	for (int32_t i = 0; i < a->len; i++)
		for (int32_t j = i > reach ? i - reach : 0; j < b->len && j <= i + reach; j++)
			if (!in_b[j] && a->data[i] == b->data[j])
			{
				in_a[i] = in_b[j] = 1;
				matches++;
				break;
			}
	for (int32_t i = 0, j = 0; i < a->len; i++)
		if (in_a[i])
		{
			while (!in_b[j])
				j++;
			moved += a->data[i] != b->data[j++];
		}
	free(in_a);
	free(in_b);
	if (matches == 0)
		return 0;
	return ((double) matches / a->len + (double) matches / b->len + (double) (matches - moved / 2) / matches) / 3;
}

/* Jaccard of the sets of q-grams, by looking each one up. */
static double
plain_jaccard(const CdpChars *a, const CdpChars *b, int32_t q)
{
	const CdpChars *of[2] = {a, b};
	int32_t		distinct[2] = {0, 0},
				both = 0;

	if (a->len == b->len && memcmp(a->data, b->data, sizeof(uint32_t) * a->len) == 0)
		return 1;
	if (a->len < q || b->len < q)
		return 0;
	for (int side = 0; side < 2; side++)
		for (int32_t i = 0; i + q <= of[side]->len; i++)
		{
			bool		seen = false,
						other = false;

			for (int32_t j = 0; j < i && !seen; j++)
				seen = memcmp(of[side]->data + i, of[side]->data + j, sizeof(uint32_t) * q) == 0;
			if (seen)
				continue;
			distinct[side]++;
			for (int32_t j = 0; j + q <= of[1 - side]->len && !other; j++)
				other = memcmp(of[side]->data + i, of[1 - side]->data + j, sizeof(uint32_t) * q) == 0;
			both += side == 0 && other;
		}
	return (double) both / (distinct[0] + distinct[1] - both);
}

static size_t
make_text(char *out, uint32_t alphabet, uint32_t chars)
{
	size_t		n = 0;

	for (uint32_t i = 0; i < chars && n + 4 < MAX_BYTES; i++)
		switch (alphabet)
		{
			case 0:
				out[n++] = "ab"[draw(2)];
				break;
			case 1:
				out[n++] = " abcdefgh"[draw(9)];
				break;
			case 2:
				n += cdp_chars_encode(0x400 + draw(300), out + n);
				break;
			case 3:				/* letters under combining marks */
				n += cdp_chars_encode(draw(2) ? 'e' : 0x300 + draw(0x70), out + n);
				break;
			case 4:
				out[n++] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ '"[draw(28)];
				break;
			case 5:
				n += cdp_chars_encode(draw(4) ? 'a' + draw(4) : 0x1F600 + draw(4), out + n);
				break;
			default:
				out[n++] = (char) draw(256);
		}
	return n;
}

static size_t
edit_text(const char *in, size_t n, char *out, uint32_t alphabet)
{
	memcpy(out, in, n);
	for (uint32_t edits = draw(6); edits > 0 && n > 2; edits--)
	{
		size_t		at = draw(n - 1);
		char		swap = out[at];

		switch (draw(4))
		{
			case 0:
				out[at] = out[at + 1];
				out[at + 1] = swap;
				break;
			case 1:
				memmove(out + at, out + at + 1, n - at - 1);
				n--;
				break;
			case 2:
				if (n + 1 < MAX_BYTES)
				{
					memmove(out + at + 1, out + at, n - at);
					n++;
				}
				break;
			default:
				out[at] = alphabet == 0 ? 'b' : (char) draw(256);
		}
	}
	return n;
}

static void
check_pair(const char *a, size_t na, const char *b, size_t nb, const char *c, size_t nc)
{
	static CdpChars x,
				y,
				z;
	static const CdpPhonetic phonetics[PHONETICS] = {cdp_soundex, cdp_metaphone, cdp_nysiis};
	static const CdpDistance measures[3] = {cdp_levenshtein, cdp_osa, cdp_damerau};
	CdpCode		primary,
				alternate;
	int32_t		found[3];
	double		similarity[9];

	if (!cdp_chars_decode(&work, a, na, &x) || !cdp_chars_decode(&work, b, nb, &y) || !cdp_chars_decode(&work, c, nc, &z))
		fault("decoding", a, na, b, nb);
	for (int i = 0; i < 3; i++)
	{
		int32_t		longer = x.len > y.len ? x.len : y.len;
		int32_t		full = plain(&x, &y, i);
		int32_t		side;

		found[i] = measures[i](&work, x.data, x.len, y.data, y.len, -1);
		if (found[i] != full || measures[i](&work, y.data, y.len, x.data, x.len, -1) != full)
			fault(i == 0 ? "levenshtein" : i == 1 ? "osa" : "damerau", a, na, b, nb);
		for (int32_t k = 0; k <= longer + 1; k += 1 + (k > 8 ? draw(longer / 4 + 1) : 0))
			if (measures[i](&work, x.data, x.len, y.data, y.len, k) != (full <= k ? full : CDP_BEYOND))
				fault("a bound", a, na, b, nb);
		for (int32_t k = full > 0 ? full - 1 : 0; k <= full + 1; k++)
			if (measures[i](&work, y.data, y.len, x.data, x.len, k) != (full <= k ? full : CDP_BEYOND))
				fault("a bound near the distance", a, na, b, nb);
		side = measures[i](&work, x.data, x.len, z.data, z.len, -1);
		if (i != 1 && side + measures[i](&work, z.data, z.len, y.data, y.len, -1) < full)
			fault("the triangle", a, na, b, nb);
	}
	if (found[1] > found[0] || found[2] > found[1])
		fault("the order of the distances", a, na, b, nb);

	for (int turn = 0; turn < 2; turn++)
	{
		CdpChars   *l = turn ? &y : &x,
				   *r = turn ? &x : &y;
		int32_t		q = 1 + (na + nb) % 9;
		double		again[9] = {
			cdp_jaro(&work, l->data, l->len, r->data, r->len),
			cdp_jaro_winkler(&work, l->data, l->len, r->data, r->len, false),
			cdp_jaro_winkler(&work, l->data, l->len, r->data, r->len, true),
			cdp_qgram(&work, l->data, l->len, r->data, r->len, q, CDP_JACCARD),
			cdp_qgram(&work, l->data, l->len, r->data, r->len, q, CDP_DICE),
			cdp_qgram(&work, l->data, l->len, r->data, r->len, q, CDP_COSINE),
			cdp_token_jaccard(&work, l->data, l->len, r->data, r->len, (na + nb) % 5),
			cdp_token_sort(&work, l->data, l->len, r->data, r->len),
			cdp_token_set(&work, l->data, l->len, r->data, r->len)
		};

		for (int i = 0; i < 9; i++)
		{
			if (!(again[i] >= 0 && again[i] <= 1))
				fault("a similarity outside 0..1", a, na, b, nb);
			if (turn && fabs(again[i] - similarity[i]) > 1e-12)
				fault("an asymmetric similarity", a, na, b, nb);
			similarity[i] = again[i];
		}
		if (turn == 0 && fabs(again[0] - plain_jaro(&x, &y)) > 1e-12)
			fault("jaro", a, na, b, nb);
		if (turn == 0 && again[3] != plain_jaccard(&x, &y, q))
			fault("q-grams", a, na, b, nb);
		if (cdp_token_jaccard(&work, l->data, l->len, l->data, l->len, 0) != 1 ||
			cdp_token_sort(&work, l->data, l->len, l->data, l->len) != 1 || cdp_token_set(&work, l->data, l->len, l->data, l->len) != 1 ||
			cdp_qgram(&work, l->data, l->len, l->data, l->len, q, CDP_COSINE) != 1 ||
			cdp_jaro_winkler(&work, l->data, l->len, l->data, l->len, true) != (l->len > 0))
			fault("the identity", a, na, b, nb);
	}
	for (int i = 0; i < PHONETICS; i++)
	{
		uint32_t   *code;
		int32_t		len = phonetics[i] (&work, x.data, x.len, &code);

		for (int32_t j = 0; j < len; j++)
			if (code[j] > 0x10FFFF)
				fault("a phonetic code", a, na, b, nb);
	}
	if (!cdp_double_metaphone(&work, x.data, x.len, &primary, &alternate) || primary.len > 2 * x.len * 4 || alternate.len > 2 * x.len * 4)
		fault("a pair of phonetic codes", a, na, b, nb);
	if (work.problem != CDP_NO_PROBLEM || work.dirty)
		fault("what is left behind", a, na, b, nb);
}

/* Long texts: what is known of them without a table. */
static void
check_long(void)
{
	const int32_t n = 1024 * 1024;
	char	   *text = malloc(n + 8);
	CdpChars	x = {0},
				y = {0};
	uint32_t   *code;
	CdpCode		primary,
				alternate;

	for (int32_t i = 0; i < n; i++)
		text[i] = (char) draw(256);
	cdp_chars_decode(&work, text, n, &x);
	memmove(text + 1, text, n / 2);		/* one byte in, one out at the middle */
	cdp_chars_decode(&work, text, n, &y);
	for (int i = 0; i < 2; i++)
	{
		int32_t		k = i ? -1 : 20;

		if (cdp_levenshtein(&work, x.data, x.len, y.data, y.len, k) < 0 || cdp_osa(&work, x.data, x.len, y.data, y.len, k) < 0 ||
			cdp_damerau(&work, x.data, x.len, y.data, y.len, k) < 0)
			fault("long texts that are close", "", 0, "", 0);
	}
	for (int32_t i = 0; i < n; i++)
		text[i] = " a\xCC\x81"[draw(4)];
	cdp_chars_decode(&work, text, n, &y);
	if (cdp_levenshtein(&work, x.data, x.len, y.data, y.len, 1000) != CDP_BEYOND || cdp_osa(&work, x.data, x.len, y.data, y.len, 1000) != CDP_BEYOND ||
		cdp_damerau(&work, x.data, x.len, y.data, y.len, 300) != CDP_BEYOND)
		fault("long texts that are not close", "", 0, "", 0);
	cdp_jaro(&work, x.data, x.len, y.data, y.len);
	cdp_qgram(&work, x.data, x.len, y.data, y.len, 2, CDP_JACCARD);
	cdp_qgram(&work, x.data, x.len, y.data, y.len, 1000, CDP_COSINE);
	cdp_token_jaccard(&work, x.data, x.len, y.data, y.len, 0);
	cdp_soundex(&work, x.data, x.len, &code);
	cdp_metaphone(&work, x.data, x.len, &code);
	cdp_nysiis(&work, x.data, x.len, &code);
	cdp_double_metaphone(&work, x.data, x.len, &primary, &alternate);
	if (work.problem != CDP_NO_PROBLEM)
		fault("long texts", "", 0, "", 0);
	/* too much work ends in a problem, not in hours */
	memset(text, 'x', n);
	cdp_chars_decode(&work, text, n, &y);
	memset(text, 'y', n);
	cdp_chars_decode(&work, text, n, &x);
	work.max_steps = 1000000;
	if (cdp_levenshtein(&work, x.data, x.len, y.data, y.len, -1) != CDP_BEYOND || work.problem != CDP_TOO_MANY_STEPS ||
		cdp_damerau(&work, x.data, x.len, y.data, y.len, -1) != CDP_BEYOND || work.problem != CDP_TOO_MANY_STEPS)
		fault("a distance that takes too long", "", 0, "", 0);
	work.max_steps = 0;
	work.problem = CDP_NO_PROBLEM;
	free(text);
	cdp_chars_free(&x);
	cdp_chars_free(&y);
	cdp_work_release(&work, 0);
}

int
main(int argc, char **argv)
{
	static char a[MAX_BYTES * 2],
				b[MAX_BYTES * 2],
				c[MAX_BYTES * 2];
	long		pairs = argc > 1 ? atol(argv[1]) : 100000;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2654435769 + 88172645463325252 : 88172645463325252;
	for (long i = 0; i < pairs; i++)
	{
		uint32_t	alphabet = draw(7);
		uint32_t	length = draw(10) ? draw(24) : draw(3) ? 50 + draw(40) : draw(300);
		size_t		na = make_text(a, alphabet, length);
		size_t		nb = draw(2) ? edit_text(a, na, b, alphabet) : make_text(b, alphabet, draw(length + 20));
		size_t		nc = draw(2) ? edit_text(b, nb, c, alphabet) : make_text(c, alphabet, draw(length + 2));

		check_pair(a, na, b, nb, c, nc);
	}
	check_long();
	printf("%ld pairs without a fault\n", pairs);
	return 0;
}
