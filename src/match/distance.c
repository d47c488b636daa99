/*
 * distance.c
 *	  Edit distances: Levenshtein, optimal string alignment, Damerau-Levenshtein.
 *
 * All three take away what the strings share at both ends and then look only at
 * the diagonals of the table that a distance within the bound can touch (Ukkonen
 * 1985): with d = nb - na >= 0, a path that leaves the diagonals -p .. d + p costs
 * more than d + 2p. Without a bound, a small one is tried and then greater ones,
 * so that the time is that of the distance found: O(n * distance).
 *
 * Levenshtein and optimal string alignment compute 64 cells of a column at a time
 * as differences in the bits of words (Myers 1999 in the form of Hyyrö 2003, who
 * also adds the transposition). Longer patterns are cut into stripes of 64 rows; a
 * stripe runs over its columns and leaves the differences along its last row, a
 * byte for each column, as the input of the next. So memory is one byte per
 * character. Where the band cuts a stripe, the missing neighbour is taken as one
 * greater, which is never too small.
 *
 * The unrestricted distance (Lowrance and Wagner 1975) lets other edits happen
 * between the two letters that are swapped. Between an optimal pair there is no
 * gap on both sides, or substitutions would be as good, so two remembered values
 * are enough instead of the whole table (Zhao and Sahni 2020): memory is linear,
 * time is a cell at a step.
 */
#include "match/string.h"

#define WORD 64
#define FIRST_BOUND 32
/* columns between two looks for a cancel request */
#define POLL_EVERY 65536
/* a cell of the unrestricted distance is slower than a word of the others */
#define CELL_STEPS 4
#define INFINITE (INT32_MAX / 4)

#define CARRY_MORE 1
#define CARRY_LESS 2
#define CARRY_SWAP 4

typedef struct Pair
{
	const uint32_t *a;
	const uint32_t *b;
	int32_t		na;
	int32_t		nb;
} Pair;

/* What is left of two strings without their common ends, the shorter first. */
static Pair
trim(const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	while (na > 0 && nb > 0 && a[0] == b[0])
		a++, b++, na--, nb--;
	while (na > 0 && nb > 0 && a[na - 1] == b[nb - 1])
		na--, nb--;
	return na <= nb ? (Pair) {a, b, na, nb} : (Pair) {b, a, nb, na};
}

/* Is there time for so many more? */
static bool
more_steps(CdpWork *work, int64_t n)
{
	work->steps += n;
	if (work->steps <= (work->max_steps > 0 ? work->max_steps : CDP_MAX_STEPS))
		return true;
	work->problem = CDP_TOO_MANY_STEPS;
	return false;
}

/* Patterns of at most one word. */
static inline __attribute__((always_inline)) int32_t
one_word(CdpWork *work, Pair p, int32_t max, bool swaps)
{
	uint64_t	more = ~UINT64_C(0),
				less = 0,
				diagonal = 0,
				before = 0;
	const uint64_t last = UINT64_C(1) << (p.na - 1);
	int32_t		score = p.na;

	cdp_masks_set(work, p.a, p.na);
	for (int32_t j = 0; j < p.nb; j++)
	{
		uint64_t	same = cdp_mask(work, p.b[j]);
		uint64_t	swap = swaps ? ((~diagonal & same) << 1) & before : 0;
		uint64_t	right_more,
					right_less;

		diagonal = (((same & more) + more) ^ more) | same | less | swap;
		right_more = less | ~(diagonal | more);
		right_less = diagonal & more;
		score += (right_more & last) != 0;
		score -= (right_less & last) != 0;
		/* each column that is left takes away one at most */
		if (score - (p.nb - 1 - j) > max)
		{
			score = CDP_BEYOND;
			break;
		}
		right_more = right_more << 1 | 1;
		right_less <<= 1;
		more = right_less | ~(diagonal | right_more);
		less = right_more & diagonal;
		before = same;
		if ((j + 1) % POLL_EVERY == 0)
			cdp_poll(work);
	}
	cdp_masks_clear(work, p.a, p.na);
	return score;
}

