/*
 * block.c
 *	  Blocking rules: chosen under a budget of pairs, and the blocks of a rule.
 *
 * A key is a form of a value on which two records can agree exactly: the value itself,
 * its sound, its beginning, a date's year. A rule is a set of one to three keys. Which
 * rules are good is not asked of labels but of the model: of every comparison it is known
 * (learned in training from pairs that were found without it, or assumed) how often
 * which keys agree in a true pair. So true pairs can be simulated: take a record, draw
 * for each comparison which keys agree. A rule finds the pair when all of its keys agree
 * and the record's block under it is not too large. Rules are taken greedily by
 * what they find that no rule before did, per pair that they cost, until the budget of
 * pairs runs out or what is still to be found is not worth the pairs.
 *
 * Block sizes are measured on the data, never assumed: for two thousand records the
 * size of their block under every candidate rule is counted in one pass over the data.
 *
 * A block over the cap is divided by the further key that keeps most of its pairs; what
 * no key divides is sorted by its values and cut into neighbourhoods. Every record has
 * at most one block per rule, whatever became of it, so "an earlier rule found this
 * pair" is an equality of block numbers and each pair is compared once.
 *
 * Everything is a function of the store's canonical order and fixed seeds.
 */
#include "match/block.h"

#include <stdlib.h>

#define MAX_SIZED 2048			/* records whose block sizes are counted */
#define MAX_POPULATION 100000	/* records among which they are counted */
#define DRAWS 4					/* simulated pairs per sized record */
#define MAX_CANDIDATES 2048
#define RULE_COST 2.0			/* what a pass over the data costs, in pairs per record */
#define MIN_GAIN 0.0001			/* a rule that finds less of the true pairs is not worth its pass */
#define MIN_YIELD 0.001			/* nor one that compares more than 1000 pairs for a new true one */

/* family names have endings where given names have nicknames (store.c) */
#define NICKNAME_SLOT 4

static const char *const key_names[CDP_N_MEASURES + 1][CDP_COLUMN_KEYS] = {
	[CDP_MEASURE_PERSON_NAME] = {"exact", "sound", "initial", "beginning", "ending"},
	[CDP_MEASURE_NAME] = {"exact", "sound", "initial", "beginning", "nickname"},
	[CDP_MEASURE_BIRTH_DATE] = {"exact", "year and month", "year", "day and month", "year and day"},
	[CDP_MEASURE_DATE] = {"exact", "year and month", "year", "day and month", "year and day"},
	[CDP_MEASURE_EMAIL] = {"exact", "local part"},
	[CDP_MEASURE_PHONE] = {"exact", "last seven"},
	[CDP_MEASURE_POSTAL_CODE] = {"exact", "area", "rest"},
	[CDP_MEASURE_STREET] = {"exact", "number", "sound"},
	[CDP_MEASURE_CITY] = {"exact", "sound"},
	[CDP_MEASURE_CODE] = {"exact"},
	[CDP_MEASURE_ID] = {"exact", "first half", "second half"},
	[CDP_MEASURE_TEXT] = {"exact", "sound"},
	[CDP_MEASURE_NUMBER] = {"exact"},
	[CDP_MEASURE_SQL] = {"exact"},
};

/* ---------------------------------------------------------------- keys */

static void
add_key(CdpBlocker *b, const char *name, int comparison, int input, int slot)
{
	if (b->n_keys < CDP_MAX_KEYS)
		b->key[b->n_keys++] = (CdpKey)
	{
		.name = name, .comparison = comparison, .input = input, .slot = slot
	};
}

static inline uint32_t
key_of(const CdpBlocker *b, int k, int32_t record)
{
	const CdpKey *key = &b->key[k];
	const CdpComparison *c = &b->model->comparison[key->comparison];
	const int32_t *codes = cdp_store_codes(b->store, record);

	if (key->input >= 0)
	{
		int			column = c->column[key->input];

		return codes[column] < 0 ? 0 : b->store->column[column].key[codes[column]][key->slot];
	}
	else
	{
		int32_t		x = codes[c->column[0]],
					y = codes[c->column[1]];

		if (x < 0 || y < 0)
			return 0;
		return (b->store->column[c->column[0]].key[x][0] + b->store->column[c->column[1]].key[y][0]) | 1;
	}
}

