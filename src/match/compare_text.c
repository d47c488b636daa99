/*
 * compare_text.c
 *	  Streets and free text (names of companies, job titles): words, most of which may be alike.
 *
 * Words that many values have (kinds of streets, legal forms) do not count unless a value has
 * no others. Of a street the numbers are taken out, the house number told from those of units
 * and boxes by its place, and compared apart. Of a text the words are also put in
 * alphabetical order.
 */
#include "match/value.h"

#include <stdlib.h>

enum
{
	STREET_EXACT = 1, STREET_CLOSE, STREET_SAME_NUMBER_PART, STREET_NUMBER_EDIT, STREET_SAME_STREET, STREET_PART, STREET_ELSE
};

static const CdpLevel street_levels[] = {
	[STREET_EXACT - 1] = {"exact", "same street address", 1, 1, 0.60, 0.00005},
	[STREET_CLOSE - 1] = {"close", "same house number, street nearly the same", 1, 0, 0.12, 0.00002},
	[STREET_SAME_NUMBER_PART - 1] = {"same_number_part", "a number and a word of the street the same", 1, 0, 0.02, 0.00005},
	[STREET_NUMBER_EDIT - 1] = {"number_edit", "same street, one digit of the house number differs", 1, 0, 0.01, 0.00002},
	[STREET_SAME_STREET - 1] = {"same_street", "same street, the house number differs or is missing", 1, 0, 0.03, 0.003},
	[STREET_PART - 1] = {"part", "half of the words of the street the same", 1, 0, 0.02, 0.006},
	[STREET_ELSE - 1] = {"else", "other streets", 1, 0, 0.20, 0.99086},
};

const CdpMeasureInfo cdp_street_measure = CDP_MEASURE_INFO("street", 1, street_levels);

enum
{
	TEXT_EXACT = 1, TEXT_CLOSE, TEXT_CONTAINED, TEXT_PART, TEXT_ELSE
};

static const CdpLevel text_levels[] = {
	[TEXT_EXACT - 1] = {"exact", "same text", 1, 1, 0.60, 0.02},
	[TEXT_CLOSE - 1] = {"close", "text nearly the same", 1, 0, 0.10, 0.004},
	[TEXT_CONTAINED - 1] = {"contained", "all words of one are in the other", 1, 0, 0.04, 0.005},
	[TEXT_PART - 1] = {"part", "half of the words the same", 1, 0, 0.05, 0.025},
	[TEXT_ELSE - 1] = {"else", "other text", 1, 0, 0.21, 0.946},
};

const CdpMeasureInfo cdp_text_measure = CDP_MEASURE_INFO("text", 1, text_levels);

/* words of streets that many have: kinds, directions, units */
static const char *const street_kinds[26] = {
	['a' - 'a'] = "ave aly apt and at allee av avenida",
	['b' - 'a'] = "blvd bldg box",
	['c' - 'a'] = "ct cir circuit cct cres cl cts calle",
	['d' - 'a'] = "dr dept de du des del",
	['e' - 'a'] = "expy esp e ext",
	['f' - 'a'] = "fwy fl",
	['g' - 'a'] = "grv gdns gdn gasse",
	['h' - 'a'] = "hwy hse",
	['l' - 'a'] = "ln lot la le les los las laan",
	['n' - 'a'] = "n ne nw no nr",
	['o' - 'a'] = "of on",
	['p' - 'a'] = "pl pkwy pde prom po platz piazza plaza plz",
	['r' - 'a'] = "rd row rte rm rue rua",
	['s' - 'a'] = "st sq s se sw ste spc str strasse strase straat",
	['t' - 'a'] = "ter trl tpke trlr the",
	['v' - 'a'] = "via",
	['w' - 'a'] = "way wlk w weg"
};

/* words of companies and texts that many have: legal forms and articles */
static const char *const text_fillers[26] = {
	['a' - 'a'] = "ag ab as aps and a an at",
	['b' - 'a'] = "bv",
	['c' - 'a'] = "corp corporation co company",
	['d' - 'a'] = "de der die das",
	['e' - 'a'] = "et e",
	['f' - 'a'] = "for",
	['g' - 'a'] = "gmbh",
	['i' - 'a'] = "inc incorporated in",
	['k' - 'a'] = "kg kk",
	['l' - 'a'] = "ltd llc llp lp limited la le les",
	['n' - 'a'] = "nv",
	['o' - 'a'] = "ohg oy of",
	['p' - 'a'] = "plc pty pte",
	['s' - 'a'] = "sa se srl spa sarl sas",
	['t' - 'a'] = "the",
	['u' - 'a'] = "ug und",
	['y' - 'a'] = "y"
};

#define MAX_NUMBERS 4