/* Patterns of any length within the band that max allows; max >= nb - na. */
static inline __attribute__((always_inline)) int32_t
stripes(CdpWork *work, Pair p, int32_t max, bool swaps)
{
	const int64_t delta = p.nb - p.na;
	const int64_t wide = (max - delta) / 2;
	uint8_t    *carry = cdp_work_get(work, 0, (size_t) p.nb + 1, 1);
	int64_t		above = 0;		/* the value above the first column of the stripe, less one column */
	int64_t		score = 0;

	if (carry == NULL)
		return CDP_BEYOND;
	/* along row 0 each column is one more, and so is what the band cuts off */
	memset(carry, CARRY_MORE, (size_t) p.nb + 1);
	for (int64_t top = 0; top < p.na; top += WORD)
	{
		const int32_t rows = p.na - top < WORD ? p.na - top : WORD;
		const int64_t from = top + 1 - wide > 1 ? top + 1 - wide : 1;
		const int64_t to = top + rows + delta + wide < p.nb ? top + rows + delta + wide : p.nb;
		const int64_t next = top + rows + 1 - wide > 1 ? top + rows + 1 - wide : 1;
		const uint64_t last = UINT64_C(1) << (rows - 1);
		uint64_t	more = ~UINT64_C(0),
					less = 0,
					diagonal = ~UINT64_C(0),
					before = 0;
		int64_t		least;

		if (!more_steps(work, to - from + 1))
			return CDP_BEYOND;
		score = least = above + rows;
		if (next == from)
			above = score;
		cdp_masks_set(work, p.a + top, rows);
		for (int64_t stop, j = from; j <= to; j = stop)
		{
			stop = to - j < POLL_EVERY ? to + 1 : j + POLL_EVERY;
			cdp_poll(work);
			for (int64_t i = j; i < stop; i++)
			{
				uint64_t	same = cdp_mask(work, p.b[i - 1]);
				uint8_t		in = carry[i];
				uint64_t	less_in = in >> 1 & 1;
				uint64_t	with = same | less_in;
				uint64_t	missed = ~diagonal & same;
				uint64_t	swap = swaps ? (missed << 1 | in >> 2) & before : 0;
				uint64_t	right_more,
							right_less;

				diagonal = (((with & more) + more) ^ more) | with | less | swap;
				right_more = less | ~(diagonal | more);
				right_less = diagonal & more;
				in = (in & CARRY_MORE) | less_in << 1;
				carry[i] = ((right_more & last) ? CARRY_MORE : 0) | ((right_less & last) ? CARRY_LESS : 0) |
					((missed & last) ? CARRY_SWAP : 0);
				score += (right_more & last) != 0;
				score -= (right_less & last) != 0;
				right_more = right_more << 1 | (in & CARRY_MORE);
				right_less = right_less << 1 | less_in;
				more = right_less | ~(diagonal | right_more);
				less = right_more & diagonal;
				before = same;
				if (score < least)
					least = score;
				if (i == next - 1)
					above = score;
			}
		}
		cdp_masks_clear(work, p.a + top, rows);
		/* every path goes through the last row of the stripe */
		if (least > max)
			return CDP_BEYOND;
	}
	return score <= max ? score : CDP_BEYOND;
}

/* Without a bound for long patterns: widen until the distance is within. */
static int32_t
search(CdpWork *work, Pair p, int32_t max, int32_t (*within) (CdpWork *work, Pair p, int32_t max))
{
	int64_t		bound = (int64_t) p.nb - p.na + FIRST_BOUND;

	for (;; bound *= 4)
	{
		bool		final = bound >= max;
		int32_t		found = within(work, p, final ? max : (int32_t) bound);

		if (final || found != CDP_BEYOND || work->problem != CDP_NO_PROBLEM)
			return found;
	}
}

static int32_t
levenshtein_stripes(CdpWork *work, Pair p, int32_t max)
{
	return stripes(work, p, max, false);
}

static int32_t
osa_stripes(CdpWork *work, Pair p, int32_t max)
{
	return stripes(work, p, max, true);
}

/* The part that needs no table; true when it has the answer. */
static bool
easy(CdpWork *work, Pair p, int32_t *max, int32_t *answer)
{
	work->steps = 0;
	/* no distance is greater than the longer string */
	if (*max < 0 || *max > p.nb)
		*max = p.nb;
	if (p.nb - p.na > *max)
		*answer = CDP_BEYOND;
	else if (p.na == 0)
		*answer = p.nb;
	else if (*max == 0)
		/* the ends differ, so something is to do */
		*answer = CDP_BEYOND;
	else
		return false;
	return true;
}

