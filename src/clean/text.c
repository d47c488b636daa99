/*
 * text.c
 *	  Free text, street lines, identifiers, numbers and genders.
 *
 * Free text keeps its punctuation and case; a street line also its words, and only
 * its key has them in one form (the postal abbreviations: street is st, north is
 * n). In that key the words that announce a unit (apartment, unit, flat, number)
 * are left out, because "Apt 4", "Unit 4" and "#4" are one door; the unit itself
 * stays. Numbers come out in plain decimal notation.
 */
#include "clean/text.h"

#define TEXT_MAX_CHARS 100000
#define STREET_MAX_CHARS 1000
#define ID_MAX_CHARS 200
#define NUMBER_MAX_CHARS 100
#define NUMBER_MAX_EXPONENT 200

const char *
cdp_text_clean(const char *in, size_t len, CdpBuf *out)
{
	const char *reason = cdp_tidy(in, len, TEXT_MAX_CHARS, 0, out);

	if (reason != NULL || out->len == 0)
		return reason;
	return cdp_is_placeholder(CDP_FOR_TEXT, out->data, out->len) ? cdp_reason_placeholder : NULL;
}

const char *
cdp_text_key_of(const char *in, size_t len, CdpBuf *out)
{
	cdp_fold(in, len, 0, out);
	return NULL;
}

const char *
cdp_street_clean(const char *in, size_t len, CdpBuf *out)
{
	const char *reason = cdp_tidy(in, len, STREET_MAX_CHARS, CDP_TIDY_PUNCT, out);

	if (reason != NULL || out->len == 0)
		return reason;
	while (out->len > 0 && (out->data[out->len - 1] == ',' || out->data[out->len - 1] == ' ' ||
							out->data[out->len - 1] == ';'))
		out->len--;
	if (out->len == 0 || cdp_is_placeholder(CDP_FOR_TEXT, out->data, out->len))
		return cdp_reason_placeholder;
	if (memchr(out->data, '@', out->len) && !memchr(out->data, ' ', out->len))
		return "looks like an e-mail address";
	return NULL;
}

/* an empty value: the word only announces a unit */
static CdpEntry street_words[] = {
	{"alley", "aly"}, {"annex", "anx"}, {"apartment", ""}, {"apt", ""}, {"appartment", ""}, {"arcade", "arc"},
	{"av", "ave"}, {"aven", "ave"}, {"avenue", "ave"}, {"avn", "ave"}, {"bayou", "byu"}, {"beach", "bch"},
	{"boulevard", "blvd"}, {"boul", "blvd"}, {"branch", "br"}, {"bridge", "brg"}, {"brook", "brk"},
	{"building", "bldg"}, {"bypass", "byp"}, {"canyon", "cyn"}, {"causeway", "cswy"}, {"center", "ctr"},
	{"centre", "ctr"}, {"circle", "cir"}, {"circ", "cir"}, {"cliff", "clf"}, {"close", "cl"}, {"common", "cmn"},
	{"corner", "cor"}, {"court", "ct"}, {"courts", "cts"}, {"cove", "cv"}, {"creek", "crk"},
	{"crescent", "cres"}, {"cresent", "cres"}, {"crossing", "xing"}, {"crossroad", "xrd"}, {"department", "dept"},
	{"drive", "dr"}, {"driv", "dr"}, {"drv", "dr"}, {"east", "e"}, {"eighth", "8th"}, {"esplanade", "esp"},
	{"estate", "est"}, {"estates", "ests"}, {"expressway", "expy"}, {"extension", "ext"}, {"falls", "fls"},
	{"ferry", "fry"}, {"field", "fld"}, {"fields", "flds"}, {"fifth", "5th"}, {"first", "1st"}, {"flat", ""},
	{"floor", "fl"}, {"forest", "frst"}, {"fort", "ft"}, {"fourth", "4th"}, {"freeway", "fwy"},
	{"garden", "gdn"}, {"gardens", "gdns"}, {"gateway", "gtwy"}, {"glen", "gln"}, {"green", "grn"},
	{"grove", "grv"}, {"gr", "grv"}, {"harbor", "hbr"}, {"harbour", "hbr"}, {"haven", "hvn"}, {"heights", "hts"},
	{"highway", "hwy"}, {"hiway", "hwy"}, {"hill", "hl"}, {"hills", "hls"}, {"hollow", "holw"},
	{"house", "hse"}, {"island", "is"}, {"junction", "jct"}, {"knoll", "knl"}, {"lake", "lk"},
	{"landing", "lndg"}, {"lane", "ln"}, {"lodge", "ldg"}, {"manor", "mnr"}, {"meadow", "mdw"},
	{"meadows", "mdws"}, {"mill", "ml"}, {"mission", "msn"}, {"motorway", "mtwy"}, {"mount", "mt"},
	{"mountain", "mtn"}, {"nineth", "9th"}, {"ninth", "9th"}, {"no", ""}, {"north", "n"}, {"northeast", "ne"},
	{"northwest", "nw"}, {"num", ""}, {"number", ""}, {"orchard", "orch"}, {"parade", "pde"}, {"park", "pk"},
	{"parkway", "pkwy"}, {"pky", "pkwy"}, {"passage", "psge"}, {"pike", "pike"}, {"place", "pl"}, {"plaza", "plz"},
	{"point", "pt"}, {"port", "prt"}, {"prairie", "pr"}, {"promenade", "prom"}, {"quay", "qy"},
	{"ranch", "rnch"}, {"rapids", "rpds"}, {"ridge", "rdg"}, {"rise", "ri"}, {"river", "riv"}, {"road", "rd"},
	{"room", "rm"}, {"route", "rte"}, {"row", "row"}, {"saint", "st"}, {"second", "2nd"}, {"seventh", "7th"},
	{"shore", "shr"}, {"shores", "shrs"}, {"sixth", "6th"}, {"south", "s"}, {"southeast", "se"},
	{"southwest", "sw"}, {"spring", "spg"}, {"springs", "spgs"}, {"square", "sq"}, {"station", "sta"},
	{"str", "st"}, {"stream", "strm"}, {"street", "st"}, {"strt", "st"}, {"suite", "ste"}, {"summit", "smt"},
	{"tenth", "10th"}, {"terr", "ter"}, {"terrace", "ter"}, {"tce", "ter"}, {"third", "3rd"},
	{"throughway", "trwy"}, {"trace", "trce"}, {"trail", "trl"}, {"trailer", "trlr"}, {"tunnel", "tunl"},
	{"turnpike", "tpke"}, {"unit", ""}, {"valley", "vly"}, {"view", "vw"}, {"village", "vlg"}, {"walk", "wlk"},
	{"way", "way"}, {"west", "w"}, {"wharf", "whf"}, {"woods", "wds"},
};

