/*
 * model.h
 *	  A Fellegi-Sunter model whose non-matches have reasons to agree.
 *
 * The classical model knows two kinds of pairs: one person, and two people who agree by
 * chance, each comparison for itself. Real people live together: two who share a
 * street share the city, and mostly the family name and the telephone. Multiplied as if
 * by chance, that looks like a match. So two people are here a mixture of relations:
 *
 *	 chance		nothing in common
 *	 area		the same place: city, state, postal code agree together
 *	 household	the same home: street, telephone, family name agree too; or the same firm or school, where
 *				family names do not
 *	 namesake	the same name, and so mailboxes and gender that look alike
 *	 twins		the same home and birth date; never one given name
 *	 named after	the same home and name, as father and son; birth dates agree by chance
 *	 kin		the same family name and no more; so mailboxes look alike
 *
 * Inside a relation comparisons are independent, as they are in a match, but for a move: of
 * one person, and of one home, the parts of an address change together, so where one is
 * another those after it have levels of their own (cdp_level_beside). What a relation
 * shares agrees however rare the value is; what it does not share agrees by chance, the
 * more seldom the rarer the value. The weight of a pair is
 *
 *	 log2(lambda m(levels)) - log2(sum over relations: share u(levels) rarity)
 *
 * and falls into one term per comparison by the chain rule: the u of a comparison is
 * taken given the levels of those before it. Terms are added in the order of the
 * comparisons, always, so the engine, SQL and explanations agree to the last digit. A
 * model with the relation chance alone is the classical one.
 *
 * Mixtures with a class for households: Larsen and Rubin, "Iterative Automated Record
 * Linkage Using Mixture Models" (2001).
 */
#ifndef CDP_MATCH_MODEL_H
#define CDP_MATCH_MODEL_H

#include "match/store.h"

#include <math.h>

#define CDP_MAX_COMPARISONS 24

typedef enum CdpRelation
{
	CDP_CHANCE = 0,
	CDP_AREA,
	CDP_HOUSEHOLD,
	CDP_NAMESAKE,
	CDP_TWINS,
	CDP_NAMED_AFTER,
	CDP_KIN,
	CDP_RELATIONS
} CdpRelation;

typedef struct CdpComparison
{
	CdpMeasure	measure;
	const CdpMeasureInfo *info;
	bool		is_place;		/* a code that names a place: state, country */
	bool		ignored;		/* says nothing that another comparison does not say: weighs nothing */
	int			repeats;		/* that other comparison */
	int			apart;			/* of a part of an address the level of two others; 0: it is none */
	int			moved;			/* how many levels on those after a move are (cdp_level_beside); 0: there are none */
	int			column[CDP_MAX_INPUTS];
	/* of CDP_MEASURE_SQL: the level of two records that have a value; only one thread works then */
	int			(*level) (void *state, int32_t a, int32_t b);
	void	   *state;
	double		m[CDP_MAX_LEVELS + 1];	/* by level; [0] unused */
	double		u[CDP_RELATIONS][CDP_MAX_LEVELS + 1];
	uint8_t		shared[CDP_RELATIONS];	/* bit i: input i agrees in this relation however rare its value is */
	double		pairs_m[CDP_MAX_LEVELS + 1];	/* how many pairs m and u rest on */
	double		pairs_u[CDP_MAX_LEVELS + 1];
} CdpComparison;

typedef struct CdpModel
{
	int			n;
	CdpComparison comparison[CDP_MAX_COMPARISONS];
	double		lambda;			/* share of the matches in all pairs */
	double		share[CDP_RELATIONS];	/* of the relations in all other pairs; sum to 1 */
} CdpModel;

/* Does a mailbox stand in for the name of a record? */
static inline bool
cdp_spelled(const CdpStore *store, const CdpComparison *k, const int32_t *codes)
{
	return k->measure == CDP_MEASURE_PERSON_NAME && codes[k->column[0]] < 0 && codes[k->column[1]] >= 0 &&
		cdp_is_mailbox(&store->column[k->column[1]].value[codes[k->column[1]]]);
}

