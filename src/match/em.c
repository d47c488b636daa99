/*
 * em.c
 *	  Expectation-maximisation on counts of patterns.
 *
 * Never on pairs: what a pair says lies in its pattern, so an iteration costs the same
 * for a thousand pairs and for a hundred million. Patterns are taken in an order that
 * does not depend on who counted them when, and sums are made in that order, so the same
 * data gives the same model to the last bit. Before it begins, patterns that differ only
 * in what they are evidence for become one cell: an iteration asks each cell once how
 * likely it is. Cells are summed in parts, as many as the cells ask for and not as there
 * are threads, and the parts are added up in order.
 *
 * The classical algorithm, which test/match/em.c compares with published histories, is a
 * special case: one relation, no prior, every pattern eligible, candidates alone.
 */
#include "match/train.h"

#include <stdlib.h>

#define CACHE_LINE 64
#define RARITY_SPAN 24			/* rounded rarity is -24 .. 24 bits */
#define MAX_LAMBDA .9
/*
 * One birth in sixty is of twins, one son in twenty bears his father's name: at least so
 * many of the pairs of one home are twins, and named after another. Without it they could
 * as well be one person with another given name, or a birth date that is wrong. Nor are
 * there homes of twins alone, and hardly more fathers and sons of one name than that: they
 * would take the place of matches. Where no birth dates are compared nothing tells them
 * from matches, and what is known of homes in general stands: of families, whose members
 * mostly have one name (CDP_FAMILIES). A home of strangers, a firm, has no fathers and sons,
 * and twins only where birth dates show them.
 */
#define IN_HOMES .01
#define MOST_TWINS .34
#define MOST_NAMED_AFTER .05
/*
 * Nor are namesakes always to be told from matches. Strangers who have one name by chance
 * are namesakes, whose mailboxes look alike; names that go together (of one language, of one
 * age) make more of them, but no more than chance does by itself.
 */
#define NAMESAKES .05
#define MOST_NAMESAKES 1.0

static inline uint64_t
rarity_bits(const CdpPattern *p)
{
	uint64_t	bits;

	memcpy(&bits, p->rarity, sizeof(bits));
	return bits;
}

