/*
 * origin.h
 *	  Where names come from: how often given and family names go together.
 */
#ifndef CDP_MATCH_ORIGIN_H
#define CDP_MATCH_ORIGIN_H

#include "match/model.h"

/* Of every name of the store, from the records that have two; none where these are too few. False: out of memory. */
extern bool cdp_store_learn_origins(CdpStore *store, const CdpModel *model);

/*
 * How much more often two people share both names than the rarities of the two, multiplied,
 * let expect. 0 stands for a name that nobody else has: it comes from where the other does.
 */
extern double cdp_origins_together(uint64_t given, uint64_t family);

/* Do both names of a person agree at a level at which inputs rare are rare? */
static inline bool
cdp_names_agree(const CdpComparison *k, int rare)
{
	return k->measure == CDP_MEASURE_PERSON_NAME && (rare & 3) == 3;
}

static inline uint64_t
cdp_origins_of(const CdpColumn *column, int32_t code)
{
	return column->origins ? column->origins[code] : 0;
}

#endif