uint64_t
cdp_blocker_agreeing(const CdpBlocker *b, int32_t x, int32_t y)
{
	uint64_t	keys = 0;

	for (int k = 0; k < b->n_keys; k++)
	{
		uint32_t	h = key_of(b, k, x);

		if (h != 0 && h == key_of(b, k, y))
			keys |= UINT64_C(1) << k;
	}
	return keys;
}

/* The keys that a record has. */
static uint64_t
keys_present(const CdpBlocker *b, int32_t x)
{
	uint64_t	keys = 0;

	for (int k = 0; k < b->n_keys; k++)
		if (key_of(b, k, x) != 0)
			keys |= UINT64_C(1) << k;
	return keys;
}

/*
 * 32 bits of hash of the values that a record has for the keys of a rule: equal for the
 * records of a block, before blocks over the cap are divided. 0: it has not all of them,
 * or the rule has no keys.
 */
uint32_t
cdp_rule_key(const CdpBlocker *b, int r, int32_t record)
{
	uint64_t	h = 0;

	if (b->rule[r].keys == 0)
		return 0;
	for (uint64_t keys = b->rule[r].keys; keys != 0; keys &= keys - 1)
	{
		uint32_t	x = key_of(b, __builtin_ctzll(keys), record);

		if (x == 0)
			return 0;
		h = cdp_mix(h + x);
	}
	/* two rules must not meet in the keys that they have in common */
	h = cdp_mix(h + r + 1);
	return (uint32_t) (h >> 32) | (h >> 32 == 0);
}

/* The comparisons of a set of keys, as bits. */
uint32_t
cdp_rule_comparisons(const CdpBlocker *b, uint64_t keys)
{
	uint32_t	comparisons = 0;

	for (int k = 0; k < b->n_keys; k++)
		if (keys >> k & 1)
			comparisons |= 1u << b->key[k].comparison;
	return comparisons;
}

/*
 * Until something is learned: three times in four all keys of a value agree, one time in
 * eight one of them, else none.
 */
static bool
assume_agreement(CdpBlocker *b, int comparison)
{
	uint64_t	all = 0;
	int			n = 0;

	for (int k = 0; k < b->n_keys; k++)
		if (b->key[k].comparison == comparison)
		{
			all |= UINT64_C(1) << k;
			n++;
		}
	if (!cdp_blocker_learn(b, comparison, all, .75) || !cdp_blocker_learn(b, comparison, 0, .125))
		return false;
	for (int k = 0; k < b->n_keys; k++)
		if (all >> k & 1 && !cdp_blocker_learn(b, comparison, UINT64_C(1) << k, .125 / n))
			return false;
	return true;
}

bool
cdp_blocker_open(CdpBlocker *b, const CdpStore *store, const CdpModel *model)
{
	memset(b, 0, sizeof(*b));
	b->store = store;
	b->model = model;
	b->records = store->n;
	b->max_block = 200;
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];

		for (int i = 0; i < k->info->n_inputs; i++)
			for (int s = 0; s < CDP_COLUMN_KEYS; s++)
				if (key_names[k->measure][s])
					add_key(b, s == NICKNAME_SLOT && k->measure == CDP_MEASURE_PERSON_NAME && i == 0 ? "nickname" : key_names[k->measure][s], c, i, s);
		if (k->measure == CDP_MEASURE_PERSON_NAME)
			add_key(b, "either order", c, -1, 0);
	}
	for (int c = 0; c < model->n; c++)
		if (!assume_agreement(b, c))
			return false;
	return true;
}

/* Adds weight to a set of keys in what is known of a comparison. */
bool
cdp_blocker_learn(CdpBlocker *b, int comparison, uint64_t keys, double weight)
{
	CdpAgreement *a = &b->agreement[comparison];

	for (int i = 0; i < a->n; i++)
		if (a->keys[i] == keys)
		{
			a->share[i] += weight;
			return true;
		}
	if (a->n == a->allocated)
	{
		int			more = a->allocated ? a->allocated * 2 : 16;
		void	   *p;

		if ((p = realloc(a->keys, more * sizeof(uint64_t))) == NULL)
			return false;
		a->keys = p;
		if ((p = realloc(a->share, more * sizeof(double))) == NULL)
			return false;
		a->share = p;
		a->allocated = more;
	}
	a->keys[a->n] = keys;
	a->share[a->n++] = weight;
	return true;
}