/*
 * The level of a comparison beside those before it: of an address of which another part
 * differs, so far, its levels after a move. Comparisons are asked in order; moved is false at the first.
 */
static inline int
cdp_level_beside(const CdpComparison *k, int level, bool *moved)
{
	int			beside = *moved && level > 0 && level <= k->moved ? level + k->moved : level;

	*moved |= k->apart > 0 && (level == k->apart || level == k->apart + k->moved);
	return beside;
}

/* The level that is so after a move. */
static inline int
cdp_level_alone(const CdpComparison *k, int level)
{
	return k->moved > 0 && level > k->moved ? level - k->moved : level;
}

/* relation.c */
extern bool cdp_is_address(const CdpComparison *comparison);
extern bool cdp_area_is_group(const CdpModel *model);
extern void cdp_model_open(CdpModel *model, const CdpStore *store);
extern void cdp_relation_share(CdpComparison *comparison);

/* score.c */
typedef struct CdpScorer CdpScorer;
extern CdpScorer *cdp_scorer_create(const CdpStore *store, const CdpModel *model);
extern const CdpStore *cdp_scorer_store(const CdpScorer *scorer);
extern int	cdp_scorer_level(CdpScorer *scorer, int c, int32_t a, int32_t b);
extern void cdp_scorer_levels(CdpScorer *scorer, int32_t a, int32_t b, uint8_t *level);
extern void cdp_scorer_rarity(CdpScorer *scorer, int32_t a, int32_t b, const uint8_t *level, double *by_relation);
extern double cdp_scorer_weight(CdpScorer *scorer, int32_t a, int32_t b);
/* Is that less than so many bits, -1 or fewer, because something differs? */
extern bool cdp_scorer_contradicts(CdpScorer *scorer, int32_t a, int32_t b, double bits);
extern bool cdp_scorer_exceeds(CdpScorer *scorer, int32_t a, int32_t b, double above, double *weight);
extern double cdp_scorer_probability(CdpScorer *scorer, int32_t a, int32_t b, const uint8_t *levels);
extern uint32_t cdp_scorer_sure(CdpScorer *scorer, int32_t a, int32_t b, const uint8_t *levels, double bits);
extern void cdp_scorer_free(CdpScorer *scorer);

/*
 * How several pairs of records agree: by comparison, over those pairs in which both have
 * a value, the whole of it where any pair has that: a part of a name counts only where no
 * pair has two whole ones, and what mailboxes spell where no pair has two names.
 */
typedef struct CdpEvidenceTerm
{
	double		pairs;
	double		ratio[CDP_RELATIONS];	/* sum of m / u, with rarity */
	double		bits[CDP_RELATIONS];	/* and of its log2 */
	int			parts;			/* inputs that both have; 0: a mailbox spells them */
} CdpEvidenceTerm;

typedef struct CdpEvidence
{
	CdpEvidenceTerm term[CDP_MAX_COMPARISONS];
} CdpEvidence;
extern void cdp_scorer_compare(CdpScorer *scorer, int32_t a, int32_t b, CdpEvidence *sum);
extern double cdp_evidence_weight(const CdpModel *model, const CdpEvidence *sum);

static inline void
cdp_evidence_add(CdpEvidenceTerm *sum, const CdpEvidenceTerm *other)
{
	/* the name of a cluster is known as soon as one of its records has it */
	if (other->pairs == 0 || (sum->pairs > 0 && other->parts < sum->parts))
		return;
	if (sum->pairs == 0 || other->parts > sum->parts)
	{
		*sum = *other;
		return;
	}
	sum->pairs += other->pairs;
	for (int j = 0; j < CDP_RELATIONS; j++)
	{
		sum->ratio[j] += other->ratio[j];
		sum->bits[j] += other->bits[j];
	}
}

static inline double
cdp_probability(double weight)
{
	return 1 / (1 + exp2(-weight));
}

#endif
