/*
 * match_key.c
 *	  The index of cdp.lookup: writing the table match_key.
 *
 * For every record and rule the 32 bits of hash that cdp_rule_key gives (block.c), with
 * the record, sorted, and cut by the highest bits into rows of some hundred entries. A hash
 * that more than CDP_KEY_BLOCK records share has one entry, record 0: too many to look at.
 * Of a rule by which pairs are found (the hash is odd) such a block has a row of its own
 * (a bucket below 0), where no lookup sees it: for runs over changes, which want all who are
 * in it (neighbour.c).
 * The rules are the model's and the user's and, beside them, some for lookups alone
 * (own_rules): training chooses rules by what two records have in common, but a person
 * at a counter gives a name and a birth date, whatever the sources hold.
 *
 * In a row an entry is two numbers in base 128, the lowest digits first, with the high
 * bit where another digit follows (LEB128): how much greater its hash is than the one
 * before, and the id of its record. That is some five bytes.
 *
 * Written from the records that the matching engine holds anyway when cdp.resolve
 * clusters. As a whole: hashes are made and those of each part of their range counted; then
 * they become entries, words of the hash above the place of its record, in the parts, of which
 * each fits a processor's cache, and are sorted there. Other threads do that while the
 * backend's own writes links, helps, and copies the rows into the table. That is 8 bytes an
 * entry, some 100 for a record, and 4 for each record and rule while entries are few. After a change:
 * rows that entries of changed records go to are read, merged and written. Entries that
 * those records had elsewhere before stay behind, which lookup.c knows.
 *
 * Locks: none here; the callers hold the advisory lock of the space.
 */
#include "match/match_key.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "match/engine.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include <sys/mman.h>
#include <unistd.h>

#define ENTRIES 256				/* in a row of match_key, at most, on average: some 1300 bytes, so that few are toasted */
#define PART_ENTRIES 65536		/* in a part, half a megabyte, on average */
#define MOST_BYTES 15				/* of an entry: 32 and 64 bits, seven in a byte */
#define AHEAD 16				/* entries or records, what is in memory of them is asked for so early */
#define CHUNKS 64				/* of the records, that threads take */
#define OWN_RULES 1000			/* rules beyond this number are for lookups alone */
#define MAX_BLOCK 1000000		/* records in a row of its own: of a larger block that has record 0, too */
#define FINDS_PAIRS(key) (((key) & 1) != 0)

/* ---------------------------------------------------------------- statements */

/* A statement with the schema for its %s. */
static void
run(CdpMatchEngine *e, const char *sql, int nargs, Oid *argtypes, Datum *args)
{
	cdp_core_query(psprintf(sql, e->schema), nargs, argtypes, args, NULL, false);
}

/* ---------------------------------------------------------------- rules */

void
cdp_key_read_rules(CdpBlocker *b, const char *const *comparison, const char *schema, bool read_only)
{
	cdp_core_query(psprintf("SELECT r.keys::pg_catalog.text[], r.rule > %d FROM %s.match_key_rule r WHERE r.keys IS NOT NULL ORDER BY r.rule", OWN_RULES, schema), 0, NULL, NULL, NULL, read_only);
	for (uint64 i = 0; i < SPI_processed && b->n_rules < CDP_MAX_RULES; i++)
	{
		bool		isnull;
		Datum		names = cdp_core_result(i, 1, &isnull);

		b->rule[b->n_rules++] = (CdpRule) {.keys = cdp_match_rule_keys(b, comparison, names), .own = DatumGetBool(cdp_core_result(i, 2, &isnull))};
	}
}

/* A key of the comparison, or of the person's name when it begins with given, family or either. */
typedef struct OwnRule
{
	CdpMeasure	measure;
	const char *key[CDP_RULE_KEYS];
} OwnRule;

static const OwnRule own_rules[] = {
	{CDP_MEASURE_PERSON_NAME, {"either order"}},
	{CDP_MEASURE_PERSON_NAME, {"given sound", "family sound"}},
	{CDP_MEASURE_PERSON_NAME, {"given nickname", "family sound"}},
	{CDP_MEASURE_PERSON_NAME, {"given beginning", "family beginning"}},
	{CDP_MEASURE_PERSON_NAME, {"family exact"}},
	{CDP_MEASURE_ID, {"exact"}},
	{CDP_MEASURE_EMAIL, {"local part"}},
	{CDP_MEASURE_PHONE, {"exact"}},
	{CDP_MEASURE_STREET, {"number", "sound"}},
	{CDP_MEASURE_BIRTH_DATE, {"exact"}},
	{CDP_MEASURE_BIRTH_DATE, {"family sound", "exact"}},
	{CDP_MEASURE_BIRTH_DATE, {"given nickname", "exact"}},
	{CDP_MEASURE_BIRTH_DATE, {"family sound", "year and month"}},
	{CDP_MEASURE_BIRTH_DATE, {"family sound", "day and month"}},
	{CDP_MEASURE_POSTAL_CODE, {"family sound", "exact"}},
	{CDP_MEASURE_POSTAL_CODE, {"given nickname", "exact"}},
	{CDP_MEASURE_CITY, {"given nickname", "family sound", "exact"}},
	{CDP_MEASURE_NAME, {"exact"}},
	{CDP_MEASURE_TEXT, {"exact"}},
	{CDP_MEASURE_DATE, {"exact"}},
	{CDP_MEASURE_NUMBER, {"exact"}},
	/* coarse ones: all who could be meant by one name */
	{CDP_MEASURE_PERSON_NAME, {"given nickname"}},
	{CDP_MEASURE_PERSON_NAME, {"given sound"}},
	{CDP_MEASURE_PERSON_NAME, {"family sound"}},
};