/* ---------------------------------------------------------------- choosing rules */

typedef struct Candidate
{
	uint64_t	keys;
	uint64_t   *covers;			/* simulated pairs that it finds */
	double		cost;			/* pairs per record */
	double		lost;			/* share of simulated pairs that it misses for size alone */
} Candidate;

#define FILTER_BITS 16

/* Block sizes under one candidate: of a thread. */
typedef struct Sizes
{
	uint64_t	filter[(1 << FILTER_BITS) / 64];	/* hashes that are counted; it stays in the fastest cache */
	uint32_t   *hash;
	int32_t    *count;
} Sizes;

typedef struct Chooser
{
	CdpBlocker *b;
	int32_t		n;				/* population */
	int32_t		n_sized;
	int32_t    *record;			/* the population; the first n_sized are sized */
	uint32_t   *hash;			/* key k of population member i: hash[k * n + i] */
	int			n_draws;
	uint64_t   *draw;			/* keys that agree in simulated pair j, of sized record j / DRAWS */
	int			words;
	uint32_t	n_slots;
	Sizes	   *sizes[CDP_MAX_THREADS];
	int			n_candidates,
				n_measured;
	Candidate	candidate[MAX_CANDIDATES];
} Chooser;

static double
next_uniform(uint64_t *state)
{
	*state += UINT64_C(0x9E3779B97F4A7C15);
	return (cdp_mix(*state) >> 11) * 0x1.0p-53;
}

static void
simulate(Chooser *ch)
{
	CdpBlocker *b = ch->b;
	uint64_t	state = 1;

	for (int j = 0; j < ch->n_draws; j++)
	{
		uint64_t	present = keys_present(b, ch->record[j / DRAWS]);
		uint64_t	keys = 0;

		for (int c = 0; c < b->model->n; c++)
		{
			const CdpAgreement *a = &b->agreement[c];
			double		sum = 0,
						x;
			int			i;

			for (i = 0; i < a->n; i++)
				sum += a->share[i];
			x = next_uniform(&state) * sum;
			for (i = 0; i < a->n - 1 && x >= a->share[i]; i++)
				x -= a->share[i];
			keys |= a->keys[i];
		}
		ch->draw[j] = keys & present;
	}
}

/* The keys of a candidate, as hashes of the population. */
typedef struct KeyHashes
{
	int			n;
	const uint32_t *hash[CDP_RULE_KEYS];
} KeyHashes;

/* One hash of all keys that member i of the population has; 0 when it lacks one. */
static inline __attribute__((always_inline)) uint32_t
combined(const KeyHashes *keys, int n_keys, int32_t i)
{
	uint64_t	h = 0;

	for (int k = 0; k < n_keys; k++)
	{
		uint32_t	x = keys->hash[k][i];

		if (x == 0)
			return 0;
		h = (h + x) * UINT64_C(0x9E3779B97F4A7C15);
	}
	return (uint32_t) (h >> 32) | 1;
}

static int
list_keys(uint64_t keys, int *key)
{
	int			n = 0;

	for (int k = 0; k < CDP_MAX_KEYS; k++)
		if (keys >> k & 1)
			key[n++] = k;
	return n;
}

/* Counts who shares the blocks of the sized ones. */
static inline __attribute__((always_inline)) void
count_sizes(const Chooser *ch, Sizes *sizes, const KeyHashes *keys, int n_keys)
{
	for (int32_t i = 0; i < ch->n; i++)
	{
		uint32_t	h = combined(keys, n_keys, i);

		if (!(sizes->filter[h >> (32 - FILTER_BITS) >> 6] >> (h >> (32 - FILTER_BITS) & 63) & 1) || h == 0)
			continue;
		for (uint32_t at = h >> 1 & (ch->n_slots - 1); sizes->hash[at] != 0; at = (at + 1) & (ch->n_slots - 1))
			if (sizes->hash[at] == h)
			{
				sizes->count[at]++;
				break;
			}
	}
}

