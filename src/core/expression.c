/*
 * expression.c
 *	  Checks the SQL expressions that users declare over a relation's row.
 *
 * A field, key, filter, trait or segment condition is text that will become
 * part of a statement. It is never pasted: Postgres's own parser and analyser
 * read it, with the relation as the only thing in reach, and what is kept is
 * the analysed tree written out again ("the stored form").
 *
 * Invariants:
 * - The text is one bare expression. RAW_PARSE_PLPGSQL_EXPR accepts the body of
 *	 a SELECT, so everything beside a single unlabelled target is refused.
 * - Refused: subqueries, window functions, functions that return sets, volatile
 *	 functions, parameters, whole-row references, system columns; and aggregates,
 *	 unless an aggregate expression is asked for, which then has one and no
 *	 column outside of it.
 * - Names are looked up in pg_catalog and cdp only (so that email = '…' compares
 *	 as cdp.email does), and an expression means the same whoever runs it. Users
 *	 qualify their own functions, types and operators.
 * - The stored form names columns as s.column, gives the wanted type, and is
 *	 itself accepted by this check. It qualifies all that is not in pg_catalog,
 *	 and is therefore run under search_path = pg_catalog, pg_temp.
 *
 * Errors of Postgres keep their SQLSTATE (42601, 42703, 42883, …), which tools
 * know; what Postgres would accept and we refuse is CDP30 to CDP32. Every error
 * starts with what the expression is for, shows the user's text with a caret
 * (as internal query and position) and has a hint.
 *
 * Locks: AccessShareLock on the relation until the end of the transaction, as
 * for any query. Memory: everything lives in the caller's context.
 */
#include "core/core.h"
#include "core/expression.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* Where names of the user's text are looked up, and those of the stored form. */
#define TEXT_SEARCH_PATH "pg_catalog, cdp, pg_temp"
#define STORED_SEARCH_PATH "pg_catalog, pg_temp"

/* Sets a setting until the caller's nest level ends, as SET does for a function. */
static void
pin_setting(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* Every refusal of a construct reads alike. */
pg_noreturn static void refuse(ParseState *pstate, int location, const char *problem, const char *hint);

static void
refuse(ParseState *pstate, int location, const char *problem, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_CDP_EXPRESSION_REFUSED),
			errmsg_internal("%s", problem),
			errhint("%s", hint),
			parser_errposition(pstate, location));
}

/*
 * The position of an error counts in the expression, not in the statement that
 * calls us: hand it on together with the text it counts in.
 */
static void
transpose_position(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
}

/* The one bare target of the statement, or an error. */
static Node *
parse_single_target(const CdpExpressionSpec *spec, ParseState *pstate)
{
	List	   *statements = raw_parser(spec->text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select;
	ResTarget  *target;

	if (list_length(statements) != 1)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("this is not a single expression"),
				errhint("Give exactly one SQL expression."));
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || select->targetList == NIL)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("the expression is empty"),
				errhint("Give an SQL expression over the columns of %s.", quote_identifier(get_rel_name(spec->relation))));
	target = linitial_node(ResTarget, select->targetList);
	if (list_length(select->targetList) > 1)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("one expression is expected, not %d", list_length(select->targetList)),
				errhint("Remove the comma, or put the values together with a function such as concat_ws()."),
				parser_errposition(pstate, lsecond_node(ResTarget, select->targetList)->location));
	if (select->distinctClause || select->intoClause || select->fromClause || select->whereClause ||
		select->groupClause || select->groupDistinct || select->havingClause || select->windowClause ||
		select->valuesLists || select->sortClause || select->limitOffset || select->limitCount ||
		select->lockingClause || select->withClause || select->op != SETOP_NONE)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("a bare expression is expected, without clauses such as FROM, WHERE or ORDER BY"),
				errhint("Give one SQL expression over the columns of %s.", quote_identifier(get_rel_name(spec->relation))));
	if (target->name != NULL)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("an expression has no label"),
				errhint("Remove the name after the expression."),
				parser_errposition(pstate, target->location));
	if (IsA(target->val, ColumnRef) && IsA(llast(((ColumnRef *) target->val)->fields), A_Star))
		refuse(pstate, target->location, "\"*\" is not one value", "Name one column.");
	return target->val;
}

