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

#include <stdlib.h>

#define MIN_RANDOM 0.5			/* a level never seen counts as so many pairs */
#define CONFIDENT 4.0			/* bits: the others are sure that a pair is one person */
#define ENOUGH 50.0				/* expected pairs on which m of a comparison can rest */
#define REPEATS 0.7				/* comparisons that have so much of their information in common are one */
#define RARITY_SPAN 24			/* rounded rarity is -24 .. 24 bits */
#define UNSEEN 0.5				/* how many other people are taken to have a value that nobody else has */

/*
 * How rare each value is. The chance that another person has the value v is taken as
 * (people with v - 1 + UNSEEN) / people; what values have on average is agree; rarity is
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
				agree += column->count[v] / people * (column->count[v] - 1 + UNSEEN) / people;
			for (int32_t v = 0; v < column->n_values; v++)
				column->rarity[v] = (column->count[v] - 1 + UNSEEN) / people / agree;
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

/*
 * Counts the patterns of random pairs that blocking does not find; each stands for weight
 * pairs. Returns how many there are, or -1 when out of memory.
 */
static int64_t
random_pairs(CdpStore *store, CdpScorer *scorer, const CdpModel *model, const CdpBlocker *b, CdpTraining *t, Patterns *out)
{
	uint64_t	state = 0;
	int64_t		all = (int64_t) store->n * (store->n - 1) / 2;
	int64_t		n = 0;
	Pattern		p;

	if (all <= t->max_random)
	{
		for (int32_t x = 0; x < store->n; x++)
			for (int32_t y = x + 1; y < store->n; y++)
			{
				if (cdp_found_before(b, b->n_rules, x, y))
					continue;
				make_pattern(&p, scorer, model, x, y);
				if (!add_pattern(out, &p))
					return -1;
				n++;
			}
		return n;
	}
	for (int64_t i = 0; i < t->max_random; i++)
	{
		int32_t		x,
					y;

		state += UINT64_C(0x9E3779B97F4A7C15);
		x = (cdp_mix(state) >> 32) * store->n >> 32;
		state += UINT64_C(0x9E3779B97F4A7C15);
		y = (cdp_mix(state) >> 32) * store->n >> 32;
		if (x == y || cdp_found_before(b, b->n_rules, x, y))
			continue;
		make_pattern(&p, scorer, model, x, y);
		if (!add_pattern(out, &p))
			return -1;
		n++;
	}
	return n;
}

typedef bool (*PairFn) (void *state, int32_t a, int32_t b, uint64_t agreeing);

/* Gives fn the candidate pairs, thinned to max_pairs. */
static bool
each_candidate(CdpBlocker *b, CdpTraining *t, int64_t thin, PairFn fn, void *state)
{
	CdpBlocks	blocks;

	t->candidates = t->pairs = 0;
	if (!cdp_blocker_start(b))
		return false;
	for (int r = 0; r < b->n_rules; r++)
	{
		if (!cdp_block_rule(b, r, &blocks))
			return false;
		b->rule[r].new_pairs = 0;
		for (int64_t i = 0; i < blocks.n; i++)
			for (int64_t x = blocks.start[i]; x < blocks.start[i + 1]; x++)
				for (int64_t y = x + 1; y < blocks.start[i + 1]; y++)
				{
					int32_t		p = blocks.member[x],
								q = blocks.member[y];

					if (thin > 1 && cdp_mix((uint64_t) p << 32 | (uint32_t) q) % thin != 0)
						continue;
					if (cdp_found_before(b, r, p, q))
						continue;
					b->rule[r].new_pairs++;
					t->pairs++;
					if (fn && !fn(state, p, q, cdp_blocker_agreeing(b, p, q)))
						return false;
				}
		cdp_blocks_free(&blocks);
	}
	t->candidates = t->pairs * thin;
	return true;
}

