/*
 * train.c
 *	  Fellegi-Sunter parameters by expectation-maximisation on counts of patterns.
 *
 * A pattern is the level of every comparison of a pair, rounded rarity, and for which
 * comparisons the pair may serve as evidence. EM never sees pairs, only how often each
 * pattern occurs, so that an iteration costs the same for a thousand pairs and for a
 * hundred million.
 *
 * Two populations are counted. Candidate pairs, found by blocking, hold nearly all true
 * pairs: m comes from them. A pair found by a rule on the birth date says nothing about
 * how often birth dates agree; so a pair counts for m of a comparison only where a rule
 * that does not use the comparison found it. Random pairs stand for all pairs: u comes
 * from them, each weighed by the probability that it is not a true pair (in data with
 * many records of a person even random pairs hold more true pairs than chance
 * agreements on everything). lambda is the expected number of true candidates among
 * all pairs.
 *
 * Fellegi and Sunter, "A Theory for Record Linkage" (1969); Winkler, "Using the EM
 * Algorithm for Weight Computation in the Fellegi-Sunter Model" (2000).
 */
#include "match/train.h"
#include "match/pairs.h"

#include <stdlib.h>

#define MIN_RANDOM 0.5			/* a level never seen counts as so many pairs */
#define CONFIDENT 4.0			/* bits: the others are sure that a pair is one person */
#define ENOUGH 50.0				/* expected pairs on which m of a comparison can rest */
#define REPEATS 0.7				/* comparisons that have so much of their information in common are one */
#define RARITY_SPAN 24			/* rounded rarity is -24 .. 24 bits */

/*
 * How rare each value is. The chance that another person has the value v is taken as
 * (people with v - 1 + CDP_UNSEEN) / people; what values have on average is agree; rarity is
 * chance / agree. Counting people, not records: a person of twenty records makes
 * no name common.
 */
