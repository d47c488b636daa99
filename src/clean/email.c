/*
 * email.c
 *	  E-mail addresses: RFC 5321/5322 shape, IDNA domains, matching keys.
 *
 * What real senders accept is accepted: dot-atoms, quoted local parts,
 * internationalised local parts (RFC 6531, kept in NFC), internationalised domain
 * names (turned into A-labels by UTS #46, nontransitional, STD3). Around the
 * address a display name, angle brackets, "mailto:", a trailing comment and a
 * trailing comma or semicolon are taken off. The whole is lower-cased: local
 * parts that differ by case only belong to one mailbox everywhere that matters.
 *
 * The stored address keeps its tag and its dots, because mail goes there. The
 * matching key drops the tag ("ann+shop" is Ann) and, at Gmail, the dots. An
 * address is a placeholder when its key is one, so the key of a key is the key.
 *
 * Limits: local part 64 octets, label 63, whole 254; the input with everything
 * around it 1000 characters.
 */
#include "clean/value.h"

#include <strings.h>
#include <unicode/uidna.h>

#define INPUT_MAX_CHARS 1000
#define LOCAL_MAX 64
#define LABEL_MAX 63
#define ADDRESS_MAX 254

static const char no_at[] = "no @ sign";
static const char many_at[] = "more than one @ sign";
static const char many_addresses[] = "more than one address";
static const char no_local[] = "no local part";
static const char long_local[] = "local part too long";
static const char bad_local[] = "invalid character in the local part";
static const char bad_dot[] = "dot in the wrong place";
static const char has_space[] = "space in the address";
static const char bad_quote[] = "quoted local part not closed";
static const char no_domain[] = "no domain";
static const char literal[] = "address literal as domain";
static const char bad_domain[] = "invalid domain";
static const char long_label[] = "domain label too long";
static const char no_tld[] = "no top-level domain";
static const char bad_tld[] = "invalid top-level domain";
static const char reserved[] = "reserved domain";

/* atext of RFC 5322, by character */
static const bool atext[128] = {
	['!'] = true,['#'] = true,['$'] = true,['%'] = true,['&'] = true,['\''] = true,['*'] = true,
	['+'] = true,['-'] = true,['/'] = true,['='] = true,['?'] = true,['^'] = true,['_'] = true,
	['`'] = true,['{'] = true,['|'] = true,['}'] = true,['~'] = true,
	['0'] = true,['1'] = true,['2'] = true,['3'] = true,['4'] = true,['5'] = true,['6'] = true,
	['7'] = true,['8'] = true,['9'] = true,
	['A'] = true,['B'] = true,['C'] = true,['D'] = true,['E'] = true,['F'] = true,['G'] = true,
	['H'] = true,['I'] = true,['J'] = true,['K'] = true,['L'] = true,['M'] = true,['N'] = true,
	['O'] = true,['P'] = true,['Q'] = true,['R'] = true,['S'] = true,['T'] = true,['U'] = true,
	['V'] = true,['W'] = true,['X'] = true,['Y'] = true,['Z'] = true,
	['a'] = true,['b'] = true,['c'] = true,['d'] = true,['e'] = true,['f'] = true,['g'] = true,
	['h'] = true,['i'] = true,['j'] = true,['k'] = true,['l'] = true,['m'] = true,['n'] = true,
	['o'] = true,['p'] = true,['q'] = true,['r'] = true,['s'] = true,['t'] = true,['u'] = true,
	['v'] = true,['w'] = true,['x'] = true,['y'] = true,['z'] = true,
};

static inline bool
is_atext(char c)
{
	return ((unsigned char) c & 0x80) || atext[(unsigned char) c];
}

/* Take off what people and programs write around an address. */
static void
unwrap(const char **s, size_t *len)
{
	const char *p = *s;
	size_t		n = *len;
	const char *open;

	while (n > 0 && (p[n - 1] == ',' || p[n - 1] == ';' || p[n - 1] == ' '))
		n--;
	if (n > 2 && p[n - 1] == ')' && (open = memrchr(p, '(', n)) != NULL && open > p && open[-1] == ' ')
	{
		n = open - p;
		while (n > 0 && p[n - 1] == ' ')
			n--;
	}
	if (n > 1 && p[n - 1] == '>' &&
		(open = p[0] == '<' ? p : memrchr(p, '<', n)) != NULL)
	{
		n = p + n - 1 - (open + 1);
		p = open + 1;
		cdp_trim(&p, &n);
	}
	if (n > 7 && cdp_to_lower(p[0]) == 'm' && strncasecmp(p, "mailto:", 7) == 0)
	{
		const char *query;

		p += 7;
		n -= 7;
		if ((query = memchr(p, '?', n)) != NULL)
			n = query - p;
		cdp_trim(&p, &n);
	}
	*s = p;
	*len = n;
}

