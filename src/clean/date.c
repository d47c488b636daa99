/*
 * date.c
 *	  Calendar dates from text, without guessing.
 *
 * A value that begins with a year of four digits is read as year, month, day; one
 * with an English month name needs no order either. For the rest the order is an
 * argument. Without one (YMD), 13/04/1980 has one reading only and is taken,
 * 05/05/1980 means the same both ways, and 03/04/1980 is refused as ambiguous. A
 * given order is kept: 13/04/1980 does not fit MDY, and the column it stands in
 * is probably not what it was declared to be.
 *
 * A time of day after the date is dropped. A two-digit year is refused, as is a
 * date with a missing part.
 *
 * Dates that programs write when they have none are placeholders: zeros and
 * nines, 0001-01-01, 1111-11-11, 1753-01-01 (the first of SQL Server), 1899-12-30,
 * 1899-12-31 and 1900-01-01 (the zero of spreadsheets). 1970-01-01 is a day like
 * any other: people were born on it. For birth dates 1800-01-01 and 1901-01-01 are
 * placeholders too.
 */
#include "clean/date.h"

#define INPUT_MAX_CHARS 100
#define FIRST_YEAR 1600
#define LAST_YEAR 2200
#define OLDEST_AGE 130

static const char not_a_date[] = "not a date";
static const char incomplete[] = "incomplete date";
static const char impossible[] = "impossible date";
static const char two_digits[] = "two-digit year";
static const char ambiguous[] = "ambiguous order";
static const char misfit[] = "impossible in this order";
static const char out_of_range[] = "year out of range";

typedef struct Part
{
	int			digits;			/* 0: the name of a month */
	int			value;
} Part;

bool
cdp_date_order(const char *s, size_t len, CdpDateOrder *order)
{
	static const char *const names[] = {"YMD", "MDY", "DMY"};

	if (len != 3)
		return false;
	for (int i = 0; i < 3; i++)
		if (cdp_to_upper(s[0]) == names[i][0] && cdp_to_upper(s[1]) == names[i][1] && cdp_to_upper(s[2]) == names[i][2])
		{
			*order = (CdpDateOrder) i;
			return true;
		}
	return false;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* A word in lower case: a month (1 to 12), a word to skip (0), or neither (-1). */
static int
word_value(const char *word, size_t len)
{
	static const char *const months[] = {
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
		"november", "december"
	};
	static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

	for (int i = 0; i < 12; i++)
		if (strncmp(months[i], word, len) == 0 &&
			(len == 3 || len == strlen(months[i]) || (i == 8 && len == 4)))
			return i + 1;
	for (int i = 0; i < 7; i++)
		if (strncmp(days[i], word, len) == 0 && len >= 3)
			return 0;
	return (len == 2 && memcmp(word, "of", 2) == 0) || (len == 3 && memcmp(word, "the", 3) == 0) ? 0 : -1;
}

/*
 * Where the date ends and a time of day begins; len when there is none, 0 when
 * what follows is no time.
 */
static size_t
end_of_date(const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	size_t		end;
	size_t		from;

	if (colon == NULL)
	{
		/* 19800307T1230 */
		if (len > 8 && (s[8] == 'T' || s[8] == 't'))
			from = end = 8;
		else
			return len;
		for (size_t i = 0; i < 8; i++)
			if (!cdp_is_digit(s[i]))
				return len;
	}
	else
	{
		from = colon - s;
		while (from > 0 && cdp_is_digit(s[from - 1]))
			from--;
		if (from == (size_t) (colon - s) || (size_t) (colon - s) - from > 2)
			return 0;
		end = from;
		if (end > 0 && (s[end - 1] == 'T' || s[end - 1] == 't'))
			end--;
		while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == ','))
			end--;
		if (end == from)
			return 0;
	}
	for (size_t i = from; i < len; i++)
		if (!cdp_is_digit(s[i]) && (s[i] == '\0' || strchr(" :.,+-TZtzAPMapmUTCGutcg", s[i]) == NULL))
			return 0;
	return end;
}

