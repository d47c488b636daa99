/*
 * match_key.c
 *	  The index of cdp.lookup: writing the table match_key.
 *
 * For every record and rule the 32 bits of hash that cdp_rule_key gives (block.c), with
 * the record, sorted, and cut by the highest bits into rows of some hundred entries. A hash
 * that more than CDP_KEY_BLOCK records share has one entry, record 0: too many to look at.
 * The rules are the model's and the user's and, beside them, some for lookups alone
 * (own_rules): training chooses rules by what two records have in common, but a person
 * at a counter gives a name and a birth date, whatever the sources hold.
 *
 * In a row an entry is two numbers in base 128, the lowest digits first, with the high
 * bit where another digit follows (LEB128): how much greater its hash is than the one
 * before, and the id of its record. That is some five bytes.
 *
 * Written from the records that the matching engine holds anyway when cdp.resolve
 * clusters. As a whole: an entry is a word, the hash above the place of its record; the
 * entries of each part of the range of hashes are counted, then put into the parts, of which
 * each fits a processor's cache, and sorted there. Another thread does that while the
 * backend's own writes links and clusters, and is left with copying the rows into the table.
 * That is 8 bytes an entry, some 100 for a record. After a change:
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

#define ENTRIES 128				/* in a row of match_key, at most, on average */
#define PART_ENTRIES 65536		/* in a part, half a megabyte, on average */
#define MOST_BYTES 15				/* of an entry: 32 and 64 bits, seven in a byte */
#define AHEAD 16				/* entries or records, what is in memory of them is asked for so early */
#define CHUNKS 64				/* of the records, that threads take */

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
	cdp_core_query(psprintf("SELECT r.keys::pg_catalog.text[] FROM %s.match_key_rule r WHERE r.keys IS NOT NULL ORDER BY r.rule", schema), 0, NULL, NULL, NULL, read_only);
	for (uint64 i = 0; i < SPI_processed && b->n_rules < CDP_MAX_RULES; i++)
	{
		bool		isnull;
		Datum		names = cdp_core_result(i, 1, &isnull);

		b->rule[b->n_rules++] = (CdpRule) {.keys = cdp_match_rule_keys(b, comparison, names)};
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
};

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
			b->rule[b->n_rules++] = (CdpRule) {.keys = bits};
			args[0] = Int32GetDatum(b->n_rules);
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
	bool		filling;
} Parts;

struct CdpMatchKeys
{
	Writer		writer;
	Parts	   *parts;
	CdpErrand	errand;
};

static char *
put_number(char *to, uint64 n)
{
	for (; n > 127; n >>= 7)
		*to++ = (char) (n | 128);
	*to++ = (char) n;
	return to;
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
	char	   *to;

	enlargeStringInfo(&row->bytes, MOST_BYTES);
	to = put_number(row->bytes.data + row->bytes.len, key - row->key);
	row->bytes.len = put_number(to, (uint64) record) - row->bytes.data;
	row->key = key;
	row->n++;
}

