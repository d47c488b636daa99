/*
 * score_sql.c
 *	  Weights of pairs as SQL functions without look-ups.
 *
 * Everything comes through the arguments: the model as jsonb (model_sql.c), of each
 * person the matching keys with their rarities. So they run over any join, in parallel
 * workers and on other servers, and give the numbers of the engine: the levels are
 * cdp_compare's, the sum is sum.c's.
 *
 * A person is {"comparison": [input, ...], ...}; an input is null, "key", ["key", rarity],
 * of names ["key", rarity, origins] (cdp.match_values, origin.h), or where a comparison
 * has one input and the person several values [["key", rarity], ...]. Rarities are kept in single precision by the
 * engine, and so they are here.
 *
 * The model is read once per call site and kept as long as the statement's plan; another
 * model in the same place is noticed by its bytes. Prepared values live in an arena of
 * malloc'ed memory that is emptied at the start of a call, so an error or a cancel
 * request in between loses nothing.
 */
#include "match/model_sql.h"
#include "match/origin.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#define KEEP_BYTES (256 * 1024)

typedef struct Site
{
	MemoryContext context;		/* of the model that is kept */
	Jsonb	   *json;
	CdpNamedModel *model;
	CdpWork		work;
	CdpArena	arena;
} Site;

/* One of several values. */
typedef struct Listed
{
	CdpValue	value;
	double		rarity;
} Listed;

typedef struct Person
{
	CdpValue	value[CDP_MAX_COMPARISONS][CDP_MAX_INPUTS];
	const CdpValue *input[CDP_MAX_COMPARISONS][CDP_MAX_INPUTS];
	double		rarity[CDP_MAX_COMPARISONS][CDP_MAX_INPUTS];
	uint64		origins[CDP_MAX_COMPARISONS][CDP_MAX_INPUTS];
	Listed	   *list[CDP_MAX_COMPARISONS];	/* all values, where there are several; the first is the input, too */
	int			n_listed[CDP_MAX_COMPARISONS];
} Person;

/* ---------------------------------------------------------------- the call site */

static void
free_site(void *arg)
{
	Site	   *site = arg;

	cdp_work_release(&site->work, 0);
	cdp_arena_free(&site->arena);
}

static void
poll_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

static void
check_problem(Site *site)
{
	CdpProblem	problem = site->work.problem;

	site->work.problem = CDP_NO_PROBLEM;
	if (problem == CDP_NO_MEMORY)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	if (problem != CDP_NO_PROBLEM)
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("a value is too long to be compared"),
				errhint("Compare the first %d characters at most.", CDP_MAX_CHARS));
}

/* The kept site of this call, with the model of argument 0. */
static Site *
site_of(FunctionCallInfo fcinfo)
{
	Site	   *site = fcinfo->flinfo->fn_extra;
	Jsonb	   *json;
	MemoryContext old;

	if (site == NULL)
	{
		MemoryContextCallback *callback = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(MemoryContextCallback));

		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Site));
		callback->func = free_site;
		callback->arg = site;
		MemoryContextRegisterResetCallback(fcinfo->flinfo->fn_mcxt, callback);
		fcinfo->flinfo->fn_extra = site;
	}
	site->work.poll = poll_interrupts;
	cdp_work_release(&site->work, KEEP_BYTES);
	cdp_arena_free(&site->arena);
	if (site->model != NULL && get_fn_expr_arg_stable(fcinfo->flinfo, 0))
		return site;

	json = PG_GETARG_JSONB_P(0);
	if (site->model != NULL && VARSIZE(json) == VARSIZE(site->json) && memcmp(json, site->json, VARSIZE(json)) == 0)
		return site;
	site->model = NULL;
	if (site->context)
		MemoryContextReset(site->context);
	else
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "cdp model", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(site->context);
	site->json = palloc(VARSIZE(json));
	memcpy(site->json, json, VARSIZE(json));
	site->model = cdp_match_read_model(site->json);
	MemoryContextSwitchTo(old);
	return site;
}

/* ---------------------------------------------------------------- arguments */

pg_noreturn static void bad_person(const char *comparison);

static void
bad_person(const char *comparison)
{
	ereport(ERROR,
			errcode(ERRCODE_CDP_BAD_ARGUMENT),
			comparison ? errmsg("what is given for comparison \"%s\" cannot be read", comparison) : errmsg("a person is a JSON object"),
			errhint("Give per comparison a list with one entry per input: null, \"key\", [\"key\", rarity], [\"key\", rarity, origins] or, of several values, [[\"key\", rarity], ...], as cdp.match_values does."));
}

