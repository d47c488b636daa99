/*
 * compare_number.c
 *	  Numbers, by how far they are apart; whole numbers as years and ages are mistaken, too: by one, or
 *	  in one digit.
 */
#include "match/value.h"

enum
{
	NUMBER_EXACT = 1, NUMBER_NEXT, NUMBER_ONE_DIGIT, NUMBER_NEAR, NUMBER_CLOSE, NUMBER_ELSE
};

static const CdpLevel number_levels[] = {
	[NUMBER_EXACT - 1] = {"exact", "same number", 1, 1, 0.75, 0.02},
	[NUMBER_NEXT - 1] = {"next", "whole numbers one apart", 1, 0, 0.04, 0.02},
	[NUMBER_ONE_DIGIT - 1] = {"one_digit", "whole numbers of which one digit differs, or two neighbouring digits are exchanged", 1, 0, 0.03, 0.03},
	[NUMBER_NEAR - 1] = {"near", "numbers within 1 percent", 1, 0, 0.03, 0.01},
	[NUMBER_CLOSE - 1] = {"close", "numbers within 10 percent", 1, 0, 0.05, 0.07},
	[NUMBER_ELSE - 1] = {"else", "other numbers", 1, 0, 0.10, 0.85},
};

const CdpMeasureInfo cdp_number_measure = CDP_MEASURE_INFO("number", 1, number_levels);

typedef struct NumberForm
{
	double		value;
	bool		known;
	bool		whole;
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
	form->whole = !fraction;
	return true;
}

/* Does one digit differ, or are two neighbours exchanged? A single digit says nothing. */
static bool
one_digit_differs(const CdpValue *x, const CdpValue *y)
{
	int32_t		n = 0,
				first = 0;

	if (x->len != y->len || x->len < 2)
		return false;
	for (int32_t i = x->len - 1; i >= 0; i--)
		if (x->chars[i] != y->chars[i])
		{
			n++;
			first = i;
		}
	return n == 1 || (n == 2 && x->chars[first] == y->chars[first + 1] && x->chars[first + 1] == y->chars[first]);
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
	if (a->whole && b->whole && apart == 1)
		return NUMBER_NEXT;
	if (a->whole && b->whole && one_digit_differs(x, y))
		return NUMBER_ONE_DIGIT;
	return apart <= size * 0.01 ? NUMBER_NEAR : apart <= size * 0.1 ? NUMBER_CLOSE : NUMBER_ELSE;
}
