/*
 * train.c
 *	  Fellegi-Sunter parameters by expectation-maximisation on counts of patterns.
 *
 * EM never sees pairs, only how often each pattern of agreement occurs (em.c).
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
 * Pairs that a person has decided (rulings), once there are enough, count beside them with
 * what was decided in place of a probability.
 *
 * Fellegi and Sunter, "A Theory for Record Linkage" (1969); Winkler, "Using the EM
 * Algorithm for Weight Computation in the Fellegi-Sunter Model" (2000).
 */
#include "match/train.h"
#include "match/pairs.h"

#include <stdlib.h>

#define MIN_PAIRS 0.5			/* what is never seen counts as so many pairs */
#define CONFIDENT 4.0			/* bits: the others are sure that a pair is one person */

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

/* ---------------------------------------------------------------- counting */

/* A pair that is counted. */
typedef struct Seen
{
	int32_t		a,
				b;
	uint64_t	agreeing;		/* keys */
	uint8_t		rule;
	bool		found;			/* of random pairs: blocking finds it */
	bool		compared;		/* level is known */
	float		probability;
	uint8_t		level[CDP_MAX_COMPARISONS];
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
	CdpPatterns	patterns[CDP_MAX_THREADS];
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

	if (g->b->drawn)
	{
		g->random = (SeenPairs)
		{
			.pair = g->b->drawn, .n = g->b->n_drawn, .allocated = g->b->n_drawn
		};
		g->b->drawn = NULL;
		for (int64_t i = 0; i < g->random.n; i++)
			g->random.pair[i].found = false;
		return true;
	}
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
	CdpPattern	p;
	double		rarity[CDP_RELATIONS];

	for (int64_t i = chunk * CHUNK_SEEN; i < g->pairs->n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->pairs->pair[i];

		fetch(g, i);
		if (seen->found)
			continue;
		if (!seen->compared)
		{
			cdp_scorer_levels(g->scorer[thread], seen->a, seen->b, seen->level);
			if (g->pairs == &g->candidates)
				seen->agreeing = cdp_blocker_agreeing(g->b, seen->a, seen->b);
			seen->compared = true;
		}
		for (int c = 0; c < g->model->n; c++)
			if (g->model->comparison[c].ignored)
				seen->level[c] = 0;
		cdp_scorer_rarity(g->scorer[thread], seen->a, seen->level, rarity);
		cdp_pattern_make(&p, g->model, seen->level, rarity);
		if (g->pairs == &g->candidates)
		{
			p.eligible = eligible_for(g, seen->agreeing);
			if (p.eligible & g->confident)
			{
				double		without[CDP_MAX_COMPARISONS];

				cdp_scorer_without(g->scorer[thread], seen->a, seen->level, without);
				for (int c = 0; c < g->model->n; c++)
					if (g->confident >> c & 1 && without[c] < CONFIDENT)
						p.eligible &= ~(1u << c);
			}
		}
		if (!cdp_patterns_add(&g->patterns[thread], &p))
			return false;
	}
	return true;
}

/*
 * Counts the patterns of pairs, in an order that does not depend on who counted what.
 */
static bool
count_patterns(Counting *g, SeenPairs *pairs, CdpPatterns *out)
{
	cdp_patterns_free(out);
	g->pairs = pairs;
	if (!cdp_crew_run(g->t->crew, seen_chunks(pairs), count_chunk, g))
		return false;
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		CdpPatterns *t = &g->patterns[i];

		for (uint32_t at = 0; at < t->n_slots; at++)
			if (t->slot[at].count > 0 && !cdp_patterns_add(out, &t->slot[at]))
				return false;
		cdp_patterns_free(t);
	}
	cdp_patterns_pack(out);
	return true;
}

