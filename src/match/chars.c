/*
 * chars.c
 *	  Code points, bit masks, sorting and memory under the string measures.
 *
 * Decoding takes any bytes: a byte that is not part of well-formed UTF-8 becomes
 * a character of its own above the last code point, so that texts that differ
 * stay different.
 *
 * The mask table answers "at which places of the pattern is this character?" as
 * the bits of one word. Characters below 256 are looked up directly, others in a
 * small hash table that is at most half full (a pattern has at most 64
 * characters). Both are emptied by walking the pattern again, which costs less
 * than wiping them; dirty says that a jump out of a core left them filled.
 */
#include "match/string.h"

#include <stdlib.h>

/* the first character that stands for a stray byte */
#define STRAY 0x110000

#define SMALL_SORT 64

void *
cdp_work_get(CdpWork *work, int slot, size_t n, size_t size)
{
	size_t		need = n * size;

	if (work->slot_size[slot] < need)
	{
		size_t		room = need + need / 2 + 256;

		free(work->slot[slot]);
		work->slot[slot] = malloc(room);
		work->slot_size[slot] = work->slot[slot] ? room : 0;
		if (work->slot[slot] == NULL)
			work->problem = CDP_NO_MEMORY;
	}
	return work->slot[slot];
}

/* Gives back every piece of memory greater than keep. */
void
cdp_work_release(CdpWork *work, size_t keep)
{
	for (int i = 0; i < CDP_WORK_SLOTS; i++)
		if (work->slot_size[i] > keep)
		{
			free(work->slot[i]);
			work->slot[i] = NULL;
			work->slot_size[i] = 0;
		}
}

void
cdp_chars_free(CdpChars *chars)
{
	free(chars->data);
	*chars = (CdpChars) {0};
}

static bool
is_tail(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* The character at s, with at least one byte; *len is how many bytes it has. */
static uint32_t
decode_one(const unsigned char *s, size_t left, size_t *len)
{
	uint32_t	c = s[0];

	*len = 1;
	if (c < 0x80)
		return c;
	if (c >= 0xC2 && c < 0xE0 && left >= 2 && is_tail(s[1]))
	{
		*len = 2;
		return (c & 0x1F) << 6 | (s[1] & 0x3F);
	}
	if (c >= 0xE0 && c < 0xF0 && left >= 3 && is_tail(s[1]) && is_tail(s[2]))
	{
		uint32_t	wide = (c & 0x0F) << 12 | (uint32_t) (s[1] & 0x3F) << 6 | (s[2] & 0x3F);

		if (wide >= 0x800 && (wide < 0xD800 || wide > 0xDFFF))
		{
			*len = 3;
			return wide;
		}
	}
	if (c >= 0xF0 && c < 0xF5 && left >= 4 && is_tail(s[1]) && is_tail(s[2]) && is_tail(s[3]))
	{
		uint32_t	wide = (c & 0x07) << 18 | (uint32_t) (s[1] & 0x3F) << 12 | (uint32_t) (s[2] & 0x3F) << 6 | (s[3] & 0x3F);

		if (wide >= 0x10000 && wide < STRAY)
		{
			*len = 4;
			return wide;
		}
	}
	return STRAY + c;
}

/* False when the text is too long or memory ran out. */
bool
cdp_chars_decode(CdpWork *work, const char *s, size_t len, CdpChars *out)
{
	const unsigned char *p = (const unsigned char *) s;
	size_t		i = 0;
	int32_t		n = 0;

	out->len = 0;
	/* at most four bytes to a character, so this alone bounds the memory */
	if (len > (size_t) CDP_MAX_CHARS * 4)
	{
		work->problem = CDP_TEXT_TOO_LONG;
		return false;
	}
	if ((size_t) out->cap < len || out->data == NULL)
	{
		size_t		room = len < CDP_MAX_CHARS ? len + len / 2 + 64 : CDP_MAX_CHARS;

		if ((size_t) out->cap < room)
		{
			free(out->data);
			out->data = malloc(room * sizeof(uint32_t));
			out->cap = out->data ? room : 0;
		}
		if (out->data == NULL)
		{
			work->problem = CDP_NO_MEMORY;
			return false;
		}
	}
	while (i < len)
	{
		size_t		size = 1;

		if (n == CDP_MAX_CHARS)
		{
			work->problem = CDP_TEXT_TOO_LONG;
			return false;
		}
		out->data[n++] = p[i] < 0x80 ? p[i] : decode_one(p + i, len - i, &size);
		i += size;
	}
	out->len = n;
	return true;
}

/* Writes a character as UTF-8 (at most four bytes), a stray byte as itself. */
size_t
cdp_chars_encode(uint32_t c, char *out)
{
	if (c < 0x80 || c >= STRAY)
	{
		out[0] = (char) (c >= STRAY ? c - STRAY : c);
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xC0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xE0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3F));
		out[2] = (char) (0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3F));
	out[2] = (char) (0x80 | (c >> 6 & 0x3F));
	out[3] = (char) (0x80 | (c & 0x3F));
	return 4;
}

