/*
 * engine.c
 *	  The matching engine: the records of a space in memory, training, and scoring.
 *
 * Records are read once, in canonical order (source_id, source_key), into a store
 * (store.h); everything after that is plain C over memory that does not change, done by
 * several threads (parallel.h). What comes out does not depend on the order in which
 * rows were written, on the number of threads, or on the memory allowed.
 *
 * Of very many records training reads a sample, by a hash of their keys: pairs grow with
 * the square, so a quarter of a million records hold enough of all that is learned.
 *
 * Threads: only this backend's own thread calls the server. While it takes records from
 * the server another one puts those that have come into the store. It works with the others
 * and looks for interrupts between chunks of some milliseconds; before it handles one
 * all others are joined, and an error waits in engine->error until the plain C beneath
 * has given back its memory.
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

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "match/condition.h"
#include "match/scored.h"
#include "match/train.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include <unistd.h>

#define MIN_RECORDS 50			/* to learn from */
#define MIN_COMPARISONS 2
#define MIN_LABELS 50			/* rulings, to be learned from */
#define MAX_LEARNED 250000		/* records; of more a sample is learned from */
#define MAX_PAIRS 300000		/* EM rests on so many candidates, */
#define RANDOM_PAIRS 4			/* and so many random pairs for each record, */
#define MIN_RANDOM 200000
#define MAX_RANDOM 1000000
#define ROUNDS 2				/* of training; each knows better than the last which values are rare */
#define SURE_WEIGHT 5.0			/* pairs above are taken for one person while counting how many people have a value */
#define MAX_PERSON 50			/* records, while counting people */
#define COUNTED_PAIRS 4.0		/* for each record, enough to count people by */
#define BATCH_ROWS 1024
#define FIRST_INPUT 3			/* in the rows of records */
#define FREQUENCY_ROWS 10000	/* in one statement */

static int	match_memory = 1024 * 1024;
static int	match_threads = 0;
static int	max_pairs_per_record = 100;

/* ---------------------------------------------------------------- threads and interrupts */

static int
thread_count(void)
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
static void
keep_error(CdpMatchEngine *e)
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
		keep_error(e);
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
					   (long long) (e->store.n > 0 ? e->record[e->store.n - 1] : 0), e->schema),
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

/* ---------------------------------------------------------------- reading a space */

static void close_batches(CdpMatchEngine *e);

static void
release(void *arg)
{
	CdpMatchEngine *e = arg;

	if (!e->open)
		return;
	e->open = false;
	close_batches(e);
	for (int i = 0; i < CDP_MAX_THREADS; i++)
		if (e->scorer[i])
			cdp_scorer_free(e->scorer[i]);
	cdp_blocker_close(&e->blocker);
	cdp_store_close(&e->store);
}

static char *
text_of(TupleTableSlot *slot, int i)
{
	return slot->tts_isnull[i] ? NULL : TextDatumGetCString(slot->tts_values[i]);
}

