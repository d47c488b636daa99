/*
 * engine.c
 *	  The matching engine: the records of a space in memory, and what is done with them.
 *
 * Records are read once, in canonical order (source_id, source_key), into a store
 * (store.h); everything after that is plain C over memory that does not change, done by
 * several threads (parallel.h). What comes out does not depend on the order in which
 * rows were written, on the number of threads, or on the memory allowed.
 *
 * This file opens and closes it, scores, and holds threads, interrupts and settings;
 * engine_record.c reads comparisons and records, engine_train.c learns, and engine_model.c
 * keeps what was learned as rows.
 *
 * Threads: only this backend's own thread calls the server. It works with the others
 * and looks for interrupts between chunks of some milliseconds; before it handles one
 * all others are joined, and an error waits in engine->error until the plain C beneath
 * has given back its memory. Scoring is an errand (parallel.h): between its begin and its
 * end this backend's own thread does something else.
 *
 * Memory: the store is malloc'ed, because threads and the plain C use it; it is freed by
 * a callback of the context that holds the engine, however that ends. cdp.match_memory
 * bounds what training and scoring take beside it: half for the places of records in
 * blocks, 4 bytes for each record and rule (with less, rules are taken in groups, and
 * a pair that two groups find is scored twice and kept once), a quarter for pairs that are
 * being scored, a quarter for sorting them, beyond which they go to temporary files.
 *
 * Locks: none here; the callers hold the advisory lock of the space.
 */
#include "match/engine.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include <unistd.h>

int			cdp_match_memory = 1024 * 1024;
static int	match_threads = 0;
int			cdp_max_pairs_per_record = 100;

/* ---------------------------------------------------------------- threads and interrupts */

int
cdp_engine_threads(void)
{
	int			n = match_threads > 0 ? match_threads : max_parallel_maintenance_workers + 1;
	long		cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (match_threads == 0 && cores > 0 && n > cores)
		n = cores;
	return Min(n, CDP_MAX_THREADS);
}

static void
show_progress(CdpMatchEngine *e)
{
	if (e->pairs == NULL)
		cdp_core_activity("space %s: %s", e->schema, e->doing);
	else if (e->expected > e->pairs->done)
		cdp_core_activity("space %s: %s %.1f of %.1f million pairs", e->schema, e->doing, e->pairs->done / 1e6, e->expected / 1e6);
	else
		cdp_core_activity("space %s: %s %.1f million pairs", e->schema, e->doing, e->pairs->done / 1e6);
}

void
cdp_match_engine_show(CdpMatchEngine *e, const char *doing)
{
	e->doing = doing;
	show_progress(e);
}

static bool
interrupt_pending(void *arg)
{
	CdpMatchEngine *e = arg;
	TimestampTz now = GetCurrentTimestamp();

	if (e->doing && TimestampDifferenceExceeds(e->shown, now, 500))
	{
		e->shown = now;
		show_progress(e);
	}
	return InterruptPending || e->error != NULL;
}

/* An error must wait until the plain C beneath has given back its memory. */
void
cdp_engine_keep_error(CdpMatchEngine *e)
{
	MemoryContextSwitchTo(e->context);
	e->error = CopyErrorData();
	FlushErrorState();
}

static bool
handle_interrupt(void *arg)
{
	CdpMatchEngine *e = arg;
	volatile bool fine = true;

	if (e->error)
		return false;
	PG_TRY();
	{
		CHECK_FOR_INTERRUPTS();
	}
	PG_CATCH();
	{
		cdp_engine_keep_error(e);
		fine = false;
	}
	PG_END_TRY();
	return fine;
}

pg_noreturn static void fail(CdpMatchEngine *e);

