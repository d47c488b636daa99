/*
 * relation.c
 *	  What two people in a relation have in common.
 *
 * The relations (model.h) are told from matches by what they cannot share, so most of
 * their parameters are tied: whatever a relation does not make alike agrees as by chance.
 * What it does is assumed first (the tables below: common knowledge of homes and places,
 * not of any data set) and then fitted with the rest, by EM.
 *
 *	 area		city, postal code, state, country; where no addresses are compared it is a group, a team or a
 *				firm, and what that shares is seen in the data
 *	 household	all of that, street, telephone, at times a mailbox or somebody's number; one family name or
 *				two, as seen in the data; the employer and the like, once that is seen
 *	 namesake	both names agree or nearly do, the more seldom the rarer the family name; then
 *				gender does, and mailboxes, made of the name, look alike
 *	 twins		a household in which the birth date is one date written down twice, and given names
 *				are two: nobody gives twins one name
 *	 named after	a household in which the name is one name written down twice, as of father and son
 *	 kin			the family name agrees or nearly does, and mailboxes made of it look alike
 *
 * What one date, one name or one address written down twice looks like is known from
 * matches: people of one home move together, so their records agree on the address as
 * those of one person do. And a home is a home: twins and namesakes of one house learn
 * what else it shares together with all others of it. So these relations add nothing that
 * could be fitted to but how many there are; and where little is compared that could take
 * the place of how many matches there are, so it is bounded (em.c), as is what one person's
 * records can differ in.
 */
#include "match/train.h"

#define lengthof(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define MOST_OTHER_GIVEN .1	/* of the records of one person, however bad the data */
#define MOST_OTHER_NAME .05
#define MOST_SIMILAR .5			/* of those nearly the same */
#define MOST_OTHER_BIRTH_DATE .25
#define MOST_OTHER_GENERATION .002
/* Of how often two people have one given name: who is named after another at home is a relation of its own. */
#define SAME_NAME_TWINS .01
#define SAME_NAME_HOME .35

/* How often the best level is assumed to be reached, where a relation makes values alike. */
static const struct
{
	CdpMeasure	measure;
	CdpRelation relation;
	double		agrees;
}			likeness[] = {
	{CDP_MEASURE_CITY, CDP_AREA, .9},
	{CDP_MEASURE_POSTAL_CODE, CDP_AREA, .3},
	{CDP_MEASURE_CITY, CDP_HOUSEHOLD, .97},
	{CDP_MEASURE_POSTAL_CODE, CDP_HOUSEHOLD, .95},
	{CDP_MEASURE_STREET, CDP_HOUSEHOLD, .9},
	{CDP_MEASURE_PHONE, CDP_HOUSEHOLD, .4},
	{CDP_MEASURE_EMAIL, CDP_HOUSEHOLD, .05},
	/* a parent's number on a child's form; in some data every number is a family's, a policy or a card */
	{CDP_MEASURE_ID, CDP_HOUSEHOLD, .005},
	{CDP_MEASURE_EMAIL, CDP_NAMESAKE, .001},
	/* Sr and Jr are there to tell them apart */
	{CDP_MEASURE_GENERATION, CDP_NAMED_AFTER, .05},
	{CDP_MEASURE_EMAIL, CDP_KIN, .001},
};

/*
 * How often two people in a relation have such values at most, whatever EM makes of the data:
 * who have one name may have mailboxes that look alike, but not the same ones.
 */
static const struct
{
	CdpMeasure	measure;
	CdpRelation relation;
	const char *level;
	double		most;
}			bounds[] = {
	{CDP_MEASURE_EMAIL, CDP_NAMESAKE, "exact", .01},
	{CDP_MEASURE_EMAIL, CDP_NAMESAKE, "same_local", .05},
	{CDP_MEASURE_EMAIL, CDP_KIN, "exact", .01},
	{CDP_MEASURE_EMAIL, CDP_KIN, "same_local", .05},
	{CDP_MEASURE_GENERATION, CDP_NAMED_AFTER, "exact", .5},
};

/*
 * May those who are at one place share it although homes mostly do not: an employer, a school, a
 * class, a wedding day? Then a firm is a home whose people have names of their own.
 */
static inline bool
may_be_of_home(const CdpComparison *k)
{
	return k->measure == CDP_MEASURE_NAME || k->measure == CDP_MEASURE_TEXT || k->measure == CDP_MEASURE_NUMBER || k->measure == CDP_MEASURE_DATE;
}

