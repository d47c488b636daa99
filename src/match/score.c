/*
 * score.c
 *	  The weight of a pair of records of a store.
 *
 * A scorer belongs to one thread. It remembers levels of pairs of distinct values in a
 * table of fixed size (an older pair gives way), so that what a block repeats is compared
 * once.
 *
 * Nearly all pairs that blocking finds are two people, and nobody asks by how much. The
 * weight is at most log2(match / other) of any single relation. Where values are equal
 * their term is known at once; where they differ it is at most that of the best level
 * that different values can reach. So a pair begins with a bound, and each value that is
 * compared lowers it; a pair whose bound falls under the asked weight is let go, mostly
 * after one or two comparisons. Values are compared in the order of what that is
 * expected to take off the bound, for its cost. The bound is kept a little high, so that
 * rounding lets go of no pair that could be kept: it is a sum of logarithms, a float for
 * each relation, which processors add all at once.
 */
#include "match/origin.h"
#include "match/sum.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define CACHE_SLOTS (1 << 13)	/* it stays in a core's own cache */
#define CACHED_VALUES 4096		/* pairs of inputs with more hardly come again */

typedef struct Cached
{
	uint64_t	pair;
	uint32_t	other;
	uint8_t		comparison;		/* + 1; 0: empty */
	uint8_t		level;
} Cached;

#define LANES 8

/* What a processor's registers hold everywhere. */
typedef float Four __attribute__((vector_size(16)));
typedef int64_t Mask __attribute__((vector_size(16)));

/* A number for each relation; a lane may be left over. */
typedef union Lanes
{
	Four		four[LANES / 4];
	float		lane[LANES];
} Lanes;

_Static_assert(CDP_RELATIONS <= LANES, "relations have lanes");

/* m / u of a comparison, by relation. */
typedef struct Bound
{
	double		level[CDP_MAX_LEVELS + 1][CDP_RELATIONS];	/* without rarity */
	double		bits[CDP_MAX_LEVELS + 1][CDP_RELATIONS];	/* their log2 */
	Lanes		real[CDP_MAX_LEVELS + 1];	/* the same */
	/* the best that values can reach that are not all equal: by which of the inputs are, and whether all are there; log2 */
	Lanes		best[2][1 << CDP_MAX_INPUTS];
	Lanes		rare[CDP_MAX_INPUTS];	/* 1 where a relation does not share the rarity of an input */
} Bound;

struct CdpScorer
{
	const CdpStore *store;
	const CdpModel *model;
	CdpWork		work;
	bool		has_bounds;
	Lanes		prior;
	uint8_t		order[CDP_MAX_COMPARISONS];	/* in which values are compared */
	int32_t		pair[2];		/* the records */
	int32_t		chosen[2][CDP_MAX_COLUMNS];	/* their codes, where one of them has a list */
	Bound		bound[CDP_MAX_COMPARISONS];
	Cached		cache[CACHE_SLOTS];
};

#define EXACT_ABOVE (-1.0f)		/* bits: what could be kept */
#define SURPLUS 0.01			/* bits that a bound may be too low: far more than rounding takes */

CdpScorer *
cdp_scorer_create(const CdpStore *store, const CdpModel *model)
{
	CdpScorer  *s = calloc(1, sizeof(CdpScorer));

	if (s)
	{
		s->store = store;
		s->model = model;
	}
	return s;
}

const CdpStore *
cdp_scorer_store(const CdpScorer *s)
{
	return s->store;
}

void
cdp_scorer_free(CdpScorer *s)
{
	cdp_work_release(&s->work, 0);
	free(s);
}

static inline const CdpValue *
value_of(const CdpColumn *column, int32_t code)
{
	return code < 0 ? NULL : &column->value[code];
}

