/*
 * postal.c
 *	  Countries, states and postal codes.
 *
 * Countries come from ICU: every ISO 3166-1 code in its three forms and every
 * name in English and in the country's own main language; the variants that people
 * write besides are listed here. They are looked up folded, without spaces and
 * without "and" and "the". The table is built at first use and stays; the names in
 * other languages than English are added when a name is not found without them.
 *
 * Postal codes are patterns per country: N a digit, A a letter, X either; space
 * and hyphen are written into the result wherever they stand in the pattern,
 * whatever the input had there. A country without a pattern here takes any code
 * of a plausible shape. Where a table program ate the leading zero of a United
 * States ZIP code, four digits (or eight, with the four more) get it back: no
 * ZIP code has four digits. Three digits are refused, as two lost zeros are too
 * much to assume.
 */
#include "clean/postal.h"
#include "clean/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicode/uloc.h>
#include <unicode/uregion.h>
#include <unicode/ustring.h>

#define COUNTRY_MAX_CHARS 200
#define STATE_MAX_CHARS 200
#define POSTAL_MAX_CHARS 40
#define COMPACT_MAX 64

/* Countries by look-up form: open addressing, keys are own copies. */
#define COUNTRY_SLOTS 8192

static CdpEntry *countries;
static int	n_countries;

/* keys are folded, without spaces, "and" and "the" */
static const CdpEntry country_variants[] = {
	{"us", "US"}, {"unitedstatesofamerica", "US"}, {"america", "US"}, {"usofa", "US"}, {"unitedstatesus", "US"},
	{"uk", "GB"}, {"greatbritain", "GB"}, {"britain", "GB"}, {"england", "GB"}, {"scotland", "GB"}, {"wales", "GB"},
	{"northernireland", "GB"}, {"unitedkingdomofgreatbritainnorthernireland", "GB"}, {"ukgb", "GB"},
	{"el", "GR"}, {"hellas", "GR"}, {"holland", "NL"}, {"republicofireland", "IE"}, {"eire", "IE"},
	{"deutschland", "DE"}, {"brd", "DE"}, {"federalrepublicofgermany", "DE"}, {"allemagne", "DE"},
	{"schweiz", "CH"}, {"suisse", "CH"}, {"svizzera", "CH"}, {"belgie", "BE"}, {"belgique", "BE"}, {"belgien", "BE"},
	{"czechrepublic", "CZ"}, {"slovakrepublic", "SK"}, {"macedonia", "MK"}, {"republicofnorthmacedonia", "MK"},
	{"turkey", "TR"}, {"turkiye", "TR"}, {"russia", "RU"}, {"russianfederation", "RU"},
	{"republicofmoldova", "MD"}, {"moldovarepublicof", "MD"}, {"byelorussia", "BY"},
	{"southkorea", "KR"}, {"korea", "KR"}, {"republicofkorea", "KR"}, {"korearepublicof", "KR"}, {"korearepublic", "KR"},
	{"northkorea", "KP"}, {"dprk", "KP"}, {"democraticpeoplesrepublicofkorea", "KP"},
	{"koreademocraticpeoplesrepublicof", "KP"},
	{"hongkong", "HK"}, {"macao", "MO"}, {"macau", "MO"}, {"peoplesrepublicofchina", "CN"}, {"prc", "CN"},
	{"mainlandchina", "CN"}, {"taiwanprovinceofchina", "TW"}, {"republicofchina", "TW"}, {"roc", "TW"},
	{"vietnam", "VN"}, {"laopeoplesdemocraticrepublic", "LA"}, {"burma", "MM"}, {"myanmar", "MM"},
	{"iranislamicrepublicof", "IR"}, {"islamicrepublicofiran", "IR"}, {"persia", "IR"},
	{"syrianarabrepublic", "SY"}, {"palestine", "PS"}, {"stateofpalestine", "PS"}, {"uae", "AE"},
	{"emirates", "AE"}, {"ksa", "SA"}, {"kingdomofsaudiarabia", "SA"},
	{"ivorycoast", "CI"}, {"capeverde", "CV"}, {"caboverde", "CV"}, {"swaziland", "SZ"},
	{"congo", "CG"}, {"republicofcongo", "CG"}, {"congobrazzaville", "CG"},
	{"drc", "CD"}, {"democraticrepublicofcongo", "CD"}, {"congodemocraticrepublicof", "CD"}, {"congokinshasa", "CD"}, {"zaire", "CD"},
	{"unitedrepublicoftanzania", "TZ"}, {"tanzaniaunitedrepublicof", "TZ"}, {"rsa", "ZA"},
	{"republicofsouthafrica", "ZA"}, {"gambia", "GM"},
	{"bolivarianrepublicofvenezuela", "VE"}, {"venezuelabolivarianrepublicof", "VE"},
	{"plurinationalstateofbolivia", "BO"}, {"boliviaplurinationalstateof", "BO"}, {"brasil", "BR"},
	{"easttimor", "TL"}, {"vatican", "VA"}, {"holysee", "VA"}, {"bosnia", "BA"}, {"trinidad", "TT"},
	{"antigua", "AG"}, {"stkitts", "KN"}, {"stvincent", "VC"}, {"bruneidarussalam", "BN"},
	{"micronesiafederatedstatesof", "FM"}, {"federatedstatesofmicronesia", "FM"},
	{"usvirginislands", "VI"}, {"virginislandsus", "VI"}, {"britishvirginislands", "VG"}, {"virginislandsbritish", "VG"},
	{"pinas", "PH"}, {"phillipines", "PH"}, {"philipines", "PH"}, {"kazakstan", "KZ"}, {"kirghizia", "KG"},
	{"newzeland", "NZ"}, {"aotearoa", "NZ"}, {"nippon", "JP"}, {"nihon", "JP"},
};