/* What analysis would accept, or refuse in words that name a wrong place. */
static bool
refuse_raw(Node *node, void *arg)
{
	ParseState *pstate = arg;

	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		refuse(pstate, ((SubLink *) node)->location, "subqueries are not allowed",
			   "An expression reads one row: define a trait for what comes from another table.");
	if (IsA(node, SelectStmt))
		refuse(pstate, -1, "subqueries are not allowed",
			   "An expression reads one row: define a trait for what comes from another table.");
	if (IsA(node, ParamRef))
		refuse(pstate, ((ParamRef *) node)->location, "parameters are not allowed",
			   "Write the value itself.");
	if (IsA(node, GroupingFunc))
		refuse(pstate, ((GroupingFunc *) node)->location, "GROUPING is not allowed",
			   "Remove it.");
	if (IsA(node, FuncCall) && ((FuncCall *) node)->over != NULL)
		refuse(pstate, ((FuncCall *) node)->location, "window functions are not allowed",
			   "An expression sees no other rows than its own: make a view that computes the value, and use its column.");
	return raw_expression_tree_walker(node, refuse_raw, arg);
}

static bool
is_volatile(Oid function, void *arg)
{
	return func_volatile(function) == PROVOLATILE_VOLATILE;
}

/* What only the analysed tree shows. */
static bool
refuse_analysed(Node *node, void *arg)
{
	ParseState *pstate = arg;

	if (node == NULL)
		return false;
	if (IsA(node, SubLink) || IsA(node, Query))
		refuse(pstate, exprLocation(node), "subqueries are not allowed",
			   "An expression reads one row: define a trait for what comes from another table.");
	if (IsA(node, WindowFunc))
		refuse(pstate, exprLocation(node), "window functions are not allowed",
			   "An expression sees no other rows than its own: make a view that computes the value, and use its column.");
	if (IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber)
		refuse(pstate, exprLocation(node), "whole-row references are not allowed",
			   "Name the columns that are needed.");
	if (IsA(node, Var) && ((Var *) node)->varattno < 0)
		refuse(pstate, exprLocation(node), "system columns are not allowed",
			   "Name a column of the relation itself.");
	if ((IsA(node, FuncExpr) && ((FuncExpr *) node)->funcretset) ||
		(IsA(node, OpExpr) && ((OpExpr *) node)->opretset))
		refuse(pstate, exprLocation(node), "functions that return sets are not allowed",
			   "An expression gives one value for a row.");
	if (IsA(node, NextValueExpr) || check_functions_in_node(node, is_volatile, NULL))
		refuse(pstate, exprLocation(node), "volatile functions are not allowed",
			   "The same row must give the same value: use now() for the time, and declare your own function STABLE or IMMUTABLE if it is.");
	return expression_tree_walker(node, refuse_analysed, arg);
}

/* Columns must be inside of aggregates; ordered-set aggregates' direct arguments are not. */
static bool
refuse_outside_aggregates(Node *node, void *arg)
{
	ParseState *pstate = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref))
		return refuse_outside_aggregates((Node *) ((Aggref *) node)->aggdirectargs, arg);
	if (IsA(node, Var))
		refuse(pstate, exprLocation(node), "a column stands outside of the aggregate",
			   "Many rows make one value: write max(column), sum(column) or another aggregate.");
	return expression_tree_walker(node, refuse_outside_aggregates, arg);
}

/* The relation under its own name and under the alias of stored forms. */
static void
add_relation(ParseState *pstate, Relation rel)
{
	ParseNamespaceItem *item;
	ParseNamespaceItem *by_alias;

	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	if (strcmp(RelationGetRelationName(rel), CDP_EXPRESSION_ALIAS) != 0)
	{
		by_alias = palloc(sizeof(ParseNamespaceItem));
		*by_alias = *item;
		by_alias->p_names = makeAlias(CDP_EXPRESSION_ALIAS, item->p_names->colnames);
		/* an entry with an alias is not found by schema.relation a second time */
		by_alias->p_rte = copyObject(item->p_rte);
		by_alias->p_rte->alias = by_alias->p_names;
		by_alias->p_rte->eref = by_alias->p_names;
		by_alias->p_cols_visible = false;
		pstate->p_namespace = lappend(pstate->p_namespace, by_alias);
	}
}

/* Two rows of the relation, known by their aliases only. */
static void
add_pair(ParseState *pstate, Relation rel)
{
	const char *const aliases[] = {"a", "b"};

	for (int i = 0; i < lengthof(aliases); i++)
		addNSItemToQuery(pstate, addRangeTableEntryForRelation(pstate, rel, AccessShareLock, makeAlias(aliases[i], NIL), false, true),
						 true, true, false);
}

