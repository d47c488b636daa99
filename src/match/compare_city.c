/*
 * compare_city.c
 *	  Cities. Their usual abbreviations are written out (St, Ft, N); then they are compared as
 *	  names are, but for nicknames and for how their words sound.
 */
#include "match/value.h"

enum
{
	CITY_EXACT = 1, CITY_CLOSE, CITY_SIMILAR, CITY_ELSE
};

static const CdpLevel city_levels[] = {
	[CITY_EXACT - 1] = {"exact", "same city", 1, 1, 0.78, 0.02},
	[CITY_CLOSE - 1] = {"close", "city nearly the same, or part of its name", 1, 0, 0.07, 0.004},
	[CITY_SIMILAR - 1] = {"similar", "half of the letters of the city alike", 1, 0, 0.03, 0.02},
	[CITY_ELSE - 1] = {"else", "other cities", 1, 0, 0.12, 0.956},
};

const CdpMeasureInfo cdp_city_measure = CDP_MEASURE_INFO("city", 1, city_levels);

/* words in the names of cities, and what they stand for */
static const char *const city_words[][2] = {
	{"st", "saint"}, {"ste", "sainte"}, {"ft", "fort"}, {"mt", "mount"}, {"n", "north"}, {"s", "south"}, {"e", "east"}, {"w", "west"},
	{"hts", "heights"}, {"twp", "township"}, {"spgs", "springs"}, {"pt", "port"}
};

/* The text of a city with its usual abbreviations written out. */
static bool
write_out_city(CdpWork *work, CdpArena *arena, const uint32_t **s, int32_t *len)
{
	const uint32_t *word;
	uint32_t   *out,
			   *end;
	size_t		room;
	int32_t		at = 0,
				n;

	/* no word grows by more than eight letters */
	room = (size_t) CDP_MAX_WORDS * 9 + *len + 1;
	out = end = cdp_arena_take(work, arena, room * sizeof(uint32_t));
	if (out == NULL)
		return false;
	for (int words = 0; words < CDP_MAX_WORDS && cdp_word_next(*s, *len, &at, &word, &n); words++)
	{
		const char *instead = NULL;

		for (int i = 0; i < CDP_LENGTH_OF(city_words) && n <= 4; i++)
			if (cdp_is_listed(city_words[i][0], word, n))
				instead = city_words[i][1];
		if (end > out)
			*end++ = ' ';
		for (int32_t i = 0; i < n && instead == NULL; i++)
			*end++ = word[i];
		for (; instead != NULL && *instead; instead++)
			*end++ = (unsigned char) *instead;
	}
	cdp_arena_keep_chars(arena, room, end - out);
	*s = out;
	*len = end - out;
	return true;
}

bool
cdp_city_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	const uint32_t *s = value->chars;
	int32_t		len = cdp_form_len(value);

	return write_out_city(work, arena, &s, &len) && cdp_name_prepare(work, arena, NULL, CDP_CITY_NAME, s, len, value);
}

static bool
equal_words(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	return cdp_same_word(a, b);
}

int
cdp_city_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpNameForm *a = cdp_name_form(x);
	const CdpNameForm *b = cdp_name_form(y);
	int32_t		shorter;

	if (cdp_unlike(x->sketch, y->sketch, false))
		return cdp_half_alike(work, &a->whole, &b->whole) ? CITY_SIMILAR : CITY_ELSE;
	shorter = cdp_shorter(&a->whole, &b->whole);
	if (cdp_same_word(&a->whole, &b->whole))
		return CITY_CLOSE;
	if (shorter < 3)
		return CITY_ELSE;
	if (cdp_nearly_same(work, &a->whole, &b->whole) || cdp_jaro_winkler_reaches(work, &a->whole, &b->whole, 0.92))
		return CITY_CLOSE;
	if (shorter > 3 && (a->n_words > 1 || b->n_words > 1))
	{
		int			na,
					nb;
		const CdpWord *of_a = cdp_name_words(a, &na);
		const CdpWord *of_b = cdp_name_words(b, &nb);

		if (cdp_common_words(work, of_a, na, of_b, nb, equal_words) == (na < nb ? na : nb))
			return CITY_CLOSE;
	}
	return cdp_half_alike(work, &a->whole, &b->whole) ? CITY_SIMILAR : CITY_ELSE;
}