/*
 * Split at the @ sign that ends the local part. In an unquoted local part that is
 * the only one.
 */
static const char *
split(const char *s, size_t len, size_t *at)
{
	const char *sign;
	const char *second;

	if (s[0] == '"')
	{
		size_t		i = 1;

		while (i < len && s[i] != '"')
			i += s[i] == '\\' ? 2 : 1;
		if (i >= len)
			return bad_quote;
		if (i + 1 >= len)
			return no_at;
		if (s[i + 1] != '@')
			return bad_local;
		*at = i + 1;
		return NULL;
	}
	sign = memchr(s, '@', len);
	if (sign == NULL)
		return no_at;
	*at = sign - s;
	second = memchr(sign + 1, '@', len - *at - 1);
	if (second != NULL)
	{
		for (const char *p = sign + 1; p < second; p++)
			if (*p == ',' || *p == ';' || *p == ' ' || *p == '/' || *p == '|')
				return many_addresses;
		return many_at;
	}
	return NULL;
}

static const char *
dot_atom(const char *s, size_t len)
{
	char		before = '.';

	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '.')
		{
			if (before == '.')
				return bad_dot;
		}
		else if (s[i] == ' ')
			return has_space;
		else if (!is_atext(s[i]))
			return bad_local;
		before = s[i];
	}
	return before == '.' ? bad_dot : NULL;
}

/*
 * A quoted local part in its shortest form: without quotes where a dot-atom says
 * the same, with backslashes only where they are needed.
 */
static const char *
quoted_local(const char *s, size_t len, CdpBuf *out)
{
	char		plain[LOCAL_MAX * 2 + 2];
	size_t		n = 0;

	if (len > sizeof(plain))
		return long_local;
	for (size_t i = 1; i + 1 < len; i++)
	{
		if (s[i] == '\\')
			i++;
		if ((unsigned char) s[i] < ' ' || s[i] == 0x7F)
			return bad_local;
		plain[n++] = s[i];
	}
	if (n == 0)
		return no_local;
	if (dot_atom(plain, n) == NULL)
	{
		cdp_buf_append(out, plain, n);
		return NULL;
	}
	cdp_buf_put(out, '"');
	for (size_t i = 0; i < n; i++)
	{
		if (plain[i] == '"' || plain[i] == '\\')
			cdp_buf_put(out, '\\');
		cdp_buf_put(out, plain[i]);
	}
	cdp_buf_put(out, '"');
	return NULL;
}

/* Check a lower-case ASCII domain; wants_idna tells that a label claims to be an A-label. */
static const char *
check_domain(const char *s, size_t len, bool *wants_idna)
{
	size_t		label = 0;
	size_t		last = 0;
	int			labels = 1;
	bool		digits = true;

	*wants_idna = false;
	for (size_t i = 0; i <= len; i++)
	{
		char		c;

		if (i == len || s[i] == '.')
		{
			size_t		n = i - label;

			if (n == 0)
				return len == 0 ? no_domain : bad_domain;
			if (n > LABEL_MAX)
				return long_label;
			if (s[label] == '-' || s[i - 1] == '-')
				return bad_domain;
			if (n > 4 && memcmp(s + label, "xn--", 4) == 0)
				*wants_idna = true;
			if (i < len)
			{
				labels++;
				label = last = i + 1;
			}
			continue;
		}
		c = s[i];
		if (!cdp_is_lower(c) && !cdp_is_digit(c) && c != '-')
			return c == ' ' ? has_space : bad_domain;
	}
	if (labels < 2)
		return no_tld;
	for (size_t i = last; i < len; i++)
		digits &= cdp_is_digit(s[i]);
	if (digits || len - last < 2)
		return bad_tld;
	if ((len - last == 7 && memcmp(s + last, "invalid", 7) == 0) ||
		(len - last == 9 && memcmp(s + last, "localhost", 9) == 0))
		return reserved;
	return NULL;
}