static CdpTable street_table = CDP_TABLE(street_words);

/* Is the text at p the word, with its end after it? */
static bool
at_word(const char *p, const char *end, const char *word)
{
	size_t		n = strlen(word);

	return (size_t) (end - p) >= n && memcmp(p, word, n) == 0 && (p + n == end || p[n] == ' ');
}

const char *
cdp_street_key_of(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf fold;
	const char *end;

	cdp_buf_reset(out);
	cdp_fold(in, len, 0, &fold);
	out->failed = fold.failed;
	end = fold.data + fold.len;
	for (const char *p = fold.data; fold.len > 0 && p < end;)
	{
		const char *stop = memchr(p, ' ', end - p);
		const CdpEntry *known;
		const char *word = p;
		size_t		n;

		if (at_word(p, end, "p o box"))
			p += 3, word = "po", n = 2;
		else if (at_word(p, end, "post office box"))
			p += 11, word = "po", n = 2;
		else
		{
			n = (stop ? stop : end) - p;
			known = n <= 12 ? cdp_table_find(&street_table, p, n) : NULL;
			p += n;
			if (known != NULL)
			{
				word = known->value;
				n = strlen(word);
			}
		}
		if (n > 0)
		{
			if (out->len > 0)
				cdp_buf_put(out, ' ');
			cdp_buf_append(out, word, n);
		}
		while (p < end && *p == ' ')
			p++;
	}
	if (out->len == 0)
		cdp_buf_append(out, fold.data, fold.len);
	return NULL;
}

/*
 * An identifier in the form in which it is compared: capitals, no punctuation, no
 * spaces. Social security numbers that were printed in advertisements belong to
 * nobody.
 */