bool
cdp_key_is_coarse(const CdpBlocker *b, int rule)
{
	uint64		keys = b->rule[rule].keys;
	const CdpKey *key = keys == 0 || (keys & (keys - 1)) != 0 ? NULL : &b->key[__builtin_ctzll(keys)];

	return key && b->rule[rule].own && b->model->comparison[key->comparison].measure == CDP_MEASURE_PERSON_NAME && key->input >= 0 && strcmp(key->name, "exact") != 0;
}

/* The number of a key, or -1. */
static int
find_key(const CdpBlocker *b, int comparison, const char *name)
{
	int			input = 0;

	if (strncmp(name, "given ", 6) == 0 || strncmp(name, "family ", 7) == 0 || strcmp(name, "either order") == 0)
	{
		comparison = 0;
		while (comparison < b->model->n && b->model->comparison[comparison].measure != CDP_MEASURE_PERSON_NAME)
			comparison++;
		input = name[0] == 'g' ? 0 : name[0] == 'f' ? 1 : -1;
		name = input < 0 ? name : strchr(name, ' ') + 1;
	}
	for (int k = 0; k < b->n_keys; k++)
		if (b->key[k].comparison == comparison && b->key[k].input == input && strcmp(b->key[k].name, name) == 0)
			return k;
	return -1;
}

/* Adds the rules for lookups that are not there yet. */
static void
add_own_rules(CdpMatchEngine *e, CdpBlocker *b)
{
	Oid			argtypes[] = {INT4OID, TEXTARRAYOID};

	for (int o = 0; o < lengthof(own_rules); o++)
		for (int c = 0; c < e->model.n; c++)
		{
			uint64		bits = 0;
			Datum		names[CDP_RULE_KEYS];
			Datum		args[2];
			int			n = 0;
			bool		skip = false;

			if (e->model.comparison[c].measure != own_rules[o].measure || b->n_rules == CDP_MAX_RULES)
				continue;
			for (int i = 0; i < CDP_RULE_KEYS && own_rules[o].key[i]; i++)
			{
				int			k = find_key(b, c, own_rules[o].key[i]);

				skip |= k < 0;
				if (skip)
					break;
				bits |= UINT64CONST(1) << k;
				names[n++] = CStringGetTextDatum(cdp_match_key_label(&e->model, &b->key[k], e->comparison[b->key[k].comparison]));
			}
			for (int r = 0; r < b->n_rules; r++)
				skip |= b->rule[r].keys == bits;
			if (skip)
				continue;
			b->rule[b->n_rules++] = (CdpRule) {.keys = bits, .own = true};
			args[0] = Int32GetDatum(OWN_RULES + b->n_rules);
			args[1] = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
			run(e, "INSERT INTO %s.match_key_rule (rule, keys) VALUES ($1, $2)", 2, argtypes, args);
		}
}

/* ---------------------------------------------------------------- rows */

/* A row of match_key while it is put together. */
typedef struct Row
{
	StringInfoData bytes;
	uint32		key;			/* of the last entry */
	int			n;				/* entries */
} Row;

typedef struct Writer
{
	CdpMatchEngine *e;
	CdpBlocker *b;				/* the rules of the index */
	int			bits;
	int64		written;		/* entries */
} Writer;

/* What another thread sees, malloc'ed: the entries of a whole space while they are made. */
typedef struct Parts
{
	CdpBlocker	blocker;		/* of the engine's records, with the rules of the index */
	uint64		keys;			/* that the rules use */
	int			bits;			/* a part is so many of the highest bits of a hash */
	int64		n;				/* entries */
	uint64	   *entry;
	int64	   *at;				/* chunk by chunk: where the next entry of each part goes; of the last chunk: the end of the part */
	uint32	   *mark;			/* of each record and rule, 0: none; while entries are counted */
} Parts;

