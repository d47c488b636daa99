/*
 * condition.h
 *	  Levels of agreement told by SQL conditions over two records.
 */
#ifndef CDP_MATCH_CONDITION_H
#define CDP_MATCH_CONDITION_H

#include "core/core.h"

typedef struct CdpConditions CdpConditions;

/*
 * Makes the conditions of a comparison ready, in the current memory context, which must
 * live as long as they are used. conditions is a JSON array as match_comparison holds it.
 */
extern CdpConditions *cdp_match_conditions_open(Oid space, const char *comparison, const char *const *attributes, int n_attributes,
												const char *conditions_json);

/*
 * The level of two values as cdp_internal.input_sql gives them: the first condition that
 * is true, else one more than there are conditions. The ids tell where it failed (CDP66).
 */
extern int	cdp_match_conditions_level(CdpConditions *conditions, const char *a, size_t len_a, const char *b, size_t len_b,
									   int64 record_a, int64 record_b);

#endif
