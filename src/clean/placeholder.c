/*
 * placeholder.c
 *	  The one list of values that people and programs enter when they have none.
 *
 * A value is looked up in its compact form: ASCII letters and digits only, lower
 * case ("Not Available", "not-available" and "NOTAVAILABLE" are one entry). Each
 * entry names the kinds for which it means nothing: "none" is no name, but "test"
 * may be an honest answer in free text, so free text has the shortest list.
 * Values that are nothing but punctuation are placeholders everywhere.
 *
 * "NA" needs care, as Na is a family name of many people: it is a placeholder
 * with punctuation or a space inside (n/a, N.A.), and without them everywhere but
 * in a name that is not all capitals.
 */
#include "clean/value.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define COMPACT_MAX 24

#define T CDP_FOR_TEXT
#define N CDP_FOR_NAME
#define I CDP_FOR_ID
#define E CDP_FOR_EMAIL
#define P CDP_FOR_PHONE
#define ALL (T | N | I | E | P)
#define BUT_TEXT (N | I | E | P)

/* the value is the set of kinds, one character: kinds fit in seven bits */
#define ENTRY(key, kinds) {key, (const char[]) {(char) (kinds), '\0'}}

static CdpEntry words[] = {
	ENTRY("none", BUT_TEXT | T),
	ENTRY("null", ALL),
	ENTRY("nil", T | I | E | P),
	ENTRY("nan", T | I | E | P),
	ENTRY("nul", ALL),
	ENTRY("void", I | E | P),
	ENTRY("unknown", ALL),
	ENTRY("unknownunknown", ALL),
	ENTRY("unkown", ALL),
	ENTRY("unk", ALL),
	ENTRY("undefined", ALL),
	ENTRY("undef", ALL),
	ENTRY("unspecified", ALL),
	ENTRY("unavailable", ALL),
	ENTRY("unnamed", ALL),
	ENTRY("notavailable", ALL),
	ENTRY("notapplicable", ALL),
	ENTRY("notprovided", ALL),
	ENTRY("notgiven", ALL),
	ENTRY("notknown", ALL),
	ENTRY("notset", ALL),
	ENTRY("notspecified", ALL),
	ENTRY("notentered", ALL),
	ENTRY("notsupplied", ALL),
	ENTRY("notstated", ALL),
	ENTRY("notdisclosed", ALL),
	ENTRY("notanswered", ALL),
	ENTRY("noanswer", ALL),
	ENTRY("nodata", ALL),
	ENTRY("noentry", ALL),
	ENTRY("noinfo", ALL),
	ENTRY("noinformation", ALL),
	ENTRY("novalue", ALL),
	ENTRY("noresponse", ALL),
	ENTRY("missing", ALL),
	ENTRY("blank", BUT_TEXT | T),
	ENTRY("empty", BUT_TEXT | T),
	ENTRY("tbd", ALL),
	ENTRY("tba", ALL),
	ENTRY("tbc", ALL),
	ENTRY("todo", BUT_TEXT),
	ENTRY("dontknow", ALL),
	ENTRY("donotknow", ALL),
	ENTRY("declined", ALL),
	ENTRY("refused", ALL),
	ENTRY("redacted", ALL),
	ENTRY("anonymized", ALL),
	ENTRY("anonymised", ALL),
	ENTRY("prefernottosay", ALL),
	ENTRY("deleted", BUT_TEXT),
	ENTRY("removed", BUT_TEXT),
	ENTRY("private", BUT_TEXT),
	ENTRY("withheld", ALL),
	ENTRY("test", BUT_TEXT),
	ENTRY("testtest", BUT_TEXT),
	ENTRY("tester", I | E | P),
	ENTRY("testing", BUT_TEXT),
	ENTRY("testuser", BUT_TEXT),
	ENTRY("testcustomer", BUT_TEXT),
	ENTRY("testaccount", BUT_TEXT),
	ENTRY("dummy", BUT_TEXT),
	ENTRY("sample", BUT_TEXT),
	ENTRY("example", BUT_TEXT),
	ENTRY("fake", BUT_TEXT),
	ENTRY("foo", BUT_TEXT),
	ENTRY("bar", I | E | P),
	ENTRY("foobar", BUT_TEXT),
	ENTRY("asdf", ALL),
	ENTRY("asdfasdf", ALL),
	ENTRY("asdfg", ALL),
	ENTRY("asdfgh", ALL),
	ENTRY("asdfghjkl", ALL),
	ENTRY("qwe", BUT_TEXT),
	ENTRY("qwert", ALL),
	ENTRY("qwerty", ALL),
	ENTRY("qwertz", ALL),
	ENTRY("qwertyuiop", ALL),
	ENTRY("loremipsum", ALL),
	ENTRY("abc", I | E | P),
	ENTRY("abc123", I | E | P),
	ENTRY("xyz", BUT_TEXT),
	ENTRY("xx", BUT_TEXT | T),
	ENTRY("noname", ALL),
	ENTRY("nofirstname", ALL),
	ENTRY("nolastname", ALL),
	ENTRY("nosurname", ALL),
	ENTRY("name", N | I | E | P),
	ENTRY("firstname", N | T),
	ENTRY("lastname", N | T),
	ENTRY("middlename", N | T),
	ENTRY("fullname", N | T),
	ENTRY("givenname", N | T),
	ENTRY("familyname", N | T),
	ENTRY("surname", N | T),
	ENTRY("forename", N),
	ENTRY("yourname", N),
	ENTRY("firstnamelastname", N),
	ENTRY("firstnameunknown", N),
	ENTRY("lastnameunknown", N),
	ENTRY("fnu", N),
	ENTRY("lnu", N),
	ENTRY("fnulnu", N),
	ENTRY("customer", N),
	ENTRY("guest", N),
	ENTRY("guestuser", N),
	ENTRY("user", N),
	ENTRY("anonymous", BUT_TEXT),
	ENTRY("anon", BUT_TEXT),
	ENTRY("nobody", BUT_TEXT),
	ENTRY("someone", N),
	ENTRY("somebody", N),
	ENTRY("newcustomer", N),
	ENTRY("walkin", N),
	ENTRY("walkincustomer", N),
	ENTRY("cashcustomer", N),
	ENTRY("cashsale", N),
	ENTRY("webuser", N),
	ENTRY("valuedcustomer", N),
	ENTRY("occupant", N),
	ENTRY("currentresident", N),
	ENTRY("donotuse", ALL),
	ENTRY("duplicate", N),
	ENTRY("noemail", E | T),
	ENTRY("noemailaddress", E | T),
	ENTRY("nomail", E),
	ENTRY("email", E),
	ENTRY("nophone", P | T),
	ENTRY("nonumber", P | I | T),
	ENTRY("noaddress", T),
	ENTRY("nofixedabode", T),
	ENTRY("nofixedaddress", T),
	ENTRY("addressunknown", T),
	ENTRY("unknownaddress", T),
	ENTRY("0", I | P),
	ENTRY("00", I | P),
};