bool
cdp_store_count_rarity(CdpStore *store, CdpModel *model, const int32_t *profile)
{
	for (int c = 0; c < model->n; c++)
	{
		CdpComparison *k = &model->comparison[c];

		for (int i = 0; i < k->info->n_inputs; i++)
		{
			CdpColumn  *column = &store->column[k->column[i]];
			double		people = 0,
						agree = 0;

			if (column->n_values == 0)
				continue;
			memset(column->count, 0, column->n_values * sizeof(int32_t));
			for (int32_t r = 0; r < store->n; r++)
			{
				int32_t		code = cdp_store_codes(store, r)[k->column[i]];

				if (code < 0)
					continue;
				column->count[code]++;
			}
			if (profile)
			{
				/* distinct (value, profile) */
				CdpKeyed   *keyed = malloc(store->n * sizeof(CdpKeyed)),
						   *spare = malloc(store->n * sizeof(CdpKeyed)),
						   *sorted;
				int64_t		n = 0;

				if (!keyed || !spare)
				{
					free(keyed);
					free(spare);
					return false;
				}
				for (int32_t r = 0; r < store->n; r++)
				{
					int32_t		code = cdp_store_codes(store, r)[k->column[i]];

					if (code >= 0)
						keyed[n++] = (CdpKeyed)
					{
						.key = (uint64_t) code << 32 | (uint32_t) profile[r], .at = r
					};
				}
				sorted = cdp_keyed_sort(&store->work, keyed, spare, n);
				memset(column->count, 0, column->n_values * sizeof(int32_t));
				for (int64_t j = 0; j < n; j++)
					if (j == 0 || sorted[j].key != sorted[j - 1].key)
						column->count[sorted[j].key >> 32]++;
				free(keyed);
				free(spare);
			}
			for (int32_t v = 0; v < column->n_values; v++)
				people += column->count[v];
			for (int32_t v = 0; v < column->n_values; v++)
				agree += column->count[v] / people * (column->count[v] - 1 + CDP_UNSEEN) / people;
			for (int32_t v = 0; v < column->n_values; v++)
				column->rarity[v] = (column->count[v] - 1 + CDP_UNSEEN) / people / agree;
			column->agree = agree;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- patterns */

typedef struct Pattern
{
	uint64_t	levels[2];		/* 5 bits a comparison, the first 12 in [0] */
	uint32_t	eligible;		/* comparisons for whose m it is evidence */
	int8_t		rarity[CDP_SHARINGS];	/* log2, rounded, by the relations that share it */
	double		count;
} Pattern;

typedef struct Patterns
{
	Pattern    *slot;
	uint32_t	n_slots;
	uint32_t	n;
} Patterns;

static inline int
pattern_level(const Pattern *p, int c)
{
	return c < 12 ? p->levels[0] >> (5 * c) & 31 : p->levels[1] >> (5 * (c - 12)) & 31;
}

static inline uint64_t
rarity_bits(const Pattern *p)
{
	uint64_t	bits;

	memcpy(&bits, p->rarity, sizeof(bits));
	return bits;
}

static bool
add_pattern(Patterns *t, const Pattern *p)
{
	uint32_t	at;

	if (t->n * 2 >= t->n_slots)
	{
		Patterns	bigger = {.n_slots = t->n_slots ? t->n_slots * 2 : 4096};

		bigger.slot = calloc(bigger.n_slots, sizeof(Pattern));
		if (bigger.slot == NULL)
			return false;
		for (uint32_t i = 0; i < t->n_slots; i++)
			if (t->slot[i].count > 0)
				add_pattern(&bigger, &t->slot[i]);
		free(t->slot);
		*t = bigger;
	}
	at = cdp_mix(p->levels[0] + cdp_mix(p->levels[1] + cdp_mix(rarity_bits(p) + p->eligible))) & (t->n_slots - 1);
	for (;; at = (at + 1) & (t->n_slots - 1))
	{
		Pattern    *q = &t->slot[at];

		if (q->count == 0)
		{
			*q = *p;
			t->n++;
			return true;
		}
		if (q->levels[0] == p->levels[0] && q->levels[1] == p->levels[1] && q->eligible == p->eligible && rarity_bits(q) == rarity_bits(p))
		{
			q->count += p->count;
			return true;
		}
	}
}

static void
make_pattern(Pattern *p, CdpScorer *scorer, const CdpModel *model, int32_t a, int32_t b)
{
	uint8_t		level[CDP_MAX_COMPARISONS];
	double		rarity[CDP_SHARINGS];

	memset(p, 0, sizeof(*p));
	cdp_scorer_levels(scorer, a, b, level);
	cdp_scorer_rarity(scorer, a, level, rarity);
	for (int c = 0; c < model->n; c++)
		if (c < 12)
			p->levels[0] |= (uint64_t) level[c] << (5 * c);
		else
			p->levels[1] |= (uint64_t) level[c] << (5 * (c - 12));
	for (int i = 0; i < CDP_SHARINGS; i++)
		p->rarity[i] = lrint(rarity[i] < -RARITY_SPAN ? -RARITY_SPAN : rarity[i] > RARITY_SPAN ? RARITY_SPAN : rarity[i]);
	p->count = 1;
}

/* The share of the match, and of each relation, in a pattern. */
static double
pattern_shares(const Pattern *p, const CdpModel *model, double *relation)
{
	double		match = model->lambda;
	double		sum = 0;

	for (int j = 0; j < CDP_RELATIONS; j++)
		relation[j] = model->share[j] * (1 - model->lambda);
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		int			l = pattern_level(p, c);

		if (l == 0)
			continue;
		match *= k->m[l];
		for (int j = 0; j < CDP_RELATIONS; j++)
			relation[j] *= k->u[j][l];
	}
	for (int j = 0; j < CDP_RELATIONS; j++)
	{
		int			bits = 0;

		for (int g = 0; g < CDP_SHARINGS; g++)
			if (!((g << 1) >> j & 1))
				bits += p->rarity[g];
		relation[j] *= exp2(bits);
	}
	for (int j = 0; j < CDP_RELATIONS; j++)
		sum += relation[j];
	for (int j = 0; j < CDP_RELATIONS; j++)
		relation[j] /= match + sum;
	return match / (match + sum);
}

/* ---------------------------------------------------------------- counting */

/* A pair that is counted. */
typedef struct Seen
{
	int32_t		a,
				b;
	uint64_t	agreeing;		/* keys */
	uint8_t		rule;
	bool		found;			/* of random pairs: blocking finds it */
	float		probability;
} Seen;

typedef struct SeenPairs
{
	Seen	   *pair;
	int64_t		n,
				allocated;
} SeenPairs;

#define CHUNK_SEEN 4096
#define AHEAD 3					/* pairs */

typedef struct Counting
{
	CdpStore   *store;
	CdpBlocker *b;
	const CdpModel *model;
	CdpTraining *t;
	int64_t		thin;
	uint32_t	of_rule[CDP_MAX_RULES];
	uint32_t	confident;		/* comparisons for whose m the others must be sure of the pair */
	SeenPairs	by_thread[CDP_MAX_THREADS];
	SeenPairs	candidates;
	SeenPairs	random;
	/* of what runs now */
	SeenPairs  *pairs;
	CdpScorer  *scorer[CDP_MAX_THREADS];
	Patterns	patterns[CDP_MAX_THREADS];
} Counting;

static Seen *
add_seen(SeenPairs *pairs)
{
	if (pairs->n == pairs->allocated)
	{
		int64_t		more = pairs->allocated ? pairs->allocated * 2 : 1024;
		Seen	   *p = realloc(pairs->pair, more * sizeof(Seen));

		if (p == NULL)
			return NULL;
		pairs->pair = p;
		pairs->allocated = more;
	}
	return &pairs->pair[pairs->n++];
}

static inline int64_t
seen_chunks(const SeenPairs *pairs)
{
	return (pairs->n + CHUNK_SEEN - 1) / CHUNK_SEEN;
}

/* Pairs beyond max_pairs are thinned out by a hash of the pair. */
static bool
keep_candidate(void *state, int thread, int rule, int32_t a, int32_t b)
{
	Counting   *g = state;
	Seen	   *seen;

	if (g->thin > 1 && cdp_mix((uint64_t) a << 32 | (uint32_t) b) % g->thin != 0)
		return true;
	seen = add_seen(&g->by_thread[thread]);
	if (seen == NULL)
		return false;
	*seen = (Seen)
	{
		.a = a, .b = b, .rule = rule
	};
	return true;
}

static int
compare_seen(const void *x, const void *y)
{
	const Seen *p = x,
			   *q = y;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return p->rule - q->rule;
}

static bool
gather_candidates(Counting *g, bool repeated)
{
	SeenPairs  *all = &g->candidates;

	for (int i = 0; i < CDP_MAX_THREADS; i++)
		all->allocated += g->by_thread[i].n;
	all->pair = malloc((all->allocated > 0 ? all->allocated : 1) * sizeof(Seen));
	if (all->pair == NULL)
		return false;
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (g->by_thread[i].n > 0)
			memcpy(all->pair + all->n, g->by_thread[i].pair, g->by_thread[i].n * sizeof(Seen));
		all->n += g->by_thread[i].n;
		free(g->by_thread[i].pair);
		g->by_thread[i] = (SeenPairs)
		{
			0
		};
	}
	if (repeated)
	{
		int64_t		n = 0;

		qsort(all->pair, all->n, sizeof(Seen), compare_seen);
		for (int64_t i = 0; i < all->n; i++)
			if (n == 0 || all->pair[n - 1].a != all->pair[i].a || all->pair[n - 1].b != all->pair[i].b)
				all->pair[n++] = all->pair[i];
		all->n = n;
	}
	return true;
}

/* Random pairs, or all there are. Each of those that blocking does not find stands for many. */
static bool
draw_random(Counting *g)
{
	int64_t		n = g->store->n;
	bool		every = n * (n - 1) / 2 <= g->t->max_random;
	uint64_t	random = 0;
	int64_t		x = 0,
				y = 0;

	for (int64_t i = 0; i < (every ? n * (n - 1) / 2 : g->t->max_random); i++)
	{
		Seen	   *seen;

		if (every)
		{
			if (++y == n)
				y = ++x + 1;
		}
		else
		{
			random += UINT64_C(0x9E3779B97F4A7C15);
			x = (cdp_mix(random) >> 32) * n >> 32;
			random += UINT64_C(0x9E3779B97F4A7C15);
			y = (cdp_mix(random) >> 32) * n >> 32;
			if (x == y)
				continue;
		}
		if ((seen = add_seen(&g->random)) == NULL)
			return false;
		*seen = (Seen)
		{
			.a = x, .b = y
		};
	}
	return true;
}

static bool
mark_found(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;

	for (int64_t i = chunk * CHUNK_SEEN; i < g->random.n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->random.pair[i];

		if (!seen->found)
			seen->found = cdp_found_before(g->b, g->b->first + g->b->n_group, seen->a, seen->b);
	}
	return true;
}

static bool
mark_random(void *state)
{
	Counting   *g = state;

	return cdp_crew_run(g->t->crew, seen_chunks(&g->random), mark_found, g);
}

static uint32_t
eligible_for(const Counting *g, uint64_t agreeing)
{
	uint32_t	eligible = 0;

	for (int r = 0; r < g->b->n_rules; r++)
		if ((agreeing & g->b->rule[r].keys) == g->b->rule[r].keys)
			eligible |= ~g->of_rule[r];
	return eligible & ((1u << g->model->n) - 1);
}

/* Asks for the values of pairs that come soon. */
static inline void
fetch(const Counting *g, int64_t i)
{
	const SeenPairs *pairs = g->pairs;

	if (i + 3 * AHEAD >= pairs->n)
		return;
	cdp_store_fetch_codes(g->store, pairs->pair[i + 3 * AHEAD].a);
	cdp_store_fetch_codes(g->store, pairs->pair[i + 3 * AHEAD].b);
	cdp_store_fetch_values(g->store, pairs->pair[i + 2 * AHEAD].a);
	cdp_store_fetch_values(g->store, pairs->pair[i + 2 * AHEAD].b);
	cdp_store_fetch_forms(g->store, pairs->pair[i + AHEAD].a);
	cdp_store_fetch_forms(g->store, pairs->pair[i + AHEAD].b);
}

static bool
count_chunk(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;
	Pattern		p;

	for (int64_t i = chunk * CHUNK_SEEN; i < g->pairs->n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->pairs->pair[i];

		fetch(g, i);
		if (seen->found)
			continue;
		make_pattern(&p, g->scorer[thread], g->model, seen->a, seen->b);
		if (g->pairs == &g->candidates)
		{
			seen->agreeing = cdp_blocker_agreeing(g->b, seen->a, seen->b);
			p.eligible = eligible_for(g, seen->agreeing);
			if (p.eligible & g->confident)
			{
				double		without[CDP_MAX_COMPARISONS];

				cdp_scorer_without(g->scorer[thread], seen->a, seen->b, without);
				for (int c = 0; c < g->model->n; c++)
					if (g->confident >> c & 1 && without[c] < CONFIDENT)
						p.eligible &= ~(1u << c);
			}
		}
		if (!add_pattern(&g->patterns[thread], &p))
			return false;
	}
	return true;
}

static int
compare_patterns(const void *x, const void *y)
{
	const Pattern *p = x,
			   *q = y;

	if (p->levels[0] != q->levels[0])
		return p->levels[0] < q->levels[0] ? -1 : 1;
	if (p->levels[1] != q->levels[1])
		return p->levels[1] < q->levels[1] ? -1 : 1;
	if (p->eligible != q->eligible)
		return p->eligible < q->eligible ? -1 : 1;
	return memcmp(p->rarity, q->rarity, sizeof(p->rarity));
}

/*
 * Counts the patterns of pairs, in an order that does not depend on who counted what.
 */
static bool
count_patterns(Counting *g, SeenPairs *pairs, Patterns *out)
{
	uint32_t	n = 0;

	free(out->slot);
	memset(out, 0, sizeof(*out));
	g->pairs = pairs;
	if (!cdp_crew_run(g->t->crew, seen_chunks(pairs), count_chunk, g))
		return false;
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		Patterns   *t = &g->patterns[i];

		for (uint32_t at = 0; at < t->n_slots; at++)
			if (t->slot[at].count > 0 && !add_pattern(out, &t->slot[at]))
				return false;
		free(t->slot);
		*t = (Patterns)
		{
			0
		};
	}
	for (uint32_t at = 0; at < out->n_slots; at++)
		if (out->slot[at].count > 0)
			out->slot[n++] = out->slot[at];
	out->n_slots = n;
	if (n > 0)
		qsort(out->slot, n, sizeof(Pattern), compare_patterns);
	return true;
}

