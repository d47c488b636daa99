/*
 * block.c
 *	  Blocking rules: chosen under a budget of pairs, and the blocks of a rule.
 *
 * A key is a form of a value on which two records can agree exactly: the value itself,
 * its sound, its beginning, a date's year, or the letters of two names in any order, on
 * which a mailbox that stands for a name can agree with it. A rule is a set of one to
 * three keys. Which rules are good is not asked of labels but of the model: of every
 * comparison it is known (learned in training from pairs that were found without it, or
 * assumed) how often which keys agree in a true pair. So true pairs can be simulated: take a record, draw
 * for each comparison which keys agree. A rule finds the pair when all of its keys agree
 * and the record's block under it is not too large. Rules are taken greedily by
 * what they find that no rule before did, per pair that they cost, until the budget of
 * pairs runs out or what is still to be found is not worth the pairs.
 *
 * Block sizes are measured on the data, never assumed: for two thousand records the
 * size of their block under every candidate rule is counted, in one pass over the
 * records that share their rarest key. Training chooses twice, so sizes are remembered.
 *
 * A block over the cap is divided by the further key that keeps most of its pairs; what
 * no key divides is sorted by its values and cut into neighbourhoods. Every record has
 * at most one block per rule, whatever became of it, so "an earlier rule found this
 * pair" is an equality of block numbers and each pair is compared once.
 *
 * Everything is a function of the store's canonical order and fixed seeds.
 */
#include "match/random.h"

#include <stdlib.h>

#define MAX_SIZED 2048			/* records whose block sizes are counted */
#define MAX_POPULATION 50000 	/* records among which they are counted */
#define DRAWS 4					/* simulated pairs per sized record */
#define MAX_CANDIDATES 2048
#define RULE_COST 2.0			/* what a pass over the data costs, in pairs per record */
#define MIN_GAIN 0.0005			/* a rule that finds less of the true pairs is not worth its pass */
#define MIN_YIELD 0.001			/* nor one that compares more than 1000 pairs for a new true one */
#define GUESSED_SLIPS 5.0		/* pairs that a guess counts for, of what agrees beside slips */
#define EXTENDED_SLIPS 12		/* pairs of keys that find the most of these are tried with a third */
#define MIN_SLIPPED 5			/* values that can have a slip: fewer leave nothing to tell people by */
#define AHEAD 16				/* records */

/* family names have endings where given names have nicknames (store.c) */
#define NICKNAME_SLOT 4
#define INITIAL_SLOT 2

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
		const uint32_t *given,
				   *family;

		if (y < 0)
			return 0;
		family = b->store->column[c->column[1]].key[y];
		if (x < 0)
			/* a mailbox: whatever its letters stand for */
			return cdp_is_mailbox(&b->store->column[c->column[1]].value[y]) && family[CDP_LETTERS] ? family[CDP_LETTERS] | 1 : 0;
		given = b->store->column[c->column[0]].key[x];
		return (given[key->slot & 1 ? INITIAL_SLOT : CDP_LETTERS] & ~1u) + (family[key->slot & 2 ? INITIAL_SLOT : CDP_LETTERS] & ~1u) + 1;
	}
}

uint64_t
cdp_blocker_agreeing(const CdpBlocker *b, int32_t x, int32_t y)
{
	const int32_t *codes_x = cdp_store_codes(b->store, x);
	const int32_t *codes_y = cdp_store_codes(b->store, y);
	uint64_t	keys = 0;

	for (int k = 0; k < b->n_keys;)
	{
		const CdpKey *key = &b->key[k];
		int			column;

		if (key->input < 0)
		{
			uint32_t	h = key_of(b, k, x);

			keys |= (uint64_t) (h != 0 && h == key_of(b, k, y)) << k;
			k++;
			continue;
		}
		/* the keys of a column follow one another; many values are missing or the same */
		column = b->model->comparison[key->comparison].column[key->input];
		if (codes_x[column] < 0 || codes_y[column] < 0)
			while (k < b->n_keys && b->key[k].comparison == key->comparison && b->key[k].input == key->input)
				k++;
		else
		{
			const uint32_t *of_x = b->store->column[column].key[codes_x[column]];
			const uint32_t *of_y = b->store->column[column].key[codes_y[column]];

			for (; k < b->n_keys && b->key[k].comparison == key->comparison && b->key[k].input == key->input; k++)
			{
				int			slot = b->key[k].slot;

				keys |= (uint64_t) (of_x[slot] != 0 && of_x[slot] == of_y[slot]) << k;
			}
		}
	}
	return keys;
}

