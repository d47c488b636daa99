/*
 * clean_fuzz.c
 *	  The cores of the clean room on arbitrary bytes, under the sanitizers.
 *
 * CORE chooses one core at compile time. Besides memory errors it finds broken
 * promises: a cleaned value that is not UTF-8, that cleans to something else, or
 * that is refused when it is cleaned again; a key whose key differs; a fast path
 * that disagrees with the slow one.
 */
#include "clean/date.h"
#include "clean/phone.h"
#include "clean/postal.h"
#include "clean/text.h"

#include <stdio.h>
#include <stdlib.h>

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fail(const char *what, const CdpBuf *once, const CdpBuf *twice)
{
	fprintf(stderr, "%s: \"%.*s\" then \"%.*s\"\n", what, (int) once->len, once->data, (int) twice->len, twice->data);
	abort();
}

static bool
same(const CdpBuf *a, const CdpBuf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
check(CdpCleaner core, const char *in, size_t len)
{
	static CdpBuf once;
	static CdpBuf twice;
	const char *reason = core(in, len, &once);

	if (reason != NULL || once.failed)
		return;
	if (!cdp_utf8_valid(once.data, once.len))
		fail("not UTF-8", &once, &once);
	reason = core(once.data, once.len, &twice);
	if (reason != NULL && !twice.failed)
		fail(reason, &once, &twice);
	if (!same(&once, &twice))
		fail("not at rest", &once, &twice);
}

static const char *
state_us(const char *in, size_t len, CdpBuf *out)
{
	return cdp_state_clean(in, len, "US", 2, out);
}

/* the first byte chooses the country */
static const char *country_now;

static const char *
postal(const char *in, size_t len, CdpBuf *out)
{
	return cdp_postal_code_clean(in, len, country_now, 2, out);
}

static const char *
phone(const char *in, size_t len, CdpBuf *out)
{
	return cdp_phone_clean(in, len, country_now, 2, out);
}

static void
check_date(const char *in, size_t len)
{
	for (int order = CDP_ORDER_YMD; order <= CDP_ORDER_DMY; order++)
	{
		CdpDate		date;
		CdpDate		again;
		CdpDate		as_of = {2024, 2, 29};
		char		text[32];

		if (cdp_date_clean(in, len, (CdpDateOrder) order, &date) != NULL || date.year == 0)
			continue;
		snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month, date.day);
		if (cdp_date_clean(text, strlen(text), (CdpDateOrder) order, &again) != NULL ||
			memcmp(&date, &again, sizeof(date)) != 0)
		{
			fprintf(stderr, "date not at rest: %s\n", text);
			abort();
		}
		cdp_birth_date_clean(in, len, (CdpDateOrder) order, as_of, &date);
	}
}

/* fast paths against slow ones */
static void
check_fold(const char *in, size_t len)
{
	static CdpBuf fast;
	static CdpBuf slow;
	const char *a;
	const char *b;

	cdp_fold(in, len, 0, &fast);
	cdp_fold(in, len, CDP_FOLD_ICU, &slow);
	if (!same(&fast, &slow))
		fail("fold differs", &fast, &slow);
	a = cdp_tidy(in, len, 1000, CDP_TIDY_PUNCT, &fast);
	b = cdp_tidy(in, len, 1000, CDP_TIDY_PUNCT | CDP_FOLD_ICU, &slow);
	if (a != b || (a == NULL && !same(&fast, &slow)))
		fail("tidy differs", &fast, &slow);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const countries[] = {
		"US", "CA", "GB", "DE", "NL", "LV", "IE", "AR", "ZW", "JP", "MX", "AU", "BR", "IT", "RU", "BS"
	};
	const char *in = (const char *) data;
	CdpBuf		work = {0};

	if (strcmp(CORE, "name") == 0)
	{
		check(cdp_name_clean, in, size);
		check(cdp_name_key_of, in, size);
	}
	else if (strcmp(CORE, "email") == 0)
	{
		check(cdp_email_clean, in, size);
		check(cdp_email_key_of, in, size);
		cdp_email_role(in, size, &work);
		cdp_email_disposable(in, size, &work);
	}
	else if (strcmp(CORE, "date") == 0)
		check_date(in, size);
	else if (strcmp(CORE, "fold") == 0)
		check_fold(in, size);
	else if (strcmp(CORE, "text") == 0)
	{
		check(cdp_text_clean, in, size);
		check(cdp_text_key_of, in, size);
		check(cdp_street_clean, in, size);
		check(cdp_street_key_of, in, size);
		check(cdp_id_clean, in, size);
		check(cdp_number_clean, in, size);
		check(cdp_gender_clean, in, size);
	}
	else if (strcmp(CORE, "postal") == 0 && size > 0)
	{
		country_now = countries[data[0] % 16];
		check(postal, in + 1, size - 1);
		check(state_us, in + 1, size - 1);
		check(cdp_country_clean, in + 1, size - 1);
	}
	else if (strcmp(CORE, "phone") == 0 && size > 0)
	{
		CdpBuf		slow = {0};
		const char *a;
		const char *b;

		country_now = countries[data[0] % 16];
		check(phone, in + 1, size - 1);
		a = cdp_phone_clean(in + 1, size - 1, country_now, 2, &work);
		b = cdp_phone_clean_library(in + 1, size - 1, country_now, 2, &slow);
		if ((a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0) || (a == NULL && !same(&work, &slow)))
			fail("phone differs", &work, &slow);
		cdp_buf_free(&slow);
	}
	cdp_buf_free(&work);
	return 0;
}