static bool
score_chunk(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;

	for (int64_t i = chunk * CHUNK_SEEN; i < g->pairs->n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->pairs->pair[i];

		seen->probability = cdp_probability(cdp_scorer_weight(g->scorer[thread], seen->a, seen->b));
	}
	return true;
}

/* Which keys agree in a true pair, per comparison, in both directions. */
static bool
learn_pair(Counting *g, const Seen *seen)
{
	uint32_t	eligible = eligible_for(g, seen->agreeing);

	for (int c = 0; c < g->model->n; c++)
	{
		const int32_t *x = cdp_store_codes(g->store, seen->a);
		const int32_t *y = cdp_store_codes(g->store, seen->b);
		const CdpComparison *k = &g->model->comparison[c];
		uint64_t	own = 0;

		if (!(eligible >> c & 1))
			continue;
		for (int i = 0; i < g->b->n_keys; i++)
			if (g->b->key[i].comparison == c)
				own |= UINT64_C(1) << i;
		for (int side = 0; side < 2; side++)
		{
			const int32_t *z = side ? y : x;

			if ((z[k->column[0]] >= 0 || (k->info->n_inputs > 1 && z[k->column[1]] >= 0)) &&
				!cdp_blocker_learn(g->b, c, seen->agreeing & own, seen->probability))
				return false;
		}
	}
	return true;
}