/* Adds the records of one hash, or record 0 when they are too many. */
static void
row_add_block(Row *row, uint32 key, const CdpMatchEngine *e, const uint64 *entry, int64 n)
{
	if (n > CDP_KEY_BLOCK)
		row_add(row, key, 0);
	else
		for (int64 i = 0; i < n; i++)
			row_add(row, key, e->record[(uint32) entry[i]]);
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

/* Counts the entries of a chunk of the records, part by part, or puts them where they belong. */
static bool
collect_chunk(void *state, int thread, int64_t chunk)
{
	Parts	   *p = state;
	const CdpBlocker *b = &p->blocker;
	int64		n = b->store->n;
	int64	   *at = p->at + (chunk << p->bits);

	for (int32 i = n * chunk / CHUNKS; i < n * (chunk + 1) / CHUNKS; i++)
	{
		uint32		keys[CDP_MAX_RULES];

		cdp_store_fetch_keys(b->store, i + AHEAD);
		cdp_rule_keys(b, p->keys, i, keys);
		for (int r = 0; r < b->n_rules; r++)
		{
			int64	   *a = &at[cdp_key_bucket(keys[r], p->bits)];

			if (keys[r] == 0)
				continue;
			if (p->filling)
				p->entry[*a] = (uint64) keys[r] << 32 | i;
			++*a;
		}
	}
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

	free(p->entry);
	free(p->at);
	p->entry = NULL;
	p->filling = false;
	p->n = 0;
	for (p->bits = 0; p->bits < 16 && (int64) PART_ENTRIES << p->bits < expected;)
		p->bits++;
	p->at = calloc((size_t) CHUNKS << p->bits, sizeof(int64));
	if (p->at == NULL || !cdp_crew_run(crew, CHUNKS, collect_chunk, p))
		return false;
	for (int64 part = 0; part < (int64) 1 << p->bits; part++)
		for (int64 chunk = 0; chunk < CHUNKS; chunk++)
		{
			int64	   *a = &p->at[(chunk << p->bits) + part];
			int64		here = *a;

			*a = p->n;
			p->n += here;
		}
	p->filling = true;
	p->entry = malloc((p->n + 1) * sizeof(uint64));
	return p->entry && cdp_crew_run(crew, CHUNKS, collect_chunk, p) && cdp_crew_run(crew, (int64) 1 << p->bits, sort_part, p);
}

/* Called when the engine goes, however that comes about. */
static void
release_keys(void *arg)
{
	CdpMatchKeys *keys = arg;

	cdp_errand_abandon(&keys->errand);
	if (keys->parts)
	{
		cdp_blocker_close(&keys->parts->blocker);
		free(keys->parts->entry);
		free(keys->parts->at);
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

/* The rows of a whole space, one after the other. */
typedef struct Rows
{
	Writer	   *writer;
	const Parts *parts;
	int64		at;				/* the first entry that was not given yet */
	Row			row;
} Rows;

static bool
give_row(void *state, StringInfo out)
{
	Rows	   *rows = state;
	const Parts *p = rows->parts;
	Writer	   *w = rows->writer;
	int32		bucket;

	if (rows->at == p->n)
		return false;
	bucket = cdp_key_bucket(p->entry[rows->at] >> 32, w->bits);
	row_clear(&rows->row);
	while (rows->at < p->n && cdp_key_bucket(p->entry[rows->at] >> 32, w->bits) == bucket)
	{
		int64		from = rows->at;

		for (; rows->at < p->n && p->entry[rows->at] >> 32 == p->entry[from] >> 32; rows->at++)
			if (rows->at + AHEAD < p->n)
				__builtin_prefetch(&w->e->record[(uint32) p->entry[rows->at + AHEAD]]);
		row_add_block(&rows->row, p->entry[from] >> 32, w->e, p->entry + from, rows->at - from);
	}
	cdp_core_copy_int4(out, bucket);
	cdp_core_copy_bytes(out, rows->row.bytes.data, rows->row.bytes.len);
	w->written += rows->row.n;
	return true;
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
	Rows		rows = {.writer = w, .parts = p};

	cdp_match_engine_show(e, "writing the index for look-ups");
	cdp_match_engine_require(e, cdp_errand_finish(&keys->errand));
	/* of the records only the ids are wanted from here on */
	cdp_store_close(&e->store);
	while (w->bits < 30 && (int64) ENTRIES << w->bits < p->n)
		w->bits++;
	initStringInfo(&rows.row.bytes);
	cdp_core_copy(e->space, "match_key", lengthof(columns), columns, give_row, &rows);
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
} Changes;

static void
changed_row(TupleTableSlot *slot, void *state)
{
	Changes    *c = state;
	int32		at = slot->tts_isnull[0] ? -1 : cdp_match_engine_place(c->e, DatumGetInt64(slot->tts_values[0]));

	if (at >= 0)
		c->changed[at] = true;
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

/* The next entry of a record that did not change. */
static bool
next_kept(CdpKeyEntries *entries, const Writer *w, const bool *changed)
{
	while (cdp_key_next(entries))
	{
		int32		at = entries->record == 0 ? -1 : cdp_match_engine_place(w->e, entries->record);

		if (at < 0 || !changed[at])
			return true;
	}
	return false;
}

/* Brings the keys of changed records into the rows where they belong. */
static void
write_changed(Writer *w, CdpBlocker *b)
{
	CdpMatchEngine *e = w->e;
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "cdp match keys", ALLOCSET_DEFAULT_SIZES);
	Changes		changes = {.e = e, .changed = MemoryContextAllocExtended(CurrentMemoryContext, e->store.n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO)};
	uint64	   *entry,
			   *spare;
	int64		n = 0;

	cdp_key_read_rules(b, e->comparison, e->schema, false);
	cdp_core_stream("SELECT c.record_id::pg_catalog.int8 FROM pg_temp.cdp_changed c", 0, NULL, NULL, changed_row, &changes);
	for (int32 i = 0; i < e->store.n; i++)
		n += changes.changed[i];
	entry = MemoryContextAllocHuge(CurrentMemoryContext, (n * b->n_rules + 1) * sizeof(uint64));
	n = 0;
	for (int32 i = 0; i < e->store.n; i++)
		for (int r = 0; r < b->n_rules && changes.changed[i]; r++)
		{
			uint32		key = cdp_rule_key(b, r, i);

			if (key != 0)
				entry[n++] = (uint64) key << 32 | i;
		}
	spare = MemoryContextAllocHuge(CurrentMemoryContext, (n + 1) * sizeof(uint64));
	sort_entries(entry, spare, n, 0);
	pfree(spare);
	for (int64 i = 0; i < n;)
	{
		int32		bucket = cdp_key_bucket(entry[i] >> 32, w->bits);
		MemoryContext old = MemoryContextSwitchTo(batch);
		CdpKeyEntries kept = read_row(w, bucket);
		bool		more_kept = next_kept(&kept, w, changes.changed);
		Row			row = {0};

		CHECK_FOR_INTERRUPTS();
		initStringInfo(&row.bytes);
		/* both are sorted by hash: merge them, block by block */
		while (more_kept || (i < n && cdp_key_bucket(entry[i] >> 32, w->bits) == bucket))
		{
			bool		more = i < n && cdp_key_bucket(entry[i] >> 32, w->bits) == bucket;
			uint32		key = more_kept && (!more || kept.key <= entry[i] >> 32) ? kept.key : entry[i] >> 32;
			Row			before = row;
			bool		too_many = false;

			for (; more_kept && kept.key == key; more_kept = next_kept(&kept, w, changes.changed))
			{
				too_many |= kept.record == 0;
				row_add(&row, key, kept.record);
			}
			for (; i < n && entry[i] >> 32 == key; i++)
			{
				row_add(&row, key, e->record[(uint32) entry[i]]);
				w->written++;
			}
			if (too_many || row.n - before.n > CDP_KEY_BLOCK)
			{
				row.bytes.len = before.bytes.len;
				row.key = before.key;
				row.n = before.n;
				row_add(&row, key, 0);
			}
		}
		write_row(w, bucket, &row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch);
	}
	MemoryContextDelete(batch);
	pfree(entry);
	pfree(changes.changed);
}

/* ---------------------------------------------------------------- entry */

/* Is there an index of this model, in this module's form, that has not been outgrown? */
static bool
is_indexed(CdpMatchEngine *e, int *bits)
{
	Oid			argtypes[] = {INT4OID, INT4OID};
	Datum		args[] = {Int32GetDatum(e->model_id), Int32GetDatum(CDP_KEY_FORMAT)};
	bool		isnull;

	run(e, "SELECT i.bits::pg_catalog.int4 FROM %1$s.match_key_info i WHERE i.model_id = $1 AND i.format = $2 AND i.bits BETWEEN 0 AND 30"
		" AND i.records * 4 >= (SELECT c.reltuples FROM pg_catalog.pg_class c WHERE c.oid = '%1$s.record'::pg_catalog.regclass)",
		2, argtypes, args);
	if (SPI_processed == 0)
		return false;
	*bits = DatumGetInt32(cdp_core_result(0, 1, &isnull));
	return true;
}

int64
cdp_match_keys_write_changed(CdpMatchEngine *engine)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cdp match keys", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int64		written;
	int			bits;

	cdp_match_engine_show(engine, "writing the index for look-ups");
	if (is_indexed(engine, &bits))
	{
		CdpMatchKeys *keys = open_keys(engine);

		keys->writer.bits = bits;
		write_changed(&keys->writer, &keys->parts->blocker);
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
