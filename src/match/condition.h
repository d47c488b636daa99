/*
 * condition.h
 *	  Levels of agreement told by SQL conditions over two records.
 */
#ifndef CDP_MATCH_CONDITION_H
#define CDP_MATCH_CONDITION_H

#include "core/core.h"

typedef struct CdpConditions CdpConditions;
typedef struct CdpConditionValue CdpConditionValue;

/*
 * Makes the conditions of a comparison ready, in the current memory context, which must
 * live as long as they are used. conditions is a JSON array as match_comparison holds it.
 */
extern CdpConditions *cdp_match_conditions_open(Oid space, const char *comparison, const char *const *attributes, int n_attributes,
												const char *conditions_json);

/* A value as cdp_internal.input_sql gives it, taken apart in the current memory context. */
extern CdpConditionValue *cdp_match_conditions_value(const CdpConditions *conditions, const char *s, size_t len);

/*
 * The level of two values: the first condition that is true, else one more than there
 * are conditions. The ids tell where it failed (CDP66).
 */
extern int	cdp_match_conditions_level(CdpConditions *conditions, const CdpConditionValue *a, const CdpConditionValue *b,
									   int64 record_a, int64 record_b);

#endif