int32_t
cdp_levenshtein(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max)
{
	Pair		p = trim(a, na, b, nb);
	int32_t		answer;

	if (easy(work, p, &max, &answer))
		return answer;
	return p.na <= WORD ? one_word(work, p, max, false) : search(work, p, max, levenshtein_stripes);
}

int32_t
cdp_osa(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max)
{
	Pair		p = trim(a, na, b, nb);
	int32_t		answer;

	if (easy(work, p, &max, &answer))
		return answer;
	return p.na <= WORD ? one_word(work, p, max, true) : search(work, p, max, osa_stripes);
}

static inline int32_t
least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/*
 * A row of the table has the columns -1 .. nb.
 * The band is one diagonal wider on both sides than the path needs, because what
 * is remembered of a swap is found at a match beside the path.
 */
static int32_t
damerau_within(CdpWork *work, Pair p, int32_t max)
{
	const int64_t delta = p.nb - p.na;
	const int64_t wide = (max - delta) / 2 + 1;
	const size_t width = (size_t) p.nb + 2;
	int32_t    *memory = cdp_work_get(work, 0, width * 5, sizeof(int32_t));
	int32_t    *older,
			   *above,
			   *row,
			   *corner,
			   *match;

	if (memory == NULL)
		return CDP_BEYOND;
	older = memory + 1;
	above = older + width;
	row = above + width;
	/* at the last match of b[j] in a, row match[j]: the value of the row above it, two columns to the left */
	corner = row + width;
	match = corner + width;
	for (int32_t j = -1; j <= p.nb; j++)
	{
		above[j] = j < 0 || j > delta + wide ? INFINITE : j;
		older[j] = row[j] = INFINITE;
		match[j] = 0;
		corner[j] = INFINITE;
	}
	for (int32_t i = 1; i <= p.na; i++)
	{
		const int32_t from = i - wide > 1 ? i - wide : 1;
		const int32_t to = i + delta + wide < p.nb ? i + delta + wide : p.nb;
		int32_t		column = 0; /* of the last match of a[i] in this row */
		int32_t		before = INFINITE;	/* two rows up, one column to the left of it */
		int32_t		lowest = INFINITE;
		int32_t    *turn;

		if (!more_steps(work, (int64_t) (to - from + 1) * CELL_STEPS))
			return CDP_BEYOND;
		if (to - from >= POLL_EVERY || i % 256 == 0)
			cdp_poll(work);
		/* older holds, up to now, the values of two rows up: row is written beside it */
		row[from - 1] = from == 1 ? i : INFINITE;
		lowest = row[from - 1];
		for (int32_t j = from; j <= to; j++)
		{
			int32_t		value;

			if (p.a[i - 1] == p.b[j - 1])
			{
				value = above[j - 1];
				column = j;
				before = older[j - 1];
				corner[j] = above[j - 2];
				match[j] = i;
			}
			else
			{
				value = least(above[j - 1], least(above[j], row[j - 1])) + 1;
				if (match[j] > 0 && column > 0)
				{
					if (column == j - 1)
						value = least(value, corner[j] + i - match[j]);
					else if (match[j] == i - 1)
						value = least(value, before + j - column);
				}
			}
			row[j] = value;
			lowest = least(lowest, value);
		}
		if (to < p.nb)
			row[to + 1] = INFINITE;
		if (lowest > max)
			return CDP_BEYOND;
		turn = older;
		older = above;
		above = row;
		row = turn;
	}
	return above[p.nb] <= max ? above[p.nb] : CDP_BEYOND;
}

/*
 * Optimal string alignment comes first, being many times faster. It is an upper
 * bound, equal up to 2, since it takes three edits where an edit happens inside a
 * swap at the cost of 2. More edits inside cost both the same, so it is never
 * greater than one and a half times the unrestricted distance.
 */
int32_t
cdp_damerau(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max)
{
	Pair		p = trim(a, na, b, nb);
	int32_t		answer,
				reach,
				bound;

	if (easy(work, p, &max, &answer))
		return answer;
	reach = least(max + max / 2, p.nb);
	bound = p.na <= WORD ? one_word(work, p, reach, true) : search(work, p, reach, osa_stripes);
	if (bound == CDP_BEYOND)
		return CDP_BEYOND;
	if (bound <= 2)
		return bound <= max ? bound : CDP_BEYOND;
	return damerau_within(work, p, least(max, bound));
}