/* Of a group that is no home whatever it has in common is its own, its number too. */
static inline bool
may_be_of_group(const CdpComparison *k)
{
	return may_be_of_home(k) || k->measure == CDP_MEASURE_ID;
}

static inline bool
is_home(CdpRelation relation)
{
	return relation == CDP_HOUSEHOLD || relation == CDP_TWINS || relation == CDP_NAMED_AFTER;
}

/* What a relation is not assumed to share, but may be seen to. */
static inline bool
may_share(const CdpComparison *k, CdpRelation relation)
{
	return is_home(relation) ? may_be_of_home(k) : relation == CDP_AREA && may_be_of_group(k);
}

/* A part of an address. */
bool
cdp_is_address(const CdpComparison *k)
{
	return k->measure == CDP_MEASURE_STREET || k->measure == CDP_MEASURE_POSTAL_CODE || k->measure == CDP_MEASURE_CITY || k->is_place;
}

/* Where no addresses are compared there are no places, and people of one area are those of one group: a team, a firm. */
bool
cdp_area_is_group(const CdpModel *model)
{
	for (int c = 0; c < model->n; c++)
		if (cdp_is_address(&model->comparison[c]) && !model->comparison[c].ignored)
			return false;
	return true;
}

/* What two people have in common does not hang on it whether one has moved. */
static void
alike_after_move(const CdpComparison *k, double *of_level)
{
	for (int l = 1; l <= k->moved; l++)
		of_level[l + k->moved] = of_level[l];
}

static bool
has_measure(const CdpModel *model, CdpMeasure measure)
{
	for (int c = 0; c < model->n; c++)
		if (model->comparison[c].measure == measure && !model->comparison[c].ignored)
			return true;
	return false;
}

/* Two records without names of people have no home: two shops of one street share what they do. */
static inline bool
has_people(const CdpModel *model)
{
	return has_measure(model, CDP_MEASURE_PERSON_NAME);
}

/*
 * Sets the levels of comparisons whose measure and is_place are known; conditions have their
 * own. People move, so the parts of their addresses after the first have levels for that. A
 * shop elsewhere is another shop. With a store only what it has values of is compared.
 */
void
cdp_model_open(CdpModel *model, const CdpStore *store)
{
	bool		people = false,
				second = false;

	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];

		people |= k->measure == CDP_MEASURE_PERSON_NAME &&
			(store == NULL || store->column[k->column[0]].n_values > 0 || store->column[k->column[1]].n_values > 0);
	}
	for (int c = 0; c < model->n; c++)
	{
		CdpComparison *k = &model->comparison[c];

		k->apart = k->moved = 0;
		if (k->measure == CDP_MEASURE_SQL)
			continue;
		k->info = cdp_measure_info(k->measure);
		if (!cdp_is_address(k) || !people)
			continue;
		k->apart = k->info->n_levels;
		if (second)
		{
			k->moved = k->apart;
			k->info = cdp_measure_info_moved(k->measure);
		}
		second = true;
	}
}

/* Is it learned whether a relation shares it? Of a home no date is that may be of birth, whatever it is called. */
static bool
is_learned(const CdpModel *model, const CdpComparison *k, CdpRelation relation)
{
	if (!may_share(k, relation) || !has_people(model))
		return false;
	if (relation == CDP_AREA)
		return cdp_area_is_group(model);
	return k->measure != CDP_MEASURE_DATE || has_measure(model, CDP_MEASURE_BIRTH_DATE) || cdp_area_is_group(model);
}

/*
 * A date of no said meaning is taken for the birth date where there is no other; a family
 * that registers in one go shares it too. But only a street shows a home.
 */