static unsigned
high_slot(const CdpWork *work, uint32_t c)
{
	unsigned	i = (c * UINT32_C(2654435769)) >> 25;

	while (work->high[i].mask != 0 && work->high[i].character != c)
		i = (i + 1) % CDP_HIGH_SLOTS;
	return i;
}

uint64_t
cdp_masks_find_high(const CdpWork *work, uint32_t c)
{
	return work->high[high_slot(work, c)].mask;
}

/* Fills the mask table with a pattern of at most 64 characters. */
void
cdp_masks_set(CdpWork *work, const uint32_t *pattern, int32_t len)
{
	if (work->dirty)
	{
		memset(work->low, 0, sizeof(work->low));
		memset(work->high, 0, sizeof(work->high));
		work->has_high = false;
	}
	work->dirty = true;
	for (int32_t i = 0; i < len; i++)
	{
		uint32_t	c = pattern[i];

		if (c < CDP_LOW_CHARS)
			work->low[c] |= UINT64_C(1) << i;
		else
		{
			unsigned	slot = high_slot(work, c);

			work->high[slot].character = c;
			work->high[slot].mask |= UINT64_C(1) << i;
			work->has_high = true;
		}
	}
}

void
cdp_masks_clear(CdpWork *work, const uint32_t *pattern, int32_t len)
{
	for (int32_t i = 0; i < len; i++)
		if (pattern[i] < CDP_LOW_CHARS)
			work->low[pattern[i]] = 0;
	if (work->has_high)
	{
		memset(work->high, 0, sizeof(work->high));
		work->has_high = false;
	}
	work->dirty = false;
}

/*
 * Sorts by key, equal keys in their former order, and returns where the result
 * is: keyed or spare. Many are sorted a byte of the key at a time, leaving out
 * bytes that are the same in all keys.
 */
CdpKeyed *
cdp_keyed_sort(CdpWork *work, CdpKeyed *keyed, CdpKeyed *spare, size_t n)
{
	uint64_t	differs = 0;

	if (n <= SMALL_SORT)
	{
		for (size_t i = 1; i < n; i++)
		{
			CdpKeyed	one = keyed[i];
			size_t		j = i;

			for (; j > 0 && keyed[j - 1].key > one.key; j--)
				keyed[j] = keyed[j - 1];
			keyed[j] = one;
		}
		return keyed;
	}
	for (size_t i = 1; i < n; i++)
		differs |= keyed[i].key ^ keyed[0].key;
	for (int shift = 0; shift < 64; shift += 8)
	{
		size_t		start[256] = {0},
					sum = 0;
		CdpKeyed   *other = spare;

		if ((differs >> shift & 0xFF) == 0)
			continue;
		cdp_poll(work);
		for (size_t i = 0; i < n; i++)
			start[keyed[i].key >> shift & 0xFF]++;
		for (int i = 0; i < 256; i++)
		{
			size_t		count = start[i];

			start[i] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			other[start[keyed[i].key >> shift & 0xFF]++] = keyed[i];
		spare = keyed;
		keyed = other;
	}
	return keyed;
}