/* The level of two codes of a comparison with one input. */
static inline int
level_of_codes(CdpScorer *s, int c, int32_t x, int32_t y)
{
	const CdpComparison *k = &s->model->comparison[c];
	const CdpColumn *column = &s->store->column[k->column[0]];
	const CdpValue *a,
			   *b;
	uint64_t	pair;
	Cached	   *cached;

	if (x < 0 || y < 0)
		return 0;
	if (x == y && k->level == NULL)
		return 1;
	if (k->measure == CDP_MEASURE_CODE)
		return 2;
	if (x > y && (k->level || column->n_values <= CACHED_VALUES))
	{
		int32_t		t = x;

		x = y;
		y = t;
	}
	a = &column->value[x];
	b = &column->value[y];
	if (column->n_values > CACHED_VALUES && k->level == NULL)
		return cdp_compare(&s->work, k->measure, &a, &b);
	pair = (uint64_t) x << 32 | (uint32_t) y;
	cached = &s->cache[cdp_mix(pair + c) & (CACHE_SLOTS - 1)];
	if (cached->comparison == c + 1 && cached->pair == pair)
		return cached->level;
	cached->comparison = c + 1;
	cached->pair = pair;
	cached->level = k->level ? k->level(k->state, s->pair[0], s->pair[1]) : cdp_compare(&s->work, k->measure, &a, &b);
	return cached->level;
}

static inline int
level_of(CdpScorer *s, int c, const int32_t *a, const int32_t *b)
{
	const CdpComparison *k = &s->model->comparison[c];
	const CdpValue *va[CDP_MAX_INPUTS],
			   *vb[CDP_MAX_INPUTS];
	int			c0 = k->column[0],
				c1;

	if (k->ignored)
		return 0;
	if (k->info->n_inputs == 1)
		return level_of_codes(s, c, a[c0], b[c0]);
	c1 = k->column[1];
	if ((a[c0] < 0 && a[c1] < 0) || (b[c0] < 0 && b[c1] < 0))
		return 0;
	if (a[c0] >= 0 && a[c1] >= 0 && a[c0] == b[c0] && a[c1] == b[c1])
		return 1;
	va[0] = value_of(&s->store->column[c0], a[c0]);
	vb[0] = value_of(&s->store->column[c0], b[c0]);
	va[1] = value_of(&s->store->column[c1], a[c1]);
	vb[1] = value_of(&s->store->column[c1], b[c1]);
	return cdp_compare(&s->work, k->measure, va, vb);
}

/* Of a comparison, if one of the records has a list for it: instead of the lists the values that are compared. */
static inline void
choose_value(CdpScorer *s, int c, const int32_t **x, const int32_t **y)
{
	const CdpComparison *k = &s->model->comparison[c];
	const CdpColumn *column = &s->store->column[k->column[0]];
	const int32_t *a,
			   *b;
	int			n_a,
				n_b,
				best = CDP_MAX_LEVELS + 1;

	if (column->list == NULL || k->info->n_inputs > 1 || k->ignored)
		return;
	n_a = cdp_column_values(column, *x + k->column[0], &a);
	n_b = cdp_column_values(column, *y + k->column[0], &b);
	if (n_a * n_b <= 1)
		return;
	if (*x != s->chosen[0])
	{
		memcpy(s->chosen[0], *x, s->store->n_columns * sizeof(int32_t));
		memcpy(s->chosen[1], *y, s->store->n_columns * sizeof(int32_t));
		*x = s->chosen[0];
		*y = s->chosen[1];
	}
	for (int i = 0; i < n_a; i++)
		for (int j = 0; j < n_b; j++)
		{
			int			level = level_of_codes(s, c, a[i], b[j]);

			if (level > best || (level == best && (level > 1 || column->rarity[a[i]] >= column->rarity[s->chosen[0][k->column[0]]])))
				continue;
			best = level;
			s->chosen[0][k->column[0]] = a[i];
			s->chosen[1][k->column[0]] = b[j];
		}
}

static inline void
take_pair(CdpScorer *s, int32_t a, int32_t b, const int32_t **x, const int32_t **y)
{
	s->pair[0] = a;
	s->pair[1] = b;
	*x = cdp_store_codes(s->store, a);
	*y = cdp_store_codes(s->store, b);
}

/*
 * The codes that are compared of two records. Of lists those two values are compared that agree best, of
 * several that are equal the rarest. How often two lists agree by chance is learned as it is of single
 * values: from pairs.
 */
static inline void
codes_of(CdpScorer *s, int32_t a, int32_t b, const int32_t **x, const int32_t **y)
{
	take_pair(s, a, b, x, y);
	for (int c = 0; s->store->has_lists && c < s->model->n; c++)
		choose_value(s, c, x, y);
}

