/*
 * survive.c
 *	  Survivorship aggregates: which of several records' values a profile keeps.
 *
 * Two machines serve all of them.
 *
 * The survivor (most_recent, earliest, most_trusted, longest) keeps one value
 * and its rank: two numbers, either of which may be missing. A value with the
 * greater rank wins, a missing number ranks below every number, and between
 * equal ranks the smaller value wins. So most_recent ranks by (-, at),
 * most_trusted by (trust, at), longest by (characters, -), and earliest by
 * (-, ~at), because bitwise not turns the order of int64 around without overflow.
 *
 * The counter (most_frequent) keeps every distinct value with its count and
 * latest time, in an array; past a few values a hash finds the place in it.
 *
 * Invariants. The result is a function of the multiset of inputs alone, never
 * of their order or of how a parallel plan splits them: rank and value order are
 * total. "Smaller" is the order of the type's default btree class under
 * collation C, then, between values that it calls equal (1.0 and 1.00), the
 * order of their bytes; types without a btree class compare by their output
 * text. NULL values are skipped, so a NULL survives only among NULLs.
 *
 * Distinct values are those that the type's equality tells apart when it can be
 * hashed, else those whose bytes differ. Of equal values that differ in bytes
 * the latest stands for all, then the smallest.
 *
 * Memory. A survivor is one chunk in the aggregate's context: the struct and,
 * for types by reference, the value behind it with some room. It is written only
 * when a value wins, in place when the value fits. What a type needs is looked up
 * once per call site, in fn_extra, which lives as long as the query, so states
 * may point to it. Values are detoasted only when they win or tie.
 */
#include "core/core.h"
#include "access/detoast.h"
#include "access/nbtree.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* What is known of the type of the values at one call site. */
typedef struct ValueType
{
	Oid			typid;
	int16		typlen;
	bool		typbyval;
	bool		equal_by_image; /* the type's equality is that of the bytes */
	TypeCacheEntry *order;		/* has a btree comparison, else NULL */
	TypeCacheEntry *hashing;	/* equality and hash to use unless equal_by_image */
	FmgrInfo	output;			/* set only when there is no order */
} ValueType;

typedef struct Rank
{
	int64		first;
	int64		second;
	bool		has_first;
	bool		has_second;
} Rank;

typedef struct Survivor
{
	ValueType  *type;
	Rank		rank;
	uint32		capacity;		/* bytes of room at bytes[] */
	Datum		value;			/* by value, or points to bytes[] */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} Survivor;

#define SURVIVOR_HEADER MAXALIGN(offsetof(Survivor, bytes))
#define SURVIVOR_BYTES(s) ((char *) (s) + SURVIVOR_HEADER)

typedef struct CountEntry
{
	Datum		value;
	int64		count;
	int64		at;
	uint32		hash;			/* set only once there is an index */
	bool		has_at;
} CountEntry;

typedef struct PlaceEntry
{
	uint32		place;			/* in Counter.entries */
	uint32		hash;
	char		status;
} PlaceEntry;

typedef struct Counter Counter;

static inline bool counter_same(Counter *counter, Datum value, uint32 place);

/* The key of the index is a value; an element holds only its place. */
#define SH_PREFIX place
#define SH_ELEMENT_TYPE PlaceEntry
#define SH_KEY_TYPE uint32
#define SH_KEY place
#define SH_HASH_KEY(tb, key) (((Counter *) (tb)->private_data)->probe_hash)
#define SH_EQUAL(tb, a, b) counter_same((Counter *) (tb)->private_data, ((Counter *) (tb)->private_data)->probe, a)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#include "lib/simplehash.h"

/* Up to so many distinct values are searched one by one. */
#define COUNTER_INDEX_ABOVE 8

struct Counter
{
	ValueType  *type;
	MemoryContext cxt;
	CountEntry *entries;
	uint32		n;
	uint32		allocated;
	place_hash *index;			/* NULL while n <= COUNTER_INDEX_ABOVE */
	Datum		probe;			/* what the index is being asked for */
	uint32		probe_hash;
	CountEntry	first[1];		/* most groups have one distinct value */
};

#define SH_PREFIX place
#define SH_ELEMENT_TYPE PlaceEntry
#define SH_KEY_TYPE uint32
#define SH_KEY place
#define SH_HASH_KEY(tb, key) (((Counter *) (tb)->private_data)->probe_hash)
#define SH_EQUAL(tb, a, b) counter_same((Counter *) (tb)->private_data, ((Counter *) (tb)->private_data)->probe, a)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DEFINE
#include "lib/simplehash.h"

