/*
 * store.c
 *	  Dictionary-coded columns of prepared values, and the blocking keys of a value.
 *
 * A value costs its code points, 40 bytes, and 24 bytes of keys; a record costs 4 bytes
 * a column. Everything is malloc'ed: threads read it, and it is freed as a whole.
 */
#include "match/store.h"

#include <stdlib.h>

bool
cdp_store_open(CdpStore *store)
{
	memset(store, 0, sizeof(*store));
	store->nicknames = cdp_nicknames_create();
	return store->nicknames != NULL;
}

int
cdp_store_add_column(CdpStore *store, CdpMeasure measure, int input)
{
	CdpColumn  *column;

	if (store->n_columns == CDP_MAX_COLUMNS)
		return -1;
	column = &store->column[store->n_columns];
	memset(column, 0, sizeof(*column));
	column->measure = measure;
	column->input = input;
	return store->n_columns++;
}

/* Room for n more records. */
static bool
make_records(CdpStore *store, int32_t n)
{
	if (store->n > INT32_MAX - 1 - n)
		return false;
	if ((size_t) store->n + n > store->allocated)
	{
		size_t		more = store->allocated ? (size_t) store->allocated * 3 / 2 : 1024;
		int32_t    *code;

		if (more < (size_t) store->n + n)
			more = store->n + n;
		if (more > INT32_MAX - 1)
			more = INT32_MAX - 1;
		code = realloc(store->code, more * (store->n_columns > 0 ? store->n_columns : 1) * sizeof(int32_t));
		if (code == NULL)
			return false;
		store->code = code;
		store->allocated = more;
	}
	return true;
}

int32_t
cdp_store_add_record(CdpStore *store)
{
	if (!make_records(store, 1))
		return -1;
	for (int c = 0; c < store->n_columns; c++)
		store->code[(size_t) store->n * store->n_columns + c] = CDP_MISSING;
	return store->n++;
}

bool
cdp_store_add_encoded(CdpStore *store, int32_t n, const int32_t *code)
{
	if (!make_records(store, n))
		return false;
	for (int32_t i = 0; i < n; i++)
	{
		int32_t    *to = store->code + (size_t) (store->n + i) * store->n_columns;

		for (int c = 0; c < store->n_columns; c++)
			to[c] = code[(size_t) c * n + i];
	}
	store->n += n;
	for (int c = 0; c < store->n_columns; c++)
		store->has_lists |= store->column[c].list != NULL;
	return true;
}

/* ---------------------------------------------------------------- blocking keys */

static uint32_t
hash_chars(const uint32_t *s, int32_t n, uint32_t seed)
{
	uint64_t	h = seed + UINT64_C(0x9E3779B97F4A7C15);

	for (int32_t i = 0; i < n; i++)
		h = cdp_mix(h ^ s[i]);
	return (uint32_t) (h >> 32) | 1;
}

static int32_t
first_word(const uint32_t *s, int32_t n)
{
	int32_t		i = 0;

	while (i < n && s[i] != ' ')
		i++;
	return i;
}

/* Sound of the first word of at least three letters; 0 when it makes none. */
static uint32_t
sound_key(CdpWork *work, const uint32_t *s, int32_t n, uint32_t seed)
{
	CdpCode		first,
				second;

	for (int32_t at = 0; at < n;)
	{
		int32_t		len = first_word(s + at, n - at);

		if (len >= 3 || at + len >= n)
			return cdp_double_metaphone(work, s + at, len, &first, &second) && first.len > 0
				? hash_chars(first.data, first.len, seed) : hash_chars(s + at, len, seed);
		at += len + 1;
	}
	return 0;
}

static bool
is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static void
street_keys(CdpWork *work, const CdpValue *v, uint32_t *key)
{
	int32_t		longest = 0,
				best = -1;

	for (int32_t at = 0; at < v->len;)
	{
		int32_t		len = first_word(v->chars + at, v->len - at);

		if (len > 0 && is_digit(v->chars[at]))
		{
			if (key[1] == 0)
				key[1] = hash_chars(v->chars + at, len, 11);
		}
		else if (len > longest)
		{
			longest = len;
			best = at;
		}
		at += len + 1;
	}
	if (best >= 0)
		key[2] = sound_key(work, v->chars + best, longest, 12);
}

static void
date_keys(const CdpValue *v, uint32_t *key)
{
	const uint32_t *s = v->chars;
	uint32_t	month,
				day;

	if (v->len < 10 || s[v->len - 3] != '-' || s[v->len - 6] != '-')
		return;
	month = (s[v->len - 5] - '0') * 10 + s[v->len - 4] - '0';
	day = (s[v->len - 2] - '0') * 10 + s[v->len - 1] - '0';
	key[1] = hash_chars(s, v->len - 3, 21);		/* year and month */
	key[2] = hash_chars(s, v->len - 6, 22);		/* year */
	/* day and month, in either order; 1 January stands for an unknown day */
	if (month != 1 || day != 1)
		key[3] = (uint32_t) (cdp_mix(month * day * 1000 + month + day) >> 32) | 1;
	/* year and day */
	key[4] = (uint32_t) (cdp_mix((uint64_t) key[2] << 8 | day) >> 32) | 1;
}