static bool
is_of_twins(const CdpModel *model, const CdpComparison *k)
{
	return k->measure == CDP_MEASURE_BIRTH_DATE ||
		(k->measure == CDP_MEASURE_DATE && !has_measure(model, CDP_MEASURE_BIRTH_DATE) && has_measure(model, CDP_MEASURE_STREET));
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

/* What is similar in half of its letters is so by chance far more often than what is nearly the same. */
static inline bool
is_similar(const char *name, size_t len)
{
	return len == 7 && memcmp(name, "similar", len) == 0;
}

static Part
part_of(const char *name, size_t len)
{
	if (len == 5 && memcmp(name, "exact", len) == 0)
		return EXACT;
	if ((len == 4 && memcmp(name, "else", len) == 0) || is_similar(name, len))
		return ELSE;
	return NEAR;
}

/*
 * Levels are called given_family, or by one word for both; swapped is near, and so is what a
 * mailbox does not spell. A misplaced name is the other part of the other's.
 */
static void
name_parts(const CdpLevel *level, Part *given, Part *family)
{
	const char *name = level->name + (level->present == CDP_SPELLED ? strlen("mail_") : 0);
	const char *bar = strchr(name, '_');

	*given = *family = ABSENT;
	if (strcmp(name, "misplaced") == 0)
		*family = EXACT;
	else if (strcmp(name, "family_misplaced") == 0)
		*given = EXACT;
	else if (level->present == 1)
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

/* How often two people of a relation have one family name. */
static double
family_in(const CdpComparison *k, CdpRelation relation)
{
	double		same = 0;
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (k->info->levels[l - 1].present == 3 && family == EXACT)
			same += k->u[relation][l];
	}
	return same;
}

/* What one person's records hardly ever have. */
typedef enum Other
{
	OTHER_GIVEN,				/* given names that are nothing alike */
	OTHER_PART,					/* given or family names that are nothing alike */
	OTHER_NAME,					/* both */
	OTHER_BIRTH_DATE,			/* more than a year apart, and no slip */
	OTHER_GENERATION
} Other;

static bool
is_other(const CdpComparison *k, int l, Other what)
{
	Part		given,
				family;

	if (what == OTHER_GENERATION)
		return l == k->info->n_levels;
	if (what == OTHER_BIRTH_DATE)
		return l >= k->info->n_levels - 1;
	name_parts(&k->info->levels[l - 1], &given, &family);
	if (k->info->levels[l - 1].present != 3)
		return false;
	return what == OTHER_PART ? given == ELSE || family == ELSE : given == ELSE && (what == OTHER_GIVEN || family == ELSE);
}

/* How often records of one person have it, by m or by the pairs that m rests on: bounds hold for m alone. */
static double
share_of(const CdpComparison *k, const double *seen, Other what)
{
	double		other = 0,
				all = 0;

	for (int l = 1; l <= k->info->n_levels; l++)
		if (k->info->levels[l - 1].present == k->info->levels[0].present)
		{
			all += seen[l];
			other += is_other(k, l, what) ? seen[l] : 0;
		}
	return all > 0 ? other / all : 0;
}

/* ---------------------------------------------------------------- what is compared */

/* How often two people of one home have one family name; where no names of people are compared, always. */
double
cdp_family_at_home(const CdpModel *model)
{
	double		same = 0;
	bool		names = false;

	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];

		if (k->measure != CDP_MEASURE_PERSON_NAME || k->ignored)
			continue;
		names = true;
		same += family_in(k, CDP_HOUSEHOLD);
	}
	return names ? same : 1;
}

/* How often a given or a family name is another one in records of one person. */
double
cdp_other_names(const CdpComparison *k)
{
	return k->measure == CDP_MEASURE_PERSON_NAME ? share_of(k, k->pairs_m, OTHER_PART) : 0;
}

/* Is a birth date compared? */
bool
cdp_tells_ages(const CdpModel *model)
{
	for (int c = 0; c < model->n; c++)
		if (!model->comparison[c].ignored && is_of_twins(model, &model->comparison[c]))
			return true;
	return false;
}

/* How often the best level is assumed to be reached; negative: as by chance. */
static double
assumed(const CdpComparison *k, CdpRelation relation)
{
	if (k->measure == CDP_MEASURE_CODE && k->is_place)
		return relation == CDP_NAMESAKE || relation == CDP_KIN ? -1 : .97;
	if (k->measure == CDP_MEASURE_CODE)
		return relation == CDP_NAMESAKE || relation == CDP_NAMED_AFTER ? .98 : -1;
	if (is_home(relation) && k->measure != CDP_MEASURE_GENERATION)
		relation = CDP_HOUSEHOLD;
	for (int i = 0; i < lengthof(likeness); i++)
		if (likeness[i].measure == k->measure && likeness[i].relation == relation)
			return likeness[i].agrees;
	return -1;
}

