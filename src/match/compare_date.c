/*
 * compare_date.c
 *	  Birth dates and other dates: slips of the keys first, then how far apart they are.
 *
 * The two measures differ in their default probabilities alone: birth dates hardly come near
 * one another unless they are the same, dates of a record lie in a few years.
 *
 * A date has no form: its digits fit into the sketch, so that two are compared without a look
 * at any other memory. A value that is no date agrees with what is equal and nothing else.
 */
#include "match/value.h"

enum
{
	DATE_EXACT = 1, DATE_ONE_EDIT, DATE_SWAPPED, DATE_TWO_EDITS, DATE_PLACEHOLDER, DATE_MONTH, DATE_YEAR, DATE_TEN_YEARS, DATE_ELSE
};

static const CdpLevel birth_date_levels[] = {
	[DATE_EXACT - 1] = {"exact", "same date", 1, 1, 0.90, 0.00005},
	[DATE_ONE_EDIT - 1] = {"one_edit", "one digit differs, or two neighbouring digits are exchanged", 1, 0, 0.04, 0.0012},
	[DATE_SWAPPED - 1] = {"day_month_swapped", "day and month exchanged", 1, 0, 0.01, 0.00002},
	[DATE_TWO_EDITS - 1] = {"two_edits", "two digits differ", 1, 0, 0.01, 0.015},
	[DATE_PLACEHOLDER - 1] = {"same_year_placeholder", "same year, and one is the first of January, as dates of a year alone are stored", 1, 0, 0.01, 0.0001},
	[DATE_MONTH - 1] = {"within_month", "at most 31 days apart", 1, 0, 0.005, 0.001},
	[DATE_YEAR - 1] = {"within_year", "at most 366 days apart", 1, 0, 0.007, 0.02},
	[DATE_TEN_YEARS - 1] = {"within_ten_years", "at most ten years apart", 1, 0, 0.008, 0.21},
	[DATE_ELSE - 1] = {"else", "more than ten years apart", 1, 0, 0.01, 0.75263},
};

static const CdpLevel date_levels[] = {
	[DATE_EXACT - 1] = {"exact", "same date", 1, 1, 0.75, 0.002},
	[DATE_ONE_EDIT - 1] = {"one_edit", "one digit differs, or two neighbouring digits are exchanged", 1, 0, 0.04, 0.012},
	[DATE_SWAPPED - 1] = {"day_month_swapped", "day and month exchanged", 1, 0, 0.01, 0.001},
	[DATE_TWO_EDITS - 1] = {"two_edits", "two digits differ", 1, 0, 0.02, 0.06},
	[DATE_PLACEHOLDER - 1] = {"same_year_placeholder", "same year, and one is the first of January, as dates of a year alone are stored", 1, 0, 0.01, 0.005},
	[DATE_MONTH - 1] = {"within_month", "at most 31 days apart", 1, 0, 0.05, 0.03},
	[DATE_YEAR - 1] = {"within_year", "at most 366 days apart", 1, 0, 0.06, 0.19},
	[DATE_TEN_YEARS - 1] = {"within_ten_years", "at most ten years apart", 1, 0, 0.04, 0.5},
	[DATE_ELSE - 1] = {"else", "more than ten years apart", 1, 0, 0.02, 0.2},
};

const CdpMeasureInfo cdp_birth_date_measure = CDP_MEASURE_INFO("birth_date", 1, birth_date_levels);
const CdpMeasureInfo cdp_date_measure = CDP_MEASURE_INFO("date", 1, date_levels);

#define DATE_CHARS 10
#define FIRST_OF_JANUARY 0x0101

/* The sketch of a date is its digits, four bits each; nothing else is looked at. */
#define date_digits(value) ((uint32_t) (value)->sketch)

/* Days since the first of March of the year 0 (Gregorian). */
static int32_t
day_number(int32_t year, int32_t month, int32_t day)
{
	int32_t		y = month > 2 ? year : year - 1;
	int32_t		m = month > 2 ? month - 3 : month + 9;

	return 365 * y + (y >= 0 ? y / 4 - y / 100 + y / 400 : -1) + (153 * m + 2) / 5 + day - 1;
}