static bool
is_filler(const char *word, size_t len)
{
	return len == 3 && (memcmp(word, "and", 3) == 0 || memcmp(word, "the", 3) == 0);
}

/* The look-up form of a name in key; its length, 0 when too long or empty. */
static size_t
compact(const char *in, size_t len, char *key)
{
	static CdpBuf fold;
	size_t		n = 0;

	cdp_fold(in, len, 0, &fold);
	for (size_t i = 0; i < fold.len;)
	{
		size_t		end = i;

		while (end < fold.len && fold.data[end] != ' ')
			end++;
		if (end - i == 5 && memcmp(fold.data + i, "saint", 5) == 0)
		{
			if (n + 2 > COMPACT_MAX)
				return 0;
			key[n++] = 's';
			key[n++] = 't';
		}
		else if (!is_filler(fold.data + i, end - i))
		{
			if (n + (end - i) > COMPACT_MAX)
				return 0;
			memcpy(key + n, fold.data + i, end - i);
			n += end - i;
		}
		i = end + 1;
	}
	return n;
}

/* The slot of a key: taken by it, or free. */
static CdpEntry *
country_slot(const char *key, size_t len)
{
	uint32_t	hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) key[i]) * 16777619u;
	for (hash ^= hash >> 15;; hash++)
	{
		CdpEntry   *slot = &countries[hash % COUNTRY_SLOTS];

		if (slot->key == NULL || (strncmp(slot->key, key, len) == 0 && slot->key[len] == '\0'))
			return slot;
	}
}

/* The first to come keeps its key. */
static bool
add_country(const char *key, size_t len, const char *alpha2)
{
	CdpEntry   *slot;
	char	   *copy;

	if (len == 0 || n_countries >= COUNTRY_SLOTS / 2)
		return true;
	slot = country_slot(key, len);
	if (slot->key != NULL)
		return true;
	copy = malloc(len + 1);
	if (copy == NULL)
		return false;
	memcpy(copy, key, len);
	copy[len] = '\0';
	slot->key = copy;
	slot->value = alpha2;
	n_countries++;
	return true;
}

static bool
add_display_name(const char *locale, const char *language, const char *alpha2)
{
	UErrorCode	err = U_ZERO_ERROR;
	UChar		wide[256];
	char		name[768];
	char		key[COMPACT_MAX];
	int32_t		n = uloc_getDisplayCountry(locale, language, wide, 256, &err);
	int32_t		bytes = 0;

	if (U_FAILURE(err) || n <= 0 || n >= 256)
		return true;
	u_strToUTF8(name, sizeof(name), &bytes, wide, n, &err);
	if (U_FAILURE(err))
		return true;
	return add_country(key, compact(name, bytes, key), alpha2);
}