bool
cdp_patterns_add(CdpPatterns *t, const CdpPattern *p)
{
	uint32_t	at;

	if (t->n * 2 >= t->n_slots)
	{
		CdpPatterns bigger = {.n_slots = t->n_slots ? t->n_slots * 4 : t->n_before ? t->n_before : 4096};

		/* not calloc, which compilers make of malloc: a page that is read before it is written to is mapped twice, and other threads wait */
		bigger.slot = aligned_alloc(CACHE_LINE, bigger.n_slots * sizeof(CdpPattern));
		if (bigger.slot == NULL)
			return false;
		memset(bigger.slot, 0, bigger.n_slots * sizeof(CdpPattern));
		for (uint32_t i = 0; i < t->n_slots; i++)
			if (t->slot[i].count > 0)
				cdp_patterns_add(&bigger, &t->slot[i]);
		free(t->slot);
		*t = bigger;
	}
	at = cdp_mix(p->levels[0] + cdp_mix(p->levels[1] + cdp_mix(rarity_bits(p) + p->eligible))) & (t->n_slots - 1);
	for (;; at = (at + 1) & (t->n_slots - 1))
	{
		CdpPattern *q = &t->slot[at];

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

bool
cdp_patterns_merge(CdpPatterns *t, CdpPatterns *other)
{
	uint32_t	n_slots = other->n_slots;

	if (t->n_slots == 0)
	{
		*t = *other;
		*other = (CdpPatterns) {0};
	}
	for (uint32_t at = 0; at < other->n_slots; at++)
		if (other->slot[at].count > 0 && !cdp_patterns_add(t, &other->slot[at]))
			return false;
	cdp_patterns_free(other);
	other->n_before = n_slots;
	return true;
}

static int
compare_patterns(const void *x, const void *y)
{
	const CdpPattern *p = x,
			   *q = y;
	int			order;

	if (p->levels[0] != q->levels[0])
		return p->levels[0] < q->levels[0] ? -1 : 1;
	if (p->levels[1] != q->levels[1])
		return p->levels[1] < q->levels[1] ? -1 : 1;
	order = memcmp(p->rarity, q->rarity, sizeof(p->rarity));
	if (order == 0 && p->eligible != q->eligible)
		order = p->eligible < q->eligible ? -1 : 1;
	return order;
}

/* Makes an array of the table: nothing is added any more. */
void
cdp_patterns_pack(CdpPatterns *t)
{
	uint32_t	n = 0;

	for (uint32_t at = 0; at < t->n_slots; at++)
		if (t->slot[at].count > 0)
			t->slot[n++] = t->slot[at];
	t->n_slots = n;
	if (n > 0)
		qsort(t->slot, n, sizeof(CdpPattern), compare_patterns);
}

void
cdp_patterns_free(CdpPatterns *t)
{
	free(t->slot);
	memset(t, 0, sizeof(*t));
}

_Static_assert(CDP_RELATIONS <= sizeof(((CdpPattern *) 0)->rarity), "rarity has room for the relations");

/* A pattern of one pair, evidence for no comparison; rarity is log2, by relation. */
void
cdp_pattern_make(CdpPattern *p, const CdpModel *model, const uint8_t *level, const double *rarity)
{
	memset(p, 0, sizeof(*p));
	for (int c = 0; c < model->n; c++)
		cdp_levels_put(p->levels, c, level[c]);
	for (int i = 0; i < CDP_RELATIONS; i++)
		p->rarity[i] = lrint(rarity[i] < -RARITY_SPAN ? -RARITY_SPAN : rarity[i] > RARITY_SPAN ? RARITY_SPAN : rarity[i]);
	p->count = 1;
}

static inline bool
has_rarity(const CdpPattern *p)
{
	uint64_t	bits;

	memcpy(&bits, p->rarity, sizeof(bits));
	return bits != 0;
}

/* The share of the match, and of each relation, in a pattern. */
double
cdp_pattern_shares(const CdpPattern *p, const CdpModel *model, double *relation)
{
	double		match = model->lambda;
	double		sum = 0;

	for (int j = 0; j < CDP_RELATIONS; j++)
		relation[j] = model->share[j] * (1 - model->lambda);
	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];
		int			l = cdp_pattern_level(p, c);

		if (l == 0)
			continue;
		match *= k->m[l];
		for (int j = 0; j < CDP_RELATIONS; j++)
			relation[j] *= k->u[j][l];
	}
	if (has_rarity(p))
		for (int j = 0; j < CDP_RELATIONS; j++)
			relation[j] = ldexp(relation[j], p->rarity[j]);
	for (int j = 0; j < CDP_RELATIONS; j++)
		sum += relation[j];
	for (int j = 0; j < CDP_RELATIONS; j++)
		relation[j] /= match + sum;
	return match / (match + sum);
}

/* What pairs are expected to be, by the model as it is. */
typedef struct Expected
{
	double		m[CDP_MAX_COMPARISONS][CDP_MAX_LEVELS + 1];
	double		u[CDP_RELATIONS][CDP_MAX_COMPARISONS][CDP_MAX_LEVELS + 1];
	double		share[CDP_RELATIONS];
	double		seen[CDP_RELATIONS];	/* of pairs whose addresses are compared */
} Expected;