const char *
cdp_id_clean(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf work;
	static CdpBuf upper;
	const char *reason = cdp_tidy(in, len, ID_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	size_t		n = 0;
	bool		digits = true;
	bool		zero = true;

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || work.len == 0)
		return reason;
	if (cdp_is_placeholder(CDP_FOR_ID, work.data, work.len))
		return cdp_reason_placeholder;
	for (size_t i = 0; i < work.len; i++)
		if (cdp_is_alnum(work.data[i]) || ((unsigned char) work.data[i] & 0x80))
			work.data[n++] = work.data[i];

	/* last, because what stood between a letter and its mark is gone now */
	cdp_upper(work.data, n, &upper);
	out->failed |= upper.failed;
	for (size_t i = 0; i < upper.len; i++)
	{
		digits &= cdp_is_digit(upper.data[i]);
		zero &= upper.data[i] == '0';
	}
	cdp_buf_append(out, upper.data, upper.len);
	if (out->failed)
		return NULL;
	if (out->len == 0 || zero || (digits && cdp_is_placeholder_digits(out->data, out->len)) ||
		cdp_is_placeholder(CDP_FOR_ID, out->data, out->len))
		return cdp_reason_placeholder;
	if (out->len == 9 && (memcmp(out->data, "078051120", 9) == 0 || memcmp(out->data, "219099999", 9) == 0))
		return cdp_reason_placeholder;
	return NULL;
}