/* Measures a candidate: what its blocks cost, and which of the simulated pairs they find. */
static bool
measure(void *state, int thread, int64_t chunk)
{
	Chooser    *ch = state;
	CdpBlocker *b = ch->b;
	Candidate  *c = &ch->candidate[ch->n_measured + chunk];
	Sizes	   *sizes = ch->sizes[thread];
	int			key[CDP_MAX_KEYS];
	KeyHashes	keys = {.n = list_keys(c->keys, key)};
	double		scale = b->records / ch->n;
	double		cost = 0;
	int			lost = 0;

	for (int k = 0; k < keys.n; k++)
		keys.hash[k] = ch->hash + (size_t) key[k] * ch->n;
	c->covers = calloc(ch->words, sizeof(uint64_t));
	if (c->covers == NULL)
		return false;
	memset(sizes->filter, 0, sizeof(sizes->filter));
	memset(sizes->hash, 0, ch->n_slots * sizeof(uint32_t));
	memset(sizes->count, 0, ch->n_slots * sizeof(int32_t));
	for (int32_t i = 0; i < ch->n_sized; i++)
	{
		uint32_t	h = combined(&keys, keys.n, i);

		if (h == 0)
			continue;
		sizes->filter[h >> (32 - FILTER_BITS) >> 6] |= UINT64_C(1) << (h >> (32 - FILTER_BITS) & 63);
		for (uint32_t at = h >> 1 & (ch->n_slots - 1);; at = (at + 1) & (ch->n_slots - 1))
		{
			if (sizes->hash[at] == 0)
				sizes->hash[at] = h;
			if (sizes->hash[at] == h)
				break;
		}
	}
	if (keys.n == 1)
		count_sizes(ch, sizes, &keys, 1);
	else if (keys.n == 2)
		count_sizes(ch, sizes, &keys, 2);
	else
		count_sizes(ch, sizes, &keys, 3);
	for (int32_t i = 0; i < ch->n_sized; i++)
	{
		uint32_t	h = combined(&keys, keys.n, i);
		uint32_t	at;
		double		others;

		if (h == 0)
			continue;
		for (at = h >> 1 & (ch->n_slots - 1); sizes->hash[at] != h;)
			at = (at + 1) & (ch->n_slots - 1);
		others = (sizes->count[at] - 1) * scale;
		cost += (others < b->max_block ? others : b->max_block) / 2;
		for (int j = i * DRAWS; j < (i + 1) * DRAWS; j++)
			if ((ch->draw[j] & c->keys) == c->keys)
			{
				if (others < b->max_block)
					c->covers[j / 64] |= UINT64_C(1) << (j % 64);
				else
					lost++;
			}
	}
	c->cost = cost / ch->n_sized;
	c->lost = (double) lost / ch->n_draws;
	return true;
}

static void
add_candidate(Chooser *ch, uint64_t keys)
{
	int			key[CDP_MAX_KEYS];
	int			n_keys = list_keys(keys, key);

	if (ch->n_candidates == MAX_CANDIDATES)
		return;
	for (int k = 0; k < n_keys; k++)
	{
		const CdpKey *x = &ch->b->key[key[k]];

		if (ch->b->model->comparison[x->comparison].ignored)
			return;
		/* who has the same value agrees on its other forms too */
		for (int l = 0; l < n_keys; l++)
		{
			const CdpKey *y = &ch->b->key[key[l]];

			if (l != k && x->slot == 0 && x->comparison == y->comparison && x->input == y->input)
				return;
		}
	}
	for (int i = 0; i < ch->n_candidates; i++)
		if (ch->candidate[i].keys == keys)
			return;
	ch->candidate[ch->n_candidates++].keys = keys;
}

static bool
measure_candidates(Chooser *ch)
{
	bool		fine = cdp_crew_run(ch->b->crew, ch->n_candidates - ch->n_measured, measure, ch);

	ch->n_measured = ch->n_candidates;
	return fine;
}

static int
by_lost(const void *x, const void *y)
{
	const Candidate *a = x,
			   *b = y;

	if (a->lost != b->lost)
		return a->lost > b->lost ? -1 : 1;
	return a->keys < b->keys ? -1 : a->keys > b->keys;
}

static int
count_new(const Chooser *ch, const Candidate *c, const uint64_t *covered)
{
	int			n = 0;

	for (int w = 0; w < ch->words; w++)
		n += __builtin_popcountll(c->covers[w] & ~covered[w]);
	return n;
}