/* Rows on their way into the table, encoded by another thread; malloc'ed. */
typedef struct Encoded
{
	const CdpMatchEngine *e;
	const Parts *parts;
	int			bits;			/* of the hash: a row */
	int			unit_bits;		/* of the hash: what is encoded at once, a part or a row if that is more */
	int64		unit;
	int64		n;				/* entries */
	char	   *bytes;
	size_t		allocated;
	int32	   *bucket;
	size_t	   *end;			/* in bytes */
	int			rows,
				a_rows;
	int			given;
	CdpErrand	errand;
} Encoded;

struct CdpMatchKeys
{
	Writer		writer;
	Parts	   *parts;
	CdpErrand	errand;
	Encoded		encoded[2];		/* one is copied while another thread makes the next */
};

static char *
put_number(char *to, uint64 n)
{
	for (; n > 127; n >>= 7)
		*to++ = (char) (n | 128);
	*to++ = (char) n;
	return to;
}

static char *
put_entry(char *to, uint32 step, int64 record)
{
	return put_number(put_number(to, step), (uint64) record);
}

static void
row_clear(Row *row)
{
	resetStringInfo(&row->bytes);
	row->key = 0;
	row->n = 0;
}

/* Entries come by hash. */
static void
row_add(Row *row, uint32 key, int64 record)
{
	enlargeStringInfo(&row->bytes, MOST_BYTES);
	row->bytes.len = put_entry(row->bytes.data + row->bytes.len, key - row->key, record) - row->bytes.data;
	row->key = key;
	row->n++;
}

static bool
take_number(CdpKeyEntries *entries, uint64 *n)
{
	*n = 0;
	for (int shift = 0; shift < 64 && entries->at < entries->end; shift += 7)
	{
		uint8		digit = *entries->at++;

		*n |= (uint64) (digit & 127) << shift;
		if (digit < 128)
			return true;
	}
	return false;
}

CdpKeyEntries
cdp_key_entries(const bytea *row)
{
	return (CdpKeyEntries)
	{
		.at = (const uint8 *) VARDATA_ANY(row), .end = (const uint8 *) VARDATA_ANY(row) + VARSIZE_ANY_EXHDR(row)
	};
}

bool
cdp_key_next(CdpKeyEntries *entries)
{
	uint64		step,
				record;

	if (entries->at == entries->end)
		return false;
	if (!take_number(entries, &step) || !take_number(entries, &record) || step > PG_UINT32_MAX - entries->key)
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("the index of cdp.lookup has been altered"),
				errhint("Empty the table match_key_info of the space; the next cdp.resolve writes the index anew."));
	entries->key += step;
	entries->record = (int64) record;
	return true;
}

/*
 * Sorts entries of which bits of the hash, from the highest, are the same, by the rest of
 * it, a byte at a time; those of one hash stay as they are. spare holds as many.
 */
static void
sort_entries(uint64 *entry, uint64 *spare, int64 n, int bits)
{
	for (int shift = 32; shift < 64 - bits; shift += 8)
	{
		int64		at[256] = {0};
		int64		sum = 0;

		for (int64 i = 0; i < n; i++)
			at[entry[i] >> shift & 255]++;
		/* all in one place: nothing to move */
		if (n == 0 || at[entry[0] >> shift & 255] == n)
			continue;
		for (int digit = 0; digit < 256; digit++)
		{
			int64		here = at[digit];

			at[digit] = sum;
			sum += here;
		}
		for (int64 i = 0; i < n; i++)
			spare[at[entry[i] >> shift & 255]++] = entry[i];
		memcpy(entry, spare, n * sizeof(uint64));
	}
}

/* ---------------------------------------------------------------- as a whole */

/* Makes the keys of a chunk of the records, and counts them part by part. */
static bool
count_chunk(void *state, int thread, int64_t chunk)
{
	Parts	   *p = state;
	const CdpBlocker *b = &p->blocker;
	int64		n = b->store->n;
	int64	   *at = p->at + (chunk << p->bits);

	for (int32 i = n * chunk / CHUNKS; i < n * (chunk + 1) / CHUNKS; i++)
	{
		uint32	   *mark = p->mark + (size_t) i * b->n_rules;

		cdp_store_fetch_keys(b->store, i + AHEAD);
		cdp_rule_keys(b, p->keys, i, mark);
		for (int r = 0; r < b->n_rules; r++)
		{
			mark[r] = cdp_key_mark(mark[r], b->rule[r].own);
			at[cdp_key_bucket(mark[r], p->bits)] += mark[r] != 0;
		}
	}
	return true;
}

