/*
 * resolve.c
 *	  The hash by which cdp.resolve knows an unchanged source row, and the numbers
 *	  of its new ones.
 *
 * Each run hashes every row of every source, so this is the one per-row cost of a
 * run that finds nothing to do. The raw values are hashed as they lie in memory,
 * in 64 bits, each combined with the hash of those before it; a NULL counts as a
 * value of its own, so that values cannot change places with it unseen. A row
 * whose hash stays the same by chance would be missed; of a million changed rows
 * one is with a chance below 1e-13.
 *
 * The hash is stored in record.source_hash. It depends on byte order and, for
 * arrays, on Postgres's storage format, both fixed for the life of a cluster; after
 * a restore elsewhere the worst is that rows are cleaned once more.
 */
#include "identity/identity.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/lsyscache.h"

/* What is known of an argument's type, kept per call site. */
typedef struct ArgType
{
	int16		typlen;
	bool		typbyval;
} ArgType;

PG_FUNCTION_INFO_V1(cdp_row_hash);

/* cdp_internal.row_hash(seed bigint, VARIADIC "any") -> bigint, never null. */
Datum
cdp_row_hash(PG_FUNCTION_ARGS)
{
	ArgType    *types = fcinfo->flinfo->fn_extra;
	uint64		hash = PG_ARGISNULL(0) ? 0 : (uint64) PG_GETARG_INT64(0);

	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("row_hash takes its values one by one"),
				errhint("Leave the keyword VARIADIC out."));
	if (types == NULL)
	{
		types = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, PG_NARGS() * sizeof(ArgType));
		for (int i = 1; i < PG_NARGS(); i++)
		{
			Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

			if (!OidIsValid(type))
				elog(ERROR, "cdp could not determine the type of a value to hash");
			get_typlenbyval(type, &types[i].typlen, &types[i].typbyval);
		}
		fcinfo->flinfo->fn_extra = types;
	}
	for (int i = 1; i < PG_NARGS(); i++)
	{
		uint64		part = 0;

		if (!PG_ARGISNULL(i))
		{
			Datum		value = PG_GETARG_DATUM(i);

			if (types[i].typbyval)
				part = hash_bytes_extended((unsigned char *) &value, sizeof(Datum), 1);
			else if (types[i].typlen == -1)
			{
				struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

				part = hash_bytes_extended((unsigned char *) VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v), 1);
				if ((Pointer) v != DatumGetPointer(value))
					pfree(v);
			}
			else if (types[i].typlen == -2)
				part = hash_bytes_extended((unsigned char *) DatumGetCString(value), strlen(DatumGetCString(value)), 1);
			else
				part = hash_bytes_extended((unsigned char *) DatumGetPointer(value), types[i].typlen, 1);
		}
		hash = hash_combine64(hash, part);
	}
	PG_RETURN_INT64((int64) hash);
}

PG_FUNCTION_INFO_V1(cdp_count_from);

/*
 * cdp_internal.count_from(first bigint) -> bigint
 * Numbers the rows of a statement. nextval would keep parallel workers out of it.
 */
Datum
cdp_count_from(PG_FUNCTION_ARGS)
{
	int64	   *n = fcinfo->flinfo->fn_extra;

	if (n == NULL)
	{
		n = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(int64));
		fcinfo->flinfo->fn_extra = n;
	}
	PG_RETURN_INT64(PG_GETARG_INT64(0) + (*n)++);
}