/* The level of one comparison. */
int
cdp_scorer_level(CdpScorer *s, int c, int32_t a, int32_t b)
{
	const int32_t *x,
			   *y;

	take_pair(s, a, b, &x, &y);
	choose_value(s, c, &x, &y);
	return level_of(s, c, x, y);
}

static inline void
levels_of(CdpScorer *s, const int32_t *x, const int32_t *y, uint8_t *level)
{
	bool		moved = false;

	for (int c = 0; c < s->model->n; c++)
		level[c] = cdp_level_beside(&s->model->comparison[c], level_of(s, c, x, y), &moved);
}

/* Writes the level of each comparison. */
void
cdp_scorer_levels(CdpScorer *s, int32_t a, int32_t b, uint8_t *level)
{
	const int32_t *x,
			   *y;

	codes_of(s, a, b, &x, &y);
	levels_of(s, x, y, level);
}

/* The rarity of an input of which the codes agree, of those rare; of a given name: beside the family name. */
static inline double
rarity_of(const CdpScorer *s, const CdpComparison *k, int rare, int input, const int32_t *codes)
{
	int			c = k->column[input];
	double		rarity = s->store->column[c].rarity[codes[c]];

	if (input == 0 && cdp_names_agree(k, rare))
	{
		int			family = k->column[1];

		rarity *= cdp_origins_together(cdp_origins_of(&s->store->column[c], codes[c]), cdp_origins_of(&s->store->column[family], codes[family]));
	}
	return rarity;
}

static inline int
rare_inputs(const CdpComparison *k, int level)
{
	return level ? k->info->levels[level - 1].frequency : 0;
}

/* The values that agree: of either record, but where a mailbox spells a name those of the name. */
static inline const int32_t *
agreeing(const CdpComparison *k, int level, const int32_t *x, const int32_t *y)
{
	return k->info->levels[level - 1].present == CDP_SPELLED && x[k->column[0]] < 0 ? y : x;
}

/* By relation, log2 of the rarity of the agreeing values that it does not share. */
void
cdp_scorer_rarity(CdpScorer *s, int32_t a, int32_t b, const uint8_t *level, double *by_relation)
{
	const int32_t *x,
			   *y;

	codes_of(s, a, b, &x, &y);
	memset(by_relation, 0, CDP_RELATIONS * sizeof(double));
	for (int c = 0; c < s->model->n; c++)
	{
		const CdpComparison *k = &s->model->comparison[c];
		int			rare = rare_inputs(k, level[c]);
		const int32_t *codes = rare ? agreeing(k, level[c], x, y) : x;

		for (int i = 0; rare >> i; i++)
			if (rare >> i & 1)
			{
				double		bits = log2(rarity_of(s, k, rare, i, codes));

				for (int j = 0; j < CDP_RELATIONS; j++)
					if (!(k->shared[j] >> i & 1))
						by_relation[j] += bits;
			}
	}
}

/* The level of agreement and, where it tells something, the rarity of the value. */
static void
agreed_in(const CdpScorer *s, const int32_t *x, const int32_t *y, const uint8_t *level, CdpAgreed *agreed)
{
	for (int c = 0; c < s->model->n; c++)
	{
		const CdpComparison *k = &s->model->comparison[c];
		int			rare = rare_inputs(k, level[c]);
		const int32_t *codes = rare ? agreeing(k, level[c], x, y) : x;

		agreed[c].level = level[c];
		for (int i = 0; i < CDP_MAX_INPUTS; i++)
			agreed[c].rarity[i] = rare >> i & 1 ? rarity_of(s, k, rare, i, codes) : 1;
	}
}

/* What the odds of a pair are made of. */
typedef struct Odds
{
	double		match;
	double		other[CDP_RELATIONS];
	double		sum;			/* of other */
	double		factor[CDP_MAX_COMPARISONS][CDP_RELATIONS]; /* of other, where there is a level */
} Odds;