typedef struct Counting
{
	CdpBlocker *b;
	CdpScorer  *scorer;
	const CdpModel *model;
	uint32_t	of_rule[CDP_MAX_RULES];
	uint32_t	confident;		/* comparisons for whose m the others must be sure of the pair */
	Patterns   *patterns;
} Counting;

static uint32_t
eligible_for(const Counting *g, uint64_t agreeing)
{
	uint32_t	eligible = 0;

	for (int r = 0; r < g->b->n_rules; r++)
		if ((agreeing & g->b->rule[r].keys) == g->b->rule[r].keys)
			eligible |= ~g->of_rule[r];
	return eligible & ((1u << g->model->n) - 1);
}

static bool
count_candidate(void *state, int32_t a, int32_t b, uint64_t agreeing)
{
	Counting   *g = state;
	Pattern		p;

	make_pattern(&p, g->scorer, g->model, a, b);
	p.eligible = eligible_for(g, agreeing);
	if (p.eligible & g->confident)
	{
		double		without[CDP_MAX_COMPARISONS];

		cdp_scorer_without(g->scorer, a, b, without);
		for (int c = 0; c < g->model->n; c++)
			if (g->confident >> c & 1 && without[c] < CONFIDENT)
				p.eligible &= ~(1u << c);
	}
	return add_pattern(g->patterns, &p);
}

/* Which keys agree in a true pair, per comparison, in both directions. */
static bool
learn_candidate(void *state, int32_t a, int32_t b, uint64_t agreeing)
{
	Counting   *g = state;
	double		p = cdp_probability(cdp_scorer_weight(g->scorer, a, b));
	uint32_t	eligible;

	if (p < .5)
		return true;
	eligible = eligible_for(g, agreeing);
	for (int c = 0; c < g->model->n; c++)
	{
		const int32_t *x = cdp_store_codes(g->b->store, a);
		const int32_t *y = cdp_store_codes(g->b->store, b);
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
				!cdp_blocker_learn(g->b, c, agreeing & own, p))
				return false;
		}
	}
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

typedef double Table[CDP_MAX_LEVELS + 1][CDP_MAX_LEVELS + 1];

/* The mutual information of the levels of two comparisons among strangers, as a share of the lesser entropy. */
static double
common_information(const CdpModel *model, const Patterns *candidates, const Patterns *random, double thin, double each, int a, int b)
{
	Table		joint = {{0}};
	double		of_a[CDP_MAX_LEVELS + 1] = {0},
				of_b[CDP_MAX_LEVELS + 1] = {0};
	double		n = 0,
				information = 0,
				entropy_a = 0,
				entropy_b = 0,
				most = 0,
				either = 0;

	for (int set = 0; set < 2; set++)
	{
		const Patterns *patterns = set ? random : candidates;

		for (uint32_t i = 0; i < patterns->n_slots; i++)
		{
			const Pattern *p = &patterns->slot[i];
			int			x = pattern_level(p, a),
						y = pattern_level(p, b);
			double		relation[CDP_RELATIONS];
			double		count;

			if (p->count == 0 || (x == 0 && y == 0))
				continue;
			pattern_shares(p, model, relation);
			count = p->count * (set ? each : thin) * relation[CDP_CHANCE];
			either += count;
			if (x == 0 || y == 0)
				continue;
			joint[x][y] += count;
			of_a[x] += count;
			of_b[y] += count;
			n += count;
		}
	}
	for (int x = 1; x <= CDP_MAX_LEVELS; x++)
		for (int y = 1; y <= CDP_MAX_LEVELS; y++)
			if (joint[x][y] > 0)
				information += joint[x][y] / n * log2(joint[x][y] * n / (of_a[x] * of_b[y]));
	for (int x = 1; x <= CDP_MAX_LEVELS; x++)
	{
		if (of_a[x] > 0)
			entropy_a -= of_a[x] / n * log2(of_a[x] / n);
		if (of_b[x] > 0)
			entropy_b -= of_b[x] / n * log2(of_b[x] / n);
	}
	/* a few pairs prove nothing, and where one is missing the other has something to say */
	for (int x = 1; x <= CDP_MAX_LEVELS; x++)
		for (int y = 1; y <= CDP_MAX_LEVELS; y++)
			most = fmax(most, joint[x][y]);
	if (n - most < ENOUGH || n < .8 * either)
		return 0;
	return information / fmin(entropy_a, entropy_b);
}

