/*
 * neighbour.c
 *	  Who could be paired with what changed: by the index, instead of reading the space.
 *
 * A run over changes scores the pairs of changed records. These are in their blocks; so
 * the records of these blocks are all that has to be read, and score as if all were
 * there: pairs are found rule by rule, in blocks that are whole. A block over the cap is
 * divided by what is in it, and all its pairs are scored again; so of everyone in such a
 * block the neighbours are wanted, too.
 *
 * The index of cdp.lookup (match_key.c) has the blocks by hash, as of the last run: the
 * records that changed since are here, all others are as they were. What it has too much,
 * entries of records that changed or vanished, is read in vain and does no harm. What it
 * has not, records beyond those that a row has, or a rule that it was not written by,
 * makes this give up, and all records are read.
 */
#include "match/engine.h"

#include "catalog/pg_type.h"
#include "match/match_key.h"
#include "utils/memutils.h"

/* with more than these, all may be read as well */
#define MOST(records) (10000 + (records) / 4)

/* A block that is asked for. */
typedef struct Wanted
{
	uint32		key;
	bool		large;			/* it has a row of its own */
	int32		n;				/* records in it, at most */
} Wanted;

/* An entry of the index for it. */
typedef struct Entry
{
	int32		wanted;
	int64		record;
} Entry;

typedef struct Search
{
	CdpMatchEngine *e;			/* with the records that changed, and as they were */
	CdpBlocker	index;			/* the rules of the index */
	int			rule[CDP_MAX_RULES];	/* where a rule of the engine is among them */
	int			bits;
	double		records;		/* in the space, when the index was written */
	MemoryContext row;			/* reset for each row of the index */
	Wanted	   *wanted;			/* ascending by key */
	int			n_wanted;
	Entry	   *entry;
	int64		n_entries,
				a_entries;
	bool		large;			/* rows of large blocks come */
	int64	   *record;			/* what was found */
	int64		n_records,
				a_records;
} Search;

static int
compare_keys(const void *x, const void *y)
{
	uint32		a = *(const uint32 *) x,
				b = *(const uint32 *) y;

	return a < b ? -1 : a > b;
}

#define ST_SORT sort_records
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static void
add_record(Search *s, int64 record)
{
	if (s->n_records == s->a_records)
	{
		s->a_records = s->a_records ? s->a_records * 2 : 1024;
		s->record = s->record ? repalloc_huge(s->record, s->a_records * sizeof(int64)) : MemoryContextAllocHuge(CurrentMemoryContext, s->a_records * sizeof(int64));
	}
	s->record[s->n_records++] = record;
}

