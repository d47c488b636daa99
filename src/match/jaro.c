/*
 * jaro.c
 *	  Jaro and Jaro-Winkler similarity.
 *
 * Two equal characters match when they are no further apart than half the longer
 * string less one; matches are given out from the left. Up to 64 characters a bit
 * mask finds the first free place in a few instructions.
 *
 * Beyond that, each character is taken by itself: its places in both strings, in
 * order, are walked side by side. That gives the same matches, because a place
 * that is too far left for one is too far left for all that follow. So long
 * strings cost no more than the sorting of their places, not the square of their
 * length, and the measure is symmetric.
 */
#include "match/string.h"

#define BITS 64
#define WINKLER_FROM 0.7
#define WINKLER_PREFIX 4
#define WINKLER_SCALE 0.1

/* Matches and half transpositions of strings of at most 64 characters. */
static int32_t
match_short(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t reach, int32_t *moved)
{
	uint64_t	in_a = 0,
				in_b = 0;
	int32_t		matches = 0;

	cdp_masks_set(work, b, nb);
	for (int32_t i = 0; i < na; i++)
	{
		int32_t		low = i > reach ? i - reach : 0;
		int32_t		high = i + reach;
		uint64_t	window,
					free_places;

		if (low >= nb)
			break;
		window = ~UINT64_C(0) << low;
		if (high < BITS - 1)
			window &= (UINT64_C(2) << high) - 1;
		free_places = cdp_mask(work, a[i]) & window & ~in_b;
		if (free_places != 0)
		{
			in_b |= free_places & -free_places;
			in_a |= UINT64_C(1) << i;
			matches++;
		}
	}
	cdp_masks_clear(work, b, nb);
	*moved = 0;
	for (; in_a != 0; in_a &= in_a - 1, in_b &= in_b - 1)
		*moved += a[__builtin_ctzll(in_a)] != b[__builtin_ctzll(in_b)];
	return matches;
}

static CdpKeyed *
places(CdpWork *work, const uint32_t *s, int32_t n, int slot)
{
	CdpKeyed   *keyed = cdp_work_get(work, slot, (size_t) n * 2, sizeof(CdpKeyed));

	if (keyed == NULL)
		return NULL;
	for (int32_t i = 0; i < n; i++)
		keyed[i] = (CdpKeyed) {.key = s[i], .at = i};
	return cdp_keyed_sort(work, keyed, keyed + n, n);
}

static int32_t
match_long(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t reach, int32_t *moved)
{
	CdpKeyed   *of_a = places(work, a, na, 0);
	CdpKeyed   *of_b = of_a ? places(work, b, nb, 1) : NULL;
	uint8_t    *in_a = of_b ? cdp_work_get(work, 2, (size_t) na + nb, 1) : NULL;
	uint8_t    *in_b = in_a + na;
	int32_t		matches = 0;

	*moved = 0;
	if (in_a == NULL)
		return 0;
	memset(in_a, 0, (size_t) na + nb);
	for (int32_t i = 0, j = 0; i < na && j < nb;)
	{
		if (of_a[i].key < of_b[j].key)
			i++;
		else if (of_a[i].key > of_b[j].key)
			j++;
		else if ((int64_t) of_a[i].at - of_b[j].at > reach)
			j++;
		else if ((int64_t) of_b[j].at - of_a[i].at > reach)
			i++;
		else
		{
			in_a[of_a[i++].at] = 1;
			in_b[of_b[j++].at] = 1;
			matches++;
		}
	}
	for (int32_t i = 0, j = 0, seen = 0; seen < matches; seen++, i++, j++)
	{
		while (!in_a[i])
			i++;
		while (!in_b[j])
			j++;
		*moved += a[i] != b[j];
	}
	return matches;
}

static double
jaro(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t *matches)
{
	int32_t		longer = na > nb ? na : nb;
	int32_t		reach = longer / 2 > 1 ? longer / 2 - 1 : 0;
	int32_t		moved;
	double		m;

	*matches = 0;
	if (na == 0 || nb == 0)
		return 0;
	*matches = longer <= BITS ? match_short(work, a, na, b, nb, reach, &moved) : match_long(work, a, na, b, nb, reach, &moved);
	if (*matches == 0)
		return 0;
	m = *matches;
	return (m / na + m / nb + (m - moved / 2) / m) / 3;
}

double
cdp_jaro(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	int32_t		matches;

	return jaro(work, a, na, b, nb, &matches);
}

/* long_strings adds Winkler's adjustment for long strings that agree in most characters. */
double
cdp_jaro_winkler(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, bool long_strings)
{
	int32_t		matches;
	double		similarity = jaro(work, a, na, b, nb, &matches);
	int32_t		shorter = na < nb ? na : nb;
	int32_t		prefix = 0;

	if (similarity <= WINKLER_FROM)
		return similarity;
	while (prefix < shorter && prefix < WINKLER_PREFIX && a[prefix] == b[prefix])
		prefix++;
	similarity += prefix * WINKLER_SCALE * (1 - similarity);
	if (long_strings && shorter > 4 && matches > prefix + 1 && 2 * (int64_t) matches >= (int64_t) shorter + prefix)
		similarity += (1 - similarity) * (matches - prefix - 1) / ((double) na + nb - 2 * prefix + 2);
	return similarity;
}
