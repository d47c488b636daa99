/*
 * tokens.c
 *	  Measures on the words of two texts, for addresses and organisations.
 *
 * Words are what white space separates, compared exactly: case, marks and
 * punctuation are the business of the keys that the caller makes beforehand.
 * Words are sorted by their code points; a merge sort, which can be cancelled and
 * does not degrade, sorts pointers into the texts. The texts that are then
 * compared are put together from them.
 */
#include "match/string.h"

#define POLL_EVERY 4096

typedef struct Word
{
	const uint32_t *s;
	int32_t		len;
} Word;

bool
cdp_is_white_space(uint32_t c)
{
	if (c < 128)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
		c == 0x202F || c == 0x205F || c == 0x3000;
}

static int
compare_words(Word a, Word b)
{
	int32_t		shorter = a.len < b.len ? a.len : b.len;

	for (int32_t i = 0; i < shorter; i++)
		if (a.s[i] != b.s[i])
			return a.s[i] < b.s[i] ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

/* Sorts by merging runs of growing length; the result is in words or spare. */
static Word *
sort_words(CdpWork *work, Word *words, Word *spare, size_t n)
{
	size_t		merged = 0;

	for (size_t run = 1; run < n; run *= 2)
	{
		Word	   *other = words;

		for (size_t start = 0; start < n; start += 2 * run)
		{
			size_t		middle = start + run < n ? start + run : n;
			size_t		end = start + 2 * run < n ? start + 2 * run : n;

			for (size_t i = start, j = middle, to = start; to < end; to++)
			{
				bool		left = j == end || (i < middle && compare_words(words[i], words[j]) <= 0);

				spare[to] = left ? words[i++] : words[j++];
				if (++merged % POLL_EVERY == 0)
					cdp_poll(work);
			}
		}
		words = spare;
		spare = other;
	}
	return words;
}

/*
 * The words of a text in order; slot keeps them. With size > 0 its pieces of so
 * many characters, cut off one after the other, of which the last may be shorter.
 */
static Word *
split(CdpWork *work, const uint32_t *s, int32_t n, int32_t size, int slot, size_t *count)
{
	size_t		words = size > 0 ? ((size_t) n + size - 1) / size : 0;
	Word	   *out;

	for (int32_t i = 0; i < n && size == 0; i++)
		words += !cdp_is_white_space(s[i]) && (i == 0 || cdp_is_white_space(s[i - 1]));
	*count = words;
	out = cdp_work_get(work, slot, words * 2 + 1, sizeof(Word));
	if (out == NULL)
		return NULL;
	words = 0;
	for (int64_t i = 0; size > 0 && i < n; i += size)
		out[words++] = (Word) {.s = s + i, .len = n - i < size ? n - i : size};
	for (int32_t i = 0; size == 0 && i < n;)
	{
		int32_t		start;

		while (i < n && cdp_is_white_space(s[i]))
			i++;
		for (start = i; i < n && !cdp_is_white_space(s[i]);)
			i++;
		if (i > start)
			out[words++] = (Word) {.s = s + start, .len = i - start};
	}
	return sort_words(work, out, out + words, words);
}

static size_t
distinct(Word *words, size_t n)
{
	size_t		kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || compare_words(words[kept - 1], words[i]) != 0)
			words[kept++] = words[i];
	return kept;
}

static uint32_t *
put_word(uint32_t *start, uint32_t *end, Word word)
{
	if (end > start)
		*end++ = ' ';
	memcpy(end, word.s, word.len * sizeof(uint32_t));
	return end + word.len;
}

static double
closeness(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	int32_t		longer = na > nb ? na : nb;
	int32_t		distance;

	if (longer == 0)
		return 1;
	distance = cdp_levenshtein(work, a, na, b, nb, -1);
	return distance == CDP_BEYOND ? 0 : 1 - (double) distance / longer;
}

double
cdp_token_jaccard(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t size)
{
	size_t		words_a,
				words_b,
				both = 0;
	Word	   *of_a = split(work, a, na, size, 1, &words_a);
	Word	   *of_b = of_a ? split(work, b, nb, size, 2, &words_b) : NULL;

	if (of_b == NULL)
		return 0;
	words_a = distinct(of_a, words_a);
	words_b = distinct(of_b, words_b);
	if (words_a + words_b == 0)
		return 1;
	for (size_t i = 0, j = 0; i < words_a && j < words_b;)
	{
		int			order = compare_words(of_a[i], of_b[j]);

		both += order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	return (double) both / (words_a + words_b - both);
}

double
cdp_token_sort(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	const uint32_t *in[2] = {a, b};
	const int32_t len[2] = {na, nb};
	uint32_t   *start[2],
			   *end[2];

	for (int i = 0; i < 2; i++)
	{
		size_t		count;
		Word	   *words = split(work, in[i], len[i], 0, 1, &count);

		/* the words of a text with a space between them are no longer than the text */
		start[i] = end[i] = words ? cdp_work_get(work, 3 + i, (size_t) len[i] + 1, sizeof(uint32_t)) : NULL;
		if (start[i] == NULL)
			return 0;
		for (size_t w = 0; w < count; w++)
			end[i] = put_word(start[i], end[i], words[w]);
	}
	return closeness(work, start[0], end[0] - start[0], start[1], end[1] - start[1]);
}

/*
 * With the words that both have (c), those of a alone and those of b alone: the
 * closest two of "c", "c a" and "c b". c is the beginning of the other two, so its
 * distance to them is what follows it.
 */
double
cdp_token_set(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	size_t		words_a,
				words_b;
	Word	   *of_a = split(work, a, na, 0, 1, &words_a);
	Word	   *of_b = of_a ? split(work, b, nb, 0, 2, &words_b) : NULL;
	uint32_t   *with_a = of_b ? cdp_work_get(work, 3, (size_t) na + 1, sizeof(uint32_t)) : NULL;
	uint32_t   *with_b = with_a ? cdp_work_get(work, 4, (size_t) nb + 1, sizeof(uint32_t)) : NULL;
	uint32_t   *end_a = with_a,
			   *end_b = with_b;
	size_t		common = 0,
				shorter;
	double		best;

	if (with_b == NULL)
		return 0;
	words_a = distinct(of_a, words_a);
	words_b = distinct(of_b, words_b);
	if (words_a + words_b == 0)
		return 1;
	/* first the common words into both, then what is left of each */
	for (int rest = 0; rest < 2; rest++)
	{
		for (size_t i = 0, j = 0; i < words_a || j < words_b;)
		{
			int			order = i == words_a ? 1 : j == words_b ? -1 : compare_words(of_a[i], of_b[j]);

			if (rest == (order != 0))
			{
				if (order <= 0)
					end_a = put_word(with_a, end_a, of_a[i]);
				if (order >= 0)
					end_b = put_word(with_b, end_b, of_b[j]);
			}
			i += order <= 0;
			j += order >= 0;
		}
		if (rest == 0)
			common = end_a - with_a;
	}
	shorter = end_a - with_a < end_b - with_b ? end_a - with_a : end_b - with_b;
	best = common > 0 ? (double) common / shorter : 0;
	if (best < 1)
	{
		double		whole = closeness(work, with_a, end_a - with_a, with_b, end_b - with_b);

		best = whole > best ? whole : best;
	}
	return best;
}