static const char *
split(const char *s, size_t len, Part *part, int *n)
{
	*n = 0;
	for (size_t i = 0; i < len;)
	{
		char		c = s[i];

		if (cdp_is_digit(c))
		{
			Part		p = {0, 0};

			while (i < len && cdp_is_digit(s[i]) && p.digits <= 8)
			{
				p.value = p.value * 10 + (s[i] - '0');
				p.digits++;
				i++;
			}
			if (p.digits > 8 || *n == 3)
				return not_a_date;
			part[(*n)++] = p;

			/* 1st, 2nd, 3rd, 7th */
			if (p.digits <= 2 && len - i >= 2 && (len - i == 2 || !cdp_is_alpha(s[i + 2])))
			{
				char		a = cdp_to_lower(s[i]);
				char		b = cdp_to_lower(s[i + 1]);

				if ((a == 's' && b == 't') || (a == 'n' && b == 'd') || (a == 'r' && b == 'd') || (a == 't' && b == 'h'))
					i += 2;
			}
		}
		else if (cdp_is_alpha(c))
		{
			char		word[16];
			size_t		k = 0;
			int			value;

			while (i < len && cdp_is_alpha(s[i]) && k < sizeof(word))
				word[k++] = cdp_to_lower(s[i++]);
			value = k < sizeof(word) ? word_value(word, k) : -1;
			if (value < 0 || (value > 0 && *n == 3))
				return not_a_date;
			if (value > 0)
				part[(*n)++] = (Part) {0, value};
		}
		else if (c == ' ' || c == '-' || c == '/' || c == '.' || c == ',')
			i++;
		else
			return not_a_date;
	}
	return NULL;
}

static bool
is_zero_or_same(const char *s, size_t len)
{
	char		first = '\0';
	int			n = 0;

	for (size_t i = 0; i < len; i++)
	{
		if (cdp_is_alpha(s[i]))
			return false;
		if (!cdp_is_digit(s[i]))
			continue;
		if (n++ == 0)
			first = s[i];
		else if (s[i] != first)
			return false;
	}
	return n >= 6 || (n > 0 && first == '0');
}

static const char *
check(int year, int month, int day, CdpDate *out)
{
	static const CdpDate none[] = {
		{1, 1, 1}, {1111, 11, 11}, {1753, 1, 1}, {1899, 12, 30}, {1899, 12, 31}, {1900, 1, 1}
	};

	if (year == 9999)
		return cdp_reason_placeholder;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (none[i].year == year && none[i].month == month && none[i].day == day)
			return cdp_reason_placeholder;
	if (month == 0 || day == 0 || year == 0)
		return incomplete;
	if (month > 12 || day > days_of_month(year, month))
		return impossible;
	if (year < FIRST_YEAR || year > LAST_YEAR)
		return out_of_range;
	*out = (CdpDate) {year, month, day};
	return NULL;
}

static bool
is_date(int year, int month, int day)
{
	return year >= FIRST_YEAR && year <= LAST_YEAR && month >= 1 && month <= 12 && day >= 1 &&
		day <= days_of_month(year, month);
}

/* Eight digits together */
static const char *
basic(int value, CdpDateOrder order, CdpDate *out)
{
	int			year = value / 10000;
	int			month = value / 100 % 100;
	int			day = value % 100;
	int			last = value % 10000;
	int			a = value / 1000000;
	int			b = value / 10000 % 100;

	if (order == CDP_ORDER_YMD)
		return check(year, month, day, out);
	if (order == CDP_ORDER_DMY)
	{
		int			swap = a;

		a = b;
		b = swap;
	}
	if (is_date(year, month, day))
		return is_date(last, a, b) ? ambiguous : check(year, month, day, out);
	return check(last, a, b, out);
}