/* The whole pages between two addresses are not wanted any more. */
static void
give_back(const void *from, const void *to)
{
	uintptr_t	page = sysconf(_SC_PAGESIZE);
	uintptr_t	first = ((uintptr_t) from + page - 1) / page * page;
	uintptr_t	last = (uintptr_t) to / page * page;

	if (first < last)
		(void) madvise((void *) first, last - first, MADV_DONTNEED);
}

/* Puts them where they belong; the memory of the one goes as that of the other comes. */
static bool
place_chunk(void *state, int thread, int64_t chunk)
{
	Parts	   *p = state;
	const CdpBlocker *b = &p->blocker;
	int64		n = b->store->n;
	int64	   *at = p->at + (chunk << p->bits);
	const uint32 *mark = p->mark + n * chunk / CHUNKS * b->n_rules;

	for (int32 i = n * chunk / CHUNKS; i < n * (chunk + 1) / CHUNKS; i++)
		for (int r = 0; r < b->n_rules; r++, mark++)
			if (*mark != 0)
				p->entry[at[cdp_key_bucket(*mark, p->bits)]++] = (uint64) *mark << 32 | i;
	give_back(p->mark + n * chunk / CHUNKS * b->n_rules, mark);
	return true;
}

static int64
part_start(const Parts *p, int64 part)
{
	return part == 0 ? 0 : p->at[((int64) (CHUNKS - 1) << p->bits) + part - 1];
}

static bool
sort_part(void *state, int thread, int64_t part)
{
	Parts	   *p = state;
	int64		from = part_start(p, part),
				n = part_start(p, part + 1) - from;
	uint64	   *spare = malloc((n + 1) * sizeof(uint64));

	if (spare == NULL)
		return false;
	sort_entries(p->entry + from, spare, n, p->bits);
	free(spare);
	return true;
}

/* All entries, sorted by hash, then place. False: out of memory, or the crew has stopped. */
static bool
collect(void *state, CdpCrew *crew)
{
	Parts	   *p = state;
	int64		expected = (int64) p->blocker.store->n * p->blocker.n_rules;

	for (p->bits = 0; p->bits < 16 && (int64) PART_ENTRIES << p->bits < expected;)
		p->bits++;
	p->at = calloc((size_t) CHUNKS << p->bits, sizeof(int64));
	p->mark = malloc((expected + 1) * sizeof(uint32));
	if (p->at == NULL || p->mark == NULL || !cdp_crew_run(crew, CHUNKS, count_chunk, p))
		return false;
	for (int64 part = 0; part < (int64) 1 << p->bits; part++)
		for (int64 chunk = 0; chunk < CHUNKS; chunk++)
		{
			int64	   *a = &p->at[(chunk << p->bits) + part];
			int64		here = *a;

			*a = p->n;
			p->n += here;
		}
	p->entry = malloc((p->n + 1) * sizeof(uint64));
	if (p->entry == NULL || !cdp_crew_run(crew, CHUNKS, place_chunk, p))
		return false;
	free(p->mark);
	p->mark = NULL;
	return cdp_crew_run(crew, (int64) 1 << p->bits, sort_part, p);
}

/* Called when the engine goes, however that comes about. */
static void
release_keys(void *arg)
{
	CdpMatchKeys *keys = arg;

	cdp_errand_abandon(&keys->errand);
	for (int i = 0; i < 2; i++)
	{
		Encoded    *d = &keys->encoded[i];

		cdp_errand_abandon(&d->errand);
		free(d->bytes);
		free(d->bucket);
		free(d->end);
		*d = (Encoded) {0};
	}
	if (keys->parts)
	{
		cdp_blocker_close(&keys->parts->blocker);
		free(keys->parts->entry);
		free(keys->parts->at);
		free(keys->parts->mark);
		free(keys->parts);
		keys->parts = NULL;
	}
}

static CdpMatchKeys *
open_keys(CdpMatchEngine *e)
{
	CdpMatchKeys *keys = MemoryContextAllocZero(e->context, sizeof(CdpMatchKeys));
	MemoryContextCallback *callback = MemoryContextAllocZero(e->context, sizeof(MemoryContextCallback));

	keys->writer.e = e;
	callback->func = release_keys;
	callback->arg = keys;
	MemoryContextRegisterResetCallback(e->context, callback);
	keys->parts = calloc(1, sizeof(Parts));
	cdp_match_engine_require(e, keys->parts != NULL);
	cdp_match_engine_require(e, cdp_blocker_open(&keys->parts->blocker, &e->store, &e->model));
	keys->writer.b = &keys->parts->blocker;
	return keys;
}

