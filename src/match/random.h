/*
 * random.h
 *	  Random pairs, which stand for all pairs.
 */
#ifndef CDP_MATCH_RANDOM_H
#define CDP_MATCH_RANDOM_H

#include "match/block.h"
#include "match/em.h"

typedef struct CdpRandom CdpRandom;

/* About so many pairs of n records, or all that there are; NULL: out of memory. */
extern CdpRandom *cdp_random_draw(int32_t n, int64_t most);
/* Their levels, once; scorer: by thread. False: out of memory, or the crew was stopped. */
extern bool cdp_random_compare(CdpRandom *random, const CdpModel *model, CdpScorer *const *scorer, CdpCrew *crew);
/* Forgets, and notes, which of them blocking finds: by the rules whose blocks are made. */
extern void cdp_random_unmark(CdpRandom *random);
extern bool cdp_random_mark(CdpRandom *random, const CdpBlocker *blocker, CdpCrew *crew);
/* Adds the patterns of those that blocking does not find. */
extern bool cdp_random_count(CdpRandom *random, const CdpModel *model, CdpScorer *const *scorer, CdpCrew *crew, CdpPatterns *out);
extern void cdp_random_free(CdpRandom *random);

#endif
