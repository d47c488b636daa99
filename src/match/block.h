/*
 * block.h
 *	  Blocking: which pairs are compared at all.
 */
#ifndef CDP_MATCH_BLOCK_H
#define CDP_MATCH_BLOCK_H

#include "match/model.h"
#include "match/parallel.h"

#define CDP_MAX_KEYS 64
#define CDP_MAX_RULES 48
#define CDP_RULE_KEYS 3

/* A key: a part or a form of a value on which records can agree exactly. */
typedef struct CdpKey
{
	const char *name;
	int			comparison;
	int			input;			/* of the comparison; -1: both inputs together */
	int			slot;			/* of CdpColumn.key; of both inputs the bits of those that count with their initial alone */
} CdpKey;

/* A rule: records that agree on all of its keys form a block. */
typedef struct CdpRule
{
	uint64_t	keys;			/* bits of CdpBlocker.key */
	bool		own;			/* of the index for look-ups (match_key.c): no pairs are found by it */
	double		estimate;		/* expected pairs, before what earlier rules find is taken off */
	double		gain;			/* expected share of the true pairs that no earlier rule finds */
	/* filled by cdp_block_rule and whoever counts */
	int64_t		blocks;
	int64_t		pairs;
	int64_t		largest;		/* records in the largest block */
	int64_t		refined;		/* blocks that were over the cap */
	int64_t		new_pairs;
} CdpRule;

/*
 * How often the keys of one comparison agree in a true pair, as a distribution over
 * sets of its keys. Of records for whose name a mailbox stands it is another one.
 */
typedef struct CdpAgreement
{
	int			n,
				allocated;
	uint64_t   *keys;
	double	   *share;			/* sums to 1 */
} CdpAgreement;

typedef struct CdpBlocker
{
	const CdpStore *store;
	const CdpModel *model;
	double		records;		/* that there are: more than in the store, when that is a sample */
	CdpCrew    *crew;			/* who chooses; NULL: no threads */
	int			n_keys;
	CdpKey		key[CDP_MAX_KEYS];
	CdpAgreement agreement[CDP_MAX_COMPARISONS][2];	/* [true]: of records with a mailbox for a name */
	int			n_rules;
	CdpRule		rule[CDP_MAX_RULES];
	int64_t		max_block;		/* records in a block; larger ones are refined */
	double		coverage;		/* expected share of true pairs that the rules find */
	struct CdpRandom *random;	/* pairs that training draws once */
	struct CdpChooser *chooser; /* block sizes that were counted, until the last choice */
	/* the rules whose blocks are being made, and the place of each record: block number per rule, 0 for none; n x n_group */
	int			first;
	int			n_group;
	uint32_t   *place;
} CdpBlocker;

/* The blocks of one rule: records of block i are member[start[i]] .. member[start[i + 1] - 1]. */
typedef struct CdpBlocks
{
	int32_t    *member;
	int64_t    *start;
	int64_t		n,
				allocated;
} CdpBlocks;

extern bool cdp_blocker_open(CdpBlocker *blocker, const CdpStore *store, const CdpModel *model);
extern uint64_t cdp_blocker_agreeing(const CdpBlocker *blocker, int32_t a, int32_t b);
extern bool cdp_blocker_learn(CdpBlocker *blocker, int comparison, bool spelled, uint64_t keys, double weight);
extern bool cdp_blocker_choose(CdpBlocker *blocker, double pairs_per_record);
extern bool cdp_blocker_allow_for_slips(CdpBlocker *blocker, double share, double pairs_per_record);
extern void cdp_blocker_diversify(CdpBlocker *blocker, double pairs_per_record);
extern void cdp_blocker_forget(CdpBlocker *blocker);
extern bool cdp_blocker_start(CdpBlocker *blocker, int first, int n);
/* Gives back what cdp_blocker_start took. */
extern void cdp_blocker_end(CdpBlocker *blocker);
extern bool cdp_block_rule(CdpBlocker *blocker, int rule, CdpBlocks *blocks);
/* marks of records, for who goes only through the pairs of those that changed */
#define CDP_CHANGED 1
#define CDP_BLOCK_CHANGED 2		/* did not change, but its pairs may have */
extern bool cdp_blocker_spread(CdpBlocker *blocker, int32_t n, uint8_t *changed);
extern uint32_t cdp_rule_key(const CdpBlocker *blocker, int rule, int32_t record);
/* The same for all rules at once; keys: of all of them, as bits. */
extern void cdp_rule_keys(const CdpBlocker *blocker, uint64_t keys, int32_t record, uint32_t *hash);
extern uint32_t cdp_rule_comparisons(const CdpBlocker *blocker, uint64_t keys);
extern void cdp_blocks_free(CdpBlocks *blocks);
extern void cdp_blocker_close(CdpBlocker *blocker);

/* Does a rule of the group before this one put both records into one block? */
static inline bool
cdp_found_before(const CdpBlocker *blocker, int rule, int32_t a, int32_t b)
{
	const uint32_t *x = blocker->place + (size_t) a * blocker->n_group;
	const uint32_t *y = blocker->place + (size_t) b * blocker->n_group;

	for (int r = 0; r < rule - blocker->first; r++)
		if (x[r] == y[r] && x[r] != 0)
			return true;
	return false;
}

#endif
