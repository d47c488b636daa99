/*
 * condition.c
 *	  Levels of agreement told by SQL conditions over two records.
 *
 * A condition is text over a.<attribute> and b.<attribute>, checked when it is declared
 * and analysed again by the same code when it is used (core/expression.c): never pasted
 * into SQL. Its two rows are virtual slots with a column per attribute of the comparison,
 * filled from the JSON array of texts that the engine keeps as the record's value, so
 * conditions are computed per pair of distinct values and without a look-up.
 *
 * Conditions need not be symmetric; levels are: the value that is first by its bytes is
 * always a.
 *
 * A condition that fails on some pair fails the run. The error names the comparison, the
 * level and the records, and never the values: what Postgres has to say about them (a
 * text that is no number) is left out.
 *
 * Memory: the expressions in the context of the opener; what a pair needs in a context
 * that is reset per pair.
 */
#include "match/condition.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "core/expression.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define MAX_CONDITIONS 23

typedef struct Column
{
	AttrNumber	number;			/* in record */
	FmgrInfo	input;
	Oid			io_param;
	int32		typmod;
} Column;

struct CdpConditionValue
{
	const char *text;
	size_t		len;
	Datum	   *values;			/* by column */
	bool	   *nulls;
};

struct CdpConditions
{
	const char *comparison;
	int			n_columns;
	Column	   *column;
	int			n;
	char	   *name[MAX_CONDITIONS];
	ExprState  *condition[MAX_CONDITIONS];
	ExprContext *econtext;
	TupleTableSlot *slot[2];
};

/* ---------------------------------------------------------------- checking */

static Oid
record_of(Oid space)
{
	Oid			relation;

	cdp_core_space_schema(space);
	relation = get_relname_relid("record", space);
	if (!OidIsValid(relation))
		elog(ERROR, "space has no table record");
	return relation;
}

static Node *
checked(Oid relation, const char *text, const char *what)
{
	CdpExpressionSpec spec = {.text = text, .relation = relation, .what = what, .want = BOOLOID, .pair = true};

	return cdp_core_expression_check(&spec);
}

typedef struct Listing
{
	const AttrNumber *number;
	int			n;
	const char *what;
	Oid			relation;
} Listing;

/* Only the attributes of the comparison are at hand when it is computed. */
static bool
refuse_unlisted(Node *node, void *arg)
{
	const Listing *listing = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		for (int i = 0; i < listing->n; i++)
			if (listing->number[i] == ((Var *) node)->varattno)
				return false;
		ereport(ERROR,
				errcode(ERRCODE_CDP_EXPRESSION_REFUSED),
				errmsg("%s: \"%s\" is not an attribute of the comparison", listing->what,
					   get_attname(listing->relation, ((Var *) node)->varattno, false)),
				errhint("List every attribute that a condition reads: attributes => '{first_name, birth_date}'."));
	}
	return expression_tree_walker(node, refuse_unlisted, arg);
}

static AttrNumber
number_of(Oid relation, const char *attribute, const char *what)
{
	AttrNumber	number = get_attnum(relation, attribute);

	if (number <= 0)
		ereport(ERROR,
				errcode(ERRCODE_CDP_NO_SUCH_ATTRIBUTE),
				errmsg("%s: no source fills the attribute \"%s\"", what, attribute),
				errhint("Give it to a source with cdp.add_source, or leave it out of the comparison."));
	return number;
}

PG_FUNCTION_INFO_V1(cdp_check_pair_condition);

/* cdp_internal.check_pair_condition(space regnamespace, condition text, what text, attributes text[]) -> void */
Datum
cdp_check_pair_condition(PG_FUNCTION_ARGS)
{
	Oid			relation = record_of(PG_GETARG_OID(0));
	Listing		listing = {.what = text_to_cstring(PG_GETARG_TEXT_PP(2)), .relation = relation};
	AttrNumber *number;
	Datum	   *attributes;
	Node	   *node;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), TEXTOID, -1, false, TYPALIGN_INT, &attributes, NULL, &listing.n);
	number = palloc(sizeof(AttrNumber) * (listing.n + 1));
	for (int i = 0; i < listing.n; i++)
		number[i] = number_of(relation, TextDatumGetCString(attributes[i]), listing.what);
	listing.number = number;
	node = checked(relation, text_to_cstring(PG_GETARG_TEXT_PP(1)), listing.what);
	refuse_unlisted(node, &listing);
	PG_RETURN_VOID();
}

