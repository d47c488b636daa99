/*
 * relation.c
 *	  What two people in a relation have in common.
 *
 * The relations (model.h) are told from matches by what they cannot share, so most of
 * their parameters are tied: whatever a relation does not make alike agrees as by chance.
 * What it does is assumed first (the tables below: common knowledge of homes and places,
 * not of any data set) and then fitted with the rest, by EM.
 *
 *	 area		city, postal code, state, country
 *	 household	all of that, street, telephone, at times a mailbox or somebody's number; family names as seen
 *				in the data; a given name when a child is named after a parent, at most
 *				MAX_NAMED_AFTER; a birth date only among twins
 *	 namesake	both names agree or nearly do, the more seldom the rarer the family name; then
 *				gender does, and mailboxes, made of the name, look alike
 */
#include "match/train.h"

#define lengthof(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define MAX_NAMED_AFTER .05
#define MAX_TWINS .03

/* How often the best level is reached, where a relation makes values alike. */
static const struct
{
	CdpMeasure	measure;
	CdpRelation relation;
	double		agrees;
	double		most;
}			likeness[] = {
	{CDP_MEASURE_CITY, CDP_AREA, .9, 1},
	{CDP_MEASURE_POSTAL_CODE, CDP_AREA, .3, 1},
	{CDP_MEASURE_CITY, CDP_HOUSEHOLD, .97, 1},
	{CDP_MEASURE_POSTAL_CODE, CDP_HOUSEHOLD, .95, 1},
	{CDP_MEASURE_STREET, CDP_HOUSEHOLD, .9, 1},
	{CDP_MEASURE_PHONE, CDP_HOUSEHOLD, .4, 1},
	{CDP_MEASURE_EMAIL, CDP_HOUSEHOLD, .05, .5},
	/* a parent's number on a child's form */
	{CDP_MEASURE_ID, CDP_HOUSEHOLD, .005, .1},
	{CDP_MEASURE_BIRTH_DATE, CDP_HOUSEHOLD, .01, MAX_TWINS},
	{CDP_MEASURE_EMAIL, CDP_NAMESAKE, .001, .01},
};

/* How often the best level is assumed to be reached; negative: as by chance. */
static double
assumed(const CdpComparison *k, CdpRelation relation, double *most)
{
	*most = 1;
	if (k->measure == CDP_MEASURE_CODE)
		return k->is_place ? (relation == CDP_NAMESAKE ? -1 : .97) : (relation == CDP_NAMESAKE ? .98 : -1);
	for (int i = 0; i < lengthof(likeness); i++)
		if (likeness[i].measure == k->measure && likeness[i].relation == relation)
		{
			*most = likeness[i].most;
			return likeness[i].agrees;
		}
	return -1;
}

/* ---------------------------------------------------------------- names */

/* How a part of the name agrees in a level of person_name. */
typedef enum Part
{
	ABSENT,
	EXACT,
	NEAR,
	ELSE
} Part;

static Part
part_of(const char *name, size_t len)
{
	if (len == 5 && memcmp(name, "exact", len) == 0)
		return EXACT;
	if (len == 4 && memcmp(name, "else", len) == 0)
		return ELSE;
	return NEAR;
}

/* Levels are called given_family, or by one word for both; swapped is near, and so is what a mailbox does not spell. */
static void
name_parts(const CdpLevel *level, Part *given, Part *family)
{
	const char *name = level->name + (level->present == CDP_SPELLED ? strlen("mail_") : 0);
	const char *bar = strchr(name, '_');

	*given = *family = ABSENT;
	if (level->present == 1)
		*given = bar ? part_of(bar + 1, strlen(bar + 1)) : NEAR;
	else if (level->present == 2)
		*family = bar ? part_of(bar + 1, strlen(bar + 1)) : NEAR;
	else if (bar == NULL)
		*given = *family = part_of(name, strlen(name));
	else
	{
		*given = part_of(name, bar - name);
		*family = part_of(bar + 1, strlen(bar + 1));
	}
}

