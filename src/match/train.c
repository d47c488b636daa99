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
 * all pairs in which a rule could find them.
 *
 * Pairs that a person has decided (rulings), once there are enough, count beside them with
 * what was decided in place of a probability; and so do people's own names beside their own
 * mailboxes.
 *
 * Fellegi and Sunter, "A Theory for Record Linkage" (1969); Winkler, "Using the EM
 * Algorithm for Weight Computation in the Fellegi-Sunter Model" (2000).
 */
#include "match/train.h"
#include "match/pairs.h"
#include "match/random.h"

#include <stdlib.h>

#define MIN_PAIRS 0.5			/* what is never seen counts as so many pairs */
#define CONFIDENT 4.0			/* bits: the others are sure that a pair is one person */
#define ROUGHLY 100				/* times the tolerance is enough where more is learned later */
#define OWN_MAILBOXES 20000		/* records tell how mailboxes spell names, */
#define OWN_PAIRS 1000.0		/* and count for so many pairs at most */
#define AHEAD 3					/* records or pairs */

/* ---------------------------------------------------------------- rarity */

/* Records of one person beside one another, otherwise in order; NULL: out of memory. */
static int32_t *
by_person(int32_t n, const int32_t *person)
{
	int32_t    *start = calloc((size_t) n + 1, sizeof(int32_t));
	int32_t    *order = malloc(((size_t) n + 1) * sizeof(int32_t));

	if (start && order)
	{
		for (int32_t r = 0; r < n; r++)
			start[person[r] + 1]++;
		for (int32_t p = 0; p < n; p++)
			start[p + 1] += start[p];
		for (int32_t r = 0; r < n; r++)
			order[start[person[r]]++] = r;
	}
	else
	{
		free(order);
		order = NULL;
	}
	free(start);
	return order;
}

/* Who holds a value. */
typedef struct Holders
{
	int32_t		last;			/* person, + 1 */
	int32_t		n;
} Holders;

/* Counts the people that hold each value, into the columns; a list is none of its own. */
static bool
count_holders(CdpStore *store, const int32_t *person)
{
	int32_t    *order = by_person(store->n, person);
	Holders    *all;
	Holders    *holders[CDP_MAX_COLUMNS];
	size_t		n = 0;

	for (int c = 0; c < store->n_columns; c++)
		n += store->column[c].n_values;
	all = calloc(n + 1, sizeof(Holders));
	if (order == NULL || all == NULL)
	{
		free(order);
		free(all);
		return false;
	}
	n = 0;
	for (int c = 0; c < store->n_columns; c++)
	{
		holders[c] = all + n;
		n += store->column[c].n_values;
	}
	for (int32_t i = 0; i < store->n; i++)
	{
		const int32_t *codes = cdp_store_codes(store, order[i]);
		int32_t		who = person[order[i]] + 1;

		if (i + 2 * AHEAD < store->n)
			cdp_store_fetch_codes(store, order[i + 2 * AHEAD]);
		if (i + AHEAD < store->n)
		{
			const int32_t *soon = cdp_store_codes(store, order[i + AHEAD]);

			for (int c = 0; c < store->n_columns; c++)
				if (soon[c] >= 0)
					__builtin_prefetch(&holders[c][soon[c]]);
		}
		for (int c = 0; c < store->n_columns; c++)
		{
			const int32_t *value;
			int			n_values = cdp_column_values(&store->column[c], &codes[c], &value);

			for (int v = 0; v < n_values; v++)
				if (holders[c][value[v]].last != who)
				{
					holders[c][value[v]].last = who;
					holders[c][value[v]].n++;
				}
		}
	}
	for (int c = 0; c < store->n_columns; c++)
		for (int32_t v = 0; v < store->column[c].n_values; v++)
			store->column[c].count[v] = holders[c][v].n;
	free(order);
	free(all);
	return true;
}

static void
count_records(CdpStore *store)
{
	for (int c = 0; c < store->n_columns; c++)
		if (store->column[c].n_values > 0)
			memset(store->column[c].count, 0, store->column[c].n_values * sizeof(int32_t));
	for (int32_t r = 0; r < store->n; r++)
	{
		const int32_t *codes = cdp_store_codes(store, r);

		for (int c = 0; c < store->n_columns; c++)
		{
			const int32_t *value;
			int			n_values = cdp_column_values(&store->column[c], &codes[c], &value);

			for (int v = 0; v < n_values; v++)
				store->column[c].count[value[v]]++;
		}
	}
}