/* Two numbers and then the year */
static const char *
ordered(int a, int b, int year, CdpDateOrder order, CdpDate *out)
{
	const char *reason;

	switch (order)
	{
		case CDP_ORDER_MDY:
			reason = check(year, a, b, out);
			return reason == impossible && a > 12 && is_date(year, b, a) ? misfit : reason;
		case CDP_ORDER_DMY:
			reason = check(year, b, a, out);
			return reason == impossible && b > 12 && is_date(year, a, b) ? misfit : reason;
		default:
			if (a == b || a > 12)
				return check(year, b, a, out);
			if (b > 12)
				return check(year, a, b, out);
			if (a == 0 || b == 0)
				return incomplete;
			return ambiguous;
	}
}

const char *
cdp_date_clean(const char *in, size_t len, CdpDateOrder order, CdpDate *out)
{
	static CdpBuf work;
	const char *s;
	const char *reason;
	Part		part[3];
	int			n;
	int			words = 0;

	*out = (CdpDate) {0, 0, 0};
	reason = cdp_tidy(in, len, INPUT_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	if (reason != NULL)
		return reason;
	s = work.data;
	len = work.len;
	if (len == 0)
		return NULL;
	if (cdp_is_placeholder(CDP_FOR_TEXT, s, len))
		return cdp_reason_placeholder;
	len = end_of_date(s, len);
	if (len == 0)
		return not_a_date;
	if (is_zero_or_same(s, len))
		return cdp_reason_placeholder;
	reason = split(s, len, part, &n);
	if (reason != NULL)
		return reason;
	for (int i = 0; i < n; i++)
		words += part[i].digits == 0;

	if (n == 1 && part[0].digits == 8)
		return basic(part[0].value, order, out);
	if (n == 1 && part[0].digits == 6)
		return two_digits;
	for (int i = 0; i < n; i++)
		if (part[i].digits > 4 || part[i].digits == 3)
			return not_a_date;
	if (n < 3)
		return n == 0 || words > 1 ? not_a_date : incomplete;
	if (words > 1)
		return not_a_date;

	if (words == 1)
	{
		int			month = 0;
		int			year = -1;
		int			day = -1;

		for (int i = 0; i < 3; i++)
		{
			if (part[i].digits == 0)
				month = part[i].value;
			else if (part[i].digits == 4)
				year = year < 0 ? part[i].value : -2;
			else
				day = part[i].value;
		}
		if (year == -1)
			return two_digits;
		return year < 0 || day < 0 ? not_a_date : check(year, month, day, out);
	}
	if (part[0].digits == 4 && part[1].digits <= 2 && part[2].digits <= 2)
		return check(part[0].value, part[1].value, part[2].value, out);
	if (part[2].digits == 4 && part[0].digits <= 2 && part[1].digits <= 2)
		return ordered(part[0].value, part[1].value, part[2].value, order, out);
	if (part[0].digits <= 2 && part[1].digits <= 2 && part[2].digits <= 2)
		return two_digits;
	return not_a_date;
}

static int
compare(CdpDate a, CdpDate b)
{
	if (a.year != b.year)
		return a.year < b.year ? -1 : 1;
	if (a.month != b.month)
		return a.month < b.month ? -1 : 1;
	return a.day < b.day ? -1 : a.day > b.day;
}

const char *
cdp_birth_date_clean(const char *in, size_t len, CdpDateOrder order, CdpDate as_of, CdpDate *out)
{
	const char *reason = cdp_date_clean(in, len, order, out);
	CdpDate		oldest = {as_of.year - OLDEST_AGE, as_of.month, as_of.day};

	if (reason != NULL || out->year == 0)
		return reason;
	if (out->month == 1 && out->day == 1 && (out->year == 1800 || out->year == 1901))
		return cdp_reason_placeholder;
	if (compare(*out, as_of) > 0)
		return "in the future";
	if (compare(*out, oldest) < 0)
		return "too old";
	return NULL;
}