/*
 * Leaves out comparisons that repeat another one (the same field mapped twice, a name
 * that is also a free text): counted as if independent they would double its weight. The
 * more particular of the two stays: the lower measure, then the first.
 */
static bool
ignore_repetitions(CdpModel *model, const Patterns *candidates, const Patterns *random, double thin, double each)
{
	bool		any = false;

	for (int a = 0; a < model->n; a++)
		for (int b = a + 1; b < model->n; b++)
		{
			CdpComparison *x = &model->comparison[a],
					   *y = &model->comparison[b];
			bool		drop_a;

			if (x->ignored || y->ignored ||
				common_information(model, candidates, random, thin, each, a, b) < REPEATS)
				continue;
			drop_a = x->measure > y->measure;
			(drop_a ? x : y)->ignored = true;
			(drop_a ? x : y)->repeats = drop_a ? b : a;
			any = true;
		}
	return any;
}

/*
 * Learns model and what agrees in true pairs (into the blocker, which ends with rules
 * chosen by it). The store's rarity must be counted. False: out of memory.
 */
bool
cdp_train(CdpStore *store, CdpModel *model, CdpBlocker *b, CdpTraining *t)
{
	Patterns	candidates = {0},
				random = {0};
	CdpScorer  *scorer = cdp_scorer_create(store, model);
	Counting	g = {.b = b, .scorer = scorer, .model = model, .patterns = &candidates};
	int64_t		thin;
	bool		fine = false;
	double		estimate = 0;

	if (scorer == NULL)
		return false;
	if (!cdp_blocker_choose(b, t->pairs_per_record))
		goto done;
	for (int r = 0; r < b->n_rules; r++)
	{
		estimate += b->rule[r].estimate;
		g.of_rule[r] = cdp_rule_comparisons(b, b->rule[r].keys);
	}
	thin = estimate / t->max_pairs + 1;
	if (!each_candidate(b, t, thin, count_candidate, &g))
		goto done;
	t->random = random_pairs(store, scorer, model, b, t, &random);
	if (t->random < 0)
		goto done;
	if (ignore_repetitions(model, &candidates, &random, thin, t->random > 0 ? ((double) store->n * (store->n - 1) / 2 - t->candidates) / t->random : 0))
	{
		/* what it would have found is not to be relied on either */
		free(random.slot);
		memset(&random, 0, sizeof(random));
		t->random = random_pairs(store, scorer, model, b, t, &random);
		free(candidates.slot);
		memset(&candidates, 0, sizeof(candidates));
		if (t->random < 0 || !each_candidate(b, t, thin, count_candidate, &g))
			goto done;
	}
	maximise(store, model, &candidates, &random, thin, t);
	/* once more, from pairs of which the other comparisons are sure */
	for (int c = 0; c < model->n; c++)
		if (t->eligible[c] >= ENOUGH)
			g.confident |= 1u << c;
	free(candidates.slot);
	memset(&candidates, 0, sizeof(candidates));
	if (!each_candidate(b, t, thin, count_candidate, &g))
		goto done;
	maximise(store, model, &candidates, &random, thin, t);
	for (int c = 0; c < model->n; c++)
		if (t->eligible[c] > 20)
			b->agreement[c].n = 0;
	if (!each_candidate(b, t, thin, learn_candidate, &g))
		goto done;
	fine = cdp_blocker_choose(b, t->pairs_per_record);
done:
	cdp_scorer_free(scorer);
	free(candidates.slot);
	free(random.slot);
	return fine;
}
