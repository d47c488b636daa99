/*
 * match.h
 *	  Public header of the match room: the records of a space in memory, a
 *	  model, and the pairs that speak for one person.
 */
#ifndef CDP_MATCH_MATCH_H
#define CDP_MATCH_MATCH_H

#include "core/core.h"
#include "match/agglomerate.h"
#include "match/block.h"
#include "match/model.h"

typedef struct CdpMatchEngine CdpMatchEngine;

/* a < b are places of records, in canonical order */
typedef void (*CdpMatchPairFn) (void *state, int32 a, int32 b, double weight);

/*
 * Inside of SPI. affected_only: the records in pg_temp.cdp_affected. What is opened
 * belongs to the current memory context and ends with it.
 */
extern CdpMatchEngine *cdp_match_engine_open(Oid space, int model_id, bool affected_only);
extern void cdp_match_engine_close(CdpMatchEngine *engine);
extern int32 cdp_match_engine_size(const CdpMatchEngine *engine);
extern int64 cdp_match_engine_record(const CdpMatchEngine *engine, int32 place);
extern int32 cdp_match_engine_place(CdpMatchEngine *engine, int64 record_id);	/* -1: none */
extern int	cdp_match_engine_comparisons(const CdpMatchEngine *engine);
/* Who may work on the engine's records, with what the next three need; the first is of the caller's own thread. */
extern CdpCrew *cdp_match_engine_crew(CdpMatchEngine *engine);
extern double cdp_match_engine_weight(CdpMatchEngine *engine, int32 a, int32 b);
/* Is that less than so many bits, -1 or fewer, because something differs? */
extern bool cdp_match_engine_contradicts(CdpMatchEngine *engine, int thread, int32 a, int32 b, double bits);
extern void cdp_match_engine_compare(CdpMatchEngine *engine, int thread, int32 a, int32 b, CdpEvidence *sum);
/* Plain C returned fine, or why not is raised. */
extern void cdp_match_engine_require(CdpMatchEngine *engine, bool fine);
extern double cdp_match_engine_weigh(CdpMatchEngine *engine, const CdpEvidence *sum);
/*
 * Scores pairs, and in the end gives fn those of weight > 0, in order. Between the two calls
 * other threads work while the caller does what it likes, but leaves the records of the
 * engine as they are; in the second the caller helps. changed_only: pairs with a record in
 * pg_temp.cdp_changed, or one whose block is divided otherwise than before because of
 * them (pg_temp.cdp_former, if it is there, holds the changed and vanished records as
 * they were); first, such a record itself, as the pair (a, a) of weight 0.
 */
extern void cdp_match_engine_score_begin(CdpMatchEngine *engine, bool changed_only);
extern void cdp_match_engine_score_end(CdpMatchEngine *engine, CdpMatchPairFn fn, void *state);

/*
 * Writes the index of cdp.lookup (match_key.c) anew, from the engine's records. Between the
 * two calls other threads make the entries while the caller does what it likes, but
 * change the engine's records. The second returns the number of entries.
 */
typedef struct CdpMatchKeys CdpMatchKeys;
extern CdpMatchKeys *cdp_match_keys_begin(CdpMatchEngine *engine);
extern int64 cdp_match_keys_end(CdpMatchKeys *keys);
/* The same for the records in pg_temp.cdp_changed, by an engine that holds what is affected; returns the entries that were added. */
extern int64 cdp_match_keys_write_changed(CdpMatchEngine *engine);

/* What a key of a blocking rule is called in rows, given the name of its comparison. */
extern char *cdp_match_key_label(const CdpModel *model, const CdpKey *key, const char *comparison);
/* The keys of an array of such names, as bits; 0 where one does not exist. */
extern uint64 cdp_match_rule_keys(const CdpBlocker *blocker, const char *const *comparison, Datum names);

extern void cdp_match_init(void);

#endif
