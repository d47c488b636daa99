/*
 * engine.h
 *	  The matching engine from inside: what engine.c shares with the files that work on
 *	  the records which it holds. Everybody else includes match.h.
 */
#ifndef CDP_MATCH_ENGINE_H
#define CDP_MATCH_ENGINE_H

#include "match/match.h"
#include "match/pairs.h"
#include "utils/timestamp.h"

struct CdpMatchEngine
{
	MemoryContext context;
	Oid			space;
	const char *schema;			/* quoted */
	int			model_id;		/* 0: what is being trained */
	bool		open;			/* store and blocker hold memory */
	CdpStore	store;
	CdpModel	model;
	CdpBlocker	blocker;
	double		pairs_per_record;	/* budget of the model */
	CdpScorer  *scorer[CDP_MAX_THREADS];	/* by thread, the backend's own first; made when asked for */
	/* by comparison */
	const char *comparison[CDP_MAX_COMPARISONS];
	Datum		attributes[CDP_MAX_COMPARISONS];
	char	   *conditions[CDP_MAX_COMPARISONS];	/* of comparisons by SQL conditions, as JSON */
	char	   *input_sql[CDP_MAX_COLUMNS];
	List	   *warnings;		/* of char * */

	int64	   *record;			/* by place */
	int32		n_read;			/* records that have come, of which the store may lack the last */
	struct CdpBatch *batch[2];	/* of them: one is filled while another thread puts the other into the store */
	int			filling;
	int64	   *profile;		/* former profile, 0 for none: while people are counted */
	int32		a_records;
	int64		n_records;		/* that the space has, when a sample of them was read; else 0 */
	CdpKeyed   *by_record;		/* places, sorted by record id, when they were asked for */

	CdpCrew		crew;
	ErrorData  *error;			/* waits until the plain C has returned */
	/* progress */
	TimestampTz shown;
	const char *doing;
	CdpPairs   *pairs;
	double		expected;		/* pairs, 0 when not known */
};

extern void cdp_match_engine_show(CdpMatchEngine *engine, const char *doing);

#endif
