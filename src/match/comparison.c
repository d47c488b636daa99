/*
 * comparison.c
 *	  What is compared: given and family name out of a whole name, blocking keys by measure.
 *
 * A whole name is "First Middle Last", or "Last, First Middle" with a comma. Titles in
 * front and generational or academic suffixes behind are nobody's name; which generation
 * it is tells father and son apart and is compared on its own. A family name takes the particles before it along ("Ludwig van Beethoven"). One word alone is taken
 * for a given name: the measure person_name has levels for a name in the wrong place.
 *
 * The input is a cleaned name (cdp.normalize_name): single blanks, no edge noise. The
 * words are pieces of the input, so nothing is copied before the result.
 */
#include "core/core.h"
#include "fmgr.h"
#include "funcapi.h"
#include "match/block.h"
#include "utils/builtins.h"

#define MAX_WORDS 32

typedef struct Piece
{
	const char *s;
	int			len;
} Piece;

static const char *const titles[] = {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "sr", "sra", "mme", "mlle", NULL};
static const char *const academic[] = {"phd", "md", "dds", "esq", "mba", NULL};
/* a single I is a middle initial at times: then it says nothing, since nobody else is a Jr of that name */
static const char *const generations[][5] = {
	{"sr", "snr", "senior", "i", "1st"},
	{"jr", "jnr", "junior", "ii", "2nd"},
	{"iii", "3rd", NULL},
	{"iv", "4th", NULL},
};
static const char *const particles[] = {"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "ten",
	"bin", "ibn", "al", "el", "st", "san", "zu", "zur", NULL};

/* "Ph.D." and "Jr." are meant too. */
static bool
is_word(Piece word, const char *meant)
{
	for (int i = 0; i < word.len; i++)
		if (word.s[i] != '.' && pg_ascii_tolower(word.s[i]) != *meant++)
			return false;
	return *meant == '\0';
}

static bool
is_one_of(Piece word, const char *const *list)
{
	for (; *list; list++)
		if (is_word(word, *list))
			return true;
	return false;
}

#define MAX_SUFFIX 12			/* bytes of the longest, with a dot behind each letter */

/* 1 for Sr, 2 for Jr and II, ...; 0: the word names no generation. */
static int
generation_of(Piece word)
{
	if (word.len > MAX_SUFFIX)
		return 0;
	for (int g = 0; g < lengthof(generations); g++)
		for (int i = 0; i < lengthof(generations[g]) && generations[g][i]; i++)
			if (is_word(word, generations[g][i]))
				return g + 1;
	return 0;
}

static bool
is_suffix(Piece word)
{
	return generation_of(word) > 0 || is_one_of(word, academic);
}

/* Words of a piece; of more than MAX_WORDS the last ones are left out. */
static int
split(Piece text, Piece *word)
{
	int			n = 0;
	int			i = 0;

	while (i < text.len && n < MAX_WORDS)
	{
		int			start;

		while (i < text.len && (text.s[i] == ' ' || text.s[i] == ','))
			i++;
		start = i;
		while (i < text.len && text.s[i] != ' ' && text.s[i] != ',')
			i++;
		if (i > start)
			word[n++] = (Piece) {text.s + start, i - start};
	}
	return n;
}

/* Takes titles off the front and suffixes off the end, but never the last word. */
static Piece *
strip(Piece *word, int *n)
{
	while (*n > 1 && is_one_of(word[0], titles))
	{
		word++;
		(*n)--;
	}
	while (*n > 1 && is_suffix(word[*n - 1]))
		(*n)--;
	return word;
}

static void
name_parts(Piece name, Piece *given, Piece *family)
{
	Piece		words[MAX_WORDS];
	Piece	   *word;
	const char *comma = memchr(name.s, ',', name.len);
	int			n;
	int			first;

	*given = *family = (Piece) {NULL, 0};
	if (comma)
	{
		Piece		before = {name.s, comma - name.s};
		Piece		after = {comma + 1, name.s + name.len - comma - 1};

		n = split(after, words);
		word = strip(words, &n);
		/* what follows the comma of "John Smith, Jr." is no name */
		if (n > 0 && !(n == 1 && is_suffix(word[0])))
		{
			*given = word[0];
			n = split(before, words);
			word = strip(words, &n);
			if (n > 0)
				*family = (Piece) {word[0].s, word[n - 1].s + word[n - 1].len - word[0].s};
			return;
		}
	}
	n = split(name, words);
	word = strip(words, &n);
	if (n == 0)
		return;
	*given = word[0];
	if (n == 1)
		return;
	first = n - 1;
	while (first > 1 && is_one_of(word[first - 1], particles))
		first--;
	*family = (Piece) {word[first].s, word[n - 1].s + word[n - 1].len - word[first].s};
}

