/*
 * store.h
 *	  The people to be matched, in memory: columns of dictionary-coded, prepared values.
 *
 * A column is one input of a comparison: its distinct values are prepared once
 * (compare.h) and numbered; a record is a row of those numbers. Records are added in
 * canonical order (source, source key) and known by their place in it, so that nothing
 * that is computed from a store depends on the order in which rows were written.
 *
 * A text may be a list: several values of one record, between CDP_BETWEEN. It has a code as
 * any text has, which stands for the codes of its values; what is made of a value
 * (blocking keys) is made of its first. Who compares takes those two that agree best
 * (score.c). Names of people are no lists.
 */
#ifndef CDP_MATCH_STORE_H
#define CDP_MATCH_STORE_H

#include "match/compare.h"

#define CDP_MAX_COLUMNS 32
#define CDP_COLUMN_KEYS 6
#define CDP_MISSING (-1)
#define CDP_BETWEEN '\037'		/* unit separator: cleaning leaves none in a value */
#define CDP_MAX_LIST 8			/* values of a list; more are left out */

/* Of a name: a sum over its letters, in any order, so that sums of several names can be compared; even. */
#define CDP_LETTERS (CDP_COLUMN_KEYS - 1)

typedef struct CdpColumn
{
	CdpMeasure	measure;
	int			input;
	CdpValue   *value;			/* by code */
	uint64_t   *hash;
	uint32_t  (*key)[CDP_COLUMN_KEYS];	/* by code: blocking keys, 0 for none; of names the last is CDP_LETTERS */
	int32_t    *count;			/* by code: records that hold it */
	float	   *rarity;			/* by code: how much rarer it is than values in general; 1/8: eight times */
	uint64_t   *origins;		/* by code, or NULL: where a name comes from (origin.h), 0 where nobody knows */
	int32_t    *list;			/* by code, or NULL while there is no list: its place among the lists; CDP_MISSING: a single value */
	int32_t   (*lists)[CDP_MAX_LIST];	/* their values, CDP_MISSING behind the last */
	int32_t		n_lists,
				a_lists;
	int32_t		n_values,
				a_values;
	int32_t    *slot;			/* hash table of codes */
	uint32_t	n_slots;
	double		agree;			/* how often two people have the same value */
	CdpArena	arena;			/* of what is prepared of values */
} CdpColumn;

typedef struct CdpStore
{
	int			n_columns;
	CdpColumn	column[CDP_MAX_COLUMNS];
	int32_t		n,
				allocated;
	int32_t    *code;			/* n x n_columns */
	bool		has_lists;		/* in any column */
	CdpNicknames *nicknames;
	CdpWork		work;
} CdpStore;

extern bool cdp_store_open(CdpStore *store);
extern int	cdp_store_add_column(CdpStore *store, CdpMeasure measure, int input);
/* A new record, all missing; its number, or -1 when out of memory. */
extern int32_t cdp_store_add_record(CdpStore *store);
extern bool cdp_store_set(CdpStore *store, int32_t record, int column, const char *s, size_t len);

/* A text among others in one piece of memory. */
typedef struct CdpStoreText
{
	size_t		at;
	int32_t		len;			/* -1: missing */
} CdpStoreText;

/*
 * Many records at once, which is faster. First the codes of each column; columns may be
 * done by different threads, each with a work of its own: row i has its text of column c
 * in text[i * n_columns + c]. n, or the first row for which work->problem is set.
 */
extern int32_t cdp_store_encode(CdpStore *store, CdpWork *work, int c, const char *texts, const CdpStoreText *text, int32_t n, int32_t *code);
/* Then the records: the code of row i in column c is code[c * n + i]. False: out of memory. */
extern bool cdp_store_add_encoded(CdpStore *store, int32_t n, const int32_t *code);
/* The code of a value, or CDP_MISSING. */
extern int32_t cdp_store_find(const CdpColumn *column, const char *s, size_t len);
/* No value will be added or looked for any more: gives back what that would take. */
extern void cdp_store_seal(CdpStore *store);
/* Forgets all records and values; columns and nicknames stay. */
extern void cdp_store_clear(CdpStore *store);
extern void cdp_store_close(CdpStore *store);

static inline const int32_t *
cdp_store_codes(const CdpStore *store, int32_t record)
{
	return store->code + (size_t) record * store->n_columns;
}

/* The values of a code: itself, or what it lists; how many. */
static inline int
cdp_column_values(const CdpColumn *column, const int32_t *code, const int32_t **values)
{
	int			n = 0;

	*values = code;
	if (*code < 0)
		return 0;
	if (column->list == NULL || column->list[*code] < 0)
		return 1;
	*values = column->lists[column->list[*code]];
	while (n < CDP_MAX_LIST && (*values)[n] >= 0)
		n++;
	return n;
}

/* Asks for the blocking keys of a record that comes soon. */
static inline void
cdp_store_fetch_keys(const CdpStore *store, int32_t record)
{
	const int32_t *codes;

	if (record >= store->n)
		return;
	codes = cdp_store_codes(store, record);
	for (int c = 0; c < store->n_columns; c++)
		if (codes[c] >= 0)
			__builtin_prefetch(store->column[c].key[codes[c]]);
}

/*
 * Records of a pair lie anywhere in memory, so what will be compared soon is asked for
 * in time: first the codes of a record, then its values, then what was prepared of them.
 */
static inline void
cdp_store_fetch_codes(const CdpStore *store, int32_t record)
{
	__builtin_prefetch(cdp_store_codes(store, record));
}

/* Only what differs is compared. */
static inline void
cdp_store_fetch_unequal(const CdpStore *store, int32_t a, int32_t b)
{
	const int32_t *x = cdp_store_codes(store, a);
	const int32_t *y = cdp_store_codes(store, b);

	for (int c = 0; c < store->n_columns; c++)
		if (x[c] >= 0 && y[c] >= 0)
		{
			__builtin_prefetch(&store->column[c].key[x[c]]);
			if (x[c] == y[c])
			{
				__builtin_prefetch(&store->column[c].rarity[x[c]]);
				continue;
			}
			__builtin_prefetch(&store->column[c].key[y[c]]);
			__builtin_prefetch(&store->column[c].value[x[c]]);
			__builtin_prefetch(&store->column[c].value[y[c]]);
		}
}

static inline void
cdp_store_fetch_unequal_forms(const CdpStore *store, int32_t a, int32_t b)
{
	const int32_t *x = cdp_store_codes(store, a);
	const int32_t *y = cdp_store_codes(store, b);

	for (int c = 0; c < store->n_columns; c++)
		if (x[c] >= 0 && y[c] >= 0 && x[c] != y[c])
		{
			__builtin_prefetch(store->column[c].value[x[c]].extra);
			__builtin_prefetch(store->column[c].value[y[c]].extra);
		}
}

static inline void
cdp_store_fetch_values(const CdpStore *store, int32_t record)
{
	const int32_t *codes = cdp_store_codes(store, record);

	for (int c = 0; c < store->n_columns; c++)
		if (codes[c] >= 0)
			__builtin_prefetch(&store->column[c].value[codes[c]]);
}

static inline void
cdp_store_fetch_forms(const CdpStore *store, int32_t record)
{
	const int32_t *codes = cdp_store_codes(store, record);

	for (int c = 0; c < store->n_columns; c++)
		if (codes[c] >= 0)
		{
			const CdpValue *value = &store->column[c].value[codes[c]];

			__builtin_prefetch(value->extra);
			__builtin_prefetch((const char *) value->extra + 64);
		}
}

/* 64-bit mix of Stafford's variant 13 */
static inline uint64_t
cdp_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

#endif