static double
positive(const JsonbValue *value, const char *comparison)
{
	double		d;

	if (value == NULL || value->type != jbvNumeric)
		bad_person(comparison);
	d = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
	if (!(d > 0) || isinf(d))
		bad_person(comparison);
	return d;
}

/* A whole number of 64 bits: what match_frequency.origins holds. */
static uint64
origins(const JsonbValue *value, const char *comparison)
{
	char	   *digits,
			   *end;
	int64		n;

	if (value->type != jbvNumeric)
		bad_person(comparison);
	digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	n = strtoll(digits, &end, 10);
	if (errno != 0 || *end != '\0')
		bad_person(comparison);
	pfree(digits);
	return (uint64) n;
}

static void
read_key(Site *site, int c, int i, const JsonbValue *key, CdpValue *value)
{
	if (!cdp_value_prepare(&site->work, &site->arena, site->model->nicknames, site->model->model.comparison[c].measure, i,
						   key->val.string.val, key->val.string.len, value))
		check_problem(site);
}

/* Several values of one input: [["key", rarity], ...]. */
static void
read_list(Site *site, Person *person, int c, JsonbContainer *list)
{
	const char *name = site->model->named[c].name;
	int			n = JsonContainerSize(list);

	if (n > CDP_MAX_LIST || site->model->model.comparison[c].info->n_inputs > 1)
		bad_person(name);
	person->list[c] = palloc0(sizeof(Listed) * n);
	person->n_listed[c] = n;
	for (int v = 0; v < n; v++)
	{
		JsonbValue *one = getIthJsonbValueFromContainer(list, v);
		JsonbValue *key;

		if (one->type != jbvBinary || !JsonContainerIsArray(one->val.binary.data) || JsonContainerSize(one->val.binary.data) != 2)
			bad_person(name);
		key = getIthJsonbValueFromContainer(one->val.binary.data, 0);
		if (key->type != jbvString)
			bad_person(name);
		read_key(site, c, 0, key, &person->list[c][v].value);
		person->list[c][v].rarity = (float) positive(getIthJsonbValueFromContainer(one->val.binary.data, 1), name);
	}
	person->input[c][0] = &person->list[c][0].value;
	person->rarity[c][0] = person->list[c][0].rarity;
}

static void
read_input(Site *site, Person *person, int c, int i, JsonbValue *value)
{
	const char *name = site->model->named[c].name;
	const CdpComparison *k = &site->model->model.comparison[c];
	JsonbValue *key = value;

	person->rarity[c][i] = 1;
	person->origins[c][i] = 0;
	if (value->type == jbvBinary)
	{
		JsonbContainer *both = value->val.binary.data;

		if (JsonContainerIsArray(both) && JsonContainerSize(both) > 0 && k->measure != CDP_MEASURE_SQL && getIthJsonbValueFromContainer(both, 0)->type == jbvBinary)
		{
			read_list(site, person, c, both);
			return;
		}
		if (!JsonContainerIsArray(both) || JsonContainerSize(both) < 2 || JsonContainerSize(both) > 3)
			bad_person(name);
		key = getIthJsonbValueFromContainer(both, 0);
		person->rarity[c][i] = (float) positive(getIthJsonbValueFromContainer(both, 1), name);
		if (JsonContainerSize(both) == 3)
			person->origins[c][i] = origins(getIthJsonbValueFromContainer(both, 2), name);
	}
	if (key->type == jbvNull)
		return;
	if (key->type != jbvString)
		bad_person(name);
	if (k->measure == CDP_MEASURE_SQL)
		return;
	read_key(site, c, i, key, &person->value[c][i]);
	person->input[c][i] = &person->value[c][i];
}

static void
read_person(Site *site, Jsonb *json, Person *person)
{
	if (!JB_ROOT_IS_OBJECT(json))
		bad_person(NULL);
	for (int c = 0; c < site->model->model.n; c++)
	{
		const char *name = site->model->named[c].name;
		int			n_inputs = site->model->model.comparison[c].info->n_inputs;
		JsonbValue	value;

		for (int i = 0; i < CDP_MAX_INPUTS; i++)
			person->input[c][i] = NULL;
		if (getKeyJsonValueFromContainer(&json->root, name, strlen(name), &value) == NULL || value.type == jbvNull)
			continue;
		if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data) || JsonContainerSize(value.val.binary.data) > n_inputs)
			bad_person(name);
		for (int i = 0; i < JsonContainerSize(value.val.binary.data); i++)
			read_input(site, person, c, i, getIthJsonbValueFromContainer(value.val.binary.data, i));
	}
}

