/*
 * model_sql.c
 *	  Models as jsonb: read, checked, taken apart into rows.
 *
 * The form is that of cdp.export_model:
 *
 *	{"origin": "trained", "lambda": 0.001, "share": [0.97, 0.01, 0.01, 0.01],
 *	 "comparisons": [{"comparison": "name", "measure": "person_name", "attributes": ["given_name", ...],
 *		"is_place": false, "inputs": [{"people": 100, "rarity_unseen": 0.2}, ...],
 *		"levels": [{"name": "exact", "m": 0.7, "u": [0.0001, ...], "condition": "...", "description": "..."}, ...]}, ...],
 *	 "nicknames": [["bob", "robert"], ...], "rules": [...], "frequencies": [...]}
 *
 * Without "share" all other pairs agree by chance alone, and "u" is a single number: the
 * classical model. Where a list by relation is shorter than there are relations, the rest of
 * them do not occur. A comparison with a measure has that measure's levels, all of them; one
 * without has levels of its own, told apart by conditions or by the caller.
 *
 * Every number is checked when it is read: what would give an absurd weight or none at all
 * (0, 1, not a number, levels that do not sum to 1) is an error that names the comparison
 * and the level.
 */
#include "match/model_sql.h"
#include "match/train.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/*
 * How far the levels of a class, and the shares, may be from summing to 1. u in a relation
 * is put together from its parts (relation.c) and is not checked.
 */
#define SUM_TOLERANCE 1e-6
#define LEAST_PROBABILITY 1e-30

pg_noreturn static void bad_model(const char *comparison, const char *fmt,...) pg_attribute_printf(2, 3);

/* Every complaint reads alike. */
static void
bad_model(const char *comparison, const char *fmt,...)
{
	StringInfoData problem;
	int			save_errno = errno;

	initStringInfo(&problem);
	for (;;)
	{
		va_list		args;
		int			needed;

		errno = save_errno;
		va_start(args, fmt);
		needed = appendStringInfoVA(&problem, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&problem, needed);
	}
	ereport(ERROR,
			errcode(ERRCODE_CDP_BAD_MODEL),
			comparison ? errmsg("the model's comparison \"%s\": %s", comparison, problem.data) : errmsg("the model: %s", problem.data),
			errhint("A model has the form that cdp.export_model gives; cdp.comparison_levels lists the levels of each measure."));
}

/* ---------------------------------------------------------------- jsonb */

static bool
field(JsonbContainer *object, const char *key, JsonbValue *out)
{
	return getKeyJsonValueFromContainer(object, key, strlen(key), out) != NULL && out->type != jbvNull;
}

static double
number(const JsonbValue *value, const char *comparison, const char *what)
{
	if (value->type != jbvNumeric)
		bad_model(comparison, "%s is not a number", what);
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value->val.numeric)));
}