static bool
learn_agreement(Counting *g)
{
	int64_t		n = 0;

	g->pairs = &g->candidates;
	if (!cdp_crew_run(g->t->crew, seen_chunks(g->pairs), score_chunk, g))
		return false;
	for (int64_t i = 0; i < g->pairs->n; i++)
		if (g->pairs->pair[i].probability >= .5)
			g->pairs->pair[n++] = g->pairs->pair[i];
	g->pairs->n = n;
	qsort(g->pairs->pair, n, sizeof(Seen), compare_seen);
	for (int64_t i = 0; i < n; i++)
		if (!learn_pair(g, &g->pairs->pair[i]))
			return false;
	return true;
}

/* ---------------------------------------------------------------- EM */

static void
maximise(CdpStore *store, CdpModel *model, const Patterns *candidates, const Patterns *random, double thin, CdpTraining *t)
{
	double		all = (double) store->n * (store->n - 1) / 2;
	double		each = t->random > 0 ? (all - t->candidates) / t->random : 0;

	for (t->iterations = 0; t->iterations < t->max_iterations; t->iterations++)
	{
		double		m[CDP_MAX_COMPARISONS][CDP_MAX_LEVELS + 1] = {{0}};
		double		u[CDP_RELATIONS][CDP_MAX_COMPARISONS][CDP_MAX_LEVELS + 1] = {{{0}}};
		double		share[CDP_RELATIONS] = {0};
		double		matches = 0;

		t->change = 0;
		memset(t->eligible, 0, sizeof(t->eligible));
		for (int set = 0; set < 2; set++)
		{
			const Patterns *patterns = set ? random : candidates;

			for (uint32_t i = 0; i < patterns->n_slots; i++)
			{
				const Pattern *p = &patterns->slot[i];
				double		relation[CDP_RELATIONS];
				double		match;
				double		count = p->count * (set ? each : thin);

				if (p->count == 0)
					continue;
				match = pattern_shares(p, model, relation) * count;
				if (set == 0)
				{
					matches += match;
					for (int c = 0; c < model->n; c++)
						if (p->eligible >> c & 1)
						{
							m[c][pattern_level(p, c)] += match;
							t->eligible[c] += match;
						}
				}
				for (int j = 0; j < CDP_RELATIONS; j++)
				{
					share[j] += relation[j] * count;
					for (int c = 0; c < model->n; c++)
						u[j][c][pattern_level(p, c)] += relation[j] * count;
				}
			}
		}
		for (int c = 0; c < model->n; c++)
		{
			CdpComparison *k = &model->comparison[c];
			double		was_m[CDP_MAX_LEVELS + 1];
			double		first[CDP_MAX_LEVELS + 1];

			memcpy(was_m, k->m, sizeof(was_m));
			for (int l = 1; l <= k->info->n_levels; l++)
				first[l] = k->info->levels[l - 1].m;
			cdp_model_normalise(k, m[c], first, CDP_PRIOR_PAIRS, 0, k->m);
			for (int l = 1; l <= k->info->n_levels; l++)
				first[l] = k->info->levels[l - 1].u;
			cdp_model_normalise(k, u[CDP_CHANCE][c], first, CDP_PRIOR_PAIRS, MIN_RANDOM, k->u[CDP_CHANCE]);
			for (int j = 1; j < CDP_RELATIONS; j++)
				cdp_relation_fit(k, j, u[j][c]);
			memcpy(k->pairs_m, m[c], sizeof(k->pairs_m));
			memcpy(k->pairs_u, u[CDP_CHANCE][c], sizeof(k->pairs_u));
			for (int l = 1; l <= k->info->n_levels; l++)
				t->change = fmax(t->change, fabs(k->m[l] - was_m[l]));
		}
		t->matches = matches;
		t->change = fmax(t->change, fabs(log(model->lambda * all / fmax(matches, .5))));
		model->lambda = fmin(.9, fmax(matches, .5) / all);
		for (int j = 0; j < CDP_RELATIONS; j++)
			model->share[j] = fmax(share[j], .5) / all / (1 - model->lambda);
		if (t->change < t->tolerance)
		{
			t->converged = true;
			break;
		}
	}
}

