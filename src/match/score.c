/*
 * score.c
 *	  The weight of a pair of records of a store.
 *
 * A scorer belongs to one thread. It remembers levels of pairs of distinct values in a
 * table of fixed size (an older pair gives way), so that what a block repeats is compared
 * once.
 */
#include "match/sum.h"

#include <math.h>
#include <stdlib.h>

#define CACHE_SLOTS (1 << 16)

typedef struct Cached
{
	uint64_t	pair;
	uint32_t	other;
	uint8_t		comparison;		/* + 1; 0: empty */
	uint8_t		level;
} Cached;

struct CdpScorer
{
	const CdpStore *store;
	const CdpModel *model;
	CdpWork		work;
	Cached		cache[CACHE_SLOTS];
};

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

static inline int
level_of(CdpScorer *s, int c, const int32_t *a, const int32_t *b)
{
	const CdpComparison *k = &s->model->comparison[c];
	const CdpValue *va[CDP_MAX_INPUTS],
			   *vb[CDP_MAX_INPUTS];
	int			c0 = k->column[0];

	if (k->ignored)
		return 0;
	if (k->info->n_inputs == 1)
	{
		int32_t		x = a[c0],
					y = b[c0];
		uint64_t	pair;
		Cached	   *cached;

		if (x < 0 || y < 0)
			return 0;
		if (x == y && k->level == NULL)
			return 1;
		if (x > y)
		{
			int32_t		t = x;

			x = y;
			y = t;
		}
		pair = (uint64_t) x << 32 | (uint32_t) y;
		cached = &s->cache[cdp_mix(pair + c) & (CACHE_SLOTS - 1)];
		if (cached->comparison == c + 1 && cached->pair == pair)
			return cached->level;
		va[0] = &s->store->column[c0].value[x];
		vb[0] = &s->store->column[c0].value[y];
		cached->comparison = c + 1;
		cached->pair = pair;
		if (k->level)
			cached->level = k->level(k->state, (a - s->store->code) / s->store->n_columns, (b - s->store->code) / s->store->n_columns);
		else
			cached->level = cdp_compare(&s->work, k->measure, va, vb);
		return cached->level;
	}
	else
	{
		int			c1 = k->column[1];

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
}

/* Writes the level of each comparison. */
void
cdp_scorer_levels(CdpScorer *s, int32_t a, int32_t b, uint8_t *level)
{
	const int32_t *x = cdp_store_codes(s->store, a);
	const int32_t *y = cdp_store_codes(s->store, b);

	for (int c = 0; c < s->model->n; c++)
		level[c] = level_of(s, c, x, y);
}

static inline int
rare_inputs(const CdpComparison *k, int level)
{
	return level ? k->info->levels[level - 1].frequency : 0;
}

/*
 * log2 of the rarity of the agreeing values, apart by the relations that share them:
 * [g] is of values shared by the relations whose bits are set in g.
 */
void
cdp_scorer_rarity(const CdpScorer *s, int32_t a, const uint8_t *level, double *by_sharing)
{
	const int32_t *codes = cdp_store_codes(s->store, a);

	memset(by_sharing, 0, CDP_SHARINGS * sizeof(double));
	for (int c = 0; c < s->model->n; c++)
	{
		const CdpComparison *k = &s->model->comparison[c];
		int			rare = rare_inputs(k, level[c]);

		for (int i = 0; rare >> i; i++)
			if (rare >> i & 1)
			{
				int			sharing = 0;

				for (int j = 0; j < CDP_RELATIONS; j++)
					sharing |= (k->shared[j] >> i & 1) << j;
				by_sharing[sharing >> 1] += log2(s->store->column[k->column[i]].rarity[codes[k->column[i]]]);
			}
	}
}

/* The level of agreement and, where it tells something, the rarity of the value. */
static void
agreed_in(const CdpScorer *s, const int32_t *codes, const uint8_t *level, CdpAgreed *agreed)
{
	for (int c = 0; c < s->model->n; c++)
	{
		const CdpComparison *k = &s->model->comparison[c];
		int			rare = rare_inputs(k, level[c]);

		agreed[c].level = level[c];
		for (int i = 0; i < CDP_MAX_INPUTS; i++)
			agreed[c].rarity[i] = rare >> i & 1 ? s->store->column[k->column[i]].rarity[codes[k->column[i]]] : 1;
	}
}

/*
 * The weight of a pair. With without, also what it would be without each comparison: what
 * all others say together. Most pairs speak clearly against: for them the product is
 * enough. What could be kept is computed once more as it is explained (sum.c).
 */
static double
weigh(CdpScorer *s, int32_t a, int32_t b, double *without)
{
	const int32_t *x = cdp_store_codes(s->store, a);
	const int32_t *y = cdp_store_codes(s->store, b);
	double		match = s->model->lambda;
	double		other[CDP_RELATIONS];
	double		factor[CDP_MAX_COMPARISONS][CDP_RELATIONS];
	uint8_t		levels[CDP_MAX_COMPARISONS];
	double		sum = 0;

	for (int j = 0; j < CDP_RELATIONS; j++)
		other[j] = s->model->share[j] * (1 - s->model->lambda);
	for (int c = 0; c < s->model->n; c++)
	{
		const CdpComparison *k = &s->model->comparison[c];
		int			level = level_of(s, c, x, y);
		int			rare;

		levels[c] = level;
		if (level == 0)
			continue;
		match *= k->m[level];
		for (int j = 0; j < CDP_RELATIONS; j++)
			factor[c][j] = k->u[j][level];
		rare = rare_inputs(k, level);
		for (int i = 0; rare >> i; i++)
			if (rare >> i & 1)
				for (int j = 0; j < CDP_RELATIONS; j++)
					if (!(k->shared[j] >> i & 1))
						factor[c][j] *= s->store->column[k->column[i]].rarity[x[k->column[i]]];
		for (int j = 0; j < CDP_RELATIONS; j++)
			other[j] *= factor[c][j];
	}
	for (int j = 0; j < CDP_RELATIONS; j++)
		sum += other[j];
	if (without)
		for (int c = 0; c < s->model->n; c++)
		{
			double		rest = 0;

			if (levels[c] == 0)
			{
				without[c] = log2(match / sum);
				continue;
			}
			for (int j = 0; j < CDP_RELATIONS; j++)
				rest += factor[c][j] > 0 ? other[j] / factor[c][j] : 0;
			without[c] = log2(match / s->model->comparison[c].m[levels[c]] / rest);
		}
	if (log2(match / sum) > -1)
	{
		CdpAgreed	agreed[CDP_MAX_COMPARISONS];

		agreed_in(s, x, levels, agreed);
		return cdp_sum_weight(s->model, agreed, NULL);
	}
	return log2(match / sum);
}

double
cdp_scorer_weight(CdpScorer *s, int32_t a, int32_t b)
{
	return weigh(s, a, b, NULL);
}

double
cdp_scorer_without(CdpScorer *s, int32_t a, int32_t b, double *without)
{
	return weigh(s, a, b, without);
}
