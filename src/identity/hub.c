/*
 * hub.c
 *	  The form in which a matching key is stored in identifier.value.
 *
 * Hubs are found through a btree, whose entries have a limit of about 2,700
 * bytes; a key made of several long names can pass it. A long key is cut to its
 * beginning, for reading, followed by a 128-bit hash of the whole. Two different
 * keys that give the same form would merge people, so the hash is made of two
 * independently seeded 64-bit hashes: at a billion long keys the chance of one
 * such pair is below 1e-20.
 *
 * From a value as people write it to its key is the way of the value's kind:
 * clean, then key (the SQL templates of cdp_internal.kinds()). cdp.record_consent
 * goes it once per call, so the plan for each pair of templates and region is
 * kept. Such a plan depends on functions of the extension only, never on a space.
 */
#include "identity/identity.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define KEY_MAX		500			/* bytes that are stored as they are */
#define KEY_SHOWN	60			/* bytes kept of a longer key */

PG_FUNCTION_INFO_V1(cdp_hub_value);

/* cdp_internal.hub_value(text) -> text; null for the empty key. */
Datum
cdp_hub_value(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(0);
	const char *data = VARDATA_ANY(key);
	int			len = VARSIZE_ANY_EXHDR(key);
	int			shown;

	if (len == 0)
		PG_RETURN_NULL();
	if (len <= KEY_MAX)
		PG_RETURN_TEXT_P(key);

	shown = pg_mbcliplen(data, len, KEY_SHOWN);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%.*s~" UINT64_FORMAT "." UINT64_FORMAT, shown, data,
											  hash_bytes_extended((const unsigned char *) data, len, 1),
											  hash_bytes_extended((const unsigned char *) data, len, 2))));
}

#define KEY_SQL_MAX 512

typedef struct KeyPlan
{
	char		sql[KEY_SQL_MAX];	/* hash key */
	SPIPlanPtr	plan;
} KeyPlan;

/* The kept plan for SQL that turns $1, a value, into its key. */
static SPIPlanPtr
key_plan(const char *sql)
{
	static HTAB *plans = NULL;
	static Oid	argtypes[1] = {TEXTOID};
	KeyPlan    *entry;
	SPIPlanPtr	plan;
	bool		found;

	if (plans == NULL)
	{
		HASHCTL		ctl = {.keysize = KEY_SQL_MAX, .entrysize = sizeof(KeyPlan), .hcxt = CacheMemoryContext};

		plans = hash_create("cdp key plans", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	if (strlen(sql) >= KEY_SQL_MAX)
		elog(ERROR, "cdp: the templates of a kind are too long");
	entry = hash_search(plans, sql, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->plan;
	plan = SPI_prepare(sql, 1, argtypes);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cdp could not prepare the key of a kind");
	entry = hash_search(plans, sql, HASH_ENTER, &found);
	entry->plan = plan;
	return plan;
}

/* Replaces a placeholder such as {v} in a template. */
static char *
fill(const char *template, const char *placeholder, const char *with)
{
	StringInfoData out;
	const char *at;

	initStringInfo(&out);
	while ((at = strstr(template, placeholder)) != NULL)
	{
		appendBinaryStringInfo(&out, template, at - template);
		appendStringInfoString(&out, with);
		template = at + strlen(placeholder);
	}
	appendStringInfoString(&out, template);
	return out.data;
}

PG_FUNCTION_INFO_V1(cdp_identifier_key);

/*
 * cdp_internal.identifier_key(space regnamespace, kind text, value text) -> text
 *
 * What identifier.value holds for a value as people write it; null when cleaning
 * refuses it. CDP50 when the kind is neither an identifier attribute nor a source.
 */
Datum
cdp_identifier_key(PG_FUNCTION_ARGS)
{
	static const Oid argtypes[1] = {TEXTOID};
	Oid			space = PG_GETARG_OID(0);
	Datum		kind = PG_GETARG_DATUM(1);
	Datum		value = PG_GETARG_DATUM(2);
	MemoryContext caller = CurrentMemoryContext;
	bool		isnull;
	char	   *clean,
			   *key,
			   *region;
	text	   *result = NULL;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* a source's row key is an identifier as it is; concat, because the table is the user's and must not make this null */
	SPI_execute_plan(cdp_core_plan(space,
								   "SELECT k.clean_sql, k.key_sql, pg_catalog.concat(i.region)"
								   " FROM @.attribute a JOIN cdp_internal.kinds() k ON k.kind OPERATOR(pg_catalog.=) a.kind"
								   " CROSS JOIN @.space_info i"
								   " WHERE a.attribute OPERATOR(pg_catalog.=) $1"
								   " AND (a.is_identifier OR a.kind OPERATOR(pg_catalog.=) 'reference')"
								   " UNION ALL SELECT '{v}', '{v}', '' FROM @.source s WHERE s.source OPERATOR(pg_catalog.=) $1",
								   1, argtypes),
					 &kind, NULL, true, 1);
	if (SPI_processed == 0)
		ereport(ERROR,
				errcode(ERRCODE_CDP_NO_SUCH_ATTRIBUTE),
				errmsg("space %s has no identifier kind \"%s\"", cdp_core_space_schema(space), TextDatumGetCString(kind)),
				errhint("A kind is an identifier attribute such as email, or a source whose row key is meant."));
	clean = TextDatumGetCString(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	key = TextDatumGetCString(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	region = TextDatumGetCString(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull));

	clean = fill(fill(fill(clean, "{r}", quote_literal_cstr(region)), "{o}", "'YMD'"), "{v}", "$1");
	SPI_execute_plan(key_plan(psprintf("SELECT cdp_internal.hub_value(%s) FROM (SELECT %s AS v OFFSET 0) x",
									   fill(key, "{v}", "x.v"), clean)),
					 &value, NULL, true, 1);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		result = DatumGetTextPCopy(value);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}
