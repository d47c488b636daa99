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
 */
#include "identity/identity.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

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