/* Any domain to A-labels. */
static const char *
idna(const char *s, size_t len, char *to, size_t cap, size_t *to_len)
{
	static UIDNA *uts46 = NULL;
	UErrorCode	err = U_ZERO_ERROR;
	UIDNAInfo	info = UIDNA_INFO_INITIALIZER;
	int32_t		n;

	if (uts46 == NULL)
		uts46 = uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
								UIDNA_NONTRANSITIONAL_TO_ASCII, &err);
	if (U_FAILURE(err))
		return bad_domain;
	n = uidna_nameToASCII_UTF8(uts46, s, (int32_t) len, to, (int32_t) cap, &info, &err);
	if (U_FAILURE(err))
		return cdp_reason_too_long;
	if (info.errors & (UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG))
		return long_label;
	if (info.errors & ~UIDNA_ERROR_HYPHEN_3_4)
		return bad_domain;
	if (n > 0 && to[n - 1] == '.')
		n--;
	*to_len = n;
	return NULL;
}

static size_t
untagged(const char *local, size_t len)
{
	const char *plus;

	if (local[0] == '"' || len < 2)
		return len;
	plus = memchr(local + 1, '+', len - 1);
	if (plus == NULL)
		return len;
	len = plus - local;
	while (len > 1 && local[len - 1] == '.')
		len--;
	return len;
}

static bool
is_gmail(const char *domain, size_t len)
{
	return (len == 9 && memcmp(domain, "gmail.com", 9) == 0) ||
		(len == 14 && memcmp(domain, "googlemail.com", 14) == 0);
}

/* The matching key of a clean address, appended to out; tells where its @ sign is. */
static size_t
put_key(const char *s, size_t len, size_t at, CdpBuf *out)
{
	const char *domain = s + at + 1;
	size_t		domain_len = len - at - 1;
	size_t		local_len = untagged(s, at);
	size_t		start = out->len;
	size_t		key_at;

	if (is_gmail(domain, domain_len) && s[0] != '"')
	{
		for (size_t i = 0; i < local_len; i++)
			if (s[i] != '.')
				cdp_buf_put(out, s[i]);
		domain = "gmail.com";
		domain_len = 9;
	}
	else
		cdp_buf_append(out, s, local_len);
	key_at = out->len - start;
	cdp_buf_put(out, '@');
	cdp_buf_append(out, domain, domain_len);
	return key_at;
}

const char *
cdp_email_clean(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf tidy;
	static CdpBuf key;
	char		ascii[ADDRESS_MAX * 2];
	const char *reason;
	const char *domain;
	size_t		domain_len;
	size_t		at = 0;
	size_t		out_at;
	bool		wide;
	bool		wants_idna = false;

	cdp_buf_reset(out);
	cdp_trim(&in, &len);
	if (len == 0)
		return NULL;
	if (len > INPUT_MAX_CHARS * 4)
		return cdp_reason_too_long;
	wide = !cdp_is_ascii(in, len);
	if (wide)
	{
		static CdpBuf lower;

		reason = cdp_tidy(in, len, INPUT_MAX_CHARS, 0, &tidy);
		if (reason != NULL)
			return reason;
		cdp_lower(tidy.data, tidy.len, &lower);
		if (tidy.failed || lower.failed)
		{
			out->failed = true;
			return NULL;
		}
		in = lower.data;
		len = lower.len;
		if (len == 0)
			return NULL;
	}
	else if (len > INPUT_MAX_CHARS)
		return cdp_reason_too_long;

	unwrap(&in, &len);
	if (len == 0 || (len <= 64 && memchr(in, '@', len) == NULL && cdp_is_placeholder(CDP_FOR_EMAIL, in, len)))
		return cdp_reason_placeholder;
	reason = split(in, len, &at);
	if (reason != NULL)
		return reason;

	/* the local part */
	if (at == 0)
		return no_local;
	if (in[0] == '"')
		reason = quoted_local(in, at, out);
	else
	{
		reason = dot_atom(in, at);
		if (reason == NULL)
			cdp_buf_append(out, in, at);
	}
	if (reason != NULL)
		return reason;
	if (out->len > LOCAL_MAX)
		return long_local;
	out_at = out->len;
	cdp_buf_put(out, '@');

	/* the domain */
	domain = in + at + 1;
	domain_len = len - at - 1;
	while (domain_len > 0 && *domain == ' ')
	{
		domain++;
		domain_len--;
	}
	if (domain_len == 0)
		return no_domain;
	if (domain[0] == '[')
		return literal;
	if (domain[domain_len - 1] == '.')
		domain_len--;
	if (domain_len >= sizeof(ascii))
		return cdp_reason_too_long;
	if (memchr(domain, ',', domain_len) || memchr(domain, ';', domain_len))
		return bad_domain;
	if (wide && !cdp_is_ascii(domain, domain_len))
	{
		if (memchr(domain, ' ', domain_len))
			return has_space;
		reason = idna(domain, domain_len, ascii, sizeof(ascii), &domain_len);
		if (reason != NULL)
			return reason;
	}
	else
	{
		for (size_t i = 0; i < domain_len; i++)
			ascii[i] = cdp_to_lower(domain[i]);
	}
	reason = check_domain(ascii, domain_len, &wants_idna);
	if (reason == NULL && wants_idna)
	{
		char		again[ADDRESS_MAX * 2];
		size_t		again_len = 0;

		reason = idna(ascii, domain_len, again, sizeof(again), &again_len);
		if (reason == NULL && (again_len != domain_len || memcmp(again, ascii, domain_len) != 0))
			reason = bad_domain;
	}
	if (reason == NULL || reason == bad_tld || reason == no_tld || reason == reserved)
	{
		cdp_buf_append(out, ascii, domain_len);
		if (out->failed)
			return NULL;
		for (size_t i = 0; i < out_at; i++)
			out->data[i] = cdp_to_lower(out->data[i]);

		/* what means nothing is said to mean nothing before anything else is said */
		cdp_buf_reset(&key);
		out_at = put_key(out->data, out->len, out_at, &key);
		if (key.failed)
		{
			out->failed = true;
			return NULL;
		}
		if (cdp_is_placeholder_email(key.data, out_at, key.data + out_at + 1, key.len - out_at - 1))
			return cdp_reason_placeholder;
	}
	if (reason != NULL)
		return reason;
	return out->len > ADDRESS_MAX ? cdp_reason_too_long : NULL;
}

