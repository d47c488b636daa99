/*
 * compare_postal_code.c
 *	  Postal codes: a ZIP code with or without its four additional digits, slips, and the part
 *	  at the beginning that names an area.
 */
#include "match/value.h"

enum
{
	POSTAL_EXACT = 1, POSTAL_SAME_CODE, POSTAL_ONE_EDIT, POSTAL_SAME_AREA, POSTAL_ELSE
};

static const CdpLevel postal_code_levels[] = {
	[POSTAL_EXACT - 1] = {"exact", "same postal code", 1, 1, 0.68, 0.001},
	[POSTAL_SAME_CODE - 1] = {"same_code", "same ZIP code, its four additional digits differ or are missing", 1, 0, 0.04, 0.0002},
	[POSTAL_ONE_EDIT - 1] = {"one_edit", "one character differs, or two neighbours are exchanged", 1, 0, 0.05, 0.004},
	[POSTAL_SAME_AREA - 1] = {"same_area", "same beginning of the postal code", 1, 0, 0.08, 0.015},
	[POSTAL_ELSE - 1] = {"else", "other postal codes", 1, 0, 0.15, 0.9798},
};

const CdpMeasureInfo cdp_postal_code_measure = CDP_MEASURE_INFO("postal_code", 1, postal_code_levels);

typedef struct PostalCodeForm
{
	CdpWord		base;			/* a ZIP code without the four digits more */
	int32_t		area;			/* how many characters name the area */
} PostalCodeForm;

bool
cdp_postal_code_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	PostalCodeForm *form = cdp_arena_take(work, arena, sizeof(PostalCodeForm));
	const uint32_t *s = value->chars;
	int32_t		base = value->len == 10 && s[5] == '-' ? 5 : value->len;

	if (form == NULL)
		return false;
	form->base = cdp_word_make(s, base);
	form->area = 0;
	while (form->area < base && s[form->area] != ' ')
		form->area++;
	if (form->area == base)
		form->area = base >= 4 ? base - 2 : 0;
	value->extra = (const void *) form;
	return true;
}

int
cdp_postal_code_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const PostalCodeForm *a = (const PostalCodeForm *) x->extra;
	const PostalCodeForm *b = (const PostalCodeForm *) y->extra;

	if (cdp_same_word(&a->base, &b->base))
		return POSTAL_SAME_CODE;
	if (cdp_within(work, &a->base, &b->base, 1))
		return POSTAL_ONE_EDIT;
	return a->area > 0 && cdp_same_chars(x->chars, a->area, y->chars, b->area) ? POSTAL_SAME_AREA : POSTAL_ELSE;
}