/* Codes, English names and variants. */
static bool
build_countries(void)
{
	static bool built = false;

	if (built)
		return true;
	if (countries == NULL)
		countries = calloc(COUNTRY_SLOTS, sizeof(CdpEntry));
	if (countries == NULL)
		return false;
	for (size_t i = 0; i < sizeof(country_variants) / sizeof(country_variants[0]); i++)
		if (!add_country(country_variants[i].key, strlen(country_variants[i].key), country_variants[i].value))
			return false;
	for (const char *const *code = uloc_getISOCountries(); *code != NULL; code++)
	{
		UErrorCode	err = U_ZERO_ERROR;
		char		locale[32];
		char		key[8];
		const char *alpha3;
		const URegion *region;

		snprintf(locale, sizeof(locale), "und_%s", *code);
		for (int k = 0; k < 2; k++)
			key[k] = cdp_to_lower((*code)[k]);
		if (!add_country(key, 2, *code))
			return false;
		alpha3 = uloc_getISO3Country(locale);
		if (strlen(alpha3) == 3)
		{
			for (int k = 0; k < 3; k++)
				key[k] = cdp_to_lower(alpha3[k]);
			if (!add_country(key, 3, *code))
				return false;
		}
		region = uregion_getRegionFromCode(*code, &err);
		if (U_SUCCESS(err) && region != NULL && uregion_getNumericCode(region) > 0)
		{
			snprintf(key, sizeof(key), "%03d", (int) uregion_getNumericCode(region) % 1000);
			if (!add_country(key, 3, *code))
				return false;
		}
		if (!add_display_name(locale, "en", *code))
			return false;
	}
	built = true;
	return true;
}

/* The names in the countries' own languages: some hundred locales to load, so only when asked for. */
static bool
build_own_names(void)
{
	static bool built = false;

	if (built)
		return true;
	for (const char *const *code = uloc_getISOCountries(); *code != NULL; code++)
	{
		UErrorCode	err = U_ZERO_ERROR;
		char		locale[32];
		char		likely[64];

		snprintf(locale, sizeof(locale), "und_%s", *code);
		uloc_addLikelySubtags(locale, likely, sizeof(likely), &err);
		if (U_SUCCESS(err) && !add_display_name(locale, likely, *code))
			return false;
	}
	built = true;
	return true;
}

/* The alpha-2 code of a country in any form, or NULL. */
static const char *
find_country(const char *s, size_t len)
{
	char		key[COMPACT_MAX];
	size_t		n = compact(s, len, key);
	const CdpEntry *found;

	if (n == 0 || !build_countries())
		return NULL;
	found = country_slot(key, n);
	if (found->key == NULL && n > 3 && build_own_names())
		found = country_slot(key, n);
	return found->key != NULL ? found->value : NULL;
}

