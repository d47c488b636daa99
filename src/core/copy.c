/*
 * copy.c
 *	  Many rows into a table, by the machinery of COPY.
 *
 * A million rows by INSERT cost as much as a million of anything else; COPY puts them
 * into pages many at a time, and still checks constraints, keeps indexes and fires
 * triggers. Rows are handed over in its binary format. Like the statement, it asks for the
 * right to INSERT and refuses a table with row-level security for the caller.
 */
#include "core/core.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/copy.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#define BUFFERED (64 * 1024)	/* bytes, before they are asked for */

typedef struct Copying
{
	CdpCopyFn	fn;
	void	   *state;
	StringInfoData buffer;		/* from its cursor on: not taken yet */
	int			n_columns;
	bool		ended;
	struct Copying *outer;		/* a trigger may copy too */
} Copying;

/* COPY gives its source no argument */
static Copying *current = NULL;

static int
give_bytes(void *out, int least, int most)
{
	Copying    *c = current;
	int			n;

	if (c->buffer.cursor == c->buffer.len)
	{
		resetStringInfo(&c->buffer);
		while (!c->ended && c->buffer.len < BUFFERED)
		{
			int			before = c->buffer.len;

			pq_sendint16(&c->buffer, c->n_columns);
			if (!c->fn(c->state, &c->buffer))
			{
				c->ended = true;
				c->buffer.len = before;
				pq_sendint16(&c->buffer, -1);
			}
		}
	}
	n = Min(most, c->buffer.len - c->buffer.cursor);
	memcpy(out, c->buffer.data + c->buffer.cursor, n);
	c->buffer.cursor += n;
	return n;
}

void
cdp_core_copy_null(StringInfo row)
{
	pq_sendint32(row, -1);
}

void
cdp_core_copy_int8(StringInfo row, int64 value)
{
	pq_sendint32(row, sizeof(int64));
	pq_sendint64(row, value);
}

void
cdp_core_copy_float8(StringInfo row, double value)
{
	pq_sendint32(row, sizeof(double));
	pq_sendfloat8(row, value);
}

void
cdp_core_copy_int4(StringInfo row, int32 value)
{
	pq_sendint32(row, sizeof(int32));
	pq_sendint32(row, value);
}

void
cdp_core_copy_bytes(StringInfo row, const char *value, int len)
{
	pq_sendint32(row, len);
	appendBinaryStringInfo(row, value, len);
}

void
cdp_core_copy_text(StringInfo row, const char *value)
{
	cdp_core_copy_bytes(row, value, strlen(value));
}

/*
 * Puts rows into table of space, in the named columns: fn appends the fields of one row in
 * their order with cdp_core_copy_*, or returns false when there is none left.
 */
void
cdp_core_copy(Oid space, const char *table, int n_columns, const char *const *columns, CdpCopyFn fn, void *state)
{
	/* signature, no flags, no extension: the last of its nine zeros ends the string */
	static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	Oid			oid = get_relname_relid(table, space);
	Copying		copying = {.fn = fn, .state = state, .n_columns = n_columns, .outer = current};
	Relation	rel;
	ParseState *pstate = make_parsestate(NULL);
	List	   *names = NIL;

	if (!OidIsValid(oid))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation \"%s.%s\" does not exist", get_namespace_name(space), table));
	if (pg_class_aclcheck(oid, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, table);
	if (check_enable_rls(oid, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("table %s.%s cannot be written under row-level security", get_namespace_name(space), table),
				errhint("Resolve as a role that bypasses it, such as the owner of the table."));
	for (int i = 0; i < n_columns; i++)
		names = lappend(names, makeString(pstrdup(columns[i])));
	rel = table_open(oid, RowExclusiveLock);
	(void) addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	initStringInfo(&copying.buffer);
	appendBinaryStringInfo(&copying.buffer, header, sizeof(header));
	current = &copying;
	PG_TRY();
	{
		CopyFromState from = BeginCopyFrom(pstate, rel, NULL, NULL, false, give_bytes, names,
										   list_make1(makeDefElem("format", (Node *) makeString("binary"), -1)));

		(void) CopyFrom(from);
		EndCopyFrom(from);
	}
	PG_FINALLY();
	{
		current = copying.outer;
	}
	PG_END_TRY();
	pfree(copying.buffer.data);
	free_parsestate(pstate);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}