/*
 * What a mailbox spells of the name of another in the household. Who is named after
 * another has a mailbox like his. With others it spells the family name, when that is the
 * same and mailboxes are named after it, and of the given name what strangers of one
 * family name would find.
 */
static void
fit_household_mailbox(CdpComparison *k, double same_name, double same_family)
{
	const double *by_chance = k->u[CDP_CHANCE];
	double		chance[2] = {0},
				share[2] = {0};
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
		if (k->info->levels[l - 1].present == CDP_SPELLED)
		{
			name_parts(&k->info->levels[l - 1], &given, &family);
			chance[family == EXACT] += by_chance[l];
			share[family == EXACT] += k->m[l];
		}
	share[true] *= same_family;
	share[false] = 1 - share[true];
	for (int l = 1; l <= k->info->n_levels; l++)
		if (k->info->levels[l - 1].present == CDP_SPELLED)
		{
			name_parts(&k->info->levels[l - 1], &given, &family);
			k->u[CDP_HOUSEHOLD][l] = same_name * k->m[l] + (1 - same_name) * share[family == EXACT] * by_chance[l] / chance[family == EXACT];
		}
}

/*
 * Names in a household: family names agree as seen, given names as by chance but for
 * those named after another.
 */
static void
fit_household_names(CdpComparison *k, const double *seen)
{
	double		given_seen[4] = {0},
				family_seen[4] = {0},
				family_is[4],
				chance[4][4] = {{0}},	/* by given and family */
				given_chance[4] = {0};
	double		named_after,
				n = 0;
	double	   *u = k->u[CDP_HOUSEHOLD];
	const double *by_chance = k->u[CDP_CHANCE];
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		if (k->info->levels[l - 1].present == CDP_SPELLED)
			continue;
		name_parts(&k->info->levels[l - 1], &given, &family);
		chance[given][family] += by_chance[l];
		if (k->info->levels[l - 1].present == 3)
		{
			given_seen[given] += seen[l];
			given_chance[given] += by_chance[l];
			n += seen[l];
		}
		if (family != ABSENT)
			family_seen[family] += seen[l];
	}
	named_after = (given_seen[EXACT] + .01 * CDP_PRIOR_PAIRS) / (n + CDP_PRIOR_PAIRS);
	if (named_after > MAX_NAMED_AFTER)
		named_after = MAX_NAMED_AFTER;
	n = family_seen[EXACT] + family_seen[NEAR] + family_seen[ELSE];
	family_is[EXACT] = (family_seen[EXACT] + .7 * CDP_PRIOR_PAIRS) / (n + CDP_PRIOR_PAIRS);
	family_is[NEAR] = (family_seen[NEAR] + .02 * CDP_PRIOR_PAIRS) / (n + CDP_PRIOR_PAIRS);
	family_is[ELSE] = 1 - family_is[EXACT] - family_is[NEAR];
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		double		given_is;

		if (k->info->levels[l - 1].present == CDP_SPELLED)
			continue;
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (family == ABSENT)
			given_is = given == EXACT ? named_after + by_chance[l] : by_chance[l];
		else if (given == ABSENT)
			given_is = 1;
		else
			given_is = given == EXACT ? named_after : (1 - named_after) * given_chance[given] / (given_chance[NEAR] + given_chance[ELSE]);
		/* levels that are alike in both parts share what falls to them as they do by chance */
		u[l] = given_is;
		if (family != ABSENT)
			u[l] *= family_is[family] * by_chance[l] / chance[given][family];
	}
	fit_household_mailbox(k, named_after * family_is[EXACT], family_is[EXACT]);
}

/* Namesakes have names that agree at least nearly, as they do by chance. */
static void
fit_namesake_names(CdpComparison *k)
{
	double		sum[CDP_SPELLED + 1] = {0};
	double	   *u = k->u[CDP_NAMESAKE];
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (given != ELSE && family != ELSE)
			sum[k->info->levels[l - 1].present] += k->u[CDP_CHANCE][l];
	}
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (k->info->levels[l - 1].present == CDP_SPELLED)
			u[l] = k->m[l];
		else
			u[l] = given != ELSE && family != ELSE ? .98 * k->u[CDP_CHANCE][l] / sum[k->info->levels[l - 1].present]
			: .02 * k->u[CDP_CHANCE][l];
	}
}