const char *
cdp_country_clean(const char *in, size_t len, CdpBuf *out)
{
	static CdpBuf work;
	const char *reason = cdp_tidy(in, len, COUNTRY_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	const char *code;
	bool		is_na;

	cdp_buf_reset(out);
	if (!build_countries())
		work.failed = true;
	out->failed = work.failed;
	if (reason != NULL || work.len == 0 || work.failed)
		return reason;

	/* NA is Namibia, n/a is not */
	is_na = work.len == 2 && cdp_to_lower(work.data[0]) == 'n' && cdp_to_lower(work.data[1]) == 'a';
	if (!is_na && cdp_is_placeholder(CDP_FOR_TEXT, work.data, work.len))
		return cdp_reason_placeholder;
	code = find_country(work.data, work.len);
	if (code == NULL)
		return "unknown country";
	cdp_buf_append(out, code, 2);
	return NULL;
}

/* "CC" and the look-up form, to the code */
static CdpEntry states[] = {
	{"USalabama", "AL"}, {"USalaska", "AK"}, {"USarizona", "AZ"}, {"USarkansas", "AR"}, {"UScalifornia", "CA"},
	{"UScolorado", "CO"}, {"USconnecticut", "CT"}, {"USdelaware", "DE"}, {"USdistrictofcolumbia", "DC"},
	{"USflorida", "FL"}, {"USgeorgia", "GA"}, {"UShawaii", "HI"}, {"USidaho", "ID"}, {"USillinois", "IL"},
	{"USindiana", "IN"}, {"USiowa", "IA"}, {"USkansas", "KS"}, {"USkentucky", "KY"}, {"USlouisiana", "LA"},
	{"USmaine", "ME"}, {"USmaryland", "MD"}, {"USmassachusetts", "MA"}, {"USmichigan", "MI"},
	{"USminnesota", "MN"}, {"USmississippi", "MS"}, {"USmissouri", "MO"}, {"USmontana", "MT"},
	{"USnebraska", "NE"}, {"USnevada", "NV"}, {"USnewhampshire", "NH"}, {"USnewjersey", "NJ"},
	{"USnewmexico", "NM"}, {"USnewyork", "NY"}, {"USnorthcarolina", "NC"}, {"USnorthdakota", "ND"},
	{"USohio", "OH"}, {"USoklahoma", "OK"}, {"USoregon", "OR"}, {"USpennsylvania", "PA"},
	{"USrhodeisland", "RI"}, {"USsouthcarolina", "SC"}, {"USsouthdakota", "SD"}, {"UStennessee", "TN"},
	{"UStexas", "TX"}, {"USutah", "UT"}, {"USvermont", "VT"}, {"USvirginia", "VA"}, {"USwashington", "WA"},
	{"USwestvirginia", "WV"}, {"USwisconsin", "WI"}, {"USwyoming", "WY"},
	{"USamericansamoa", "AS"}, {"USguam", "GU"}, {"USnorthernmarianaislands", "MP"}, {"USpuertorico", "PR"},
	{"USvirginislands", "VI"}, {"USusvirginislands", "VI"}, {"USarmedforcesamericas", "AA"},
	{"USarmedforceseurope", "AE"}, {"USarmedforcespacific", "AP"}, {"USunitedstatesminoroutlyingislands", "UM"},
	{"USala", "AL"}, {"USariz", "AZ"}, {"USark", "AR"}, {"UScalif", "CA"}, {"UScolo", "CO"}, {"USconn", "CT"},
	{"USdel", "DE"}, {"USwashingtondc", "DC"}, {"USdistcolumbia", "DC"}, {"USdistrictcolumbia", "DC"}, {"USfla", "FL"},
	{"USill", "IL"}, {"USind", "IN"}, {"USkan", "KS"}, {"USkans", "KS"}, {"USmass", "MA"}, {"USmich", "MI"},
	{"USminn", "MN"}, {"USmiss", "MS"}, {"USmont", "MT"}, {"USnebr", "NE"}, {"USneb", "NE"}, {"USnev", "NV"},
	{"USnmex", "NM"}, {"USncar", "NC"}, {"USndak", "ND"}, {"USokla", "OK"}, {"USore", "OR"}, {"USoreg", "OR"},
	{"USpenn", "PA"}, {"USpenna", "PA"}, {"USscar", "SC"}, {"USsdak", "SD"}, {"UStenn", "TN"}, {"UStex", "TX"},
	{"USwash", "WA"}, {"USwva", "WV"}, {"USwis", "WI"}, {"USwisc", "WI"}, {"USwyo", "WY"}, {"UScal", "CA"},
	{"USal", "AL"}, {"USak", "AK"}, {"USaz", "AZ"}, {"USar", "AR"}, {"USca", "CA"}, {"USco", "CO"}, {"USct", "CT"},
	{"USde", "DE"}, {"USdc", "DC"}, {"USfl", "FL"}, {"USga", "GA"}, {"UShi", "HI"}, {"USid", "ID"}, {"USil", "IL"},
	{"USin", "IN"}, {"USia", "IA"}, {"USks", "KS"}, {"USky", "KY"}, {"USla", "LA"}, {"USme", "ME"}, {"USmd", "MD"},
	{"USma", "MA"}, {"USmi", "MI"}, {"USmn", "MN"}, {"USms", "MS"}, {"USmo", "MO"}, {"USmt", "MT"}, {"USne", "NE"},
	{"USnv", "NV"}, {"USnh", "NH"}, {"USnj", "NJ"}, {"USnm", "NM"}, {"USny", "NY"}, {"USnc", "NC"}, {"USnd", "ND"},
	{"USoh", "OH"}, {"USok", "OK"}, {"USor", "OR"}, {"USpa", "PA"}, {"USri", "RI"}, {"USsc", "SC"}, {"USsd", "SD"},
	{"UStn", "TN"}, {"UStx", "TX"}, {"USut", "UT"}, {"USvt", "VT"}, {"USva", "VA"}, {"USwa", "WA"}, {"USwv", "WV"},
	{"USwi", "WI"}, {"USwy", "WY"}, {"USas", "AS"}, {"USgu", "GU"}, {"USmp", "MP"}, {"USpr", "PR"}, {"USvi", "VI"},
	{"USaa", "AA"}, {"USae", "AE"}, {"USap", "AP"}, {"USum", "UM"},
	{"CAalberta", "AB"}, {"CAbritishcolumbia", "BC"}, {"CAmanitoba", "MB"}, {"CAnewbrunswick", "NB"},
	{"CAnewfoundlandlabrador", "NL"}, {"CAnewfoundland", "NL"}, {"CAnovascotia", "NS"},
	{"CAnorthwestterritories", "NT"}, {"CAnunavut", "NU"}, {"CAontario", "ON"}, {"CAprinceedwardisland", "PE"},
	{"CAquebec", "QC"}, {"CAsaskatchewan", "SK"}, {"CAyukon", "YT"}, {"CAyukonterritory", "YT"}, {"CApei", "PE"},
	{"CAab", "AB"}, {"CAbc", "BC"}, {"CAmb", "MB"}, {"CAnb", "NB"}, {"CAnl", "NL"}, {"CAnf", "NL"}, {"CAns", "NS"},
	{"CAnt", "NT"}, {"CAnwt", "NT"}, {"CAnu", "NU"}, {"CAon", "ON"}, {"CAont", "ON"}, {"CApe", "PE"}, {"CAqc", "QC"},
	{"CApq", "QC"}, {"CAque", "QC"}, {"CAsk", "SK"}, {"CAsask", "SK"}, {"CAyt", "YT"}, {"CAyk", "YT"}, {"CAalta", "AB"},
	{"CAman", "MB"},
	{"AUaustraliancapitalterritory", "ACT"}, {"AUnewsouthwales", "NSW"}, {"AUnorthernterritory", "NT"},
	{"AUqueensland", "QLD"}, {"AUsouthaustralia", "SA"}, {"AUtasmania", "TAS"}, {"AUvictoria", "VIC"},
	{"AUwesternaustralia", "WA"}, {"AUact", "ACT"}, {"AUnsw", "NSW"}, {"AUnt", "NT"}, {"AUqld", "QLD"},
	{"AUsa", "SA"}, {"AUtas", "TAS"}, {"AUvic", "VIC"}, {"AUwa", "WA"},
};

static CdpTable state_table = CDP_TABLE(states);

const char *
cdp_state_clean(const char *in, size_t len, const char *country, size_t country_len, CdpBuf *out)
{
	static CdpBuf work;
	const char *reason = cdp_tidy(in, len, STATE_MAX_CHARS, CDP_TIDY_PUNCT, &work);
	const char *code = find_country(country, country_len);
	char		key[COMPACT_MAX + 2];
	size_t		n;
	const CdpEntry *found;

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || work.len == 0)
		return reason;
	if (cdp_is_placeholder(CDP_FOR_TEXT, work.data, work.len))
		return cdp_reason_placeholder;
	if (code == NULL || (strcmp(code, "US") != 0 && strcmp(code, "CA") != 0 && strcmp(code, "AU") != 0))
	{
		cdp_buf_append(out, work.data, work.len);
		return NULL;
	}
	memcpy(key, code, 2);

	/* ISO 3166-2: US-CA */
	if (work.len > 3 && work.data[2] == '-' && cdp_to_upper(work.data[0]) == code[0] &&
		cdp_to_upper(work.data[1]) == code[1])
		n = compact(work.data + 3, work.len - 3, key + 2);
	else
		n = compact(work.data, work.len, key + 2);
	found = n > 0 ? cdp_table_find(&state_table, key, n + 2) : NULL;
	if (found == NULL)
		return "unknown state";
	cdp_buf_append(out, found->value, strlen(found->value));
	return NULL;
}

