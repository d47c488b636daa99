/*
 * origin.c
 *	  Where names come from: how often given and family names go together.
 *
 * Two Kowalskis are more often both called Agnieszka than two people are: where names of
 * several languages meet, the rarities of a given and a family name, multiplied, take a name
 * for many times rarer than it is. A latent class model (Lazarsfeld and Henry 1968) tells
 * by how much: a person is of one of ORIGINS origins, and given that, the two names say
 * nothing of each other,
 *
 *	 P(given, family) = sum over k: P(k) P(given | k) P(family | k),
 *
 * learned by EM from all records with both. Nobody says what the origins are; they come out
 * as languages, mostly, and where all names are of one language they change little.
 *
 * Of a name its P(k | name) is kept, with PRIOR people of the average before it. Two
 * names go together P(given, family) / (P(given) P(family)) = sum of P(k | given)
 * P(k | family) / P(k) times as often as chance has it. What of that the level "both the
 * same" has in its u already is the average over pairs of people who share both: so the
 * factor is divided by it. Both divisors are put into the numbers that are kept,
 * P(k | name) / sqrt(P(k) average), a byte each with UNIT for 1, and the factor is a sum of
 * products of whole numbers, the same wherever it is computed.
 */
#include "match/origin.h"

#include <math.h>
#include <stdlib.h>

#define ORIGINS 8
#define ITERATIONS 15
#define MIN_NAMES 5000			/* records: of fewer nothing is learned */
#define SMOOTHING .1f			/* people of the average before a name's first, while learning */
#define PRIOR 4.0f				/* and afterwards */
#define UNIT 40
#define LEAST .1				/* names that never go together are no rarer than that */

typedef float Origins[ORIGINS];

typedef struct Names
{
	const CdpStore *store;
	int			column[2];		/* given, family */
	int32_t    *record;			/* that have both */
	int32_t		n;
	Origins    *people[2];		/* by code: of each origin */
	Origins    *next[2];
	Origins		all;			/* shares */
} Names;

double
cdp_origins_together(uint64_t given, uint64_t family)
{
	typedef uint8_t Bytes __attribute__((vector_size(8)));
	typedef uint16_t Products __attribute__((vector_size(16)));
	typedef uint32_t Sums __attribute__((vector_size(32)));
	Sums		sums;
	uint32_t	sum = 0;
	double		together;

	if (given == 0)
		given = family;
	if (family == 0)
		family = given;
	if (given == 0)
		return 1;
	sums = __builtin_convertvector(__builtin_convertvector((Bytes) given, Products) * __builtin_convertvector((Bytes) family, Products), Sums);
	for (int k = 0; k < ORIGINS; k++)
		sum += sums[k];
	together = sum * (1.0 / (UNIT * UNIT));
	return together < LEAST ? LEAST : together;
}

static inline const int32_t *
codes_of(const Names *names, int32_t i)
{
	return cdp_store_codes(names->store, names->record[i]);
}

/* Where to begin: each family name somewhere, mostly. */
static void
guess(int32_t family, Origins share)
{
	uint64_t	h = cdp_mix(family + UINT64_C(0x9E3779B97F4A7C15));
	float		sum = 0;

	for (int k = 0; k < ORIGINS; k++)
	{
		float		x;

		h = cdp_mix(h + k + 1);
		x = (h >> 40) / 16777216.0f;
		share[k] = x * x * x + .001f;
		sum += share[k];
	}
	for (int k = 0; k < ORIGINS; k++)
		share[k] /= sum;
}

/* Of which origin a person of two names is. */
static void
expect(const Names *names, int32_t given, int32_t family, Origins share)
{
	const float *g = names->people[0][given],
			   *f = names->people[1][family];
	float		sum = 0;

	for (int k = 0; k < ORIGINS; k++)
	{
		share[k] = (g[k] + SMOOTHING * names->all[k]) * (f[k] + SMOOTHING * names->all[k]) / (names->all[k] + 1e-6f);
		sum += share[k];
	}
	for (int k = 0; k < ORIGINS; k++)
		share[k] /= sum;
}

