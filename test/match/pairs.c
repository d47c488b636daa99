/*
 * pairs.c
 *	  Going through the pairs of blocks: what must hold whatever the records are.
 *
 * Usage: pairs [rounds [seed]]. Each round makes a store of random records with few
 * distinct values, random rules and a random cap, and looks for: a pair that agrees on
 * all keys of a rule, in a block within the cap, and is not found once; a pair that is
 * found though it agrees on no rule, or twice; other pairs by several threads or in
 * little memory; a weight that is another one the other way round. Then some records
 * change, come and go: the pairs that were found, with those of changed records and of
 * the blocks that they change anew, must be the pairs that are found at once. Leaves
 * with status 1 at the first difference. Meant for the sanitizers: address and undefined behaviour, and
 * threads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/pairs.h"
#include "match/train.h"
#include "draw.h"

#define MAX_RECORDS 120
#define N_FIELDS 6

/* what a record says, by number of a value; 0 says nothing */
typedef struct Person
{
	bool		exists;
	int			field[N_FIELDS];
} Person;

typedef struct World
{
	int			values;			/* how many there are */
	int64_t		cap;
	int			n_rules;
	uint64_t	rule[8];
	uint64_t	weights_seed;
} World;

/* Pairs by the numbers of persons. */
typedef struct Found
{
	int			times[MAX_RECORDS][MAX_RECORDS];
	const int  *person;			/* by record */
	int			lock;
} Found;

static uint64_t seed;

static void
fault(const char *what, int a, int b)
{
	printf("differs: seed %llu, persons %d and %d: %s\n", (unsigned long long) seed, a, b, what);
	exit(1);
}

static void
need(bool fine)
{
	if (fine)
		return;
	printf("out of memory\n");
	exit(1);
}

/* ---------------------------------------------------------------- stores */

static const char *const given[] = {"anna", "robert", "maria", "james", "anne", "bob", "mary"};
static const char *const family[] = {"smith", "smyth", "garcia", "nguyen", "weber", "silva", "okafor"};
static const char *const city[] = {"springfield", "riverton", "lakeside", "springfeld", "aurora", "salem", "dover"};

static void
set_field(CdpStore *store, int32_t record, int field, int value)
{
	char		text[64];
	int			v = value - 1;

	if (value == 0)
		return;
	switch (field)
	{
		case 0:
			snprintf(text, sizeof(text), "%s", given[v % 7]);
			break;
		case 1:
			snprintf(text, sizeof(text), "%s", family[v % 7]);
			break;
		case 2:
			snprintf(text, sizeof(text), "%s", city[v % 7]);
			break;
		case 3:
			snprintf(text, sizeof(text), "19%02d-0%d-1%d", 50 + v / 3, 1 + v % 9, v % 9);
			break;
		case 4:
			snprintf(text, sizeof(text), "%s%d@mail.example", given[v % 3], v);
			break;
		default:
			snprintf(text, sizeof(text), "%05d", 10000 + 11 * v);
	}
	need(cdp_store_set(store, record, field, text, strlen(text)));
}

static void
add_person(CdpStore *store, const Person *p)
{
	int32_t		at = cdp_store_add_record(store);

	need(at >= 0);
	for (int f = 0; f < N_FIELDS; f++)
		set_field(store, at, f, p->field[f]);
}

static void
open_store(CdpStore *store, CdpModel *model)
{
	static const CdpMeasure measure[] = {CDP_MEASURE_PERSON_NAME, CDP_MEASURE_CITY, CDP_MEASURE_BIRTH_DATE, CDP_MEASURE_EMAIL, CDP_MEASURE_POSTAL_CODE};

	memset(store, 0, sizeof(*store));
	memset(model, 0, sizeof(*model));
	need(cdp_store_open(store));
	for (int c = 0; c < 5; c++)
	{
		CdpComparison *k = &model->comparison[model->n++];

		k->measure = measure[c];
		k->info = cdp_measure_info(measure[c]);
		for (int i = 0; i < k->info->n_inputs; i++)
			k->column[i] = cdp_store_add_column(store, measure[c], i);
	}
	cdp_model_open(model, NULL);
}

/* Those that exist, in order; returns how many, with the person of each record. */
static int
fill_store(CdpStore *store, const Person *person, int *of_record)
{
	int			n = 0;

	for (int i = 0; i < MAX_RECORDS; i++)
		if (person[i].exists)
		{
			add_person(store, &person[i]);
			of_record[n++] = i;
		}
	return n;
}