static uint32_t
sum_letters(const uint32_t *s, int32_t n)
{
	uint32_t	sum = 0;

	for (int32_t i = 0; i < n; i++)
		if (s[i] > 127 || (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z'))
			sum += cdp_mix(s[i] + 91) >> 32 & ~UINT32_C(1);
	return sum;
}

/* What each of these keys is called stands in block.c (key_names). */
static void
value_keys(const CdpStore *store, CdpWork *work, const CdpColumn *column, const CdpValue *v, uint32_t *key)
{
	int32_t		n = v->len;
	uint32_t	group;

	memset(key, 0, CDP_COLUMN_KEYS * sizeof(uint32_t));
	if (n == 0)
		return;
	if (column->measure == CDP_MEASURE_PERSON_NAME && column->input == 1 && cdp_is_mailbox(v))
	{
		int32_t		letters;
		const uint32_t *s = cdp_mailbox_letters(v, &letters);

		/* the letters may be the family name, too */
		if (letters > 0)
		{
			key[0] = hash_chars(s, letters, 1);
			key[CDP_LETTERS] = sum_letters(s, letters);
		}
		return;
	}
	key[0] = hash_chars(v->chars, n, 1);
	if (column->measure == CDP_MEASURE_PERSON_NAME)
		key[CDP_LETTERS] = sum_letters(v->chars, n);
	switch (column->measure)
	{
		case CDP_MEASURE_PERSON_NAME:
		case CDP_MEASURE_NAME:
			key[1] = sound_key(work, v->chars, n, 2);
			key[2] = sum_letters(v->chars, 1) | 1;
			key[3] = n >= 3 ? hash_chars(v->chars, 3, 4) : 0;
			if (column->input == 0)
				key[4] = cdp_nicknames_groups(store->nicknames, v->chars, first_word(v->chars, n), &group, 1) > 0
					? (uint32_t) (cdp_mix(group + 7) >> 32) | 1 : key[0];
			else
				key[4] = n >= 5 ? hash_chars(v->chars + n - 4, 4, 5) : 0;
			break;
		case CDP_MEASURE_BIRTH_DATE:
		case CDP_MEASURE_DATE:
			date_keys(v, key);
			break;
		case CDP_MEASURE_EMAIL:
			for (int32_t i = 0; i < n; i++)
				if (v->chars[i] == '@')
				{
					key[1] = hash_chars(v->chars, i, 31);
					break;
				}
			break;
		case CDP_MEASURE_PHONE:
			if (n > 7)
				key[1] = hash_chars(v->chars + n - 7, 7, 41);
			break;
		case CDP_MEASURE_POSTAL_CODE:
			{
				int32_t		area = first_word(v->chars, n);

				if (area == n)
					area = n > 4 ? n - 2 : n - 1;
				key[1] = area > 0 ? hash_chars(v->chars, area, 51) : 0;
				key[2] = n > area ? hash_chars(v->chars + area, n - area, 52) : 0;
			}
			break;
		case CDP_MEASURE_STREET:
			street_keys(work, v, key);
			break;
		case CDP_MEASURE_CITY:
			key[1] = sound_key(work, v->chars, n, 61);
			break;
		case CDP_MEASURE_ID:
			if (n >= 6)
			{
				key[1] = hash_chars(v->chars, n / 2, 71);
				key[2] = hash_chars(v->chars + n / 2, n - n / 2, 72);
			}
			break;
		case CDP_MEASURE_TEXT:
			key[1] = sound_key(work, v->chars, n, 81);
			break;
		default:
			break;
	}
}

/* ---------------------------------------------------------------- dictionary */

static bool
grow_slots(CdpColumn *column)
{
	uint32_t	n = column->n_slots ? column->n_slots * 2 : 1024;
	int32_t    *slot = malloc((size_t) n * sizeof(int32_t));

	if (slot == NULL)
		return false;
	memset(slot, -1, (size_t) n * sizeof(int32_t));
	for (int32_t c = 0; c < column->n_values; c++)
	{
		uint32_t	at = column->hash[c] & (n - 1);

		while (slot[at] >= 0)
			at = (at + 1) & (n - 1);
		slot[at] = c;
	}
	free(column->slot);
	column->slot = slot;
	column->n_slots = n;
	return true;
}

static bool
grow_values(CdpColumn *column)
{
	size_t		more = column->a_values ? (size_t) column->a_values * 2 : 512;
	void	   *p;

#define GROW(field) \
	if ((p = realloc(column->field, more * sizeof(*column->field))) == NULL) \
		return false; \
	column->field = p
	GROW(value);
	GROW(hash);
	GROW(key);
	GROW(count);
	GROW(rarity);
	if (column->origins)
	{
		GROW(origins);
	}
	if (column->list)
	{
		GROW(list);
	}
#undef GROW
	column->a_values = more;
	return true;
}

/* 64 bits of hash stand for the text: two of a billion values meet once in 37 stores. */
static uint64_t
hash_bytes(const char *s, size_t len)
{
	uint64_t	h = len * UINT64_C(0x9E3779B97F4A7C15);

	while (len >= 8)
	{
		uint64_t	w;

		memcpy(&w, s, 8);
		h = cdp_mix(h ^ w) + UINT64_C(0x9E3779B97F4A7C15);
		s += 8;
		len -= 8;
	}
	if (len > 0)
	{
		uint64_t	w = 0;

		memcpy(&w, s, len);
		h = cdp_mix(h ^ w) + UINT64_C(0x9E3779B97F4A7C15);
	}
	return cdp_mix(h);
}

static int32_t code_of(const CdpStore *store, CdpWork *work, CdpColumn *column, const char *s, size_t len, uint64_t hash);

/* The codes of the different values of a list; how many, or -1 as code_of fails. */
static int
list_values(const CdpStore *store, CdpWork *work, CdpColumn *column, const char *s, size_t len, int32_t *list)
{
	const char *end = s + len;
	int			n = 0;

	for (const char *next; s < end && n < CDP_MAX_LIST; s = next + 1)
	{
		int32_t		code;
		bool		known = false;

		next = memchr(s, CDP_BETWEEN, end - s);
		if (next == NULL)
			next = end;
		if (next == s)
			continue;
		code = code_of(store, work, column, s, next - s, hash_bytes(s, next - s));
		if (code == CDP_MISSING)
			return -1;
		for (int i = 0; i < n; i++)
			known |= list[i] == code;
		if (!known)
			list[n++] = code;
	}
	for (int i = n; i < CDP_MAX_LIST; i++)
		list[i] = CDP_MISSING;
	return n;
}

/* Notes which values a code lists, the first CDP_MISSING: none. False: out of memory. */
static bool
keep_list(CdpColumn *column, int32_t code, const int32_t *list)
{
	if (list[0] < 0 && column->list == NULL)
		return true;
	if (column->list == NULL)
	{
		column->list = malloc((size_t) column->a_values * sizeof(*column->list));
		if (column->list == NULL)
			return false;
		memset(column->list, -1, code * sizeof(*column->list));
	}
	column->list[code] = CDP_MISSING;
	if (list[0] < 0)
		return true;
	if (column->n_lists == column->a_lists)
	{
		int32_t		more = column->a_lists ? column->a_lists * 2 : 512;
		void	   *p = realloc(column->lists, (size_t) more * sizeof(*column->lists));

		if (p == NULL)
			return false;
		column->lists = p;
		column->a_lists = more;
	}
	memcpy(column->lists[column->n_lists], list, sizeof(*column->lists));
	column->list[code] = column->n_lists++;
	return true;
}

/* Where a hash is in the table, or would be. */
static uint32_t
find_slot(const CdpColumn *column, uint64_t hash)
{
	uint32_t	at = hash & (column->n_slots - 1);

	while (column->slot[at] >= 0 && column->hash[column->slot[at]] != hash)
		at = (at + 1) & (column->n_slots - 1);
	return at;
}

/* The code of a text, which gets one if it has none yet; CDP_MISSING when there is no memory or work->problem is set. */
static int32_t
code_of(const CdpStore *store, CdpWork *work, CdpColumn *column, const char *s, size_t len, uint64_t hash)
{
	int32_t		list[CDP_MAX_LIST] = {CDP_MISSING};
	uint32_t	at;
	int32_t		code;

	if ((size_t) column->n_values * 2 >= column->n_slots && !grow_slots(column))
		return CDP_MISSING;
	at = find_slot(column, hash);
	code = column->slot[at];
	if (code < 0)
	{
		if (column->measure != CDP_MEASURE_SQL && memchr(s, CDP_BETWEEN, len))
		{
			int			n = list_values(store, work, column, s, len, list);

			if (n <= 1)
				return n == 1 ? list[0] : CDP_MISSING;
			/* its values may have taken the place, or made the table larger */
			if ((size_t) column->n_values * 2 >= column->n_slots && !grow_slots(column))
				return CDP_MISSING;
			at = find_slot(column, hash);
		}
		if (column->n_values == column->a_values && !grow_values(column))
			return CDP_MISSING;
		code = column->n_values;
		/* what is made of a list is made of its first value */
		if (list[0] >= 0)
			column->value[code] = column->value[list[0]];
		else if (!cdp_value_prepare(work, &column->arena, store->nicknames, column->measure, column->input, s, len, &column->value[code]))
			return CDP_MISSING;
		if (!keep_list(column, code, list))
			return CDP_MISSING;
		column->hash[code] = hash;
		column->count[code] = 0;
		column->rarity[code] = 0;
		if (column->origins)
			column->origins[code] = 0;
		value_keys(store, work, column, &column->value[code], column->key[code]);
		column->slot[at] = code;
		column->n_values++;
	}
	column->count[code]++;
	return code;
}

bool
cdp_store_set(CdpStore *store, int32_t record, int c, const char *s, size_t len)
{
	int32_t		code = code_of(store, &store->work, &store->column[c], s, len, hash_bytes(s, len));

	store->code[(size_t) record * store->n_columns + c] = code;
	store->has_lists |= store->column[c].list != NULL;
	return code != CDP_MISSING;
}

/* The tables are larger than any cache: what a row needs of them is asked for some rows before. */
#define AHEAD 8					/* rows; a power of two */

int32_t
cdp_store_encode(CdpStore *store, CdpWork *work, int c, const char *texts, const CdpStoreText *text, int32_t n, int32_t *code)
{
	CdpColumn  *column = &store->column[c];
	uint64_t	hash[4 * AHEAD];	/* of the rows from i to i + 2 * AHEAD */

	for (int32_t i = -2 * AHEAD; i < n; i++)
	{
		int32_t		slot = i + 2 * AHEAD,
					value = i + AHEAD;

		if (slot < n && text[slot * store->n_columns + c].len >= 0)
		{
			const CdpStoreText *t = &text[slot * store->n_columns + c];
			uint64_t	h = hash_bytes(texts + t->at, t->len);

			hash[slot & (4 * AHEAD - 1)] = h;
			if (column->n_slots > 0)
				__builtin_prefetch(&column->slot[h & (column->n_slots - 1)]);
		}
		if (value >= 0 && value < n && column->n_slots > 0 && text[value * store->n_columns + c].len >= 0)
		{
			int32_t		likely = column->slot[hash[value & (4 * AHEAD - 1)] & (column->n_slots - 1)];

			if (likely >= 0)
			{
				__builtin_prefetch(&column->hash[likely]);
				__builtin_prefetch(&column->count[likely]);
			}
		}
		if (i < 0)
			continue;
		code[i] = CDP_MISSING;
		if (text[i * store->n_columns + c].len >= 0)
		{
			const CdpStoreText *t = &text[i * store->n_columns + c];

			code[i] = code_of(store, work, column, texts + t->at, t->len, hash[i & (4 * AHEAD - 1)]);
			if (code[i] == CDP_MISSING)
			{
				if (work->problem == CDP_NO_PROBLEM)
					work->problem = CDP_NO_MEMORY;
				return i;
			}
		}
	}
	return n;
}

int32_t
cdp_store_find(const CdpColumn *column, const char *s, size_t len)
{
	uint64_t	hash = hash_bytes(s, len);

	if (column->n_slots == 0)
		return CDP_MISSING;
	for (uint32_t at = hash & (column->n_slots - 1);; at = (at + 1) & (column->n_slots - 1))
		if (column->slot[at] < 0 || column->hash[column->slot[at]] == hash)
			return column->slot[at];
}

void
cdp_store_seal(CdpStore *store)
{
	for (int c = 0; c < store->n_columns; c++)
	{
		CdpColumn  *column = &store->column[c];

		free(column->slot);
		free(column->hash);
		column->slot = NULL;
		column->hash = NULL;
		column->n_slots = 0;
	}
}

void
cdp_store_clear(CdpStore *store)
{
	for (int c = 0; c < store->n_columns; c++)
	{
		CdpColumn  *column = &store->column[c];

		column->n_values = 0;
		if (column->slot)
			memset(column->slot, -1, (size_t) column->n_slots * sizeof(int32_t));
		cdp_arena_free(&column->arena);
		free(column->origins);
		column->origins = NULL;
		free(column->list);
		column->list = NULL;
		column->n_lists = 0;
	}
	store->has_lists = false;
	store->n = 0;
}

void
cdp_store_close(CdpStore *store)
{
	for (int c = 0; c < store->n_columns; c++)
	{
		CdpColumn  *column = &store->column[c];

		free(column->value);
		free(column->hash);
		free(column->key);
		free(column->count);
		free(column->rarity);
		free(column->origins);
		free(column->list);
		free(column->lists);
		free(column->slot);
		cdp_arena_free(&column->arena);
	}
	free(store->code);
	cdp_nicknames_free(store->nicknames);
	cdp_work_release(&store->work, 0);
	memset(store, 0, sizeof(*store));
}
