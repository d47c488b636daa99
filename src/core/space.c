/*
 * space.c
 *	  The catalog cache of spaces: is this schema a space, and how is its name
 *	  written in SQL.
 *
 * A space is a schema that holds a table "space_info" (made by
 * cdp.create_space). Functions are called per row with the space as argument, so
 * the answer is kept in a backend-local hash from schema oid to entry. Any change
 * of pg_namespace or pg_class row that could matter (drop, rename, somebody
 * dropping space_info) empties the whole cache through syscache and relcache
 * callbacks: spaces are few, and refilling an entry is two syscache look-ups.
 *
 * Entries live in CacheMemoryContext. Callbacks only mark an entry; its name is
 * replaced when it is looked up again and has really changed. A caller that keeps
 * the name while other SQL runs copies it.
 *
 * A change may be heard of in the middle of the look-ups that refill an entry. The
 * counter of changes shows it, and they are made again: else the entry would be
 * called valid with what it said before.
 */
#include "core/core.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/catcache.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct SpaceEntry
{
	Oid			space;			/* hash key: schema oid */
	bool		valid;
	Oid			info_relid;		/* oid of space_info */
	char	   *schema;			/* quoted schema name */
} SpaceEntry;

static HTAB *spaces = NULL;
static uint64 n_changes = 0;

static void
invalidate_all(void)
{
	HASH_SEQ_STATUS seq;
	SpaceEntry *entry;

	n_changes++;
	hash_seq_init(&seq, spaces);
	while ((entry = hash_seq_search(&seq)) != NULL)
		entry->valid = false;
}

static void
namespace_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidate_all();
}

static void
relation_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS seq;
	SpaceEntry *entry;

	n_changes++;
	hash_seq_init(&seq, spaces);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if (!OidIsValid(relid) || entry->info_relid == relid)
			entry->valid = false;
}

void
cdp_core_space_init(void)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SpaceEntry), .hcxt = CacheMemoryContext};

	if (CacheMemoryContext == NULL)
		CreateCacheMemoryContext();
	ctl.hcxt = CacheMemoryContext;
	spaces = hash_create("cdp spaces", 8, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_changed, (Datum) 0);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

/*
 * The quoted schema name of a space, for building SQL. Raises CDP20 when the
 * schema is not a space. The result is valid until other SQL has run.
 */
const char *
cdp_core_space_schema(Oid space)
{
	SpaceEntry *entry;
	bool		found;
	char	   *name;
	Oid			info_relid;
	uint64		n_changes_before;

	entry = hash_search(spaces, &space, HASH_ENTER, &found);
	if (!found)
	{
		entry->valid = false;
		entry->info_relid = InvalidOid;
		entry->schema = NULL;
	}
	if (entry->valid)
		return entry->schema;

	do
	{
		n_changes_before = n_changes;
		name = get_namespace_name(space);
		info_relid = name ? get_relname_relid("space_info", space) : InvalidOid;
	} while (n_changes != n_changes_before);

	if (!OidIsValid(info_relid))
	{
		if (entry->schema)
			pfree(entry->schema);
		hash_search(spaces, &space, HASH_REMOVE, NULL);
		ereport(ERROR,
				errcode(ERRCODE_CDP_NO_SUCH_SPACE),
				name ? errmsg("schema \"%s\" is not a space", name)
				: errmsg("schema with OID %u does not exist", space),
				errhint("Make one with cdp.create_space(%s).", quote_literal_cstr(name ? name : "customer")));
	}
	name = unconstify(char *, quote_identifier(name));
	if (entry->schema == NULL || strcmp(entry->schema, name) != 0)
	{
		char	   *former = entry->schema;

		entry->schema = MemoryContextStrdup(CacheMemoryContext, name);
		if (former)
			pfree(former);
	}
	entry->info_relid = info_relid;
	entry->valid = true;
	return entry->schema;
}

PG_FUNCTION_INFO_V1(cdp_require_space);

/*
 * cdp_internal.require_space(regnamespace) -> text
 * The quoted schema name, or CDP20 when the schema is not a space or null.
 */
Datum
cdp_require_space(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_CDP_NO_SUCH_SPACE),
				errmsg("no space is given"),
				errhint("Name the schema of a space, such as 'customer'."));
	PG_RETURN_TEXT_P(cstring_to_text(cdp_core_space_schema(PG_GETARG_OID(0))));
}