/* patterns of a country, the first that fits counts */
static CdpEntry postal_patterns[] = {
	{"AD", "&ADNNN"}, {"AF", "NNNN"}, {"AL", "NNNN"}, {"AM", "NNNN"}, {"AR", "ANNNNAAA|NNNN"}, {"AS", "NNNNN|NNNNN-NNNN"},
	{"AT", "NNNN"}, {"AU", "NNNN"}, {"AX", "NNNNN"}, {"AZ", "&AZNNNN"}, {"BA", "NNNNN"}, {"BB", "&BBNNNNN"},
	{"BD", "NNNN"}, {"BE", "NNNN"}, {"BG", "NNNN"}, {"BM", "AA NN|AA AA"}, {"BN", "AANNNN"}, {"BR", "NNNNN-NNN"},
	{"BY", "NNNNNN"}, {"CA", "ANA NAN"}, {"CH", "NNNN"}, {"CL", "NNN-NNNN"}, {"CN", "NNNNNN"}, {"CO", "NNNNNN"},
	{"CR", "NNNNN"}, {"CU", "NNNNN"}, {"CY", "NNNN"}, {"CZ", "NNN NN"}, {"DE", "NNNNN"}, {"DK", "NNNN"},
	{"DO", "NNNNN"}, {"DZ", "NNNNN"}, {"EC", "NNNNNN"}, {"EE", "NNNNN"}, {"EG", "NNNNN"}, {"ES", "NNNNN"},
	{"ET", "NNNN"}, {"FI", "NNNNN"}, {"FO", "NNN"}, {"FR", "NNNNN"},
	{"GB", "AN NAA|ANN NAA|AAN NAA|AANN NAA|ANA NAA|AANA NAA|AAAA NAA|&GIR N&AA"},
	{"GE", "NNNN"}, {"GF", "NNNNN"}, {"GG", "AAN NAA|AANN NAA"}, {"GL", "NNNN"}, {"GP", "NNNNN"}, {"GR", "NNN NN"},
	{"GT", "NNNNN"}, {"GU", "NNNNN|NNNNN-NNNN"}, {"HN", "NNNNN"}, {"HR", "NNNNN"}, {"HT", "NNNN"}, {"HU", "NNNN"},
	{"ID", "NNNNN"}, {"IE", "ANN XXXX|AN&W XXXX"}, {"IL", "NNNNNNN|NNNNN"}, {"IM", "AAN NAA|AANN NAA"}, {"IN", "NNNNNN"},
	{"IQ", "NNNNN"}, {"IR", "NNNNN-NNNNN"}, {"IS", "NNN"}, {"IT", "NNNNN"}, {"JE", "AAN NAA|AANN NAA"}, {"JO", "NNNNN"},
	{"JP", "NNN-NNNN"}, {"KE", "NNNNN"}, {"KG", "NNNNNN"}, {"KH", "NNNNNN|NNNNN"}, {"KR", "NNNNN"}, {"KW", "NNNNN"},
	{"KZ", "NNNNNN|ANNANAN"}, {"LA", "NNNNN"}, {"LB", "NNNN|NNNN NNNN"}, {"LI", "NNNN"}, {"LK", "NNNNN"},
	{"LT", "NNNNN"}, {"LU", "NNNN"}, {"LV", "&LV-NNNN"}, {"MA", "NNNNN"}, {"MC", "NNNNN"}, {"MD", "NNNN"},
	{"ME", "NNNNN"}, {"MK", "NNNN"}, {"MM", "NNNNN"}, {"MN", "NNNNN"}, {"MP", "NNNNN|NNNNN-NNNN"}, {"MQ", "NNNNN"},
	{"MT", "AAA NNNN"}, {"MU", "NNNNN"}, {"MX", "NNNNN"}, {"MY", "NNNNN"}, {"NG", "NNNNNN"}, {"NI", "NNNNN"},
	{"NL", "NNNN AA"}, {"NO", "NNNN"}, {"NP", "NNNNN"}, {"NZ", "NNNN"}, {"OM", "NNN"}, {"PA", "NNNN"}, {"PE", "NNNNN"},
	{"PH", "NNNN"}, {"PK", "NNNNN"}, {"PL", "NN-NNN"}, {"PR", "NNNNN|NNNNN-NNNN"}, {"PT", "NNNN-NNN"}, {"PY", "NNNN"},
	{"RE", "NNNNN"}, {"RO", "NNNNNN"}, {"RS", "NNNNN"}, {"RU", "NNNNNN"}, {"SA", "NNNNN|NNNNN-NNNN"}, {"SE", "NNN NN"},
	{"SG", "NNNNNN"}, {"SI", "NNNN"}, {"SK", "NNN NN"}, {"SM", "NNNNN"}, {"SN", "NNNNN"}, {"TH", "NNNNN"}, {"TN", "NNNN"},
	{"TR", "NNNNN"}, {"TW", "NNN|NNNNN|NNNNNN"}, {"UA", "NNNNN"}, {"US", "NNNNN|NNNNN-NNNN"}, {"UY", "NNNNN"},
	{"UZ", "NNNNNN"}, {"VA", "NNNNN"}, {"VE", "NNNN"}, {"VI", "NNNNN|NNNNN-NNNN"}, {"VN", "NNNNNN|NNNNN"}, {"ZA", "NNNN"},
	{"ZM", "NNNNN"},
};