/* ---------------------------------------------------------------- repetitions */

/* Expected pairs by the levels of two comparisons; [0]: missing. */
typedef double Table[CDP_MAX_LEVELS + 1][CDP_MAX_LEVELS + 1];

/* The mutual information of the levels of two comparisons, as a share of the lesser entropy. */
static double
common_information(Table joint)
{
	double		of_a[CDP_MAX_LEVELS + 1] = {0},
				of_b[CDP_MAX_LEVELS + 1] = {0};
	double		n = 0,
				information = 0,
				entropy_a = 0,
				entropy_b = 0,
				most = 0,
				alone = 0;

	for (int x = 0; x <= CDP_MAX_LEVELS; x++)
		for (int y = 0; y <= CDP_MAX_LEVELS; y++)
		{
			if (x == 0 || y == 0)
			{
				alone += x == y ? 0 : joint[x][y];
				continue;
			}
			of_a[x] += joint[x][y];
			of_b[y] += joint[x][y];
			n += joint[x][y];
			most = fmax(most, joint[x][y]);
		}
	/* a few pairs prove nothing, and where one is often missing the other has something to say */
	if (n - most < ENOUGH || alone > .25 * n)
		return 0;
	for (int x = 1; x <= CDP_MAX_LEVELS; x++)
	{
		for (int y = 1; y <= CDP_MAX_LEVELS; y++)
			if (joint[x][y] > 0)
				information += joint[x][y] / n * log2(joint[x][y] * n / (of_a[x] * of_b[y]));
		if (of_a[x] > 0)
			entropy_a -= of_a[x] / n * log2(of_a[x] / n);
		if (of_b[x] > 0)
			entropy_b -= of_b[x] / n * log2(of_b[x] / n);
	}
	return entropy_a > 0 && entropy_b > 0 ? information / fmin(entropy_a, entropy_b) : 0;
}

