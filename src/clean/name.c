/*
 * name.c
 *	  Names of people: cleaned for display, folded for matching.
 *
 * A name keeps its script and its letters. Only what is certainly noise goes:
 * invisible characters, doubled white space, quotes and commas at the ends,
 * typographic apostrophes and dashes. A name in one case throughout (a typist's
 * or an old system's) is put in title case; a name in mixed case is somebody's
 * own spelling and stays.
 */
#include "clean/value.h"

#define NAME_MAX_CHARS 1000

static bool
is_edge_noise(char c)
{
	return c == ' ' || c == ',' || c == ';' || c == '"' || c == '*' || c == '_' || c == ':' || c == '|';
}

static bool
contains(const char *s, size_t len, const char *what)
{
	size_t		n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
	{
		size_t		k = 0;

		while (k < n && cdp_to_lower(s[i + k]) == what[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

const char *
cdp_name_clean(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf work;
	const char *reason = cdp_tidy(in, len, NAME_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	const char *s = work.data;
	size_t		n = work.len;

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || n == 0)
		return reason;
	while (n > 0 && is_edge_noise(*s))
	{
		s++;
		n--;
	}
	while (n > 0 && is_edge_noise(s[n - 1]))
		n--;
	if (n == 0 || cdp_is_placeholder(CDP_FOR_NAME, s, n))
		return cdp_reason_placeholder;
	if (memchr(s, '@', n) != NULL)
		return "looks like an e-mail address";
	if (memchr(s, '/', n) != NULL && contains(s, n, "://"))
		return "looks like a web address";
	if (memchr(s, '.', n) != NULL && n > 4 && contains(s, 4, "www."))
		return "looks like a web address";
	if (!cdp_has_letter(s, n))
		return "no letter";
	cdp_title(s, n, out);
	return NULL;
}

const char *
cdp_name_key_of(const char *in, size_t len, CdpBuf *out)
{
	cdp_fold(in, len, 0, out);
	return NULL;
}