/* The level that a caller gives for a comparison, by name or number; -1: none, 0: null. */
static int
given_level(const CdpNamedModel *model, Jsonb *levels, int c)
{
	const CdpMeasureInfo *info = model->model.comparison[c].info;
	const char *name = model->named[c].name;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(levels))
		ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("levels are a JSON object"),
				errhint("Give the level of each comparison by its name: {\"email\": \"exact\"}."));
	if (getKeyJsonValueFromContainer(&levels->root, name, strlen(name), &value) == NULL)
		return -1;
	if (value.type == jbvNull)
		return 0;
	if (value.type == jbvString)
	{
		for (int l = 1; l <= info->n_levels; l++)
			if (strlen(info->levels[l - 1].name) == value.val.string.len &&
				memcmp(info->levels[l - 1].name, value.val.string.val, value.val.string.len) == 0)
				return l;
	}
	else if (value.type == jbvNumeric)
	{
		double		l = DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric)));

		if (l >= 0 && l <= info->n_levels && l == (int) l)
			return (int) l;
	}
	ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("comparison \"%s\" has no such level", name),
			errhint("Give the name of one of its levels in the model, or null where there is nothing to compare."));
}

/* ---------------------------------------------------------------- comparing */

static inline const CdpValue *
listed(const Person *p, int c, int i, double *rarity)
{
	*rarity = p->list[c] ? p->list[c][i].rarity : p->rarity[c][0];
	return p->list[c] ? &p->list[c][i].value : p->input[c][0];
}

/* Of lists those two values are compared that agree best, of several that are equal the rarest, as in score.c; their level. */
static int
choose_values(Site *site, int c, Person *a, Person *b)
{
	CdpMeasure	measure = site->model->model.comparison[c].measure;
	const CdpValue *best_a = a->input[c][0],
			   *best_b = b->input[c][0];
	double		rarest = a->rarity[c][0];
	int			best = CDP_MAX_LEVELS + 1;

	for (int i = 0; i < Max(a->n_listed[c], 1); i++)
		for (int j = 0; j < Max(b->n_listed[c], 1); j++)
		{
			double		rarity,
						other;
			const CdpValue *x = listed(a, c, i, &rarity),
					   *y = listed(b, c, j, &other);
			int			level = cdp_compare(&site->work, measure, &x, &y);

			check_problem(site);
			if (level > best || (level == best && (level > 1 || rarity >= rarest)))
				continue;
			best = level;
			best_a = x;
			best_b = y;
			rarest = rarity;
		}
	a->input[c][0] = best_a;
	b->input[c][0] = best_b;
	a->rarity[c][0] = rarest;
	return best;
}

/* Arguments 1 and 2 are people, 3 the levels that are known. */
static void
compare_people(FunctionCallInfo fcinfo, Site *site, CdpAgreed *agreed)
{
	Person	   *a = palloc0(sizeof(Person));
	Person	   *b = palloc0(sizeof(Person));
	Jsonb	   *levels = PG_GETARG_JSONB_P(3);
	bool		moved = false;

	read_person(site, PG_GETARG_JSONB_P(1), a);
	read_person(site, PG_GETARG_JSONB_P(2), b);
	for (int c = 0; c < site->model->model.n; c++)
	{
		const CdpComparison *k = &site->model->model.comparison[c];
		const Person *named = a;
		int			rare;

		agreed[c].level = given_level(site->model, levels, c);
		if (agreed[c].level < 0)
			agreed[c].level = k->measure == CDP_MEASURE_SQL ? 0 :
				(a->list[c] || b->list[c]) && a->input[c][0] && b->input[c][0] ? choose_values(site, c, a, b) :
				cdp_compare(&site->work, k->measure, a->input[c], b->input[c]);
		check_problem(site);
		agreed[c].level = cdp_level_beside(k, agreed[c].level, &moved);
		rare = agreed[c].level ? k->info->levels[agreed[c].level - 1].frequency : 0;
		/* where a mailbox spells a name, the name is rare, not the mailbox */
		if (agreed[c].level && k->info->levels[agreed[c].level - 1].present == CDP_SPELLED && a->input[c][0] == NULL)
			named = b;
		for (int i = 0; i < CDP_MAX_INPUTS; i++)
			agreed[c].rarity[i] = rare >> i & 1 && named->input[c][i] ? named->rarity[c][i] : 1;
		if (cdp_names_agree(k, rare))
			agreed[c].rarity[0] *= cdp_origins_together(named->origins[c][0], named->origins[c][1]);
	}
	pfree(a);
	pfree(b);
}

PG_FUNCTION_INFO_V1(cdp_pair_weight);

/* cdp.pair_weight(model jsonb, a jsonb, b jsonb, levels jsonb) -> float8 */
Datum
cdp_pair_weight(PG_FUNCTION_ARGS)
{
	Site	   *site = site_of(fcinfo);
	CdpAgreed	agreed[CDP_MAX_COMPARISONS];

	compare_people(fcinfo, site, agreed);
	PG_RETURN_FLOAT8(cdp_sum_weight(&site->model->model, agreed, NULL));
}

