/*
 * em.h
 *	  Patterns of agreement, and expectation-maximisation on how often each occurs.
 */
#ifndef CDP_MATCH_EM_H
#define CDP_MATCH_EM_H

#include "match/model.h"
#include "match/parallel.h"

/*
 * The level of every comparison of a pair, rounded rarity of what agrees, and for which
 * comparisons the pair may serve as evidence.
 */
#define CDP_PATTERN_BITS 5		/* of a level */
#define CDP_PATTERN_HALF 12		/* comparisons in a word */

typedef struct CdpPattern
{
	uint64_t	levels[2];		/* the first half in [0] */
	uint32_t	eligible;		/* comparisons for whose m it is evidence */
	int8_t		rarity[8];		/* by relation: log2 of the rarity of what it does not share, rounded */
	double		count;
} CdpPattern;

/* A hash table of patterns; once it is packed, an array in an order of its own. */
typedef struct CdpPatterns
{
	CdpPattern *slot;
	uint32_t	n_slots;
	uint32_t	n;
	uint32_t	n_before;		/* slots, before they were merged into others: what comes next is about as much */
} CdpPatterns;

typedef struct CdpEm
{
	/* what to do */
	CdpModel   *model;			/* start values, and then what was learned */
	const CdpPatterns *candidates;	/* m comes from them */
	const CdpPatterns *random;	/* or NULL */
	const CdpPatterns *same;	/* pairs known to be one person, or NULL */
	const CdpPatterns *different;	/* and known to be two */
	double		thin;			/* pairs that a candidate stands for */
	double		each;			/* pairs that a random pair stands for */
	double		all;			/* pairs that there are */
	double		findable;		/* the share of them in which a match would be a candidate */
	int			max_iterations;
	double		tolerance;
	/* what the classical algorithm does without */
	double		prior_pairs;	/* what documented defaults count for against pairs seen */
	double		least;			/* a level never seen among candidates or random pairs counts as so many of these */
	uint32_t	covered;		/* comparisons of which every pair that agrees exactly is a candidate */
	bool		chance_only;	/* there are no relations */
	bool		fixed_m;
	bool		fixed_u;
	bool		fixed_lambda;
	CdpCrew    *crew;			/* asked between iterations whether to go on; NULL: nobody */
	/* what came of it */
	double		matches;		/* expected true pairs among the candidates */
	int			iterations;
	double		change;			/* the largest of the last iteration */
	bool		converged;
	double		eligible[CDP_MAX_COMPARISONS];	/* matches found without this comparison's help */
} CdpEm;

/* The levels of comparisons in two words, zero at first. */
static inline void
cdp_levels_put(uint64_t *levels, int c, int level)
{
	levels[c / CDP_PATTERN_HALF] |= (uint64_t) level << CDP_PATTERN_BITS * (c % CDP_PATTERN_HALF);
}

static inline int
cdp_levels_get(const uint64_t *levels, int c)
{
	return levels[c / CDP_PATTERN_HALF] >> CDP_PATTERN_BITS * (c % CDP_PATTERN_HALF) & ((1 << CDP_PATTERN_BITS) - 1);
}

static inline int
cdp_pattern_level(const CdpPattern *p, int c)
{
	return cdp_levels_get(p->levels, c);
}

extern void cdp_pattern_make(CdpPattern *pattern, const CdpModel *model, const uint8_t *level, const double *rarity);
/* The probability of a match in a pattern, and of each relation. */
extern double cdp_pattern_shares(const CdpPattern *pattern, const CdpModel *model, double *relation);
/* Counts a pattern; false: out of memory. */
extern bool cdp_patterns_add(CdpPatterns *patterns, const CdpPattern *pattern);
extern bool cdp_patterns_merge(CdpPatterns *patterns, CdpPatterns *other);	/* and empties the other */
extern void cdp_patterns_pack(CdpPatterns *patterns);
extern void cdp_patterns_free(CdpPatterns *patterns);
extern bool cdp_em(CdpEm *em);

#endif