/* Keeps to the bounds; what is over falls to the other levels. */
static void
bound_likeness(const CdpComparison *k, CdpRelation relation, double *u)
{
	for (int i = 0; i < lengthof(bounds); i++)
	{
		int			bound = 1;

		if (bounds[i].measure != k->measure || bounds[i].relation != relation)
			continue;
		while (bound < k->info->n_levels && strcmp(k->info->levels[bound - 1].name, bounds[i].level) != 0)
			bound++;
		if (u[bound] <= bounds[i].most)
			continue;
		for (int l = 1; l <= k->info->n_levels; l++)
			if (l != bound)
				u[l] *= (1 - bounds[i].most) / (1 - u[bound]);
		u[bound] = bounds[i].most;
	}
}

/* ---------------------------------------------------------------- fitting names */

/*
 * A mailbox, or a name of one word that was taken for a given name, may be the family name,
 * as often as it is in matches. Of another who has the family name so often it is that,
 * and of the given name what strangers of one family name would find.
 */
static void
fit_word_of_family(CdpComparison *k, CdpRelation relation, int present, double same_family)
{
	const double *by_chance = k->u[CDP_CHANCE];
	double		chance[2] = {0},
				share[2] = {0};
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
		if (k->info->levels[l - 1].present == present)
		{
			name_parts(&k->info->levels[l - 1], &given, &family);
			chance[family == EXACT] += by_chance[l];
			share[family == EXACT] += k->m[l];
		}
	share[true] *= same_family;
	share[false] = 1 - share[true];
	for (int l = 1; l <= k->info->n_levels; l++)
		if (k->info->levels[l - 1].present == present)
		{
			name_parts(&k->info->levels[l - 1], &given, &family);
			k->u[relation][l] = share[family == EXACT] * by_chance[l] / chance[family == EXACT];
		}
}

/*
 * Family names in a household. One name is written down as two records of one person write it,
 * so what nearly agrees says that it is one name no less than it does there; two names
 * agree as by chance. How often it is one is fitted (EM of its own, of one parameter).
 */
static void
share_families(const CdpComparison *k, CdpRelation relation, const double *seen, double *is)
{
	double		one[4] = {0},
				two[4] = {0};
	double		of_one = 0,
				of_two = 0,
				n = 0,
				same = CDP_FAMILIES;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		Part		given,
					family;

		name_parts(&k->info->levels[l - 1], &given, &family);
		if (k->info->levels[l - 1].present == 3)
		{
			one[family] += family != ELSE ? k->m[l] : 0;
			two[family] += k->u[CDP_CHANCE][l];
		}
	}
	for (Part family = EXACT; family <= ELSE; family++)
	{
		of_one += one[family];
		of_two += two[family];
		n += seen[family];
	}
	for (int i = 0; i < 20; i++)
	{
		double		same_seen = 0;

		for (Part family = EXACT; family <= ELSE; family++)
		{
			double		a = same * one[family] / of_one;

			same_seen += seen[family] * a / (a + (1 - same) * two[family] / of_two);
		}
		same = (same_seen + CDP_FAMILIES * CDP_PRIOR_PAIRS) / (n + CDP_PRIOR_PAIRS);
	}
	/* twins are of one family, whoever else lives in homes */
	if (relation == CDP_TWINS)
		same = fmax(same, CDP_FAMILIES);
	for (Part family = EXACT; family <= ELSE; family++)
		is[family] = same * one[family] / of_one + (1 - same) * two[family] / of_two;
}