static CdpTable word_table = CDP_TABLE(words);

/* local parts that mean nothing at any domain */
static CdpEntry locals[] = {
	{"noemail", ""},
	{"nomail", ""},
	{"noemailaddress", ""},
	{"noemailgiven", ""},
	{"noemailprovided", ""},
	{"no-email", ""},
	{"no_email", ""},
	{"no.email", ""},
	{"no-mail", ""},
	{"no_mail", ""},
	{"none", ""},
	{"null", ""},
	{"nil", ""},
	{"na", ""},
	{"n/a", ""},
	{"n.a", ""},
	{"unknown", ""},
	{"undefined", ""},
	{"nobody", ""},
	{"noone", ""},
	{"notprovided", ""},
	{"not.provided", ""},
	{"notavailable", ""},
	{"donotemail", ""},
	{"asdf", ""},
	{"asdfasdf", ""},
	{"qwerty", ""},
	{"xxx", ""},
	{"xxxx", ""},
	{"youremail", ""},
	{"your.email", ""},
	{"yourname", ""},
	{"declined", ""},
	{"refused", ""},
};

/* local parts that mean nothing at a domain that means nothing or is the same word */
static CdpEntry weak_locals[] = {
	{"test", ""},
	{"test1", ""},
	{"test2", ""},
	{"test123", ""},
	{"testing", ""},
	{"tester", ""},
	{"testuser", ""},
	{"user", ""},
	{"example", ""},
	{"sample", ""},
	{"dummy", ""},
	{"fake", ""},
	{"foo", ""},
	{"bar", ""},
	{"abc", ""},
	{"aaa", ""},
	{"a", ""},
	{"x", ""},
	{"xx", ""},
	{"no", ""},
	{"name", ""},
	{"someone", ""},
	{"somebody", ""},
	{"email", ""},
	{"noreply", ""},
	{"first.last", ""},
};

/* first labels of domains that mean nothing, before any public suffix */
static CdpEntry weak_domains[] = {
	{"test", ""},
	{"testing", ""},
	{"sample", ""},
	{"dummy", ""},
	{"fake", ""},
	{"none", ""},
	{"noemail", ""},
	{"nomail", ""},
	{"no-email", ""},
	{"noaddress", ""},
	{"null", ""},
	{"na", ""},
	{"unknown", ""},
	{"asdf", ""},
	{"xxx", ""},
	{"domain", ""},
	{"yourdomain", ""},
};

/* local parts that mean nothing at example.com and its like */
static CdpEntry example_locals[] = {
	{"example", ""},
	{"test", ""},
	{"user", ""},
	{"name", ""},
	{"email", ""},
	{"someone", ""},
	{"sample", ""},
	{"dummy", ""},
};