static CdpTable postal_table = CDP_TABLE(postal_patterns);

/*
 * Write code in the shape of one pattern; & makes the letters after it literals, up
 * to a digit, a space or a hyphen.
 */
static bool
fit(const char *code, size_t len, const char *pattern, const char *end, CdpBuf *out)
{
	size_t		i = 0;
	bool		literal = false;

	cdp_buf_reset(out);
	for (const char *p = pattern; p < end; p++)
	{
		bool		ok;

		if (*p == '&')
		{
			literal = true;
			continue;
		}
		if (*p == ' ' || *p == '-')
		{
			cdp_buf_put(out, *p);
			literal = false;
			continue;
		}
		if (i == len)
			return false;
		if (*p == 'N')
		{
			ok = cdp_is_digit(code[i]);
			literal = false;
		}
		else if (literal)
			ok = code[i] == *p;
		else if (*p == 'A')
			ok = cdp_is_upper(code[i]);
		else
			ok = true;
		if (!ok)
			return false;
		cdp_buf_put(out, code[i++]);
	}
	return i == len;
}

static bool
fit_any(const char *code, size_t len, const char *patterns, CdpBuf *out)
{
	while (*patterns)
	{
		const char *end = strchr(patterns, '|');

		if (end == NULL)
			end = patterns + strlen(patterns);
		if (fit(code, len, patterns, end, out))
			return true;
		patterns = *end ? end + 1 : end;
	}
	return false;
}

