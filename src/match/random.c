/*
 * random.c
 *	  Random pairs, which stand for all pairs.
 *
 * A pair of two records from anywhere waits for memory longer than it takes to compare
 * them. So pairs are drawn as tiles: all pairs of one small group of random records with
 * another. A record comes in TILE pairs, which hardly costs precision: what is counted
 * are agreements of two people, and those of one record agree little more often
 * together than any. A tile is compared one comparison after the other, its values at
 * hand. Where all pairs are few enough, tiles cover all of them.
 *
 * The levels of a pair never change, only how rare values are and which pairs blocking
 * finds; so a pair keeps no more than the number of its vector of levels, 4 bytes, and
 * vectors are kept once.
 */
#include "match/random.h"

#include <stdlib.h>

#define TILE 32
#define TILE_PAIRS (TILE * TILE)
#define NO_PAIR UINT32_MAX
#define FOUND (UINT32_C(1) << 31)	/* beside the number of a vector: blocking finds the pair */
#define EMPTY UINT32_MAX

/* Levels as a pattern has them. */
typedef struct Vector
{
	uint64_t	levels[2];
} Vector;

typedef struct Vectors
{
	Vector	   *vector;
	uint32_t	n,
				allocated;
	uint32_t   *slot;			/* hash table of their numbers */
	uint32_t	n_slots;
} Vectors;

struct CdpRandom
{
	bool		every;			/* tiles of all groups with all groups, each two once */
	int32_t		n_groups;
	int64_t		n_tiles;
	int32_t    *record;			/* by group, CDP_MISSING where it is not full */
	uint32_t   *pair;			/* by tile: number of its vector, or NO_PAIR */
	Vector	   *vector;
	uint32_t	n_vectors;
};

CdpRandom *
cdp_random_draw(int32_t n, int64_t most)
{
	CdpRandom  *r = calloc(1, sizeof(CdpRandom));
	uint64_t	state = 0;

	if (r == NULL)
		return NULL;
	r->every = (int64_t) n * (n - 1) / 2 <= most;
	if (r->every)
	{
		r->n_groups = (n + TILE - 1) / TILE;
		r->n_tiles = (int64_t) r->n_groups * (r->n_groups + 1) / 2;
	}
	else
	{
		r->n_tiles = (most + TILE_PAIRS - 1) / TILE_PAIRS;
		r->n_groups = 2 * r->n_tiles;
	}
	r->record = malloc((size_t) (r->n_groups > 0 ? r->n_groups : 1) * TILE * sizeof(int32_t));
	r->pair = malloc((size_t) (r->n_tiles > 0 ? r->n_tiles : 1) * TILE_PAIRS * sizeof(uint32_t));
	if (r->record == NULL || r->pair == NULL)
	{
		cdp_random_free(r);
		return NULL;
	}
	for (int32_t i = 0; i < r->n_groups * TILE; i++)
	{
		state += UINT64_C(0x9E3779B97F4A7C15);
		r->record[i] = !r->every ? (cdp_mix(state) >> 32) * n >> 32 : i < n ? i : CDP_MISSING;
	}
	return r;
}

void
cdp_random_free(CdpRandom *r)
{
	if (r == NULL)
		return;
	free(r->record);
	free(r->pair);
	free(r->vector);
	free(r);
}

/* The two groups of a tile. */
static void
groups_of(const CdpRandom *r, int64_t tile, const int32_t **a, const int32_t **b)
{
	int64_t		x = 2 * tile,
				y = 2 * tile + 1;

	if (r->every)
		for (x = 0, y = tile; y >= r->n_groups - x; x++)
			y -= r->n_groups - x;
	*a = r->record + x * TILE;
	*b = r->record + (r->every ? x + y : y) * TILE;
}

/* Is this pair of a tile one? */
static inline bool
is_pair(const CdpRandom *r, int32_t a, int32_t b)
{
	return r->every ? a >= 0 && a < b : a != b;
}

/* ---------------------------------------------------------------- levels */

static bool
grow_vectors(Vectors *v)
{
	uint32_t	slots = v->n_slots ? v->n_slots * 2 : 4096;
	uint32_t   *slot = malloc(slots * sizeof(uint32_t));
	Vector	   *vector = realloc(v->vector, slots / 2 * sizeof(Vector));

	if (vector)
		v->vector = vector;
	if (slot == NULL || vector == NULL)
	{
		free(slot);
		return false;
	}
	memset(slot, -1, slots * sizeof(uint32_t));
	for (uint32_t i = 0; i < v->n; i++)
	{
		uint32_t	at = cdp_mix(v->vector[i].levels[0] + cdp_mix(v->vector[i].levels[1])) & (slots - 1);

		while (slot[at] != EMPTY)
			at = (at + 1) & (slots - 1);
		slot[at] = i;
	}
	free(v->slot);
	v->slot = slot;
	v->n_slots = slots;
	v->allocated = slots / 2;
	return true;
}

