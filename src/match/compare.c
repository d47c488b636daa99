/*
 * compare.c
 *	  Comparisons: from two prepared values to a level of agreement. The table of the
 *	  measures, and the way from a measure to the file that knows it.
 *
 * A value is prepared once: its characters, and a form that holds what its measure
 * looks at (words, the set of their letters as bits, a hash of how they sound, groups
 * of nicknames, the parts of a date). Forms lie in the arena beside the characters and
 * hold pointers into it; nothing is written after preparing, so threads share them.
 * A pair is compared in a bounded time whatever its length: words and characters beyond
 * a number (value.h) are not looked at, except that equal values agree exactly.
 *
 * Every rule is symmetric: where two sides play different parts (the shorter, the one
 * with fewer words) and tie, the rule is applied both ways and must hold both ways.
 *
 * The file of a measure has its levels, its form and its rules:
 *
 *	  compare_person_name.c	given and family name together
 *	  compare_mailbox.c		a mailbox that spells the name of who has none
 *	  compare_name.c		one name; how names are prepared and when they are spelled alike
 *	  compare_date.c		birth dates, dates
 *	  compare_email.c, compare_phone.c, compare_postal_code.c, compare_city.c, compare_id.c, compare_number.c
 *	  compare_text.c		streets, texts
 *
 * and value.c what they are made of. Codes and generations, which are equal or not, are here.
 *
 * Default probabilities (m and u of the levels). They stand where there is too little data
 * to train. m: records of one person, typed by people at several times, agree exactly on a
 * code 95 times in 100, on a birth date 90, on names, mailboxes and numbers that people
 * keep 65 to 80, on what moves with them (street, city) 60 to 78; a slip of one key is 3
 * to 7 in 100. u: two people of one population. The sum of the squared shares of family
 * names is near 0.002, of given names 0.005; names that are spelled alike are as frequent
 * as equal ones for families and twice as frequent for given names; both together are
 * somewhat above the product, since names follow origin. A birth date falls on one of
 * 25,000 days, unevenly, and 30 others are one digit away; a city is shared by 2 in 100, a
 * postal code by 1 in 1,000, a code of two values by half; households and switchboards
 * share numbers and mailboxes.
 */
#include "match/value.h"

#include <stdio.h>

enum
{
	CODE_EXACT = 1, CODE_ELSE
};

static const CdpLevel code_levels[] = {
	[CODE_EXACT - 1] = {"exact", "the same", 1, 1, 0.95, 0.5},
	[CODE_ELSE - 1] = {"else", "not the same", 1, 0, 0.05, 0.5},
};

enum
{
	GENERATION_EXACT = 1, GENERATION_ELSE
};

static const CdpLevel generation_levels[] = {
	[GENERATION_EXACT - 1] = {"exact", "the same generation behind the name, as Jr and II", 1, 0, 0.998, 0.45},
	[GENERATION_ELSE - 1] = {"else", "another generation behind the name, as Sr and Jr", 1, 0, 0.002, 0.55},
};

static const CdpMeasureInfo code_measure = CDP_MEASURE_INFO("code", 1, code_levels);
static const CdpMeasureInfo generation_measure = CDP_MEASURE_INFO("generation", 1, generation_levels);

static const CdpMeasureInfo *const measures[CDP_N_MEASURES] = {
	[CDP_MEASURE_PERSON_NAME] = &cdp_person_name_measure,
	[CDP_MEASURE_NAME] = &cdp_name_measure,
	[CDP_MEASURE_BIRTH_DATE] = &cdp_birth_date_measure,
	[CDP_MEASURE_DATE] = &cdp_date_measure,
	[CDP_MEASURE_EMAIL] = &cdp_email_measure,
	[CDP_MEASURE_PHONE] = &cdp_phone_measure,
	[CDP_MEASURE_POSTAL_CODE] = &cdp_postal_code_measure,
	[CDP_MEASURE_STREET] = &cdp_street_measure,
	[CDP_MEASURE_CITY] = &cdp_city_measure,
	[CDP_MEASURE_CODE] = &code_measure,
	[CDP_MEASURE_ID] = &cdp_id_measure,
	[CDP_MEASURE_TEXT] = &cdp_text_measure,
	[CDP_MEASURE_NUMBER] = &cdp_number_measure,
	[CDP_MEASURE_GENERATION] = &generation_measure,
};

const CdpMeasureInfo *
cdp_measure_info(CdpMeasure measure)
{
	return measures[measure];
}

/*
 * A person who has moved has another street, postal code and city at once: so parts of an
 * address are compared in levels of their own where one before them is another. The levels
 * of two people are as likely as ever; of one person half of those who moved are taken to
 * have left the town. Not for threads: the levels are made at the first call.
 */
