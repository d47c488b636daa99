/*
 * plan.c
 *	  Kept SPI plans per space: the one place that prepares SQL for C code.
 *
 * C code writes a statement once as a template in which "@." stands for the
 * schema of the space ("SELECT … FROM @.identity …"). The prepared plan is kept
 * under (space, template address): templates are string literals, so their
 * address identifies the call site. Postgres itself replans a kept plan whose
 * tables change; here only a renamed schema matters, so the schema name that a
 * plan was made for is kept beside it and compared.
 */
#include "core/core.h"
#include "lib/stringinfo.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

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

void
cdp_core_plan_init(void)
{
	HASHCTL		ctl = {.keysize = sizeof(PlanKey), .entrysize = sizeof(PlanEntry), .hcxt = CacheMemoryContext};

	plans = hash_create("cdp plans", 32, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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

	entry = hash_search(plans, &key, HASH_FIND, &found);
	if (found && strcmp(entry->schema, schema) == 0 && SPI_plan_is_valid(entry->plan))
		return entry->plan;

	plan = SPI_prepare(expand_template(template, schema), nargs, unconstify(Oid *, argtypes));
	if (plan == NULL)
		elog(ERROR, "cdp could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "cdp could not keep a plan");

	if (found)
	{
		SPI_freeplan(entry->plan);
		pfree(entry->schema);
	}
	else
		entry = hash_search(plans, &key, HASH_ENTER, &found);
	entry->plan = plan;
	entry->schema = MemoryContextStrdup(CacheMemoryContext, schema);
	return plan;
}