/* The number of a vector; EMPTY: out of memory. */
static uint32_t
number_of(Vectors *v, const Vector *vector)
{
	uint32_t	at;

	if (v->n == v->allocated && !grow_vectors(v))
		return EMPTY;
	at = cdp_mix(vector->levels[0] + cdp_mix(vector->levels[1])) & (v->n_slots - 1);
	for (; v->slot[at] != EMPTY; at = (at + 1) & (v->n_slots - 1))
	{
		const Vector *other = &v->vector[v->slot[at]];

		if (other->levels[0] == vector->levels[0] && other->levels[1] == vector->levels[1])
			return v->slot[at];
	}
	v->vector[v->n] = *vector;
	v->slot[at] = v->n;
	return v->n++;
}

typedef struct Comparing
{
	CdpRandom  *random;
	const CdpModel *model;
	CdpScorer  *const *scorer;
	Vectors		vectors[CDP_MAX_THREADS];
} Comparing;

/* Asks for all that the records of a tile have, each kind before any of it is waited for. */
static void
fetch_tile(const Comparing *g, const int32_t *a, const int32_t *b)
{
	const CdpStore *store = cdp_scorer_store(g->scorer[0]);

	for (int step = 0; step < 3; step++)
		for (int i = 0; i < 2 * TILE; i++)
		{
			int32_t		record = i < TILE ? a[i] : b[i - TILE];

			if (record < 0)
				continue;
			if (step == 0)
				cdp_store_fetch_codes(store, record);
			else if (step == 1)
				cdp_store_fetch_values(store, record);
			else
				cdp_store_fetch_forms(store, record);
		}
}

static bool
compare_tile(void *state, int thread, int64_t tile)
{
	Comparing  *g = state;
	CdpRandom  *r = g->random;
	const int32_t *a,
			   *b;
	uint32_t   *pair = r->pair + tile * TILE_PAIRS;
	Vector		vector[TILE_PAIRS] = {0};
	bool		moved[TILE_PAIRS] = {false};

	groups_of(r, tile, &a, &b);
	fetch_tile(g, a, b);
	for (int c = 0; c < g->model->n; c++)
		for (int i = 0; i < TILE; i++)
			for (int j = 0; j < TILE; j++)
				if (is_pair(r, a[i], b[j]))
					cdp_levels_put(vector[i * TILE + j].levels, c,
								   cdp_level_beside(&g->model->comparison[c], cdp_scorer_level(g->scorer[thread], c, a[i], b[j]), &moved[i * TILE + j]));
	for (int i = 0; i < TILE_PAIRS; i++)
	{
		pair[i] = NO_PAIR;
		if (!is_pair(r, a[i / TILE], b[i % TILE]))
			continue;
		pair[i] = number_of(&g->vectors[thread], &vector[i]);
		if (pair[i] == EMPTY)
			return false;
		/* numbers are the thread's own, until all is known */
		pair[i] = pair[i] * CDP_MAX_THREADS + thread;
	}
	return true;
}

bool
cdp_random_compare(CdpRandom *r, const CdpModel *model, CdpScorer *const *scorer, CdpCrew *crew)
{
	Comparing  *g = calloc(1, sizeof(Comparing));
	uint32_t	before[CDP_MAX_THREADS];
	bool		fine;

	if (g == NULL)
		return false;
	g->random = r;
	g->model = model;
	g->scorer = scorer;
	fine = cdp_crew_run(crew, r->n_tiles, compare_tile, g);
	r->n_vectors = 0;
	for (int t = 0; t < CDP_MAX_THREADS; t++)
	{
		before[t] = r->n_vectors;
		r->n_vectors += g->vectors[t].n;
	}
	r->vector = malloc((r->n_vectors > 0 ? r->n_vectors : 1) * sizeof(Vector));
	fine = fine && r->vector != NULL;
	for (int t = 0; t < CDP_MAX_THREADS; t++)
	{
		if (fine && g->vectors[t].n > 0)
			memcpy(r->vector + before[t], g->vectors[t].vector, g->vectors[t].n * sizeof(Vector));
		free(g->vectors[t].vector);
		free(g->vectors[t].slot);
	}
	for (int64_t i = 0; fine && i < r->n_tiles * TILE_PAIRS; i++)
		if (r->pair[i] != NO_PAIR)
			r->pair[i] = before[r->pair[i] % CDP_MAX_THREADS] + r->pair[i] / CDP_MAX_THREADS;
	free(g);
	return fine;
}

/* ---------------------------------------------------------------- what blocking finds */