/* ---- values ---- */

static ValueType *
value_type_lookup(FmgrInfo *flinfo, Oid typid)
{
	ValueType  *type = flinfo->fn_extra;
	TypeCacheEntry *entry;

	if (type != NULL && type->typid == typid)
		return type;

	entry = lookup_type_cache(typid,
							  TYPECACHE_CMP_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO |
							  TYPECACHE_HASH_PROC_FINFO | TYPECACHE_BTREE_OPFAMILY);
	type = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(ValueType));
	type->typid = typid;
	type->typlen = entry->typlen;
	type->typbyval = entry->typbyval;
	if (OidIsValid(entry->cmp_proc_finfo.fn_oid))
	{
		Oid			image_proc = get_opfamily_proc(entry->btree_opf, entry->btree_opintype,
												   entry->btree_opintype, BTEQUALIMAGE_PROC);

		type->order = entry;
		type->equal_by_image = OidIsValid(image_proc) &&
			DatumGetBool(OidFunctionCall1Coll(image_proc, C_COLLATION_OID,
											  ObjectIdGetDatum(entry->btree_opintype)));
	}
	else
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(typid, &output, &is_varlena);
		fmgr_info_cxt(output, &type->output, flinfo->fn_mcxt);
	}
	if (!type->equal_by_image)
	{
		if (OidIsValid(entry->hash_proc_finfo.fn_oid) && OidIsValid(entry->eq_opr_finfo.fn_oid))
			type->hashing = entry;
		else
			type->equal_by_image = true;
	}
	flinfo->fn_extra = type;
	return type;
}

static inline ValueType *
argument_type(FunctionCallInfo fcinfo)
{
	ValueType  *type = fcinfo->flinfo->fn_extra;
	Oid			typid;

	if (likely(type != NULL))
		return type;
	typid = get_fn_expr_argtype(fcinfo->flinfo, 1);
	if (!OidIsValid(typid))
		elog(ERROR, "could not determine the type of the value");
	return value_type_lookup(fcinfo->flinfo, typid);
}

/* A value whose bytes can be read: not compressed, not out of line, not expanded. */
static inline Datum
flat(const ValueType *type, Datum value)
{
	return type->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : value;
}

static inline void
image_of(const ValueType *type, const Datum *value, const char **bytes, Size *len)
{
	if (type->typbyval)
	{
		*bytes = (const char *) value;
		*len = sizeof(Datum);
	}
	else if (type->typlen == -1)
	{
		*bytes = VARDATA_ANY(DatumGetPointer(*value));
		*len = VARSIZE_ANY_EXHDR(DatumGetPointer(*value));
	}
	else
	{
		*bytes = DatumGetPointer(*value);
		*len = type->typlen > 0 ? (Size) type->typlen : strlen(*bytes);
	}
}

static int
compare_images(const ValueType *type, Datum a, Datum b)
{
	const char *a_bytes;
	const char *b_bytes;
	Size		a_len;
	Size		b_len;
	int			result;

	image_of(type, &a, &a_bytes, &a_len);
	image_of(type, &b, &b_bytes, &b_len);
	result = memcmp(a_bytes, b_bytes, Min(a_len, b_len));
	return result != 0 ? result : (a_len > b_len) - (a_len < b_len);
}

/* The total order of values; both are flat. */
static int
compare_values(ValueType *type, Datum a, Datum b)
{
	int			result;

	if (type->order)
		result = DatumGetInt32(FunctionCall2Coll(&type->order->cmp_proc_finfo, C_COLLATION_OID, a, b));
	else
		result = strcmp(OutputFunctionCall(&type->output, a), OutputFunctionCall(&type->output, b));
	return result != 0 ? result : compare_images(type, a, b);
}

static inline int
compare_optional(bool has_a, int64 a, bool has_b, int64 b)
{
	if (has_a != has_b)
		return has_a ? 1 : -1;
	return has_a ? (a > b) - (a < b) : 0;
}

static inline int
compare_ranks(const Rank *a, const Rank *b)
{
	int			result = compare_optional(a->has_first, a->first, b->has_first, b->first);

	return result != 0 ? result : compare_optional(a->has_second, a->second, b->has_second, b->second);
}