static bool
open_chooser(Chooser *ch, CdpBlocker *b)
{
	int32_t		n = b->store->n;
	int32_t		step;

	ch->b = b;
	ch->n = n < MAX_POPULATION ? n : MAX_POPULATION;
	ch->n_sized = n < MAX_SIZED ? n : MAX_SIZED;
	ch->n_draws = ch->n_sized * DRAWS;
	ch->words = (ch->n_draws + 63) / 64;
	for (ch->n_slots = 1024; ch->n_slots < 4 * (uint32_t) ch->n_sized;)
		ch->n_slots *= 2;
	ch->record = malloc(ch->n * sizeof(int32_t));
	ch->hash = malloc((size_t) ch->n * b->n_keys * sizeof(uint32_t));
	ch->draw = malloc(ch->n_draws * sizeof(uint64_t));
	if (!ch->record || !ch->hash || !ch->draw)
		return false;
	for (int t = 0; t < cdp_crew_threads(b->crew); t++)
		if ((ch->sizes[t] = calloc(1, sizeof(Sizes))) == NULL ||
			(ch->sizes[t]->hash = malloc(ch->n_slots * sizeof(uint32_t))) == NULL ||
			(ch->sizes[t]->count = malloc(ch->n_slots * sizeof(int32_t))) == NULL)
			return false;
	/* a stride without a factor in common with n spreads the first ones over all */
	for (step = n / 2 + n / 7 + 1;; step++)
	{
		int32_t		x = step,
					y = n;

		while (y)
		{
			int32_t		t = x % y;

			x = y;
			y = t;
		}
		if (x == 1)
			break;
	}
	for (int32_t i = 0; i < ch->n; i++)
		ch->record[i] = (int64_t) i * step % n;
	for (int k = 0; k < b->n_keys; k++)
		for (int32_t i = 0; i < ch->n; i++)
			ch->hash[(size_t) k * ch->n + i] = key_of(b, k, ch->record[i]);
	simulate(ch);
	return true;
}

static void
close_chooser(Chooser *ch)
{
	for (int i = 0; i < ch->n_candidates; i++)
		free(ch->candidate[i].covers);
	free(ch->record);
	free(ch->hash);
	free(ch->draw);
	for (int t = 0; t < CDP_MAX_THREADS; t++)
		if (ch->sizes[t])
		{
			free(ch->sizes[t]->hash);
			free(ch->sizes[t]->count);
			free(ch->sizes[t]);
		}
	free(ch);
}

/* Candidates: each key, each two, and each three that begin with two whose blocks are too large. */
static bool
list_candidates(Chooser *ch)
{
	int			n = ch->b->n_keys;
	int			n_two;

	for (int i = 0; i < n; i++)
		add_candidate(ch, UINT64_C(1) << i);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			add_candidate(ch, UINT64_C(1) << i | UINT64_C(1) << j);
	if (!measure_candidates(ch))
		return false;
	qsort(ch->candidate, ch->n_candidates, sizeof(Candidate), by_lost);
	n_two = ch->n_candidates;
	for (int i = 0; i < n_two && i < 40 && ch->candidate[i].lost > 0; i++)
		for (int k = 0; k < n; k++)
			if (!(ch->candidate[i].keys >> k & 1))
				add_candidate(ch, ch->candidate[i].keys | UINT64_C(1) << k);
	return measure_candidates(ch);
}

/*
 * Every comparison needs pairs that were found without it, or nothing is learned of it:
 * where all rules use one, the best rule that does not is added.
 */
static void
add_diverse(Chooser *ch)
{
	CdpBlocker *b = ch->b;

	for (int c = 0; c < b->model->n && b->n_rules < CDP_MAX_RULES; c++)
	{
		const Candidate *best = NULL;
		double		best_value = 0;
		bool		needed = true;

		for (int r = 0; r < b->n_rules; r++)
			needed = needed && cdp_rule_comparisons(b, b->rule[r].keys) >> c & 1;
		for (int i = 0; i < ch->n_candidates && needed; i++)
		{
			const Candidate *candidate = &ch->candidate[i];
			int			finds = 0;
			double		value;

			if (candidate->cost <= 0 || cdp_rule_comparisons(b, candidate->keys) >> c & 1)
				continue;
			for (int w = 0; w < ch->words; w++)
				finds += __builtin_popcountll(candidate->covers[w]);
			value = finds / (candidate->cost + RULE_COST);
			if (finds > 0 && (best == NULL || value > best_value || (value == best_value && candidate->keys < best->keys)))
			{
				best = candidate;
				best_value = value;
			}
		}
		if (best)
			b->rule[b->n_rules++] = (CdpRule)
		{
			.keys = best->keys, .estimate = best->cost * b->records
		};
	}
}

