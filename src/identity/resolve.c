/*
 * resolve.c
 *	  The hash by which cdp.resolve knows an unchanged source row, the sums by which it
 *	  knows where rows have changed, and the numbers of its new ones.
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
 *
 * Most rows have not changed, and joining each to its record only to find so costs more
 * than hashing it. So the rows of a source and the records made of it are both summed
 * up first: each falls by its key into one of N_SUMS buckets, where its key and hash,
 * mixed into 64 bits, are added up. Where two sums are equal so are the rows, but for a
 * chance of 2^-64 (they are sets: a row that is there twice adds twice). What is in the
 * other buckets is joined. Of a few changed rows that is next to nothing, and when every
 * bucket differs it is all, as it would be without them.
 */
#include "identity/identity.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/lsyscache.h"

#define N_SUMS 65536			/* half a megabyte; a power of two */

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

/* Keys are compared as bytes: the column has the collation "C". A null key has hash 0. */
static uint64
key_hash(FunctionCallInfo fcinfo, int arg)
{
	text	   *key;

	if (PG_ARGISNULL(arg))
		return 0;
	key = PG_GETARG_TEXT_PP(arg);
	return hash_bytes_extended((unsigned char *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), 2);
}

/* Argument arg as the N_SUMS sums that it must be. */
static uint64 *
sums_of(FunctionCallInfo fcinfo, int arg)
{
	bytea	   *sums = PG_GETARG_BYTEA_P(arg);

	if (VARSIZE(sums) != VARHDRSZ + N_SUMS * sizeof(uint64))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("these are not sums of rows"),
				errhint("They are made by cdp_internal.row_sums."));
	return (uint64 *) VARDATA(sums);
}

static bytea *
no_sums(MemoryContext context)
{
	bytea	   *sums = MemoryContextAllocZero(context, VARHDRSZ + N_SUMS * sizeof(uint64));

	SET_VARSIZE(sums, VARHDRSZ + N_SUMS * sizeof(uint64));
	return sums;
}

PG_FUNCTION_INFO_V1(cdp_row_sums_add);

/* Transition function of cdp_internal.row_sums: adds one row to the sums, in place. */
Datum
cdp_row_sums_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bytea	   *sums;
	uint64		row[2] = {key_hash(fcinfo, 1), PG_ARGISNULL(2) ? 0 : (uint64) PG_GETARG_INT64(2)};

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "cdp_row_sums_add called outside of an aggregate");
	sums = PG_ARGISNULL(0) ? no_sums(context) : (bytea *) PG_GETARG_POINTER(0);
	((uint64 *) VARDATA(sums))[row[0] % N_SUMS] += hash_bytes_extended((unsigned char *) row, sizeof(row), 3);
	PG_RETURN_BYTEA_P(sums);
}

PG_FUNCTION_INFO_V1(cdp_row_sums_combine);

/* Combine function of cdp_internal.row_sums. */
Datum
cdp_row_sums_combine(PG_FUNCTION_ARGS)
{
	uint64	   *sums,
			   *more;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "cdp_row_sums_combine called outside of an aggregate");
	sums = sums_of(fcinfo, 0);
	more = sums_of(fcinfo, 1);
	for (int i = 0; i < N_SUMS; i++)
		sums[i] += more[i];
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(cdp_sums_differ);

/*
 * cdp_internal.sums_differ(a bytea, b bytea) -> bytea
 * A bit for each bucket, set where the sums differ; null: nowhere. No sums are those of
 * no rows.
 */
Datum
cdp_sums_differ(PG_FUNCTION_ARGS)
{
	uint64	   *a = PG_ARGISNULL(0) ? (uint64 *) VARDATA(no_sums(CurrentMemoryContext)) : sums_of(fcinfo, 0);
	uint64	   *b = PG_ARGISNULL(1) ? (uint64 *) VARDATA(no_sums(CurrentMemoryContext)) : sums_of(fcinfo, 1);
	bytea	   *differ = palloc0(VARHDRSZ + N_SUMS / 8);
	uint8	   *bits = (uint8 *) VARDATA(differ);
	bool		any = false;

	SET_VARSIZE(differ, VARHDRSZ + N_SUMS / 8);
	for (int i = 0; i < N_SUMS; i++)
		if (a[i] != b[i])
		{
			bits[i / 8] |= 1 << i % 8;
			any = true;
		}
	if (!any)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(differ);
}

PG_FUNCTION_INFO_V1(cdp_in_sums);

/*
 * cdp_internal.in_sums(differ bytea, key text) -> bool
 * Whether a row with this key may have changed.
 */
Datum
cdp_in_sums(PG_FUNCTION_ARGS)
{
	bytea	   *differ = PG_GETARG_BYTEA_PP(0);
	uint64		bucket = key_hash(fcinfo, 1) % N_SUMS;

	if (VARSIZE_ANY_EXHDR(differ) != N_SUMS / 8)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("these are not buckets of rows"),
				errhint("They are made by cdp_internal.sums_differ."));
	PG_RETURN_BOOL(((uint8 *) VARDATA_ANY(differ))[bucket / 8] >> bucket % 8 & 1);
}