/* The plain C has returned false: why? */
static void
fail(CdpMatchEngine *e)
{
	if (e->error)
		ReThrowError(e->error);
	if (e->store.work.problem == CDP_TEXT_TOO_LONG)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("record %lld of space %s has a text that is too long to be compared",
					   (long long) e->bad_record, e->schema),
				errhint("Texts of more than %d characters are not compared: shorten it in the source.", CDP_MAX_CHARS));
	ereport(ERROR,
			errcode(ERRCODE_OUT_OF_MEMORY),
			errmsg("out of memory while matching the records of space %s", e->schema),
			errhint("Compare fewer attributes (cdp.set_comparison), or give the server more memory."));
}

void
cdp_match_engine_require(CdpMatchEngine *e, bool fine)
{
	if (!fine)
		fail(e);
}

/* ---------------------------------------------------------------- opening and closing */

static void release_scoring(CdpMatchEngine *e);

static void
release(void *arg)
{
	CdpMatchEngine *e = arg;

	if (!e->open)
		return;
	e->open = false;
	cdp_engine_close_batches(e);
	release_scoring(e);
	for (int i = 0; i < CDP_MAX_THREADS; i++)
		if (e->scorer[i])
			cdp_scorer_free(e->scorer[i]);
	cdp_blocker_close(&e->blocker);
	cdp_store_close(&e->store);
}

CdpMatchEngine *
cdp_engine_begin(Oid space)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp matching", ALLOCSET_DEFAULT_SIZES);
	CdpMatchEngine *e = MemoryContextAllocZero(context, sizeof(CdpMatchEngine));
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

	e->context = context;
	e->space = space;
	e->schema = MemoryContextStrdup(context, cdp_core_space_schema(space));
	e->crew = (CdpCrew)
	{
		.threads = cdp_engine_threads(), .pending = interrupt_pending, .handle = handle_interrupt, .arg = e
	};
	callback->func = release;
	callback->arg = e;
	MemoryContextRegisterResetCallback(context, callback);
	e->open = true;
	cdp_match_engine_require(e, cdp_store_open(&e->store));
	return e;
}

char *
cdp_engine_text(TupleTableSlot *slot, int i)
{
	return slot->tts_isnull[i] ? NULL : TextDatumGetCString(slot->tts_values[i]);
}