/* ---------------------------------------------------------------- making ready */

/* Vars of entries 1 and 2 become columns of the two slots. */
static Node *
to_slots(Node *node, void *arg)
{
	const CdpConditions *conditions = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		for (int i = 0; i < conditions->n_columns; i++)
			if (conditions->column[i].number == var->varattno)
			{
				var->varno = var->varno == 1 ? INNER_VAR : OUTER_VAR;
				var->varattno = i + 1;
				return (Node *) var;
			}
		elog(ERROR, "condition reads a column that is not its comparison's");
	}
	return expression_tree_mutator(node, to_slots, arg);
}

static char *
text_field(JsonbContainer *object, const char *key)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, key, strlen(key), &value) == NULL || value.type != jbvString)
		elog(ERROR, "a condition has no %s", key);
	return pnstrdup(value.val.string.val, value.val.string.len);
}

CdpConditions *
cdp_match_conditions_open(Oid space, const char *comparison, const char *const *attributes, int n_attributes, const char *conditions_json)
{
	CdpConditions *conditions = palloc0(sizeof(CdpConditions));
	Oid			relation = record_of(space);
	TupleDesc	columns = CreateTemplateTupleDesc(n_attributes);
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(conditions_json)));

	conditions->comparison = pstrdup(comparison);
	conditions->n_columns = n_attributes;
	conditions->column = palloc0(sizeof(Column) * n_attributes);
	for (int i = 0; i < n_attributes; i++)
	{
		Column	   *column = &conditions->column[i];
		Oid			type,
					collation,
					input;

		column->number = number_of(relation, attributes[i], comparison);
		get_atttypetypmodcoll(relation, column->number, &type, &column->typmod, &collation);
		getTypeInputInfo(type, &input, &column->io_param);
		fmgr_info(input, &column->input);
		TupleDescInitEntry(columns, i + 1, attributes[i], type, column->typmod, 0);
		TupleDescInitEntryCollation(columns, i + 1, collation);
	}
	conditions->econtext = CreateStandaloneExprContext();
	for (int side = 0; side < 2; side++)
		conditions->slot[side] = MakeSingleTupleTableSlot(columns, &TTSOpsVirtual);
	conditions->econtext->ecxt_innertuple = conditions->slot[0];
	conditions->econtext->ecxt_outertuple = conditions->slot[1];

	conditions->n = Min(JsonContainerSize(&json->root), MAX_CONDITIONS);
	for (int i = 0; i < conditions->n; i++)
	{
		JsonbContainer *one = getIthJsonbValueFromContainer(&json->root, i)->val.binary.data;
		Node	   *node;

		conditions->name[i] = text_field(one, "name");
		node = checked(relation, text_field(one, "condition"),
					   psprintf("comparison \"%s\", level \"%s\"", comparison, conditions->name[i]));
		node = to_slots(node, conditions);
		conditions->condition[i] = ExecInitExpr(expression_planner((Expr *) node), NULL);
	}
	return conditions;
}

/* ---------------------------------------------------------------- computing */

CdpConditionValue *
cdp_match_conditions_value(const CdpConditions *conditions, const char *s, size_t len)
{
	CdpConditionValue *value = palloc(sizeof(CdpConditionValue));
	Jsonb	   *array;

	value->text = pnstrdup(s, len);
	value->len = len;
	value->values = palloc(sizeof(Datum) * conditions->n_columns);
	value->nulls = palloc(sizeof(bool) * conditions->n_columns);
	array = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(value->text)));
	for (int i = 0; i < conditions->n_columns; i++)
	{
		JsonbValue *one = getIthJsonbValueFromContainer(&array->root, i);
		Column	   *column = &conditions->column[i];

		value->nulls[i] = one == NULL || one->type != jbvString;
		value->values[i] = value->nulls[i] ? (Datum) 0 :
			InputFunctionCall(&column->input, pnstrdup(one->val.string.val, one->val.string.len), column->io_param, column->typmod);
	}
	pfree(array);
	return value;
}

