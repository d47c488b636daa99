/*
 * sum.h
 *	  The weight of a pair, term by term.
 */
#ifndef CDP_MATCH_SUM_H
#define CDP_MATCH_SUM_H

#include "match/model.h"

/* How a pair of records agrees in one comparison. */
typedef struct CdpAgreed
{
	int			level;			/* 0: nothing to compare */
	double		rarity[CDP_MAX_INPUTS]; /* of the value, for inputs that agree exactly (CdpLevel.frequency); else 1 */
} CdpAgreed;

/* What the comparisons up to one add to. */
typedef struct CdpTerm
{
	double		weight;			/* of this comparison, given those before it */
	double		of_rarity;		/* part of weight that the rarity of the value adds */
	double		total;			/* of the prior and all comparisons so far */
} CdpTerm;

/*
 * log2 of the odds that the two records are one person. term, unless NULL, gets
 * model->n + 1 entries: the prior and one per comparison, with total[n] the result.
 */
extern double cdp_sum_weight(const CdpModel *model, const CdpAgreed *agreed, CdpTerm *term);

#endif