typedef struct Number
{
	uint32_t	value;
	uint32_t	suffix;			/* hash of what follows the digits, 0: nothing */
	bool		leading;		/* may be the house number */
} Number;

typedef struct TextForm
{
	CdpWord		joined;			/* the words that count, in their order */
	CdpWord		sorted;			/* in alphabetical order; texts only */
	Number		numbers[MAX_NUMBERS];
	CdpWord		house_number;
	int8_t		n_numbers;
	int8_t		house;			/* which number is the house number, -1: none */
	int16_t		n_words;
	CdpWord		words[];
} TextForm;

/*
 * A number, perhaps with letters after it; ordinals (5th) are words. Gives how many
 * characters belong to the number: a word of three letters right after the digits lacks
 * its space. 0: not a number.
 */
static int32_t
parse_number(const uint32_t *s, int32_t len, Number *out)
{
	int32_t		digits = 0,
				letters = 0;

	*out = (Number) {0};
	while (digits < len && cdp_is_digit(s[digits]))
		out->value = out->value * 10 + (s[digits++] - '0');
	if (digits == 0 || (len - digits == 2 && cdp_is_listed("st nd rd th", s + digits, 2)))
		return 0;
	while (digits + letters < len && !cdp_is_digit(s[digits + letters]))
		letters++;
	if (letters >= 3 && digits + letters == len)
		return digits;
	out->suffix = digits < len ? cdp_hash_chars(s + digits, len - digits) | 1 : 0;
	return len;
}

static int
order_words(const void *a, const void *b)
{
	const CdpWord *x = a,
			   *y = b;
	int32_t		shorter = cdp_shorter(x, y);

	for (int32_t i = 0; i < shorter; i++)
		if (x->s[i] != y->s[i])
			return x->s[i] < y->s[i] ? -1 : 1;
	return (x->len > y->len) - (x->len < y->len);
}

static bool
join(CdpWork *work, CdpArena *arena, const CdpWord *words, int n, CdpWord *out)
{
	uint32_t   *text,
			   *end;
	size_t		room = 1;

	for (int i = 0; i < n; i++)
		room += words[i].len + 1;
	text = end = cdp_arena_take(work, arena, room * sizeof(uint32_t));
	if (text == NULL)
		return false;
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			*end++ = ' ';
		memcpy(end, words[i].s, words[i].len * sizeof(uint32_t));
		end += words[i].len;
	}
	*out = cdp_word_make(text, end - text);
	return true;
}

static bool
prepare(CdpWork *work, CdpArena *arena, bool street, CdpValue *value)
{
	CdpWord		words[CDP_MAX_WORDS],
				fillers[CDP_MAX_WORDS];
	Number		numbers[MAX_NUMBERS];
	const uint32_t *word;
	int32_t		len = cdp_form_len(value),
				at = 0,
				n;
	int			n_words = 0,
				n_fillers = 0,
				n_numbers = 0,
				house = -1;
	bool		leading = true;
	CdpWord		house_number = {0};
	TextForm   *form;

	while (cdp_word_next(value->chars, len, &at, &word, &n))
	{
		int32_t		digits = street && n_numbers < MAX_NUMBERS ? parse_number(word, n, &numbers[n_numbers]) : 0;

		if (digits > 0)
		{
			/* the last of the numbers that stand first, or the first of the others */
			numbers[n_numbers].leading = leading || house < 0;
			if (numbers[n_numbers].leading)
			{
				house = n_numbers;
				house_number = cdp_word_make(word, digits);
			}
			n_numbers++;
			if (digits == n)
				continue;
			word += digits;
			n -= digits;
		}
		leading = false;
		if (!cdp_is_listed_by_letter(street ? street_kinds : text_fillers, word, n))
		{
			if (n_words < CDP_MAX_WORDS)
				words[n_words++] = cdp_word_make(word, n);
		}
		else if (n_fillers < CDP_MAX_WORDS)
			fillers[n_fillers++] = cdp_word_make(word, n);
	}
	/* Park Avenue, The Company: where only such words are, they count */
	if (n_words == 0)
	{
		n_words = n_fillers;
		memcpy(words, fillers, n_words * sizeof(CdpWord));
	}
	form = cdp_arena_take(work, arena, sizeof(TextForm) + n_words * sizeof(CdpWord));
	if (form == NULL || !join(work, arena, words, n_words, &form->joined))
		return false;
	memcpy(form->numbers, numbers, n_numbers * sizeof(Number));
	form->n_numbers = n_numbers;
	form->house = house;
	form->house_number = house_number;
	form->n_words = n_words;
	form->sorted = form->joined;
	if (!street)
	{
		qsort(words, n_words, sizeof(CdpWord), order_words);
		if (!join(work, arena, words, n_words, &form->sorted))
			return false;
	}
	memcpy(form->words, words, n_words * sizeof(CdpWord));
	value->extra = (const void *) form;
	return true;
}

