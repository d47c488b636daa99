/*
 * repeat.c
 *	  Comparisons that repeat another one.
 *
 * The same field mapped twice, a name that is also a free text, a city that follows from
 * the postal code: counted as if independent they would double their weight. Their
 * levels have most of their information in common, among strangers or in matches, or the
 * one's values hold the other's. The more particular of the two stays: the lower measure,
 * then the first.
 */
#include "match/train.h"

#include <stdlib.h>

#define REPEATS 0.7				/* comparisons that have so much of their information in common are one */
#define OF_ALL .75				/* of that, with as many of the others, is in common with all who write badly throughout */
#define UNKNOWN (-1)
#define MOST_ALONE .25			/* where one is more often there without the other it has something to say */

/* Expected pairs by the levels of two comparisons; [0]: missing. */
typedef double Table[CDP_MAX_LEVELS + 1][CDP_MAX_LEVELS + 1];

/*
 * The mutual information of the levels of two comparisons, as a share of the lesser entropy.
 * None where agreement on one makes agreement on the other less likely: of records with one
 * slip each, the slip is here or there, and that is two comparisons, not one.
 */
static double
common_information(Table joint)
{
	double		of_a[CDP_MAX_LEVELS + 1] = {0},
				of_b[CDP_MAX_LEVELS + 1] = {0};
	double		n = 0,
				information = 0,
				entropy_a = 0,
				entropy_b = 0,
				most_a = 0,
				most_b = 0,
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
		}
	for (int x = 1; x <= CDP_MAX_LEVELS; x++)
	{
		most_a = fmax(most_a, of_a[x]);
		most_b = fmax(most_b, of_b[x]);
	}
	/* a few pairs prove nothing */
	if (n - fmax(most_a, most_b) < CDP_ENOUGH_PAIRS || alone > MOST_ALONE * n)
		return UNKNOWN;
	if (joint[1][1] * n <= of_a[1] * of_b[1])
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

	/* mailboxes are made of names, and who has which of them is still to be told */
	if (big->info->n_inputs > 1 || big->measure == CDP_MEASURE_EMAIL)
		return false;
	for (int64_t i = 0; i < store->n && both < 4 * CDP_ENOUGH_PAIRS; i++)
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
	return both >= CDP_ENOUGH_PAIRS && held >= REPEATS * both;
}

/* Of the table of two comparisons. */
static inline int
place(const CdpModel *model, int a, int b)
{
	return a < b ? a * model->n + b : b * model->n + a;
}

/*
 * How much of their information two comparisons have in common in matches, if it is theirs alone. Who
 * writes badly does so throughout, and then any two agree and differ together: what two have in common
 * with nearly all others, too, is that.
 */
static double
common_in_matches(const CdpModel *model, Table *matches, int a, int b)
{
	double		common = common_information(matches[place(model, a, b)]);
	int			others = 0,
				alike = 0;

	for (int c = 0; c < model->n && common >= REPEATS; c++)
	{
		double		with_a = c == a ? UNKNOWN : common_information(matches[place(model, a, c)]),
					with_b = c == b ? UNKNOWN : common_information(matches[place(model, b, c)]);

		if (c == a || c == b || model->comparison[c].ignored || fmax(with_a, with_b) == UNKNOWN)
			continue;
		others++;
		alike += fmax(with_a, with_b) >= OF_ALL * common;
	}
	return alike > 1 && alike >= OF_ALL * others ? 0 : common;
}

/*
 * Marks the comparisons that repeat another one as ignored, by the patterns that em has
 * learned from. False: out of memory.
 */
bool
cdp_ignore_repetitions(const CdpStore *store, const CdpEm *em, bool *any)
{
	CdpModel   *model = em->model;
	Table	   *strangers = calloc((size_t) model->n * model->n, sizeof(Table));
	Table	   *matches = calloc((size_t) model->n * model->n, sizeof(Table));

	/* who only has a group in common: of two things that it decides one is enough */
	bool		group = cdp_area_is_group(model);

	*any = false;
	for (int set = 0; set < 2 && strangers && matches; set++)
	{
		const CdpPatterns *patterns = set ? em->random : em->candidates;

		for (uint32_t i = 0; i < patterns->n_slots; i++)
		{
			const CdpPattern *p = &patterns->slot[i];
			double		relation[CDP_RELATIONS];
			double		count = p->count * (set ? em->each : em->thin);
			double		match;

			if (p->count == 0)
				continue;
			match = cdp_pattern_shares(p, model, relation);
			for (int a = 0; a < model->n; a++)
				for (int b = a + 1; b < model->n; b++)
				{
					int			x = cdp_level_alone(&model->comparison[a], cdp_pattern_level(p, a)),
								y = cdp_level_alone(&model->comparison[b], cdp_pattern_level(p, b));

					strangers[a * model->n + b][x][y] += count * (relation[CDP_CHANCE] + (group ? relation[CDP_AREA] : 0));
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
			double		common = common_information(strangers[a * model->n + b]);

			/* who moves takes all of the address along: in matches its parts agree together and yet do not repeat each other */
			if (!cdp_is_address(x) || !cdp_is_address(y))
				common = fmax(common, common_in_matches(model, matches, a, b));
			if (x->ignored || y->ignored ||
				(common < REPEATS &&
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