CdpMatchKeys *
cdp_match_keys_begin(CdpMatchEngine *e)
{
	MemoryContext old = MemoryContextSwitchTo(e->context);
	CdpMatchKeys *keys = open_keys(e);
	CdpBlocker *b = &keys->parts->blocker;

	run(e, "DELETE FROM %s.match_key", 0, NULL, NULL);
	run(e, "DELETE FROM %s.match_key_rule", 0, NULL, NULL);
	run(e, "DELETE FROM %s.match_key_info", 0, NULL, NULL);
	run(e, psprintf("INSERT INTO %%1$s.match_key_rule (rule, keys) SELECT row_number() OVER (ORDER BY x.own, x.rule, x.name), x.keys FROM ("
					" SELECT false AS own, r.rule, ''::text AS name, r.keys FROM %%1$s.match_rule r WHERE r.model_id = %d"
					" UNION ALL SELECT true, 0, u.rule, u.keys FROM %%1$s.match_user_rule u) x", e->model_id), 0, NULL, NULL);
	cdp_key_read_rules(b, e->comparison, e->schema, false);
	add_own_rules(e, b);
	for (int r = 0; r < b->n_rules; r++)
		keys->parts->keys |= b->rule[r].keys;
	keys->errand = (CdpErrand)
	{
		.fn = collect, .state = keys->parts, .crew = &e->crew
	};
	cdp_errand_start(&keys->errand);
	MemoryContextSwitchTo(old);
	return keys;
}

static bool
make_row(Encoded *d, int32 bucket, size_t end)
{
	if (d->rows == d->a_rows)
	{
		int			more = d->a_rows ? d->a_rows * 2 : 1024;
		int32	   *buckets = realloc(d->bucket, more * sizeof(int32));
		size_t	   *ends;

		if (buckets == NULL)
			return false;
		d->bucket = buckets;
		ends = realloc(d->end, more * sizeof(size_t));
		if (ends == NULL)
			return false;
		d->end = ends;
		d->a_rows = more;
	}
	d->bucket[d->rows] = bucket;
	d->end[d->rows++] = end;
	return true;
}

/* The rows of a unit. Of the records of one hash there is record 0 instead, when they are too many. */
static bool
encode(void *state, CdpCrew *crew)
{
	Encoded    *d = state;
	const Parts *p = d->parts;
	int64		at = part_start(p, d->unit << (p->bits - d->unit_bits)),
				to = part_start(p, (d->unit + 1) << (p->bits - d->unit_bits));
	size_t		most = (size_t) (to - at) * MOST_BYTES;
	char	   *byte;

	if (most > d->allocated)
	{
		free(d->bytes);
		d->allocated = 0;
		d->bytes = malloc(most);
		if (d->bytes == NULL)
			return false;
		d->allocated = most;
	}
	d->n = d->rows = d->given = 0;
	byte = d->bytes;
	while (at < to)
	{
		int32		bucket = cdp_key_bucket(p->entry[at] >> 32, d->bits);
		uint32		last = 0;

		while (at < to && cdp_key_bucket(p->entry[at] >> 32, d->bits) == bucket)
		{
			int64		from = at;
			uint32		key = p->entry[at] >> 32;

			for (; at < to && p->entry[at] >> 32 == key; at++)
				if (at + AHEAD < p->n)
					__builtin_prefetch(&d->e->record[(uint32) p->entry[at + AHEAD]]);
			for (int64 i = from; i < at; i++, last = key, d->n++)
			{
				byte = put_entry(byte, key - last, at - from > CDP_KEY_BLOCK ? 0 : d->e->record[(uint32) p->entry[i]]);
				if (at - from > CDP_KEY_BLOCK)
					i = at;
			}
		}
		if (!make_row(d, bucket, byte - d->bytes))
			return false;
	}
	return true;
}

/* The rows of a whole space, one after the other. */
typedef struct Rows
{
	CdpMatchKeys *keys;
	int			now;			/* which is copied */
	int64		unit;			/* that comes next */
	int64		at;				/* the first entry that was not given yet */
	Row			row;
} Rows;

/* Has the next unit encoded, if there is one. */
static void
encode_next(Rows *rows, Encoded *d)
{
	d->rows = d->given = 0;
	d->unit = rows->unit;
	if (rows->unit >> d->unit_bits == 0)
	{
		rows->unit++;
		cdp_errand_start(&d->errand);
	}
	else
		d->unit = -1;
}

static void
start_rows(Rows *rows, int bits)
{
	CdpMatchKeys *keys = rows->keys;

	for (int i = 0; i < 2; i++)
	{
		Encoded    *d = &keys->encoded[i];

		d->e = keys->writer.e;
		d->parts = keys->parts;
		d->bits = bits;
		d->unit_bits = Min(bits, keys->parts->bits);
		d->errand = (CdpErrand)
		{
			.fn = encode, .state = d, .crew = &keys->writer.e->crew
		};
		encode_next(rows, d);
		if (i == 0)
			cdp_match_engine_require(keys->writer.e, cdp_errand_finish(&d->errand));
	}
}

