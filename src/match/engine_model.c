/*
 * engine_model.c
 *	  The matching engine's model as rows: match_model, match_level, match_input,
 *	  match_frequency and match_rule.
 *
 * Rarity is written where several people have a value; match_input says how rare all
 * other values are.
 */
#include "match/engine.h"
#include "match/origin.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define FREQUENCY_ROWS 10000	/* in one statement */

/* ---------------------------------------------------------------- reading */

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

Datum
cdp_engine_texts(List *strings)
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
	int			c = comparison_by_name(e, cdp_engine_text(slot, 0));
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
	int			c = comparison_by_name(e, cdp_engine_text(slot, 0));
	int			input = DatumGetInt32(slot->tts_values[1]);
	CdpColumn  *column;

	if (c < 0 || input < 0 || input >= e->model.comparison[c].info->n_inputs)
		return;
	column = &e->store.column[e->model.comparison[c].column[input]];
	for (int32 v = 0; v < column->n_values; v++)
		column->rarity[v] = DatumGetFloat8(slot->tts_values[2]);
}

/* (comparison, input, value, rarity, origins) */
static void
frequency_row(TupleTableSlot *slot, void *state)
{
	CdpMatchEngine *e = state;
	int			c = comparison_by_name(e, cdp_engine_text(slot, 0));
	int			input = DatumGetInt32(slot->tts_values[1]);
	char	   *value = cdp_engine_text(slot, 2);
	char	   *utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);
	CdpColumn  *column;
	int32		code;

	if (c < 0 || input < 0 || input >= e->model.comparison[c].info->n_inputs)
		return;
	column = &e->store.column[e->model.comparison[c].column[input]];
	code = cdp_store_find(column, utf8, strlen(utf8));
	if (code >= 0)
		column->rarity[code] = DatumGetFloat8(slot->tts_values[3]);
	if (code >= 0 && !slot->tts_isnull[4])
	{
		if (column->origins == NULL)
			column->origins = calloc(column->a_values, sizeof(uint64_t));
		cdp_match_engine_require(e, column->origins != NULL);
		column->origins[code] = DatumGetInt64(slot->tts_values[4]);
	}
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

/* (keys, pairs expected): a rule with a key that does not exist is left out */
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

void
cdp_engine_open_blocker(CdpMatchEngine *e)
{
	cdp_match_engine_require(e, cdp_blocker_open(&e->blocker, &e->store, &e->model));
	e->blocker.max_block = 2 * e->pairs_per_record;
	e->blocker.crew = &e->crew;
}

void
cdp_engine_read_model(CdpMatchEngine *e, int model_id)
{
	MemoryContext old = MemoryContextSwitchTo(e->context);
	Oid			argtypes[1] = {INT4OID};
	Datum		args[1] = {Int32GetDatum(model_id)};

	cdp_model_open(&e->model, NULL);
	cdp_model_defaults(&e->model, &e->store);
	cdp_match_engine_require(e, cdp_store_count_rarity(&e->store, &e->model, NULL));
	cdp_core_stream(psprintf("SELECT m.lambda::pg_catalog.float8, m.share::pg_catalog.float8[], m.pairs_per_record::pg_catalog.float8 FROM %s.match_model m WHERE m.model_id = $1", e->schema),
					1, argtypes, args, model_row, e);
	cdp_core_stream(psprintf("SELECT l.comparison::pg_catalog.text, l.level::pg_catalog.int4, l.m::pg_catalog.float8, l.u::pg_catalog.float8[]"
							 " FROM %s.match_level l WHERE l.model_id = $1", e->schema),
					1, argtypes, args, level_row, e);
	for (int c = 0; c < e->model.n; c++)
		cdp_relation_share(&e->model.comparison[c]);
	cdp_core_stream(psprintf("SELECT f.comparison::pg_catalog.text, f.input::pg_catalog.int4, f.rarity_unseen::pg_catalog.float8"
							 " FROM %s.match_input f WHERE f.model_id = $1", e->schema),
					1, argtypes, args, input_row, e);
	cdp_core_stream(psprintf("SELECT f.comparison::pg_catalog.text, f.input::pg_catalog.int4, f.value::pg_catalog.text, f.rarity::pg_catalog.float8, f.origins::pg_catalog.int8"
							 " FROM %s.match_frequency f WHERE f.model_id = $1", e->schema),
					1, argtypes, args, frequency_row, e);
	cdp_engine_open_blocker(e);
	cdp_core_stream(psprintf("SELECT k.keys::pg_catalog.text[], k.pairs::pg_catalog.int8 FROM %s.match_rule k WHERE k.model_id = $1 ORDER BY k.rule", e->schema),
					1, argtypes, args, rule_row, e);
	cdp_core_stream(psprintf("SELECT k.keys::pg_catalog.text[], NULL::pg_catalog.int8 FROM %s.match_user_rule k ORDER BY k.rule", e->schema),
					0, NULL, NULL, rule_row, e);
	MemoryContextSwitchTo(old);
}

/* ---------------------------------------------------------------- writing */

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
	args[11] = cdp_engine_texts(e->warnings);
	args[12] = Float8GetDatum(e->pairs_per_record);
	if (t == NULL)
		memset(nulls + 4, 'n', 6);
	cdp_core_query(psprintf("INSERT INTO %s.match_model (origin, records, lambda, share, candidates, pairs, random_pairs, matches, iterations, converged, coverage, warnings, pairs_per_record)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING model_id", e->schema),
			lengthof(argtypes), argtypes, args, nulls, false);
	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* Different values that a comparison sees. */