static Node *
coerce_to_wanted(ParseState *pstate, Node *node, Oid want)
{
	Oid			have = exprType(node);
	Node	   *coerced;

	if (!OidIsValid(want))
	{
		if (have == UNKNOWNOID)
			return coerce_to_target_type(pstate, node, have, TEXTOID, -1,
										 COERCION_IMPLICIT, COERCE_EXPLICIT_CAST, -1);
		if (get_typtype(have) == TYPTYPE_PSEUDO)
			ereport(ERROR,
					errcode(ERRCODE_CDP_EXPRESSION_TYPE),
					errmsg("the expression gives %s, which cannot be stored", format_type_be(have)),
					errhint("Cast it to the type that is meant."),
					parser_errposition(pstate, exprLocation(node)));
		return node;
	}
	/* An explicit form, so that the stored text has the wanted type by itself. */
	coerced = coerce_to_target_type(pstate, node, have, want, -1,
									COERCION_ASSIGNMENT, COERCE_EXPLICIT_CAST, -1);
	if (coerced == NULL || (have != UNKNOWNOID && get_typtype(have) == TYPTYPE_PSEUDO))
		ereport(ERROR,
				errcode(ERRCODE_CDP_EXPRESSION_TYPE),
				errmsg("the expression must give %s, not %s", format_type_be(want), format_type_be(have)),
				want == BOOLOID
				? errhint("A condition is true or false: compare the value with something.")
				: errhint("Cast it: CAST(… AS %s).", format_type_be(want)),
				parser_errposition(pstate, exprLocation(node)));
	return coerced;
}

static Node *
analyse(const CdpExpressionSpec *spec, Relation rel)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *node;

	pstate->p_sourcetext = spec->text;
	node = parse_single_target(spec, pstate);
	refuse_raw(node, pstate);

	if (spec->pair)
		add_pair(pstate, rel);
	else
		add_relation(pstate, rel);
	node = transformExpr(pstate, node, EXPR_KIND_SELECT_TARGET);
	node = coerce_to_wanted(pstate, node, spec->want);
	assign_expr_collations(pstate, node);

	refuse_analysed(node, pstate);
	if (spec->aggregate)
	{
		if (!pstate->p_hasAggs)
			refuse(pstate, exprLocation(node), "the expression has no aggregate",
				   "Many rows make one value: write count(*), max(column), sum(column) or another aggregate.");
		refuse_outside_aggregates(node, pstate);
	}
	else if (pstate->p_hasAggs)
		refuse(pstate, locate_agg_of_level(node, 0), "aggregates are not allowed",
			   "An expression reads one row: define a trait for what is computed over many.");
	free_parsestate(pstate);
	return node;
}

static bool
is_readable_kind(char relkind)
{
	return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE || relkind == RELKIND_VIEW ||
		relkind == RELKIND_MATVIEW || relkind == RELKIND_FOREIGN_TABLE;
}

/*
 * Error texts of Postgres know nothing of us: say what the expression is for,
 * and name a next step where Postgres did not.
 */
static void
rethrow_as_ours(const CdpExpressionSpec *spec, MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_OPERATOR_INTERVENTION)
	{
		FlushErrorState();
		error->message = psprintf("%s: %s", spec->what, error->message);
		if (error->hint == NULL && spec->pair)
			error->hint = pstrdup("Give one SQL expression over a.<attribute> and b.<attribute>; functions and types of your own need their schema's name.");
		else if (error->hint == NULL)
			error->hint = psprintf("Give one SQL expression over the columns of %s; functions and types of your own need their schema's name.",
								   quote_identifier(get_rel_name(spec->relation)));
		ReThrowError(error);
	}
	FreeErrorData(error);
	PG_RE_THROW();
}

/*
 * The analysed expression, with the relation as range table entry 1, or an
 * error as described at the top.
 */