static void
send_value(StringInfo buf, const ValueType *type, Datum value)
{
	if (type->typbyval)
		appendBinaryStringInfo(buf, (const char *) &value, sizeof(Datum));
	else
	{
		uint32		len = datumGetSize(value, false, type->typlen);

		appendBinaryStringInfo(buf, (const char *) &len, sizeof(len));
		appendBinaryStringInfo(buf, DatumGetPointer(value), len);
	}
}

/* The inverse of send_value; the result is in the current context, aligned. */
static Datum
receive_value(StringInfo buf, const ValueType *type)
{
	uint32		len;
	char	   *copy;

	if (type->typbyval)
	{
		Datum		value;

		pq_copymsgbytes(buf, (char *) &value, sizeof(Datum));
		return value;
	}
	pq_copymsgbytes(buf, (char *) &len, sizeof(len));
	copy = palloc(len);
	pq_copymsgbytes(buf, copy, len);
	return PointerGetDatum(copy);
}

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext cxt;

	if (!AggCheckCallContext(fcinfo, &cxt))
		elog(ERROR, "survivorship function called outside of an aggregate");
	return cxt;
}

/* ---- survivor ---- */

static Survivor *
survivor_allocate(MemoryContext cxt, Size room)
{
	Survivor   *survivor = MemoryContextAlloc(cxt, SURVIVOR_HEADER + room);

	survivor->capacity = room;
	return survivor;
}

/*
 * Offers a value to a survivor, which may be NULL (no value yet). Returns the
 * survivor, at a new place when the value did not fit into the old one.
 */
static Survivor *
survivor_offer(MemoryContext cxt, Survivor *survivor, ValueType *type, const Rank *rank, Datum value)
{
	if (survivor != NULL)
	{
		int			order = compare_ranks(rank, &survivor->rank);

		if (order < 0)
			return survivor;
		value = flat(type, value);
		if (order == 0 && compare_values(type, value, survivor->value) >= 0)
			return survivor;
	}
	else
		value = flat(type, value);

	if (type->typbyval)
	{
		if (survivor == NULL)
			survivor = survivor_allocate(cxt, 0);
		survivor->value = value;
	}
	else
	{
		Size		len = datumGetSize(value, false, type->typlen);

		if (survivor == NULL)
			survivor = survivor_allocate(cxt, MAXALIGN(len));
		else if (survivor->capacity < len)
		{
			/* Room for half as much again, so that growing values do not move each time. */
			Survivor   *old = survivor;

			survivor = survivor_allocate(cxt, MAXALIGN(Min(len + len / 2, MaxAllocSize - SURVIVOR_HEADER - 8)));
			pfree(old);
		}
		memcpy(SURVIVOR_BYTES(survivor), DatumGetPointer(value), len);
		survivor->value = PointerGetDatum(SURVIVOR_BYTES(survivor));
	}
	survivor->type = type;
	survivor->rank = *rank;
	return survivor;
}

static inline Survivor *
survivor_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : (Survivor *) PG_GETARG_POINTER(n);
}

#define RETURN_STATE(s) \
	do { \
		void *state_ = (s); \
		if (state_ == NULL) \
			PG_RETURN_NULL(); \
		PG_RETURN_POINTER(state_); \
	} while (0)

PG_FUNCTION_INFO_V1(cdp_most_recent_step);