static char *
string(const JsonbValue *value, const char *comparison, const char *what)
{
	if (value->type != jbvString || value->val.string.len == 0)
		bad_model(comparison, "%s is not a text", what);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static JsonbContainer *
list(JsonbValue *value, const char *comparison, const char *what, int most, int *n)
{
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		bad_model(comparison, "%s is not a list", what);
	*n = JsonContainerSize(value->val.binary.data);
	if (*n > most)
		bad_model(comparison, "%s has %d entries, %d are possible", what, *n, most);
	return value->val.binary.data;
}

static JsonbContainer *
object(JsonbValue *value, const char *comparison, const char *what)
{
	if (value == NULL || value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		bad_model(comparison, "%s is not an object", what);
	return value->val.binary.data;
}

/* ---------------------------------------------------------------- levels */

static double
probability(const JsonbValue *value, const CdpNamedComparison *named, const char *level, const char *what, bool may_be_1)
{
	double		p = number(value, named->name, what);

	if (!(p >= LEAST_PROBABILITY) || !(may_be_1 ? p <= 1 : p < 1))
		bad_model(named->name, "%s of level \"%s\" is %g, it must lie between 0 and 1", what, level, p);
	return p;
}

/* Is a level the only one of its class? Then its probability is 1. */
static bool
is_alone(const CdpMeasureInfo *info, int level)
{
	for (int l = 1; l <= info->n_levels; l++)
		if (l != level && info->levels[l - 1].present == info->levels[level - 1].present)
			return false;
	return true;
}

static void
read_u(JsonbValue *value, bool trained, const CdpNamedComparison *named, CdpComparison *k, int level)
{
	const char *name = k->info->levels[level - 1].name;
	bool		alone = trained || is_alone(k->info, level);

	if (value->type == jbvNumeric)
	{
		for (int j = 0; j < CDP_RELATIONS; j++)
			k->u[j][level] = probability(value, named, name, "u", alone);
	}
	else
	{
		int			n;
		JsonbContainer *by_relation = list(value, named->name, "u", CDP_RELATIONS, &n);

		if (n == 0)
			bad_model(named->name, "u of level \"%s\" has no entry", name);
		for (int j = 0; j < n; j++)
			k->u[j][level] = probability(getIthJsonbValueFromContainer(by_relation, j), named, name, "u", alone || j > 0);
		for (int j = n; j < CDP_RELATIONS; j++)
			k->u[j][level] = k->u[CDP_CHANCE][level];
	}
}

/* Levels of its own: all inputs in one class, no frequency that would count. */
static void
own_levels(JsonbContainer *levels, int n, CdpNamedComparison *named)
{
	CdpLevel   *own = palloc0(sizeof(CdpLevel) * (n + 1));

	for (int i = 0; i < n; i++)
	{
		JsonbContainer *level = object(getIthJsonbValueFromContainer(levels, i), named->name, "a level");
		JsonbValue	value;

		if (!field(level, "name", &value))
			bad_model(named->name, "level %d has no name", i + 1);
		own[i].name = string(&value, named->name, "the name of a level");
		own[i].words = own[i].name;
		if (field(level, "description", &value))
			own[i].words = string(&value, named->name, "the description of a level");
		own[i].present = 1;
	}
	named->own = (CdpMeasureInfo) {.name = NULL, .n_inputs = 1, .n_levels = n, .levels = own};
}

static void
check_sum(const CdpNamedComparison *named, const CdpMeasureInfo *info, const double *p, const char *what)
{
	double		sum[CDP_MOVED + 1] = {0};

	for (int l = 1; l <= info->n_levels; l++)
		sum[info->levels[l - 1].present] += p[l];
	for (int i = 0; i < lengthof(sum); i++)
		if (sum[i] > 0 && fabs(sum[i] - 1) > SUM_TOLERANCE)
			bad_model(named->name, "%s of the levels sums to %.9g, not 1", what, sum[i]);
}

static void
read_levels(JsonbContainer *comparison, bool trained, CdpNamedComparison *named, CdpComparison *k)
{
	JsonbValue	value;
	JsonbContainer *levels;
	int			n;
	bool		told[CDP_MAX_LEVELS + 1] = {false};
	bool		moved = false;

	if (!field(comparison, "levels", &value))
		bad_model(named->name, "it has no levels");
	levels = list(&value, named->name, "levels", CDP_MAX_LEVELS, &n);
	if (k->measure == CDP_MEASURE_SQL)
	{
		own_levels(levels, n, named);
		k->info = &named->own;
	}
	for (int i = 0; i < n; i++)
	{
		JsonbContainer *level = object(getIthJsonbValueFromContainer(levels, i), named->name, "a level");
		char	   *name;
		int			l = 1;

		if (!field(level, "name", &value))
			bad_model(named->name, "level %d has no name", i + 1);
		name = string(&value, named->name, "the name of a level");
		while (l <= k->info->n_levels && strcmp(k->info->levels[l - 1].name, name) != 0)
			l++;
		if (l > k->info->n_levels)
			bad_model(named->name, "the measure \"%s\" has no level \"%s\"", k->info->name, name);
		if (told[l])
			bad_model(named->name, "the level \"%s\" is there twice", name);
		told[l] = true;
		moved |= k->moved > 0 && l > k->moved;
		if (!field(level, "m", &value))
			bad_model(named->name, "the level \"%s\" has no m", name);
		k->m[l] = probability(&value, named, name, "m", trained || is_alone(k->info, l));
		if (!field(level, "u", &value))
			bad_model(named->name, "the level \"%s\" has no u", name);
		read_u(&value, trained, named, k, l);
		if (field(level, "condition", &value))
			named->condition[l - 1] = string(&value, named->name, "a condition");
		named->pairs_m[l] = field(level, "pairs_m", &value) ? number(&value, named->name, "pairs_m") : -1;
		named->pairs_u[l] = field(level, "pairs_u", &value) ? number(&value, named->name, "pairs_u") : -1;
	}
	/* a model that knows of no moves */
	for (int l = 1; l <= k->moved && !moved; l++)
	{
		k->m[l + k->moved] = k->m[l];
		for (int j = 0; j < CDP_RELATIONS; j++)
			k->u[j][l + k->moved] = k->u[j][l];
		named->pairs_m[l + k->moved] = named->pairs_u[l + k->moved] = -1;
		told[l + k->moved] = told[l];
	}
	for (int l = 1; l <= k->info->n_levels; l++)
		if (!told[l])
			bad_model(named->name, "the level \"%s\" is missing", k->info->levels[l - 1].name);
	if (k->info->n_levels == 0)
		bad_model(named->name, "it has no levels");
	check_sum(named, k->info, k->m, "m");
	check_sum(named, k->info, k->u[CDP_CHANCE], "u");
}

/* ---------------------------------------------------------------- comparisons */

static void
read_inputs(JsonbContainer *comparison, CdpNamedComparison *named, const CdpComparison *k)
{
	JsonbValue	value;
	JsonbContainer *inputs;
	int			n;

	for (int i = 0; i < CDP_MAX_INPUTS; i++)
	{
		named->people[i] = -1;
		named->unseen[i] = 1;
	}
	if (!field(comparison, "inputs", &value))
		return;
	inputs = list(&value, named->name, "inputs", k->info->n_inputs, &n);
	for (int i = 0; i < n; i++)
	{
		JsonbContainer *input = object(getIthJsonbValueFromContainer(inputs, i), named->name, "an input");

		if (field(input, "people", &value))
			named->people[i] = number(&value, named->name, "people");
		if (field(input, "rarity_unseen", &value))
			named->unseen[i] = number(&value, named->name, "rarity_unseen");
		if (!(named->unseen[i] > 0 && named->unseen[i] <= 1e12))
			bad_model(named->name, "rarity_unseen is %g, it must be above 0", named->unseen[i]);
	}
}

static void
read_attributes(JsonbContainer *comparison, CdpNamedComparison *named)
{
	JsonbValue	value;
	JsonbContainer *attributes;

	named->n_attributes = 0;
	if (!field(comparison, "attributes", &value))
		return;
	attributes = list(&value, named->name, "attributes", lengthof(named->attribute), &named->n_attributes);
	for (int i = 0; i < named->n_attributes; i++)
		named->attribute[i] = string(getIthJsonbValueFromContainer(attributes, i), named->name, "an attribute");
}

/* What a comparison compares: all but its parameters. */
static void
read_comparison(JsonbValue *json, CdpNamedModel *model, int c)
{
	JsonbContainer *comparison = object(json, NULL, "a comparison");
	CdpNamedComparison *named = &model->named[c];
	CdpComparison *k = &model->model.comparison[c];
	JsonbValue	value;

	if (!field(comparison, "comparison", &value))
		bad_model(NULL, "comparison %d has no name, the field \"comparison\"", c + 1);
	named->name = string(&value, NULL, "the name of a comparison");
	for (int o = 0; o < c; o++)
		if (strcmp(model->named[o].name, named->name) == 0)
			bad_model(named->name, "it is there twice");
	k->measure = CDP_MEASURE_SQL;
	if (field(comparison, "measure", &value))
	{
		char	   *measure = string(&value, named->name, "measure");
		int			found = cdp_measure_by_name(measure, strlen(measure));

		if (found < 0)
			bad_model(named->name, "there is no measure \"%s\"", measure);
		k->measure = found;
	}
	k->is_place = field(comparison, "is_place", &value) && value.type == jbvBool && value.val.boolean;
	read_attributes(comparison, named);
}

static void
read_parameters(JsonbValue *json, bool trained, CdpNamedModel *model, int c)
{
	JsonbContainer *comparison = object(json, NULL, "a comparison");
	CdpNamedComparison *named = &model->named[c];
	CdpComparison *k = &model->model.comparison[c];

	read_levels(comparison, trained, named, k);
	read_inputs(comparison, named, k);
	cdp_relation_share(k);
}

static void
read_share(JsonbContainer *json, bool trained, CdpModel *model)
{
	JsonbValue	value;
	JsonbContainer *shares;
	double		sum = 0;
	int			n;

	model->share[CDP_CHANCE] = 1;
	if (!field(json, "share", &value))
		return;
	shares = list(&value, NULL, "share", CDP_RELATIONS, &n);
	for (int j = 0; j < n; j++)
	{
		model->share[j] = number(getIthJsonbValueFromContainer(shares, j), NULL, "a share");
		if (!(model->share[j] >= 0 && model->share[j] <= 1))
			bad_model(NULL, "a share is %g, it must lie between 0 and 1", model->share[j]);
		sum += model->share[j];
	}
	if (fabs(sum - 1) > SUM_TOLERANCE)
		bad_model(NULL, "the shares sum to %.9g, not 1", sum);
}

/* ---------------------------------------------------------------- nicknames */

static void
free_nicknames(void *arg)
{
	cdp_nicknames_free(arg);
}

static void
read_nicknames(JsonbContainer *json, CdpNamedModel *model)
{
	JsonbValue	value;
	JsonbContainer *pairs;
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	int			n = 0;

	model->nicknames = cdp_nicknames_create();
	if (model->nicknames == NULL)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	callback->func = free_nicknames;
	callback->arg = model->nicknames;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	if (!field(json, "nicknames", &value))
		return;
	pairs = list(&value, NULL, "nicknames", PG_INT32_MAX, &n);
	for (int i = 0; i < n; i++)
	{
		JsonbValue *pair = getIthJsonbValueFromContainer(pairs, i);
		uint32_t   *name[2];
		int			len[2];
		int			names;
		JsonbContainer *both = list(pair, NULL, "a pair of nicknames", 2, &names);

		if (names != 2)
			bad_model(NULL, "a pair of nicknames has %d names", names);
		for (int side = 0; side < 2; side++)
		{
			char	   *s = string(getIthJsonbValueFromContainer(both, side), NULL, "a nickname");

			name[side] = palloc((strlen(s) + 1) * sizeof(pg_wchar));
			len[side] = pg_mb2wchar(s, (pg_wchar *) name[side]);
		}
		if (!cdp_nicknames_add(model->nicknames, name[0], len[0], name[1], len[1]))
			ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	}
}

CdpNamedModel *
cdp_match_read_model(Jsonb *json)
{
	CdpNamedModel *model = palloc0(sizeof(CdpNamedModel));
	JsonbValue	value;
	JsonbContainer *comparisons;
	bool		trained;

	if (!JB_ROOT_IS_OBJECT(json))
		bad_model(NULL, "it is not an object");
	trained = field(&json->root, "origin", &value) && value.type == jbvString &&
		value.val.string.len == 7 && memcmp(value.val.string.val, "trained", 7) == 0;
	if (!field(&json->root, "lambda", &value))
		bad_model(NULL, "it has no lambda");
	model->model.lambda = number(&value, NULL, "lambda");
	if (!(model->model.lambda >= 1e-18 && model->model.lambda < 1))
		bad_model(NULL, "lambda is %g, it must lie between 0 and 1", model->model.lambda);
	read_share(&json->root, trained, &model->model);
	if (!field(&json->root, "comparisons", &value))
		bad_model(NULL, "it has no comparisons");
	comparisons = list(&value, NULL, "comparisons", CDP_MAX_COMPARISONS, &model->model.n);
	if (model->model.n == 0)
		bad_model(NULL, "it has no comparisons");
	for (int c = 0; c < model->model.n; c++)
		read_comparison(getIthJsonbValueFromContainer(comparisons, c), model, c);
	cdp_model_open(&model->model, NULL);
	for (int c = 0; c < model->model.n; c++)
		read_parameters(getIthJsonbValueFromContainer(comparisons, c), trained, model, c);
	read_nicknames(&json->root, model);
	return model;
}

/* ---------------------------------------------------------------- rows */

static Datum
text_array(char **elements, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * (n + 1));

	for (int i = 0; i < n; i++)
		datums[i] = CStringGetTextDatum(elements[i]);
	return PointerGetDatum(construct_array(datums, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
float8_array(const double *elements, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		datums[i] = Float8GetDatum(elements[i]);
	return PointerGetDatum(construct_array(datums, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(cdp_model_levels);

/*
 * cdp_internal.model_levels(model jsonb) -> table(position, comparison, measure, attributes, is_place, level, name,
 *	 description, condition, m, u, pairs_m, pairs_u, inputs, people, rarity_unseen)
 */
Datum
cdp_model_levels(PG_FUNCTION_ARGS)
{
	CdpNamedModel *model = cdp_match_read_model(PG_GETARG_JSONB_P(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int c = 0; c < model->model.n; c++)
	{
		const CdpComparison *k = &model->model.comparison[c];
		CdpNamedComparison *named = &model->named[c];
		Datum		attributes = text_array(named->attribute, named->n_attributes);

		for (int l = 1; l <= k->info->n_levels; l++)
		{
			const CdpLevel *level = &k->info->levels[l - 1];
			double		u[CDP_RELATIONS];
			Datum		values[16];
			bool		nulls[16] = {false};

			for (int j = 0; j < CDP_RELATIONS; j++)
				u[j] = k->u[j][l];
			values[0] = Int32GetDatum(c + 1);
			values[1] = CStringGetTextDatum(named->name);
			nulls[2] = k->info->name == NULL;
			values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(k->info->name);
			values[3] = attributes;
			values[4] = BoolGetDatum(k->is_place);
			values[5] = Int32GetDatum(l);
			values[6] = CStringGetTextDatum(level->name);
			values[7] = CStringGetTextDatum(level->words);
			nulls[8] = named->condition[l - 1] == NULL;
			values[8] = nulls[8] ? (Datum) 0 : CStringGetTextDatum(named->condition[l - 1]);
			values[9] = Float8GetDatum(k->m[l]);
			values[10] = float8_array(u, CDP_RELATIONS);
			values[11] = Float8GetDatum(named->pairs_m[l]);
			nulls[11] = named->pairs_m[l] < 0;
			values[12] = Float8GetDatum(named->pairs_u[l]);
			nulls[12] = named->pairs_u[l] < 0;
			values[13] = Int32GetDatum(k->info->n_inputs);
			values[14] = float8_array(named->people, CDP_MAX_INPUTS);
			values[15] = float8_array(named->unseen, CDP_MAX_INPUTS);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}