/*
 * Chooses rules within pairs_per_record; diverse: also so that every comparison can be
 * learned of. False: out of memory, or the crew was stopped.
 */
bool
cdp_blocker_choose(CdpBlocker *b, double pairs_per_record, bool diverse)
{
	Chooser    *ch = calloc(1, sizeof(Chooser));
	uint64_t   *covered;
	double		spent = 0;
	/* expected true pairs of a record */
	double		matches = b->model->lambda * (b->records - 1) / 2;
	int			found = 0;

	b->n_rules = 0;
	if (ch == NULL || b->store->n < 2)
	{
		free(ch);
		return ch != NULL;
	}
	if (!open_chooser(ch, b) || !list_candidates(ch) || (covered = calloc(ch->words, sizeof(uint64_t))) == NULL)
	{
		close_chooser(ch);
		return false;
	}
	while (b->n_rules < CDP_MAX_RULES)
	{
		const Candidate *best = NULL;
		double		best_value = 0;
		int			best_new = 0;

		for (int i = 0; i < ch->n_candidates; i++)
		{
			const Candidate *c = &ch->candidate[i];
			int			new;
			double		value;

			if (c->cost <= 0 || spent + c->cost > pairs_per_record)
				continue;
			new = count_new(ch, c, covered);
			value = new / (c->cost + RULE_COST);
			if (new >= MIN_GAIN * ch->n_draws && new * matches >= MIN_YIELD * c->cost * ch->n_draws && new > 0 &&
				(best == NULL || value > best_value || (value == best_value && c->keys < best->keys)))
			{
				best = c;
				best_value = value;
				best_new = new;
			}
		}
		if (best == NULL)
			break;
		b->rule[b->n_rules++] = (CdpRule)
		{
			.keys = best->keys, .estimate = best->cost * b->records, .gain = (double) best_new / ch->n_draws
		};
		spent += best->cost;
		found += best_new;
		for (int w = 0; w < ch->words; w++)
			covered[w] |= best->covers[w];
	}
	if (diverse)
		add_diverse(ch);
	b->coverage = (double) found / ch->n_draws;
	free(covered);
	close_chooser(ch);
	return true;
}

/* ---------------------------------------------------------------- blocks */

/* Forgets all blocks and makes room for those of the rules first .. first + n - 1. */
bool
cdp_blocker_start(CdpBlocker *b, int first, int n)
{
	free(b->place);
	b->place = calloc((size_t) (b->store->n > 0 ? b->store->n : 1) * (n > 0 ? n : 1), sizeof(uint32_t));
	b->first = first;
	b->n_group = n;
	return b->place != NULL;
}

/* The block of a rule that a record is in before large ones are divided; false: in none. */
static bool
hash_keys(const CdpBlocker *b, const int *key, int n_keys, int32_t record, uint64_t *hash)
{
	uint64_t	h = 0;

	for (int k = 0; k < n_keys; k++)
	{
		uint32_t	x = key_of(b, key[k], record);

		if (x == 0)
			return false;
		h = cdp_mix(h + x);
	}
	*hash = h >> 24;
	return true;
}

typedef struct Divider
{
	CdpBlocker *b;
	int			rule;
	CdpBlocks  *blocks;
	CdpWork		work;
	CdpKeyed   *spare;
} Divider;