/* Take a currency sign or code off one end; true when there was one. */
static bool
strip_currency(const char **s, size_t *len)
{
	static const char *const signs[] = {
		"$", "US$", "€", "£", "¥", "USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "C$", "A$"
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
	{
		size_t		n = strlen(signs[i]);
		const char *p = *s;

		if (*len <= n)
			continue;
		if (memcmp(p, signs[i], n) == 0)
		{
			*s += n;
			*len -= n;
		}
		else if (memcmp(p + *len - n, signs[i], n) == 0)
			*len -= n;
		else
			continue;
		cdp_trim(s, len);
		return true;
	}
	return false;
}

static bool
strip_sign(const char **s, size_t *len, bool *negative)
{
	if (*len < 2 || (**s != '-' && **s != '+'))
		return false;
	*negative = **s == '-';
	(*s)++;
	(*len)--;
	cdp_trim(s, len);
	return true;
}

/*
 * A number. The last of two different separators is the decimal one; a separator
 * that occurs more than once groups thousands, and its groups must be of three
 * digits. A single comma before exactly three digits groups thousands too, as in
 * English; a single dot is always decimal.
 */
const char *
cdp_number_clean(const char *in, size_t len, CdpBuf *out)
{
	static const char not_a_number[] = "not a number";
	static CdpBuf work;
	const char *reason = cdp_tidy(in, len, NUMBER_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	const char *s = work.data;
	size_t		n = work.len;
	bool		negative = false;
	bool		has_sign;
	char		decimal = '\0';
	char		group = '\0';
	int			commas = 0;
	int			dots = 0;
	size_t		comma = 0;
	size_t		dot = 0;
	size_t		end;
	size_t		since = 0;
	int			groups = 0;
	int			digits = 0;
	bool		fraction = false;
	bool		started = false;

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || n == 0)
		return reason;
	if (cdp_is_placeholder(CDP_FOR_TEXT, s, n))
		return cdp_reason_placeholder;
	if (n > 2 && s[0] == '(' && s[n - 1] == ')')
	{
		negative = true;
		has_sign = true;
		s++;
		n -= 2;
		cdp_trim(&s, &n);
	}
	else
		has_sign = strip_sign(&s, &n, &negative);
	strip_currency(&s, &n);
	if (!has_sign)
		strip_sign(&s, &n, &negative);

	/* the mantissa: digits and separators */
	for (end = 0; end < n; end++)
	{
		if (s[end] == ',')
		{
			commas++;
			comma = end;
		}
		else if (s[end] == '.')
		{
			dots++;
			dot = end;
		}
		else if (cdp_is_digit(s[end]))
			digits++;
		else if (s[end] != ' ' && s[end] != '\'' && s[end] != '_')
			break;
	}
	if (digits == 0)
		return not_a_number;
	if (commas > 0 && dots > 0)
	{
		decimal = comma > dot ? ',' : '.';
		group = comma > dot ? '.' : ',';
	}
	else if (commas > 1)
		group = ',';
	else if (dots > 1)
		group = '.';
	else if (dots == 1)
		decimal = '.';
	else if (commas == 1)
	{
		bool		thousands = end - comma == 4 && comma >= 1 && comma <= 3 && s[0] != '0';

		if (thousands)
			group = ',';
		else
			decimal = ',';
	}
	if ((decimal == ',' && commas > 1) || (decimal == '.' && dots > 1))
		return not_a_number;

	if (negative)
		cdp_buf_put(out, '-');
	for (size_t i = 0; i < end; i++)
	{
		char		c = s[i];

		if (cdp_is_digit(c))
		{
			if (c != '0' || started || fraction)
			{
				cdp_buf_put(out, c);
				started = true;
			}
			since++;
		}
		else if (c == decimal)
		{
			if (groups > 0 && since != 3)
				return not_a_number;
			if (!started)
				cdp_buf_put(out, '0');
			started = true;
			groups = 0;
			fraction = true;
			since = 0;
			if (i + 1 < end)
				cdp_buf_put(out, '.');
		}
		else
		{
			/* a separator of groups: c is group, a space, an apostrophe or an underscore */
			if (fraction || since == 0 || since > 3 || (groups > 0 && since != 3) ||
				(group != '\0' && c != group) || i + 1 == end)
				return not_a_number;
			group = c;
			groups++;
			since = 0;
		}
	}
	if (groups > 0 && since != 3)
		return not_a_number;
	if (!started)
		cdp_buf_put(out, '0');
	if (end < n)
	{
		int			exponent = 0;
		size_t		i = end + 1;

		if ((s[end] != 'e' && s[end] != 'E') || i == n || groups > 0)
			return not_a_number;
		cdp_buf_put(out, 'e');
		if (s[i] == '-' || s[i] == '+')
			cdp_buf_put(out, s[i++]);
		if (i == n)
			return not_a_number;
		for (; i < n; i++)
		{
			if (!cdp_is_digit(s[i]))
				return not_a_number;
			exponent = exponent * 10 + (s[i] - '0');
			if (exponent > NUMBER_MAX_EXPONENT)
				return "out of range";
			cdp_buf_put(out, s[i]);
		}
	}
	return NULL;
}

static CdpEntry genders[] = {
	{"f", "female"}, {"female", "female"}, {"femal", "female"}, {"w", "female"}, {"woman", "female"},
	{"girl", "female"}, {"lady", "female"}, {"mrs", "female"}, {"ms", "female"}, {"miss", "female"},
	{"weiblich", "female"}, {"frau", "female"}, {"femme", "female"}, {"feminin", "female"}, {"mujer", "female"},
	{"femenino", "female"}, {"donna", "female"}, {"cisfemale", "female"}, {"ciswoman", "female"},
	{"transfemale", "female"}, {"transwoman", "female"}, {"2", "female"},
	{"m", "male"}, {"male", "male"}, {"man", "male"}, {"boy", "male"}, {"gentleman", "male"}, {"mr", "male"},
	{"mannlich", "male"}, {"herr", "male"}, {"homme", "male"}, {"masculin", "male"}, {"hombre", "male"},
	{"masculino", "male"}, {"uomo", "male"}, {"cismale", "male"}, {"cisman", "male"}, {"transmale", "male"},
	{"transman", "male"}, {"1", "male"},
	{"x", "nonbinary"}, {"nb", "nonbinary"}, {"enby", "nonbinary"}, {"nonbinary", "nonbinary"},
	{"genderqueer", "nonbinary"}, {"genderfluid", "nonbinary"}, {"agender", "nonbinary"}, {"divers", "nonbinary"},
	{"diverse", "nonbinary"}, {"d", "nonbinary"}, {"other", "nonbinary"}, {"thirdgender", "nonbinary"},
	{"intersex", "nonbinary"}, {"twospirit", "nonbinary"},
};

static CdpTable gender_table = CDP_TABLE(genders);

const char *
cdp_gender_clean(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf work;
	static CdpBuf fold;
	const char *reason = cdp_tidy(in, len, 100, CDP_TIDY_PUNCT, &work);
	const CdpEntry *found;
	size_t		n = 0;

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || work.len == 0)
		return reason;
	cdp_fold(work.data, work.len, 0, &fold);
	out->failed |= fold.failed;
	for (size_t i = 0; i < fold.len; i++)
		if (fold.data[i] != ' ')
			fold.data[n++] = fold.data[i];
	found = n > 0 && n <= 16 ? cdp_table_find(&gender_table, fold.data, n) : NULL;
	if (found != NULL)
	{
		cdp_buf_append(out, found->value, strlen(found->value));
		return NULL;
	}
	if ((n == 1 && (fold.data[0] == 'u' || fold.data[0] == '0' || fold.data[0] == '9' || fold.data[0] == 'n')) ||
		cdp_is_placeholder(CDP_FOR_TEXT, work.data, work.len))
		return cdp_reason_placeholder;
	return "unknown gender";
}