static inline void
multiply(const CdpScorer *s, const int32_t *x, const int32_t *y, const uint8_t *levels, Odds *odds)
{
	const CdpModel *model = s->model;

	odds->match = model->lambda;
	for (int j = 0; j < CDP_RELATIONS; j++)
		odds->other[j] = model->share[j] * (1 - model->lambda);
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		double	   *factor = odds->factor[c];
		int			level = levels[c];
		const int32_t *codes;
		int			rare;

		if (level == 0)
			continue;
		odds->match *= k->m[level];
		for (int j = 0; j < CDP_RELATIONS; j++)
			factor[j] = k->u[j][level];
		rare = rare_inputs(k, level);
		codes = agreeing(k, level, x, y);
		for (int i = 0; rare >> i; i++)
			if (rare >> i & 1)
			{
				double		rarity = rarity_of(s, k, rare, i, codes);

				for (int j = 0; j < CDP_RELATIONS; j++)
					if (!(k->shared[j] >> i & 1))
						factor[j] *= rarity;
			}
		for (int j = 0; j < CDP_RELATIONS; j++)
			odds->other[j] *= factor[j];
	}
	odds->sum = 0;
	for (int j = 0; j < CDP_RELATIONS; j++)
		odds->sum += odds->other[j];
}

static double
weigh_exactly(const CdpScorer *s, const int32_t *x, const int32_t *y, const uint8_t *levels)
{
	CdpAgreed	agreed[CDP_MAX_COMPARISONS];

	agreed_in(s, x, y, levels, agreed);
	return cdp_sum_weight(s->model, agreed, NULL);
}

/*
 * The weight of a pair. Most pairs speak clearly against: for them the product is
 * enough. What could be kept is computed once more as it is explained (sum.c).
 */
static double
weigh(CdpScorer *s, const int32_t *x, const int32_t *y, const uint8_t *levels)
{
	Odds		odds;

	multiply(s, x, y, levels, &odds);
	/* products too small for a double make a NaN; there they have more room */
	if (!(odds.match * exp2(-EXACT_ABOVE) <= odds.sum))
		return weigh_exactly(s, x, y, levels);
	return log2(odds.match / odds.sum);
}

double
cdp_scorer_weight(CdpScorer *s, int32_t a, int32_t b)
{
	const int32_t *x,
			   *y;
	uint8_t		levels[CDP_MAX_COMPARISONS];

	codes_of(s, a, b, &x, &y);
	levels_of(s, x, y, levels);
	return weigh(s, x, y, levels);
}

/* Of a person there is one, however many numbers and addresses, employers and devices. */
static inline bool
is_one_of_a_person(CdpMeasure measure)
{
	return measure == CDP_MEASURE_PERSON_NAME || measure == CDP_MEASURE_BIRTH_DATE || measure == CDP_MEASURE_DATE ||
		measure == CDP_MEASURE_GENERATION || measure == CDP_MEASURE_CODE || measure == CDP_MEASURE_SQL;
}

/* Does a level speak against one person by itself? What is equal does not, however rare matches are; what a mailbox spells may. */
static inline bool
differs(const CdpComparison *k, int level)
{
	if (level == 0 || k->is_place || !is_one_of_a_person(k->measure))
		return false;
	return k->info->levels[level - 1].present == CDP_SPELLED ? k->m[level] < k->u[CDP_CHANCE][level] : cdp_level_alone(k, level) > 1;
}

/* Does the pair weigh less than so many bits, at most EXACT_ABOVE, because something differs of which a person has one? */
bool
cdp_scorer_contradicts(CdpScorer *s, int32_t a, int32_t b, double bits)
{
	const int32_t *x,
			   *y;
	uint8_t		levels[CDP_MAX_COMPARISONS];
	bool		any = false;
	Odds		odds;

	codes_of(s, a, b, &x, &y);
	levels_of(s, x, y, levels);
	for (int c = 0; c < s->model->n; c++)
		any |= differs(&s->model->comparison[c], levels[c]);
	if (!any)
		return false;
	multiply(s, x, y, levels, &odds);
	if (odds.match * exp2(-EXACT_ABOVE) > odds.sum && odds.sum >= DBL_MIN)
		return false;
	return weigh(s, x, y, levels) < bits;
}

/* The probability of a pair whose levels are known, as training takes it: without the last digits. */
double
cdp_scorer_probability(CdpScorer *s, int32_t a, int32_t b, const uint8_t *levels)
{
	const int32_t *x,
			   *y;
	Odds		odds;

	codes_of(s, a, b, &x, &y);
	multiply(s, x, y, levels, &odds);
	return odds.match > 0 ? odds.match / (odds.match + odds.sum) : 0;
}