/*
 * 32 bits of hash of the values that a record has for the keys of a rule: equal for the
 * records of a block, before blocks over the cap are divided. 0: it has not all of them,
 * or the rule has no keys.
 */
static inline uint32_t
hash_rule(const CdpBlocker *b, int r, const uint32_t *value)
{
	uint64_t	h = 0;

	if (b->rule[r].keys == 0)
		return 0;
	for (uint64_t keys = b->rule[r].keys; keys != 0; keys &= keys - 1)
	{
		uint32_t	x = value[__builtin_ctzll(keys)];

		if (x == 0)
			return 0;
		h = cdp_mix(h + x);
	}
	/* two rules must not meet in the keys that they have in common */
	h = cdp_mix(h + r + 1);
	return (uint32_t) (h >> 32) | (h >> 32 == 0);
}

static inline void
keys_of(const CdpBlocker *b, uint64_t keys, int32_t record, uint32_t *value)
{
	for (; keys != 0; keys &= keys - 1)
		value[__builtin_ctzll(keys)] = key_of(b, __builtin_ctzll(keys), record);
}

uint32_t
cdp_rule_key(const CdpBlocker *b, int r, int32_t record)
{
	uint32_t	value[CDP_MAX_KEYS];

	keys_of(b, b->rule[r].keys, record, value);
	return hash_rule(b, r, value);
}

void
cdp_rule_keys(const CdpBlocker *b, uint64_t keys, int32_t record, uint32_t *hash)
{
	uint32_t	value[CDP_MAX_KEYS];

	keys_of(b, keys, record, value);
	for (int r = 0; r < b->n_rules; r++)
		hash[r] = hash_rule(b, r, value);
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
 * eight one of them, else none. Of a mailbox in place of a name one of the keys that are
 * made of both names agrees, three times in four.
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
	if (!cdp_blocker_learn(b, comparison, false, all, .75) || !cdp_blocker_learn(b, comparison, false, 0, .125) ||
		!cdp_blocker_learn(b, comparison, true, 0, .25))
		return false;
	for (int k = 0; k < b->n_keys; k++)
		if (all >> k & 1 && (!cdp_blocker_learn(b, comparison, false, UINT64_C(1) << k, .125 / n) ||
							 (b->key[k].input < 0 && !cdp_blocker_learn(b, comparison, true, UINT64_C(1) << k, .25))))
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
		{
			add_key(b, "either order", c, -1, 0);
			add_key(b, "initial and family", c, -1, 1);
			add_key(b, "given and initial", c, -1, 2);
		}
	}
	for (int c = 0; c < model->n; c++)
		if (!assume_agreement(b, c))
			return false;
	return true;
}

