/*
 * engine_train.c
 *	  The matching engine learns a model from the records of a space.
 *
 * Of very many records it reads a sample, by a hash of their keys: pairs grow with the
 * square, so a quarter of a million records hold enough of all that is learned. The plain
 * C is in train.c; here are who is known to be one person, what rulings say, and the
 * warnings in words.
 */
#include "match/engine.h"
#include "match/origin.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#define MIN_RECORDS 50			/* to learn from */
#define MIN_COMPARISONS 2
#define MIN_LABELS 50			/* rulings, to be learned from */
#define MAX_PAIRS 300000		/* EM rests on so many candidates, */
#define RANDOM_PAIRS 4			/* and so many random pairs for each record, */
#define MIN_RANDOM 200000
#define MAX_RANDOM 1000000
#define ROUNDS 2				/* of training; each knows better than the last which values are rare */
#define SURE_WEIGHT 5.0			/* pairs above are taken for one person while counting how many people have a value */
#define MAX_PERSON 50			/* records, while counting people */
#define MANY_OTHER_NAMES .4		/* of the pairs that m rests on; bad data has nearly as many */
#define COUNTED_PAIRS 4.0		/* for each record, enough to count people by */

/* ---------------------------------------------------------------- who is one person */

typedef struct People
{
	int32	   *parent;
	int32	   *size;
} People;

static void
join_people(void *state, const CdpScored *pair)
{
	People	   *p = state;
	int32		a = cdp_cluster_root(p->parent, pair->a),
				b = cdp_cluster_root(p->parent, pair->b);

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
		p.size[cdp_cluster_root(person, i)]++;
	while (n_rules < e->blocker.n_rules &&
		   (n_rules == 0 || pairs + e->blocker.rule[n_rules].estimate <= Max(MAX_PAIRS, COUNTED_PAIRS * e->store.n)))
		pairs += e->blocker.rule[n_rules++].estimate;
	e->expected = pairs;
	if (n_rules > 0)
		cdp_engine_score(e, n_rules, SURE_WEIGHT, join_people, &p);
	for (int32 i = 0; i < e->store.n; i++)
		person[i] = cdp_cluster_root(person, i);
	pfree(p.size);
}

static int
used_comparisons(const CdpMatchEngine *e)
{
	int			used = 0;

	for (int c = 0; c < e->model.n; c++)
		if (cdp_engine_count_values(e, c) > 1)
			used++;
	return used;
}

