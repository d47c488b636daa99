/*
 * trait.c
 *	  Compiles traits, so that all traits of one source are computed in one pass
 *	  over its rows.
 *
 * Each trait has its own filter and its own window of time, but a query has one
 * WHERE. So the rows that a trait counts are chosen per aggregate: its condition
 * is put as FILTER on every aggregate of the expression, beside one that is
 * there already. The trees meet before they are written out as text, and every
 * part has passed the expression check. The result is an aggregate expression
 * like any other and gives on no rows what it gives on rows that are all
 * filtered out.
 *
 * No state is kept; memory is the caller's context.
 */
#include "core/core.h"
#include "core/expression.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

static Node *
add_filter(Node *node, void *arg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref))
	{
		Aggref	   *aggregate = copyObject((Aggref *) node);
		Expr	   *condition = copyObject((Expr *) arg);

		if (aggregate->aggfilter != NULL)
			condition = makeBoolExpr(AND_EXPR, list_make2(aggregate->aggfilter, condition), -1);
		aggregate->aggfilter = condition;
		return (Node *) aggregate;
	}
	return expression_tree_mutator(node, add_filter, arg);
}

PG_FUNCTION_INFO_V1(cdp_filter_aggregates);

/* cdp_internal.filter_aggregates(text, regclass, text, text, text) -> text */
Datum
cdp_filter_aggregates(PG_FUNCTION_ARGS)
{
	CdpExpressionSpec expression = {0};
	CdpExpressionSpec condition = {0};
	Node	   *tree;

	expression.text = text_to_cstring(PG_GETARG_TEXT_PP(0));
	expression.relation = PG_GETARG_OID(1);
	expression.what = text_to_cstring(PG_GETARG_TEXT_PP(2));
	expression.aggregate = true;
	condition.text = text_to_cstring(PG_GETARG_TEXT_PP(3));
	condition.relation = expression.relation;
	condition.what = text_to_cstring(PG_GETARG_TEXT_PP(4));
	condition.want = BOOLOID;

	tree = cdp_core_expression_check(&expression);
	tree = add_filter(tree, cdp_core_expression_check(&condition));
	PG_RETURN_TEXT_P(cstring_to_text(cdp_core_expression_deparse(tree, expression.relation)));
}