void
cdp_random_unmark(CdpRandom *r)
{
	for (int64_t i = 0; i < r->n_tiles * TILE_PAIRS; i++)
		if (r->pair[i] != NO_PAIR)
			r->pair[i] &= ~FOUND;
}

typedef struct Marking
{
	CdpRandom  *random;
	const CdpBlocker *blocker;
} Marking;

static bool
mark_tile(void *state, int thread, int64_t tile)
{
	Marking    *g = state;
	const CdpBlocker *blocker = g->blocker;
	const int32_t *a,
			   *b;
	uint32_t   *pair = g->random->pair + tile * TILE_PAIRS;

	groups_of(g->random, tile, &a, &b);
	for (int i = 0; i < TILE_PAIRS; i++)
		if (pair[i] != NO_PAIR && cdp_found_before(blocker, blocker->first + blocker->n_group, a[i / TILE], b[i % TILE]))
			pair[i] |= FOUND;
	return true;
}

bool
cdp_random_mark(CdpRandom *r, const CdpBlocker *blocker, CdpCrew *crew)
{
	Marking		g = {.random = r, .blocker = blocker};

	return cdp_crew_run(crew, r->n_tiles, mark_tile, &g);
}

/* ---------------------------------------------------------------- patterns */

typedef struct CountingRandom
{
	CdpRandom  *random;
	const CdpModel *model;
	CdpScorer  *const *scorer;
	uint8_t   (*level)[CDP_MAX_COMPARISONS];	/* by vector, without what is ignored */
	bool	   *rare;			/* by vector: values agree, and how rare they are differs by pair */
	uint32_t   *count[CDP_MAX_THREADS];	/* of pairs by vector, where no values agree */
	CdpPatterns patterns[CDP_MAX_THREADS];	/* of the others */
} CountingRandom;

static bool
count_tile(void *state, int thread, int64_t tile)
{
	CountingRandom *g = state;
	const int32_t *a,
			   *b;
	const uint32_t *pair = g->random->pair + tile * TILE_PAIRS;
	uint32_t   *count = g->count[thread];

	if (count == NULL)
		count = g->count[thread] = calloc(g->random->n_vectors, sizeof(uint32_t));
	if (count == NULL)
		return false;
	groups_of(g->random, tile, &a, &b);
	for (int i = 0; i < TILE_PAIRS; i++)
	{
		uint32_t	v = pair[i];

		if (v & FOUND)
			continue;
		if (g->rare[v])
		{
			double		rarity[CDP_RELATIONS];
			CdpPattern	p;

			cdp_scorer_rarity(g->scorer[thread], a[i / TILE], b[i % TILE], g->level[v], rarity);
			cdp_pattern_make(&p, g->model, g->level[v], rarity);
			if (!cdp_patterns_add(&g->patterns[thread], &p))
				return false;
		}
		else
			count[v]++;
	}
	return true;
}

bool
cdp_random_count(CdpRandom *r, const CdpModel *model, CdpScorer *const *scorer, CdpCrew *crew, CdpPatterns *out)
{
	static const double nothing[CDP_RELATIONS];
	CountingRandom *g = calloc(1, sizeof(CountingRandom));
	bool		fine = g != NULL;

	if (!fine)
		return false;
	g->random = r;
	g->model = model;
	g->scorer = scorer;
	g->level = calloc(r->n_vectors > 0 ? r->n_vectors : 1, CDP_MAX_COMPARISONS);
	g->rare = calloc(r->n_vectors > 0 ? r->n_vectors : 1, sizeof(bool));
	fine = g->level && g->rare;
	for (uint32_t v = 0; fine && v < r->n_vectors; v++)
		for (int c = 0; c < model->n; c++)
		{
			const CdpComparison *k = &model->comparison[c];
			int			level = cdp_levels_get(r->vector[v].levels, c);

			if (k->ignored || level == 0)
				continue;
			g->level[v][c] = level;
			g->rare[v] |= k->info->levels[level - 1].frequency != 0;
		}
	fine = fine && cdp_crew_run(crew, r->n_tiles, count_tile, g);
	for (int t = 0; t < CDP_MAX_THREADS; t++)
	{
		CdpPattern	p;

		for (uint32_t v = 0; fine && g->count[t] && v < r->n_vectors; v++)
			if (g->count[t][v] > 0)
			{
				cdp_pattern_make(&p, model, g->level[v], nothing);
				p.count = g->count[t][v];
				fine = cdp_patterns_add(out, &p);
			}
		fine = fine && cdp_patterns_merge(out, &g->patterns[t]);
		free(g->count[t]);
		cdp_patterns_free(&g->patterns[t]);
	}
	free(g->level);
	free(g->rare);
	free(g);
	return fine;
}
