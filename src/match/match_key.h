/*
 * match_key.h
 *	  The index of cdp.lookup: what its writer and its reader agree on.
 */
#ifndef CDP_MATCH_MATCH_KEY_H
#define CDP_MATCH_MATCH_KEY_H

#include "core/core.h"
#include "match/match.h"

#define CDP_KEY_FORMAT 4		/* of the table match_key; another one is written anew */
#define CDP_KEY_BLOCK 200		/* records that one entry leads to */

/* The row of match_key that holds a hash: its so many highest bits. */
static inline int32
cdp_key_bucket(uint32 key, int bits)
{
	return bits == 0 ? 0 : key >> (32 - bits);
}

/* A hash by a rule, as it stands in the index: its lowest bit says that pairs are found by the rule. */
static inline uint32
cdp_key_mark(uint32 hash, bool own)
{
	return hash == 0 ? 0 : (hash > 1 ? hash & ~1u : 2) | (own ? 0 : 1);
}

/* That of a record; 0: none. */
static inline uint32
cdp_key_of(const CdpBlocker *blocker, int rule, int32 record)
{
	return cdp_key_mark(cdp_rule_key(blocker, rule, record), blocker->rule[rule].own);
}

/* The row of match_key that holds the records of a hash which more than CDP_KEY_BLOCK share: none of the above. */
static inline int32
cdp_key_large_bucket(uint32 key)
{
	return -1 - (int32) (key >> 1);
}

/* A row of match_key while it is read; the entries come by hash, those of one hash one after the other. */
typedef struct CdpKeyEntries
{
	const uint8 *at,
			   *end;
	uint32		key;
	int64		record;			/* 0: more than CDP_KEY_BLOCK */
} CdpKeyEntries;

extern CdpKeyEntries cdp_key_entries(const bytea *row);
/* The next entry; false after the last. Raises an error where the row is not one. */
extern bool cdp_key_next(CdpKeyEntries *entries);
/* Appends the rules of the table match_key_rule; one with an unknown key keeps its place and finds nobody. Inside of SPI. */
extern void cdp_key_read_rules(CdpBlocker *blocker, const char *const *comparison, const char *schema, bool read_only);

/* Is a rule one by which records share no more than a form of one name? */
extern bool cdp_key_is_coarse(const CdpBlocker *blocker, int rule);
/* Is there an index of the engine's model, in this module's form, that has not been outgrown? Inside of SPI. */
extern bool cdp_key_is_indexed(CdpMatchEngine *engine, int *bits, double *records);

#endif