static void
count_values(CdpStore *store, CdpModel *model, const World *w)
{
	cdp_model_defaults(model, store);
	/* of values, not of records: the same in every store of a world */
	for (int c = 0; c < store->n_columns; c++)
		for (int v = 0; v < store->column[c].n_values; v++)
			store->column[c].rarity[v] = exp2((double) (cdp_mix(store->column[c].hash[v] + w->weights_seed) % 160) / 10 - 8);
	model->lambda = .02;
}

static void
open_rules(CdpBlocker *b, const CdpStore *store, const CdpModel *model, const World *w)
{
	need(cdp_blocker_open(b, store, model));
	b->max_block = w->cap;
	b->n_rules = w->n_rules;
	for (int r = 0; r < w->n_rules; r++)
		b->rule[r] = (CdpRule)
	{
		.keys = w->rule[r]
	};
}

/* ---------------------------------------------------------------- pairs */

static bool
note_pair(void *arg, int thread, int rule, int32_t a, int32_t b)
{
	Found	   *f = arg;

	if (a >= b)
		fault("found the wrong way round", f->person[a], f->person[b]);
	__atomic_fetch_add(&f->times[f->person[a]][f->person[b]], 1, __ATOMIC_RELAXED);
	return true;
}

static int
find_pairs(CdpBlocker *b, const int *person, int threads, size_t memory, const uint8_t *changed, Found *found)
{
	CdpCrew		crew = {.threads = threads};
	CdpPairs	pairs = {.blocker = b, .crew = &crew, .memory = memory, .changed = changed, .state = found, .pair = note_pair};

	memset(found, 0, sizeof(*found));
	found->person = person;
	need(cdp_each_pair(&pairs));
	return pairs.groups;
}

static void
check_pairs(const CdpBlocker *b, int n, const int *person, const Found *found)
{
	for (int x = 0; x < n; x++)
		for (int y = x + 1; y < n; y++)
		{
			uint64_t	agreeing = cdp_blocker_agreeing(b, x, y);
			bool		possible = false,
						sure = false;
			int			times = found->times[person[x]][person[y]];

			for (int r = 0; r < b->n_rules; r++)
			{
				uint64_t	keys = b->rule[r].keys;
				int			size = 0;

				if ((agreeing & keys) != keys)
					continue;
				possible = true;
				for (int z = 0; z < n; z++)
					size += (cdp_blocker_agreeing(b, x, z) & keys) == keys;
				sure |= size <= b->max_block;
			}
			if (times > 1)
				fault("found twice", person[x], person[y]);
			if (times == 1 && !possible)
				fault("found though no rule finds them", person[x], person[y]);
			if (times == 0 && sure)
				fault("not found", person[x], person[y]);
		}
}

static void
same_pairs(const Found *x, const Found *y, bool times_too, const char *what)
{
	for (int a = 0; a < MAX_RECORDS; a++)
		for (int b = 0; b < MAX_RECORDS; b++)
			if (times_too ? x->times[a][b] != y->times[a][b] : (x->times[a][b] > 0) != (y->times[a][b] > 0))
				fault(what, a, b);
}

/* A scorer that has seen other pairs, and one that has not; both ways. */
static void
check_weights(const CdpStore *store, const CdpModel *model, int n, const int *person)
{
	CdpScorer  *used = cdp_scorer_create(store, model);

	need(used != NULL);
	for (int i = 0; i < 200 && n > 1; i++)
	{
		int			a = draw(n),
					b = draw(n);
		CdpScorer  *fresh = i % 8 ? NULL : cdp_scorer_create(store, model);
		double		x = cdp_scorer_weight(used, a, b),
					y = cdp_scorer_weight(used, b, a),
					z = fresh ? cdp_scorer_weight(fresh, b, a) : y,
					above = draw(40) - 20,
					exceeds;

		if (memcmp(&x, &y, sizeof(x)) != 0 || memcmp(&x, &z, sizeof(x)) != 0)
			fault("another weight the other way round", person[a], person[b]);
		if (cdp_scorer_exceeds(used, b, a, above, &exceeds) != (x > above) || (x > above && memcmp(&x, &exceeds, sizeof(x)) != 0))
			fault("another weight when a bound is asked for", person[a], person[b]);
		if (fresh)
			cdp_scorer_free(fresh);
	}
	cdp_scorer_free(used);
}

static void
make_person(Person *p, int values)
{
	p->exists = true;
	for (int f = 0; f < N_FIELDS; f++)
		p->field[f] = draw(5) ? 1 + draw(values) : 0;
}