/* Names in a household: family names agree as seen, given names as by chance; those of twins are two. */
static void
fit_household_names(CdpComparison *k, CdpRelation relation, const double *seen)
{
	double		family_seen[4] = {0},
				family_is[4],
				chance[4][4] = {{0}},	/* by given and family */
				given_is[4] = {0};
	double		n = 0;
	double	   *u = k->u[relation];
	const double *by_chance = k->u[CDP_CHANCE];
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		if (k->info->levels[l - 1].present == CDP_SPELLED || k->info->levels[l - 1].present == 1)
			continue;
		name_parts(&k->info->levels[l - 1], &given, &family);
		chance[given][family] += by_chance[l];
		if (k->info->levels[l - 1].present == 3)
		{
			given_is[given] += by_chance[l];
			n += by_chance[l];
		}
		if (family != ABSENT)
			family_seen[family] += seen[l];
	}
	for (given = EXACT; given <= ELSE; given++)
		given_is[given] /= n;
	share_families(k, relation, family_seen, family_is);
	/* only a family gives its members different names */
	given_is[EXACT] *= relation == CDP_TWINS ? SAME_NAME_TWINS : 1 - (1 - SAME_NAME_HOME) * fmin(1, family_is[EXACT] / CDP_FAMILIES);
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		if (k->info->levels[l - 1].present == CDP_SPELLED || k->info->levels[l - 1].present == 1)
			continue;
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (family == ABSENT)
			u[l] = by_chance[l];
		else
			/* levels that are alike in both parts share what falls to them as they do by chance */
			u[l] = (given == ABSENT ? 1 : given_is[given]) * family_is[family] * by_chance[l] / chance[given][family];
	}
	fit_word_of_family(k, relation, CDP_SPELLED, family_is[EXACT]);
	fit_word_of_family(k, relation, 1, family_is[EXACT]);
	if (relation == CDP_TWINS)
		for (int l = 1; l <= k->info->n_levels; l++)
		{
			name_parts(&k->info->levels[l - 1], &given, &family);
			if (given == EXACT && family == ABSENT)
				u[l] *= SAME_NAME_TWINS;
		}
}

/* Namesakes have names that agree at least nearly, as they do by chance. */
static void
fit_namesake_names(CdpComparison *k)
{
	double		sum[CDP_SPELLED + 1] = {0};
	double	   *u = k->u[CDP_NAMESAKE];
	double		same = 0;
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
		u[l] = given != ELSE && family != ELSE ? .98 * k->u[CDP_CHANCE][l] / sum[k->info->levels[l - 1].present]
			: .02 * k->u[CDP_CHANCE][l];
		if (k->info->levels[l - 1].present == 3 && given == EXACT && family == EXACT)
			same = u[l];
		if (k->info->levels[l - 1].present == CDP_SPELLED)
			u[l] = same * k->m[l] + (1 - same) * u[l];
	}
}

/* Kin have a family name that agrees at least nearly, as it does by chance; given names know nothing of it. */
static void
fit_kin_names(CdpComparison *k)
{
	double		sum[CDP_SPELLED + 1] = {0};
	double	   *u = k->u[CDP_KIN];
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (family != ELSE)
			sum[k->info->levels[l - 1].present] += k->u[CDP_CHANCE][l];
	}
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		u[l] = family == ABSENT ? k->u[CDP_CHANCE][l] : family != ELSE ? .98 * k->u[CDP_CHANCE][l] / sum[k->info->levels[l - 1].present]
			: .02 * k->u[CDP_CHANCE][l];
	}
	fit_word_of_family(k, CDP_KIN, CDP_SPELLED, .98);
	fit_word_of_family(k, CDP_KIN, 1, .98);
}

/* One name written down twice, as in matches, where those who write it agree at least nearly. */
static void
fit_names_given_again(CdpComparison *k)
{
	double		sum[CDP_SPELLED + 1] = {0};
	double	   *u = k->u[CDP_NAMED_AFTER];
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (given != ELSE && family != ELSE)
			sum[k->info->levels[l - 1].present] += k->m[l];
	}
	for (int l = 1; l <= k->info->n_levels; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (k->info->levels[l - 1].present == CDP_SPELLED)
			u[l] = k->m[l];
		else
			u[l] = given != ELSE && family != ELSE ? .99 * k->m[l] / sum[k->info->levels[l - 1].present]
				: .01 * k->u[CDP_CHANCE][l];
	}
}

static void
bound_m(CdpComparison *k, Other what, double most)
{
	double		other = share_of(k, k->m, what);

	for (int l = 1; l <= k->info->n_levels && other > most; l++)
		if (k->info->levels[l - 1].present == k->info->levels[0].present)
			k->m[l] *= is_other(k, l, what) ? most / other : (1 - most) / (1 - other);
}

/*
 * A slip in one part of the name is no likelier for the other part being another name: who has
 * married and is misspelt besides is as seldom as both together. Without that whoever
 * shares the rest, in a firm, with a given name a letter off could be learned to be one person.
 */