/* domains at which every address means nothing */
static CdpEntry void_domains[] = {
	{"noemail.com", ""},
	{"noemail.net", ""},
	{"noemail.org", ""},
	{"nomail.com", ""},
	{"nomail.net", ""},
	{"no-email.com", ""},
	{"noemailaddress.com", ""},
	{"none.com", ""},
	{"none.net", ""},
	{"notprovided.com", ""},
	{"unknown.com", ""},
	{"asdf.com", ""},
	{"yourdomain.com", ""},
};

static CdpTable local_table = CDP_TABLE(locals);
static CdpTable weak_local_table = CDP_TABLE(weak_locals);
static CdpTable weak_domain_table = CDP_TABLE(weak_domains);
static CdpTable example_local_table = CDP_TABLE(example_locals);
static CdpTable void_domain_table = CDP_TABLE(void_domains);

/* Nothing but punctuation and spaces? Symbols such as emoji are content. */
static bool
only_punctuation(const char *s, size_t len)
{
	for (size_t i = 0; i < len;)
	{
		UChar32		c;

		if (!((unsigned char) s[i] & 0x80))
		{
			if (cdp_is_alnum(s[i]))
				return false;
			i++;
			continue;
		}
		U8_NEXT(s, i, len, c);
		if (c < 0 || !u_ispunct(c))
			return false;
	}
	return true;
}

/* Is a tidied value one that means nothing for this kind? */
bool
cdp_is_placeholder(CdpPlaceholderKind kind, const char *s, size_t len)
{
	char		compact[COMPACT_MAX];
	size_t		n = 0;
	bool		same = true;
	const CdpEntry *found;

	/* only short values can be in the list: most names end here or in one probe */
	if (len > COMPACT_MAX * 2)
		return !cdp_is_alnum(s[0]) && only_punctuation(s, len);
	for (size_t i = 0; i < len; i++)
	{
		char		c = s[i];

		if ((unsigned char) c & 0x80)
			return only_punctuation(s, len);
		if (!cdp_is_alnum(c))
			continue;
		if (n == COMPACT_MAX)
			return false;
		compact[n] = cdp_to_lower(c);
		same &= compact[n] == compact[0];
		n++;
	}
	if (n == 0)
		return true;
	if (same && n >= 3 && cdp_is_alpha(compact[0]) && (compact[0] == 'x' || kind != CDP_FOR_TEXT))
		return true;
	if (n == 2 && compact[0] == 'n' && compact[1] == 'a')
		return kind != CDP_FOR_NAME || len != 2 || (s[0] == 'N' && s[1] == 'A');
	found = cdp_table_find(&word_table, compact, n);
	return found != NULL && (found->value[0] & kind) != 0;
}

static bool
all_same(const char *s, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (s[i] != s[0])
			return false;
	return true;
}

/*
 * An address that means nothing? Local part without tag, both in lower case. An
 * ordinary person at example.com is not one: documentation and demonstrations
 * write such addresses.
 */
bool
cdp_is_placeholder_email(const char *local, size_t local_len, const char *domain, size_t domain_len)
{
	const char *dot = memchr(domain, '.', domain_len);
	size_t		first = dot ? (size_t) (dot - domain) : domain_len;

	if (local_len <= 16 && cdp_table_find(&local_table, local, local_len))
		return true;
	if (domain_len <= 20 && cdp_table_find(&void_domain_table, domain, domain_len))
		return true;
	if (first > 12 || local_len > 12)
		return false;
	if (first == 7 && memcmp(domain, "example", 7) == 0)
		return cdp_table_find(&example_local_table, local, local_len) != NULL;

	/* a@a.com, test@test.com, but not ibm@ibm.com */
	if (local_len == first && memcmp(local, domain, first) == 0 &&
		(local_len == 1 || all_same(local, local_len)))
		return true;
	return cdp_table_find(&weak_local_table, local, local_len) &&
		(cdp_table_find(&weak_domain_table, domain, first) ||
		 (local_len == first && memcmp(local, domain, first) == 0));
}

/*
 * A run of digits that no telephone and no register gave out: one digit
 * throughout, or a count up or down. A leading 1 of eleven digits is left out.
 */
bool
cdp_is_placeholder_digits(const char *digits, size_t len)
{
	bool		same = true;
	bool		up = true;
	bool		down = true;

	if (len == 11 && digits[0] == '1')
	{
		digits++;
		len--;
	}
	if (len < 4)
		return false;
	for (size_t i = 1; i < len; i++)
	{
		int			step = digits[i] - digits[i - 1];

		same &= step == 0;
		up &= step == 1 || step == -9;
		down &= step == -1 || step == 9;
	}
	return same || ((up || down) && len >= 7);
}
