/*
 * phone.c
 *	  Telephone numbers: E.164, extension kept.
 *
 * libphonenumber decides (phone_shim.cpp): a number is accepted when the library
 * parses it as seen from the region and holds it for valid. The canonical form is
 * E.164, with ";ext=" and the extension after it when there is one.
 *
 * Numbers of the North American plan in plain writing (ten digits, or eleven with
 * a leading 1, or +1 and ten; spaces, dots, hyphens and parentheses anywhere
 * between) are judged without the library by the automaton of phone_plan.c. What
 * is not of exactly that form, the library gets. The answers are the same, byte
 * for byte; test/bench/phone_differential.sh compares them.
 *
 * Placeholders are looked for in the digits as written and in the canonical form,
 * so that the canonical form of an accepted number is accepted again.
 */
#include "clean/phone.h"
#include "clean/phone_plan.h"
#include "clean/phone_shim.h"

#define INPUT_MAX_CHARS 250
#define DIGITS_MAX 24

static const char *const reasons[] = {
	[CDP_PHONE_VALID] = NULL,
	[CDP_PHONE_NOT_A_NUMBER] = "not a number",
	[CDP_PHONE_UNKNOWN_REGION] = "unknown region",
	[CDP_PHONE_UNKNOWN_COUNTRY] = "unknown country calling code",
	[CDP_PHONE_TOO_SHORT] = "too short",
	[CDP_PHONE_TOO_LONG] = cdp_reason_too_long,
	[CDP_PHONE_WRONG_LENGTH] = "wrong length",
	[CDP_PHONE_NO_AREA_CODE] = "no area code",
	[CDP_PHONE_NOT_VALID] = "not valid for its region",
	[CDP_PHONE_NO_MEMORY] = NULL,
};

/* The calling code of a region of two letters, remembered; 0 when unknown. */
static int
calling_code(const char *region)
{
	static int16_t known[26 * 26];	/* code + 1; 0: not asked yet */
	int			at = (region[0] - 'A') * 26 + region[1] - 'A';

	if (known[at] == 0)
		known[at] = cdp_phone_shim_calling_code(region) + 1;
	return known[at] - 1;
}

/*
 * The North American number in a plain writing: its ten digits. False when the
 * writing is not plain, which says nothing about the number.
 */
static bool
plain_number(const char *s, size_t len, bool at_home, char *digits)
{
	char		run[11];
	int			n = 0;
	bool		plus = false;

	for (size_t i = 0; i < len; i++)
	{
		char		c = s[i];

		if (cdp_is_digit(c))
		{
			if (n == 11)
				return false;
			run[n++] = c;
		}
		else if (c == '+')
		{
			if (plus || n > 0)
				return false;
			plus = true;
		}
		else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')')
			return false;
	}
	if (n == 11 && run[0] == '1' && run[1] >= '2' && (plus || at_home))
		memcpy(digits, run + 1, 10);
	else if (n == 10 && run[0] >= '2' && !plus && at_home)
		memcpy(digits, run, 10);
	else
		return false;
	return true;
}

static bool
is_placeholder_number(const char *s, size_t len)
{
	char		digits[DIGITS_MAX];
	size_t		n = 0;

	for (size_t i = 0; i < len && s[i] != ';'; i++)
	{
		if (cdp_is_digit(s[i]))
		{
			if (n == DIGITS_MAX)
				return false;
			digits[n++] = s[i];
		}
		else if (cdp_is_alpha(s[i]) || ((unsigned char) s[i] & 0x80))
			return false;
	}
	return n > 0 && cdp_is_placeholder_digits(digits, n);
}

static const char *
clean(const char *in, size_t len, const char *region, size_t region_len, bool fast, CdpBuf *out)
{
	static CdpBuf tidy;
	char		home[3] = "ZZ";
	char		canonical[CDP_PHONE_OUT_MAX];
	size_t		canonical_len = 0;
	CdpPhoneVerdict verdict;

	cdp_buf_reset(out);
	cdp_trim(&in, &len);
	if (len == 0)
		return NULL;
	if (!cdp_phone_shim_start())
	{
		out->failed = true;
		return NULL;
	}
	if (region_len == 2 && cdp_is_alpha(region[0]) && cdp_is_alpha(region[1]))
	{
		home[0] = cdp_to_upper(region[0]);
		home[1] = cdp_to_upper(region[1]);
	}

	if (fast && len <= 40 && cdp_phone_plan_start())
	{
		char		e164[12] = "+1";

		if (plain_number(in, len, calling_code(home) == 1, e164 + 2))
		{
			if (cdp_is_placeholder_digits(e164 + 2, 10))
				return cdp_reason_placeholder;
			switch (cdp_phone_plan_judge(e164 + 2))
			{
				case CDP_PLAN_VALID:
					cdp_buf_append(out, e164, 12);
					return NULL;
				case CDP_PLAN_INVALID:
					/* ten digits are a possible number, so no other reason applies */
					return reasons[CDP_PHONE_NOT_VALID];
				case CDP_PLAN_UNSURE:
					break;
			}
		}
	}

	if (!cdp_is_ascii(in, len))
	{
		const char *reason = cdp_tidy(in, len, INPUT_MAX_CHARS, 0, &tidy);

		if (tidy.failed)
			out->failed = true;
		if (reason != NULL || tidy.failed || tidy.len == 0)
			return reason;
		in = tidy.data;
		len = tidy.len;
	}
	if (len > INPUT_MAX_CHARS)
		return cdp_reason_too_long;
	if (cdp_is_placeholder(CDP_FOR_PHONE, in, len) || is_placeholder_number(in, len))
		return cdp_reason_placeholder;

	verdict = cdp_phone_shim_parse(in, len, home, canonical, &canonical_len);
	if (verdict == CDP_PHONE_NO_MEMORY)
		out->failed = true;
	if (verdict != CDP_PHONE_VALID)
		return reasons[verdict];
	if (is_placeholder_number(canonical, canonical_len))
		return cdp_reason_placeholder;
	cdp_buf_append(out, canonical, canonical_len);
	return NULL;
}

/* A number as seen from a region (two letters; any other has only numbers with +). */
const char *
cdp_phone_clean(const char *in, size_t len, const char *region, size_t region_len, CdpBuf *out)
{
	return clean(in, len, region, region_len, true, out);
}

/* The same without the fast path. */
const char *
cdp_phone_clean_library(const char *in, size_t len, const char *region, size_t region_len, CdpBuf *out)
{
	return clean(in, len, region, region_len, false, out);
}

/* Whether numbers of the region are of the North American plan and take the fast path. */
bool
cdp_phone_has_fast_path(void)
{
	return cdp_phone_shim_start() && cdp_phone_plan_start();
}
