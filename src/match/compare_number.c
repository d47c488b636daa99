/*
 * compare_number.c
 *	  Numbers, by how far they are apart.
 */
#include "match/value.h"

enum
{
	NUMBER_EXACT = 1, NUMBER_NEAR, NUMBER_CLOSE, NUMBER_ELSE
};

static const CdpLevel number_levels[] = {
	[NUMBER_EXACT - 1] = {"exact", "same number", 1, 1, 0.75, 0.02},
	[NUMBER_NEAR - 1] = {"near", "numbers within 1 percent", 1, 0, 0.05, 0.01},
	[NUMBER_CLOSE - 1] = {"close", "numbers within 10 percent", 1, 0, 0.08, 0.08},
	[NUMBER_ELSE - 1] = {"else", "other numbers", 1, 0, 0.12, 0.89},
};

const CdpMeasureInfo cdp_number_measure = CDP_MEASURE_INFO("number", 1, number_levels);

typedef struct NumberForm
{
	double		value;
	bool		known;
} NumberForm;

bool
cdp_number_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	NumberForm *form = cdp_arena_take(work, arena, sizeof(NumberForm));
	const uint32_t *s = value->chars;
	int32_t		len = value->len;
	bool		negative = len > 0 && s[0] == '-';
	double		size = 0,
				unit = 1;
	bool		fraction = false;

	if (form == NULL)
		return false;
	*form = (NumberForm) {0};
	value->extra = (const void *) form;
	for (int32_t i = negative; i < len; i++)
	{
		if (s[i] == '.' && !fraction)
		{
			fraction = true;
			continue;
		}
		if (!cdp_is_digit(s[i]))
		{
			form->known = false;
			return true;
		}
		form->known = true;
		if (fraction)
			size += (s[i] - '0') * (unit /= 10);
		else
			size = size * 10 + (s[i] - '0');
	}
	form->known = form->known && size < 1e300;
	form->value = negative ? -size : size;
	return true;
}

int
cdp_number_level(const CdpValue *x, const CdpValue *y)
{
	const NumberForm *a = (const NumberForm *) x->extra;
	const NumberForm *b = (const NumberForm *) y->extra;
	double		size_a,
				size_b,
				apart,
				size;

	if (!a->known || !b->known)
		return NUMBER_ELSE;
	if (a->value == b->value)
		return NUMBER_EXACT;
	size_a = a->value < 0 ? -a->value : a->value;
	size_b = b->value < 0 ? -b->value : b->value;
	size = size_a > size_b ? size_a : size_b;
	apart = a->value > b->value ? a->value - b->value : b->value - a->value;
	return apart <= size * 0.01 ? NUMBER_NEAR : apart <= size * 0.1 ? NUMBER_CLOSE : NUMBER_ELSE;
}