static bool
has_address(const CdpPattern *p, const CdpModel *model)
{
	for (int c = 0; c < model->n; c++)
		if (cdp_is_address(&model->comparison[c]) && cdp_pattern_level(p, c) > 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- cells */

#define ROWS (CDP_MAX_LEVELS + 1)	/* of a comparison */

/* The patterns of equal levels and rarity, whatever they are evidence for: they are equally likely. */
typedef struct Cell
{
	double		count;			/* pairs that they stand for */
	int8_t		rarity[CDP_RELATIONS];	/* log2 */
	bool		candidates;		/* not random pairs */
	bool		has_address;	/* to be compared */
	bool		has_rarity;
} Cell;

typedef struct Cells
{
	int			width;			/* comparisons */
	int64_t		n;
	Cell	   *cell;
	uint16_t   *row;			/* by cell and comparison: the level's row */
	double	   *eligible;		/* by cell and comparison: pairs that are evidence for its m */
} Cells;

/*
 * Of a level: what it multiplies the odds by, or pairs expected in it. The match and the
 * relations lie side by side, so that the processor takes several at once.
 */
#define LANES (CDP_RELATIONS + 1)
typedef struct Row
{
	double		lane[LANES];	/* 0: the match */
} Row;

static void
free_cells(Cells *t)
{
	free(t->cell);
	free(t->row);
	free(t->eligible);
}

static inline int
order_in_cells(const CdpPattern *p, const CdpPattern *q)
{
	if (p->levels[0] != q->levels[0])
		return p->levels[0] < q->levels[0] ? -1 : 1;
	if (p->levels[1] != q->levels[1])
		return p->levels[1] < q->levels[1] ? -1 : 1;
	return memcmp(p->rarity, q->rarity, sizeof(p->rarity));
}

/*
 * Is a candidate evidence for the m of its level? Not if it was found by what is compared; and
 * where a person has moved to is not shown by pairs found by a part of their addresses.
 */
static inline bool
is_eligible(const CdpPattern *p, const CdpModel *model, int c)
{
	bool		moved = model->comparison[c].moved > 0 && cdp_pattern_level(p, c) > model->comparison[c].moved;

	for (int o = 0; moved && o < c; o++)
		if (model->comparison[o].apart > 0 && cdp_pattern_level(p, o) > 0 && !(p->eligible >> o & 1))
			return false;
	return p->eligible >> c & 1;
}

static void
add_to_cells(Cells *t, const CdpModel *model, const CdpPatterns *patterns, double each, bool candidates)
{
	for (uint32_t i = 0; i < patterns->n_slots; i++)
	{
		const CdpPattern *p = &patterns->slot[i];
		Cell	   *cell;
		bool		next = i == 0 || order_in_cells(&patterns->slot[i - 1], p) != 0;

		cell = &t->cell[next ? t->n++ : t->n - 1];
		if (next)
		{
			cell->candidates = candidates;
			cell->has_address = has_address(p, model);
			cell->has_rarity = has_rarity(p);
			memcpy(cell->rarity, p->rarity, sizeof(cell->rarity));
		}
		cell->count += p->count * each;
		for (int c = 0; c < t->width; c++)
		{
			int64_t		at = (t->n - 1) * t->width + c;

			t->row[at] = c * ROWS + cdp_pattern_level(p, c);
			if (candidates && is_eligible(p, model, c))
				t->eligible[at] += p->count * each;
		}
	}
}

/* Cells of packed patterns; false: out of memory. */
static bool
make_cells(Cells *t, const CdpEm *em)
{
	size_t		most = em->candidates->n_slots + (em->random ? em->random->n_slots : 0) + 1;

	t->width = em->model->n;
	t->cell = calloc(most, sizeof(Cell));
	t->row = calloc(most * (t->width + 1), sizeof(uint16_t));
	t->eligible = calloc(most * (t->width + 1), sizeof(double));
	if (!t->cell || !t->row || !t->eligible)
		return false;
	add_to_cells(t, em->model, em->candidates, em->thin, true);
	if (em->random)
		add_to_cells(t, em->model, em->random, em->each, false);
	return true;
}

#define PART_CELLS 2048			/* at least */
#define MAX_PARTS 8

/* What is expected of a part of the cells. */
typedef struct Part
{
	Row			sum[CDP_MAX_COMPARISONS * ROWS];
	double		matches[CDP_MAX_COMPARISONS * ROWS];	/* of sums those that are evidence for m */
	Row			share[2];		/* without and with an address to be compared */
	double		all_matches;
} Part;

typedef struct Expecting
{
	const Cells *cells;
	int			n_parts;
	Part	   *part;
	/* by the model as it is */
	Row			prior;
	Row			by[CDP_MAX_COMPARISONS * ROWS];
	double		power[2 * RARITY_SPAN + 1];
} Expecting;

static bool
expect_part(void *state, int thread, int64_t number)
{
	const Expecting *x = state;
	const Cells *t = x->cells;
	Part	   *part = &x->part[number];
	int64_t		end = t->n * (number + 1) / x->n_parts;

	memset(part->sum, 0, sizeof(Row) * ROWS * t->width);
	memset(part->matches, 0, sizeof(double) * ROWS * t->width);
	memset(part->share, 0, sizeof(part->share));
	part->all_matches = 0;
	for (int64_t i = t->n * number / x->n_parts; i < end; i++)
	{
		const Cell *cell = &t->cell[i];
		const uint16_t *row = t->row + i * t->width;
		const double *eligible = t->eligible + i * t->width;
		Row			odds = x->prior;
		double		all;

		for (int c = 0; c < t->width; c++)
			for (int j = 0; j < LANES; j++)
				odds.lane[j] *= x->by[row[c]].lane[j];
		if (cell->has_rarity)
			for (int j = 0; j < CDP_RELATIONS; j++)
				odds.lane[j + 1] *= x->power[cell->rarity[j] + RARITY_SPAN];
		all = 0;
		for (int j = 0; j < LANES; j++)
			all += odds.lane[j];
		all = 1 / all;
		for (int j = 0; j < LANES; j++)
			odds.lane[j] *= all;
		if (cell->candidates)
			for (int c = 0; c < t->width; c++)
				part->matches[row[c]] += odds.lane[0] * eligible[c];
		all = cell->count;
		for (int j = 0; j < LANES; j++)
			odds.lane[j] *= all;
		for (int j = 0; j < LANES; j++)
			part->share[cell->has_address].lane[j] += odds.lane[j];
		if (cell->candidates)
			part->all_matches += odds.lane[0];
		for (int c = 0; c < t->width; c++)
			for (int j = 0; j < LANES; j++)
				part->sum[row[c]].lane[j] += odds.lane[j];
	}
	return true;
}

static bool
open_expecting(Expecting *x, const Cells *cells)
{
	x->cells = cells;
	x->n_parts = cells->n < 2 * PART_CELLS ? 1 : cells->n < MAX_PARTS * PART_CELLS ? cells->n / PART_CELLS : MAX_PARTS;
	x->part = malloc(x->n_parts * sizeof(Part));
	for (int i = 0; i <= 2 * RARITY_SPAN; i++)
		x->power[i] = ldexp(1, i - RARITY_SPAN);
	return x->part != NULL;
}

/* False: the crew has stopped. */
static bool
expect_cells(CdpEm *em, Expecting *x, Expected *e)
{
	const CdpModel *model = em->model;
	int			width = x->cells->width;

	x->prior.lane[0] = model->lambda;
	for (int j = 0; j < CDP_RELATIONS; j++)
		x->prior.lane[j + 1] = model->share[j] * (1 - model->lambda);
	for (int c = 0; c < width; c++)
		for (int l = 0; l < ROWS; l++)
		{
			Row		   *row = &x->by[c * ROWS + l];

			/* nothing to compare says nothing */
			row->lane[0] = l ? model->comparison[c].m[l] : 1;
			for (int j = 0; j < CDP_RELATIONS; j++)
				row->lane[j + 1] = l ? model->comparison[c].u[j][l] : 1;
		}
	if (!cdp_crew_run(em->crew, x->n_parts, expect_part, x))
		return false;
	for (int i = 0; i < x->n_parts; i++)
	{
		const Part *part = &x->part[i];

		em->matches += part->all_matches;
		for (int j = 0; j < CDP_RELATIONS; j++)
		{
			e->share[j] += part->share[0].lane[j + 1] + part->share[1].lane[j + 1];
			e->seen[j] += part->share[1].lane[j + 1];
		}
		for (int c = 0; c < width; c++)
			for (int l = 0; l < ROWS; l++)
			{
				e->m[c][l] += part->matches[c * ROWS + l];
				em->eligible[c] += part->matches[c * ROWS + l];
				for (int j = 0; j < CDP_RELATIONS; j++)
					e->u[j][c][l] += part->sum[c * ROWS + l].lane[j + 1];
			}
	}
	return true;
}

static bool
expect(CdpEm *em, Expecting *x, Expected *e)
{
	const CdpModel *model = em->model;
	const CdpPatterns *labelled[] = {em->same, em->different};

	memset(e, 0, sizeof(*e));
	memset(em->eligible, 0, sizeof(em->eligible));
	em->matches = 0;
	if (!expect_cells(em, x, e))
		return false;
	/* of what a person has decided only the relation of two people is a guess */
	for (int set = 0; set < 2; set++)
		for (uint32_t i = 0; labelled[set] && i < labelled[set]->n_slots; i++)
		{
			const CdpPattern *p = &labelled[set]->slot[i];
			double		relation[CDP_RELATIONS];
			double		match;

			if (p->count == 0)
				continue;
			match = cdp_pattern_shares(p, model, relation);
			for (int c = 0; c < model->n; c++)
				if (set == 0)
					e->m[c][cdp_pattern_level(p, c)] += p->count;
				else if (match < 1)
					for (int j = 0; j < CDP_RELATIONS; j++)
						e->u[j][c][cdp_pattern_level(p, c)] += p->count * relation[j] / (1 - match);
		}
	return true;
}

/* Is a comparison of what a home shares? A code that is no place, a gender, and a generation go with the name. */
static inline bool
at_home(const CdpComparison *k)
{
	return (k->measure != CDP_MEASURE_CODE || k->is_place) && k->measure != CDP_MEASURE_GENERATION;
}

/*
 * Which of a home's pairs are twins, or named after another, is learned where addresses
 * are compared: of two that have only a rare name in common nobody saw a home.
 */
static void
share_homes(const CdpModel *model, Expected *e)
{
	bool		ages = cdp_tells_ages(model);
	double		families = fmin(1, cdp_family_at_home(model) / CDP_FAMILIES);
	const struct
	{
		CdpRelation relation;
		double		most;
		double		where;		/* homes that may have them */
	}			special[] = {{CDP_TWINS, MOST_TWINS, ages ? 1 : families}, {CDP_NAMED_AFTER, ages ? MOST_NAMED_AFTER : IN_HOMES, families}};
	double		homes = e->share[CDP_HOUSEHOLD] + e->share[CDP_TWINS] + e->share[CDP_NAMED_AFTER];
	double		seen = e->seen[CDP_HOUSEHOLD] + e->seen[CDP_TWINS] + e->seen[CDP_NAMED_AFTER];

	e->share[CDP_HOUSEHOLD] = homes;
	for (int i = 0; i < 2 && model->share[CDP_TWINS] > 0; i++)
	{
		double		of_homes = seen > 0 ? e->seen[special[i].relation] / seen : 0;

		e->share[special[i].relation] = homes * special[i].where * fmin(fmax(IN_HOMES, of_homes), special[i].most);
		e->share[CDP_HOUSEHOLD] -= e->share[special[i].relation];
	}
}

/* Namesakes are bounded by how often strangers have one name; without mailboxes that look alike there need be none. */
static void
bound_namesakes(const CdpModel *model, Expected *e)
{
	const CdpComparison *name = NULL;
	double		by_chance,
				least = 0;

	for (int c = 0; c < model->n; c++)
	{
		const CdpComparison *k = &model->comparison[c];

		if (k->measure == CDP_MEASURE_PERSON_NAME)
			name = k;
		if (k->measure == CDP_MEASURE_EMAIL && !k->ignored)
			least = NAMESAKES;
	}
	if (name == NULL || name->u[CDP_NAMESAKE][1] == 0)
		return;
	by_chance = e->share[CDP_CHANCE] * name->u[CDP_CHANCE][1] / name->u[CDP_NAMESAKE][1];
	e->share[CDP_NAMESAKE] = fmin(fmax(e->share[CDP_NAMESAKE], least * by_chance), MOST_NAMESAKES * by_chance);
}

/*
 * Values that resemble each other at all speak no less for one person than values that do
 * not, the last level of their class, unless pairs were seen that say so. How often a level
 * would be seen in matches at that is mostly far less than once: of never seen it follows
 * nothing, and without this a level that EM once took for that of two people would never be
 * seen in matches again. So m / u, r of the last level, is taken for at least
 * (seen + least) / (matches u + least / r), the mean of its posterior. r is at most 1: values
 * that do not resemble each other at all do not speak for one person, however rare that is.
 */
static void
raise_unseen(CdpComparison *k, const double *seen, double least)
{
	const CdpLevel *level = k->info->levels;
	const double *u = k->u[CDP_CHANCE];
	int			last;

	for (int first = 1; first <= k->info->n_levels && least > 0; first = last + 1)
	{
		double		matches = 0,
					sum = 0,
					ratio;

		for (last = first; last < k->info->n_levels && level[last].present == level[first - 1].present;)
			last++;
		for (int l = first; l <= last; l++)
			matches += seen[l];
		ratio = fmin(k->m[last] / u[last], 1);
		k->m[last] = ratio * u[last];
		for (int l = first; l <= last; l++)
		{
			if (l < last)
				k->m[l] = fmax(k->m[l], u[l] * (seen[l] + least) / (matches * u[l] + least / ratio));
			sum += k->m[l];
		}
		for (int l = first; l <= last; l++)
			k->m[l] /= sum;
	}
}

/* The model under which what was expected is most likely; returns the largest change. */
static double
maximise(CdpEm *em, Expected *e)
{
	CdpModel   *model = em->model;
	double		matches = fmax(em->matches, em->least);
	double		change = 0;

	/* twins and namesakes of one house learn what it shares together with all others of it */
	for (int c = 0; c < model->n && !em->chance_only; c++)
		if (at_home(&model->comparison[c]))
			for (int l = 1; l <= CDP_MAX_LEVELS; l++)
				e->u[CDP_HOUSEHOLD][c][l] += e->u[CDP_TWINS][c][l] + e->u[CDP_NAMED_AFTER][c][l];
	/* but a move is one event for one person, and of those of one home */
	for (int c = 0; c < model->n; c++)
		for (int j = 0; j < CDP_RELATIONS; j++)
			for (int l = 1, on = model->comparison[c].moved; l <= on; l++)
				e->u[j][c][l] = e->u[j][c][l + on] = e->u[j][c][l] + e->u[j][c][l + on];
	/* of the people of one area most things agree as by chance, and where most are of one area they tell how often that is */
	for (int c = 0; c < model->n && !em->chance_only; c++)
		if (cdp_area_is_chance(model, &model->comparison[c]))
			for (int l = 1; l <= CDP_MAX_LEVELS; l++)
				e->u[CDP_CHANCE][c][l] += e->u[CDP_AREA][c][l];
	for (int c = 0; c < model->n; c++)
	{
		CdpComparison *k = &model->comparison[c];
		double		was_m[CDP_MAX_LEVELS + 1];
		double		first[CDP_MAX_LEVELS + 1];
		double		least[CDP_MAX_LEVELS + 1];
		double		seen = 0;

		memcpy(was_m, k->m, sizeof(was_m));
		for (int l = 1; l <= k->info->n_levels; l++)
			first[l] = k->info->levels[l - 1].m;
		if (!em->fixed_m)
		{
			cdp_model_normalise(k, e->m[c], first, em->prior_pairs, NULL, k->m);
			raise_unseen(k, e->m[c], em->least);
			if (!em->chance_only)
				cdp_model_bound_m(k);
		}
		/* of values that few records have no two would agree exactly: that says no more than what is known of their kind */
		for (int l = 1; l <= k->info->n_levels; l++)
			if (k->info->levels[l - 1].present == k->info->levels[0].present)
				seen += e->u[CDP_CHANCE][c][l];
		for (int l = 1; l <= k->info->n_levels; l++)
		{
			bool		exact = l == 1 || l == 1 + k->moved;

			first[l] = k->info->levels[l - 1].u;
			least[l] = em->least * (em->random && !(exact && em->covered >> c & 1) ? fmax(em->each, em->thin) : 1);
			if (exact && em->random && em->prior_pairs > 0)
				least[l] = fmin(least[l], first[l] * (seen + em->prior_pairs));
		}
		if (!em->fixed_u)
			cdp_model_normalise(k, e->u[CDP_CHANCE][c], first, em->prior_pairs, least, k->u[CDP_CHANCE]);
		for (int j = 1; j < CDP_RELATIONS && !em->chance_only; j++)
			cdp_relation_fit(model, k, j, (j == CDP_TWINS || j == CDP_NAMED_AFTER) && at_home(k) ? e->u[CDP_HOUSEHOLD][c] : e->u[j][c]);
		memcpy(k->pairs_m, e->m[c], sizeof(k->pairs_m));
		memcpy(k->pairs_u, e->u[CDP_CHANCE][c], sizeof(k->pairs_u));
		for (int l = 1; l <= k->info->n_levels; l++)
			change = fmax(change, fabs(k->m[l] - was_m[l]));
	}
	if (!em->fixed_lambda)
	{
		double		lambda = fmin(em->chance_only ? 1 : MAX_LAMBDA, matches / (em->all * em->findable));

		change = fmax(change, fabs(log(model->lambda / lambda)));
		model->lambda = lambda;
	}
	if (!em->chance_only)
	{
		double		sum = 0;

		share_homes(model, e);
		bound_namesakes(model, e);
		for (int j = 0; j < CDP_RELATIONS; j++)
			if (model->share[j] > 0)
				sum += fmax(e->share[j], em->least);
		for (int j = 0; j < CDP_RELATIONS; j++)
			if (model->share[j] > 0)
				model->share[j] = fmax(e->share[j], em->least) / sum;
	}
	return change;
}

bool
cdp_em(CdpEm *em)
{
	Expected	e;
	Cells		cells = {0};
	Expecting  *x = calloc(1, sizeof(Expecting));
	bool		fine;

	em->converged = false;
	fine = x && make_cells(&cells, em) && open_expecting(x, &cells);
	for (em->iterations = 0; fine && em->iterations < em->max_iterations; em->iterations++)
	{
		fine = expect(em, x, &e);
		if (!fine)
			break;
		em->change = maximise(em, &e);
		if (em->change < em->tolerance)
		{
			em->converged = true;
			break;
		}
	}
	free_cells(&cells);
	if (x)
		free(x->part);
	free(x);
	return fine;
}