/* The comparisons without which a pair of known levels weighs still so many bits. */
uint32_t
cdp_scorer_sure(CdpScorer *s, int32_t a, int32_t b, const uint8_t *levels, double bits)
{
	double		least = exp2(bits);
	uint32_t	sure = 0;
	const int32_t *x,
			   *y;
	Odds		odds;

	codes_of(s, a, b, &x, &y);
	multiply(s, x, y, levels, &odds);
	for (int c = 0; c < s->model->n; c++)
	{
		double		rest = 0;

		if (levels[c] == 0)
		{
			sure |= (uint32_t) (odds.match >= least * odds.sum) << c;
			continue;
		}
		for (int j = 0; j < CDP_RELATIONS; j++)
			rest += odds.factor[c][j] > 0 ? odds.other[j] / odds.factor[c][j] : 0;
		sure |= (uint32_t) (odds.match >= least * rest * s->model->comparison[c].m[levels[c]]) << c;
	}
	return sure;
}

/* ---------------------------------------------------------------- bounds */

/* About how much longer it takes to compare two values of a measure than two codes. */
static double
cost_of(CdpMeasure measure)
{
	switch (measure)
	{
		case CDP_MEASURE_CODE:
		case CDP_MEASURE_GENERATION:
			return 1;
		case CDP_MEASURE_SQL:
			return 100;
		case CDP_MEASURE_PERSON_NAME:
		case CDP_MEASURE_STREET:
		case CDP_MEASURE_TEXT:
			return 6;
		case CDP_MEASURE_NAME:
		case CDP_MEASURE_EMAIL:
		case CDP_MEASURE_CITY:
			return 4;
		default:
			return 3;
	}
}

/* The rarest value of an input. */
static double
least_rarity(const CdpColumn *column)
{
	double		least = 1;

	for (int32_t v = 0; v < column->n_values; v++)
		if (column->rarity[v] < least)
			least = column->rarity[v];
	return least;
}

static void
make_bound(CdpScorer *s, int c)
{
	const CdpComparison *k = &s->model->comparison[c];
	Bound	   *bound = &s->bound[c];
	/* texts that differ can be one number, or the same words */
	bool		same_in_other_words = k->measure == CDP_MEASURE_NUMBER || k->measure == CDP_MEASURE_NAME;
	double		least = same_in_other_words ? least_rarity(&s->store->column[k->column[0]]) : 1;

	for (int l = 1; l <= k->info->n_levels; l++)
		for (int j = 0; j < CDP_RELATIONS; j++)
		{
			bound->level[l][j] = k->m[l] / k->u[j][l];
			bound->bits[l][j] = log2(bound->level[l][j]);
			bound->real[l].lane[j] = bound->bits[l][j];
		}
	/* whether it comes after a move is not known while values are compared */
	for (int l = 1; l <= k->moved; l++)
		for (int j = 0; j < CDP_RELATIONS; j++)
			bound->real[l].lane[j] = fmax(bound->bits[l][j], bound->bits[l + k->moved][j]);
	for (int i = 0; i < CDP_MAX_INPUTS; i++)
		for (int j = 0; j < CDP_RELATIONS; j++)
			bound->rare[i].lane[j] = !(k->shared[j] >> i & 1);
	for (int complete = 0; complete < 2; complete++)
		for (int equal = 0; equal < 1 << k->info->n_inputs; equal++)
			for (int j = 0; j < CDP_RELATIONS; j++)
			{
				double		best = 0;

				for (int l = 1; l <= k->info->n_levels; l++)
				{
					const CdpLevel *level = &k->info->levels[l - 1];
					double		ratio = bound->level[l][j];

					if ((complete && level->present != (1 << k->info->n_inputs) - 1 && level->present != CDP_MOVED) || level->present == CDP_SPELLED)
						continue;
					if (level->frequency & ~equal)
					{
						if (!same_in_other_words)
							continue;
						if (!(k->shared[j] & 1))
							ratio /= least;
					}
					if (!(ratio <= best))
						best = ratio;
				}
				bound->best[complete][equal].lane[j] = log2(best);
			}
}

