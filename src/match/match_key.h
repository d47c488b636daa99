/*
 * match_key.h
 *	  The index of cdp.lookup: what its writer and its reader agree on.
 */
#ifndef CDP_MATCH_MATCH_KEY_H
#define CDP_MATCH_MATCH_KEY_H

#include "core/core.h"
#include "match/block.h"

#define CDP_KEY_FORMAT 3		/* of the table match_key; another one is written anew */
#define CDP_KEY_BLOCK 200		/* records that one entry leads to */

/* The row of match_key that holds a hash: its so many highest bits. */
static inline int32
cdp_key_bucket(uint32 key, int bits)
{
	return bits == 0 ? 0 : key >> (32 - bits);
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

#endif
