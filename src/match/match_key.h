/*
 * match_key.h
 *	  The index of cdp.lookup: what its writer and its reader agree on.
 */
#ifndef CDP_MATCH_MATCH_KEY_H
#define CDP_MATCH_MATCH_KEY_H

#include "core/core.h"
#include "match/block.h"

#define CDP_KEY_FORMAT 2		/* of the table match_key; another one is written anew */
#define CDP_KEY_BLOCK 200		/* records that one entry leads to */

/* The row of match_key that holds a hash: its so many highest bits. */
static inline int32
cdp_key_bucket(uint32 key, int bits)
{
	return bits == 0 ? 0 : key >> (32 - bits);
}

/* An array of fixed-size elements, none null, as it lies in memory; raises an error where it is not one. */
extern void *cdp_key_array(Datum datum, Oid type, int *n);
/* Appends the rules of the table match_key_rule; one with an unknown key keeps its place and finds nobody. Inside of SPI. */
extern void cdp_key_read_rules(CdpBlocker *blocker, const char *const *comparison, const char *schema, bool read_only);

#endif