static void
make_bounds(CdpScorer *s)
{
	const CdpModel *model = s->model;
	double		value[CDP_MAX_COMPARISONS];

	for (int j = 0; j < LANES; j++)
		s->prior.lane[j] = j < CDP_RELATIONS ? log2(model->lambda / (model->share[j] * (1 - model->lambda))) : INFINITY;
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		double		drop = 0;
		int			at = c;

		make_bound(s, c);
		/* what comparing two people's values is expected to take off */
		for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == k->info->levels[0].present; l++)
			drop += k->u[CDP_CHANCE][l] * (s->bound[c].best[0][0].lane[CDP_CHANCE] - s->bound[c].bits[l][CDP_CHANCE]);
		value[c] = drop / cost_of(k->measure);
		for (; at > 0 && value[c] > value[s->order[at - 1]]; at--)
			s->order[at] = s->order[at - 1];
		s->order[at] = c;
	}
	s->has_bounds = true;
}

static inline void
add_lanes(Lanes *bits, const Lanes *more)
{
	for (int h = 0; h < LANES / 4; h++)
		bits->four[h] += more->four[h];
}

/* Adds what the rarity of a value does. */
static inline void
add_rarity(const CdpScorer *s, int c, int i, float of, Lanes *bits)
{
	const Lanes *rare = &s->bound[c].rare[i];
	float		rarity = log2f(of);

	for (int h = 0; h < LANES / 4; h++)
		bits->four[h] -= rare->four[h] * rarity;
}

/* Adds what a level does, with the rarity of all inputs that have one. */
static inline void
add_level(const CdpScorer *s, int c, int level, const int32_t *x, const int32_t *y, Lanes *bits)
{
	const CdpComparison *k = &s->model->comparison[c];
	int			rare = rare_inputs(k, level);
	const int32_t *codes = rare ? agreeing(k, level, x, y) : x;

	add_lanes(bits, &s->bound[c].real[level]);
	for (int i = 0; rare >> i; i++)
		if (rare >> i & 1)
			add_rarity(s, c, i, rarity_of(s, k, rare, i, codes), bits);
}

static inline bool
is_below(const Lanes *bits, float asked)
{
	Mask		below = {0};

	for (int h = 0; h < LANES / 4; h++)
		below |= (Mask) (bits->four[h] < asked);
	return (below[0] | below[1]) != 0;
}

/*
 * Does the pair weigh more than above? If so *weight is its weight.
 */
bool
cdp_scorer_exceeds(CdpScorer *s, int32_t a, int32_t b, double above, double *weight)
{
	const CdpModel *model = s->model;
	const int32_t *x,
			   *y;
	float		asked = above - SURPLUS;
	Lanes		bits;
	Lanes		best[CDP_MAX_COMPARISONS];
	uint8_t		levels[CDP_MAX_COMPARISONS];
	uint32_t	open = 0;
	bool		moved = false;

	if (!s->has_bounds)
		make_bounds(s);
	codes_of(s, a, b, &x, &y);
	bits = s->prior;
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		int			n = k->info->n_inputs;
		int			in_a = 0,
					in_b = 0,
					equal = 0;

		levels[c] = 0;
		if (k->ignored)
			continue;
		for (int i = 0; i < n; i++)
		{
			int32_t		p = x[k->column[i]],
						q = y[k->column[i]];

			in_a |= (p >= 0) << i;
			in_b |= (q >= 0) << i;
			equal |= (p == q && p >= 0) << i;
		}
		if (in_a == 0 || in_b == 0)
			continue;
		if (equal == (1 << n) - 1 && k->level == NULL)
			levels[c] = 1;
		else if (cdp_spelled(s->store, k, x) || cdp_spelled(s->store, k, y))
			levels[c] = level_of(s, c, x, y);
		else
		{
			open |= 1u << c;
			best[c] = s->bound[c].best[(in_a & in_b) == (1 << n) - 1][equal];
			for (int i = 0; equal >> i; i++)
				/* a value that is more frequent than others counts for no level, perhaps */
				if (equal >> i & 1 && s->store->column[k->column[i]].rarity[x[k->column[i]]] <= 1)
					add_rarity(s, c, i, s->store->column[k->column[i]].rarity[x[k->column[i]]], &best[c]);
			add_lanes(&bits, &best[c]);
			continue;
		}
		if (levels[c])
			add_level(s, c, levels[c], x, y, &bits);
	}
	if (is_below(&bits, asked))
		return false;
	for (int at = 0; at < model->n; at++)
	{
		int			c = s->order[at];

		if (!(open >> c & 1))
			continue;
		levels[c] = level_of(s, c, x, y);
		if (levels[c])
			add_level(s, c, levels[c], x, y, &bits);
		for (int h = 0; h < LANES / 4; h++)
			bits.four[h] -= best[c].four[h];
		if (is_below(&bits, asked))
			return false;
	}
	for (int c = 0; c < model->n; c++)
		levels[c] = cdp_level_beside(&model->comparison[c], levels[c], &moved);
	/* so far above that all relations together do not make it one to be weighed by the product */
	*weight = is_below(&bits, fmaxf(above, EXACT_ABOVE) + SURPLUS + log2f(CDP_RELATIONS)) ? weigh(s, x, y, levels) : weigh_exactly(s, x, y, levels);
	return *weight > above;
}