void
cdp_engine_warn(CdpMatchEngine *e, const char *fmt,...)
{
	char		text[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->warnings = lappend(e->warnings, pstrdup(text));
}

/* ---------------------------------------------------------------- scoring */

typedef struct ThreadScores
{
	CdpScorer  *scorer;
	CdpScored  *pair;			/* malloc'ed */
	int64		n,
				allocated;
} ThreadScores;

/*
 * Scoring is an errand: plain C that other threads can do while the backend's own is at
 * something else. That is asked for only to take scores away when they are many.
 */
struct CdpScoring
{
	CdpMatchEngine *engine;
	CdpPairs	pairs;
	double		above;			/* weights that count */
	CdpScoredSort *sort;
	ThreadScores thread[CDP_MAX_THREADS];
	CdpErrand	errand;
};

static bool
score_pair(void *state, int thread, int rule, int32_t a, int32_t b)
{
	struct CdpScoring *s = state;
	ThreadScores *t = &s->thread[thread];
	double		weight;

	if (!cdp_scorer_exceeds(t->scorer, a, b, s->above, &weight))
		return true;
	if (t->n == t->allocated)
	{
		int64		more = t->allocated ? t->allocated * 2 : 1024;
		CdpScored  *p = realloc(t->pair, more * sizeof(CdpScored));

		if (p == NULL)
			return false;
		t->pair = p;
		t->allocated = more;
	}
	t->pair[t->n++] = (CdpScored)
	{
		.a = a, .b = b, .weight = weight
	};
	return true;
}

/* In the backend's own thread. */
static bool
take_scores(void *state)
{
	struct CdpScoring *s = state;
	MemoryContext old = MemoryContextSwitchTo(s->engine->context);
	volatile bool fine = true;

	PG_TRY();
	{
		for (int i = 0; i < CDP_MAX_THREADS; i++)
		{
			cdp_scored_put(s->sort, s->thread[i].pair, s->thread[i].n);
			s->thread[i].n = 0;
		}
	}
	PG_CATCH();
	{
		cdp_engine_keep_error(s->engine);
		fine = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return fine;
}

/* Between chunks: threads keep as many scores as there are pairs at once. */
static bool
limit_scores(void *state)
{
	struct CdpScoring *s = state;
	int64		n = 0;

	for (int i = 0; i < CDP_MAX_THREADS; i++)
		n += s->thread[i].n;
	return n < s->pairs.at_once || cdp_crew_ask(s->pairs.crew, take_scores, s);
}

static bool
score_all(void *state, CdpCrew *crew)
{
	struct CdpScoring *s = state;
	bool		fine = true;

	for (int i = 0; fine && i < cdp_crew_threads(crew); i++)
		fine = (s->thread[i].scorer = cdp_scorer_create(&s->engine->store, &s->engine->model)) != NULL;
	s->pairs.crew = crew;
	fine = fine && cdp_each_pair(&s->pairs);
	cdp_blocker_end(&s->engine->blocker);
	return fine;
}

static void
release_scoring(CdpMatchEngine *e)
{
	struct CdpScoring *s = e->scoring;

	if (s == NULL)
		return;
	cdp_errand_abandon(&s->errand);
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (s->thread[i].scorer)
			cdp_scorer_free(s->thread[i].scorer);
		free(s->thread[i].pair);
		s->thread[i] = (ThreadScores) {0};
	}
	e->pairs = NULL;
	e->scoring = NULL;
}

static void
begin_scoring(CdpMatchEngine *e, const uint8 *changed, int n_rules, double above)
{
	Size		memory = (Size) cdp_match_memory * 1024;
	MemoryContext old = MemoryContextSwitchTo(e->context);
	struct CdpScoring *s = palloc0(sizeof(struct CdpScoring));

	s->engine = e;
	s->pairs = (CdpPairs)
	{
		.blocker = &e->blocker, .memory = memory / 2, .changed = changed, .n_rules = n_rules, .compares = true, .state = s,
			.pair = score_pair, .some_done = limit_scores, .at_once = memory / 8 / sizeof(CdpScored)
	};
	s->above = above;
	s->sort = cdp_scored_begin(memory / 4);
	s->errand = (CdpErrand)
	{
		.fn = score_all, .state = s, .crew = &e->crew
	};
	e->doing = "comparing";
	e->pairs = &s->pairs;
	e->scoring = s;
	cdp_errand_start(&s->errand);
	MemoryContextSwitchTo(old);
}

static void
end_scoring(CdpMatchEngine *e, CdpScoredFn fn, void *state)
{
	struct CdpScoring *s = e->scoring;
	MemoryContext old = MemoryContextSwitchTo(e->context);
	bool		fine = cdp_errand_finish(&s->errand) && take_scores(s);

	release_scoring(e);
	cdp_match_engine_require(e, fine);
	cdp_match_engine_show(e, "sorting pairs");
	cdp_scored_finish(s->sort, fn, state);
	if (s->pairs.changed)
		pfree(unconstify(uint8 *, s->pairs.changed));
	pfree(s);
	MemoryContextSwitchTo(old);
}

/* Scores the pairs of the first n_rules rules (0: all); fn gets those of weight > above, in order. */
void
cdp_engine_score(CdpMatchEngine *e, int n_rules, double above, CdpScoredFn fn, void *state)
{
	begin_scoring(e, NULL, n_rules, above);
	end_scoring(e, fn, state);
}

/* ---------------------------------------------------------------- for the rooms above */

CdpMatchEngine *
cdp_engine_open(Oid space, int model_id, const char *which, ArrayType *ids)
{
	CdpMatchEngine *e = cdp_engine_begin(space);

	e->model_id = model_id;
	cdp_engine_read_space(e, model_id, which, ids);
	cdp_engine_read_model(e, model_id);
	return e;
}

CdpMatchEngine *
cdp_match_engine_open(Oid space, int model_id, bool affected_only)
{
	return cdp_engine_open(space, model_id, affected_only ? " JOIN pg_temp.cdp_affected f ON f.record_id = r.record_id" : "", NULL);
}

void
cdp_match_engine_close(CdpMatchEngine *e)
{
	MemoryContextDelete(e->context);
}

int32
cdp_match_engine_size(const CdpMatchEngine *e)
{
	return e->store.n;
}

int64
cdp_match_engine_record(const CdpMatchEngine *e, int32 place)
{
	return e->record[place];
}

static int
compare_keyed(const void *x, const void *y)
{
	uint64		a = ((const CdpKeyed *) x)->key,
				b = ((const CdpKeyed *) y)->key;

	return a < b ? -1 : a > b;
}

int32
cdp_match_engine_place(CdpMatchEngine *e, int64 record_id)
{
	CdpKeyed	wanted = {.key = record_id};
	CdpKeyed   *found;

	if (e->by_record == NULL)
	{
		CdpKeyed   *spare = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(CdpKeyed));
		CdpKeyed   *keyed = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(CdpKeyed));

		for (int32 i = 0; i < e->store.n; i++)
			keyed[i] = (CdpKeyed)
		{
			.key = e->record[i], .at = i
		};
		e->by_record = cdp_keyed_sort(&e->store.work, keyed, spare, e->store.n);
		pfree(e->by_record == keyed ? spare : keyed);
	}
	found = bsearch(&wanted, e->by_record, e->store.n, sizeof(CdpKeyed), compare_keyed);
	return found ? found->at : -1;
}