/* (internal, value anyelement, at timestamptz) */
Datum
cdp_most_recent_step(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Survivor   *survivor = survivor_argument(fcinfo, 0);
	Rank		rank = {0};

	if (PG_ARGISNULL(1))
		RETURN_STATE(survivor);
	rank.has_second = !PG_ARGISNULL(2);
	rank.second = rank.has_second ? PG_GETARG_TIMESTAMPTZ(2) : 0;
	RETURN_STATE(survivor_offer(cxt, survivor, argument_type(fcinfo), &rank, PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(cdp_earliest_step);

/* (internal, value anyelement, at timestamptz) */
Datum
cdp_earliest_step(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Survivor   *survivor = survivor_argument(fcinfo, 0);
	Rank		rank = {0};

	if (PG_ARGISNULL(1))
		RETURN_STATE(survivor);
	rank.has_second = !PG_ARGISNULL(2);
	rank.second = rank.has_second ? ~PG_GETARG_TIMESTAMPTZ(2) : 0;
	RETURN_STATE(survivor_offer(cxt, survivor, argument_type(fcinfo), &rank, PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(cdp_most_trusted_step);

/* (internal, value anyelement, trust int, at timestamptz) */
Datum
cdp_most_trusted_step(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Survivor   *survivor = survivor_argument(fcinfo, 0);
	Rank		rank = {0};

	if (PG_ARGISNULL(1))
		RETURN_STATE(survivor);
	rank.has_first = !PG_ARGISNULL(2);
	rank.first = rank.has_first ? PG_GETARG_INT32(2) : 0;
	rank.has_second = !PG_ARGISNULL(3);
	rank.second = rank.has_second ? PG_GETARG_TIMESTAMPTZ(3) : 0;
	RETURN_STATE(survivor_offer(cxt, survivor, argument_type(fcinfo), &rank, PG_GETARG_DATUM(1)));
}

PG_FUNCTION_INFO_V1(cdp_longest_step);

/* (internal, value text) */
Datum
cdp_longest_step(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Survivor   *survivor = survivor_argument(fcinfo, 0);
	Rank		rank = {.has_first = true};
	text	   *value;

	if (PG_ARGISNULL(1))
		RETURN_STATE(survivor);

	/* Characters are at most bytes: a value of fewer bytes needs no counting, nor detoasting. */
	if (survivor != NULL && (int64) toast_raw_datum_size(PG_GETARG_DATUM(1)) - VARHDRSZ < survivor->rank.first)
		RETURN_STATE(survivor);

	value = PG_GETARG_TEXT_PP(1);
	rank.first = pg_mbstrlen_with_len(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	RETURN_STATE(survivor_offer(cxt, survivor, argument_type(fcinfo), &rank, PointerGetDatum(value)));
}

PG_FUNCTION_INFO_V1(cdp_survivor_combine);

/* (internal, internal): serves every survivor aggregate, as the rank says who wins. */
Datum
cdp_survivor_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Survivor   *a = survivor_argument(fcinfo, 0);
	Survivor   *b = survivor_argument(fcinfo, 1);

	if (b == NULL)
		RETURN_STATE(a);
	RETURN_STATE(survivor_offer(cxt, a, b->type, &b->rank, b->value));
}

PG_FUNCTION_INFO_V1(cdp_survivor_serial);

/*
 * (internal) -> bytea. Between processes of one server, so values go as their
 * bytes in memory.
 */
Datum
cdp_survivor_serial(PG_FUNCTION_ARGS)
{
	Survivor   *survivor = (Survivor *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	aggregate_context(fcinfo);
	pq_begintypsend(&buf);
	appendBinaryStringInfo(&buf, (const char *) &survivor->type->typid, sizeof(Oid));
	appendBinaryStringInfo(&buf, (const char *) &survivor->rank, sizeof(Rank));
	send_value(&buf, survivor->type, survivor->value);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
open_state(StringInfo buf, bytea *state)
{
	buf->data = VARDATA_ANY(state);
	buf->len = VARSIZE_ANY_EXHDR(state);
	buf->maxlen = buf->len;
	buf->cursor = 0;
}

PG_FUNCTION_INFO_V1(cdp_survivor_deserial);

/* (bytea, internal) -> internal */
Datum
cdp_survivor_deserial(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	Oid			typid;
	Survivor   *survivor;

	aggregate_context(fcinfo);
	open_state(&buf, PG_GETARG_BYTEA_PP(0));
	survivor = survivor_allocate(CurrentMemoryContext, 0);
	pq_copymsgbytes(&buf, (char *) &typid, sizeof(Oid));
	survivor->type = value_type_lookup(fcinfo->flinfo, typid);
	pq_copymsgbytes(&buf, (char *) &survivor->rank, sizeof(Rank));
	survivor->value = receive_value(&buf, survivor->type);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(survivor);
}

PG_FUNCTION_INFO_V1(cdp_survivor_final);

/* (internal, …) -> the value; further arguments only tell its type. */
Datum
cdp_survivor_final(PG_FUNCTION_ARGS)
{
	Survivor   *survivor = survivor_argument(fcinfo, 0);

	aggregate_context(fcinfo);
	if (survivor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(survivor->value);
}

/* ---- counter ---- */

static uint32
hash_value(ValueType *type, Datum value)
{
	const char *bytes;
	Size		len;

	if (type->hashing)
		return DatumGetUInt32(FunctionCall1Coll(&type->hashing->hash_proc_finfo, C_COLLATION_OID, value));
	image_of(type, &value, &bytes, &len);
	return hash_bytes((const unsigned char *) bytes, len);
}

static inline bool
counter_same(Counter *counter, Datum value, uint32 place)
{
	ValueType  *type = counter->type;
	Datum		other = counter->entries[place].value;

	if (compare_images(type, value, other) == 0)
		return true;
	if (type->equal_by_image)
		return false;
	return DatumGetBool(FunctionCall2Coll(&type->hashing->eq_opr_finfo, C_COLLATION_OID, value, other));
}

static Counter *
counter_create(MemoryContext cxt, ValueType *type, uint32 room)
{
	Counter    *counter = MemoryContextAllocZero(cxt, sizeof(Counter));

	counter->type = type;
	counter->cxt = cxt;
	counter->allocated = Max(room, lengthof(counter->first));
	counter->entries = room > lengthof(counter->first) ?
		MemoryContextAllocHuge(cxt, (Size) room * sizeof(CountEntry)) : counter->first;
	return counter;
}

static void
counter_index(Counter *counter, uint32 place)
{
	bool		found;

	counter->probe = counter->entries[place].value;
	counter->probe_hash = counter->entries[place].hash;
	place_insert_hash(counter->index, place, counter->probe_hash, &found);
	Assert(!found);
}

static void
counter_start_index(Counter *counter, uint32 expected)
{
	counter->index = place_create(counter->cxt, Max(expected, 32), counter);
	for (uint32 i = 0; i < counter->n; i++)
	{
		counter->entries[i].hash = hash_value(counter->type, counter->entries[i].value);
		counter_index(counter, i);
	}
}

/* The entry of a flat value, or NULL. Leaves its hash in probe_hash when there is an index. */
static CountEntry *
counter_find(Counter *counter, Datum value)
{
	PlaceEntry *found;

	if (counter->index == NULL)
	{
		for (uint32 i = 0; i < counter->n; i++)
			if (counter_same(counter, value, i))
				return &counter->entries[i];
		return NULL;
	}
	counter->probe = value;
	counter->probe_hash = hash_value(counter->type, value);
	found = place_lookup_hash(counter->index, 0, counter->probe_hash);
	return found ? &counter->entries[found->place] : NULL;
}

static Datum
keep_value(Counter *counter, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(counter->cxt);
	Datum		kept = datumCopy(value, counter->type->typbyval, counter->type->typlen);

	MemoryContextSwitchTo(old);
	return kept;
}

/* Counts a flat value that was seen count times, last at. */
static void
counter_add(Counter *counter, Datum value, int64 count, bool has_at, int64 at)
{
	CountEntry *entry = counter_find(counter, value);

	if (entry != NULL)
	{
		int			later = compare_optional(has_at, at, entry->has_at, entry->at);

		entry->count += count;
		if (later >= 0 && !counter->type->equal_by_image)
		{
			int			image = compare_images(counter->type, value, entry->value);

			if (image != 0 && (later > 0 || image < 0))
			{
				/* The index holds the place and the hash, and equal values hash alike. */
				if (!counter->type->typbyval)
					pfree(DatumGetPointer(entry->value));
				entry->value = keep_value(counter, value);
			}
		}
		if (later > 0)
		{
			entry->has_at = has_at;
			entry->at = at;
		}
		return;
	}

	if (counter->n == counter->allocated)
	{
		uint32		allocated = Max(counter->allocated * 2, 4);
		CountEntry *grown;

		if (counter->allocated > PG_UINT32_MAX / 2)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("too many distinct values to count"));
		grown = MemoryContextAllocHuge(counter->cxt, (Size) allocated * sizeof(CountEntry));
		memcpy(grown, counter->entries, (Size) counter->n * sizeof(CountEntry));
		if (counter->entries != counter->first)
			pfree(counter->entries);
		counter->entries = grown;
		counter->allocated = allocated;
	}
	entry = &counter->entries[counter->n];
	entry->value = keep_value(counter, value);
	entry->count = count;
	entry->has_at = has_at;
	entry->at = at;
	if (counter->index != NULL)
	{
		entry->hash = counter->probe_hash;
		counter_index(counter, counter->n);
	}
	counter->n++;
	if (counter->index == NULL && counter->n > COUNTER_INDEX_ABOVE)
		counter_start_index(counter, 0);
}

static inline Counter *
counter_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : (Counter *) PG_GETARG_POINTER(n);
}

PG_FUNCTION_INFO_V1(cdp_most_frequent_step);

/* (internal, value anyelement [, at timestamptz]) */
Datum
cdp_most_frequent_step(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Counter    *counter = counter_argument(fcinfo, 0);
	ValueType  *type;
	bool		has_at;

	if (PG_ARGISNULL(1))
		RETURN_STATE(counter);
	type = argument_type(fcinfo);
	if (counter == NULL)
		counter = counter_create(cxt, type, 1);
	has_at = PG_NARGS() > 2 && !PG_ARGISNULL(2);
	counter_add(counter, flat(type, PG_GETARG_DATUM(1)), 1, has_at, has_at ? PG_GETARG_TIMESTAMPTZ(2) : 0);
	PG_RETURN_POINTER(counter);
}

PG_FUNCTION_INFO_V1(cdp_counter_combine);

/* (internal, internal) */
Datum
cdp_counter_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Counter    *a = counter_argument(fcinfo, 0);
	Counter    *b = counter_argument(fcinfo, 1);

	if (b == NULL)
		RETURN_STATE(a);
	if (a == NULL)
	{
		a = counter_create(cxt, b->type, b->n);
		if (b->n > COUNTER_INDEX_ABOVE)
			counter_start_index(a, b->n);
	}
	for (uint32 i = 0; i < b->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		counter_add(a, b->entries[i].value, b->entries[i].count, b->entries[i].has_at, b->entries[i].at);
	}
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(cdp_counter_serial);

/* (internal) -> bytea; at most 1 GB, as any value. */
Datum
cdp_counter_serial(PG_FUNCTION_ARGS)
{
	Counter    *counter = (Counter *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	aggregate_context(fcinfo);
	pq_begintypsend(&buf);
	appendBinaryStringInfo(&buf, (const char *) &counter->type->typid, sizeof(Oid));
	appendBinaryStringInfo(&buf, (const char *) &counter->n, sizeof(uint32));
	for (uint32 i = 0; i < counter->n; i++)
	{
		CountEntry *entry = &counter->entries[i];

		appendBinaryStringInfo(&buf, (const char *) &entry->count, sizeof(int64));
		appendBinaryStringInfo(&buf, (const char *) &entry->at, sizeof(int64));
		appendBinaryStringInfo(&buf, (const char *) &entry->has_at, sizeof(bool));
		send_value(&buf, counter->type, entry->value);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

PG_FUNCTION_INFO_V1(cdp_counter_deserial);

/* (bytea, internal) -> internal. The values are distinct already: no index is needed to combine them. */
Datum
cdp_counter_deserial(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	Oid			typid;
	uint32		n;
	Counter    *counter;

	aggregate_context(fcinfo);
	open_state(&buf, PG_GETARG_BYTEA_PP(0));
	pq_copymsgbytes(&buf, (char *) &typid, sizeof(Oid));
	pq_copymsgbytes(&buf, (char *) &n, sizeof(uint32));
	counter = counter_create(CurrentMemoryContext, value_type_lookup(fcinfo->flinfo, typid), n);
	for (uint32 i = 0; i < n; i++)
	{
		CountEntry *entry = &counter->entries[i];

		pq_copymsgbytes(&buf, (char *) &entry->count, sizeof(int64));
		pq_copymsgbytes(&buf, (char *) &entry->at, sizeof(int64));
		pq_copymsgbytes(&buf, (char *) &entry->has_at, sizeof(bool));
		entry->value = receive_value(&buf, counter->type);
	}
	counter->n = n;
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(counter);
}

PG_FUNCTION_INFO_V1(cdp_most_frequent_final);

/* (internal, …) -> the value counted most, then latest, then smallest */
Datum
cdp_most_frequent_final(PG_FUNCTION_ARGS)
{
	Counter    *counter = counter_argument(fcinfo, 0);
	CountEntry *best;

	aggregate_context(fcinfo);
	if (counter == NULL)
		PG_RETURN_NULL();
	best = &counter->entries[0];
	for (uint32 i = 1; i < counter->n; i++)
	{
		CountEntry *entry = &counter->entries[i];
		int			order = (entry->count > best->count) - (entry->count < best->count);

		CHECK_FOR_INTERRUPTS();
		if (order == 0)
			order = compare_optional(entry->has_at, entry->at, best->has_at, best->at);
		if (order == 0)
			order = -compare_values(counter->type, entry->value, best->value);
		if (order > 0)
			best = entry;
	}
	PG_RETURN_DATUM(best->value);
}