int32
cdp_engine_count_values(const CdpMatchEngine *e, int c)
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
	bool		address = false;

	for (int c = 0; c < e->model.n; c++)
	{
		const CdpComparison *k = &e->model.comparison[c];
		/* of what no record has nothing is learned */
		bool		left_out = k->ignored || (trained && cdp_engine_count_values(e, c) == 0);
		/* a part of an address before which all are left out has no levels after a move */
		int			n_levels = k->moved > 0 && !address ? k->moved : k->info->n_levels;

		address |= k->apart > 0 && !left_out;
		for (int l = 1; l <= n_levels && !left_out; l++)
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
Datum
cdp_engine_value_text(const CdpValue *value)
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
	Oid			value_types[] = {INT4OID, TEXTOID, INT4OID, TEXTARRAYOID, FLOAT8ARRAYOID, INT8ARRAYOID, BOOLOID};
	char	   *input_sql = psprintf("INSERT INTO %s.match_input (model_id, comparison, input, people, rarity_unseen) VALUES ($1, $2, $3, $4, $5)", e->schema);
	char	   *value_sql = psprintf("INSERT INTO %s.match_frequency (model_id, comparison, input, value, rarity, origins)"
									 " SELECT $1, $2, $3, v.value, v.rarity, CASE WHEN $7 THEN v.origins END"
									 " FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6)) AS v(value, rarity, origins)"
									 " ORDER BY v.value COLLATE pg_catalog.\"C\"", e->schema);

	for (int c = 0; c < e->model.n; c++)
		for (int i = 0; i < e->model.comparison[c].info->n_inputs && !e->model.comparison[c].ignored; i++)
		{
			const CdpColumn *column = &e->store.column[e->model.comparison[c].column[i]];
			MemoryContext old = MemoryContextSwitchTo(batch);
			Datum		args[7] = {Int32GetDatum(model_id), CStringGetTextDatum(e->comparison[c]), Int32GetDatum(i)};
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
				Datum	   *origins = palloc(FREQUENCY_ROWS * sizeof(Datum));
				int			n = 0;

				CHECK_FOR_INTERRUPTS();
				for (; v < column->n_values && n < FREQUENCY_ROWS; v++)
					if (column->count[v] > 1 && column->measure != CDP_MEASURE_SQL)
					{
						values[n] = cdp_engine_value_text(&column->value[v]);
						origins[n] = Int64GetDatum(cdp_origins_of(column, v));
						rarity[n++] = column->rarity[v];
					}
				if (n > 0)
				{
					args[1] = CStringGetTextDatum(e->comparison[c]);
					args[3] = PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
					args[4] = doubles(rarity, n);
					args[5] = PointerGetDatum(construct_array(origins, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
					args[6] = BoolGetDatum(column->origins != NULL);
					cdp_core_query(value_sql, 7, value_types, args, NULL, false);
				}
				MemoryContextReset(batch);
			}
			MemoryContextSwitchTo(old);
			MemoryContextReset(batch);
		}
	MemoryContextDelete(batch);
}

List *
cdp_engine_rule_keys(const CdpMatchEngine *e, int r)
{
	List	   *keys = NIL;

	for (int k = 0; k < e->blocker.n_keys; k++)
		if (e->blocker.rule[r].keys >> k & 1)
			keys = lappend(keys, key_label(e, k));
	return keys;
}

List *
cdp_engine_rule_comparisons(const CdpMatchEngine *e, int r)
{
	uint32		bits = cdp_rule_comparisons(&e->blocker, e->blocker.rule[r].keys);
	List	   *names = NIL;

	for (int c = 0; c < e->model.n; c++)
		if (bits >> c & 1)
			names = lappend(names, unconstify(char *, e->comparison[c]));
	return names;
}

void
cdp_engine_write_rules(CdpMatchEngine *e, int model_id)
{
	Oid			argtypes[] = {INT4OID, INT4OID, TEXTARRAYOID, TEXTARRAYOID, INT8OID, FLOAT8OID};
	char	   *sql = psprintf("INSERT INTO %s.match_rule (model_id, rule, keys, comparisons, pairs, gain) VALUES ($1, $2, $3, $4, $5, $6)", e->schema);

	for (int r = 0; r < e->blocker.n_rules; r++)
	{
		const CdpRule *rule = &e->blocker.rule[r];
		Datum		args[] = {Int32GetDatum(model_id), Int32GetDatum(r + 1), cdp_engine_texts(cdp_engine_rule_keys(e, r)), cdp_engine_texts(cdp_engine_rule_comparisons(e, r)),
		Int64GetDatum(llrint(rule->estimate)), Float8GetDatum(rule->gain)};

		cdp_core_query(sql, lengthof(argtypes), argtypes, args, NULL, false);
	}
}

int
cdp_engine_write_model(CdpMatchEngine *e, const CdpTraining *t)
{
	int			model_id = write_model(e, t);

	write_levels(e, model_id, t != NULL);
	write_frequencies(e, model_id);
	cdp_engine_write_rules(e, model_id);
	return model_id;
}