CdpCrew *
cdp_match_engine_crew(CdpMatchEngine *e)
{
	for (int i = 0; i < cdp_crew_threads(&e->crew); i++)
		if (e->scorer[i] == NULL)
			cdp_match_engine_require(e, (e->scorer[i] = cdp_scorer_create(&e->store, &e->model)) != NULL);
	return &e->crew;
}

double
cdp_match_engine_weight(CdpMatchEngine *e, int32 a, int32 b)
{
	return cdp_scorer_weight(e->scorer[0], a, b);
}

bool
cdp_match_engine_contradicts(CdpMatchEngine *e, int thread, int32 a, int32 b, double bits)
{
	return cdp_scorer_contradicts(e->scorer[thread], a, b, bits);
}

int
cdp_match_engine_comparisons(const CdpMatchEngine *e)
{
	return e->model.n;
}

void
cdp_match_engine_compare(CdpMatchEngine *e, int thread, int32 a, int32 b, CdpEvidence *sum)
{
	cdp_scorer_compare(e->scorer[thread], a, b, sum);
}

double
cdp_match_engine_weigh(CdpMatchEngine *e, const CdpEvidence *sum)
{
	return cdp_evidence_weight(&e->model, sum);
}

typedef struct Marking
{
	CdpMatchEngine *e;
	uint8	   *mark;
} Marking;

static void
mark_row(TupleTableSlot *slot, void *state)
{
	Marking    *m = state;
	int32		at = slot->tts_isnull[0] ? -1 : cdp_match_engine_place(m->e, DatumGetInt64(slot->tts_values[0]));

	if (at >= 0)
		m->mark[at] = CDP_CHANGED;
}

/* Marks who shares a divided block with a changed record, as it is or as it was (pg_temp.cdp_former). */
static void
spread_changes(CdpMatchEngine *e, uint8 *mark)
{
	int32		n = e->store.n;

	cdp_engine_read_former(e);
	cdp_match_engine_require(e, cdp_blocker_spread(&e->blocker, n, mark));
	e->store.n = n;
}

