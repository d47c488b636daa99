/*
 * engine_record.c
 *	  The matching engine reads a space: what is compared, and the records.
 *
 * Comparisons come first, and give the store its columns and the query its inputs: texts,
 * made by SQL from the cleaned values of a record. Records come in canonical order
 * (source_id, source_key) and are handed over in batches: while this backend's own thread
 * takes one from the server other threads put the one before it into the store, each a
 * column at a time.
 *
 * The levels of a comparison by SQL conditions are found by the server's executor, in
 * this backend's own thread: a space that has one is matched by one thread.
 */
#include "match/engine.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "match/condition.h"
#include "mb/pg_wchar.h"
#include "optimizer/cost.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#define MAX_LEARNED 250000		/* records; of more a sample is learned from */
#define BATCH_ROWS 4096
#define FIRST_INPUT 3			/* in the rows of records */

/* ---------------------------------------------------------------- comparisons by SQL conditions */

typedef struct ConditionState
{
	CdpMatchEngine *engine;
	CdpConditions *conditions;
	int			column;
	int			n_levels;
	CdpConditionValue **value;	/* by code, made when first needed */
} ConditionState;

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
		text	   *value = DatumGetTextPP(cdp_engine_value_text(&column->value[code]));

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
		cdp_engine_keep_error(e);
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
	char	   *name = cdp_engine_text(slot, 0);
	char	   *measure_name = cdp_engine_text(slot, 1);
	int			measure = measure_name ? cdp_measure_by_name(measure_name, strlen(measure_name)) : -1;
	const CdpMeasureInfo *info;
	CdpComparison *k;
	Datum	   *sql;
	bool	   *nulls;
	int			n_sql;

	Jsonb	   *conditions = measure < 0 && !slot->tts_isnull[5] ? DatumGetJsonbPCopy(slot->tts_values[5]) : NULL;

	if (measure < 0 && conditions == NULL)
	{
		cdp_engine_warn(e, "comparison %s is not used: it has no measure", name);
		return;
	}
	if (conditions)
		measure = CDP_MEASURE_SQL;
	info = conditions ? condition_info(conditions) : cdp_measure_info(measure);
	if (e->model.n == CDP_MAX_COMPARISONS || e->store.n_columns + info->n_inputs > CDP_MAX_COLUMNS)
	{
		cdp_engine_warn(e, "comparison %s is not used: there are more than %d comparisons, or more than %d values are compared",
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
		char	   *s = cdp_engine_text(slot, i);

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

/* ---------------------------------------------------------------- records */

#define LANES 4					/* threads that store a batch, at most */

/* One of the threads that store a batch. */
typedef struct Lane
{
	struct CdpBatch *batch;
	CdpWork		work;
	int32		bad;			/* the first row that cannot be stored */
	CdpErrand	errand;
} Lane;

/* Rows on their way into the store; malloc'ed. */
typedef struct CdpBatch
{
	CdpStore   *store;
	int			n;				/* rows */
	CdpStoreText *value;		/* BATCH_ROWS x columns */
	char	   *text;			/* in UTF-8 */
	size_t		used,
				allocated;
	int32	   *code;			/* columns x rows */
	int			next;			/* column that no thread has taken yet */
	int			lanes;
	Lane		lane[LANES];
} CdpBatch;

/* A thread takes columns while there are any: each is stored by one, the codes do not depend on which. */
static bool
store_columns(void *state, CdpCrew *crew)
{
	Lane	   *lane = state;
	CdpBatch   *batch = lane->batch;
	int			c;

	while ((c = __atomic_fetch_add(&batch->next, 1, __ATOMIC_RELAXED)) < batch->store->n_columns)
	{
		int32		stored = cdp_store_encode(batch->store, &lane->work, c, batch->text, batch->value, batch->n, batch->code + (size_t) c * batch->n);

		lane->bad = Min(lane->bad, stored);
		if (lane->work.problem == CDP_NO_MEMORY)
			return false;
	}
	return lane->bad == batch->n;
}

static CdpBatch *
open_batch(CdpMatchEngine *e)
{
	CdpBatch   *batch = calloc(1, sizeof(CdpBatch));

	if (batch)
	{
		batch->store = &e->store;
		batch->value = malloc(sizeof(*batch->value) * BATCH_ROWS * Max(e->store.n_columns, 1));
		batch->code = malloc(sizeof(*batch->code) * BATCH_ROWS * Max(e->store.n_columns, 1));
		batch->lanes = Min(cdp_crew_threads(&e->crew), LANES);
		for (int i = 0; i < batch->lanes; i++)
		{
			batch->lane[i].batch = batch;
			batch->lane[i].errand = (CdpErrand)
			{
				.fn = store_columns, .state = &batch->lane[i], .crew = &e->crew
			};
		}
	}
	return batch;
}

static void
start_batch(CdpBatch *batch)
{
	batch->next = 0;
	for (int i = 0; i < batch->lanes; i++)
	{
		batch->lane[i].bad = batch->n;
		cdp_errand_start(&batch->lane[i].errand);
	}
}

static void
finish_batch(CdpMatchEngine *e, CdpBatch *batch)
{
	bool		fine = true;
	int32		bad = batch->n;

	for (int i = 0; i < batch->lanes; i++)
	{
		Lane	   *lane = &batch->lane[i];

		fine &= cdp_errand_finish(&lane->errand);
		if (lane->work.problem != CDP_NO_PROBLEM && lane->bad < bad)
		{
			bad = lane->bad;
			e->bad_record = e->record[e->store.n + bad];
			e->store.work.problem = lane->work.problem;
		}
	}
	cdp_match_engine_require(e, fine && cdp_store_add_encoded(&e->store, batch->n, batch->code));
	batch->n = 0;
	batch->used = 0;
}

/* Waits for the batch that is being stored, and has the next one stored. */
static void
pass_batch_on(CdpMatchEngine *e)
{
	CdpBatch   *filled = e->batch[e->filling],
			   *other = e->batch[!e->filling];

	if (other->n > 0)
		finish_batch(e, other);
	start_batch(filled);
	e->filling = !e->filling;
}

void
cdp_engine_close_batches(CdpMatchEngine *e)
{
	for (int i = 0; i < 2; i++)
		if (e->batch[i])
		{
			CdpBatch   *batch = e->batch[i];

			for (int l = 0; l < batch->lanes; l++)
			{
				cdp_errand_abandon(&batch->lane[l].errand);
				cdp_work_release(&batch->lane[l].work, 0);
			}
			free(batch->value);
			free(batch->code);
			free(batch->text);
			free(batch);
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

/* Appends the rows of a query, with ids or NULL for its $1, to the store. */
static void
append_records(CdpMatchEngine *e, const char *sql, ArrayType *ids)
{
	Oid			argtypes[1] = {INT8ARRAYOID};
	Datum		args[1] = {PointerGetDatum(ids)};

	e->n_read = e->store.n;
	e->filling = 0;
	for (int i = 0; i < 2; i++)
	{
		e->batch[i] = open_batch(e);
		cdp_match_engine_require(e, e->batch[i] && e->batch[i]->value && e->batch[i]->code);
	}
	cdp_core_stream(sql, ids ? 1 : 0, argtypes, args, record_row, e);
	pass_batch_on(e);
	finish_batch(e, e->batch[!e->filling]);
	cdp_engine_close_batches(e);
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
read_in_parallel(bool sample)
{
	int			threads = cdp_engine_threads();
	int			workers = threads == 1 ? 0 : Min(max_parallel_workers_per_gather, threads);

	(void) set_config_option("max_parallel_workers_per_gather", psprintf("%d", workers), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("parallel_tuple_cost", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("parallel_leader_participation", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	/* the order of all is that of an index; to sort a few is cheaper than to step over the others in it, which the planner cannot know */
	if (sample)
		(void) set_config_option("enable_indexscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
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
read_records(CdpMatchEngine *e, const char *which, ArrayType *ids)
{
	int			nest = NewGUCNestLevel();

	pin_settings();
	read_in_parallel(e->n_records > 0);
	cdp_core_stream(psprintf("SELECT n.name::pg_catalog.text, n.other::pg_catalog.text FROM %s.match_nickname n ORDER BY 1, 2", e->schema),
					0, NULL, NULL, nickname_row, e);
	cdp_match_engine_show(e, "reading records");
	append_records(e, records_sql(e, psprintf("%s.record r%s", e->schema, which)), ids);
	AtEOXact_GUC(true, nest);
}

static void
note_row(TupleTableSlot *slot, void *state)
{
	*(bool *) state = true;
}

void
cdp_engine_read_space(CdpMatchEngine *e, int model_id, const char *which, ArrayType *ids)
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
	read_records(e, which, ids);
	MemoryContextSwitchTo(old);
}

static void
count_row(TupleTableSlot *slot, void *state)
{
	int64		n = DatumGetInt64(slot->tts_values[0]);

	((CdpMatchEngine *) state)->n_records = n > MAX_LEARNED ? n : 0;
}

void
cdp_engine_read_sample(CdpMatchEngine *e)
{
	cdp_core_stream(psprintf("SELECT pg_catalog.count(*) FROM %s.record r", e->schema), 0, NULL, NULL, count_row, e);
	cdp_engine_read_space(e, 0, e->n_records == 0 ? "" :
						  psprintf(" WHERE (pg_catalog.hashtextextended(r.source_key, r.source_id) & 65535) < " INT64_FORMAT, MAX_LEARNED * INT64CONST(65536) / e->n_records), NULL);
}

/* Appends what a query of records_sql gives. */
static void
read_also(CdpMatchEngine *e, const char *from, ArrayType *ids)
{
	int			nest = NewGUCNestLevel();

	pin_settings();
	append_records(e, records_sql(e, from), ids);
	AtEOXact_GUC(true, nest);
}

void
cdp_engine_read_more(CdpMatchEngine *e, ArrayType *ids)
{
	read_also(e, psprintf("%s.record r WHERE r.record_id = ANY ($1)", e->schema), ids);
}

void
cdp_engine_read_former(CdpMatchEngine *e)
{
	bool		has_former = false;

	cdp_core_stream("SELECT 1 FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relname = 'cdp_former'",
					0, NULL, NULL, note_row, &has_former);
	if (has_former)
		read_also(e, "pg_temp.cdp_former r", NULL);
}