static bool
has_none_of(const char *s, size_t len, const char *letters)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(letters, s[i]) != NULL)
			return false;
	return true;
}

/* What the shape alone does not say. */
static bool
is_plausible(const char *country, const char *code, size_t len)
{
	if (strcmp(country, "CA") == 0)
		return has_none_of(code, len, "DFIOQU") && code[0] != 'W' && code[0] != 'Z';
	if (strcmp(country, "GB") == 0)
		return has_none_of(code + len - 2, 2, "CIKMOV");
	if (strcmp(country, "US") == 0)
		return memcmp(code, "00501", 5) >= 0;
	if (strcmp(country, "DE") == 0 || strcmp(country, "FR") == 0 || strcmp(country, "ES") == 0)
		return memcmp(code, "01000", 5) >= 0;
	return true;
}

/* The letter that used to stand before a country's postal codes, or 0. */
static char
one_letter_sign(const char *country)
{
	static const char signs[] = "DED FRF ITI LUL ATA BEB ESE HUH NON SES PTP";

	for (const char *p = signs;; p += 4)
	{
		if (memcmp(p, country, 2) == 0)
			return p[2];
		if (p[3] == '\0')
			return '\0';
	}
}

const char *
cdp_postal_code_clean(const char *in, size_t len, const char *country, size_t country_len, CdpBuf *out)
{
	static const char wrong[] = "not valid for its country";
	static CdpBuf work;
	char		code[POSTAL_MAX_CHARS + 8];
	size_t		n = 0;
	bool		same = true;
	bool		digits = true;
	bool		american;
	const char *home = find_country(country, country_len);
	const CdpEntry *found;
	const char *s;
	const char *reason = cdp_tidy(in, len, POSTAL_MAX_CHARS, CDP_TIDY_PUNCT, &work);

	cdp_buf_reset(out);
	out->failed = work.failed;
	if (reason != NULL || work.len == 0)
		return reason;
	s = work.data;
	len = work.len;
	if (len > 3 && memcmp(s, "\xE3\x80\x92", 3) == 0)
	{
		/* the Japanese postal mark */
		s += 3;
		len -= 3;
		cdp_trim(&s, &len);
	}
	if (len == 0 || cdp_is_placeholder(CDP_FOR_TEXT, s, len))
		return cdp_reason_placeholder;
	if (!cdp_is_ascii(s, len))
		return wrong;

	found = home ? cdp_table_find(&postal_table, home, 2) : NULL;
	if (len > 2 && s[len - 1] == '0' && s[len - 2] == '.' && found != NULL && strchr(found->value, 'A') == NULL)
		len -= 2;				/* a number that went through floating point */
	for (size_t i = 0; i < len; i++)
	{
		if (cdp_is_alnum(s[i]))
		{
			code[n] = cdp_to_upper(s[i]);
			digits &= cdp_is_digit(code[n]);
			same &= code[n] == code[0];
			n++;
		}
		else if (s[i] != ' ' && s[i] != '-' && s[i] != '.' && s[i] != '/' && s[i] != '_' && s[i] != ',' && s[i] != '\'')
			return wrong;
	}
	if (n == 0)
		return cdp_reason_placeholder;
	if (digits && same && n >= 3 && (code[0] == '0' || code[0] == '9'))
		return cdp_reason_placeholder;
	if (same && code[0] == 'X')
		return cdp_reason_placeholder;

	if (found == NULL)
	{
		/* any code of a plausible shape: at least one digit, or letters as in no country known here */
		if (n < 2 || n > 12)
			return wrong;
		for (size_t i = 0; i < len; i++)
			cdp_buf_put(out, s[i] == '_' || s[i] == ',' || s[i] == '.' || s[i] == '/' || s[i] == '\'' ? ' ' : cdp_to_upper(s[i]));
		cdp_buf_reset(&work);
		reason = cdp_tidy(out->data, out->len, POSTAL_MAX_CHARS, 0, &work);
		out->failed |= work.failed;
		cdp_buf_reset(out);
		cdp_buf_append(out, work.data, work.len);
		return reason;
	}

	/* D-10115, SE-123 45, L-1234: a country's letters before codes of digits only */
	if (strchr(found->value, 'A') == NULL && !digits)
	{
		size_t		skip = n > 2 && memcmp(code, home, 2) == 0 ? 2 : 1;

		if (skip == 2 || (n > 1 && code[0] == one_letter_sign(home)))
		{
			n -= skip;
			memmove(code, code + skip, n);
			digits = true;
			for (size_t i = 0; i < n; i++)
				digits &= cdp_is_digit(code[i]);
		}
	}

	american = strncmp(found->value, "NNNNN|NNNNN-NNNN", 16) == 0 && strcmp(home, "SA") != 0;
	if (american && digits)
	{
		if (n == 4 || n == 8)
		{
			memmove(code + 1, code, n);
			code[0] = '0';
			n++;
		}
		if (n == 9 && memcmp(code + 5, "0000", 4) == 0)
			n = 5;
		if (n >= 5 && (memcmp(code, "00000", 5) == 0 || memcmp(code, "99999", 5) == 0))
			return cdp_reason_placeholder;
	}
	if (fit_any(code, n, found->value, out))
		return is_plausible(american ? "US" : home, out->data, out->len) ? NULL : wrong;

	/* LV and others whose codes begin with the country's letters, written without them */
	if (found->value[0] == '&' && digits && strcmp(home, "GB") != 0 && n + 2 < sizeof(code))
	{
		memmove(code + 2, code, n);
		memcpy(code, home, 2);
		if (fit_any(code, n + 2, found->value, out))
			return NULL;
	}
	return wrong;
}
