/*
 * compare_phone.c
 *	  Phone numbers in E.164, perhaps with an extension behind ";ext=".
 *
 * The sketch of a number without an extension holds its length and its last digits: those of
 * two people mostly differ in many places, which bounds the edits between them from below.
 */
#include "match/value.h"

enum
{
	PHONE_EXACT = 1, PHONE_ONE_DIGIT, PHONE_LAST_SEVEN, PHONE_ELSE
};

static const CdpLevel phone_levels[] = {
	[PHONE_EXACT - 1] = {"exact", "same number", 1, 1, 0.65, 0.000005},
	[PHONE_ONE_DIGIT - 1] = {"one_digit", "one digit differs, or only the extension", 1, 0, 0.04, 0.000005},
	[PHONE_LAST_SEVEN - 1] = {"last_seven", "last seven digits the same", 1, 0, 0.03, 0.000001},
	[PHONE_ELSE - 1] = {"else", "other numbers", 1, 0, 0.28, 0.999989},
};

const CdpMeasureInfo cdp_phone_measure = CDP_MEASURE_INFO("phone", 1, phone_levels);

#define LAST_DIGITS 7

typedef struct PhoneForm
{
	CdpWord		base;			/* without the extension */
	uint32_t	last;			/* its last digits, as a number; 0: fewer than so many */
} PhoneForm;

/* How many digits there are, and the last twelve, four bits each; of numbers without an extension. */
static uint64_t
sketch_phone(const uint32_t *s, int32_t len)
{
	uint64_t	digits = 0;

	for (int32_t i = 0; i < len; i++)
	{
		if (i == 0 && s[i] == '+')
			continue;
		if (!cdp_is_digit(s[i]))
			return 0;
		digits = digits << 4 | (s[i] - '0');
	}
	return len < CDP_MAX_SKETCHED ? CDP_SKETCHED | (uint64_t) len << 48 | (digits & ((UINT64_C(1) << 48) - 1)) : 0;
}

bool
cdp_phone_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	PhoneForm  *form = cdp_arena_take(work, arena, sizeof(PhoneForm));
	const uint32_t *s = value->chars;
	int32_t		base = 0;
	int			digits = 0;
	uint32_t	unit = 1;

	if (form == NULL)
		return false;
	while (base < value->len && s[base] != ';')
		base++;
	form->base = cdp_word_make(s, base);
	form->last = 0;
	for (int32_t i = base - 1; i >= 0 && cdp_is_digit(s[i]) && digits < LAST_DIGITS; i--, digits++, unit *= 10)
		form->last += (s[i] - '0') * unit;
	if (digits < LAST_DIGITS)
		form->last = 0;
	value->extra = (const void *) form;
	value->sketch = sketch_phone(s, value->len);
	return true;
}

/* Have two numbers surely more than one edit between them, and other last digits? */
static inline bool
unlike_phones(uint64_t a, uint64_t b)
{
	uint64_t	differ = (a ^ b) & ((UINT64_C(1) << 48) - 1);
	int			longer = (int) (a >> 48 & 63) - (int) (b >> 48 & 63);

	if ((a & b & CDP_SKETCHED) == 0 || (differ & ((UINT64_C(1) << 4 * LAST_DIGITS) - 1)) == 0)
		return false;
	differ |= differ >> 2;
	differ |= differ >> 1;
	return longer == 0 ? cdp_count_bits(differ & UINT64_C(0x111111111111)) > 2 : longer > 1 || longer < -1;
}

int
cdp_phone_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const PhoneForm *a = (const PhoneForm *) x->extra;
	const PhoneForm *b = (const PhoneForm *) y->extra;

	if (unlike_phones(x->sketch, y->sketch))
		return PHONE_ELSE;
	if (cdp_within(work, &a->base, &b->base, 1))
		return PHONE_ONE_DIGIT;
	return a->last != 0 && a->last == b->last ? PHONE_LAST_SEVEN : PHONE_ELSE;
}