static int64_t
one_round(int64_t *spread)
{
	static Found found,
				other,
				before,
				anew;
	static Person person[MAX_RECORDS],
				former[MAX_RECORDS];
	World		w = {.values = 2 + draw(12), .cap = 2 + draw(draw(2) ? 6 : 60), .n_rules = 1 + draw(7), .weights_seed = seed};
	int			size = 5 + draw(MAX_RECORDS - 4);
	int			of_record[2 * MAX_RECORDS];
	uint8_t		changed[MAX_RECORDS] = {0},
				mark[MAX_RECORDS] = {0};
	CdpStore	store;
	CdpModel	model;
	CdpBlocker	b;
	int			n,
				groups;
	int64_t		n_found = 0;

	memset(person, 0, sizeof(person));
	for (int i = 0; i < size; i++)
		if (draw(10))
			make_person(&person[i], w.values);
	open_store(&store, &model);
	n = fill_store(&store, person, of_record);
	count_values(&store, &model, &w);
	need(cdp_blocker_open(&b, &store, &model));
	for (int r = 0; r < w.n_rules; r++)
		for (int k = 1 + draw(3); k > 0; k--)
			w.rule[r] |= UINT64_C(1) << draw(b.n_keys);
	for (int r = 0; r < w.n_rules; r++)
		for (int q = 0; q < r; q++)
			if (w.rule[q] == w.rule[r])
			{
				w.rule[r--] = w.rule[--w.n_rules];
				break;
			}
	cdp_blocker_close(&b);
	open_rules(&b, &store, &model, &w);

	find_pairs(&b, of_record, 1, 0, NULL, &before);
	check_pairs(&b, n, of_record, &before);
	groups = find_pairs(&b, of_record, 4, 0, NULL, &other);
	same_pairs(&before, &other, true, "found another time by several threads");
	groups = find_pairs(&b, of_record, 2, 1 + draw(40) * n, NULL, &other);
	same_pairs(&before, &other, groups == 1, "found by some rules in little memory");
	check_weights(&store, &model, n, of_record);
	cdp_blocker_close(&b);
	cdp_store_close(&store);

	/* some change */
	memcpy(former, person, sizeof(person));
	for (int i = 1 + draw(6); i > 0; i--)
	{
		int			p = draw(size);

		changed[p] = 1;
		if (draw(3) == 0)
			memset(&person[p], 0, sizeof(Person));
		else if (draw(3) == 0)
			make_person(&person[p], w.values);
		else
		{
			person[p].exists = true;
			person[p].field[draw(N_FIELDS)] = draw(w.values + 1);
		}
	}
	open_store(&store, &model);
	n = fill_store(&store, person, of_record);
	for (int p = 0; p < size; p++)
		if (changed[p] && former[p].exists)
			add_person(&store, &former[p]);
	count_values(&store, &model, &w);
	open_rules(&b, &store, &model, &w);
	for (int i = 0; i < n; i++)
		mark[i] = changed[of_record[i]] ? CDP_CHANGED : 0;
	b.crew = &(CdpCrew){.threads = 2};
	need(cdp_blocker_spread(&b, n, mark));
	b.crew = NULL;
	store.n = n;
	find_pairs(&b, of_record, 2, 0, NULL, &found);
	find_pairs(&b, of_record, 2, 0, mark, &anew);
	/* what was found of the others stays */
	for (int i = 0; i < n; i++)
	{
		*spread += mark[i] == CDP_BLOCK_CHANGED;
		if (mark[i])
			changed[of_record[i]] = 1;
	}
	for (int x = 0; x < size; x++)
		for (int y = 0; y < size; y++)
		{
			if (!changed[x] && !changed[y])
				anew.times[x][y] = before.times[x][y];
			n_found += found.times[x][y];
		}
	same_pairs(&found, &anew, true, "found at once and step by step");
	cdp_blocker_close(&b);
	cdp_store_close(&store);
	return n_found;
}

int
main(int argc, char **argv)
{
	int			rounds = argc > 1 ? atoi(argv[1]) : 1000;
	uint64_t	first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	int64_t		pairs = 0,
				spread = 0;

	for (int round = 0; round < rounds; round++)
	{
		seed = first + round;
		state = seed;
		pairs += one_round(&spread);
	}
	printf("pairs: seeds %llu to %llu, %lld pairs, %lld records of divided blocks\n", (unsigned long long) first, (unsigned long long) (first + rounds - 1),
		   (long long) pairs, (long long) spread);
	return pairs > rounds && spread > 0 ? 0 : 1;
}