static bool
give_row(void *state, StringInfo out)
{
	Rows	   *rows = state;
	CdpMatchKeys *keys = rows->keys;
	Encoded    *d = &keys->encoded[rows->now];
	size_t		from;

	while (d->given == d->rows)
	{
		keys->writer.written += d->n;
		d->n = 0;
		encode_next(rows, d);
		rows->now = !rows->now;
		d = &keys->encoded[rows->now];
		if (d->unit < 0)
			return false;
		cdp_match_engine_require(keys->writer.e, cdp_errand_finish(&d->errand));
	}
	from = d->given == 0 ? 0 : d->end[d->given - 1];
	cdp_core_copy_int4(out, d->bucket[d->given]);
	cdp_core_copy_bytes(out, d->bytes + from, d->end[d->given] - from);
	d->given++;
	return true;
}

/* The rows of large blocks by which pairs are found. */
static bool
give_large(void *state, StringInfo out)
{
	Rows	   *rows = state;
	const CdpMatchEngine *e = rows->keys->writer.e;
	const Parts *p = rows->keys->parts;

	while (rows->at < p->n)
	{
		int64		from = rows->at,
					n;
		uint32		key = p->entry[from] >> 32;

		while (rows->at < p->n && p->entry[rows->at] >> 32 == key)
			rows->at++;
		n = rows->at - from;
		if (n <= CDP_KEY_BLOCK || !FINDS_PAIRS(key))
			continue;
		row_clear(&rows->row);
		if (n > MAX_BLOCK)
			row_add(&rows->row, key, 0);
		for (int64 i = from; i < rows->at && n <= MAX_BLOCK; i++)
			row_add(&rows->row, key, e->record[(uint32) p->entry[i]]);
		cdp_core_copy_int4(out, cdp_key_large_bucket(key));
		cdp_core_copy_bytes(out, rows->row.bytes.data, rows->row.bytes.len);
		return true;
	}
	return false;
}

int64
cdp_match_keys_end(CdpMatchKeys *keys)
{
	static const char *const columns[] = {"bucket", "entries"};
	Writer	   *w = &keys->writer;
	CdpMatchEngine *e = w->e;
	const Parts *p = keys->parts;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp match keys", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Oid			argtypes[] = {INT4OID, INT4OID, INT4OID, INT8OID};
	Datum		args[] = {Int32GetDatum(e->model_id), Int32GetDatum(CDP_KEY_FORMAT), 0, Int64GetDatum(e->store.n)};
	Rows		rows = {.keys = keys};

	cdp_match_engine_show(e, "writing the index for look-ups");
	cdp_match_engine_require(e, cdp_errand_finish(&keys->errand));
	while (w->bits < 30 && (int64) ENTRIES << w->bits < p->n)
		w->bits++;
	initStringInfo(&rows.row.bytes);
	start_rows(&rows, w->bits);
	cdp_core_copy(e->space, "match_key", lengthof(columns), columns, give_row, &rows);
	cdp_core_copy(e->space, "match_key", lengthof(columns), columns, give_large, &rows);
	args[2] = Int32GetDatum(w->bits);
	run(e, "INSERT INTO %s.match_key_info (model_id, format, bits, records) VALUES ($1, $2, $3, $4)", 4, argtypes, args);
	release_keys(keys);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return w->written;
}

/* ---------------------------------------------------------------- after a change */

typedef struct Changes
{
	CdpMatchEngine *e;
	bool	   *changed;		/* by place */
	uint64		filter[1024];	/* bits: the lowest of the ids of those that changed */
} Changes;

static void
changed_row(TupleTableSlot *slot, void *state)
{
	Changes    *c = state;
	int32		at = slot->tts_isnull[0] ? -1 : cdp_match_engine_place(c->e, DatumGetInt64(slot->tts_values[0]));

	if (at >= 0)
	{
		int64		id = c->e->record[at];

		c->changed[at] = true;
		c->filter[id >> 6 & 1023] |= UINT64CONST(1) << (id & 63);
	}
}

/* The place of a record that changed, or -1. */
static inline int32
changed_place(const Changes *c, int64 id)
{
	int32		at = c->filter[id >> 6 & 1023] >> (id & 63) & 1 ? cdp_match_engine_place(c->e, id) : -1;

	return at >= 0 && c->changed[at] ? at : -1;
}

/* What the row of a bucket holds. */
static CdpKeyEntries
read_row(Writer *w, int32 bucket)
{
	static Oid	argtypes[] = {INT4OID};
	Datum		args[1] = {Int32GetDatum(bucket)};
	bool		isnull;

	cdp_core_execute(cdp_core_plan(w->e->space, "SELECT k.entries::pg_catalog.bytea FROM @.match_key k WHERE k.bucket OPERATOR(pg_catalog.=) $1",
						  1, argtypes), args, false);
	return SPI_processed == 0 ? (CdpKeyEntries) {0} : cdp_key_entries(DatumGetByteaPP(cdp_core_result(0, 1, &isnull)));
}