/* Clean an address into work; the place of its @ sign, or 0 when there is none. */
static size_t
clean_at(const char *in, size_t len, CdpBuf *work)
{
	const char *sign;

	if (cdp_email_clean(in, len, work) != NULL || work->len == 0 || work->failed)
		return 0;
	sign = memrchr(work->data, '@', work->len);
	return sign - work->data;
}

const char *
cdp_email_key_of(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf work;
	size_t		at = clean_at(in, len, &work);

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (at > 0)
		put_key(work.data, work.len, at, out);
	return NULL;
}

static CdpEntry roles[] = {
	{"abuse", ""}, {"accounting", ""}, {"accounts", ""}, {"accountspayable", ""}, {"admin", ""},
	{"administrator", ""}, {"all", ""}, {"ap", ""}, {"ar", ""}, {"billing", ""}, {"booking", ""},
	{"bookings", ""}, {"bounce", ""}, {"bounces", ""}, {"careers", ""}, {"ceo", ""}, {"compliance", ""},
	{"contact", ""}, {"contactus", ""}, {"customercare", ""}, {"customerservice", ""},
	{"customersupport", ""}, {"do-not-reply", ""}, {"donotreply", ""}, {"enquiries", ""}, {"enquiry", ""},
	{"everyone", ""}, {"feedback", ""}, {"finance", ""}, {"frontdesk", ""}, {"ftp", ""}, {"hello", ""},
	{"help", ""}, {"helpdesk", ""}, {"hostmaster", ""}, {"hr", ""}, {"info", ""}, {"information", ""},
	{"inquiries", ""}, {"inquiry", ""}, {"invoice", ""}, {"invoices", ""}, {"it", ""}, {"itsupport", ""},
	{"jobs", ""}, {"kontakt", ""}, {"legal", ""}, {"list", ""}, {"mail", ""}, {"mailer-daemon", ""},
	{"management", ""}, {"manager", ""}, {"marketing", ""}, {"media", ""}, {"membership", ""},
	{"news", ""}, {"newsletter", ""}, {"no-reply", ""}, {"no_reply", ""}, {"noc", ""}, {"noreply", ""},
	{"notifications", ""}, {"office", ""}, {"operations", ""}, {"order", ""}, {"orders", ""},
	{"payments", ""}, {"postmaster", ""}, {"pr", ""}, {"press", ""}, {"privacy", ""}, {"purchasing", ""},
	{"reception", ""}, {"recruiting", ""}, {"recruitment", ""}, {"reply", ""}, {"reservations", ""},
	{"returns", ""}, {"root", ""}, {"sales", ""}, {"secretary", ""}, {"security", ""}, {"service", ""},
	{"services", ""}, {"shipping", ""}, {"shop", ""}, {"spam", ""}, {"staff", ""}, {"store", ""},
	{"subscribe", ""}, {"support", ""}, {"sysadmin", ""}, {"team", ""}, {"tech", ""}, {"unsubscribe", ""},
	{"usenet", ""}, {"uucp", ""}, {"vertrieb", ""}, {"warehouse", ""}, {"web", ""}, {"webmaster", ""},
	{"welcome", ""}, {"www", ""},
};