const CdpMeasureInfo *
cdp_measure_info_moved(CdpMeasure measure)
{
	static CdpMeasureInfo infos[CDP_N_MEASURES];
	static CdpLevel made[CDP_N_MEASURES][CDP_MAX_LEVELS];
	static struct
	{
		char		name[32];
		char		words[128];
	}			text[CDP_N_MEASURES][CDP_MAX_LEVELS];
	const CdpMeasureInfo *plain = measures[measure];
	int			n = plain->n_levels;

	for (int l = 0; l < n && infos[measure].levels == NULL; l++)
	{
		CdpLevel   *level = &made[measure][n + l];

		made[measure][l] = *level = plain->levels[l];
		snprintf(text[measure][l].name, sizeof(text[measure][l].name), "moved_%s", level->name);
		snprintf(text[measure][l].words, sizeof(text[measure][l].words), "%s, beside another part of the address that differs", level->words);
		level->name = text[measure][l].name;
		level->words = text[measure][l].words;
		level->present = CDP_MOVED;
		level->m = (level->m + level->u) / 2;
	}
	infos[measure] = *plain;
	infos[measure].n_levels = 2 * n;
	infos[measure].levels = made[measure];
	return &infos[measure];
}

int
cdp_measure_by_name(const char *name, size_t len)
{
	for (int i = 0; i < CDP_N_MEASURES; i++)
		if (strlen(measures[i]->name) == len && memcmp(measures[i]->name, name, len) == 0)
			return i;
	return -1;
}

bool
cdp_value_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpMeasure measure, int input,
				  const char *s, size_t len, CdpValue *out)
{
	CdpChars	chars;
	bool		prepared = false;

	*out = (CdpValue) {0};
	if (len > (size_t) CDP_MAX_CHARS * 4)
	{
		work->problem = CDP_TEXT_TOO_LONG;
		return false;
	}
	/* at most as many characters as bytes; what is left of the room goes back */
	chars = (CdpChars) {.data = cdp_arena_take(work, arena, (len + 1) * sizeof(uint32_t)), .cap = len + 1};
	if (chars.data == NULL || !cdp_chars_decode(work, s, len, &chars))
		return false;
	cdp_arena_keep_chars(arena, len + 1, chars.len);
	out->chars = chars.data;
	out->len = chars.len;
	switch (measure)
	{
		case CDP_MEASURE_PERSON_NAME:
			prepared = cdp_person_name_prepare(work, arena, nicknames, input, out);
			break;
		case CDP_MEASURE_NAME:
			prepared = cdp_name_prepare(work, arena, nicknames, CDP_GIVEN_NAME, out->chars, cdp_form_len(out), out);
			break;
		case CDP_MEASURE_BIRTH_DATE:
		case CDP_MEASURE_DATE:
			prepared = cdp_date_prepare(out);
			break;
		case CDP_MEASURE_EMAIL:
			prepared = cdp_email_prepare(work, arena, out);
			break;
		case CDP_MEASURE_PHONE:
			prepared = cdp_phone_prepare(work, arena, out);
			break;
		case CDP_MEASURE_POSTAL_CODE:
			prepared = cdp_postal_code_prepare(work, arena, out);
			break;
		case CDP_MEASURE_STREET:
			prepared = cdp_street_prepare(work, arena, out);
			break;
		case CDP_MEASURE_CITY:
			prepared = cdp_city_prepare(work, arena, out);
			break;
		case CDP_MEASURE_ID:
			prepared = cdp_id_prepare(work, arena, out);
			break;
		case CDP_MEASURE_TEXT:
			prepared = cdp_text_prepare(work, arena, out);
			break;
		case CDP_MEASURE_NUMBER:
			prepared = cdp_number_prepare(work, arena, out);
			break;
		case CDP_MEASURE_CODE:
		case CDP_MEASURE_GENERATION:
		case CDP_N_MEASURES:
			return true;
	}
	/* equal values have the same sketch; in place of none stands a hash, without the bit CDP_SKETCHED */
	if (out->sketch == 0)
		out->sketch = cdp_hash_chars(out->chars, out->len);
	return prepared;
}

int
cdp_compare(CdpWork *work, CdpMeasure measure, const CdpValue *const *a, const CdpValue *const *b)
{
	const CdpValue *x,
			   *y;

	if (measure == CDP_MEASURE_PERSON_NAME)
		return cdp_person_name_level(work, a, b);
	x = cdp_present(a[0]);
	y = cdp_present(b[0]);
	if (x == NULL || y == NULL)
		return 0;
	/* values of one measure and input with the same characters have the same sketch */
	if (x->sketch == y->sketch && cdp_same_value(x, y))
		return 1;
	switch (measure)
	{
		case CDP_MEASURE_NAME:
			return cdp_name_level(work, x, y);
		case CDP_MEASURE_BIRTH_DATE:
		case CDP_MEASURE_DATE:
			return cdp_date_level(x, y);
		case CDP_MEASURE_EMAIL:
			return cdp_email_level(work, x, y);
		case CDP_MEASURE_PHONE:
			return cdp_phone_level(work, x, y);
		case CDP_MEASURE_POSTAL_CODE:
			return cdp_postal_code_level(work, x, y);
		case CDP_MEASURE_STREET:
			return cdp_street_level(work, x, y);
		case CDP_MEASURE_CITY:
			return cdp_city_level(work, x, y);
		case CDP_MEASURE_ID:
			return cdp_id_level(work, x, y);
		case CDP_MEASURE_TEXT:
			return cdp_text_level(work, x, y);
		case CDP_MEASURE_NUMBER:
			return cdp_number_level(x, y);
		case CDP_MEASURE_GENERATION:
			return GENERATION_ELSE;
		case CDP_MEASURE_PERSON_NAME:
		case CDP_MEASURE_CODE:
		case CDP_N_MEASURES:
			break;
	}
	return CODE_ELSE;
}
