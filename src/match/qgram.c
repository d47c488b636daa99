/*
 * qgram.c
 *	  Overlap of the q-grams of two strings: Jaccard, dice, cosine.
 *
 * The q-grams of a string are its substrings of q characters, without padding at
 * the ends; a string shorter than q (but not empty) is its own and only one.
 * Jaccard and dice look at the sets, cosine at how often each occurs.
 *
 * Up to three characters fit into one 64-bit key. For longer grams each position
 * of both strings gets the rank of what begins there, first for three characters,
 * then for up to twice as many from pairs of ranks (as in the making of suffix
 * arrays by doubling), until q is reached: exact for every q, no hashing, and
 * n log q time. Memory is linear.
 */
#include "match/string.h"

#include <math.h>

#define CHAR_BITS_USED 21
#define CHARS_PER_KEY 3

/*
 * The grams of a (na - q + 1) and those of b (nb - q + 1) as keys, sorted. False
 * without memory. For q that is at most either length.
 */
static bool
gram_keys(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t q, CdpKeyed **of_a, CdpKeyed **of_b)
{
	const size_t n = (size_t) na + nb;
	const size_t grams_a = na - q + 1,
				grams_b = nb - q + 1;
	CdpKeyed   *keyed = cdp_work_get(work, 0, n * 2, sizeof(CdpKeyed));
	int32_t		known = q < CHARS_PER_KEY ? q : CHARS_PER_KEY;
	uint32_t   *rank;

	if (keyed == NULL)
		return false;
	/* what reaches beyond the end of its string is of no use, and not used */
	for (size_t i = 0; i < n; i++)
	{
		uint64_t	key = 0;

		for (size_t j = i; j < i + known; j++)
			key = key << CHAR_BITS_USED | (j < (size_t) na ? a[j] : j < n ? b[j - na] : 0);
		keyed[i] = (CdpKeyed) {.key = key, .at = i};
	}
	if (known < q)
	{
		rank = cdp_work_get(work, 1, n, sizeof(uint32_t));
		if (rank == NULL)
			return false;
		while (known < q)
		{
			int32_t		step = known < q - known ? known : q - known;
			CdpKeyed   *sorted = cdp_keyed_sort(work, keyed, keyed + n, n);
			uint32_t	next = 0;

			for (size_t i = 0; i < n; i++)
			{
				if (i > 0 && sorted[i].key != sorted[i - 1].key)
					next++;
				rank[sorted[i].at] = next;
			}
			for (size_t i = 0; i < n; i++)
				keyed[i] = (CdpKeyed) {.key = (uint64_t) rank[i] << 32 | (i + step < n ? rank[i + step] : 0), .at = i};
			known += step;
		}
	}
	/* the grams of b move up behind those of a, each part with as much room to sort */
	memmove(keyed + 2 * grams_a, keyed + na, grams_b * sizeof(CdpKeyed));
	*of_a = cdp_keyed_sort(work, keyed, keyed + grams_a, grams_a);
	*of_b = cdp_keyed_sort(work, keyed + 2 * grams_a, keyed + 2 * grams_a + grams_b, grams_b);
	return true;
}

static size_t
run_of(const CdpKeyed *keyed, size_t n)
{
	size_t		i = 1;

	while (i < n && keyed[i].key == keyed[0].key)
		i++;
	return i;
}

static double
overlap(const CdpKeyed *a, size_t na, const CdpKeyed *b, size_t nb, CdpOverlap how)
{
	size_t		distinct_a = 0,
				distinct_b = 0,
				both = 0;
	double		dot = 0,
				square_a = 0,
				square_b = 0,
				similarity;

	while (na > 0 || nb > 0)
	{
		bool		take_a = nb == 0 || (na > 0 && a->key <= b->key);
		bool		take_b = na == 0 || (nb > 0 && b->key <= a->key);
		size_t		count_a = take_a ? run_of(a, na) : 0;
		size_t		count_b = take_b ? run_of(b, nb) : 0;

		distinct_a += take_a;
		distinct_b += take_b;
		both += take_a && take_b;
		dot += (double) count_a * count_b;
		square_a += (double) count_a * count_a;
		square_b += (double) count_b * count_b;
		a += count_a;
		na -= count_a;
		b += count_b;
		nb -= count_b;
	}
	if (how == CDP_JACCARD)
		return (double) both / (distinct_a + distinct_b - both);
	if (how == CDP_DICE)
		return 2.0 * both / (distinct_a + distinct_b);
	/* rounding */
	similarity = dot / sqrt(square_a * square_b);
	return similarity < 1 ? similarity : 1;
}

static bool
equal(const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	return na == nb && (na == 0 || memcmp(a, b, na * sizeof(uint32_t)) == 0);
}

double
cdp_qgram(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t q, CdpOverlap how)
{
	CdpKeyed   *of_a,
			   *of_b;

	if (equal(a, na, b, nb))
		return 1;
	/* a whole string as its only gram is no gram of q characters, and differs from the other */
	if (na < q || nb < q || !gram_keys(work, a, na, b, nb, q, &of_a, &of_b))
		return 0;
	return overlap(of_a, na - q + 1, of_b, nb - q + 1, how);
}