static void
warn_of_values(CdpMatchEngine *e)
{
	for (int c = 0; c < e->model.n; c++)
	{
		int32		values = cdp_engine_count_values(e, c);

		/* generations are rare and compared unasked */
		if (e->model.comparison[c].measure == CDP_MEASURE_GENERATION)
			continue;
		if (values == 0 && e->store.n > 0)
			cdp_engine_warn(e, "comparison %s: no record has a value, so it says nothing", e->comparison[c]);
		else if (values == 1 && e->store.n > 1)
			cdp_engine_warn(e, "comparison %s: all records have the same value, so it says next to nothing", e->comparison[c]);
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
		cdp_engine_warn(e, "%d records are alike in all that is compared, as record %lld: they distort what is learned and are not compared with one another; leave them out by the filter of their source",
			 most, (long long) of_most);
	if (e->blocker.n_rules == 0)
		cdp_engine_warn(e, "no blocking rule finds pairs of one person often enough to be worth its comparisons: nothing is compared");
	else if (unfound > n / 100)
		cdp_engine_warn(e, "%d of %d records have none of the values that the blocking rules look at, so they are compared with nothing", unfound, n);
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
		cdp_engine_warn(e, "training did not converge in %d iterations; the last changed a probability by %.2g", t->iterations, t->change);
	for (int c = 0; c < e->model.n; c++)
	{
		const CdpComparison *k = &e->model.comparison[c];
		double		seen = 0;

		if (k->ignored)
		{
			if (k->repeats == c)
				cdp_engine_warn(e, "comparison %s: its values resemble each other more often than they agree, as numbers of rows do, and is left out", e->comparison[c]);
			else
				cdp_engine_warn(e, "comparison %s repeats %s and is left out", e->comparison[c], e->comparison[k->repeats]);
			continue;
		}
		for (int l = 1; l <= k->info->n_levels; l++)
			seen += k->pairs_m[l];
		if (cdp_other_names(k) > MANY_OTHER_NAMES)
			cdp_engine_warn(e, "%.0f of 100 pairs of one person have another given or family name: people of one group (a firm, a home) may be taken for one person; leave out what a group shares, or map birth dates",
							100 * cdp_other_names(k));
		if (seen < 50 && cdp_engine_count_values(e, c) > 1 && k->measure != CDP_MEASURE_GENERATION)
			cdp_engine_warn(e, "comparison %s: its m rests on %.1f expected pairs of one person, so its defaults decide", e->comparison[c], seen);
	}
	if (e->model.lambda * all > 25.0 * records)
		cdp_engine_warn(e, "the share of pairs of one person is implausible: %.1f for each record", e->model.lambda * all / records);
	for (int r = 0; r < e->blocker.n_rules; r++)
		budget += e->blocker.rule[r].estimate;
	if (e->blocker.coverage < .9)
		cdp_engine_warn(e, "blocking finds an expected %.0f of 100 pairs of one person%s", 100 * e->blocker.coverage,
			 budget > .9 * t->pairs_per_record * records ? "; the budget of pairs is used up: raise cdp.max_pairs_per_record" : "");
	if (e->blocker.n_rules == CDP_MAX_RULES)
		cdp_engine_warn(e, "all %d blocking rules are used", CDP_MAX_RULES);
}

/* How many pairs each rule finds, without comparing any. */
static void
count_pairs(CdpMatchEngine *e)
{
	CdpPairs	pairs = {.blocker = &e->blocker, .crew = &e->crew, .memory = (Size) cdp_match_memory * 1024};

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
	int32	   *person = MemoryContextAllocHuge(e->context, (e->store.n + 1) * sizeof(int32));
	bool		enough = e->store.n >= MIN_RECORDS && used_comparisons(e) >= MIN_COMPARISONS;

	/* nobody is known yet, whatever the last run made of them: the same records give the same model */
	for (int32 i = 0; i < e->store.n; i++)
		person[i] = i;
	if (e->model.n > 0)
		warn_of_values(e);
	cdp_model_open(&e->model, enough ? &e->store : NULL);
	cdp_model_defaults(&e->model, &e->store);
	cdp_match_engine_require(e, cdp_store_count_rarity(&e->store, &e->model, person) && cdp_store_learn_origins(&e->store, &e->model));
	cdp_engine_open_blocker(e);
	if (e->n_records > 0)
		e->blocker.records = e->n_records;
	*t = (CdpTraining)
	{
		.pairs_per_record = e->pairs_per_record, .max_pairs = MAX_PAIRS, .max_random = Min(MAX_RANDOM, Max(MIN_RANDOM, RANDOM_PAIRS * (int64) e->store.n)), .max_iterations = 1000,
			.tolerance = 1e-5, .crew = &e->crew, .memory = (Size) cdp_match_memory * 1024
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
		cdp_match_engine_require(e, cdp_blocker_choose(&e->blocker, e->pairs_per_record));
		if (e->store.n < MIN_RECORDS)
			cdp_engine_warn(e, "%d records are too few to learn from (%d are needed): the documented defaults are used", e->store.n, MIN_RECORDS);
		else
			cdp_engine_warn(e, "%d attributes with different values are too few to learn from (%d are needed): the documented defaults are used",
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
	double		pairs_per_record = PG_ARGISNULL(1) ? cdp_max_pairs_per_record : PG_GETARG_FLOAT8(1);
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
	e = cdp_engine_begin(space);
	cdp_engine_read_sample(e);
	old = MemoryContextSwitchTo(e->context);
	e->pairs_per_record = pairs_per_record;
	trained = train(e, &t);
	cdp_match_engine_show(e, "writing the model");
	model_id = cdp_engine_write_model(e, trained ? &t : NULL);
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
	cdp_match_engine_require(e, cdp_blocker_choose(&e->blocker, e->pairs_per_record));
	cdp_engine_write_rules(e, PG_GETARG_INT32(1));
	n = e->blocker.n_rules;
	MemoryContextSwitchTo(old);
	cdp_match_engine_close(e);
	SPI_finish();
	PG_RETURN_INT32(n);
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
		Datum		values[] = {Int32GetDatum(r + 1), cdp_engine_texts(cdp_engine_rule_keys(e, r)), cdp_engine_texts(cdp_engine_rule_comparisons(e, r)), Int64GetDatum(rule->pairs),
			Int64GetDatum(rule->new_pairs), Int64GetDatum(rule->blocks), Int64GetDatum(rule->largest), Int64GetDatum(rule->refined)};
		bool		nulls[lengthof(values)] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	cdp_match_engine_close(e);
	SPI_finish();
	return (Datum) 0;
}