/* One round of EM: everybody's expected origin, counted. */
static void
count_people(Names *names, bool first)
{
	double		sum[ORIGINS] = {0};

	for (int side = 0; side < 2; side++)
		memset(names->next[side], 0, names->store->column[names->column[side]].n_values * sizeof(Origins));
	for (int32_t i = 0; i < names->n; i++)
	{
		const int32_t *codes = codes_of(names, i);
		int32_t		given = codes[names->column[0]],
					family = codes[names->column[1]];
		Origins		share;

		if (first)
			guess(family, share);
		else
			expect(names, given, family, share);
		for (int k = 0; k < ORIGINS; k++)
		{
			names->next[0][given][k] += share[k];
			names->next[1][family][k] += share[k];
			sum[k] += share[k];
		}
	}
	for (int k = 0; k < ORIGINS; k++)
		names->all[k] = sum[k] / names->n;
	for (int side = 0; side < 2; side++)
	{
		Origins    *now = names->next[side];

		names->next[side] = names->people[side];
		names->people[side] = now;
	}
}

/* How much more often names go together than by chance, over people who share both. */
static double
average(const Names *names)
{
	double		chance[2] = {0, 0},
				both = 0;

	for (int32_t i = 0; i < names->n; i++)
	{
		const int32_t *codes = codes_of(names, i);
		double		together = 0,
					count[2] = {0, 0};

		for (int side = 0; side < 2; side++)
			for (int k = 0; k < ORIGINS; k++)
				count[side] += names->people[side][codes[names->column[side]]][k];
		for (int k = 0; k < ORIGINS; k++)
			together += (double) names->next[0][codes[names->column[0]]][k] * names->next[1][codes[names->column[1]]][k] / fmax(names->all[k], 1e-3);
		both += count[0] * count[1] * together;
		for (int side = 0; side < 2; side++)
			chance[side] += count[side];
	}
	return both * names->n / (chance[0] * chance[1]);
}

/* P(k | name) into next. */
static void
smooth(Names *names)
{
	for (int side = 0; side < 2; side++)
		for (int32_t v = 0; v < names->store->column[names->column[side]].n_values; v++)
		{
			const float *people = names->people[side][v];
			float		sum = PRIOR;

			for (int k = 0; k < ORIGINS; k++)
				sum += people[k];
			for (int k = 0; k < ORIGINS; k++)
				names->next[side][v][k] = (people[k] + PRIOR * names->all[k]) / sum;
		}
}

static void
keep(const Names *names, CdpColumn *column, int side, double usual)
{
	for (int32_t v = 0; v < column->n_values; v++)
	{
		uint64_t	origins = 0;

		for (int k = 0; k < ORIGINS; k++)
		{
			double		x = rint(UNIT * names->next[side][v][k] / sqrt(fmax(names->all[k], 1e-3) * usual));

			origins |= (uint64_t) (x > 255 ? 255 : x) << 8 * k;
		}
		column->origins[v] = origins;
	}
}

static bool
learn(CdpStore *store, int given, int family)
{
	Names		names = {.store = store, .column = {given, family}};
	bool		fine;

	for (int side = 0; side < 2; side++)
	{
		free(store->column[names.column[side]].origins);
		store->column[names.column[side]].origins = NULL;
	}
	names.record = malloc(((size_t) store->n + 1) * sizeof(int32_t));
	fine = names.record != NULL;
	for (int32_t i = 0; fine && i < store->n; i++)
	{
		const int32_t *codes = cdp_store_codes(store, i);

		if (codes[given] >= 0 && codes[family] >= 0 && !cdp_is_mailbox(&store->column[family].value[codes[family]]))
			names.record[names.n++] = i;
	}
	if (fine && names.n >= MIN_NAMES)
	{
		for (int side = 0; side < 2; side++)
		{
			CdpColumn  *column = &store->column[names.column[side]];

			names.people[side] = malloc(column->n_values * sizeof(Origins));
			names.next[side] = malloc(column->n_values * sizeof(Origins));
			column->origins = calloc(column->a_values, sizeof(uint64_t));
			fine = fine && names.people[side] && names.next[side] && column->origins;
		}
		if (fine)
		{
			double		usual;

			for (int i = 0; i <= ITERATIONS; i++)
				count_people(&names, i == 0);
			smooth(&names);
			usual = average(&names);
			for (int side = 0; side < 2; side++)
				keep(&names, &store->column[names.column[side]], side, usual);
		}
	}
	for (int side = 0; side < 2; side++)
	{
		free(names.people[side]);
		free(names.next[side]);
	}
	free(names.record);
	return fine;
}

bool
cdp_store_learn_origins(CdpStore *store, const CdpModel *model)
{
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];

		if (k->measure == CDP_MEASURE_PERSON_NAME && !k->ignored && !learn(store, k->column[0], k->column[1]))
			return false;
	}
	return true;
}