typedef struct Giving
{
	CdpMatchPairFn fn;
	void	   *state;
} Giving;

static void
give_pair(void *state, const CdpScored *pair)
{
	Giving	   *g = state;

	g->fn(g->state, pair->a, pair->b, pair->weight);
}

void
cdp_match_engine_score_begin(CdpMatchEngine *e, bool changed_only)
{
	Marking		marking = {.e = e};

	e->expected = 0;
	if (changed_only)
	{
		marking.mark = MemoryContextAllocExtended(e->context, e->store.n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		cdp_core_stream("SELECT c.record_id::pg_catalog.int8 FROM pg_temp.cdp_changed c", 0, NULL, NULL, mark_row, &marking);
		spread_changes(e, marking.mark);
	}
	else
	{
		cdp_store_seal(&e->store);
		for (int r = 0; r < e->blocker.n_rules; r++)
			e->expected += e->blocker.rule[r].estimate;
	}
	begin_scoring(e, marking.mark, 0, 0);
}

void
cdp_match_engine_score_end(CdpMatchEngine *e, CdpMatchPairFn fn, void *state)
{
	Giving		giving = {.fn = fn, .state = state};
	const uint8 *changed = e->scoring->pairs.changed;

	for (int32 i = 0; changed && i < e->store.n; i++)
		if (changed[i] == CDP_BLOCK_CHANGED)
			fn(state, i, i, 0);
	end_scoring(e, give_pair, &giving);
}

typedef struct PairRows
{
	CdpMatchEngine *e;
	ReturnSetInfo *rsinfo;
} PairRows;

static void
pair_row(void *state, int32 a, int32 b, double weight)
{
	PairRows   *rows = state;
	int64		x = rows->e->record[a],
				y = rows->e->record[b];
	Datum		values[3] = {Int64GetDatum(Min(x, y)), Int64GetDatum(Max(x, y)), Float8GetDatum(weight)};
	bool		nulls[3] = {false, false, false};

	tuplestore_putvalues(rows->rsinfo->setResult, rows->rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(cdp_score_pairs);

/* cdp_internal.score_pairs(space regnamespace, model_id int, changed_only boolean) -> setof (record_a bigint, record_b bigint, weight float8) */
Datum
cdp_score_pairs(PG_FUNCTION_ARGS)
{
	PairRows	rows = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	Oid			space = PG_GETARG_OID(0);
	int			model_id = PG_GETARG_INT32(1);
	bool		changed_only = PG_GETARG_BOOL(2);
	ArrayType  *near;

	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	near = changed_only ? cdp_engine_neighbours(space, model_id) : NULL;
	rows.e = cdp_engine_open(space, model_id, near ? " WHERE r.record_id = ANY ($1)" : "", near);
	cdp_match_engine_score_begin(rows.e, changed_only);
	cdp_match_engine_score_end(rows.e, pair_row, &rows);
	cdp_match_engine_close(rows.e);
	SPI_finish();
	return (Datum) 0;
}

/* ---------------------------------------------------------------- settings */

void
cdp_match_init(void)
{
	DefineCustomIntVariable("cdp.match_memory",
							"Memory that matching uses beside the records themselves.",
							"Beyond it blocking rules are taken in groups and scored pairs go to temporary files.",
							&cdp_match_memory, 1024 * 1024, 64, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("cdp.match_threads",
							"Threads that train and score, the session's own included.",
							"0: one more than max_parallel_maintenance_workers, at most the cores of the machine. The results are the same for any number.",
							&match_threads, 0, 0, CDP_MAX_THREADS, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("cdp.max_pairs_per_record",
							"Pairs that are compared, for each record, when people are matched.",
							"Blocking rules are chosen within this budget, and blocks of more than twice as many records are divided.",
							&cdp_max_pairs_per_record, 100, 1, 100000, PGC_USERSET, 0,
							NULL, NULL, NULL);
}
