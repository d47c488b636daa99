/*
 * plan.c
 *	  Kept SPI plans per space: the one place that prepares SQL for C code.
 *
 * C code writes a statement once as a template in which "@." stands for the
 * schema of the space ("SELECT … FROM @.identity …"). The prepared plan is kept
 * under (space, template address): templates are string literals, so their
 * address identifies the call site. Postgres itself analyses and plans a kept
 * plan again when its tables change; here only a renamed schema matters, so the
 * schema name that a plan was made for is kept beside it and compared.
 *
 * A plan may be running further up the stack (a trigger of the user's that calls
 * the function which fired it), so one that is replaced, or whose space was
 * dropped, is retired: it leaves the hash at once and is freed when the
 * transaction ends, when nothing can be running.
 */
#include "core/core.h"
#include "access/xact.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct PlanKey
{
	Oid			space;
	uint32		pad;
	const char *template;
} PlanKey;

typedef struct PlanEntry
{
	PlanKey		key;
	SPIPlanPtr	plan;
	char	   *schema;
} PlanEntry;

static HTAB *plans = NULL;
static List *retired = NIL;		/* of SPIPlanPtr */
static bool a_schema_changed = false;	/* since plans of dropped spaces were last looked for */

/* Raises before it has changed anything, or not at all. */
static void
retire(SPIPlanPtr plan)
{
	MemoryContext old = MemoryContextSwitchTo(CacheMemoryContext);

	retired = lappend(retired, plan);
	MemoryContextSwitchTo(old);
}

static void
schema_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	a_schema_changed = true;
}

static void
retire_plans_of_dropped_spaces(void)
{
	HASH_SEQ_STATUS seq;
	PlanEntry  *entry;

	a_schema_changed = false;
	hash_seq_init(&seq, plans);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		if (SearchSysCacheExists1(NAMESPACEOID, ObjectIdGetDatum(entry->key.space)))
			continue;
		retire(entry->plan);
		pfree(entry->schema);
		hash_search(plans, &entry->key, HASH_REMOVE, NULL);
	}
}

static void
transaction_ends(XactEvent event, void *arg)
{
	ListCell   *lc;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			/* catalogues can be read now, and not later */
			if (a_schema_changed)
				retire_plans_of_dropped_spaces();
			break;
		default:
			foreach(lc, retired)
				SPI_freeplan((SPIPlanPtr) lfirst(lc));
			list_free(retired);
			retired = NIL;
			break;
	}
}

void
cdp_core_plan_init(void)
{
	HASHCTL		ctl = {.keysize = sizeof(PlanKey), .entrysize = sizeof(PlanEntry), .hcxt = CacheMemoryContext};

	plans = hash_create("cdp plans", 32, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
	RegisterXactCallback(transaction_ends, NULL);
}

static char *
expand_template(const char *template, const char *schema)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (const char *p = template; *p; p++)
	{
		if (p[0] == '@' && p[1] == '.')
			appendStringInfoString(&sql, schema);
		else
			appendStringInfoChar(&sql, *p);
	}
	return sql.data;
}

/*
 * The kept plan for a template in a space. The caller is connected to SPI. The
 * template must be a string literal (its address is the key).
 */
SPIPlanPtr
cdp_core_plan(Oid space, const char *template, int nargs, const Oid *argtypes)
{
	const char *schema = cdp_core_space_schema(space);
	PlanKey		key = {.space = space, .pad = 0, .template = template};
	PlanEntry  *entry;
	bool		found;
	SPIPlanPtr	plan;
	char	   *kept_schema;

	entry = hash_search(plans, &key, HASH_FIND, &found);
	if (found && strcmp(entry->schema, schema) == 0)
		return entry->plan;

	/* our own copy: what analysis calls may look the space up again */
	schema = pstrdup(schema);
	plan = SPI_prepare(expand_template(template, schema), nargs, unconstify(Oid *, argtypes));
	if (plan == NULL)
		elog(ERROR, "cdp could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "cdp could not keep a plan");
	kept_schema = MemoryContextStrdup(CacheMemoryContext, schema);

	/* from here on nothing raises that would leave an entry half-way */
	entry = hash_search(plans, &key, HASH_ENTER, &found);
	if (found)
	{
		retire(entry->plan);
		pfree(entry->schema);
	}
	entry->plan = plan;
	entry->schema = kept_schema;
	return plan;
}