static bool
holds(const CdpValue *big, const CdpValue *small)
{
	for (int32_t at = 0; at + small->len <= big->len; at++)
		if (memcmp(big->chars + at, small->chars, small->len * sizeof(uint32_t)) == 0)
			return true;
	return false;
}

/* Do the values of one comparison hold those of another, in nearly all records that have both? */
static bool
values_hold(const CdpStore *store, const CdpComparison *big, const CdpComparison *small)
{
	int			both = 0,
				held = 0;

	if (big->info->n_inputs > 1)
		return false;
	for (int64_t i = 0; i < store->n && both < 4 * ENOUGH; i++)
	{
		const int32_t *codes = cdp_store_codes(store, i);
		int32_t		code = codes[big->column[0]];
		bool		all = true;

		for (int k = 0; k < small->info->n_inputs; k++)
			if (code < 0 || codes[small->column[k]] < 0)
				code = CDP_MISSING;
		if (code < 0)
			continue;
		both++;
		for (int k = 0; k < small->info->n_inputs; k++)
		{
			const CdpValue *v = &store->column[small->column[k]].value[codes[small->column[k]]];

			/* a letter or two are in many words */
			all = all && v->len >= 3 && holds(&store->column[big->column[0]].value[code], v);
		}
		held += all;
	}
	return both >= ENOUGH && held >= REPEATS * both;
}

