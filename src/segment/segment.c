/*
 * segment.c
 *	  Takes conditions apart for explaining, and answers whether a profile is in
 *	  a segment.
 *
 * condition_parts walks the checked condition and lists its AND, OR and NOT
 * nodes and what they hold together, top down, each with its stored form (to be
 * run) and a form without "s." (to be read). The tree is the one that Postgres
 * would run, so the explanation cannot differ from the refresh.
 *
 * in_segment is called per row: it runs a kept plan over the partial index of
 * current members, one look-up. Whether the segment exists is asked only when
 * the answer is no. Locks: those of a SELECT. Memory: per call, through SPI.
 */
#include "core/core.h"
#include "core/expression.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct PartWalk
{
	ReturnSetInfo *rsinfo;
	Oid			relation;
} PartWalk;

static Datum
column_names(Node *node, Oid relation)
{
	Bitmapset  *columns = cdp_core_expression_columns(node);
	Datum	   *names = palloc(sizeof(Datum) * (bms_num_members(columns) + 1));
	int			n = 0;
	int			column = -1;

	while ((column = bms_next_member(columns, column)) >= 0)
		names[n++] = CStringGetTextDatum(get_attname(relation, column, false));
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
list_part(PartWalk *walk, Node *node, int depth)
{
	BoolExpr   *boolean = IsA(node, BoolExpr) ? (BoolExpr *) node : NULL;
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};
	ListCell   *lc;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	values[0] = Int32GetDatum(depth);
	if (boolean == NULL)
		values[1] = CStringGetTextDatum(cdp_core_expression_display(node, walk->relation));
	else
		values[1] = CStringGetTextDatum(boolean->boolop == AND_EXPR ? "all of" : boolean->boolop == OR_EXPR ? "any of" : "not");
	values[2] = CStringGetTextDatum(cdp_core_expression_deparse(node, walk->relation));
	values[3] = column_names(boolean ? NULL : node, walk->relation);
	tuplestore_putvalues(walk->rsinfo->setResult, walk->rsinfo->setDesc, values, nulls);

	if (boolean)
		foreach(lc, boolean->args)
			list_part(walk, lfirst(lc), depth + 1);
}

PG_FUNCTION_INFO_V1(cdp_condition_parts);

/* cdp_internal.condition_parts(text, regclass, text) -> table (depth, part, sql, reads) */
Datum
cdp_condition_parts(PG_FUNCTION_ARGS)
{
	CdpExpressionSpec spec = {0};
	PartWalk	walk;

	spec.text = text_to_cstring(PG_GETARG_TEXT_PP(0));
	spec.relation = PG_GETARG_OID(1);
	spec.what = text_to_cstring(PG_GETARG_TEXT_PP(2));
	spec.want = BOOLOID;

	InitMaterializedSRF(fcinfo, 0);
	walk.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	walk.relation = spec.relation;
	list_part(&walk, cdp_core_expression_check(&spec), 0);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(cdp_in_segment);

/* cdp.in_segment(regnamespace, text, bigint) -> boolean */
Datum
cdp_in_segment(PG_FUNCTION_ARGS)
{
	static const Oid types[] = {TEXTOID, INT8OID};
	Oid			space = PG_GETARG_OID(0);
	Datum		values[] = {PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	SPIPlanPtr	plan;
	bool		is_member;

	SPI_connect();
	plan = cdp_core_plan(space,
						 "SELECT 1 FROM @.segment AS g JOIN @.segment_member AS m ON m.segment_id OPERATOR(pg_catalog.=) g.segment_id"
						 " WHERE g.segment OPERATOR(pg_catalog.=) $1 AND m.profile_id OPERATOR(pg_catalog.=) $2 AND m.left_at IS NULL",
						 2, types);
	if (SPI_execute_plan(plan, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "cdp could not read the members of a segment");
	is_member = SPI_processed > 0;
	if (!is_member)
	{
		plan = cdp_core_plan(space, "SELECT 1 FROM @.segment AS g WHERE g.segment OPERATOR(pg_catalog.=) $1", 1, types);
		if (SPI_execute_plan(plan, values, NULL, true, 1) != SPI_OK_SELECT)
			elog(ERROR, "cdp could not read the segments of a space");
		if (SPI_processed == 0)
			ereport(ERROR,
					errcode(ERRCODE_CDP_NO_SUCH_SEGMENT),
					errmsg("segment \"%s\" does not exist", text_to_cstring(PG_GETARG_TEXT_PP(1))),
					errhint("List segments with SELECT segment FROM %s.segment.", cdp_core_space_schema(space)));
	}
	SPI_finish();
	PG_RETURN_BOOL(is_member);
}