static Datum
part_of(FunctionCallInfo fcinfo, bool want_family)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	Piece		name = {VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in)};
	Piece		given,
				family;

	name_parts(name, &given, &family);
	if (want_family)
		given = family;
	if (given.s == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(given.s, given.len));
}

PG_FUNCTION_INFO_V1(cdp_given_part);

/* cdp_internal.given_part(text) -> text */
Datum
cdp_given_part(PG_FUNCTION_ARGS)
{
	return part_of(fcinfo, false);
}

PG_FUNCTION_INFO_V1(cdp_family_part);

/* cdp_internal.family_part(text) -> text */
Datum
cdp_family_part(PG_FUNCTION_ARGS)
{
	return part_of(fcinfo, true);
}

/* The last word of a text that ends at *end, which goes back to the blank before it. */
static Piece
last_word(Piece text, int *end)
{
	int			last,
				first;

	for (last = *end; last > 0 && (text.s[last - 1] == ' ' || text.s[last - 1] == ','); last--)
		;
	for (first = last; first > 0 && text.s[first - 1] != ' ' && text.s[first - 1] != ','; first--)
		;
	*end = first;
	return (Piece) {text.s + first, last - first};
}

PG_FUNCTION_INFO_V1(cdp_without_suffix);

/* cdp_internal.without_suffix(name text) -> text */
Datum
cdp_without_suffix(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	Piece		name = {VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in)};
	int			kept = name.len;

	for (int end = kept;;)
	{
		Piece		word = last_word(name, &end);

		/* the first word is a name, whatever it is */
		if (end == 0 || !is_suffix(word))
			break;
		for (kept = end; kept > 0 && (name.s[kept - 1] == ' ' || name.s[kept - 1] == ','); kept--)
			;
	}
	if (kept == name.len || kept == 0)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(name.s, kept));
}

PG_FUNCTION_INFO_V1(cdp_generation);

/* cdp_internal.generation(name text) -> text */
Datum
cdp_generation(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	Piece		name = {VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in)};
	const char *comma = memchr(name.s, ',', name.len);

	/* behind the whole, or behind the family name in "Smith Jr, John" */
	for (int part = 0; part < 2; part++)
	{
		int			end = part == 0 ? name.len : comma ? comma - name.s : 0;

		while (end > 0)
		{
			Piece		word = last_word(name, &end);
			int			generation;

			if (end == 0)
				break;
			generation = generation_of(word);
			if (generation == 0 && !is_one_of(word, academic))
				break;
			if (generation > 0)
				PG_RETURN_TEXT_P(cstring_to_text(psprintf("%d", generation)));
		}
	}
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(cdp_measure_keys);

/*
 * cdp_internal.measure_keys(measure text) -> setof text
 * Asks a blocker of nothing but one comparison, so that the names stand in one place.
 */
Datum
cdp_measure_keys(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CdpModel   *model = palloc0(sizeof(CdpModel));
	CdpStore   *store = palloc0(sizeof(CdpStore));
	CdpBlocker *blocker = palloc0(sizeof(CdpBlocker));
	CdpComparison *k = &model->comparison[0];
	CdpMeasureInfo conditions = {.n_inputs = 1};

	k->measure = CDP_MEASURE_SQL;
	k->info = &conditions;
	if (!PG_ARGISNULL(0))
	{
		text	   *name = PG_GETARG_TEXT_PP(0);
		int			measure = cdp_measure_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

		if (measure < 0)
			ereport(ERROR, errcode(ERRCODE_CDP_BAD_ARGUMENT), errmsg("there is no measure \"%s\"", text_to_cstring(name)),
					errhint("SELECT DISTINCT measure FROM cdp.comparison_levels() lists them."));
		k->measure = measure;
		k->info = cdp_measure_info(k->measure);
	}
	model->n = 1;
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!cdp_blocker_open(blocker, store, model))
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	for (int i = 0; i < blocker->n_keys; i++)
	{
		const CdpKey *key = &blocker->key[i];
		const char *part = k->info->n_inputs == 1 || key->input < 0 ? "" : key->input == 0 ? ".given" : ".family";
		Datum		value = CStringGetTextDatum(psprintf("%s %s", part, key->name));
		bool		null = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &null);
	}
	cdp_blocker_close(blocker);
	return (Datum) 0;
}