static bool
end_block(Divider *d, const CdpKeyed *keyed, int64_t n)
{
	CdpBlocks  *out = d->blocks;
	CdpRule    *rule = &d->b->rule[d->rule];
	int64_t		at = out->start[out->n];

	if (n < 2)
		return true;
	if (out->n + 2 > out->allocated)
	{
		int64_t		more = out->allocated * 2;
		void	   *p = realloc(out->start, more * sizeof(int64_t));

		if (p == NULL)
			return false;
		out->start = p;
		out->allocated = more;
	}
	for (int64_t i = 0; i < n; i++)
	{
		out->member[at + i] = keyed[i].at;
		d->b->place[(size_t) keyed[i].at * d->b->n_group + d->rule - d->b->first] = out->n + 1;
	}
	out->n++;
	out->start[out->n] = at + n;
	rule->blocks++;
	rule->pairs += n * (n - 1) / 2;
	if (n > rule->largest)
		rule->largest = n;
	return true;
}

/* Sorts records by one key (those without it are left together under 0). */
static CdpKeyed *
sort_by_key(Divider *d, CdpKeyed *keyed, int64_t n, int key)
{
	CdpKeyed   *sorted;

	for (int64_t i = 0; i < n; i++)
		keyed[i].key = key_of(d->b, key, keyed[i].at);
	sorted = cdp_keyed_sort(&d->work, keyed, d->spare, n);
	if (sorted != keyed)
		memcpy(keyed, sorted, n * sizeof(CdpKeyed));
	return keyed;
}

/* Divides records (ascending by place) that are one block into blocks within the cap. */
static bool
divide(Divider *d, CdpKeyed *keyed, int64_t n, uint64_t used)
{
	CdpBlocker *b = d->b;
	int			best = -1;
	int64_t		best_kept = 0;

	if (n <= b->max_block)
		return end_block(d, keyed, n);
	for (int k = 0; k < b->n_keys; k++)
	{
		int64_t		kept = 0,
					run = 1;

		if (used >> k & 1)
			continue;
		sort_by_key(d, keyed, n, k);
		for (int64_t i = 1; i <= n; i++)
		{
			if (i < n && keyed[i].key == keyed[i - 1].key)
			{
				run++;
				continue;
			}
			/* what is still too large will lose pairs again */
			kept += run <= b->max_block ? run * (run - 1) / 2 : run == n ? 0 : run;
			run = 1;
		}
		if (kept > best_kept)
		{
			best = k;
			best_kept = kept;
		}
	}
	if (best < 0)
	{
		/* nothing divides them: neighbourhoods of equal size, in canonical order */
		int64_t		parts = (n + b->max_block - 1) / b->max_block;

		sort_by_key(d, keyed, n, 0);
		for (int64_t i = 0; i < parts; i++)
			if (!end_block(d, keyed + n * i / parts, n * (i + 1) / parts - n * i / parts))
				return false;
		return true;
	}
	sort_by_key(d, keyed, n, best);
	for (int64_t i = 0, from = 0; i < n; i++)
		if (i + 1 == n || keyed[i + 1].key != keyed[from].key)
		{
			/* the keys below are overwritten by the call */
			int64_t		next = i + 1;

			if (!divide(d, keyed + from, next - from, used | UINT64_C(1) << best))
				return false;
			from = next;
		}
	return true;
}

/*
 * Makes the blocks of a rule and notes each record's place. False: out of memory.
 */
bool
cdp_block_rule(CdpBlocker *b, int r, CdpBlocks *blocks)
{
	Divider    *d = calloc(1, sizeof(Divider));
	CdpRule    *rule = &b->rule[r];
	int			key[CDP_MAX_KEYS];
	int			n_keys = list_keys(rule->keys, key);
	int64_t		n = 0;
	uint64_t	hash;
	CdpKeyed   *keyed = malloc(b->store->n * sizeof(CdpKeyed));
	CdpKeyed   *sorted;
	bool		fine = false;

	memset(blocks, 0, sizeof(*blocks));
	blocks->allocated = 1024;
	blocks->member = malloc(b->store->n * sizeof(int32_t));
	blocks->start = malloc(blocks->allocated * sizeof(int64_t));
	rule->blocks = rule->pairs = rule->largest = rule->refined = 0;
	if (!d || !keyed || !blocks->member || !blocks->start || (d->spare = malloc(b->store->n * sizeof(CdpKeyed))) == NULL)
		goto done;
	blocks->start[0] = 0;
	d->b = b;
	d->rule = r;
	d->blocks = blocks;
	for (int32_t i = 0; i < b->store->n; i++)
		if (hash_keys(b, key, n_keys, i, &hash))
			keyed[n++] = (CdpKeyed)
		{
			.key = hash, .at = i
		};
	sorted = cdp_keyed_sort(&d->work, keyed, d->spare, n);
	if (sorted != keyed)
	{
		/* dividing sorts pieces in place and needs the other array */
		d->spare = keyed;
		keyed = sorted;
	}
	fine = true;
	for (int64_t i = 0, from = 0; i < n && fine; i++)
		if (i + 1 == n || keyed[i + 1].key != keyed[from].key)
		{
			if (i + 1 - from > b->max_block)
				rule->refined++;
			fine = divide(d, keyed + from, i + 1 - from, rule->keys);
			from = i + 1;
		}
done:
	if (d)
	{
		free(d->spare);
		cdp_work_release(&d->work, 0);
	}
	free(d);
	free(keyed);
	return fine;
}