static void
bound_slips_beside_others(CdpComparison *k)
{
	double		share[4][4] = {{0}};
	double		near_else,
				else_near;
	double		sum = 0;
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == 3; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		share[given][family] += k->m[l];
	}
	near_else = share[EXACT][ELSE] * share[NEAR][EXACT] / share[EXACT][EXACT];
	else_near = share[ELSE][EXACT] * share[EXACT][NEAR] / share[EXACT][EXACT];
	for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == 3; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		if (given == NEAR && family == ELSE)
			k->m[l] *= fmin(1, near_else / share[NEAR][ELSE]);
		if (given == ELSE && family == NEAR)
			k->m[l] *= fmin(1, else_near / share[ELSE][NEAR]);
		sum += k->m[l];
	}
	for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == 3; l++)
		k->m[l] /= sum;
}

/*
 * Of the given names of one person fewer are half wrong than nearly right, or brothers and sisters
 * with names somewhat alike could be learned to be one person.
 */
static void
bound_similar_names(CdpComparison *k)
{
	double		near = 0;
	int			similar = 0;
	Part		given,
				family;

	for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == 3; l++)
	{
		name_parts(&k->info->levels[l - 1], &given, &family);
		near += given == NEAR && family == EXACT ? k->m[l] : 0;
		if (is_similar(k->info->levels[l - 1].name, strcspn(k->info->levels[l - 1].name, "_")))
			similar = l;
	}
	if (similar == 0 || k->m[similar] <= MOST_SIMILAR * near)
		return;
	for (int l = 1; l <= k->info->n_levels && k->info->levels[l - 1].present == 3; l++)
		if (l != similar)
			k->m[l] *= (1 - MOST_SIMILAR * near) / (1 - k->m[similar]);
	k->m[similar] = MOST_SIMILAR * near;
}

/*
 * Where homes share most of what is compared, one home's people are a likely "person" too.
 * But records of one person do not have given names that are nothing alike more often than
 * MOST_OTHER_GIVEN, nor names that are nothing alike more often than MOST_OTHER_NAME, nor birth
 * dates years apart more often than MOST_OTHER_BIRTH_DATE (so are namesakes' with mailboxes made
 * of their name), however bad the data; and nobody is Sr here and Jr there.
 */
