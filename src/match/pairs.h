/*
 * pairs.h
 *	  Going through the pairs that blocking finds, each once.
 */
#ifndef CDP_MATCH_PAIRS_H
#define CDP_MATCH_PAIRS_H

#include "match/block.h"
#include "match/parallel.h"

/*
 * What is done with pairs. Functions return false when out of memory; pair is called
 * from the threads of the crew, the others from the caller's.
 */
typedef struct CdpPairs
{
	CdpBlocker *blocker;
	CdpCrew    *crew;			/* NULL: no threads */
	size_t		memory;			/* for the blocks of rules: 0 without limit */
	const uint8_t *changed;		/* by record; NULL: all. Only pairs with a changed one are visited */
	int			n_rules;		/* only so many, the first; 0: all */
	int64_t		thin;			/* above 1: of so many pairs only one, by a hash of the pair */
	bool		compares;		/* pair looks at values */
	void	   *state;
	/* a pair a < b, found by this rule and by none before it in its group */
	bool		(*pair) (void *state, int thread, int rule, int32_t a, int32_t b);
	/* the blocks of a group of rules are known: cdp_found_before tells of all of them */
	bool		(*group_done) (void *state);
	/* after some pairs, when no thread runs: at most at_once pairs, or if that is 0 the pairs of some rules */
	bool		(*some_done) (void *state);
	int64_t		at_once;
	/* what came of it */
	int			groups;			/* more than one: a pair may come once from each of them */
	volatile int64_t done;		/* pairs so far */
} CdpPairs;

extern bool cdp_each_pair(CdpPairs *pairs);

#endif