typedef struct Spreading
{
	CdpBlocker *b;
	int32_t		n;
	uint8_t    *changed;
} Spreading;

/* A block that a changed record is in, or was. */
typedef struct Touched
{
	uint64_t	hash;			/* + 1; 0: empty */
	int64_t		size;
} Touched;

static Touched *
find_touched(Touched *table, uint64_t slots, uint64_t hash)
{
	uint64_t	at = cdp_mix(hash) & (slots - 1);

	while (table[at].hash != 0 && table[at].hash != hash + 1)
		at = (at + 1) & (slots - 1);
	return &table[at];
}

static bool
spread_rule(void *state, int thread, int64_t r)
{
	Spreading  *s = state;
	CdpBlocker *b = s->b;
	int			key[CDP_MAX_KEYS];
	int			n_keys = list_keys(b->rule[r].keys, key);
	int64_t		n_changed = b->store->n - s->n;
	uint64_t	slots = 64;
	Touched    *table;
	bool		over = false;
	uint64_t	hash;

	for (int32_t i = 0; i < s->n; i++)
		n_changed += (__atomic_load_n(&s->changed[i], __ATOMIC_RELAXED) == CDP_CHANGED);
	while (slots < 2 * (uint64_t) n_changed)
		slots *= 2;
	if ((table = calloc(slots, sizeof(Touched))) == NULL)
		return false;
	/* the records as they were come on top of all that are: no block was larger than that */
	for (int32_t i = 0; i < b->store->n; i++)
		if ((i >= s->n || __atomic_load_n(&s->changed[i], __ATOMIC_RELAXED) == CDP_CHANGED) && hash_keys(b, key, n_keys, i, &hash))
			find_touched(table, slots, hash)->hash = hash + 1;
	for (int32_t i = 0; i < b->store->n; i++)
		if (hash_keys(b, key, n_keys, i, &hash))
		{
			Touched    *t = find_touched(table, slots, hash);

			over |= t->hash != 0 && ++t->size > b->max_block;
		}
	for (int32_t i = 0; over && i < s->n; i++)
		if (hash_keys(b, key, n_keys, i, &hash) && find_touched(table, slots, hash)->size > b->max_block)
		{
			uint8_t		none = 0;

			__atomic_compare_exchange_n(&s->changed[i], &none, CDP_BLOCK_CHANGED, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		}
	free(table);
	return true;
}

/*
 * A block over the cap is divided by what is in it: a record that comes to it or leaves
 * it can move others from one part to another. Marks those others too, with
 * CDP_BLOCK_CHANGED. Of the store's records the first n are as they are now; changed has
 * a mark for each of them. Behind them stand the changed ones and those that went as
 * they were. False: out of memory, or the crew was stopped.
 */
bool
cdp_blocker_spread(CdpBlocker *b, int32_t n, uint8_t *changed)
{
	Spreading	s = {.b = b, .n = n, .changed = changed};

	return cdp_crew_run(b->crew, b->n_rules, spread_rule, &s);
}

void
cdp_blocks_free(CdpBlocks *blocks)
{
	free(blocks->member);
	free(blocks->start);
}

void
cdp_blocker_close(CdpBlocker *b)
{
	for (int c = 0; c < CDP_MAX_COMPARISONS; c++)
	{
		free(b->agreement[c].keys);
		free(b->agreement[c].share);
	}
	free(b->place);
	free(b->drawn);
}