bool
cdp_street_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	return prepare(work, arena, true, value);
}

bool
cdp_text_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	return prepare(work, arena, false, value);
}

/* Of so many characters, without digits: one edit, two where they are longer; also of the spaces between words. */
static bool
slipped(CdpWork *work, const CdpWord *a, const CdpWord *b, int32_t least)
{
	return cdp_shorter(a, b) >= least && a->plain && b->plain && cdp_nearly_same(work, a, b);
}

static bool
alike_words(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	return cdp_same_word(a, b) || slipped(work, a, b, 5);
}

static bool
same_number(const Number *a, const Number *b)
{
	return a->value == b->value && (a->suffix == b->suffix || a->suffix == 0 || b->suffix == 0);
}

/* Are all numbers of one among those of the other, its house number at the place of one? Counts those that are. */
static bool
numbers_within(const TextForm *few, const TextForm *many, int *shared)
{
	bool		house = false;

	*shared = 0;
	for (int i = 0; i < few->n_numbers; i++)
		for (int j = 0; j < many->n_numbers; j++)
			if (same_number(&few->numbers[i], &many->numbers[j]))
			{
				++*shared;
				house |= i == few->house && many->numbers[j].leading;
				break;
			}
	return house && *shared == few->n_numbers;
}

int
cdp_street_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const TextForm *a = (const TextForm *) x->extra;
	const TextForm *b = (const TextForm *) y->extra;
	int			few = a->n_words < b->n_words ? a->n_words : b->n_words;
	int			many = a->n_words < b->n_words ? b->n_words : a->n_words;
	int			common = cdp_common_words(work, a->words, a->n_words, b->words, b->n_words, alike_words);
	int			shared,
				also;
	bool		all,
				same_street,
				number;

	/* all words of one; what else the other may have, a district or a landmark, is much only beside the same number */
	all = common > 0 && common == few;
	same_street = (all && many - few <= 1) || cdp_jaro_winkler_reaches(work, &a->joined, &b->joined, 0.92);
	if (common == 0 && !same_street)
		return STREET_ELSE;
	if (a->n_numbers == 0 && b->n_numbers == 0)
		return same_street ? STREET_CLOSE : common * 2 >= few ? STREET_PART : STREET_ELSE;
	number = a->n_numbers <= b->n_numbers ? numbers_within(a, b, &shared) : numbers_within(b, a, &shared);
	if (a->n_numbers == b->n_numbers)
	{
		number = numbers_within(b, a, &also) && number;
		if (also < shared)
			shared = also;
	}
	if (number && (same_street || all))
		return STREET_CLOSE;
	if (common > 0 && shared > 0)
		return STREET_SAME_NUMBER_PART;
	if (!same_street)
		return common * 2 >= few ? STREET_PART : STREET_ELSE;
	if ((a->house_number.len > 1 || b->house_number.len > 1) && a->house_number.len > 0 && b->house_number.len > 0 &&
		cdp_within(work, &a->house_number, &b->house_number, 1))
		return STREET_NUMBER_EDIT;
	return STREET_SAME_STREET;
}

/* Is the Levenshtein distance at most a tenth of the longer? */
static bool
nearly_sorted_alike(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	int32_t		longer = a->len > b->len ? a->len : b->len;
	int32_t		most = longer / 10;

	if (cdp_same_word(a, b))
		return true;
	if (a->len - b->len > most || b->len - a->len > most ||
		cdp_count_bits(a->letters & ~b->letters) > most || cdp_count_bits(b->letters & ~a->letters) > most)
		return false;
	return most > 0 && cdp_levenshtein(work, a->s, a->len, b->s, b->len, most) != CDP_BEYOND;
}

int
cdp_text_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const TextForm *a = (const TextForm *) x->extra;
	const TextForm *b = (const TextForm *) y->extra;
	int			few = a->n_words < b->n_words ? a->n_words : b->n_words;
	int			common;

	/* the beginning says much of a word, little of a text: "universal exports ..." */
	if (slipped(work, &a->joined, &b->joined, 4) || nearly_sorted_alike(work, &a->sorted, &b->sorted) ||
		(a->n_words == 1 && b->n_words == 1 && cdp_jaro_winkler_reaches(work, &a->joined, &b->joined, 0.92)))
		return TEXT_CLOSE;
	common = cdp_common_words(work, a->words, a->n_words, b->words, b->n_words, alike_words);
	if (common == 0 || common * 2 < few)
		return TEXT_ELSE;
	return common < few ? TEXT_PART : a->n_words == b->n_words ? TEXT_CLOSE : TEXT_CONTAINED;
}