/*
 * Leaves out comparisons that repeat another one (the same field mapped twice, a name
 * that is also a free text, a city that follows from the postal code): their levels have
 * most of their information in common, among strangers or in matches, or the one's values
 * hold the other's. Counted as if independent they would double its weight. The more
 * particular of the two stays: the lower measure, then the first. False: out of memory.
 */
static bool
ignore_repetitions(const CdpStore *store, CdpModel *model, const Patterns *candidates, const Patterns *random, double thin, double each, bool *any)
{
	Table	   *strangers = calloc((size_t) model->n * model->n, sizeof(Table));
	Table	   *matches = calloc((size_t) model->n * model->n, sizeof(Table));

	*any = false;
	for (int set = 0; set < 2 && strangers && matches; set++)
	{
		const Patterns *patterns = set ? random : candidates;

		for (uint32_t i = 0; i < patterns->n_slots; i++)
		{
			const Pattern *p = &patterns->slot[i];
			double		relation[CDP_RELATIONS];
			double		count = p->count * (set ? each : thin);
			double		match;

			if (p->count == 0)
				continue;
			match = pattern_shares(p, model, relation);
			for (int a = 0; a < model->n; a++)
				for (int b = a + 1; b < model->n; b++)
				{
					int			x = pattern_level(p, a),
								y = pattern_level(p, b);

					strangers[a * model->n + b][x][y] += count * relation[CDP_CHANCE];
					matches[a * model->n + b][x][y] += count * match;
				}
		}
	}
	for (int a = 0; a < model->n && strangers && matches; a++)
		for (int b = a + 1; b < model->n; b++)
		{
			CdpComparison *x = &model->comparison[a],
					   *y = &model->comparison[b];
			bool		drop_a = x->measure > y->measure;

			if (x->ignored || y->ignored ||
				(fmax(common_information(strangers[a * model->n + b]), common_information(matches[a * model->n + b])) < REPEATS &&
				 !values_hold(store, drop_a ? x : y, drop_a ? y : x)))
				continue;
			(drop_a ? x : y)->ignored = true;
			(drop_a ? x : y)->repeats = drop_a ? b : a;
			*any = true;
		}
	free(strangers);
	free(matches);
	return strangers && matches;
}