/* One row per term: step, comparison, level, name, description, m, u, weight, rarity, running_total, probability. */
static void
put_terms(FunctionCallInfo fcinfo, const CdpNamedModel *named, const CdpAgreed *agreed)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const CdpModel *model = &named->model;
	CdpTerm		term[CDP_MAX_COMPARISONS + 1];

	cdp_sum_weight(model, agreed, term);
	InitMaterializedSRF(fcinfo, 0);
	for (int step = 0; step <= model->n; step++)
	{
		const CdpComparison *k = step ? &model->comparison[step - 1] : NULL;
		int			l = step ? agreed[step - 1].level : 0;
		double		m = step == 0 ? model->lambda : l ? k->m[l] : 0;
		const char *name = step == 0 ? "prior" : l ? k->info->levels[l - 1].name : "missing";
		const char *words = step == 0 ? "any two records, before they are compared" :
			l ? k->info->levels[l - 1].words : "nothing to compare: a value is missing";
		Datum		values[11];
		bool		nulls[11] = {false};

		values[0] = Int32GetDatum(step);
		nulls[1] = step == 0;
		values[1] = step ? CStringGetTextDatum(named->named[step - 1].name) : (Datum) 0;
		nulls[2] = step == 0 || l == 0;
		values[2] = Int32GetDatum(l);
		values[3] = CStringGetTextDatum(name);
		values[4] = CStringGetTextDatum(words);
		nulls[5] = nulls[6] = step > 0 && l == 0;
		values[5] = Float8GetDatum(m);
		values[6] = Float8GetDatum(m / exp2(term[step].weight));
		values[7] = Float8GetDatum(term[step].weight);
		values[8] = Float8GetDatum(term[step].of_rarity);
		values[9] = Float8GetDatum(term[step].total);
		values[10] = Float8GetDatum(cdp_probability(term[step].total));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(cdp_pair_levels);

/* cdp.pair_levels(model jsonb, a jsonb, b jsonb, levels jsonb) -> rows, see put_terms */
Datum
cdp_pair_levels(PG_FUNCTION_ARGS)
{
	Site	   *site = site_of(fcinfo);
	CdpAgreed	agreed[CDP_MAX_COMPARISONS];

	compare_people(fcinfo, site, agreed);
	put_terms(fcinfo, site->model, agreed);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(cdp_levels_weight);

/* cdp.levels_weight(model jsonb, levels jsonb, rarities jsonb) -> float8 */
Datum
cdp_levels_weight(PG_FUNCTION_ARGS)
{
	Site	   *site = site_of(fcinfo);
	Jsonb	   *levels = PG_GETARG_JSONB_P(1);
	Jsonb	   *rarities = PG_GETARG_JSONB_P(2);
	bool		moved = false;
	CdpAgreed	agreed[CDP_MAX_COMPARISONS];

	for (int c = 0; c < site->model->model.n; c++)
	{
		const char *name = site->model->named[c].name;
		JsonbValue	value;

		agreed[c].level = given_level(site->model, levels, c);
		if (agreed[c].level < 0)
			agreed[c].level = 0;
		agreed[c].level = cdp_level_beside(&site->model->model.comparison[c], agreed[c].level, &moved);
		for (int i = 0; i < CDP_MAX_INPUTS; i++)
			agreed[c].rarity[i] = 1;
		if (!JB_ROOT_IS_OBJECT(rarities))
			bad_person(NULL);
		if (getKeyJsonValueFromContainer(&rarities->root, name, strlen(name), &value) == NULL || value.type == jbvNull)
			continue;
		if (value.type != jbvBinary)
			agreed[c].rarity[0] = positive(&value, name);
		else
		{
			JsonbContainer *inputs = value.val.binary.data;

			if (!JsonContainerIsArray(inputs) || JsonContainerSize(inputs) > CDP_MAX_INPUTS)
				bad_person(name);
			for (int i = 0; i < JsonContainerSize(inputs); i++)
				agreed[c].rarity[i] = positive(getIthJsonbValueFromContainer(inputs, i), name);
		}
	}
	PG_RETURN_FLOAT8(cdp_sum_weight(&site->model->model, agreed, NULL));
}

PG_FUNCTION_INFO_V1(cdp_names_together);

/* cdp_internal.names_together(given bigint, family bigint) -> float8 */
Datum
cdp_names_together(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(cdp_origins_together(PG_ARGISNULL(0) ? 0 : (uint64) PG_GETARG_INT64(0), PG_ARGISNULL(1) ? 0 : (uint64) PG_GETARG_INT64(1)));
}