static void
fill(CdpConditions *conditions, int side, const CdpConditionValue *value)
{
	TupleTableSlot *slot = conditions->slot[side];

	ExecClearTuple(slot);
	memcpy(slot->tts_values, value->values, sizeof(Datum) * conditions->n_columns);
	memcpy(slot->tts_isnull, value->nulls, sizeof(bool) * conditions->n_columns);
	ExecStoreVirtualTuple(slot);
}

static int
level_of(CdpConditions *conditions, volatile int *at)
{
	for (int i = 0; i < conditions->n; i++)
	{
		bool		is_null;
		Datum		holds;

		*at = i;
		holds = ExecEvalExpr(conditions->condition[i], conditions->econtext, &is_null);
		if (!is_null && DatumGetBool(holds))
			return i + 1;
	}
	return conditions->n + 1;
}

int
cdp_match_conditions_level(CdpConditions *conditions, const CdpConditionValue *a, const CdpConditionValue *b, int64 record_a, int64 record_b)
{
	MemoryContext caller = CurrentMemoryContext;
	int			order = memcmp(a->text, b->text, Min(a->len, b->len));
	bool		swap = order > 0 || (order == 0 && a->len > b->len);
	volatile int at = 0;
	volatile int level = 0;

	ResetExprContext(conditions->econtext);
	PG_TRY();
	{
		MemoryContextSwitchTo(conditions->econtext->ecxt_per_tuple_memory);
		fill(conditions, swap ? 1 : 0, a);
		fill(conditions, swap ? 0 : 1, b);
		level = level_of(conditions, &at);
		MemoryContextSwitchTo(caller);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				errcode(ERRCODE_CDP_CONDITION_FAILED),
				errmsg("comparison \"%s\": the condition of level \"%s\" fails on records " INT64_FORMAT " and " INT64_FORMAT " (SQLSTATE %s)",
					   conditions->comparison, conditions->name[at], record_a, record_b, unpack_sql_state(error->sqlerrcode)),
				errhint("Guard it with CASE, or set the comparison anew with cdp.set_comparison."));
	}
	PG_END_TRY();
	return level;
}

static void
close_conditions(CdpConditions *conditions)
{
	FreeExprContext(conditions->econtext, true);
	for (int side = 0; side < 2; side++)
		ExecDropSingleTupleTableSlot(conditions->slot[side]);
}

PG_FUNCTION_INFO_V1(cdp_condition_level);

/*
 * cdp_internal.condition_level(space regnamespace, comparison text, attributes text[], conditions jsonb, a text, b text,
 *	 record_a bigint, record_b bigint) -> int
 */
Datum
cdp_condition_level(PG_FUNCTION_ARGS)
{
	text	   *a = PG_GETARG_TEXT_PP(4);
	text	   *b = PG_GETARG_TEXT_PP(5);
	Datum	   *attributes;
	const char **names;
	int			n;
	CdpConditions *conditions;
	int			level;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &attributes, NULL, &n);
	names = palloc(sizeof(char *) * (n + 1));
	for (int i = 0; i < n; i++)
		names[i] = TextDatumGetCString(attributes[i]);
	conditions = cdp_match_conditions_open(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)), names, n,
										   DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(3))));
	level = cdp_match_conditions_level(conditions, cdp_match_conditions_value(conditions, VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a)),
									   cdp_match_conditions_value(conditions, VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)),
									   PG_GETARG_INT64(6), PG_GETARG_INT64(7));
	close_conditions(conditions);
	PG_RETURN_INT32(level);
}