pg_attribute_printf(2, 3)
static void
warn(CdpMatchEngine *e, const char *fmt,...)
{
	char		text[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->warnings = lappend(e->warnings, pstrdup(text));
}

/* ---------------------------------------------------------------- comparisons by SQL conditions */

typedef struct ConditionState
{
	CdpMatchEngine *engine;
	CdpConditions *conditions;
	int			column;
	int			n_levels;
	CdpConditionValue **value;	/* by code, made when first needed */
} ConditionState;

static Datum value_text(const CdpValue *value);

static CdpConditionValue *
condition_value(ConditionState *s, int32 place)
{
	CdpMatchEngine *e = s->engine;
	const CdpColumn *column = &e->store.column[s->column];
	int32		code = cdp_store_codes(&e->store, place)[s->column];

	if (s->value == NULL)
		s->value = MemoryContextAllocExtended(e->context, column->n_values * sizeof(CdpConditionValue *), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	if (s->value[code] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(e->context);
		text	   *value = DatumGetTextPP(value_text(&column->value[code]));

		s->value[code] = cdp_match_conditions_value(s->conditions, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
		pfree(value);
		MemoryContextSwitchTo(old);
	}
	return s->value[code];
}

/* Called by the scorer in the backend's own thread, the only one that works. */
static int
condition_level(void *state, int32_t a, int32_t b)
{
	ConditionState *s = state;
	CdpMatchEngine *e = s->engine;
	MemoryContext old = CurrentMemoryContext;
	volatile int level = s->n_levels;

	if (e->error)
		return level;
	PG_TRY();
	{
		level = cdp_match_conditions_level(s->conditions, condition_value(s, a), condition_value(s, b), e->record[a], e->record[b]);
	}
	PG_CATCH();
	{
		keep_error(e);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return level;
}

/*
 * The levels of conditions, with defaults for where nothing can be learned: the first is
 * where records of one person mostly are, the last where those of two are.
 */
static const CdpMeasureInfo *
condition_info(Jsonb *conditions)
{
	CdpMeasureInfo *info = palloc0(sizeof(CdpMeasureInfo));
	int			n = Min(JsonContainerSize(&conditions->root), CDP_MAX_LEVELS - 1);
	CdpLevel   *levels = palloc0((n + 1) * sizeof(CdpLevel));

	for (int l = 0; l <= n; l++)
	{
		const char *name = "else";
		const char *words = "none of the conditions holds";
		JsonbValue	value;

		if (l < n)
		{
			JsonbContainer *one = getIthJsonbValueFromContainer(&conditions->root, l)->val.binary.data;

			if (getKeyJsonValueFromContainer(one, "name", 4, &value) && value.type == jbvString)
				name = words = pnstrdup(value.val.string.val, value.val.string.len);
			if (getKeyJsonValueFromContainer(one, "description", 11, &value) && value.type == jbvString)
				words = pnstrdup(value.val.string.val, value.val.string.len);
		}
		levels[l] = (CdpLevel)
		{
			.name = name, .words = words, .present = 1,
				.m = l == n ? .15 : n == 1 ? .85 : l == 0 ? .7 : .15 / (n - 1),
				.u = l == n ? .9 : .1 / n
		};
	}
	*info = (CdpMeasureInfo)
	{
		.name = NULL, .n_inputs = 1, .n_levels = n + 1, .levels = levels
	};
	return info;
}

static void
open_conditions(CdpMatchEngine *e, CdpComparison *k, const char *name, Datum attributes, Jsonb *conditions)
{
	ConditionState *s = palloc0(sizeof(ConditionState));
	Datum	   *names;
	const char **name_of;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(attributes), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
	name_of = palloc((n + 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
		name_of[i] = TextDatumGetCString(names[i]);
	s->engine = e;
	s->column = k->column[0];
	s->n_levels = k->info->n_levels;
	s->conditions = cdp_match_conditions_open(e->space, name, name_of, n, JsonbToCString(NULL, &conditions->root, VARSIZE(conditions)));
	k->level = condition_level;
	k->state = s;
	e->crew.threads = 1;
}

/* (comparison, measure, attributes, is_place, input_sql, conditions) in order */
static void
comparison_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	char	   *name = text_of(slot, 0);
	char	   *measure_name = text_of(slot, 1);
	int			measure = measure_name ? cdp_measure_by_name(measure_name, strlen(measure_name)) : -1;
	const CdpMeasureInfo *info;
	CdpComparison *k;
	Datum	   *sql;
	bool	   *nulls;
	int			n_sql;

	Jsonb	   *conditions = measure < 0 && !slot->tts_isnull[5] ? DatumGetJsonbPCopy(slot->tts_values[5]) : NULL;

	if (measure < 0 && conditions == NULL)
	{
		warn(e, "comparison %s is not used: it has no measure", name);
		return;
	}
	if (conditions)
		measure = CDP_MEASURE_SQL;
	info = conditions ? condition_info(conditions) : cdp_measure_info(measure);
	if (e->model.n == CDP_MAX_COMPARISONS || e->store.n_columns + info->n_inputs > CDP_MAX_COLUMNS)
	{
		warn(e, "comparison %s is not used: there are more than %d comparisons, or more than %d values are compared",
			 name, CDP_MAX_COMPARISONS, CDP_MAX_COLUMNS);
		return;
	}
	deconstruct_array(DatumGetArrayTypeP(slot->tts_values[4]), TEXTOID, -1, false, TYPALIGN_INT, &sql, &nulls, &n_sql);
	k = &e->model.comparison[e->model.n];
	k->measure = measure;
	k->info = info;
	k->is_place = !slot->tts_isnull[3] && DatumGetBool(slot->tts_values[3]);
	for (int i = 0; i < info->n_inputs; i++)
	{
		k->column[i] = cdp_store_add_column(&e->store, measure, i);
		e->input_sql[k->column[i]] = i < n_sql && !nulls[i] ? TextDatumGetCString(sql[i]) : pstrdup("NULL");
	}
	e->comparison[e->model.n] = name;
	e->attributes[e->model.n] = PointerGetDatum(PG_DETOAST_DATUM_COPY(slot->tts_values[2]));
	if (conditions)
	{
		e->conditions[e->model.n] = JsonbToCString(NULL, &conditions->root, VARSIZE(conditions));
		open_conditions(e, k, name, e->attributes[e->model.n], conditions);
	}
	e->model.n++;
}

static void
nickname_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	CdpChars	name[2] = {{0}};
	bool		fine = true;

	for (int i = 0; i < 2; i++)
	{
		char	   *s = text_of(slot, i);

		if (s == NULL)
			return;
		s = pg_server_to_any(s, strlen(s), PG_UTF8);
		fine = fine && cdp_chars_decode(&e->store.work, s, strlen(s), &name[i]);
	}
	fine = fine && cdp_nicknames_add(e->store.nicknames, name[0].data, name[0].len, name[1].data, name[1].len);
	cdp_chars_free(&name[0]);
	cdp_chars_free(&name[1]);
	cdp_match_engine_require(e, fine);
}

/* Rows on their way into the store; malloc'ed. */
typedef struct CdpBatch
{
	CdpStore   *store;
	int			n;				/* rows */
	struct
	{
		size_t		at;			/* in text */
		int32		len;		/* -1: missing */
	}		   *value;			/* BATCH_ROWS x columns */
	char	   *text;			/* in UTF-8 */
	size_t		used,
				allocated;
	CdpErrand	errand;
} CdpBatch;

static bool
store_batch(void *state, CdpCrew *crew)
{
	CdpBatch   *batch = state;
	int			n_columns = batch->store->n_columns;

	for (int i = 0; i < batch->n; i++)
	{
		const char *s[CDP_MAX_COLUMNS];
		size_t		len[CDP_MAX_COLUMNS];
		int32		at = cdp_store_add_record(batch->store);

		if (at < 0)
			return false;
		for (int c = 0; c < n_columns; c++)
		{
			int32		n = batch->value[i * n_columns + c].len;

			s[c] = n < 0 ? NULL : batch->text + batch->value[i * n_columns + c].at;
			len[c] = n;
		}
		if (!cdp_store_set_all(batch->store, at, s, len))
			return false;
	}
	return true;
}

static CdpBatch *
open_batch(CdpMatchEngine *e)
{
	CdpBatch   *batch = calloc(1, sizeof(CdpBatch));

	if (batch)
	{
		batch->store = &e->store;
		batch->value = malloc(sizeof(*batch->value) * BATCH_ROWS * Max(e->store.n_columns, 1));
		batch->errand = (CdpErrand)
		{
			.fn = store_batch, .state = batch, .crew = &e->crew
		};
	}
	return batch;
}

/* Waits for the batch that is being stored, and has the next one stored. */
static void
pass_batch_on(CdpMatchEngine *e)
{
	CdpBatch   *filled = e->batch[e->filling],
			   *other = e->batch[!e->filling];

	if (other->n > 0)
		cdp_match_engine_require(e, cdp_errand_finish(&other->errand));
	other->n = 0;
	other->used = 0;
	cdp_errand_start(&filled->errand);
	e->filling = !e->filling;
}

static void
close_batches(CdpMatchEngine *e)
{
	for (int i = 0; i < 2; i++)
		if (e->batch[i])
		{
			cdp_errand_abandon(&e->batch[i]->errand);
			free(e->batch[i]->value);
			free(e->batch[i]->text);
			free(e->batch[i]);
			e->batch[i] = NULL;
		}
}

/* (source_id, source_key, record_id, an input ...) */
static void
record_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	CdpBatch   *batch = e->batch[e->filling];

	if (e->n_read >= e->a_records)
	{
		e->a_records = e->a_records ? e->a_records * 2 : 1024;
		e->record = e->record ? repalloc_huge(e->record, e->a_records * sizeof(int64))
			: MemoryContextAllocHuge(e->context, e->a_records * sizeof(int64));
	}
	e->record[e->n_read++] = DatumGetInt64(slot->tts_values[FIRST_INPUT - 1]);
	for (int c = 0; c < e->store.n_columns; c++)
	{
		int			i = FIRST_INPUT + c;
		text	   *value;
		const char *utf8;
		int32		len;

		batch->value[batch->n * e->store.n_columns + c].len = -1;
		if (slot->tts_isnull[i])
			continue;
		value = DatumGetTextPP(slot->tts_values[i]);
		len = VARSIZE_ANY_EXHDR(value);
		if (len > 0)
		{
			utf8 = pg_server_to_any(VARDATA_ANY(value), len, PG_UTF8);
			if (utf8 != VARDATA_ANY(value))
				len = strlen(utf8);
			if (batch->used + len > batch->allocated)
			{
				size_t		more = (batch->used + len) * 2 + 65536;
				char	   *text = realloc(batch->text, more);

				cdp_match_engine_require(e, text != NULL);
				batch->text = text;
				batch->allocated = more;
			}
			memcpy(batch->text + batch->used, utf8, len);
			batch->value[batch->n * e->store.n_columns + c].at = batch->used;
			batch->value[batch->n * e->store.n_columns + c].len = len;
			batch->used += len;
			if (utf8 != VARDATA_ANY(value))
				pfree(unconstify(char *, utf8));
		}
		if ((Pointer) value != DatumGetPointer(slot->tts_values[i]))
			pfree(value);
	}
	if (++batch->n == BATCH_ROWS)
		pass_batch_on(e);
}

/* Appends the rows of a query to the store. */
static void
stream_records(CdpMatchEngine *e, const char *sql)
{
	e->n_read = e->store.n;
	e->filling = 0;
	for (int i = 0; i < 2; i++)
	{
		e->batch[i] = open_batch(e);
		cdp_match_engine_require(e, e->batch[i] && e->batch[i]->value);
	}
	cdp_core_stream(sql, 0, NULL, NULL, record_row, e);
	pass_batch_on(e);
	cdp_match_engine_require(e, cdp_errand_finish(&e->batch[!e->filling]->errand));
	close_batches(e);
}

/* Expressions of inputs run under these, whatever the session has. */
static void
pin_settings(void)
{
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("datestyle", "ISO, YMD", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * The server's parallel workers read the table and make the keys, while this process
 * keeps what comes: without a say in it the planner takes passing rows on for dear.
 */
static void
read_in_parallel(void)
{
	int			threads = thread_count();
	int			workers = threads == 1 ? 0 : Min(max_parallel_workers_per_gather, threads);

	(void) set_config_option("max_parallel_workers_per_gather", psprintf("%d", workers), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("parallel_tuple_cost", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("parallel_leader_participation", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The query that gives record_row the records of a relation called r. */
static char *
records_sql(const CdpMatchEngine *e, const char *from)
{
	StringInfoData sql;

	initStringInfo(&sql);
	/* what is sorted by stands first, where the sort reaches it without stepping over nulls; mostly an index gives the order */
	appendStringInfoString(&sql, "SELECT r.source_id, r.source_key, r.record_id::pg_catalog.int8");
	for (int c = 0; c < e->store.n_columns; c++)
		appendStringInfo(&sql, ", (%s)::pg_catalog.text", e->input_sql[c]);
	appendStringInfo(&sql, " FROM %s ORDER BY r.source_id, r.source_key COLLATE pg_catalog.\"C\"", from);
	return sql.data;
}

static void
read_records(CdpMatchEngine *e, bool affected_only)
{
	int			nest = NewGUCNestLevel();

	pin_settings();
	read_in_parallel();
	cdp_core_stream(psprintf("SELECT n.name::pg_catalog.text, n.other::pg_catalog.text FROM %s.match_nickname n ORDER BY 1, 2", e->schema),
					0, NULL, NULL, nickname_row, e);
	cdp_match_engine_show(e, "reading records");
	stream_records(e, records_sql(e, psprintf("%s.record r%s", e->schema, affected_only ? " JOIN pg_temp.cdp_affected f ON f.record_id = r.record_id" :
											e->n_records == 0 ? "" :
											psprintf(" WHERE (pg_catalog.hashtextextended(r.source_key, r.source_id) & 65535) < " INT64_FORMAT,
													 MAX_LEARNED * INT64CONST(65536) / e->n_records))));
	AtEOXact_GUC(true, nest);
}

static void
count_row(TupleTableSlot *slot, void *state)
{
	int64		n = DatumGetInt64(slot->tts_values[0]);

	((CdpMatchEngine *) state)->n_records = n > MAX_LEARNED ? n : 0;
}

static CdpMatchEngine *
begin_engine(Oid space)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp matching", ALLOCSET_DEFAULT_SIZES);
	CdpMatchEngine *e = MemoryContextAllocZero(context, sizeof(CdpMatchEngine));
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

	e->context = context;
	e->space = space;
	e->schema = MemoryContextStrdup(context, cdp_core_space_schema(space));
	e->crew = (CdpCrew)
	{
		.threads = thread_count(), .pending = interrupt_pending, .handle = handle_interrupt, .arg = e
	};
	callback->func = release;
	callback->arg = e;
	MemoryContextRegisterResetCallback(context, callback);
	e->open = true;
	cdp_match_engine_require(e, cdp_store_open(&e->store));
	return e;
}

static void
note_row(TupleTableSlot *slot, void *state)
{
	*(bool *) state = true;
}

static void
read_space(CdpMatchEngine *e, int model_id, bool affected_only)
{
	MemoryContext old = MemoryContextSwitchTo(e->context);
	Oid			argtypes[1] = {INT4OID};
	Datum		args[1] = {Int32GetDatum(model_id)};
	const char *columns = "SELECT c.comparison, c.measure, c.attributes, c.is_place, c.input_sql, c.conditions";

	if (model_id == 0)
		cdp_core_stream(psprintf("%s FROM cdp_internal.comparisons(%s) c ORDER BY c.position", columns, quote_literal_cstr(e->schema)),
						0, NULL, NULL, comparison_row, e);
	else
	{
		bool		found = false;

		cdp_core_stream(psprintf("SELECT 1 FROM %s.match_model m WHERE m.model_id = $1", e->schema), 1, argtypes, args, note_row, &found);
		if (!found)
			ereport(ERROR,
					errcode(ERRCODE_CDP_BAD_ARGUMENT),
					errmsg("space %s has no matching model %d", e->schema, model_id),
					errhint("Call cdp.train, or look at the table match_model."));
		cdp_core_stream(psprintf("%s FROM cdp_internal.model_comparisons(%s, $1) c ORDER BY c.position", columns, quote_literal_cstr(e->schema)),
						1, argtypes, args, comparison_row, e);
	}
	read_records(e, affected_only);
	MemoryContextSwitchTo(old);
}

/* ---------------------------------------------------------------- a model as rows */

static void
read_doubles(Datum array, double *out, int n)
{
	Datum	   *values;
	bool	   *nulls;
	int			found;

	deconstruct_array(DatumGetArrayTypeP(array), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls, &found);
	for (int i = 0; i < n && i < found; i++)
		out[i] = nulls[i] ? 0 : DatumGetFloat8(values[i]);
}

static Datum
doubles(const double *values, int n)
{
	Datum	   *datums = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		datums[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(datums, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
texts(List *strings)
{
	Datum	   *datums = palloc((list_length(strings) + 1) * sizeof(Datum));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, strings)
		datums[n++] = CStringGetTextDatum((char *) lfirst(lc));
	return PointerGetDatum(construct_array(datums, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static int
comparison_by_name(const CdpMatchEngine *e, const char *name)
{
	for (int c = 0; name && c < e->model.n; c++)
		if (strcmp(e->comparison[c], name) == 0)
			return c;
	return -1;
}

/* (lambda, share, pairs_per_record) */
static void
model_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;

	e->model.lambda = DatumGetFloat8(slot->tts_values[0]);
	read_doubles(slot->tts_values[1], e->model.share, CDP_RELATIONS);
	e->pairs_per_record = DatumGetFloat8(slot->tts_values[2]);
}

/* (comparison, level, m, u) */
static void
level_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	int			c = comparison_by_name(e, text_of(slot, 0));
	int			level = DatumGetInt32(slot->tts_values[1]);
	double		u[CDP_RELATIONS] = {0};

	if (c < 0 || level < 1 || level > e->model.comparison[c].info->n_levels)
		return;
	read_doubles(slot->tts_values[3], u, CDP_RELATIONS);
	e->model.comparison[c].m[level] = DatumGetFloat8(slot->tts_values[2]);
	for (int j = 0; j < CDP_RELATIONS; j++)
		e->model.comparison[c].u[j][level] = u[j];
}

/* (comparison, input, rarity_unseen) */
static void
input_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	int			c = comparison_by_name(e, text_of(slot, 0));
	int			input = DatumGetInt32(slot->tts_values[1]);
	CdpColumn  *column;

	if (c < 0 || input < 0 || input >= e->model.comparison[c].info->n_inputs)
		return;
	column = &e->store.column[e->model.comparison[c].column[input]];
	for (int32 v = 0; v < column->n_values; v++)
		column->rarity[v] = DatumGetFloat8(slot->tts_values[2]);
}

/* (comparison, input, value, rarity) */
static void
frequency_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	int			c = comparison_by_name(e, text_of(slot, 0));
	int			input = DatumGetInt32(slot->tts_values[1]);
	char	   *value = text_of(slot, 2);
	char	   *utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);
	CdpColumn  *column;
	int32		code;

	if (c < 0 || input < 0 || input >= e->model.comparison[c].info->n_inputs)
		return;
	column = &e->store.column[e->model.comparison[c].column[input]];
	code = cdp_store_find(column, utf8, strlen(utf8));
	if (code >= 0)
		column->rarity[code] = DatumGetFloat8(slot->tts_values[3]);
	if (utf8 != value)
		pfree(utf8);
	pfree(value);
}

static char *
key_label(const CdpMatchEngine *e, int k)
{
	const CdpKey *key = &e->blocker.key[k];

	return cdp_match_key_label(&e->model, key, e->comparison[key->comparison]);
}

/* (keys, new_pairs): a rule with a key that does not exist is left out */
static void
rule_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	CdpBlocker *b = &e->blocker;
	uint64		bits = cdp_match_rule_keys(b, e->comparison, slot->tts_values[0]);

	if (bits == 0 || b->n_rules == CDP_MAX_RULES)
		return;
	for (int r = 0; r < b->n_rules; r++)
		if (b->rule[r].keys == bits)
			return;
	b->rule[b->n_rules++] = (CdpRule)
	{
		.keys = bits, .estimate = slot->tts_isnull[1] ? 0 : DatumGetInt64(slot->tts_values[1])
	};
}

static void
open_blocker(CdpMatchEngine *e)
{
	cdp_match_engine_require(e, cdp_blocker_open(&e->blocker, &e->store, &e->model));
	e->blocker.max_block = 2 * e->pairs_per_record;
	e->blocker.crew = &e->crew;
}

static void
read_model(CdpMatchEngine *e, int model_id)
{
	MemoryContext old = MemoryContextSwitchTo(e->context);
	Oid			argtypes[1] = {INT4OID};
	Datum		args[1] = {Int32GetDatum(model_id)};

	cdp_model_defaults(&e->model, &e->store);
	cdp_match_engine_require(e, cdp_store_count_rarity(&e->store, &e->model, NULL));
	cdp_core_stream(psprintf("SELECT m.lambda::pg_catalog.float8, m.share::pg_catalog.float8[], m.pairs_per_record::pg_catalog.float8 FROM %s.match_model m WHERE m.model_id = $1", e->schema),
					1, argtypes, args, model_row, e);
	cdp_core_stream(psprintf("SELECT l.comparison::pg_catalog.text, l.level::pg_catalog.int4, l.m::pg_catalog.float8, l.u::pg_catalog.float8[]"
							 " FROM %s.match_level l WHERE l.model_id = $1", e->schema),
					1, argtypes, args, level_row, e);
	cdp_core_stream(psprintf("SELECT f.comparison::pg_catalog.text, f.input::pg_catalog.int4, f.rarity_unseen::pg_catalog.float8"
							 " FROM %s.match_input f WHERE f.model_id = $1", e->schema),
					1, argtypes, args, input_row, e);
	cdp_core_stream(psprintf("SELECT f.comparison::pg_catalog.text, f.input::pg_catalog.int4, f.value::pg_catalog.text, f.rarity::pg_catalog.float8"
							 " FROM %s.match_frequency f WHERE f.model_id = $1", e->schema),
					1, argtypes, args, frequency_row, e);
	open_blocker(e);
	cdp_core_stream(psprintf("SELECT k.keys::pg_catalog.text[], k.new_pairs::pg_catalog.int8 FROM %s.match_rule k WHERE k.model_id = $1 ORDER BY k.rule", e->schema),
					1, argtypes, args, rule_row, e);
	cdp_core_stream(psprintf("SELECT k.keys::pg_catalog.text[], NULL::pg_catalog.int8 FROM %s.match_user_rule k ORDER BY k.rule", e->schema),
					0, NULL, NULL, rule_row, e);
	MemoryContextSwitchTo(old);
}

static int
write_model(CdpMatchEngine *e, const CdpTraining *t)
{
	Oid			argtypes[] = {TEXTOID, INT8OID, FLOAT8OID, FLOAT8ARRAYOID, INT8OID, INT8OID, INT8OID, FLOAT8OID, INT4OID, BOOLOID, FLOAT8OID, TEXTARRAYOID, FLOAT8OID};
	Datum		args[lengthof(argtypes)];
	char		nulls[lengthof(argtypes) + 1];
	bool		isnull;

	memset(nulls, ' ', lengthof(argtypes));
	args[0] = CStringGetTextDatum(t ? "trained" : "default");
	args[1] = Int64GetDatum(e->n_records > 0 ? e->n_records : e->store.n);
	args[2] = Float8GetDatum(e->model.lambda);
	args[3] = doubles(e->model.share, CDP_RELATIONS);
	args[4] = Int64GetDatum(t ? t->candidates : 0);
	args[5] = Int64GetDatum(t ? t->pairs : 0);
	args[6] = Int64GetDatum(t ? t->random : 0);
	args[7] = Float8GetDatum(t ? t->matches : 0);
	args[8] = Int32GetDatum(t ? t->iterations : 0);
	args[9] = BoolGetDatum(t && t->converged);
	args[10] = Float8GetDatum(e->blocker.coverage);
	args[11] = texts(e->warnings);
	args[12] = Float8GetDatum(e->pairs_per_record);
	if (t == NULL)
		memset(nulls + 4, 'n', 6);
	cdp_core_query(psprintf("INSERT INTO %s.match_model (origin, records, lambda, share, candidates, pairs, random_pairs, matches, iterations, converged, coverage, warnings, pairs_per_record)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING model_id", e->schema),
			lengthof(argtypes), argtypes, args, nulls, false);
	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* Different values that a comparison sees. */
static int32
count_values(const CdpMatchEngine *e, int c)
{
	int32		values = 0;

	for (int i = 0; i < e->model.comparison[c].info->n_inputs; i++)
		values = Max(values, e->store.column[e->model.comparison[c].column[i]].n_values);
	return values;
}

static void
write_levels(CdpMatchEngine *e, int model_id, bool trained)
{
	char	   *sql = psprintf("INSERT INTO %s.match_level (model_id, position, comparison, measure, attributes, is_place, level, name, description, m, u, pairs_m, pairs_u, conditions)"
							   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::pg_catalog.jsonb)", e->schema);
	Oid			argtypes[] = {INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTARRAYOID, BOOLOID, INT4OID, TEXTOID, TEXTOID, FLOAT8OID, FLOAT8ARRAYOID, FLOAT8OID, FLOAT8OID, TEXTOID};
	char		nulls[lengthof(argtypes) + 1];

	for (int c = 0; c < e->model.n; c++)
	{
		const CdpComparison *k = &e->model.comparison[c];
		/* of what no record has nothing is learned */
		bool		left_out = k->ignored || (trained && count_values(e, c) == 0);

		for (int l = 1; l <= k->info->n_levels && !left_out; l++)
		{
			double		u[CDP_RELATIONS];
			Datum		args[lengthof(argtypes)];

			for (int j = 0; j < CDP_RELATIONS; j++)
				u[j] = k->u[j][l];
			args[0] = Int32GetDatum(model_id);
			args[1] = Int32GetDatum(c + 1);
			args[2] = CStringGetTextDatum(e->comparison[c]);
			memset(nulls, ' ', lengthof(argtypes));
			nulls[3] = k->info->name ? ' ' : 'n';
			nulls[11] = nulls[12] = trained ? ' ' : 'n';
			nulls[13] = e->conditions[c] ? ' ' : 'n';
			args[3] = k->info->name ? CStringGetTextDatum(k->info->name) : (Datum) 0;
			args[4] = e->attributes[c];
			args[5] = BoolGetDatum(k->is_place);
			args[6] = Int32GetDatum(l);
			args[7] = CStringGetTextDatum(k->info->levels[l - 1].name);
			args[8] = CStringGetTextDatum(k->info->levels[l - 1].words);
			args[9] = Float8GetDatum(k->m[l]);
			args[10] = doubles(u, CDP_RELATIONS);
			args[11] = Float8GetDatum(k->pairs_m[l]);
			args[12] = Float8GetDatum(k->pairs_u[l]);
			args[13] = e->conditions[c] ? CStringGetTextDatum(e->conditions[c]) : (Datum) 0;
			cdp_core_query(sql, lengthof(argtypes), argtypes, args, nulls, false);
		}
	}
}

/* A prepared value as it was read. */
static Datum
value_text(const CdpValue *value)
{
	char	   *utf8 = palloc(value->len * 4 + 1);
	size_t		n = 0;
	char	   *s;

	for (int32 i = 0; i < value->len; i++)
		n += cdp_chars_encode(value->chars[i], utf8 + n);
	utf8[n] = '\0';
	s = pg_any_to_server(utf8, n, PG_UTF8);
	return CStringGetTextDatum(s);
}

/* Rarity of what several people have, and of everything else, by input. */
static void
write_frequencies(CdpMatchEngine *e, int model_id)
{
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "cdp frequencies", ALLOCSET_DEFAULT_SIZES);
	Oid			input_types[] = {INT4OID, TEXTOID, INT4OID, FLOAT8OID, FLOAT8OID};
	Oid			value_types[] = {INT4OID, TEXTOID, INT4OID, TEXTARRAYOID, FLOAT8ARRAYOID};
	char	   *input_sql = psprintf("INSERT INTO %s.match_input (model_id, comparison, input, people, rarity_unseen) VALUES ($1, $2, $3, $4, $5)", e->schema);
	char	   *value_sql = psprintf("INSERT INTO %s.match_frequency (model_id, comparison, input, value, rarity)"
									 " SELECT $1, $2, $3, v.value, v.rarity FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5)) AS v(value, rarity)", e->schema);

	for (int c = 0; c < e->model.n; c++)
		for (int i = 0; i < e->model.comparison[c].info->n_inputs && !e->model.comparison[c].ignored; i++)
		{
			const CdpColumn *column = &e->store.column[e->model.comparison[c].column[i]];
			MemoryContext old = MemoryContextSwitchTo(batch);
			Datum		args[5] = {Int32GetDatum(model_id), CStringGetTextDatum(e->comparison[c]), Int32GetDatum(i)};
			double		people = 0,
						unseen = 0;

			for (int32 v = 0; v < column->n_values; v++)
				people += column->count[v];
			/* what one person has, and anybody else, is as rare as can be */
			if (people > 0)
				unseen = (float) (CDP_UNSEEN / people / column->agree);
			args[3] = Float8GetDatum(people);
			args[4] = Float8GetDatum(unseen > 0 ? unseen : 1);
			cdp_core_query(input_sql, 5, input_types, args, NULL, false);
			for (int32 v = 0; v < column->n_values;)
			{
				Datum	   *values = palloc(FREQUENCY_ROWS * sizeof(Datum));
				double	   *rarity = palloc(FREQUENCY_ROWS * sizeof(double));
				int			n = 0;

				CHECK_FOR_INTERRUPTS();
				for (; v < column->n_values && n < FREQUENCY_ROWS; v++)
					if (column->count[v] > 1 && column->measure != CDP_MEASURE_SQL)
					{
						values[n] = value_text(&column->value[v]);
						rarity[n++] = column->rarity[v];
					}
				if (n > 0)
				{
					args[1] = CStringGetTextDatum(e->comparison[c]);
					args[3] = PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
					args[4] = doubles(rarity, n);
					cdp_core_query(value_sql, 5, value_types, args, NULL, false);
				}
				MemoryContextReset(batch);
			}
			MemoryContextSwitchTo(old);
			MemoryContextReset(batch);
		}
	MemoryContextDelete(batch);
}

static List *
rule_keys(const CdpMatchEngine *e, int r)
{
	List	   *keys = NIL;

	for (int k = 0; k < e->blocker.n_keys; k++)
		if (e->blocker.rule[r].keys >> k & 1)
			keys = lappend(keys, key_label(e, k));
	return keys;
}

static List *
rule_comparisons(const CdpMatchEngine *e, int r)
{
	uint32		bits = cdp_rule_comparisons(&e->blocker, e->blocker.rule[r].keys);
	List	   *names = NIL;

	for (int c = 0; c < e->model.n; c++)
		if (bits >> c & 1)
			names = lappend(names, unconstify(char *, e->comparison[c]));
	return names;
}

static void
write_rules(CdpMatchEngine *e, int model_id)
{
	Oid			argtypes[] = {INT4OID, INT4OID, TEXTARRAYOID, TEXTARRAYOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, FLOAT8OID};
	char	   *sql = psprintf("INSERT INTO %s.match_rule (model_id, rule, keys, comparisons, pairs, new_pairs, blocks, largest, refined, gain)"
							   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", e->schema);

	for (int r = 0; r < e->blocker.n_rules; r++)
	{
		const CdpRule *rule = &e->blocker.rule[r];
		Datum		args[] = {Int32GetDatum(model_id), Int32GetDatum(r + 1), texts(rule_keys(e, r)), texts(rule_comparisons(e, r)),
			Int64GetDatum(rule->pairs), Int64GetDatum(rule->new_pairs), Int64GetDatum(rule->blocks), Int64GetDatum(rule->largest),
		Int64GetDatum(rule->refined), Float8GetDatum(rule->gain)};

		/* what was not counted is expected */
		if (e->n_records > 0)
			args[4] = Int64GetDatum(llrint(rule->estimate));
		cdp_core_query(sql, lengthof(argtypes), argtypes, args, e->n_records > 0 ? "     nnnn " : NULL, false);
	}
}

/* ---------------------------------------------------------------- scoring */

typedef struct ThreadScores
{
	CdpScorer  *scorer;
	CdpScored  *pair;			/* malloc'ed */
	int64		n,
				allocated;
} ThreadScores;

typedef struct Scoring
{
	CdpMatchEngine *engine;
	CdpScoredSort *sort;
	double		above;			/* weights that count */
	ThreadScores thread[CDP_MAX_THREADS];
} Scoring;

static bool
score_pair(void *state, int thread, int rule, int32_t a, int32_t b)
{
	ThreadScores *t = &((Scoring *) state)->thread[thread];
	double		weight;

	if (!cdp_scorer_exceeds(t->scorer, a, b, ((Scoring *) state)->above, &weight))
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

/* In the backend's own thread, between chunks. */
static bool
keep_scores(void *state)
{
	Scoring    *s = state;
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
		keep_error(s->engine);
		fine = false;
	}
	PG_END_TRY();
	return fine;
}

/* Scores the pairs of the first n_rules rules (0: all); fn gets those of weight > above, in order. */
static void
score(CdpMatchEngine *e, const uint8 *changed, int n_rules, double above, CdpScoredFn fn, void *state)
{
	Size		memory = (Size) match_memory * 1024;
	Scoring    *s = MemoryContextAllocZero(e->context, sizeof(Scoring));
	CdpPairs	pairs = {.blocker = &e->blocker, .crew = &e->crew, .memory = memory / 2, .changed = changed, .n_rules = n_rules, .compares = true, .state = s,
		.pair = score_pair, .some_done = keep_scores, .at_once = memory / 4 / sizeof(CdpScored)};
	MemoryContext old = MemoryContextSwitchTo(e->context);
	bool		fine = true;

	s->engine = e;
	s->above = above;
	s->sort = cdp_scored_begin(memory / 4);
	e->pairs = &pairs;
	e->doing = "comparing";
	for (int i = 0; fine && i < cdp_crew_threads(&e->crew); i++)
		fine = (s->thread[i].scorer = cdp_scorer_create(&e->store, &e->model)) != NULL;
	fine = fine && cdp_each_pair(&pairs);
	for (int i = 0; i < CDP_MAX_THREADS; i++)
	{
		if (s->thread[i].scorer)
			cdp_scorer_free(s->thread[i].scorer);
		free(s->thread[i].pair);
	}
	e->pairs = NULL;
	cdp_match_engine_require(e, fine);
	cdp_match_engine_show(e, "sorting pairs");
	cdp_scored_finish(s->sort, fn, state);
	pfree(s);
	MemoryContextSwitchTo(old);
}

/* ---------------------------------------------------------------- for the rooms above */

CdpMatchEngine *
cdp_match_engine_open(Oid space, int model_id, bool affected_only)
{
	CdpMatchEngine *e = begin_engine(space);

	e->model_id = model_id;
	read_space(e, model_id, affected_only);
	read_model(e, model_id);
	return e;
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
cdp_match_engine_weight(CdpMatchEngine *e, int thread, int32 a, int32 b)
{
	return cdp_scorer_weight(e->scorer[thread], a, b);
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
	bool		has_former = false;

	cdp_core_stream("SELECT 1 FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relname = 'cdp_former'",
					0, NULL, NULL, note_row, &has_former);
	if (has_former)
	{
		int			nest = NewGUCNestLevel();

		pin_settings();
		stream_records(e, records_sql(e, "pg_temp.cdp_former r"));
		AtEOXact_GUC(true, nest);
	}
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
cdp_match_engine_score(CdpMatchEngine *e, bool changed_only, CdpMatchPairFn fn, void *state)
{
	Marking		marking = {.e = e};
	Giving		giving = {.fn = fn, .state = state};

	e->expected = 0;
	if (changed_only)
	{
		marking.mark = MemoryContextAllocExtended(e->context, e->store.n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		cdp_core_stream("SELECT c.record_id::pg_catalog.int8 FROM pg_temp.cdp_changed c", 0, NULL, NULL, mark_row, &marking);
		spread_changes(e, marking.mark);
		for (int32 i = 0; i < e->store.n; i++)
			if (marking.mark[i] == CDP_BLOCK_CHANGED)
				fn(state, i, i, 0);
	}
	else
		for (int r = 0; r < e->blocker.n_rules; r++)
			e->expected += e->blocker.rule[r].estimate;
	score(e, marking.mark, 0, 0, give_pair, &giving);
	if (marking.mark)
		pfree(marking.mark);
}

/* ---------------------------------------------------------------- training */

/* (record_id, profile_id) */
static void
identity_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	int32		at = cdp_match_engine_place(e, DatumGetInt64(slot->tts_values[0]));

	if (at >= 0)
		e->profile[at] = DatumGetInt64(slot->tts_values[1]);
}

/* Who is one person, as far as is known: by place the first record of the person. */
static int32 *
former_people(CdpMatchEngine *e)
{
	int32	   *person = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(int32));
	CdpKeyed   *keyed = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(CdpKeyed));
	CdpKeyed   *spare = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(CdpKeyed));
	CdpKeyed   *sorted;

	e->profile = MemoryContextAllocExtended(e->context, (e->store.n + 1) * sizeof(int64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cdp_core_stream(psprintf("SELECT i.record_id::pg_catalog.int8, i.profile_id::pg_catalog.int8 FROM %s.identity i", e->schema),
					0, NULL, NULL, identity_row, e);
	for (int32 i = 0; i < e->store.n; i++)
		keyed[i] = (CdpKeyed)
	{
		.key = e->profile[i], .at = i
	};
	/* stable, so the first of a profile is the first in canonical order */
	sorted = cdp_keyed_sort(&e->store.work, keyed, spare, e->store.n);
	for (int32 i = 0; i < e->store.n; i++)
		person[sorted[i].at] = sorted[i].key != 0 && i > 0 && sorted[i].key == sorted[i - 1].key ? person[sorted[i - 1].at] : (int32) sorted[i].at;
	pfree(keyed);
	pfree(spare);
	pfree(e->profile);
	return person;
}

typedef struct People
{
	int32	   *parent;
	int32	   *size;
} People;

static int32
find_person(int32 *parent, int32 x)
{
	while (parent[x] != x)
	{
		parent[x] = parent[parent[x]];
		x = parent[x];
	}
	return x;
}

static void
join_people(void *state, const CdpScored *pair)
{
	People	   *p = state;
	int32		a = find_person(p->parent, pair->a),
				b = find_person(p->parent, pair->b);

	if (a == b || p->size[a] + p->size[b] > MAX_PERSON)
		return;
	p->parent[Max(a, b)] = Min(a, b);
	p->size[Min(a, b)] = p->size[a] + p->size[b];
}

/*
 * A first look at who is one person, good enough to count by: pairs that are sure,
 * among those that the best rules find.
 */
static void
count_people(CdpMatchEngine *e, int32 *person)
{
	People		p = {.parent = person};
	double		pairs = 0;
	int			n_rules = 0;

	p.size = MemoryContextAllocExtended(e->context, (e->store.n + 1) * sizeof(int32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int32 i = 0; i < e->store.n; i++)
		p.size[find_person(person, i)]++;
	while (n_rules < e->blocker.n_rules &&
		   (n_rules == 0 || pairs + e->blocker.rule[n_rules].estimate <= Max(MAX_PAIRS, COUNTED_PAIRS * e->store.n)))
		pairs += e->blocker.rule[n_rules++].estimate;
	e->expected = pairs;
	if (n_rules > 0)
		score(e, NULL, n_rules, SURE_WEIGHT, join_people, &p);
	for (int32 i = 0; i < e->store.n; i++)
		person[i] = find_person(person, i);
	pfree(p.size);
}

static int
used_comparisons(const CdpMatchEngine *e)
{
	int			used = 0;

	for (int c = 0; c < e->model.n; c++)
		if (count_values(e, c) > 1)
			used++;
	return used;
}

static void
warn_of_values(CdpMatchEngine *e)
{
	for (int c = 0; c < e->model.n; c++)
	{
		int32		values = count_values(e, c);

		/* generations are rare and compared unasked */
		if (e->model.comparison[c].measure == CDP_MEASURE_GENERATION)
			continue;
		if (values == 0 && e->store.n > 0)
			warn(e, "comparison %s: no record has a value, so it says nothing", e->comparison[c]);
		else if (values == 1 && e->store.n > 1)
			warn(e, "comparison %s: all records have the same value, so it says next to nothing", e->comparison[c]);
	}
}

/*
 * Very many records that are alike in everything that is compared (a form filled in by a
 * program, a default address) look like one person to training; and records with no value
 * that a rule looks at are compared with nothing.
 */
static void
warn_of_records(CdpMatchEngine *e)
{
	int32		n = e->store.n;
	CdpKeyed   *keyed = MemoryContextAllocHuge(CurrentMemoryContext, (Size) Max(n, 1) * sizeof(CdpKeyed));
	CdpKeyed   *spare = MemoryContextAllocHuge(CurrentMemoryContext, (Size) Max(n, 1) * sizeof(CdpKeyed));
	CdpKeyed   *sorted;
	int32		filled = 0,
				most = 0,
				unfound = 0;
	int64		of_most = 0;

	for (int32 r = 0; r < n; r++)
	{
		const int32_t *codes = cdp_store_codes(&e->store, r);
		uint64		key = 0;
		bool		any = false,
					found = false;

		for (int c = 0; c < e->model.n; c++)
			for (int i = 0; i < e->model.comparison[c].info->n_inputs; i++)
			{
				int32		code = codes[e->model.comparison[c].column[i]];

				any |= code >= 0;
				key = cdp_mix(key + (uint32) code + 1);
			}
		for (int rule = 0; rule < e->blocker.n_rules && !found; rule++)
			found = cdp_rule_key(&e->blocker, rule, r) != 0;
		unfound += !found;
		if (any)
			keyed[filled++] = (CdpKeyed)
		{
			.key = key, .at = r
		};
	}
	sorted = cdp_keyed_sort(&e->store.work, keyed, spare, filled);
	for (int32 start = 0, end; start < filled; start = end)
	{
		for (end = start + 1; end < filled && sorted[end].key == sorted[start].key; end++)
			;
		if (end - start > most)
		{
			most = end - start;
			of_most = e->record[sorted[start].at];
		}
	}
	if (most > e->blocker.max_block)
		warn(e, "%d records are alike in all that is compared, as record %lld: they distort what is learned and are not compared with one another; leave them out by the filter of their source",
			 most, (long long) of_most);
	if (unfound > n / 100)
		warn(e, "%d of %d records have none of the values that the blocking rules look at, so they are compared with nothing", unfound, n);
	pfree(keyed);
	pfree(spare);
}

static void
warn_of_training(CdpMatchEngine *e, const CdpTraining *t)
{
	double		records = e->blocker.records;
	double		all = records * (records - 1) / 2;
	double		budget = 0;

	if (!t->converged)
		warn(e, "training did not converge in %d iterations; the last changed a probability by %.2g", t->iterations, t->change);
	for (int c = 0; c < e->model.n; c++)
	{
		const CdpComparison *k = &e->model.comparison[c];
		double		seen = 0;

		if (k->ignored)
		{
			if (k->repeats == c)
				warn(e, "comparison %s: its values resemble each other more often than they agree, as numbers of rows do, and is left out", e->comparison[c]);
			else
				warn(e, "comparison %s repeats %s and is left out", e->comparison[c], e->comparison[k->repeats]);
			continue;
		}
		for (int l = 1; l <= k->info->n_levels; l++)
			seen += k->pairs_m[l];
		if (seen < 50 && count_values(e, c) > 1 && k->measure != CDP_MEASURE_GENERATION)
			warn(e, "comparison %s: its m rests on %.1f expected pairs of one person, so its defaults decide", e->comparison[c], seen);
	}
	if (e->model.lambda * all > 25.0 * records)
		warn(e, "the share of pairs of one person is implausible: %.1f for each record", e->model.lambda * all / records);
	for (int r = 0; r < e->blocker.n_rules; r++)
		budget += e->blocker.rule[r].estimate;
	if (e->blocker.coverage < .9)
		warn(e, "blocking finds an expected %.0f of 100 pairs of one person%s", 100 * e->blocker.coverage,
			 budget > .9 * t->pairs_per_record * records ? "; the budget of pairs is used up: raise cdp.max_pairs_per_record" : "");
	if (e->blocker.n_rules == CDP_MAX_RULES)
		warn(e, "all %d blocking rules are used", CDP_MAX_RULES);
}

/* How many pairs each rule finds, without comparing any. */
static void
count_pairs(CdpMatchEngine *e)
{
	CdpPairs	pairs = {.blocker = &e->blocker, .crew = &e->crew, .memory = (Size) match_memory * 1024};

	e->doing = "counting";
	e->pairs = &pairs;
	cdp_match_engine_require(e, cdp_each_pair(&pairs));
	e->pairs = NULL;
}

typedef struct Labels
{
	CdpMatchEngine *e;
	CdpLabel   *label;
	int			n,
				allocated;
} Labels;

static void
label_row(TupleTableSlot *slot, void *state)
{
	Labels	   *l = state;
	int32		a = cdp_match_engine_place(l->e, DatumGetInt64(slot->tts_values[0])),
				b = cdp_match_engine_place(l->e, DatumGetInt64(slot->tts_values[1]));

	if (a < 0 || b < 0)
		return;
	if (l->n == l->allocated)
	{
		l->allocated = l->allocated ? l->allocated * 2 : 256;
		l->label = l->label ? repalloc_huge(l->label, l->allocated * sizeof(CdpLabel))
			: MemoryContextAllocHuge(l->e->context, l->allocated * sizeof(CdpLabel));
	}
	l->label[l->n++] = (CdpLabel)
	{
		.a = Min(a, b), .b = Max(a, b), .same = DatumGetBool(slot->tts_values[2])
	};
}

/* What persons have decided, once there is enough of it to learn from. */
static void
read_labels(CdpMatchEngine *e, CdpTraining *t)
{
	Labels		labels = {.e = e};

	cdp_core_stream(psprintf("SELECT l.record_a::pg_catalog.int8, l.record_b::pg_catalog.int8, l.weight > 0 FROM %s.link l WHERE l.origin = 'ruling'", e->schema),
					0, NULL, NULL, label_row, &labels);
	if (labels.n < MIN_LABELS)
		return;
	t->label = labels.label;
	t->n_labels = labels.n;
}

static bool
train(CdpMatchEngine *e, CdpTraining *t)
{
	int32	   *person = former_people(e);
	bool		enough = e->store.n >= MIN_RECORDS && used_comparisons(e) >= MIN_COMPARISONS;

	if (e->model.n > 0)
		warn_of_values(e);
	cdp_model_defaults(&e->model, &e->store);
	cdp_match_engine_require(e, cdp_store_count_rarity(&e->store, &e->model, person));
	open_blocker(e);
	if (e->n_records > 0)
		e->blocker.records = e->n_records;
	*t = (CdpTraining)
	{
		.pairs_per_record = e->pairs_per_record, .max_pairs = MAX_PAIRS, .max_random = Min(MAX_RANDOM, Max(MIN_RANDOM, RANDOM_PAIRS * (int64) e->store.n)), .max_iterations = 500,
			.tolerance = 1e-5, .crew = &e->crew, .memory = (Size) match_memory * 1024
	};
	read_labels(e, t);
	for (int round = 0; enough && round < ROUNDS; round++)
	{
		t->again = round > 0;
		cdp_match_engine_show(e, "training");
		cdp_match_engine_require(e, cdp_train(&e->store, &e->model, &e->blocker, t));
		if (round + 1 < ROUNDS)
		{
			count_people(e, person);
			cdp_match_engine_require(e, cdp_store_count_rarity(&e->store, &e->model, person));
		}
	}
	if (enough)
	{
		warn_of_training(e, t);
		warn_of_records(e);
	}
	else
	{
		cdp_match_engine_require(e, cdp_blocker_choose(&e->blocker, e->pairs_per_record, false));
		if (e->store.n < MIN_RECORDS)
			warn(e, "%d records are too few to learn from (%d are needed): the documented defaults are used", e->store.n, MIN_RECORDS);
		else
			warn(e, "%d attributes with different values are too few to learn from (%d are needed): the documented defaults are used",
				 used_comparisons(e), MIN_COMPARISONS);
	}
	pfree(person);
	return enough;
}

PG_FUNCTION_INFO_V1(cdp_train_model);

/* cdp_internal.train_model(space regnamespace, pairs_per_record float8) -> int */
Datum
cdp_train_model(PG_FUNCTION_ARGS)
{
	Oid			space = PG_GETARG_OID(0);
	double		pairs_per_record = PG_ARGISNULL(1) ? max_pairs_per_record : PG_GETARG_FLOAT8(1);
	CdpTraining t = {0};
	CdpMatchEngine *e;
	MemoryContext old;
	bool		trained;
	int			model_id;

	if (!(pairs_per_record >= 1 && pairs_per_record <= 100000))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("the budget of pairs per record is not between 1 and 100000"),
				errhint("Leave it out for the setting cdp.max_pairs_per_record."));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	e = begin_engine(space);
	cdp_core_stream(psprintf("SELECT pg_catalog.count(*) FROM %s.record r", e->schema), 0, NULL, NULL, count_row, e);
	read_space(e, 0, false);
	old = MemoryContextSwitchTo(e->context);
	e->pairs_per_record = pairs_per_record;
	trained = train(e, &t);
	if (e->n_records == 0)
		count_pairs(e);
	cdp_match_engine_show(e, "writing the model");
	model_id = write_model(e, trained ? &t : NULL);
	write_levels(e, model_id, trained);
	write_frequencies(e, model_id);
	write_rules(e, model_id);
	MemoryContextSwitchTo(old);
	cdp_match_engine_close(e);
	SPI_finish();
	PG_RETURN_INT32(model_id);
}

PG_FUNCTION_INFO_V1(cdp_choose_rules);

/* cdp_internal.choose_rules(space regnamespace, model_id int) -> int */
Datum
cdp_choose_rules(PG_FUNCTION_ARGS)
{
	CdpMatchEngine *e;
	MemoryContext old;
	int			n;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	e = cdp_match_engine_open(PG_GETARG_OID(0), PG_GETARG_INT32(1), false);
	old = MemoryContextSwitchTo(e->context);
	e->doing = "choosing blocking rules";
	cdp_match_engine_require(e, cdp_blocker_choose(&e->blocker, e->pairs_per_record, false));
	count_pairs(e);
	write_rules(e, PG_GETARG_INT32(1));
	n = e->blocker.n_rules;
	MemoryContextSwitchTo(old);
	cdp_match_engine_close(e);
	SPI_finish();
	PG_RETURN_INT32(n);
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

	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	rows.e = cdp_match_engine_open(PG_GETARG_OID(0), PG_GETARG_INT32(1), false);
	cdp_match_engine_score(rows.e, PG_GETARG_BOOL(2), pair_row, &rows);
	cdp_match_engine_close(rows.e);
	SPI_finish();
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(cdp_block_sizes);

/* cdp_internal.block_sizes(space regnamespace, model_id int) -> setof (rule int, keys text[], comparisons text[], pairs, new_pairs, blocks, largest, refined bigint) */
Datum
cdp_block_sizes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CdpMatchEngine *e;

	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	e = cdp_match_engine_open(PG_GETARG_OID(0), PG_GETARG_INT32(1), false);
	count_pairs(e);
	for (int r = 0; r < e->blocker.n_rules; r++)
	{
		const CdpRule *rule = &e->blocker.rule[r];
		Datum		values[] = {Int32GetDatum(r + 1), texts(rule_keys(e, r)), texts(rule_comparisons(e, r)), Int64GetDatum(rule->pairs),
			Int64GetDatum(rule->new_pairs), Int64GetDatum(rule->blocks), Int64GetDatum(rule->largest), Int64GetDatum(rule->refined)};
		bool		nulls[lengthof(values)] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	cdp_match_engine_close(e);
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
							&match_memory, 1024 * 1024, 64, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("cdp.match_threads",
							"Threads that train and score, the session's own included.",
							"0: one more than max_parallel_maintenance_workers, at most the cores of the machine. The results are the same for any number.",
							&match_threads, 0, 0, CDP_MAX_THREADS, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("cdp.max_pairs_per_record",
							"Pairs that are compared, for each record, when people are matched.",
							"Blocking rules are chosen within this budget, and blocks of more than twice as many records are divided.",
							&max_pairs_per_record, 100, 1, 100000, PGC_USERSET, 0,
							NULL, NULL, NULL);
}
