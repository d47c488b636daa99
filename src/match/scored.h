/*
 * scored.h
 *	  Scored pairs, sorted in bounded memory. Only the engine includes it.
 */
#ifndef CDP_MATCH_SCORED_H
#define CDP_MATCH_SCORED_H

#include "core/compat.h"

typedef struct CdpScored
{
	int32		a,				/* places in the store, a < b */
				b;
	double		weight;
} CdpScored;

typedef void (*CdpScoredFn) (void *state, const CdpScored *pair);

typedef struct CdpScoredSort CdpScoredSort;

extern CdpScoredSort *cdp_scored_begin(Size memory);
extern void cdp_scored_put(CdpScoredSort *sort, const CdpScored *pairs, int64 n);
extern void cdp_scored_finish(CdpScoredSort *sort, CdpScoredFn fn, void *state);

#endif