static void
write_row(Writer *w, int32 bucket, const Row *row)
{
	static Oid	argtypes[] = {INT4OID, BYTEAOID};
	Datum		args[2] = {Int32GetDatum(bucket), PointerGetDatum(cstring_to_text_with_len(row->bytes.data, row->bytes.len))};

	cdp_core_execute(cdp_core_plan(w->e->space, "INSERT INTO @.match_key (bucket, entries) VALUES ($1, $2)"
						" ON CONFLICT (bucket) DO UPDATE SET entries = excluded.entries", 2, argtypes), args, false);
}

/* Has a row, of one large block, the record, or record 0? */
static bool
row_has(const Row *row, int64 record)
{
	CdpKeyEntries entries = {.at = (const uint8 *) row->bytes.data, .end = (const uint8 *) row->bytes.data + row->bytes.len};

	while (cdp_key_next(&entries))
		if (entries.record == record || entries.record == 0)
			return true;
	return false;
}

/* Adds records to the row of a large block, which may not be there yet. */
static void
grow_large(Writer *w, uint32 key, CdpKeyEntries more)
{
	int32		bucket = cdp_key_large_bucket(key);
	CdpKeyEntries there = read_row(w, bucket);
	SPITupleTable *rows = SPI_tuptable;
	Row			row = {0};
	int			was;

	initStringInfo(&row.bytes);
	while (cdp_key_next(&there))
		row_add(&row, key, there.record);
	was = row.n;
	while (cdp_key_next(&more))
		if (more.record != 0 && !row_has(&row, more.record))
			row_add(&row, key, more.record);
	if (row.n > MAX_BLOCK)
	{
		row_clear(&row);
		row_add(&row, key, 0);
	}
	if (row.n != was)
		write_row(w, bucket, &row);
	SPI_freetuptable(rows);
}

/* The next entry that stays: of a record that did not change, or one of the n of this bucket, of which there says that they were in the row. */
static bool
next_kept(CdpKeyEntries *entries, const Changes *c, const uint64 *entry, int n, bool *there)
{
	while (cdp_key_next(entries))
	{
		int32		at = entries->record == 0 ? -1 : changed_place(c, entries->record);

		if (at < 0)
			return true;
		for (int i = 0; i < n; i++)
			if (entry[i] == ((uint64) entries->key << 32 | at))
				return there[i] = true;
	}
	return false;
}

/*
 * Brings entries, one or more of one bucket, into its row, and takes those of the same
 * records away that are no more. A row that has it all is not written.
 */
static void
write_bucket(Writer *w, const Changes *c, int32 bucket, const uint64 *entry, int n)
{
	bool	   *there = palloc0(n);
	CdpKeyEntries kept = read_row(w, bucket);
	SPITupleTable *rows = SPI_tuptable;
	const uint8 *was = kept.at;
	Size		length = kept.end - kept.at;
	bool		more_kept = next_kept(&kept, c, entry, n, there);
	Row			row = {0};
	int			i = 0;

	initStringInfo(&row.bytes);
	/* both are sorted by hash: merge them, block by block */
	while (more_kept || i < n)
	{
		uint32		key = more_kept && (i == n || kept.key <= entry[i] >> 32) ? kept.key : entry[i] >> 32;
		Row			before = row;
		bool		too_many = false,
					added = false;

		for (; more_kept && kept.key == key; more_kept = next_kept(&kept, c, entry, n, there))
		{
			too_many |= kept.record == 0;
			row_add(&row, key, kept.record);
		}
		for (; i < n && entry[i] >> 32 == key; i++)
			if (!there[i])
			{
				row_add(&row, key, w->e->record[(uint32) entry[i]]);
				added = true;
				w->written++;
			}
		if (too_many || row.n - before.n > CDP_KEY_BLOCK)
		{
			if (added && FINDS_PAIRS(key))
				grow_large(w, key, (CdpKeyEntries)
						   {
							   .at = (uint8 *) row.bytes.data + before.bytes.len, .end = (uint8 *) row.bytes.data + row.bytes.len, .key = before.key
						   });
			row.bytes.len = before.bytes.len;
			row.key = before.key;
			row.n = before.n;
			row_add(&row, key, 0);
		}
	}
	if (row.bytes.len != length || memcmp(row.bytes.data, was, length) != 0)
		write_row(w, bucket, &row);
	SPI_freetuptable(rows);
}