/* Adds weight to a set of keys in what is known of a comparison. */
bool
cdp_blocker_learn(CdpBlocker *b, int comparison, bool spelled, uint64_t keys, double weight)
{
	CdpAgreement *a = &b->agreement[comparison][spelled];

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

/* What a set of keys would cost as a rule, and for which of the sized records its blocks are small enough. */
typedef struct Measured
{
	uint64_t	keys;			/* 0: an empty slot */
	double		cost;			/* pairs per record */
	uint64_t   *fits;			/* by simulated pair: DRAWS bits for each sized record */
} Measured;

typedef struct Candidate
{
	uint64_t	keys;
	const Measured *size;
	int			finds;			/* of the simulated pairs not yet covered, at most so many */
	int			lost;			/* simulated pairs that it misses for size alone */
} Candidate;

#define DICTIONARY_BITS 12		/* of twice as many as there are sized records */
#define FILTER_BITS 16
#define MAX_DIRECT (1 << 17)	/* combinations that are counted in an array */
#define CHUNK_POPULATION 4096
#define MEASURED_SLOTS (4 * MAX_CANDIDATES)

/* The values of one key that sized records have, numbered from 1 on. */
typedef struct Dictionary
{
	int			n;
	uint32_t	hash[1 << DICTIONARY_BITS];
	uint16_t	number[1 << DICTIONARY_BITS];
} Dictionary;

/* Block sizes under one candidate: of a thread. */
typedef struct Sizes
{
	uint64_t	filter[(1 << FILTER_BITS) / 64];	/* combinations that are counted; it stays in the fastest cache */
	uint64_t	combination[2 << DICTIONARY_BITS];	/* + 1; 0: empty */
	int32_t		count[MAX_DIRECT];
} Sizes;

/*
 * Sizes hang on the data alone, what rules find also on what was learned: a second choice
 * finds here what the first has counted.
 */
typedef struct CdpChooser
{
	CdpBlocker *b;
	int32_t		n;				/* population */
	int32_t		n_sized;
	int32_t    *record;			/* the population; the first n_sized are sized */
	Dictionary *dictionary;		/* by key */
	uint16_t   *number;			/* of the value that population member i has for key k: number[k * n + i], 0: none of a sized record */
	int32_t    *having[CDP_MAX_KEYS];	/* population members that have a number; NULL where most have one */
	int32_t		n_having[CDP_MAX_KEYS];
	double		records;		/* as when it was opened */
	int64_t		max_block;
	int			n_draws;
	int			words;
	uint64_t   *agrees;			/* simulated pairs in which key k agrees: agrees[k * words] on */
	uint64_t   *covered;		/* simulated pairs that rules find */
	Sizes	   *sizes[CDP_MAX_THREADS];
	int			n_measured;
	Measured	measured[MEASURED_SLOTS];
	int			n_new;
	Measured   *new[MAX_CANDIDATES];
	int			n_candidates;
	Candidate	candidate[MAX_CANDIDATES];
} CdpChooser;

static double
next_uniform(uint64_t *state)
{
	*state += UINT64_C(0x9E3779B97F4A7C15);
	return (cdp_mix(*state) >> 11) * 0x1.0p-53;
}

/* The keys of a comparison that agree only where its values do; none where it has no others. */
static uint64_t
exact_keys(const CdpBlocker *b, int comparison)
{
	uint64_t	exact = 0;
	bool		others = false;

	for (int k = 0; k < b->n_keys; k++)
		if (b->key[k].comparison == comparison)
		{
			if (b->key[k].input < 0 || b->key[k].slot == 0)
				exact |= UINT64_C(1) << k;
			else
				others = true;
		}
	return others ? exact : 0;
}

/* How many pairs tell which keys of a comparison agree, by sets without those of a mask. */
static double
sum_agreement(const CdpAgreement *a, uint64_t without)
{
	double		sum = 0;

	for (int i = 0; i < a->n; i++)
		sum += a->keys[i] & without ? 0 : a->share[i];
	return sum;
}

/* Draws one of these sets; sum: of their shares. */
static uint64_t
draw_agreement(const CdpAgreement *a, uint64_t without, double sum, uint64_t *state)
{
	double		x = next_uniform(state) * sum;
	uint64_t	keys = 0;

	for (int i = 0; i < a->n; i++)
	{
		if (a->keys[i] & without)
			continue;
		keys = a->keys[i];
		if (x < a->share[i])
			break;
		x -= a->share[i];
	}
	return keys;
}

/* Of the keys of a comparison that are not in a mask each, half of the time. */
static uint64_t
guess_slip(const CdpBlocker *b, int comparison, uint64_t without, uint64_t *state)
{
	uint64_t	keys = 0;

	for (int k = 0; k < b->n_keys; k++)
		if (b->key[k].comparison == comparison && !(without >> k & 1) && next_uniform(state) < .5)
			keys |= UINT64_C(1) << k;
	return keys;
}

/*
 * Simulates true pairs: each comparison by itself, or, slipped, those in which there is a slip
 * in every value. Of these a comparison tells by the pairs in which it had one, and by the guess
 * that half of its other keys agree all the same.
 */
static void
simulate(CdpChooser *ch, bool slipped)
{
	CdpBlocker *b = ch->b;
	uint64_t	state = 1;
	uint64_t	without[CDP_MAX_COMPARISONS] = {0};
	double		sum[CDP_MAX_COMPARISONS][2];

	memset(ch->agrees, 0, (size_t) b->n_keys * ch->words * sizeof(uint64_t));
	for (int c = 0; c < b->model->n; c++)
	{
		if (slipped)
			without[c] = exact_keys(b, c);
		for (int spelled = 0; spelled < 2; spelled++)
			sum[c][spelled] = sum_agreement(&b->agreement[c][spelled], without[c]);
	}
	for (int j = 0; j < ch->n_draws; j++)
	{
		uint64_t	keys = 0;

		for (int c = 0; c < b->model->n; c++)
		{
			int			spelled = cdp_spelled(b->store, &b->model->comparison[c], cdp_store_codes(b->store, ch->record[j / DRAWS]));

			if (without[c] && next_uniform(&state) * (sum[c][spelled] + GUESSED_SLIPS) < GUESSED_SLIPS)
				keys |= guess_slip(b, c, without[c], &state);
			else
				keys |= draw_agreement(&b->agreement[c][spelled], without[c], sum[c][spelled], &state);
		}
		/* the keys that the record has */
		for (int k = 0; k < b->n_keys; k++)
			if (keys >> k & 1 && ch->number[(size_t) k * ch->n + j / DRAWS] != 0)
				ch->agrees[k * ch->words + j / 64] |= UINT64_C(1) << (j % 64);
	}
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

/* The place of a hash in a dictionary, or the empty one where it would be. */
static inline uint32_t
look_up(const Dictionary *d, uint32_t hash)
{
	uint32_t	at = hash >> (32 - DICTIONARY_BITS);

	while (d->hash[at] != 0 && d->hash[at] != hash)
		at = (at + 1) & ((1 << DICTIONARY_BITS) - 1);
	return at;
}

static bool
number_values(void *state, int thread, int64_t chunk)
{
	CdpChooser *ch = state;
	CdpBlocker *b = ch->b;

	for (int32_t i = chunk * CHUNK_POPULATION; i < ch->n && i < (chunk + 1) * CHUNK_POPULATION; i++)
	{
		if (i + 8 < ch->n)
			cdp_store_fetch_codes(b->store, ch->record[i + 8]);
		for (int k = 0; k < b->n_keys; k++)
		{
			uint32_t	h = key_of(b, k, ch->record[i]);

			ch->number[(size_t) k * ch->n + i] = h == 0 ? 0 : ch->dictionary[k].number[look_up(&ch->dictionary[k], h)];
		}
	}
	return true;
}

static bool
list_having(void *state, int thread, int64_t k)
{
	CdpChooser *ch = state;
	const uint16_t *number = ch->number + (size_t) k * ch->n;
	int32_t		n = 0;

	for (int32_t i = 0; i < ch->n; i++)
		n += number[i] != 0;
	ch->n_having[k] = n;
	if (n > ch->n / 2)
		return true;
	ch->having[k] = malloc((n > 0 ? n : 1) * sizeof(int32_t));
	if (ch->having[k] == NULL)
		return false;
	n = 0;
	for (int32_t i = 0; i < ch->n; i++)
		if (number[i] != 0)
			ch->having[k][n++] = i;
	return true;
}

/* The keys of a candidate: their numbers of the population, and how many values each has, missing ones included. */
typedef struct KeyNumbers
{
	int			n;
	const uint16_t *number[CDP_RULE_KEYS];
	uint64_t	values[CDP_RULE_KEYS];
	const int32_t *having;		/* of the rarest key, or NULL */
	int32_t		n_having;
} KeyNumbers;

/* One number for all keys that member i of the population has; 0 when it lacks one. */
static inline __attribute__((always_inline)) uint64_t
combined(const KeyNumbers *keys, int n_keys, int32_t i)
{
	uint64_t	all = 0;
	bool		lacks = false;

	for (int k = 0; k < n_keys; k++)
	{
		uint64_t	x = keys->number[k][i];

		lacks |= x == 0;
		all = all * keys->values[k] + x;
	}
	return lacks ? 0 : all;
}

static inline uint32_t
scatter(uint64_t combination)
{
	return combination * UINT64_C(0x9E3779B97F4A7C15) >> 32;
}

static inline uint32_t
find_combination(const Sizes *sizes, uint64_t combination)
{
	uint32_t	at = scatter(combination) & ((2 << DICTIONARY_BITS) - 1);

	while (sizes->combination[at] != 0 && sizes->combination[at] != combination)
		at = (at + 1) & ((2 << DICTIONARY_BITS) - 1);
	return at;
}

/* Counts who shares the blocks of the sized ones. */
static inline __attribute__((always_inline)) void
count_sizes(const CdpChooser *ch, Sizes *sizes, const KeyNumbers *keys, int n_keys, bool direct)
{
	for (int32_t j = 0; j < keys->n_having; j++)
	{
		uint64_t	all = combined(keys, n_keys, keys->having ? keys->having[j] : j);

		if (direct)
			sizes->count[all]++;
		else if (all != 0 && sizes->filter[scatter(all) >> (32 - FILTER_BITS) >> 6] >> (scatter(all) >> (32 - FILTER_BITS) & 63) & 1)
		{
			uint32_t	at = find_combination(sizes, all);

			if (sizes->combination[at] != 0)
				sizes->count[at]++;
		}
	}
}

/* Measures a set of keys. */
static bool
measure(void *state, int thread, int64_t chunk)
{
	CdpChooser *ch = state;
	Measured   *m = ch->new[chunk];
	Sizes	   *sizes = ch->sizes[thread];
	int			key[CDP_MAX_KEYS];
	KeyNumbers	keys = {.n = list_keys(m->keys, key), .n_having = ch->n};
	uint64_t	combinations = 1;
	double		scale = ch->records / ch->n;
	double		cost = 0;
	bool		direct;

	m->fits = calloc(ch->words, sizeof(uint64_t));
	if (m->fits == NULL)
		return false;
	for (int k = 0; k < keys.n; k++)
	{
		keys.number[k] = ch->number + (size_t) key[k] * ch->n;
		keys.values[k] = ch->dictionary[key[k]].n + 1;
		combinations *= keys.values[k];
		if (ch->having[key[k]] && ch->n_having[key[k]] < keys.n_having)
		{
			keys.having = ch->having[key[k]];
			keys.n_having = ch->n_having[key[k]];
		}
	}
	direct = combinations <= MAX_DIRECT;
	if (direct)
		memset(sizes->count, 0, combinations * sizeof(int32_t));
	else
	{
		memset(sizes->filter, 0, sizeof(sizes->filter));
		memset(sizes->combination, 0, sizeof(sizes->combination));
		memset(sizes->count, 0, (2 << DICTIONARY_BITS) * sizeof(int32_t));
		for (int32_t i = 0; i < ch->n_sized; i++)
		{
			uint64_t	all = combined(&keys, keys.n, i);
			uint32_t	bit = scatter(all) >> (32 - FILTER_BITS);

			if (all == 0)
				continue;
			sizes->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
			sizes->combination[find_combination(sizes, all)] = all;
		}
	}
	if (keys.n == 1)
		count_sizes(ch, sizes, &keys, 1, true);
	else if (keys.n == 2 && direct)
		count_sizes(ch, sizes, &keys, 2, true);
	else if (keys.n == 2)
		count_sizes(ch, sizes, &keys, 2, false);
	else if (direct)
		count_sizes(ch, sizes, &keys, 3, true);
	else
		count_sizes(ch, sizes, &keys, 3, false);
	for (int32_t i = 0; i < ch->n_sized; i++)
	{
		uint64_t	all = combined(&keys, keys.n, i);
		double		others;

		if (all == 0)
			continue;
		others = (sizes->count[direct ? all : find_combination(sizes, all)] - 1) * scale;
		cost += (others < ch->max_block ? others : ch->max_block) / 2;
		if (others < ch->max_block)
			m->fits[i * DRAWS / 64] |= ((UINT64_C(1) << DRAWS) - 1) << (i * DRAWS % 64);
	}
	m->cost = cost / ch->n_sized;
	return true;
}

/* What is known of the sizes of a set of keys; what is not is marked to be measured. */
static const Measured *
size_of(CdpChooser *ch, uint64_t keys)
{
	uint64_t	at = cdp_mix(keys) & (MEASURED_SLOTS - 1);

	while (ch->measured[at].keys != 0 && ch->measured[at].keys != keys)
		at = (at + 1) & (MEASURED_SLOTS - 1);
	if (ch->measured[at].keys == 0)
	{
		ch->measured[at].keys = keys;
		ch->n_measured++;
		ch->new[ch->n_new++] = &ch->measured[at];
	}
	return &ch->measured[at];
}

static void
add_candidate(CdpChooser *ch, uint64_t keys)
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
	ch->candidate[ch->n_candidates++] = (Candidate)
	{
		.keys = keys, .size = size_of(ch, keys)
	};
}

/* Of the simulated pairs in which all keys of a candidate agree, how many does it find (or lose for size alone) that are not covered? */
static int
count_finds(const CdpChooser *ch, const Candidate *c, bool finds)
{
	int			key[CDP_MAX_KEYS];
	int			n_keys = list_keys(c->keys, key);
	int			n = 0;

	for (int w = 0; w < ch->words; w++)
	{
		uint64_t	pairs = finds ? c->size->fits[w] & ~ch->covered[w] : ~c->size->fits[w];

		for (int k = 0; k < n_keys; k++)
			pairs &= ch->agrees[key[k] * ch->words + w];
		n += cdp_count_bits(pairs);
	}
	return n;
}

static void
cover(CdpChooser *ch, const Candidate *c)
{
	int			key[CDP_MAX_KEYS];
	int			n_keys = list_keys(c->keys, key);

	for (int w = 0; w < ch->words; w++)
	{
		uint64_t	pairs = c->size->fits[w];

		for (int k = 0; k < n_keys; k++)
			pairs &= ch->agrees[key[k] * ch->words + w];
		ch->covered[w] |= pairs;
	}
}

static bool
measure_candidates(CdpChooser *ch, int from)
{
	bool		fine = cdp_crew_run(ch->b->crew, ch->n_new, measure, ch);

	ch->n_new = 0;
	for (int i = from; fine && i < ch->n_candidates; i++)
	{
		ch->candidate[i].finds = count_finds(ch, &ch->candidate[i], true);
		ch->candidate[i].lost = count_finds(ch, &ch->candidate[i], false);
	}
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
by_finds(const void *x, const void *y)
{
	const Candidate *a = x,
			   *b = y;

	if (a->finds != b->finds)
		return a->finds > b->finds ? -1 : 1;
	return a->keys < b->keys ? -1 : a->keys > b->keys;
}

static void
close_chooser(CdpChooser *ch)
{
	if (ch == NULL)
		return;
	for (int i = 0; i < MEASURED_SLOTS; i++)
		free(ch->measured[i].fits);
	for (int k = 0; k < CDP_MAX_KEYS; k++)
		free(ch->having[k]);
	for (int t = 0; t < CDP_MAX_THREADS; t++)
		free(ch->sizes[t]);
	free(ch->record);
	free(ch->dictionary);
	free(ch->number);
	free(ch->agrees);
	free(ch->covered);
	free(ch);
}

void
cdp_blocker_forget(CdpBlocker *b)
{
	close_chooser(b->chooser);
	b->chooser = NULL;
}

/* The population, and the numbers of its values. */
static bool
open_chooser(CdpBlocker *b)
{
	CdpChooser *ch = b->chooser = calloc(1, sizeof(CdpChooser));
	int32_t		n = b->store->n;
	int32_t		step;

	if (ch == NULL)
		return false;
	ch->b = b;
	ch->n = n < MAX_POPULATION ? n : MAX_POPULATION;
	ch->n_sized = n < MAX_SIZED ? n : MAX_SIZED;
	ch->records = b->records;
	ch->max_block = b->max_block;
	ch->n_draws = ch->n_sized * DRAWS;
	ch->words = (ch->n_draws + 63) / 64;
	ch->record = malloc(ch->n * sizeof(int32_t));
	ch->dictionary = calloc(b->n_keys, sizeof(Dictionary));
	ch->number = malloc((size_t) ch->n * b->n_keys * sizeof(uint16_t));
	ch->agrees = malloc((size_t) b->n_keys * ch->words * sizeof(uint64_t));
	ch->covered = malloc(ch->words * sizeof(uint64_t));
	if (!ch->record || !ch->dictionary || !ch->number || !ch->agrees || !ch->covered)
		return false;
	for (int t = 0; t < cdp_crew_threads(b->crew); t++)
		if ((ch->sizes[t] = malloc(sizeof(Sizes))) == NULL)
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
	for (int32_t i = 0; i < ch->n_sized; i++)
		for (int k = 0; k < b->n_keys; k++)
		{
			uint32_t	h = key_of(b, k, ch->record[i]);
			uint32_t	at = look_up(&ch->dictionary[k], h);

			if (h == 0 || ch->dictionary[k].hash[at] != 0)
				continue;
			ch->dictionary[k].hash[at] = h;
			ch->dictionary[k].number[at] = ++ch->dictionary[k].n;
		}
	return cdp_crew_run(b->crew, (ch->n + CHUNK_POPULATION - 1) / CHUNK_POPULATION, number_values, ch) &&
		cdp_crew_run(b->crew, b->n_keys, list_having, ch);
}

/* Candidates: each key, each two, and each three that begin with two whose blocks are too large. */
static bool
list_candidates(CdpChooser *ch)
{
	int			n = ch->b->n_keys;
	int			n_two;

	ch->n_candidates = 0;
	memset(ch->covered, 0, ch->words * sizeof(uint64_t));
	for (int i = 0; i < n; i++)
		add_candidate(ch, UINT64_C(1) << i);
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			add_candidate(ch, UINT64_C(1) << i | UINT64_C(1) << j);
	if (!measure_candidates(ch, 0))
		return false;
	qsort(ch->candidate, ch->n_candidates, sizeof(Candidate), by_lost);
	n_two = ch->n_candidates;
	for (int i = 0; i < n_two && i < 40 && ch->candidate[i].lost > 0; i++)
		for (int k = 0; k < n; k++)
			if (!(ch->candidate[i].keys >> k & 1))
				add_candidate(ch, ch->candidate[i].keys | UINT64_C(1) << k);
	return measure_candidates(ch, n_two);
}

/*
 * Takes candidates greedily for rules, within a budget of pairs per record. share: of the true
 * pairs that those stand for that are simulated. Returns how many of these they find.
 */
static int
take_candidates(CdpChooser *ch, double budget, double share)
{
	CdpBlocker *b = ch->b;
	/* expected pairs of a record */
	double		matches = b->model->lambda * (b->records - 1) / 2 * share;
	double		spent = 0;
	int			found = 0;

	while (b->n_rules < CDP_MAX_RULES)
	{
		Candidate  *best = NULL;
		double		best_value = 0;

		for (int i = 0; i < ch->n_candidates; i++)
		{
			Candidate  *c = &ch->candidate[i];
			double		cost = c->size->cost;

			/* what it found before is the most that it can find now: mostly that decides */
			for (int now = 0; now < 2; now++)
			{
				double		value = c->finds / (cost + RULE_COST);

				if (cost <= 0 || spent + cost > budget || c->finds == 0 ||
					c->finds * share < MIN_GAIN * ch->n_draws || c->finds * matches < MIN_YIELD * cost * ch->n_draws ||
					(best && (value < best_value || (value == best_value && c->keys > best->keys))))
					break;
				if (now == 1)
				{
					best = c;
					best_value = value;
				}
				else
					c->finds = count_finds(ch, c, true);
			}
		}
		if (best == NULL)
			break;
		b->rule[b->n_rules++] = (CdpRule)
		{
			.keys = best->keys, .estimate = best->size->cost * b->records, .gain = best->finds * share / ch->n_draws
		};
		spent += best->size->cost;
		found += best->finds;
		cover(ch, best);
	}
	return found;
}

/* Covers what rules find that there are; returns how much that is. */
static int
cover_rules(CdpChooser *ch, uint32_t without)
{
	const CdpBlocker *b = ch->b;
	int			found = 0;

	memset(ch->covered, 0, ch->words * sizeof(uint64_t));
	for (int i = 0; i < ch->n_candidates; i++)
		for (int r = 0; r < b->n_rules; r++)
			if (ch->candidate[i].keys == b->rule[r].keys && !(cdp_rule_comparisons(b, b->rule[r].keys) & without))
				cover(ch, &ch->candidate[i]);
	for (int w = 0; w < ch->words; w++)
		found += cdp_count_bits(ch->covered[w]);
	return found;
}

/*
 * Chooses rules within pairs_per_record. False: out of memory, or the crew was stopped.
 * Block sizes are remembered for another choice, until cdp_blocker_forget.
 */
bool
cdp_blocker_choose(CdpBlocker *b, double pairs_per_record)
{
	CdpChooser *ch;

	b->n_rules = 0;
	if (b->store->n < 2)
		return true;
	if (b->chooser && (b->chooser->records != b->records || b->chooser->max_block != b->max_block || b->chooser->n_measured > MAX_CANDIDATES))
		cdp_blocker_forget(b);
	if (b->chooser == NULL && !open_chooser(b))
	{
		cdp_blocker_forget(b);
		return false;
	}
	ch = b->chooser;
	simulate(ch, false);
	if (!list_candidates(ch))
	{
		cdp_blocker_forget(b);
		return false;
	}
	b->coverage = (double) take_candidates(ch, pairs_per_record, 1) / ch->n_draws;
	return true;
}

/*
 * Who writes badly does so throughout. Where each comparison is taken by itself, few rules find
 * nearly all pairs, and those with a slip in every value are compared by none: nobody would learn
 * that there are any. So further rules are added for them, whose share of all true pairs has been
 * seen, within what is left of the budget. After cdp_blocker_choose. False: out of memory, or the crew was stopped.
 */
bool
cdp_blocker_allow_for_slips(CdpBlocker *b, double share, double pairs_per_record)
{
	CdpChooser *ch = b->chooser;
	int			values = 0;
	int			n_listed;
	int			found;

	for (int c = 0; c < b->model->n; c++)
		if (exact_keys(b, c) && !b->model->comparison[c].ignored)
			values += b->model->comparison[c].info->n_inputs;
	if (ch == NULL || share < MIN_GAIN || values < MIN_SLIPPED)
		return true;
	simulate(ch, true);
	found = cover_rules(ch, 0);
	n_listed = ch->n_candidates;
	for (int i = 0; i < n_listed; i++)
		ch->candidate[i].finds = count_finds(ch, &ch->candidate[i], true);
	/* forms of values make larger blocks than values do: the best two together with a third */
	qsort(ch->candidate, n_listed, sizeof(Candidate), by_finds);
	for (int i = 0, two = 0; i < n_listed && two < EXTENDED_SLIPS; i++)
		if (__builtin_popcountll(ch->candidate[i].keys) == 2)
		{
			for (int k = 0; k < b->n_keys; k++)
				if (!(ch->candidate[i].keys >> k & 1))
					add_candidate(ch, ch->candidate[i].keys | UINT64_C(1) << k);
			two++;
		}
	if (!measure_candidates(ch, n_listed))
	{
		cdp_blocker_forget(b);
		return false;
	}
	found += take_candidates(ch, pairs_per_record, share);
	b->coverage = (1 - share) * b->coverage + share * found / ch->n_draws;
	simulate(ch, false);
	return true;
}

/*
 * Every comparison needs pairs that were found without it, or nothing is learned of it.
 * Where the rules that do not use one find less than half of what one more such rule
 * could, the best of these is added, of those that find at least half of the most within
 * the budget: the few records that have a value which others lack do not show what is
 * true of all. After cdp_blocker_choose.
 */
void
cdp_blocker_diversify(CdpBlocker *b, double pairs_per_record)
{
	CdpChooser *ch = b->chooser;

	for (int c = 0; ch && c < b->model->n && b->n_rules < CDP_MAX_RULES; c++)
	{
		const Candidate *best = NULL;
		double		best_value = 0;
		int			most = 0;
		int			found;

		found = cover_rules(ch, 1u << c);
		for (int i = 0; i < ch->n_candidates; i++)
		{
			Candidate  *candidate = &ch->candidate[i];

			candidate->finds = cdp_rule_comparisons(b, candidate->keys) >> c & 1 ? 0 : count_finds(ch, candidate, true);
			if (candidate->size->cost <= pairs_per_record && candidate->finds > most)
				most = candidate->finds;
		}
		for (int i = 0; i < ch->n_candidates && most > found; i++)
		{
			const Candidate *candidate = &ch->candidate[i];
			double		value = candidate->finds / (candidate->size->cost + RULE_COST);

			if (candidate->size->cost <= 0 || candidate->finds * 2 < most)
				continue;
			if (best == NULL || value > best_value || (value == best_value && candidate->keys < best->keys))
			{
				best = candidate;
				best_value = value;
			}
		}
		if (best)
			b->rule[b->n_rules++] = (CdpRule)
		{
			.keys = best->keys, .estimate = best->size->cost * b->records
		};
	}
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

void
cdp_blocker_end(CdpBlocker *b)
{
	free(b->place);
	b->place = NULL;
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

/* Asks for the keys of a record that comes soon. */
static inline void
fetch_keys(const CdpBlocker *b, const int *key, int n_keys, int32_t record)
{
	const int32_t *codes;

	if (record >= b->store->n)
		return;
	codes = cdp_store_codes(b->store, record);
	for (int k = 0; k < n_keys; k++)
	{
		const CdpKey *x = &b->key[key[k]];
		int			column = b->model->comparison[x->comparison].column[x->input < 0 ? 0 : x->input];

		if (codes[column] >= 0)
			__builtin_prefetch(&b->store->column[column].key[codes[column]][x->slot]);
	}
}

/* Leaves out most of what nothing else has the key of, so that less is sorted. */
static bool
drop_single(CdpKeyed *keyed, int64_t *n)
{
	uint64_t	bits = 64;
	uint64_t   *seen;			/* once and twice, by the key's lower bits */
	int64_t		kept = 0;

	while (bits < 4 * (uint64_t) *n)
		bits *= 2;
	seen = calloc(bits / 32, sizeof(uint64_t));
	if (seen == NULL)
		return false;
	for (int64_t i = 0; i < *n; i++)
	{
		uint64_t	at = keyed[i].key & (bits - 1);
		uint64_t	bit = UINT64_C(1) << (at % 32);
		uint64_t   *word = &seen[at / 32];

		*word |= bit | (*word & bit) << 32;
	}
	for (int64_t i = 0; i < *n; i++)
	{
		uint64_t	at = keyed[i].key & (bits - 1);

		if (seen[at / 32] >> (at % 32 + 32) & 1)
			keyed[kept++] = keyed[i];
	}
	free(seen);
	*n = kept;
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
	blocks->start = malloc(blocks->allocated * sizeof(int64_t));
	rule->blocks = rule->pairs = rule->largest = rule->refined = 0;
	if (!d || !keyed || !blocks->start)
		goto done;
	blocks->start[0] = 0;
	d->b = b;
	d->rule = r;
	d->blocks = blocks;
	for (int32_t i = 0; i < b->store->n; i++)
	{
		fetch_keys(b, key, n_keys, i + AHEAD);
		if (hash_keys(b, key, n_keys, i, &hash))
			keyed[n++] = (CdpKeyed)
		{
			.key = hash, .at = i
		};
	}
	if (!drop_single(keyed, &n))
		goto done;
	blocks->member = malloc((n > 0 ? n : 1) * sizeof(int32_t));
	d->spare = malloc((n > 0 ? n : 1) * sizeof(CdpKeyed));
	if (!blocks->member || !d->spare)
		goto done;
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
		for (int spelled = 0; spelled < 2; spelled++)
		{
			free(b->agreement[c][spelled].keys);
			free(b->agreement[c][spelled].share);
		}
	cdp_blocker_end(b);
	cdp_random_free(b->random);
	cdp_blocker_forget(b);
}
