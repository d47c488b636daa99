/*
 * expression.h
 *	  Checking of the SQL expressions and conditions that users declare.
 */
#ifndef CDP_CORE_EXPRESSION_H
#define CDP_CORE_EXPRESSION_H

#include "core/compat.h"
#include "nodes/nodes.h"
#include "nodes/primnodes.h"

/* The alias under which every stored form names the row it reads. */
#define CDP_EXPRESSION_ALIAS "s"

/* Longer texts are refused: a definition is written by a person. */
#define CDP_EXPRESSION_MAX_BYTES (1024 * 1024)

typedef struct CdpExpressionSpec
{
	const char *text;			/* as the user wrote it, or a stored form */
	Oid			relation;		/* whose rows it reads */
	const char *what;			/* starts the error messages: the field "email" of … */
	Oid			want;			/* type to coerce to by assignment, or InvalidOid */
	bool		aggregate;		/* an aggregate expression over many rows */
	bool		pair;			/* over two rows of the relation, a and b; Vars of range table entries 1 and 2 */
} CdpExpressionSpec;

extern Node *cdp_core_expression_check(const CdpExpressionSpec *spec);
extern char *cdp_core_expression_deparse(Node *expression, Oid relation);
extern char *cdp_core_expression_display(Node *expression, Oid relation);
extern Bitmapset *cdp_core_expression_columns(Node *expression);

#endif