/* Brings the keys of changed records into the rows where they belong. */
static void
write_changed(Writer *w)
{
	CdpMatchEngine *e = w->e;
	CdpBlocker *b = w->b;
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "cdp match keys", ALLOCSET_DEFAULT_SIZES);
	Changes    *c = palloc0(sizeof(Changes));
	uint64	   *entry,
			   *spare;
	int64		n = 0;

	c->e = e;
	c->changed = MemoryContextAllocExtended(CurrentMemoryContext, e->store.n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cdp_key_read_rules(b, e->comparison, e->schema, false);
	cdp_core_stream("SELECT c.record_id::pg_catalog.int8 FROM pg_temp.cdp_changed c WHERE c.is_read", 0, NULL, NULL, changed_row, c);
	for (int32 i = 0; i < e->store.n; i++)
		n += c->changed[i];
	entry = MemoryContextAllocHuge(CurrentMemoryContext, (n * b->n_rules + 1) * sizeof(uint64));
	n = 0;
	for (int32 i = 0; i < e->store.n; i++)
		for (int r = 0; r < b->n_rules && c->changed[i]; r++)
		{
			uint32		key = cdp_key_of(b, r, i);

			if (key != 0)
				entry[n++] = (uint64) key << 32 | i;
		}
	spare = MemoryContextAllocHuge(CurrentMemoryContext, (n + 1) * sizeof(uint64));
	sort_entries(entry, spare, n, 0);
	pfree(spare);
	for (int64 i = 0, next; i < n; i = next)
	{
		int32		bucket = cdp_key_bucket(entry[i] >> 32, w->bits);
		MemoryContext old = MemoryContextSwitchTo(batch);

		CHECK_FOR_INTERRUPTS();
		for (next = i + 1; next < n && cdp_key_bucket(entry[next] >> 32, w->bits) == bucket;)
			next++;
		write_bucket(w, c, bucket, entry + i, next - i);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch);
	}
	MemoryContextDelete(batch);
	pfree(entry);
	pfree(c->changed);
	pfree(c);
}

/* ---------------------------------------------------------------- entry */

bool
cdp_key_is_indexed(CdpMatchEngine *e, int *bits, double *records)
{
	Oid			argtypes[] = {INT4OID, INT4OID};
	Datum		args[] = {Int32GetDatum(e->model_id), Int32GetDatum(CDP_KEY_FORMAT)};
	bool		isnull;

	run(e, "SELECT i.bits::pg_catalog.int4, i.records::pg_catalog.float8 FROM %1$s.match_key_info i WHERE i.model_id = $1 AND i.format = $2 AND i.bits BETWEEN 0 AND 30"
		" AND i.records * 4 >= (SELECT c.reltuples FROM pg_catalog.pg_class c WHERE c.oid = '%1$s.record'::pg_catalog.regclass)",
		2, argtypes, args);
	if (SPI_processed == 0)
		return false;
	*bits = DatumGetInt32(cdp_core_result(0, 1, &isnull));
	*records = DatumGetFloat8(cdp_core_result(0, 2, &isnull));
	return true;
}

int64
cdp_match_keys_write_changed(CdpMatchEngine *engine)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp match keys", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int64		written;
	int			bits;
	double		records;

	cdp_match_engine_show(engine, "writing the index for look-ups");
	if (cdp_key_is_indexed(engine, &bits, &records))
	{
		CdpMatchKeys *keys = open_keys(engine);

		keys->writer.bits = bits;
		write_changed(&keys->writer);
		written = keys->writer.written;
		release_keys(keys);
	}
	else
	{
		/* nothing to add to: all records have to be read */
		CdpMatchEngine *whole = cdp_match_engine_open(engine->space, engine->model_id, false);

		written = cdp_match_keys_end(cdp_match_keys_begin(whole));
		cdp_match_engine_close(whole);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return written;
}

PG_FUNCTION_INFO_V1(cdp_write_match_keys);

/* cdp_internal.write_match_keys(space regnamespace, model_id int) -> bigint */
Datum
cdp_write_match_keys(PG_FUNCTION_ARGS)
{
	CdpMatchEngine *e;
	int64		written;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	e = cdp_match_engine_open(PG_GETARG_OID(0), PG_GETARG_INT32(1), false);
	written = cdp_match_keys_end(cdp_match_keys_begin(e));
	cdp_match_engine_close(e);
	SPI_finish();
	PG_RETURN_INT64(written);
}

PG_FUNCTION_INFO_V1(cdp_match_key_entries);

/* cdp_internal.match_key_entries(entries bytea) -> setof (key int, record_id bigint) */
Datum
cdp_match_key_entries(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CdpKeyEntries entries = cdp_key_entries(PG_GETARG_BYTEA_PP(0));

	InitMaterializedSRF(fcinfo, 0);
	while (cdp_key_next(&entries))
	{
		Datum		values[2] = {Int32GetDatum((int32) entries.key), Int64GetDatum(entries.record)};
		bool		nulls[2] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