static CdpEntry throw_away[] = {
	{"0-mail.com", ""}, {"10minutemail.com", ""}, {"10minutemail.net", ""}, {"20minutemail.com", ""},
	{"33mail.com", ""}, {"anonbox.net", ""}, {"burnermail.io", ""}, {"discard.email", ""},
	{"discardmail.com", ""}, {"dispostable.com", ""}, {"dropmail.me", ""}, {"emailondeck.com", ""},
	{"emlhub.com", ""}, {"fakeinbox.com", ""}, {"fakemail.net", ""}, {"getairmail.com", ""},
	{"getnada.com", ""}, {"grr.la", ""}, {"guerrillamail.biz", ""}, {"guerrillamail.com", ""},
	{"guerrillamail.de", ""}, {"guerrillamail.info", ""}, {"guerrillamail.net", ""},
	{"guerrillamail.org", ""}, {"guerrillamailblock.com", ""}, {"harakirimail.com", ""},
	{"inboxkitten.com", ""}, {"incognitomail.com", ""}, {"jetable.org", ""}, {"maildrop.cc", ""},
	{"mailcatch.com", ""}, {"mailexpire.com", ""}, {"mailinator.com", ""}, {"mailinator.net", ""},
	{"mailinator.org", ""}, {"mailnesia.com", ""}, {"mailnull.com", ""}, {"mailpoof.com", ""},
	{"mailsac.com", ""}, {"mintemail.com", ""}, {"moakt.com", ""}, {"mohmal.com", ""}, {"mvrht.com", ""},
	{"mytemp.email", ""}, {"mytrashmail.com", ""}, {"nada.email", ""}, {"owlymail.com", ""},
	{"pokemail.net", ""}, {"sharklasers.com", ""}, {"spam4.me", ""}, {"spambox.us", ""},
	{"spamex.com", ""}, {"spamgourmet.com", ""}, {"temp-mail.io", ""}, {"temp-mail.org", ""},
	{"tempail.com", ""}, {"tempinbox.com", ""}, {"tempmail.com", ""}, {"tempmail.net", ""},
	{"tempmailaddress.com", ""}, {"tempr.email", ""}, {"throwawaymail.com", ""}, {"tmpmail.org", ""},
	{"trash-mail.com", ""}, {"trashmail.com", ""}, {"trashmail.de", ""}, {"trashmail.net", ""},
	{"wegwerfmail.de", ""}, {"wegwerfmail.net", ""}, {"yopmail.com", ""}, {"yopmail.fr", ""},
	{"yopmail.net", ""},
};

static CdpTable role_table = CDP_TABLE(roles);
static CdpTable throw_away_table = CDP_TABLE(throw_away);

/* Does the address belong to a role rather than to a person? */
bool
cdp_email_role(const char *in, size_t len, CdpBuf *work)
{
	size_t		at = clean_at(in, len, work);

	return at > 0 && cdp_table_find(&role_table, work->data, untagged(work->data, at)) != NULL;
}

/* The key of an address that is clean; empty when it is a role's. */
const char *
cdp_email_personal_key(const char *in, size_t len, CdpBuf *out)
{
	const char *sign = memrchr(in, '@', len);
	size_t		at;

	cdp_buf_reset(out);
	if (sign == NULL || sign == in)
		return NULL;
	at = put_key(in, len, sign - in, out);
	if (!out->failed && cdp_table_find(&role_table, out->data, at) != NULL)
		cdp_buf_reset(out);
	return NULL;
}

/* Is the domain, or one that it is under, known to give out addresses for minutes? */
bool
cdp_email_disposable(const char *in, size_t len, CdpBuf *work)
{
	size_t		at = clean_at(in, len, work);
	const char *domain;

	if (at == 0)
		return false;
	domain = work->data + at + 1;
	for (;;)
	{
		size_t		n = work->data + work->len - domain;
		const char *dot;

		if (cdp_table_find(&throw_away_table, domain, n))
			return true;
		dot = memchr(domain, '.', n);
		if (dot == NULL)
			return false;
		domain = dot + 1;
	}
}