/* ---------------------------------------------------------------- clusters */

/*
 * Two clusters are compared as wholes. What one record of a person lacks another may
 * have, so each comparison counts over the pairs of records in which both have a value,
 * and each only once however many they are. Where these do not agree alike the truth lies
 * between two readings: all are about one pair of values, with slips (the mean of the
 * logarithms), or a person has several values and one pair of them is to be compared
 * (the logarithm of the mean, near the best). Mostly the first: what is wrong in a cluster
 * must not draw others to it.
 */
#define OF_SEVERAL .25

/* Of a class of levels: inputs that both have. */
static inline int
parts_of(int present)
{
	return present == CDP_SPELLED ? 0 : present == CDP_MOVED ? 1 : __builtin_popcount(present);
}

/* Adds how two records agree. */
void
cdp_scorer_compare(CdpScorer *s, int32_t a, int32_t b, CdpEvidence *sum)
{
	const CdpModel *model = s->model;
	const int32_t *x,
			   *y;
	bool		moved = false;

	if (!s->has_bounds)
		make_bounds(s);
	codes_of(s, a, b, &x, &y);
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		const Bound *bound = &s->bound[c];
		int			level = cdp_level_beside(k, level_of(s, c, x, y), &moved);
		int			rare = rare_inputs(k, level);
		CdpEvidenceTerm one;
		const int32_t *codes;

		if (level == 0)
			continue;
		one.pairs = 1;
		one.parts = parts_of(k->info->levels[level - 1].present);
		memcpy(one.ratio, bound->level[level], sizeof(one.ratio));
		memcpy(one.bits, bound->bits[level], sizeof(one.bits));
		codes = agreeing(k, level, x, y);
		for (int i = 0; rare >> i; i++)
			if (rare >> i & 1)
			{
				double		rarity = rarity_of(s, k, rare, i, codes);
				double		adds = log2(rarity);

				for (int j = 0; j < CDP_RELATIONS; j++)
					if (!(k->shared[j] >> i & 1))
					{
						one.ratio[j] /= rarity;
						one.bits[j] -= adds;
					}
			}
		cdp_evidence_add(&sum->term[c], &one);
	}
}

/* The weight of two clusters from how the pairs of their records agree; of one pair its weight, but for rounding. */
double
cdp_evidence_weight(const CdpModel *model, const CdpEvidence *sum)
{
	double		against[CDP_RELATIONS];
	double		most = -INFINITY,
				all = 0;

	for (int j = 0; j < CDP_RELATIONS; j++)
	{
		double		ratio = 1,
					several = 0,
					bits = 0;

		for (int c = 0; c < model->n; c++)
		{
			const CdpEvidenceTerm *term = &sum->term[c];

			if (term->pairs == 0)
				continue;
			ratio *= term->ratio[j] / term->pairs;
			bits += term->bits[j] / term->pairs;
			/* one logarithm does for all while there is room for their product */
			if (!(ratio > 1e-150 && ratio < 1e150))
			{
				several += log2(ratio);
				ratio = 1;
			}
		}
		against[j] = log2(model->share[j] * (1 - model->lambda) / model->lambda) - OF_SEVERAL * (several + log2(ratio)) - (1 - OF_SEVERAL) * bits;
		most = fmax(most, against[j]);
	}
	for (int j = 0; j < CDP_RELATIONS; j++)
		all += exp2(against[j] - most);
	return -most - log2(all);
}