static ArrayType *
array_of(int64 *record, int64 n)
{
	Datum	   *datums = MemoryContextAllocHuge(CurrentMemoryContext, (n + 1) * sizeof(Datum));
	int64		unique = 0;

	sort_records(record, n);
	for (int64 i = 0; i < n; i++)
		if (i == 0 || record[i] != record[i - 1])
			datums[unique++] = Int64GetDatum(record[i]);
	return construct_array(datums, unique, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* The blocks of the store's records from the first on, each once. */
static void
want_blocks(Search *s, int32 first)
{
	const CdpBlocker *b = &s->e->blocker;
	int64		n = 0,
				blocks = 0;
	uint32	   *key = MemoryContextAllocHuge(CurrentMemoryContext, ((int64) (s->e->store.n - first) * b->n_rules + 1) * sizeof(uint32));

	for (int32 i = first; i < s->e->store.n; i++)
		for (int r = 0; r < b->n_rules; r++)
			if ((key[n] = cdp_key_of(&s->index, s->rule[r], i)) != 0)
				n++;
	qsort(key, n, sizeof(uint32), compare_keys);
	s->wanted = MemoryContextAllocHuge(CurrentMemoryContext, (n + 1) * sizeof(Wanted));
	for (int64 i = 0; i < n; i++)
		if (i > 0 && key[i] == key[i - 1])
			s->wanted[blocks - 1].n++;
		else
			s->wanted[blocks++] = (Wanted) {.key = key[i], .n = 1};
	s->n_wanted = blocks;
	s->n_entries = 0;
	pfree(key);
}

static int32
row_of(const Search *s, uint32 key)
{
	return s->large ? cdp_key_large_bucket(key) : cdp_key_bucket(key, s->bits);
}

/* The first of what is wanted that is not below key. */
static int
first_wanted(const Search *s, uint32 key)
{
	int			w = 0,
				end = s->n_wanted;

	while (w < end)
	{
		int			middle = w + (end - w) / 2;

		if (s->wanted[middle].key < key)
			w = middle + 1;
		else
			end = middle;
	}
	return w;
}

/* (entries): both the row's and what is wanted are sorted by key */
static void
index_row(TupleTableSlot *slot, void *state)
{
	Search	   *s = state;
	MemoryContext old = MemoryContextSwitchTo(s->row);
	CdpKeyEntries entries = cdp_key_entries(DatumGetByteaPP(slot->tts_values[0]));
	int			w = -1;

	MemoryContextSwitchTo(old);
	while (cdp_key_next(&entries))
	{
		if (w < 0)
			w = first_wanted(s, entries.key);
		while (w < s->n_wanted && s->wanted[w].key < entries.key)
			w++;
		if (w == s->n_wanted)
			break;
		if (s->wanted[w].key != entries.key || (s->large && !s->wanted[w].large))
			continue;
		if (entries.record == 0)
		{
			s->wanted[w].large = true;
			continue;
		}
		if (s->n_entries == s->a_entries)
		{
			s->a_entries = s->a_entries ? s->a_entries * 2 : 1024;
			s->entry = s->entry ? repalloc_huge(s->entry, s->a_entries * sizeof(Entry)) : MemoryContextAllocHuge(CurrentMemoryContext, s->a_entries * sizeof(Entry));
		}
		s->entry[s->n_entries++] = (Entry) {.wanted = w, .record = entries.record};
		s->wanted[w].n++;
	}
	MemoryContextReset(s->row);
}

/* Reads the rows of what is wanted: all of it, or the large blocks of it. */
static void
read_index(Search *s, bool large)
{
	Oid			argtypes[1] = {INT4ARRAYOID};
	Datum		args[1];
	Datum	   *row = MemoryContextAllocHuge(CurrentMemoryContext, (s->n_wanted + 1) * sizeof(Datum));
	int			n = 0;

	s->large = large;
	for (int w = 0; w < s->n_wanted; w++)
		if ((!large || s->wanted[w].large) && (n == 0 || DatumGetInt32(row[n - 1]) != row_of(s, s->wanted[w].key)))
			row[n++] = Int32GetDatum(row_of(s, s->wanted[w].key));
	args[0] = PointerGetDatum(construct_array(row, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	if (n > 0)
		cdp_core_stream(psprintf("SELECT k.entries::pg_catalog.bytea FROM %s.match_key k"
								 " WHERE k.bucket OPERATOR(pg_catalog.=) ANY ($1)", s->e->schema), 1, argtypes, args, index_row, s);
	pfree(row);
}

/* Who is in the blocks of the store's records from the first on; false: not known. */
static bool
find_members(Search *s, int32 first)
{
	bool	   *known;
	bool		fine = true;
	int64		others;

	want_blocks(s, first);
	read_index(s, false);
	others = s->n_entries;
	read_index(s, true);
	known = palloc0(s->n_wanted + 1);
	for (int64 i = others; i < s->n_entries; i++)
		known[s->entry[i].wanted] = true;
	for (int w = 0; w < s->n_wanted; w++)
		fine &= known[w] || !s->wanted[w].large;
	for (int64 i = 0; i < s->n_entries; i++)
		add_record(s, s->entry[i].record);
	pfree(known);
	/* one may be in several of them */
	return fine && s->n_records <= 8 * MOST(s->records);
}

/* The rules of the engine among those of the index; false: not all are there. */
static bool
map_rules(Search *s)
{
	const CdpBlocker *b = &s->e->blocker;

	for (int r = 0; r < b->n_rules; r++)
	{
		int			i = 0;

		while (i < s->index.n_rules && (s->index.rule[i].own || s->index.rule[i].keys != b->rule[r].keys))
			i++;
		if (i == s->index.n_rules)
			return false;
		s->rule[r] = i;
	}
	return true;
}

/* The search proper; false: not known. */
static bool
find_neighbours(Search *s)
{
	int32		n = s->e->store.n;
	int64	   *divided;
	int64		n_divided = 0;

	if (!cdp_key_is_indexed(s->e, &s->bits, &s->records))
		return false;
	/* the same keys, other rules */
	s->index = s->e->blocker;
	s->index.n_rules = 0;
	cdp_key_read_rules(&s->index, s->e->comparison, s->e->schema, false);
	if (!map_rules(s))
		return false;
	for (int32 i = 0; i < n; i++)
		add_record(s, s->e->record[i]);
	if (!find_members(s, 0))
		return false;

	/* who is in a block that may be divided */
	divided = MemoryContextAllocHuge(CurrentMemoryContext, (s->n_entries + 1) * sizeof(int64));
	for (int64 i = 0; i < s->n_entries; i++)
		if (s->wanted[s->entry[i].wanted].n > s->e->blocker.max_block)
			divided[n_divided++] = s->entry[i].record;
	if (n_divided == 0)
		return true;
	cdp_engine_read_more(s->e, array_of(divided, n_divided));
	return find_members(s, n);
}

ArrayType *
cdp_engine_neighbours(Oid space, int model_id)
{
	Search	   *s = palloc0(sizeof(Search));
	ArrayType  *near = NULL;

	s->row = AllocSetContextCreate(CurrentMemoryContext, "cdp matching, a row of the index", ALLOCSET_DEFAULT_SIZES);
	s->e = cdp_engine_open(space, model_id, " WHERE r.record_id IN (SELECT c.record_id FROM pg_temp.cdp_changed c)", NULL);
	cdp_engine_read_former(s->e);
	cdp_match_engine_show(s->e, "looking for who shares a block with what changed");
	if (find_neighbours(s))
	{
		near = array_of(s->record, s->n_records);
		if (ArrayGetNItems(ARR_NDIM(near), ARR_DIMS(near)) > MOST(s->records))
			near = NULL;
	}
	ereport(DEBUG1, errmsg_internal("cdp matching: %d records are changed or were, %d are read", s->e->store.n, near ? ArrayGetNItems(ARR_NDIM(near), ARR_DIMS(near)) : -1));
	cdp_match_engine_close(s->e);
	return near;
}