Node *
cdp_core_expression_check(const CdpExpressionSpec *spec)
{
	Relation	rel = NULL;
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback callback;
	Node	   *node = NULL;
	char		relkind = get_rel_relkind(spec->relation);
	int			nest;

	if (relkind != '\0' && !is_readable_kind(relkind))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("%s: \"%s\" is not a table or view", spec->what, get_rel_name(spec->relation)),
				errhint("Name a table, partitioned table, view, materialized view or foreign table."));
	if (relkind != '\0')
		rel = try_table_open(spec->relation, AccessShareLock);
	if (rel == NULL)
		ereport(ERROR,
				errcode(ERRCODE_CDP_SOURCE_LOST),
				errmsg("%s: its relation (OID %u) does not exist any more", spec->what, spec->relation),
				errhint("Drop the definition, or declare it again over another relation."));
	if (strlen(spec->text) > CDP_EXPRESSION_MAX_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("%s: the expression is longer than %d bytes", spec->what, CDP_EXPRESSION_MAX_BYTES),
				errhint("Put long lists of values into a table, and its answer into a column of a view."));

	nest = NewGUCNestLevel();
	pin_setting("search_path", TEXT_SEARCH_PATH);
	callback.callback = transpose_position;
	callback.arg = unconstify(char *, spec->text);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	PG_TRY();
	{
		node = analyse(spec, rel);
	}
	PG_CATCH();
	{
		rethrow_as_ours(spec, context);
	}
	PG_END_TRY();
	error_context_stack = callback.previous;
	AtEOXact_GUC(true, nest);

	table_close(rel, NoLock);
	return node;
}

/*
 * Constants are written so that they are read back alike under any setting of
 * the session that runs them.
 */
static char *
deparse(Node *expression, Oid relation, bool with_alias)
{
	int			nest = NewGUCNestLevel();
	char	   *sql;

	pin_setting("search_path", STORED_SEARCH_PATH);
	pin_setting("datestyle", "ISO, YMD");
	pin_setting("intervalstyle", "postgres");
	pin_setting("extra_float_digits", "3");
	pin_setting("quote_all_identifiers", "off");
	sql = deparse_expression(expression, deparse_context_for(CDP_EXPRESSION_ALIAS, relation), with_alias, false);
	AtEOXact_GUC(true, nest);
	return sql;
}

/* The stored form of a checked expression. */
char *
cdp_core_expression_deparse(Node *expression, Oid relation)
{
	return deparse(expression, relation, true);
}

/* A checked expression for people to read: columns without the alias. */
char *
cdp_core_expression_display(Node *expression, Oid relation)
{
	return deparse(expression, relation, false);
}

/* The numbers of the relation's columns that a checked expression reads. */
Bitmapset *
cdp_core_expression_columns(Node *expression)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, pull_var_clause(expression, PVC_RECURSE_AGGREGATES))
		columns = bms_add_member(columns, lfirst_node(Var, lc)->varattno);
	return columns;
}

PG_FUNCTION_INFO_V1(cdp_check_expression);

/* cdp_internal.check_expression(text, regclass, text, regtype, boolean) -> (sql text, type regtype) */
Datum
cdp_check_expression(PG_FUNCTION_ARGS)
{
	CdpExpressionSpec spec = {0};
	TupleDesc	tupdesc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	Node	   *node;

	spec.what = PG_ARGISNULL(2) ? "the expression" : text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_ARGUMENT),
				errmsg("%s: no relation is given", spec.what),
				errhint("Name the table or view whose columns the expression reads."));
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_CDP_BAD_EXPRESSION),
				errmsg("%s: the expression is null", spec.what),
				errhint("Give an SQL expression."));
	spec.text = text_to_cstring(PG_GETARG_TEXT_PP(0));
	spec.relation = PG_GETARG_OID(1);
	spec.want = PG_ARGISNULL(3) ? InvalidOid : PG_GETARG_OID(3);
	spec.aggregate = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);

	node = cdp_core_expression_check(&spec);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "cdp_check_expression must return a row");
	values[0] = CStringGetTextDatum(cdp_core_expression_deparse(node, spec.relation));
	values[1] = ObjectIdGetDatum(exprType(node));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

PG_FUNCTION_INFO_V1(cdp_expression_columns);

/* cdp_internal.expression_columns(text, regclass, text, boolean) -> name[] */
Datum
cdp_expression_columns(PG_FUNCTION_ARGS)
{
	CdpExpressionSpec spec = {0};
	Bitmapset  *columns;
	Datum	   *names;
	int			n = 0;
	int			column = -1;

	spec.text = text_to_cstring(PG_GETARG_TEXT_PP(0));
	spec.relation = PG_GETARG_OID(1);
	spec.what = text_to_cstring(PG_GETARG_TEXT_PP(2));
	spec.aggregate = PG_GETARG_BOOL(3);

	columns = cdp_core_expression_columns(cdp_core_expression_check(&spec));
	names = palloc(sizeof(Datum) * (bms_num_members(columns) + 1));
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		Name		name = palloc0(NAMEDATALEN);

		namestrcpy(name, get_attname(spec.relation, column, false));
		names[n++] = NameGetDatum(name);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}