static inline int32_t
two_digits(uint32_t digits)
{
	return (digits >> 4 & 15) * 10 + (digits & 15);
}

static inline int32_t
year_of(uint32_t digits)
{
	return two_digits(digits >> 24) * 100 + two_digits(digits >> 16);
}

static int32_t
day_of(uint32_t digits)
{
	return day_number(year_of(digits), two_digits(digits >> 8), two_digits(digits));
}

/* 0 for what is no date, YYYY-MM-DD. */
static uint64_t
sketch_date(const uint32_t *s, int32_t len)
{
	uint32_t	digits = 0;

	if (len != DATE_CHARS || s[4] != '-' || s[7] != '-')
		return 0;
	for (int i = 0; i < DATE_CHARS; i++)
	{
		if (i == 4 || i == 7)
			continue;
		if (!cdp_is_digit(s[i]))
			return 0;
		digits = digits << 4 | (s[i] - '0');
	}
	if (two_digits(digits >> 8) < 1 || two_digits(digits >> 8) > 12 || two_digits(digits) < 1 || two_digits(digits) > 31)
		return 0;
	return CDP_SKETCHED | digits;
}

bool
cdp_date_prepare(CdpValue *value)
{
	value->extra = value->chars;
	value->sketch = sketch_date(value->chars, value->len);
	return true;
}

/* The lowest bit of each digit that is not 0. */
static inline uint32_t
set_digits(uint32_t digits)
{
	digits |= digits >> 2;
	digits |= digits >> 1;
	return digits & UINT32_C(0x11111111);
}

/*
 * The optimal string alignment distance of two dates' digits up to 2, 3 for more. As both
 * have as many digits, two edits are two of substitution and exchange, or a digit taken
 * out at one place and put in at another, which moves those between by one.
 */
static int
date_edits(uint32_t a, uint32_t b)
{
	uint32_t	differ = set_digits(a ^ b);
	/* a digit is the other's next, and the next one the other's */
	uint32_t	exchanged = differ & ~set_digits((a ^ b << 4) | (a << 4 ^ b)) & ~UINT32_C(1);
	int			edits = differ * UINT32_C(0x11111111) >> 28;
	uint32_t	last,
				moved;

	for (; exchanged != 0; edits--)
	{
		uint32_t	first = UINT32_C(1) << (31 - __builtin_clz(exchanged));

		/* the next one is used up */
		exchanged &= ~(first | first >> 4);
	}
	if (edits <= 2)
		return edits;
	/* from the first that differs to the one before the last */
	last = differ & -differ;
	moved = (UINT32_C(2) << (31 - __builtin_clz(differ) + 3)) - (last << 4);
	return ((a << 4 ^ b) & moved) == 0 || ((b << 4 ^ a) & moved) == 0 ? 2 : 3;
}

int
cdp_date_level(const CdpValue *x, const CdpValue *y)
{
	uint32_t	a = date_digits(x),
				b = date_digits(y);
	int32_t		apart;
	int			edits;

	if ((x->sketch & y->sketch & CDP_SKETCHED) == 0)
		return DATE_ELSE;
	edits = date_edits(a, b);
	if (edits == 1)
		return DATE_ONE_EDIT;
	if (a >> 16 == b >> 16)
	{
		if ((a >> 8 & 255) == (b & 255) && (a & 255) == (b >> 8 & 255))
			return DATE_SWAPPED;
		if ((a & 0xFFFF) == FIRST_OF_JANUARY || (b & 0xFFFF) == FIRST_OF_JANUARY)
			return DATE_PLACEHOLDER;
	}
	if (edits == 2)
		return DATE_TWO_EDITS;
	apart = year_of(a) - year_of(b);
	if (apart > 11 || apart < -11)
		return DATE_ELSE;
	apart = day_of(a) - day_of(b);
	if (apart < 0)
		apart = -apart;
	return apart <= 31 ? DATE_MONTH : apart <= 366 ? DATE_YEAR : apart <= 3653 ? DATE_TEN_YEARS : DATE_ELSE;
}