/* ---------------------------------------------------------------- fitting */

/*
 * Shares of the levels of each class: as seen, with the prior counting for prior_pairs
 * and every level for at least so many pairs (NULL: none).
 */
void
cdp_model_normalise(CdpComparison *k, const double *seen, const double *prior, double prior_pairs, const double *least, double *out)
{
	double		n[CDP_MAX_LEVELS + 1];

	for (int l = 1; l <= k->info->n_levels; l++)
		n[l] = least && seen[l] < least[l] ? least[l] : seen[l];
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		double		sum = 0,
					prior_sum = 0;

		for (int o = 1; o <= k->info->n_levels; o++)
			if (k->info->levels[o - 1].present == k->info->levels[l - 1].present)
			{
				sum += n[o];
				prior_sum += prior[o];
			}
		out[l] = (n[l] + prior_pairs * prior[l] / prior_sum) / (sum + prior_pairs);
	}
}

/*
 * u of a comparison in a relation from the (expected) pairs seen per level; u of chance
 * must be fitted before. seen all zero gives what is assumed.
 */
void
cdp_relation_fit(CdpComparison *k, CdpRelation relation, const double *seen)
{
	double		most;
	double		agrees = assumed(k, relation, &most);
	double		prior[CDP_MAX_LEVELS + 1];
	const double *by_chance = k->u[CDP_CHANCE];
	double	   *u = k->u[relation];

	k->shared[relation] = 0;
	if (k->measure == CDP_MEASURE_PERSON_NAME && relation == CDP_HOUSEHOLD)
	{
		k->shared[relation] = 3;
		fit_household_names(k, seen);
	}
	else if (k->measure == CDP_MEASURE_PERSON_NAME && relation == CDP_NAMESAKE)
	{
		/* names of one family have one origin, so a rare given name says less beside a rare family name */
		k->shared[relation] = 1;
		fit_namesake_names(k);
	}
	else if (agrees < 0)
		memcpy(u, by_chance, sizeof(k->u[relation]));
	else
	{
		k->shared[relation] = relation != CDP_NAMESAKE;
		for (int l = 1; l <= k->info->n_levels; l++)
			prior[l] = l == 1 ? agrees : (1 - agrees) * by_chance[l] / (1 - by_chance[1]);
		cdp_model_normalise(k, seen, prior, CDP_PRIOR_PAIRS, NULL, u);
		if (u[1] > most)
		{
			for (int l = 2; l <= k->info->n_levels; l++)
				u[l] *= (1 - most) / (1 - u[1]);
			u[1] = most;
		}
	}
}

/* The documented defaults of a model whose comparisons have measure, columns and is_place set. */
void
cdp_model_defaults(CdpModel *model, const CdpStore *store)
{
	static const double nothing[CDP_MAX_LEVELS + 1];
	double		n = store->n > 2 ? store->n : 3;

	for (int c = 0; c < model->n; c++)
	{
		CdpComparison *k = &model->comparison[c];

		for (int l = 1; l <= k->info->n_levels; l++)
		{
			k->m[l] = k->info->levels[l - 1].m;
			k->u[CDP_CHANCE][l] = k->info->levels[l - 1].u;
		}
		for (int j = 1; j < CDP_RELATIONS; j++)
			cdp_relation_fit(k, j, nothing);
	}
	/* every second record has a partner, and somebody at home */
	model->lambda = 1 / n;
	model->share[CDP_AREA] = .01;
	model->share[CDP_HOUSEHOLD] = 1 / n;
	model->share[CDP_NAMESAKE] = 1 / n;
	model->share[CDP_CHANCE] = 1 - model->share[CDP_AREA] - model->share[CDP_HOUSEHOLD] - model->share[CDP_NAMESAKE];
}
