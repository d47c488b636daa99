/*
 * engine.h
 *	  The matching engine from inside: what engine*.c share with the files that work on
 *	  the records which it holds. Everybody else includes match.h.
 */
#ifndef CDP_MATCH_ENGINE_H
#define CDP_MATCH_ENGINE_H

#include "match/match.h"
#include "match/pairs.h"
#include "match/scored.h"
#include "match/train.h"
#include "utils/array.h"
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
	struct CdpBatch *batch[2];	/* of them: one is filled while other threads put the other into the store */
	int			filling;
	int64		bad_record;		/* of which a text cannot be stored */
	int32		a_records;
	int64		n_records;		/* that the space has, when a sample of them was read; else 0 */
	CdpKeyed   *by_record;		/* places, sorted by record id, when they were asked for */

	CdpCrew		crew;
	ErrorData  *error;			/* waits until the plain C has returned */
	/* progress */
	TimestampTz shown;
	const char *doing;
	CdpPairs   *pairs;
	struct CdpScoring *scoring;	/* between its begin and its end */
	double		expected;		/* pairs, 0 when not known */
};

extern void cdp_match_engine_show(CdpMatchEngine *engine, const char *doing);

/* settings */
extern int	cdp_match_memory;	/* kB */
extern int	cdp_max_pairs_per_record;

/* ---------------------------------------------------------------- engine.c */

/* An engine with the model and, as cdp_engine_read_space takes them, records. */
extern CdpMatchEngine *cdp_engine_open(Oid space, int model_id, const char *which, ArrayType *ids);
/* An engine without comparisons and records. */
extern CdpMatchEngine *cdp_engine_begin(Oid space);
extern int	cdp_engine_threads(void);
/* An error that plain C is not to see: it is raised by cdp_match_engine_require. */
extern void cdp_engine_keep_error(CdpMatchEngine *engine);
/* A column of a row as a string, or NULL. */
extern char *cdp_engine_text(TupleTableSlot *slot, int i);
extern void cdp_engine_warn(CdpMatchEngine *engine, const char *fmt,...) pg_attribute_printf(2, 3);
/* Scores the pairs of the first n_rules rules (0: all); fn gets those of weight > above, in order. */
extern void cdp_engine_score(CdpMatchEngine *engine, int n_rules, double above, CdpScoredFn fn, void *state);

/* ---------------------------------------------------------------- engine_record.c */

/*
 * Comparisons (of the model; 0: as the space has them now) and records, those that which
 * leaves of the table r: what follows it in FROM, with ids, if any, as $1.
 */
extern void cdp_engine_read_space(CdpMatchEngine *engine, int model_id, const char *which, ArrayType *ids);
/* Appends the records with these ids. */
extern void cdp_engine_read_more(CdpMatchEngine *engine, ArrayType *ids);
/* The same, to learn from: of very many records a sample. */
extern void cdp_engine_read_sample(CdpMatchEngine *engine);
/* Appends the records in pg_temp.cdp_former, if it is there, to the store. */
extern void cdp_engine_read_former(CdpMatchEngine *engine);
extern void cdp_engine_close_batches(CdpMatchEngine *engine);

/* ---------------------------------------------------------------- neighbour.c */

/*
 * The records that share a block with those in pg_temp.cdp_changed, as they are or were
 * (pg_temp.cdp_former), these themselves, and, where such a block may be divided, the
 * neighbours of all who are in it. NULL: not known, or so many that all may be read as well.
 */
extern ArrayType *cdp_engine_neighbours(Oid space, int model_id);

/* ---------------------------------------------------------------- engine_model.c */

extern void cdp_engine_open_blocker(CdpMatchEngine *engine);
extern void cdp_engine_read_model(CdpMatchEngine *engine, int model_id);
/* Writes what was learned, or the defaults (NULL); returns its number. */
extern int	cdp_engine_write_model(CdpMatchEngine *engine, const CdpTraining *training);
extern void cdp_engine_write_rules(CdpMatchEngine *engine, int model_id);
/* The keys and comparisons of a rule as names. */
extern List *cdp_engine_rule_keys(const CdpMatchEngine *engine, int rule);
extern List *cdp_engine_rule_comparisons(const CdpMatchEngine *engine, int rule);
extern Datum cdp_engine_texts(List *strings);
/* A prepared value as it was read. */
extern Datum cdp_engine_value_text(const CdpValue *value);
/* Different values that a comparison sees. */
extern int32 cdp_engine_count_values(const CdpMatchEngine *engine, int comparison);

#endif