static bool
score_chunk(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;

	for (int64_t i = chunk * CHUNK_SEEN; i < g->pairs->n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->pairs->pair[i];

		seen->probability = cdp_probability(cdp_scorer_without(g->scorer[thread], seen->a, seen->level, NULL));
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

/* ---------------------------------------------------------------- learning */

/* EM on the patterns, from the model as it is. */
static bool
learn_model(Counting *g, CdpEm *em)
{
	CdpTraining *t = g->t;

	em->each = t->random > 0 ? (em->all - t->candidates) / t->random : 0;
	if (!cdp_em(em))
		return false;
	t->matches = em->matches;
	t->iterations = em->iterations;
	t->change = em->change;
	t->converged = em->converged;
	memcpy(t->eligible, em->eligible, sizeof(t->eligible));
	return true;
}

/*
 * Numbers that follow one another resemble each other more often than they agree: they
 * are keys of rows, not of people, and what resembles is not a slip. Left out.
 */
static bool
ignore_row_numbers(CdpModel *model)
{
	bool		any = false;

	for (int c = 0; c < model->n; c++)
	{
		CdpComparison *k = &model->comparison[c];
		double		near = 0;

		if (k->measure != CDP_MEASURE_ID || k->ignored)
			continue;
		for (int l = 2; l < k->info->n_levels; l++)
			near += k->pairs_m[l];
		if (near > k->pairs_m[1] && near >= CDP_ENOUGH_PAIRS)
		{
			k->ignored = any = true;
			k->repeats = c;
		}
	}
	return any;
}

/* The patterns of the pairs that a person has decided alike. */
static bool
count_labels(Counting *g, bool same, CdpPatterns *out)
{
	for (int64_t i = 0; i < g->t->n_labels; i++)
	{
		const CdpLabel *label = &g->t->label[i];
		uint8_t		level[CDP_MAX_COMPARISONS];
		double		rarity[CDP_RELATIONS];
		CdpPattern	p;

		if (label->same != same)
			continue;
		cdp_scorer_levels(g->scorer[0], label->a, label->b, level);
		cdp_scorer_rarity(g->scorer[0], label->a, level, rarity);
		cdp_pattern_make(&p, g->model, level, rarity);
		if (!cdp_patterns_add(out, &p))
			return false;
	}
	return true;
}

/* From here on m comes from pairs of which the other comparisons are sure. */
static void
rely_on_others(Counting *g)
{
	for (int c = 0; c < g->model->n; c++)
		if (g->t->eligible[c] >= CDP_ENOUGH_PAIRS)
			g->confident |= 1u << c;
}

/*
 * Learns model and what agrees in true pairs (into the blocker, which ends with rules
 * chosen by it). The store's rarity must be counted. False: out of memory, or the crew
 * was stopped.
 */
bool
cdp_train(CdpStore *store, CdpModel *model, CdpBlocker *b, CdpTraining *t)
{
	CdpPatterns	candidates = {0},
				random = {0},
				same = {0},
				different = {0};
	Counting   *g = calloc(1, sizeof(Counting));
	CdpPairs	pairs = {.blocker = b, .crew = t->crew, .memory = t->memory, .state = g, .pair = keep_candidate, .group_done = mark_random};
	CdpEm		em = {.model = model, .candidates = &candidates, .random = &random, .same = &same, .different = &different, .all = (double) store->n * (store->n - 1) / 2,
		.max_iterations = t->max_iterations, .tolerance = t->tolerance, .prior_pairs = CDP_PRIOR_PAIRS, .least = MIN_PAIRS, .crew = t->crew};
	double		estimate = 0;
	double		sampled = store->n / b->records;
	bool		repeats = false;
	bool		fine;

	if (g == NULL)
		return false;
	g->store = store;
	g->b = b;
	g->model = model;
	g->t = t;
	fine = t->again || cdp_blocker_choose(b, t->pairs_per_record, true);
	for (int i = 0; fine && i < cdp_crew_threads(t->crew); i++)
		fine = (g->scorer[i] = cdp_scorer_create(store, model)) != NULL;
	for (int r = 0; r < b->n_rules; r++)
	{
		estimate += b->rule[r].estimate * sampled * sampled;
		g->of_rule[r] = cdp_rule_comparisons(b, b->rule[r].keys);
		/* a rule on keys of one comparison puts all that agree on it into one block */
		if ((g->of_rule[r] & (g->of_rule[r] - 1)) == 0)
			em.covered |= g->of_rule[r];
	}
	g->thin = estimate / t->max_pairs + 1;
	em.thin = g->thin;
	if (t->again)
		rely_on_others(g);
	fine = fine && count_labels(g, true, &same) && count_labels(g, false, &different);
	fine = fine && draw_random(g) && cdp_each_pair(&pairs) && gather_candidates(g, pairs.groups > 1) &&
		count_patterns(g, &g->candidates, &candidates) && count_patterns(g, &g->random, &random);
	if (fine)
	{
		t->pairs = g->candidates.n;
		t->candidates = t->pairs * g->thin;
		t->random = 0;
		for (uint32_t i = 0; i < random.n_slots; i++)
			t->random += random.slot[i].count;
		fine = learn_model(g, &em);
	}
	if (fine && !t->again)
	{
		fine = cdp_ignore_repetitions(store, &em, &repeats);
		repeats = ignore_row_numbers(model) || repeats;
		if (fine && repeats)
		{
			fine = count_patterns(g, &g->candidates, &candidates) && count_patterns(g, &g->random, &random);
			fine = fine && learn_model(g, &em);
		}
		rely_on_others(g);
		fine = fine && count_patterns(g, &g->candidates, &candidates) && learn_model(g, &em);
	}
	if (fine && !t->again)
	{
		for (int c = 0; c < model->n; c++)
			if (t->eligible[c] > 20)
				b->agreement[c].n = 0;
		fine = learn_agreement(g) && cdp_blocker_choose(b, t->pairs_per_record, false);
	}
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (g->scorer[i])
			cdp_scorer_free(g->scorer[i]);
		free(g->by_thread[i].pair);
		cdp_patterns_free(&g->patterns[i]);
	}
	free(g->candidates.pair);
	b->drawn = g->random.pair;
	b->n_drawn = g->random.n;
	cdp_patterns_free(&candidates);
	cdp_patterns_free(&random);
	cdp_patterns_free(&same);
	cdp_patterns_free(&different);
	free(g);
	return fine;
}
