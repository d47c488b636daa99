/*
 * model_sql.h
 *	  A model as SQL knows it: jsonb, with names.
 */
#ifndef CDP_MATCH_MODEL_SQL_H
#define CDP_MATCH_MODEL_SQL_H

#include "core/core.h"
#include "match/sum.h"
#include "utils/jsonb.h"

typedef struct CdpNamedComparison
{
	char	   *name;
	char	   *attribute[8];
	int			n_attributes;
	char	   *condition[CDP_MAX_LEVELS];	/* by level - 1; NULL: none */
	CdpMeasureInfo own;			/* info of the comparison when it has no measure */
	double		people[CDP_MAX_INPUTS];
	double		unseen[CDP_MAX_INPUTS];	/* rarity of values without one of their own */
	double		pairs_m[CDP_MAX_LEVELS + 1];	/* negative: not told */
	double		pairs_u[CDP_MAX_LEVELS + 1];
} CdpNamedComparison;

typedef struct CdpNamedModel
{
	CdpModel	model;
	CdpNamedComparison named[CDP_MAX_COMPARISONS];
	CdpNicknames *nicknames;	/* malloc'ed; given back when the context of the model goes */
} CdpNamedModel;

/* Reads and checks a model into the current memory context; raises CDP65. */
extern CdpNamedModel *cdp_match_read_model(Jsonb *json);

#endif