/*
 * How rare each value is. The chance that another person has the value v is taken as
 * (people with v - 1 + CDP_UNSEEN) / people; what values have on average is agree; rarity is
 * chance / agree. Counting people, not records: a person of twenty records makes
 * no name common.
 */
bool
cdp_store_count_rarity(CdpStore *store, CdpModel *model, const int32_t *person)
{
	if (person == NULL)
		count_records(store);
	else if (!count_holders(store, person))
		return false;
	for (int c = 0; c < model->n; c++)
		for (int i = 0; i < model->comparison[c].info->n_inputs; i++)
		{
			CdpColumn  *column = &store->column[model->comparison[c].column[i]];
			double		people = 0,
						agree = 0;

			if (column->n_values == 0)
				continue;
			/* a mailbox that stands in for a name is nobody's name */
			for (int32_t v = 0; v < column->n_values && model->comparison[c].measure == CDP_MEASURE_PERSON_NAME && i == 1; v++)
				if (cdp_is_mailbox(&column->value[v]))
					column->count[v] = 0;
			for (int32_t v = 0; v < column->n_values; v++)
				people += column->count[v];
			for (int32_t v = 0; v < column->n_values; v++)
				if (column->count[v] > 0)
					agree += column->count[v] / people * (column->count[v] - 1 + CDP_UNSEEN) / people;
			for (int32_t v = 0; v < column->n_values; v++)
				column->rarity[v] = column->count[v] > 0 ? (column->count[v] - 1 + CDP_UNSEEN) / people / agree : 1;
			column->agree = people > 0 ? agree : 1;
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

typedef struct Counting
{
	CdpStore   *store;
	CdpBlocker *b;
	const CdpModel *model;
	CdpTraining *t;
	uint32_t	of_rule[CDP_MAX_RULES];
	uint32_t	confident;		/* comparisons for whose m the others must be sure of the pair */
	SeenPairs	by_thread[CDP_MAX_THREADS];
	SeenPairs	candidates;
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

static bool
keep_candidate(void *state, int thread, int rule, int32_t a, int32_t b)
{
	Seen	   *seen = add_seen(&((Counting *) state)->by_thread[thread]);

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

static bool
mark_random(void *state)
{
	Counting   *g = state;

	return cdp_random_mark(g->b->random, g->b, g->t->crew);
}

/* Random pairs, of which those count that blocking does not find: each of them stands for many. */
static bool
draw_random(Counting *g)
{
	if (g->b->random)
	{
		cdp_random_unmark(g->b->random);
		return true;
	}
	g->b->random = cdp_random_draw(g->store->n, g->t->max_random);
	return g->b->random && cdp_random_compare(g->b->random, g->model, g->scorer, g->t->crew);
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
	const SeenPairs *pairs = &g->candidates;

	if (i + 3 * AHEAD >= pairs->n)
		return;
	cdp_store_fetch_codes(g->store, pairs->pair[i + 3 * AHEAD].a);
	cdp_store_fetch_codes(g->store, pairs->pair[i + 3 * AHEAD].b);
	cdp_store_fetch_unequal(g->store, pairs->pair[i + 2 * AHEAD].a, pairs->pair[i + 2 * AHEAD].b);
	cdp_store_fetch_unequal_forms(g->store, pairs->pair[i + AHEAD].a, pairs->pair[i + AHEAD].b);
}

static bool
count_chunk(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;
	CdpPattern	p;
	double		rarity[CDP_RELATIONS];

	for (int64_t i = chunk * CHUNK_SEEN; i < g->candidates.n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->candidates.pair[i];

		if (!seen->compared)
		{
			fetch(g, i);
			cdp_scorer_levels(g->scorer[thread], seen->a, seen->b, seen->level);
			seen->agreeing = cdp_blocker_agreeing(g->b, seen->a, seen->b);
			seen->compared = true;
		}
		for (int c = 0; c < g->model->n; c++)
			if (g->model->comparison[c].ignored)
				seen->level[c] = 0;
		cdp_scorer_rarity(g->scorer[thread], seen->a, seen->b, seen->level, rarity);
		cdp_pattern_make(&p, g->model, seen->level, rarity);
		p.eligible = eligible_for(g, seen->agreeing);
		if (p.eligible & g->confident)
			p.eligible &= ~g->confident | cdp_scorer_sure(g->scorer[thread], seen->a, seen->b, seen->level, CONFIDENT);
		if (!cdp_patterns_add(&g->patterns[thread], &p))
			return false;
	}
	return true;
}

/*
 * Counts the patterns of the candidates, in an order that does not depend on who counted
 * what.
 */
static bool
count_candidates(Counting *g, CdpPatterns *out)
{
	cdp_patterns_free(out);
	if (!cdp_crew_run(g->t->crew, seen_chunks(&g->candidates), count_chunk, g))
		return false;
	for (int i = 0; i < CDP_MAX_THREADS; i++)
		if (!cdp_patterns_merge(out, &g->patterns[i]))
			return false;
	cdp_patterns_pack(out);
	return true;
}

static bool
count_random(Counting *g, CdpPatterns *out)
{
	cdp_patterns_free(out);
	if (!cdp_random_count(g->b->random, g->model, g->scorer, g->t->crew, out))
		return false;
	cdp_patterns_pack(out);
	return true;
}

static bool
score_chunk(void *state, int thread, int64_t chunk)
{
	Counting   *g = state;

	for (int64_t i = chunk * CHUNK_SEEN; i < g->candidates.n && i < (chunk + 1) * CHUNK_SEEN; i++)
	{
		Seen	   *seen = &g->candidates.pair[i];

		seen->probability = cdp_scorer_probability(g->scorer[thread], seen->a, seen->b, seen->level);
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
				!cdp_blocker_learn(g->b, c, cdp_spelled(g->store, k, z), seen->agreeing & own, seen->probability))
				return false;
		}
	}
	return true;
}

/* Has a true pair a slip wherever it can have one? Of few values one may agree, of many a quarter. */
static bool
slips_throughout(const CdpModel *model, const Seen *seen)
{
	int			n = 0,
				exact = 0;

	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		int			level = seen->level[c];

		if (level == 0 || k->info->n_levels <= 2)
			continue;
		n++;
		exact += level == 1 || level == 1 + k->moved;
	}
	return n >= 2 && exact * 4 <= n;
}

/* What rules have left of a budget of pairs per record. */
static double
pairs_left(const CdpBlocker *b, double pairs_per_record)
{
	for (int r = 0; r < b->n_rules; r++)
		pairs_per_record -= b->rule[r].estimate / b->records;
	return pairs_per_record;
}

/* Which keys agree in true pairs, and in how many there are slips throughout. */
static bool
learn_agreement(Counting *g, double *slipped)
{
	double		all = 0,
				with_slips = 0;
	Seen	   *pair = g->candidates.pair;
	int64_t		n = 0;

	if (!cdp_crew_run(g->t->crew, seen_chunks(&g->candidates), score_chunk, g))
		return false;
	for (int64_t i = 0; i < g->candidates.n; i++)
		if (pair[i].probability >= .5)
			pair[n++] = pair[i];
	g->candidates.n = n;
	qsort(pair, n, sizeof(Seen), compare_seen);
	for (int64_t i = 0; i < n; i++)
	{
		if (!learn_pair(g, &pair[i]))
			return false;
		all += pair[i].probability;
		with_slips += slips_throughout(g->model, &pair[i]) ? pair[i].probability : 0;
	}
	*slipped = all > 0 ? with_slips / all : 0;
	return true;
}

/*
 * The share of all pairs in which some rule would find a match: those that have the values it
 * looks at. Of the others, where values are missing, nothing is known, and as many of them are
 * matches as of these: without that lambda would fall with what is missing.
 */
static double
share_findable(const Counting *g, const CdpPatterns *random)
{
	uint32_t	ignored = 0;
	double		findable = 0,
				all = 0;

	for (int c = 0; c < g->model->n; c++)
		ignored |= (uint32_t) g->model->comparison[c].ignored << c;
	for (uint32_t i = 0; i < random->n_slots; i++)
	{
		uint32_t	present = ignored;
		bool		found = false;

		for (int c = 0; c < g->model->n; c++)
			present |= (uint32_t) (cdp_pattern_level(&random->slot[i], c) > 0) << c;
		for (int r = 0; r < g->b->n_rules && !found; r++)
			found = (g->of_rule[r] & ~present) == 0;
		all += random->slot[i].count;
		findable += found ? random->slot[i].count : 0;
	}
	return findable > 0 ? findable / all : 1;
}

/* ---------------------------------------------------------------- learning */

/* EM on the patterns, from the model as it is. */
static bool
learn_model(Counting *g, CdpEm *em)
{
	CdpTraining *t = g->t;

	em->each = t->random > 0 ? (em->all - t->candidates) / t->random : 0;
	em->findable = share_findable(g, em->random);
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

		if ((k->measure != CDP_MEASURE_ID && k->measure != CDP_MEASURE_NUMBER) || k->ignored)
			continue;
		/* amounts that are only near each other may be one person's */
		for (int l = 2; l < k->info->n_levels && strcmp(k->info->levels[l - 1].name, "near") != 0; l++)
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
		cdp_scorer_rarity(g->scorer[0], label->a, label->b, level, rarity);
		cdp_pattern_make(&p, g->model, level, rarity);
		if (!cdp_patterns_add(out, &p))
			return false;
	}
	return true;
}

