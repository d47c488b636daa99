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
 * Entries live in CacheMemoryContext. An entry's schema name is allocated once
 * and is not freed on invalidation while a caller may still hold it in the same
 * statement; it is freed when the entry is refilled.
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

static void
invalidate_all(void)
{
	HASH_SEQ_STATUS seq;
	SpaceEntry *entry;

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
 * schema is not a space. The result is valid for the rest of the statement.
 */
const char *
cdp_core_space_schema(Oid space)
{
	SpaceEntry *entry;
	bool		found;
	char	   *name;
	Oid			info_relid;

	entry = hash_search(spaces, &space, HASH_ENTER, &found);
	if (!found)
	{
		entry->valid = false;
		entry->schema = NULL;
	}
	if (entry->valid)
		return entry->schema;

	name = get_namespace_name(space);
	info_relid = name ? get_relname_relid("space_info", space) : InvalidOid;
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
	if (entry->schema)
		pfree(entry->schema);
	entry->schema = MemoryContextStrdup(CacheMemoryContext, quote_identifier(name));
	entry->info_relid = info_relid;
	entry->valid = true;
	return entry->schema;
}

PG_FUNCTION_INFO_V1(cdp_require_space);

/*
 * cdp_internal.require_space(regnamespace) -> text
 * The quoted schema name, or CDP20 when the schema is not a space.
 */
Datum
cdp_require_space(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(cdp_core_space_schema(PG_GETARG_OID(0))));
}