/*
 * Learns model and what agrees in true pairs (into the blocker, which ends with rules
 * chosen by it). The store's rarity must be counted. False: out of memory, or the crew
 * was stopped.
 */
bool
cdp_train(CdpStore *store, CdpModel *model, CdpBlocker *b, CdpTraining *t)
{
	Patterns	candidates = {0},
				random = {0};
	Counting   *g = calloc(1, sizeof(Counting));
	CdpPairs	pairs = {.blocker = b, .crew = t->crew, .memory = t->memory, .state = g, .pair = keep_candidate, .group_done = mark_random};
	double		estimate = 0;
	bool		repeats;
	bool		fine;

	if (g == NULL)
		return false;
	g->store = store;
	g->b = b;
	g->model = model;
	g->t = t;
	fine = cdp_blocker_choose(b, t->pairs_per_record);
	for (int i = 0; fine && i < cdp_crew_threads(t->crew); i++)
		fine = (g->scorer[i] = cdp_scorer_create(store, model)) != NULL;
	for (int r = 0; r < b->n_rules; r++)
	{
		estimate += b->rule[r].estimate;
		g->of_rule[r] = cdp_rule_comparisons(b, b->rule[r].keys);
	}
	g->thin = estimate / t->max_pairs + 1;
	fine = fine && draw_random(g) && cdp_each_pair(&pairs) && gather_candidates(g, pairs.groups > 1) &&
		count_patterns(g, &g->candidates, &candidates) && count_patterns(g, &g->random, &random);
	if (fine)
	{
		t->pairs = g->candidates.n;
		t->candidates = t->pairs * g->thin;
		t->random = 0;
		for (uint32_t i = 0; i < random.n_slots; i++)
			t->random += random.slot[i].count;
		maximise(store, model, &candidates, &random, g->thin, t);
		fine = ignore_repetitions(store, model, &candidates, &random, g->thin,
								  ((double) store->n * (store->n - 1) / 2 - t->candidates) / fmax(t->random, 1), &repeats);
		if (fine && repeats)
			fine = count_patterns(g, &g->candidates, &candidates) && count_patterns(g, &g->random, &random);
	}
	if (fine)
	{
		maximise(store, model, &candidates, &random, g->thin, t);
		/* once more, from pairs of which the other comparisons are sure */
		for (int c = 0; c < model->n; c++)
			if (t->eligible[c] >= ENOUGH)
				g->confident |= 1u << c;
		fine = count_patterns(g, &g->candidates, &candidates);
	}
	if (fine)
	{
		maximise(store, model, &candidates, &random, g->thin, t);
		for (int c = 0; c < model->n; c++)
			if (t->eligible[c] > 20)
				b->agreement[c].n = 0;
		fine = learn_agreement(g) && cdp_blocker_choose(b, t->pairs_per_record);
	}
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (g->scorer[i])
			cdp_scorer_free(g->scorer[i]);
		free(g->by_thread[i].pair);
		free(g->patterns[i].slot);
	}
	free(g->candidates.pair);
	free(g->random.pair);
	free(candidates.slot);
	free(random.slot);
	free(g);
	return fine;
}
