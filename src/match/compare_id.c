/*
 * compare_id.c
 *	  Identifiers: numbers of cards, passports, customers. One word; slips of the keys, or one
 *	  side with more around the other's.
 */
#include "match/value.h"

enum
{
	ID_EXACT = 1, ID_ONE_EDIT, ID_CLOSE, ID_ELSE
};

static const CdpLevel id_levels[] = {
	[ID_EXACT - 1] = {"exact", "same identifier", 1, 1, 0.88, 0.000002},
	[ID_ONE_EDIT - 1] = {"one_edit", "one character differs, or two neighbours are exchanged", 1, 0, 0.05, 0.00001},
	[ID_CLOSE - 1] = {"close", "two characters differ, or one is part of the other", 1, 0, 0.02, 0.0002},
	[ID_ELSE - 1] = {"else", "other identifiers", 1, 0, 0.05, 0.999788},
};

const CdpMeasureInfo cdp_id_measure = CDP_MEASURE_INFO("id", 1, id_levels);

bool
cdp_id_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	CdpWord    *form = cdp_arena_take(work, arena, sizeof(CdpWord));

	if (form == NULL)
		return false;
	*form = cdp_word_make(value->chars, value->len);
	value->extra = (const void *) form;
	return true;
}

static bool
contains(const CdpWord *long_one, const CdpWord *short_one)
{
	if ((short_one->letters & ~long_one->letters) != 0)
		return false;
	for (int32_t i = 0; i + short_one->len <= long_one->len; i++)
		if (memcmp(long_one->s + i, short_one->s, (size_t) short_one->len * sizeof(uint32_t)) == 0)
			return true;
	return false;
}

int
cdp_id_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpWord *a = (const CdpWord *) x->extra;
	const CdpWord *b = (const CdpWord *) y->extra;
	int32_t		shorter = cdp_shorter(a, b);

	if (shorter >= 4 && cdp_within(work, a, b, 1))
		return ID_ONE_EDIT;
	if (shorter >= 7 && cdp_within(work, a, b, 2))
		return ID_CLOSE;
	if (shorter >= 5 && (a->len < b->len ? contains(b, a) : contains(a, b)))
		return ID_CLOSE;
	return ID_ELSE;
}