/* The first comparison by a measure; -1: none. */
static int
comparison_by(const CdpModel *model, CdpMeasure measure)
{
	for (int c = 0; c < model->n; c++)
		if (model->comparison[c].measure == measure)
			return c;
	return -1;
}

/*
 * How people's mailboxes spell their names is told by all records that have both: a record
 * and its mailbox are one person. They count beside the pairs, and for OWN_PAIRS at most:
 * who signs up with a mailbox and no name may have it named otherwise. How many was chosen
 * by what it gives: more finds more people, and mixes more of them up.
 */
static bool
count_own_mailboxes(Counting *g, CdpPatterns *out)
{
	CdpStore   *store = g->store;
	int			name = comparison_by(g->model, CDP_MEASURE_PERSON_NAME),
				email = comparison_by(g->model, CDP_MEASURE_EMAIL);
	const double nothing[CDP_RELATIONS] = {0};
	CdpArena	arena = {0};
	CdpPatterns	own = {0};
	int			n = 0;
	bool		fine = true;

	for (int32_t r = 0; fine && name >= 0 && email >= 0 && r < store->n; r += store->n / OWN_MAILBOXES + 1)
	{
		const int *input = g->model->comparison[name].column;
		const int32_t *codes = cdp_store_codes(store, r);
		int32_t		given = codes[input[0]],
					family = codes[input[1]],
					address = codes[g->model->comparison[email].column[0]];
		const CdpValue *of_record[CDP_MAX_INPUTS],
				   *of_mailbox[CDP_MAX_INPUTS] = {NULL};
		uint8_t		level[CDP_MAX_COMPARISONS] = {0};
		CdpValue	mailbox;
		CdpPattern	p;

		if (given < 0 || family < 0 || address < 0)
			continue;
		fine = cdp_mailbox_of(&store->work, &arena, store->nicknames, &store->column[g->model->comparison[email].column[0]].value[address], &mailbox);
		if (!fine)
			break;
		of_record[0] = &store->column[input[0]].value[given];
		of_record[1] = &store->column[input[1]].value[family];
		of_mailbox[1] = &mailbox;
		level[name] = cdp_compare(&store->work, CDP_MEASURE_PERSON_NAME, of_record, of_mailbox);
		cdp_pattern_make(&p, g->model, level, nothing);
		fine = level[name] == 0 || cdp_patterns_add(&own, &p);
		n += level[name] != 0;
	}
	cdp_arena_free(&arena);
	for (uint32_t i = 0; n > OWN_PAIRS && i < own.n_slots; i++)
		own.slot[i].count *= OWN_PAIRS / n;
	fine = fine && cdp_patterns_merge(out, &own);
	cdp_patterns_free(&own);
	return fine;
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
 * But of a name and a birth date neither is sure by itself: a comparison for which that
 * leaves next to no pairs learns from all that were found without it, as before. Is there one?
 */
static bool
give_up_on_others(Counting *g)
{
	uint32_t	was = g->confident;

	for (int c = 0; c < g->model->n; c++)
		if (g->t->eligible[c] < CDP_ENOUGH_PAIRS)
			g->confident &= ~(1u << c);
	return g->confident != was;
}

/*
 * Learns model and what agrees in true pairs (into the blocker, which ends with rules
 * chosen by it; those that only learning needs are gone then). The store's rarity must be
 * counted. False: out of memory, or the crew was stopped.
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
		.max_iterations = t->max_iterations, .tolerance = t->again ? t->tolerance : ROUGHLY * t->tolerance, .prior_pairs = CDP_PRIOR_PAIRS, .least = MIN_PAIRS, .crew = t->crew};
	double		estimate = 0;
	double		sampled = store->n / b->records;
	double		slipped;
	int			chosen;
	bool		repeats = false;
	bool		fine;

	if (g == NULL)
		return false;
	g->store = store;
	g->b = b;
	g->model = model;
	g->t = t;
	if (!t->again)
		cdp_relation_expect_groups(model);
	fine = t->again || cdp_blocker_choose(b, t->pairs_per_record);
	chosen = b->n_rules;
	if (fine)
		cdp_blocker_diversify(b, t->pairs_per_record);
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
	pairs.thin = estimate / t->max_pairs + 1;
	em.thin = pairs.thin;
	g->confident = t->confident;
	fine = fine && count_labels(g, true, &same) && count_own_mailboxes(g, &same) && count_labels(g, false, &different);
	fine = fine && draw_random(g) && cdp_each_pair(&pairs) && gather_candidates(g, pairs.groups > 1) &&
		count_candidates(g, &candidates) && count_random(g, &random);
	if (fine)
	{
		t->pairs = g->candidates.n;
		t->candidates = t->pairs * pairs.thin;
		t->random = 0;
		for (uint32_t i = 0; i < random.n_slots; i++)
			t->random += random.slot[i].count;
		fine = learn_model(g, &em);
	}
	if (fine && !t->again)
	{
		fine = cdp_ignore_repetitions(store, &em, &repeats);
		repeats = ignore_row_numbers(model) || repeats;
		/*
		 * What true pairs agree on is known better with what repeats than without: m stays
		 * here. Were it learned anew from all pairs, households could take the place of
		 * matches.
		 */
		if (fine && repeats)
		{
			em.fixed_m = true;
			fine = count_candidates(g, &candidates) && count_random(g, &random) && learn_model(g, &em);
			em.fixed_m = false;
		}
		rely_on_others(g);
		fine = fine && count_candidates(g, &candidates) && learn_model(g, &em);
	}
	if (fine && give_up_on_others(g))
		fine = count_candidates(g, &candidates) && learn_model(g, &em);
	t->confident = g->confident;
	if (fine && !t->again)
	{
		for (int c = 0; c < model->n; c++)
		{
			double		spelled = 0;

			for (int l = 1; l <= model->comparison[c].info->n_levels; l++)
				if (model->comparison[c].info->levels[l - 1].present == CDP_SPELLED)
					spelled += model->comparison[c].pairs_m[l];
			if (t->eligible[c] > 20)
				b->agreement[c][false].n = 0;
			if (t->eligible[c] > 20 && spelled > 20)
				b->agreement[c][true].n = 0;
		}
		fine = learn_agreement(g, &slipped) && cdp_blocker_choose(b, t->pairs_per_record);
		if (fine)
			fine = cdp_blocker_allow_for_slips(b, slipped, pairs_left(b, t->pairs_per_record));
	}
	else
	{
		b->n_rules = chosen;
		cdp_blocker_forget(b);
	}
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (g->scorer[i])
			cdp_scorer_free(g->scorer[i]);
		free(g->by_thread[i].pair);
		cdp_patterns_free(&g->patterns[i]);
	}
	free(g->candidates.pair);
	cdp_patterns_free(&candidates);
	cdp_patterns_free(&random);
	cdp_patterns_free(&same);
	cdp_patterns_free(&different);
	free(g);
	return fine;
}