void
cdp_model_bound_m(CdpComparison *k)
{
	if (k->measure == CDP_MEASURE_GENERATION)
		bound_m(k, OTHER_GENERATION, MOST_OTHER_GENERATION);
	if (k->measure == CDP_MEASURE_BIRTH_DATE)
		bound_m(k, OTHER_BIRTH_DATE, MOST_OTHER_BIRTH_DATE);
	if (k->measure == CDP_MEASURE_PERSON_NAME)
	{
		bound_m(k, OTHER_NAME, MOST_OTHER_NAME);
		bound_m(k, OTHER_GIVEN, MOST_OTHER_GIVEN);
		bound_similar_names(k);
		bound_slips_beside_others(k);
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

/* Names of people in a relation that makes them alike. */
static void
fit_names(CdpComparison *k, CdpRelation relation, const double *seen)
{
	switch (relation)
	{
		case CDP_HOUSEHOLD:
		case CDP_TWINS:
			fit_household_names(k, relation, seen);
			break;
		case CDP_NAMESAKE:
			fit_namesake_names(k);
			break;
		case CDP_NAMED_AFTER:
			fit_names_given_again(k);
			break;
		case CDP_KIN:
			fit_kin_names(k);
			break;
		default:
			memcpy(k->u[relation], k->u[CDP_CHANCE], sizeof(k->u[relation]));
	}
}

/* Do most of those who agree at home do so because it is one home? In a firm family names agree by chance, as the employer does in a home. */
static inline bool
by_home(double at_home, double by_chance)
{
	return at_home > 2 * by_chance;
}

/* Which inputs agree in a relation however rare their values are: bit i for input i. u must be known. */
static uint8_t
shared_in(const CdpComparison *k, CdpRelation relation)
{
	static const uint8_t of_names[CDP_RELATIONS] = {[CDP_NAMED_AFTER] = 3, [CDP_KIN] = 2,
		/* names of one family have one origin, so a rare given name says less beside a rare family name */
	[CDP_NAMESAKE] = 1};

	if (k->measure == CDP_MEASURE_PERSON_NAME)
		return relation == CDP_HOUSEHOLD || relation == CDP_TWINS ? (by_home(family_in(k, relation), family_in(k, CDP_CHANCE)) ? 2 : 0) : of_names[relation];
	if (relation == CDP_TWINS && k->measure == CDP_MEASURE_BIRTH_DATE)
		return 1;
	if (is_home(relation) && cdp_is_address(k))
		return 1;
	if (may_share(k, relation))
		return by_home(k->u[relation][1], k->u[CDP_CHANCE][1]);
	return assumed(k, relation) >= 0 && relation != CDP_NAMESAKE && relation != CDP_KIN && (k->measure != CDP_MEASURE_CODE || k->is_place);
}

/* What each relation shares of a comparison whose u are known, as of a model that was read. */
void
cdp_relation_share(CdpComparison *k)
{
	for (int j = 0; j < CDP_RELATIONS; j++)
		k->shared[j] = j == CDP_CHANCE ? 0 : shared_in(k, j);
}

/* Do the people of one area agree in a comparison as by chance, whatever is seen of them? */
bool
cdp_area_is_chance(const CdpModel *model, const CdpComparison *k)
{
	return assumed(k, CDP_AREA) < 0 && !is_learned(model, k, CDP_AREA);
}

/*
 * u of a comparison in a relation from the (expected) pairs seen per level; m and u of chance
 * must be fitted before. seen all zero gives what is assumed. What is shared follows from
 * the measure and from u.
 */
void
cdp_relation_fit(const CdpModel *model, CdpComparison *k, CdpRelation relation, const double *seen)
{
	double		agrees = assumed(k, relation);
	double		prior[CDP_MAX_LEVELS + 1];
	const double *by_chance = k->u[CDP_CHANCE];
	double	   *u = k->u[relation];

	if (k->measure == CDP_MEASURE_PERSON_NAME)
		fit_names(k, relation, seen);
	else if (relation == CDP_TWINS && is_of_twins(model, k))
		memcpy(u, k->m, sizeof(k->u[relation]));
	else if (is_home(relation) && cdp_is_address(k) && has_people(model))
		memcpy(u, k->m, sizeof(k->u[relation]));
	else if (is_learned(model, k, relation) && seen[1] >= CDP_ENOUGH_PAIRS)
		cdp_model_normalise(k, seen, by_chance, CDP_PRIOR_PAIRS, NULL, u);
	else if (agrees < 0)
		memcpy(u, by_chance, sizeof(k->u[relation]));
	else
	{
		for (int l = 1; l <= k->info->n_levels; l++)
			prior[l] = l == 1 || l == 1 + k->moved ? agrees : (1 - agrees) * by_chance[l] / (1 - by_chance[1]);
		cdp_model_normalise(k, seen, prior, CDP_PRIOR_PAIRS, NULL, u);
		bound_likeness(k, relation, u);
		alike_after_move(k, u);
	}
	k->shared[relation] = shared_in(k, relation);
}

/*
 * Lets training begin as if every home were a firm, too, and every area a group: what its people
 * share is found to be the firm's only if that is there to be found before matches have taken
 * all of it. So with ids, which homes share by themselves, but seldom (likeness).
 */
void
cdp_relation_expect_groups(CdpModel *model)
{
	for (int c = 0; c < model->n && has_people(model); c++)
		for (int j = 1; j < CDP_RELATIONS; j++)
		{
			CdpComparison *k = &model->comparison[c];

			if (!is_learned(model, k, j) && !(is_home(j) && k->measure == CDP_MEASURE_ID))
				continue;
			for (int l = 1; l <= k->info->n_levels; l++)
				k->u[j][l] = (k->u[CDP_CHANCE][l] + (l == 1)) / 2;
			k->shared[j] = shared_in(k, j);
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
			cdp_relation_fit(model, k, j, nothing);
	}
	/* every second record has a partner, and somebody at home */
	model->lambda = 1 / n;
	model->share[CDP_AREA] = .01;
	model->share[CDP_HOUSEHOLD] = 1 / n;
	/* without names of people the others are not to be told from these, and have no share */
	model->share[CDP_NAMESAKE] = has_people(model) ? 1 / n : 0;
	model->share[CDP_KIN] = has_people(model) ? .25 / n : 0;
	model->share[CDP_TWINS] = model->share[CDP_NAMED_AFTER] = has_people(model) ? .02 / n : 0;
	model->share[CDP_CHANCE] = 1;
	for (int j = 1; j < CDP_RELATIONS; j++)
		model->share[CDP_CHANCE] -= model->share[j];
}
