/*
 * compare.c
 *	  Comparisons: from two prepared values to a level of agreement.
 *
 * A value is prepared once: its characters, and a form that holds what its measure
 * looks at (words, the set of their letters as bits, a hash of how they sound, groups
 * of nicknames, the parts of a date). Forms lie in the arena beside the characters and
 * hold pointers into it; nothing is written after preparing, so threads share them.
 *
 * Two values that are not alike are by far the most, and comparing them must be quick:
 * before any distance is computed the lengths and the sets of letters bound it from
 * below (each letter that only one side has costs an edit; the same bound limits the
 * matches that Jaro counts). The least of that, the sketch, stands in the value itself,
 * so that most pairs of names, cities and mailboxes are told apart without a look at
 * their forms: memory is slower than any of this. A sketch may only say that values are
 * certainly not alike. Distances are asked for with their bound, 1 or 2; 1 needs no table
 * at all. Words beyond MAX_WORDS and characters beyond MAX_FORM of a value
 * are not looked at, except that equal values agree exactly: a pair is compared in a
 * bounded time whatever its length.
 *
 * Every rule is symmetric: where two sides play different parts (the shorter, the one
 * with fewer words) and tie, the rule is applied both ways and must hold both ways.
 *
 * Default probabilities. They stand where there is too little data to train. m: records
 * of one person, typed by people at several times, agree exactly on a code 95 times in
 * 100, on a birth date 90, on names, mailboxes and numbers that people keep 65 to 80, on
 * what moves with them (street, city) 60 to 78; a slip of one key is 3 to 7 in 100. u: two
 * people of one population. The sum of the squared shares of family names is near 0.002,
 * of given names 0.005; names that are spelled alike are as frequent as equal ones for
 * families and twice as frequent for given names; both together are somewhat above the
 * product, since names follow origin. A birth date falls on one of 25,000 days, unevenly,
 * and 30 others are one digit away; a city is shared by 2 in 100, a postal code by 1 in
 * 1,000, a code of two values by half; households and switchboards share numbers and
 * mailboxes.
 */
#include "match/compare.h"

#include <stdlib.h>

#define MAX_WORDS 16
#define MAX_FORM 256
/* Jaro of longer texts needs sorting */
#define MAX_JARO 64
/* codes of how a name sounds with fewer sounds are shared by names that differ */
#define MIN_SOUND 4
#define FIRST_CHUNK 1024
#define MAX_CHUNK (1024 * 1024)
#define MAX_STACK_GROUPS 16

/* slots of work that preparing uses: 0, 1, 4 and 5 belong to double metaphone */
#define SLOT_GROUPS 2

#define LENGTH_OF(a) ((int) (sizeof(a) / sizeof((a)[0])))

/*
 * Levels
 */

enum
{
	NAMES_EXACT = 1, NAMES_SWAPPED, NAMES_NICKNAME_EXACT, NAMES_CLOSE_EXACT, NAMES_INITIAL_EXACT, NAMES_EXACT_CLOSE, NAMES_BOTH_CLOSE,
	NAMES_EXACT_ELSE, NAMES_CLOSE_ELSE, NAMES_ELSE_EXACT, NAMES_ELSE_CLOSE, NAMES_ELSE,
	FAMILY_EXACT, FAMILY_CLOSE, FAMILY_MISPLACED, FAMILY_ELSE,
	GIVEN_EXACT, GIVEN_CLOSE, GIVEN_MISPLACED, GIVEN_ELSE,
	MAIL_EXACT, MAIL_INITIAL_EXACT, MAIL_NEAR_EXACT, MAIL_EXACT_NEAR, MAIL_NEAR, MAIL_NONE_EXACT, MAIL_EXACT_NONE, MAIL_ELSE_EXACT, MAIL_EXACT_ELSE,
	MAIL_ELSE
};

#define GIVEN 1
#define FAMILY 2
#define BOTH 3

static const CdpLevel person_name_levels[] = {
	[NAMES_EXACT - 1] = {"exact", "same given and family name", BOTH, BOTH, 0.70, 0.00003},
	[NAMES_SWAPPED - 1] = {"swapped", "given and family name exchanged", BOTH, 0, 0.01, 0.000003},
	[NAMES_NICKNAME_EXACT - 1] = {"nickname_exact", "short forms of one given name, same family name", BOTH, FAMILY, 0.04, 0.00001},
	[NAMES_CLOSE_EXACT - 1] = {"close_exact", "given name nearly the same, same family name", BOTH, FAMILY, 0.07, 0.00002},
	[NAMES_INITIAL_EXACT - 1] = {"initial_exact", "given name agrees with an initial, same family name", BOTH, FAMILY, 0.02, 0.000005},
	[NAMES_EXACT_CLOSE - 1] = {"exact_close", "same given name, family name nearly the same", BOTH, GIVEN, 0.05, 0.00003},
	[NAMES_BOTH_CLOSE - 1] = {"both_close", "given and family name nearly the same", BOTH, 0, 0.015, 0.00004},
	[NAMES_EXACT_ELSE - 1] = {"exact_else", "same given name, another family name", BOTH, GIVEN, 0.04, 0.005},
	[NAMES_CLOSE_ELSE - 1] = {"close_else", "given name nearly the same, another family name", BOTH, 0, 0.01, 0.012},
	[NAMES_ELSE_EXACT - 1] = {"else_exact", "another given name, same family name", BOTH, FAMILY, 0.015, 0.002},
	[NAMES_ELSE_CLOSE - 1] = {"else_close", "another given name, family name nearly the same", BOTH, 0, 0.005, 0.0025},
	[NAMES_ELSE - 1] = {"else", "other given and family names", BOTH, 0, 0.025, 0.978362},
	[FAMILY_EXACT - 1] = {"family_exact", "same family name, a given name is missing", FAMILY, FAMILY, 0.85, 0.002},
	[FAMILY_CLOSE - 1] = {"family_close", "family name nearly the same, a given name is missing", FAMILY, 0, 0.09, 0.0025},
	[FAMILY_MISPLACED - 1] = {"family_misplaced", "the only name of one, its family name, is the given name of the other", FAMILY, 0, 0.005, 0.0003},
	[FAMILY_ELSE - 1] = {"family_else", "other family names, a given name is missing", FAMILY, 0, 0.055, 0.9952},
	[GIVEN_EXACT - 1] = {"given_exact", "same given name, a family name is missing", GIVEN, GIVEN, 0.80, 0.005},
	[GIVEN_CLOSE - 1] = {"given_close", "given name nearly the same, a short form or an initial, a family name is missing", GIVEN, 0, 0.12, 0.012},
	[GIVEN_MISPLACED - 1] = {"misplaced", "the only name of one, its given name, is the family name of the other", GIVEN, 0, 0.02, 0.0003},
	[GIVEN_ELSE - 1] = {"given_else", "other given names, a family name is missing", GIVEN, 0, 0.06, 0.9827},
	[MAIL_EXACT - 1] = {"mail_exact", "the mailbox of one spells given and family name of the other", CDP_SPELLED, BOTH, 0.34, 0.000004},
	[MAIL_INITIAL_EXACT - 1] = {"mail_initial_exact", "the mailbox of one spells initial and family name of the other", CDP_SPELLED, FAMILY, 0.24, 0.00007},
	[MAIL_NEAR_EXACT - 1] = {"mail_near_exact", "the mailbox of one spells the family name of the other and nearly the given name", CDP_SPELLED, FAMILY, 0.05, 0.00001},
	[MAIL_EXACT_NEAR - 1] = {"mail_exact_near", "the mailbox of one spells the given name of the other and the beginning of the family name", CDP_SPELLED, GIVEN, 0.08, 0.0003},
	[MAIL_NEAR - 1] = {"mail_near", "the mailbox of one nearly spells the name of the other", CDP_SPELLED, 0, 0.02, 0.00003},
	[MAIL_NONE_EXACT - 1] = {"mail_none_exact", "the mailbox of one spells the family name of the other and no more", CDP_SPELLED, FAMILY, 0.03, 0.0002},
	[MAIL_EXACT_NONE - 1] = {"mail_exact_none", "the mailbox of one spells the given name of the other and no more", CDP_SPELLED, GIVEN, 0.04, 0.001},
	[MAIL_ELSE_EXACT - 1] = {"mail_else_exact", "the mailbox of one spells the family name of the other with another given name", CDP_SPELLED, FAMILY, 0.01, 0.0015},
	[MAIL_EXACT_ELSE - 1] = {"mail_exact_else", "the mailbox of one spells the given name of the other with something else", CDP_SPELLED, GIVEN, 0.03, 0.003},
	[MAIL_ELSE - 1] = {"mail_else", "the mailbox of one spells something other than the name of the other", CDP_SPELLED, 0, 0.16, 0.993886},
};

enum
{
	NAME_EXACT = 1, NAME_NICKNAME, NAME_CLOSE, NAME_INITIAL, NAME_PART, NAME_ELSE
};

static const CdpLevel name_levels[] = {
	[NAME_EXACT - 1] = {"exact", "same name", 1, 1, 0.70, 0.005},
	[NAME_NICKNAME - 1] = {"nickname", "short forms of one name", 1, 0, 0.02, 0.002},
	[NAME_CLOSE - 1] = {"close", "name nearly the same, or its words in another order", 1, 0, 0.08, 0.007},
	[NAME_INITIAL - 1] = {"initial", "one has an initial where the other has a name", 1, 0, 0.10, 0.01},
	[NAME_PART - 1] = {"part", "one of several names the same", 1, 0, 0.03, 0.01},
	[NAME_ELSE - 1] = {"else", "other names", 1, 0, 0.07, 0.966},
};

enum
{
	DATE_EXACT = 1, DATE_ONE_EDIT, DATE_SWAPPED, DATE_TWO_EDITS, DATE_PLACEHOLDER, DATE_MONTH, DATE_YEAR, DATE_TEN_YEARS, DATE_ELSE
};

static const CdpLevel birth_date_levels[] = {
	[DATE_EXACT - 1] = {"exact", "same date", 1, 1, 0.90, 0.00005},
	[DATE_ONE_EDIT - 1] = {"one_edit", "one digit differs, or two neighbouring digits are exchanged", 1, 0, 0.04, 0.0012},
	[DATE_SWAPPED - 1] = {"day_month_swapped", "day and month exchanged", 1, 0, 0.01, 0.00002},
	[DATE_TWO_EDITS - 1] = {"two_edits", "two digits differ", 1, 0, 0.01, 0.015},
	[DATE_PLACEHOLDER - 1] = {"same_year_placeholder", "same year, and one is the first of January, as dates of a year alone are stored", 1, 0, 0.01, 0.0001},
	[DATE_MONTH - 1] = {"within_month", "at most 31 days apart", 1, 0, 0.005, 0.001},
	[DATE_YEAR - 1] = {"within_year", "at most 366 days apart", 1, 0, 0.007, 0.02},
	[DATE_TEN_YEARS - 1] = {"within_ten_years", "at most ten years apart", 1, 0, 0.008, 0.21},
	[DATE_ELSE - 1] = {"else", "more than ten years apart", 1, 0, 0.01, 0.75263},
};

static const CdpLevel date_levels[] = {
	[DATE_EXACT - 1] = {"exact", "same date", 1, 1, 0.75, 0.002},
	[DATE_ONE_EDIT - 1] = {"one_edit", "one digit differs, or two neighbouring digits are exchanged", 1, 0, 0.04, 0.012},
	[DATE_SWAPPED - 1] = {"day_month_swapped", "day and month exchanged", 1, 0, 0.01, 0.001},
	[DATE_TWO_EDITS - 1] = {"two_edits", "two digits differ", 1, 0, 0.02, 0.06},
	[DATE_PLACEHOLDER - 1] = {"same_year_placeholder", "same year, and one is the first of January, as dates of a year alone are stored", 1, 0, 0.01, 0.005},
	[DATE_MONTH - 1] = {"within_month", "at most 31 days apart", 1, 0, 0.05, 0.03},
	[DATE_YEAR - 1] = {"within_year", "at most 366 days apart", 1, 0, 0.06, 0.19},
	[DATE_TEN_YEARS - 1] = {"within_ten_years", "at most ten years apart", 1, 0, 0.04, 0.5},
	[DATE_ELSE - 1] = {"else", "more than ten years apart", 1, 0, 0.02, 0.2},
};

enum
{
	EMAIL_EXACT = 1, EMAIL_LOCAL_CLOSE, EMAIL_SAME_LOCAL, EMAIL_CLOSE, EMAIL_SAME_LETTERS, EMAIL_ELSE
};

static const CdpLevel email_levels[] = {
	[EMAIL_EXACT - 1] = {"exact", "same mailbox", 1, 1, 0.70, 0.000005},
	[EMAIL_LOCAL_CLOSE - 1] = {"local_close", "mailbox nearly the same at the same domain", 1, 0, 0.04, 0.000005},
	[EMAIL_SAME_LOCAL - 1] = {"same_local", "same name of the mailbox at another domain", 1, 0, 0.07, 0.00001},
	[EMAIL_CLOSE - 1] = {"close", "addresses nearly the same", 1, 0, 0.03, 0.00004},
	[EMAIL_SAME_LETTERS - 1] = {"same_letters", "same letters in the mailbox, other digits, dots or order", 1, 0, 0.02, 0.00005},
	[EMAIL_ELSE - 1] = {"else", "other addresses", 1, 0, 0.14, 0.99989},
};

enum
{
	PHONE_EXACT = 1, PHONE_ONE_DIGIT, PHONE_LAST_SEVEN, PHONE_ELSE
};

static const CdpLevel phone_levels[] = {
	[PHONE_EXACT - 1] = {"exact", "same number", 1, 1, 0.65, 0.000005},
	[PHONE_ONE_DIGIT - 1] = {"one_digit", "one digit differs, or only the extension", 1, 0, 0.04, 0.000005},
	[PHONE_LAST_SEVEN - 1] = {"last_seven", "last seven digits the same", 1, 0, 0.03, 0.000001},
	[PHONE_ELSE - 1] = {"else", "other numbers", 1, 0, 0.28, 0.999989},
};

enum
{
	POSTAL_EXACT = 1, POSTAL_SAME_CODE, POSTAL_ONE_EDIT, POSTAL_SAME_AREA, POSTAL_ELSE
};

static const CdpLevel postal_code_levels[] = {
	[POSTAL_EXACT - 1] = {"exact", "same postal code", 1, 1, 0.68, 0.001},
	[POSTAL_SAME_CODE - 1] = {"same_code", "same ZIP code, its four additional digits differ or are missing", 1, 0, 0.04, 0.0002},
	[POSTAL_ONE_EDIT - 1] = {"one_edit", "one character differs, or two neighbours are exchanged", 1, 0, 0.05, 0.004},
	[POSTAL_SAME_AREA - 1] = {"same_area", "same beginning of the postal code", 1, 0, 0.08, 0.015},
	[POSTAL_ELSE - 1] = {"else", "other postal codes", 1, 0, 0.15, 0.9798},
};

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

enum
{
	CITY_EXACT = 1, CITY_CLOSE, CITY_ELSE
};

static const CdpLevel city_levels[] = {
	[CITY_EXACT - 1] = {"exact", "same city", 1, 1, 0.78, 0.02},
	[CITY_CLOSE - 1] = {"close", "city nearly the same, or part of its name", 1, 0, 0.07, 0.004},
	[CITY_ELSE - 1] = {"else", "other cities", 1, 0, 0.15, 0.976},
};

enum
{
	CODE_EXACT = 1, CODE_ELSE
};

static const CdpLevel code_levels[] = {
	[CODE_EXACT - 1] = {"exact", "the same", 1, 1, 0.95, 0.5},
	[CODE_ELSE - 1] = {"else", "not the same", 1, 0, 0.05, 0.5},
};

enum
{
	ID_EXACT = 1, ID_ONE_EDIT, ID_CLOSE, ID_ELSE
};

static const CdpLevel id_levels[] = {
	[ID_EXACT - 1] = {"exact", "same identifier", 1, 1, 0.88, 0.000002},
	[ID_ONE_EDIT - 1] = {"one_edit", "one character differs, or two neighbours are exchanged", 1, 0, 0.05, 0.00001},
	[ID_CLOSE - 1] = {"close", "two characters differ, or one is part of the other", 1, 0, 0.02, 0.0002},
	[ID_ELSE - 1] = {"else", "other identifiers", 1, 0, 0.05, 0.999788},
};

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

enum
{
	NUMBER_EXACT = 1, NUMBER_NEAR, NUMBER_CLOSE, NUMBER_ELSE
};

static const CdpLevel number_levels[] = {
	[NUMBER_EXACT - 1] = {"exact", "same number", 1, 1, 0.75, 0.02},
	[NUMBER_NEAR - 1] = {"near", "numbers within 1 percent", 1, 0, 0.05, 0.01},
	[NUMBER_CLOSE - 1] = {"close", "numbers within 10 percent", 1, 0, 0.08, 0.08},
	[NUMBER_ELSE - 1] = {"else", "other numbers", 1, 0, 0.12, 0.89},
};

enum
{
	GENERATION_EXACT = 1, GENERATION_ELSE
};

static const CdpLevel generation_levels[] = {
	[GENERATION_EXACT - 1] = {"exact", "the same generation behind the name, as Jr and II", 1, 0, 0.995, 0.45},
	[GENERATION_ELSE - 1] = {"else", "another generation behind the name, as Sr and Jr", 1, 0, 0.005, 0.55},
};

#define MEASURE(name, n_inputs, levels) {name, n_inputs, LENGTH_OF(levels), levels}

static const CdpMeasureInfo measures[CDP_N_MEASURES] = {
	[CDP_MEASURE_PERSON_NAME] = MEASURE("person_name", 2, person_name_levels),
	[CDP_MEASURE_NAME] = MEASURE("name", 1, name_levels),
	[CDP_MEASURE_BIRTH_DATE] = MEASURE("birth_date", 1, birth_date_levels),
	[CDP_MEASURE_DATE] = MEASURE("date", 1, date_levels),
	[CDP_MEASURE_EMAIL] = MEASURE("email", 1, email_levels),
	[CDP_MEASURE_PHONE] = MEASURE("phone", 1, phone_levels),
	[CDP_MEASURE_POSTAL_CODE] = MEASURE("postal_code", 1, postal_code_levels),
	[CDP_MEASURE_STREET] = MEASURE("street", 1, street_levels),
	[CDP_MEASURE_CITY] = MEASURE("city", 1, city_levels),
	[CDP_MEASURE_CODE] = MEASURE("code", 1, code_levels),
	[CDP_MEASURE_ID] = MEASURE("id", 1, id_levels),
	[CDP_MEASURE_TEXT] = MEASURE("text", 1, text_levels),
	[CDP_MEASURE_NUMBER] = MEASURE("number", 1, number_levels),
	[CDP_MEASURE_GENERATION] = MEASURE("generation", 1, generation_levels),
};

const CdpMeasureInfo *
cdp_measure_info(CdpMeasure measure)
{
	return &measures[measure];
}

int
cdp_measure_by_name(const char *name, size_t len)
{
	for (int i = 0; i < CDP_N_MEASURES; i++)
		if (strlen(measures[i].name) == len && memcmp(measures[i].name, name, len) == 0)
			return i;
	return -1;
}

/*
 * Memory
 */

typedef struct Chunk
{
	struct Chunk *next;
	size_t		size;
} Chunk;

void *
cdp_arena_get(CdpArena *arena, size_t size)
{
	void	   *got;

	if (size > SIZE_MAX - sizeof(Chunk) - 8)
		return NULL;
	size = (size + 7) & ~(size_t) 7;
	if (arena->left < size)
	{
		size_t		room = arena->total < FIRST_CHUNK ? FIRST_CHUNK : arena->total < MAX_CHUNK ? arena->total : MAX_CHUNK;
		Chunk	   *chunk;

		if (room < size)
			room = size;
		chunk = malloc(sizeof(Chunk) + room);
		if (chunk == NULL)
			return NULL;
		chunk->next = arena->chunks;
		chunk->size = room;
		arena->chunks = chunk;
		arena->free = (char *) (chunk + 1);
		arena->left = room;
		arena->total += sizeof(Chunk) + room;
	}
	got = arena->free;
	arena->free += size;
	arena->left -= size;
	return got;
}

void
cdp_arena_free(CdpArena *arena)
{
	for (Chunk *chunk = arena->chunks; chunk != NULL;)
	{
		Chunk	   *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	*arena = (CdpArena) {0};
}

static void *
take(CdpWork *work, CdpArena *arena, size_t size)
{
	void	   *got = cdp_arena_get(arena, size);

	if (got == NULL)
		work->problem = CDP_NO_MEMORY;
	return got;
}

/* Gives back what is left of the piece that was taken last; it had room for so many characters. */
static void
keep_chars(CdpArena *arena, size_t room, size_t used)
{
	size_t		unused = (((room * sizeof(uint32_t) + 7) & ~(size_t) 7) - ((used * sizeof(uint32_t) + 7) & ~(size_t) 7));

	arena->free -= unused;
	arena->left += unused;
}

/*
 * Words
 */

typedef struct Word
{
	const uint32_t *s;
	uint64_t	letters;		/* which characters occur, as bits */
	const uint32_t *groups;		/* of nicknames, ascending */
	int32_t		len;
	int32_t		n_groups;
	uint32_t	hash;
	uint32_t	sound;			/* hash of how it sounds, 0: too little to tell */
	bool		plain;			/* without digits, so that it may have a slip */
} Word;

static uint64_t
letter_bit(uint32_t c)
{
	if (c >= 'a' && c <= 'z')
		return UINT64_C(1) << (c - 'a');
	if (c >= 'A' && c <= 'Z')
		return UINT64_C(1) << (c - 'A');
	if (c >= '0' && c <= '9')
		return UINT64_C(1) << (c - '0' + 26);
	return UINT64_C(1) << (36 + c % 28);
}

static bool
is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static uint32_t
hash_chars(const uint32_t *s, int32_t len)
{
	uint32_t	hash = UINT32_C(2166136261);

	for (int32_t i = 0; i < len; i++)
		hash = (hash ^ s[i]) * UINT32_C(16777619);
	return hash;
}

static Word
make_word(const uint32_t *s, int32_t len)
{
	Word		word = {.s = s, .len = len < MAX_FORM ? len : MAX_FORM, .plain = true};

	word.hash = hash_chars(s, len);
	for (int32_t i = 0; i < word.len; i++)
	{
		word.letters |= letter_bit(s[i]);
		word.plain &= !is_digit(s[i]);
	}
	return word;
}

/* The next word of a text from *at on; false at its end. */
static bool
next_word(const uint32_t *s, int32_t len, int32_t *at, const uint32_t **word, int32_t *n)
{
	int32_t		i = *at;

	while (i < len && cdp_is_white_space(s[i]))
		i++;
	*word = s + i;
	*n = -i;
	while (i < len && !cdp_is_white_space(s[i]))
		i++;
	*n += i;
	*at = i;
	return *n > 0;
}

/* Is a word one of the list, in which words are parted by blanks? */
static bool
is_listed(const char *list, const uint32_t *s, int32_t len)
{
	for (const char *p = list; *p;)
	{
		int32_t		k = 0;

		while (k < len && p[k] && p[k] != ' ' && (unsigned char) p[k] == s[k])
			k++;
		if (k == len && (p[k] == '\0' || p[k] == ' '))
			return true;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return false;
}

static inline bool
same_chars(const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	return na == nb && memcmp(a, b, (size_t) na * sizeof(uint32_t)) == 0;
}

static inline bool
same_word(const Word *a, const Word *b)
{
	return a->hash == b->hash && same_chars(a->s, a->len, b->s, b->len);
}

static inline int
count_bits(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (int) (x * UINT64_C(0x0101010101010101) >> 56);
}

/*
 * Sketches of words: which characters occur, as 36 bits; how many there are; four bits of
 * the first; a hash of how the word sounds, or 0; and the groups of nicknames, as eight
 * bits of which those of its groups are set.
 */
#define SKETCHED (UINT64_C(1) << 63)
#define SKETCH_CHARS 36
#define SKETCH_LETTERS ((UINT64_C(1) << SKETCH_CHARS) - 1)
#define SKETCH_TEXT ((UINT64_C(1) << 47) - 1)	/* what words of the same characters have in common */
#define MAX_SKETCHED 64			/* characters */

static inline uint64_t
sketch_bit(uint32_t c)
{
	if (c >= 'a' && c <= 'z')
		return UINT64_C(1) << (c - 'a');
	if (c >= '0' && c <= '9')
		return UINT64_C(1) << (c - '0' + 26);
	return UINT64_C(1) << (c % SKETCH_CHARS);
}

/* sound: any hash, equal for words that are alike in another way than by their characters; 0: none */
static uint64_t
make_sketch(const Word *word, uint32_t sound)
{
	uint64_t	sketch = SKETCHED;

	if (word->len < 1 || word->len > MAX_SKETCHED)
		return 0;
	for (int32_t i = 0; i < word->len; i++)
		sketch |= sketch_bit(word->s[i]);
	sketch |= (uint64_t) word->len << SKETCH_CHARS | (uint64_t) (word->s[0] & 15) << 43;
	if (sound != 0)
		sketch |= (uint64_t) (sound * UINT32_C(2654435769) >> 24 | 1) << 47;
	for (int i = 0; i < word->n_groups; i++)
		sketch |= UINT64_C(1) << (55 + word->groups[i] % 8);
	return sketch;
}

static inline int32_t
sketch_len(uint64_t sketch)
{
	return sketch >> SKETCH_CHARS & 127;
}

/* Have the words other characters, surely? */
static inline bool
sketches_differ(uint64_t a, uint64_t b)
{
	return (a & b & SKETCHED) != 0 && ((a ^ b) & SKETCH_TEXT) != 0;
}

/*
 * Are two words surely not alike, in none of the ways that this file knows: two edits,
 * beginning, consonants, sound, short form, initial, Jaro-Winkler of at least 0.9? With
 * two_parts they are the mailboxes of addresses, and two edits may move the @.
 */
static inline bool
unlike(uint64_t a, uint64_t b, bool two_parts)
{
	const uint64_t vowels = UINT64_C(1) << ('a' - 'a') | UINT64_C(1) << ('e' - 'a') | UINT64_C(1) << ('i' - 'a') | UINT64_C(1) << ('o' - 'a') |
		UINT64_C(1) << ('u' - 'a') | UINT64_C(1) << ('w' - 'a') | UINT64_C(1) << ('y' - 'a');
	int32_t		na = sketch_len(a),
				nb = sketch_len(b);
	int32_t		only_a,
				only_b,
				matches;
	bool		same_first = (a >> 43 & 15) == (b >> 43 & 15);
	bool		alike;

	/* nearly all are unlike, and for different reasons: one branch, at the end */
	alike = ((a & b & SKETCHED) == 0) | ((a >> 55 & b >> 55 & 255) != 0) | (((a >> 47 & 255) != 0) & ((a >> 47 & 255) == (b >> 47 & 255)));
	alike |= ((a ^ b) & SKETCH_LETTERS & ~vowels) == 0;
	only_a = count_bits(a & ~b & SKETCH_LETTERS);
	only_b = count_bits(b & ~a & SKETCH_LETTERS);
	alike |= (only_a <= 2) & (only_b <= 2) & (two_parts | ((na - nb <= 2) & (nb - na <= 2)));
	alike |= (((na <= nb) & (only_a == 0)) | ((nb <= na) & (only_b == 0))) & (two_parts | same_first);
	/* as jaro_winkler_reaches, with a common beginning of 4 characters or none */
	matches = na - only_a < nb - only_b ? na - only_a : nb - only_b;
	alike |= matches * (na + nb) * 10 >= (17 - 2 * same_first) * na * nb;
	return !alike;
}

/* Is one edit, or the exchange of two neighbours, enough to make one of the other? */
static bool
within_one(const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	if (na - nb > 1 || nb - na > 1)
		return false;
	while (na > 0 && nb > 0 && a[0] == b[0])
		a++, b++, na--, nb--;
	while (na > 0 && nb > 0 && a[na - 1] == b[nb - 1])
		na--, nb--;
	return (na <= 1 && nb <= 1) || (na == 2 && nb == 2 && a[0] == b[1] && a[1] == b[0]);
}

/* Are so many edits, 1 or 2, enough? */
static bool
within(CdpWork *work, const Word *a, const Word *b, int edits)
{
	uint64_t	only_a = a->letters & ~b->letters;
	uint64_t	only_b = b->letters & ~a->letters;

	if (a->len - b->len > edits || b->len - a->len > edits)
		return false;
	only_a &= only_a - 1;
	only_b &= only_b - 1;
	if (edits == 1)
		return (only_a | only_b) == 0 && within_one(a->s, a->len, b->s, b->len);
	only_a &= only_a - 1;
	only_b &= only_b - 1;
	return (only_a | only_b) == 0 && cdp_osa(work, a->s, a->len, b->s, b->len, edits) != CDP_BEYOND;
}

/* Is the Jaro-Winkler similarity at least this much? */
static bool
jaro_winkler_reaches(CdpWork *work, const Word *a, const Word *b, double least)
{
	int32_t		na = a->len,
				nb = b->len;
	int32_t		matches,
				other,
				prefix = 0;
	double		needed;

	if (na > MAX_JARO || nb > MAX_JARO || na == 0 || nb == 0)
		return false;
	while (prefix < 4 && prefix < na && prefix < nb && a->s[prefix] == b->s[prefix])
		prefix++;
	/* (m/na + m/nb + 1) / 3 is the most that m matches can give */
	needed = 3 * (least - 0.1 * prefix) / (1 - 0.1 * prefix) - 1;
	matches = na - count_bits(a->letters & ~b->letters);
	other = nb - count_bits(b->letters & ~a->letters);
	if (other < matches)
		matches = other;
	if ((double) matches * (na + nb) < needed * na * nb - 1e-9)
		return false;
	return cdp_jaro_winkler(work, a->s, na, b->s, nb, false) >= least;
}

/*
 * How many words of the side with fewer have a like one on the other; with as many on
 * both sides the lesser count of both ways, so that the answer is the same both ways.
 */
static int
common_words(CdpWork *work, const Word *a, int na, const Word *b, int nb, bool (*alike) (CdpWork *work, const Word *a, const Word *b))
{
	int			count[2] = {0, 0};

	for (int turn = 0; turn < 2; turn++)
	{
		const Word *few = turn ? b : a,
				   *many = turn ? a : b;
		int			n_few = turn ? nb : na,
					n_many = turn ? na : nb;

		if (n_few > n_many)
			continue;
		for (int i = 0; i < n_few; i++)
			for (int j = 0; j < n_many; j++)
				if (alike(work, &few[i], &many[j]))
				{
					count[turn]++;
					break;
				}
		if (count[turn] == 0)
			return 0;
	}
	return na < nb ? count[0] : nb < na ? count[1] : count[0] < count[1] ? count[0] : count[1];
}

/*
 * Names of people and cities
 */

typedef struct NameForm
{
	Word		whole;
	int32_t		n_words;		/* 0 where the whole is one word */
	Word		words[];
} NameForm;

/* words of family names that many of them have */
static const char particles[] =
	"van von der den de del della dello degli dei di da das do dos du des la le les lo el al bin ibn ben abu abd bint ap ab "
	"ter ten te het op zu zum zur vom am im af av y e i und and the san santa st saint mac mc fitz o d l della abdel abdul ould ait";

/* in the names of cities */
static const char *const city_words[][2] = {
	{"st", "saint"}, {"ste", "sainte"}, {"ft", "fort"}, {"mt", "mount"}, {"n", "north"}, {"s", "south"}, {"e", "east"}, {"w", "west"},
	{"hts", "heights"}, {"twp", "township"}, {"spgs", "springs"}, {"pt", "port"}
};

static uint32_t
sound_of(CdpWork *work, const uint32_t *s, int32_t len)
{
	CdpCode		first,
				second;

	if (len < MIN_SOUND || len > MAX_JARO || !cdp_double_metaphone(work, s, len, &first, &second) || first.len < MIN_SOUND)
		return 0;
	return hash_chars(first.data, first.len) | 1;
}

static bool
add_groups(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, Word *word)
{
	uint32_t	few[MAX_STACK_GROUPS];
	uint32_t   *groups = few;
	uint32_t   *kept;
	int			n;

	if (nicknames == NULL)
		return true;
	n = cdp_nicknames_groups(nicknames, word->s, word->len, groups, MAX_STACK_GROUPS);
	if (n == 0)
		return true;
	if (n > MAX_STACK_GROUPS)
	{
		groups = cdp_work_get(work, SLOT_GROUPS, n, sizeof(uint32_t));
		if (groups == NULL)
			return false;
		n = cdp_nicknames_groups(nicknames, word->s, word->len, groups, n);
	}
	kept = take(work, arena, n * sizeof(uint32_t));
	if (kept == NULL)
		return false;
	memcpy(kept, groups, n * sizeof(uint32_t));
	word->groups = kept;
	word->n_groups = n;
	return true;
}

/* The text of a city with its usual abbreviations written out. */
static bool
write_out_city(CdpWork *work, CdpArena *arena, const uint32_t **s, int32_t *len)
{
	const uint32_t *word;
	uint32_t   *out,
			   *end;
	size_t		room;
	int32_t		at = 0,
				n;

	/* no word grows by more than eight letters */
	room = (size_t) MAX_WORDS * 9 + *len + 1;
	out = end = take(work, arena, room * sizeof(uint32_t));
	if (out == NULL)
		return false;
	for (int words = 0; words < MAX_WORDS && next_word(*s, *len, &at, &word, &n); words++)
	{
		const char *instead = NULL;

		for (int i = 0; i < LENGTH_OF(city_words) && n <= 4; i++)
			if (is_listed(city_words[i][0], word, n))
				instead = city_words[i][1];
		if (end > out)
			*end++ = ' ';
		for (int32_t i = 0; i < n && instead == NULL; i++)
			*end++ = word[i];
		for (; instead != NULL && *instead; instead++)
			*end++ = (unsigned char) *instead;
	}
	keep_chars(arena, room, end - out);
	*s = out;
	*len = end - out;
	return true;
}

static NameForm *
prepare_name(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, bool family, bool city, const uint32_t *s, int32_t len)
{
	Word		words[MAX_WORDS];
	const uint32_t *word;
	const uint32_t *core = s;
	int32_t		at = 0,
				n;
	int			n_words = 0;
	bool		leading = true;
	NameForm   *form;

	if (len > MAX_FORM)
		len = MAX_FORM;
	if (city && !write_out_city(work, arena, &s, &len))
		return NULL;
	core = s;
	while (n_words < MAX_WORDS && next_word(s, len, &at, &word, &n))
	{
		if (family && is_listed(particles, word, n) && at < len)
			continue;
		if (leading)
			core = word;
		leading = false;
		words[n_words] = make_word(word, n);
		words[n_words].sound = city ? 0 : sound_of(work, word, n);
		if (!family && !city && !add_groups(work, arena, nicknames, &words[n_words]))
			return NULL;
		n_words++;
	}
	if (n_words == 1 && words[0].s == s && words[0].len == len)
		n_words = 0;
	form = take(work, arena, sizeof(NameForm) + n_words * sizeof(Word));
	if (form == NULL)
		return NULL;
	form->n_words = n_words;
	if (n_words > 0)
		memcpy(form->words, words, n_words * sizeof(Word));
	form->whole = make_word(core, len - (core - s));
	form->whole.sound = sound_of(work, core, form->whole.len);
	if (!family && !city && !add_groups(work, arena, nicknames, &form->whole))
		return NULL;
	return work->problem == CDP_NO_PROBLEM ? form : NULL;
}

/* Of a name of one word. */
static uint64_t
sketch_name(const NameForm *form)
{
	return form && form->n_words == 0 ? make_sketch(&form->whole, form->whole.sound) : 0;
}

static bool
share_group(const Word *a, const Word *b)
{
	for (int i = 0, j = 0; i < a->n_groups && j < b->n_groups;)
	{
		if (a->groups[i] == b->groups[j])
			return true;
		if (a->groups[i] < b->groups[j])
			i++;
		else
			j++;
	}
	return false;
}

/* Five and more letters, the first the same and the others in another order: Sarah and Sahra. */
static bool
in_disorder(const Word *a, const Word *b)
{
	if (a->len != b->len || a->letters != b->letters || a->len < 5 || a->len > MAX_JARO || a->s[0] != b->s[0])
		return false;
	for (int32_t i = 0; i < a->len; i++)
	{
		int			more = 0;

		for (int32_t j = 0; j < a->len; j++)
			more += (a->s[j] == a->s[i]) - (b->s[j] == a->s[i]);
		if (more != 0)
			return false;
	}
	return true;
}

static inline bool
is_vowel(uint32_t c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* The next consonant of a word, each once where it is doubled; 0 at the end. Half vowels are none. */
static uint32_t
next_consonant(const Word *word, int32_t *at)
{
	while (*at < word->len)
	{
		uint32_t	c = word->s[(*at)++];

		if (!is_vowel(c) && c != 'y' && c != 'w' && (*at < 2 || word->s[*at - 2] != c))
			return c;
	}
	return 0;
}

/*
 * The same but for vowels, which one of the two hardly has: Arabic and Hebrew do not
 * write the short ones, so that Faisal becomes fysl.
 */
static bool
same_but_for_vowels(const Word *a, const Word *b)
{
	int32_t		vowels_a = 0,
				vowels_b = 0,
				at_a = 0,
				at_b = 0;

	for (int32_t i = 0; i < a->len; i++)
		vowels_a += is_vowel(a->s[i]);
	for (int32_t i = 0; i < b->len; i++)
		vowels_b += is_vowel(b->s[i]);
	if ((vowels_a * 4 <= a->len) == (vowels_b * 4 <= b->len))
		return false;
	for (int consonants = 0;; consonants++)
	{
		uint32_t	c = next_consonant(a, &at_a);

		if (c != next_consonant(b, &at_b))
			return false;
		if (c == 0)
			return consonants >= 3;
	}
}

/*
 * Written nearly the same: one edit, two in names of six letters and more, the beginning
 * of the other, alike by Jaro-Winkler, the same sound, the same letters in disorder after
 * the first, or the same consonants where one side writes no vowels. In three letters one edit
 * makes another name more often than a slip, so the first letter must stay.
 */
static bool
close_spelling(CdpWork *work, const Word *a, const Word *b)
{
	int32_t		shorter = a->len < b->len ? a->len : b->len;

	if (shorter < 3)
		return false;
	if (a->sound != 0 && a->sound == b->sound)
		return true;
	if (a->s[0] == b->s[0] && memcmp(a->s, b->s, (size_t) shorter * sizeof(uint32_t)) == 0)
		return true;
	if (within(work, a, b, shorter < 6 ? 1 : 2))
		return shorter > 3 || a->s[0] == b->s[0];
	return shorter > 3 && (jaro_winkler_reaches(work, a, b, 0.9) || in_disorder(a, b) || same_but_for_vowels(a, b));
}

static bool
is_initial(const Word *a, const Word *b)
{
	return (a->len == 1 || b->len == 1) && a->len > 0 && b->len > 0 && a->s[0] == b->s[0];
}

typedef enum Grade
{
	GRADE_ELSE,
	GRADE_INITIAL,
	GRADE_CLOSE,
	GRADE_NICKNAME,
	GRADE_EXACT
} Grade;

static Grade
grade_given(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const NameForm *a = (const NameForm *) x->extra;
	const NameForm *b = (const NameForm *) y->extra;
	const Word *of_a,
			   *of_b;
	int			na,
				nb;
	bool		nickname = false;

	if (unlike(x->sketch, y->sketch, false))
		return GRADE_ELSE;
	of_a = a->n_words ? a->words : &a->whole;
	of_b = b->n_words ? b->words : &b->whole;
	na = a->n_words ? a->n_words : 1;
	nb = b->n_words ? b->n_words : 1;
	if (same_chars(x->chars, x->len, y->chars, y->len))
		return GRADE_EXACT;
	if (share_group(&a->whole, &b->whole))
		return GRADE_NICKNAME;
	if (close_spelling(work, &a->whole, &b->whole))
		return GRADE_CLOSE;
	if (na > 1 || nb > 1)
	{
		/* any of several given names may be the one in use, as it is or in its short form */
		for (int i = 0; i < na; i++)
			for (int j = 0; j < nb; j++)
			{
				if (same_word(&of_a[i], &of_b[j]) && of_a[i].len > 2)
					return GRADE_CLOSE;
				nickname |= share_group(&of_a[i], &of_b[j]);
			}
		if (nickname)
			return GRADE_NICKNAME;
		if (same_word(of_a, of_b) || close_spelling(work, of_a, of_b))
			return of_a->len > 1 ? GRADE_CLOSE : GRADE_INITIAL;
	}
	return is_initial(of_a, of_b) ? GRADE_INITIAL : GRADE_ELSE;
}

/* a word that two compound names may have in common */
static bool
same_long_word(CdpWork *work, const Word *a, const Word *b)
{
	if (a->len < 3 || b->len < 3)
		return false;
	return same_word(a, b) || (a->len > 4 && b->len > 4 && within(work, a, b, 1));
}

static Grade
grade_family(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const NameForm *a = (const NameForm *) x->extra;
	const NameForm *b = (const NameForm *) y->extra;

	if (unlike(x->sketch, y->sketch, false))
		return GRADE_ELSE;
	if (same_chars(x->chars, x->len, y->chars, y->len))
		return GRADE_EXACT;
	if (same_word(&a->whole, &b->whole) || close_spelling(work, &a->whole, &b->whole) || is_initial(&a->whole, &b->whole))
		return GRADE_CLOSE;
	if ((a->n_words > 1 || b->n_words > 1) &&
		common_words(work, a->n_words ? a->words : &a->whole, a->n_words ? a->n_words : 1,
					 b->n_words ? b->words : &b->whole, b->n_words ? b->n_words : 1, same_long_word) > 0)
		return GRADE_CLOSE;
	return GRADE_ELSE;
}

static bool
same_value(const CdpValue *a, const CdpValue *b)
{
	return same_chars(a->chars, a->len, b->chars, b->len);
}

/*
 * Names that mailboxes spell
 *
 * Who signs up with a mailbox and nothing else mostly has it named after himself:
 * tyler.dordon, dordontyler, tdordon90, tyler_d. Where a record has no name its mailbox
 * stands in the place of the family name, as "@" and the local part, and is compared with
 * the whole names of others (in a class of levels of its own: what a mailbox spells is
 * another question than whether two names agree). Two mailboxes are not compared here;
 * that is what the measure email does.
 *
 * Only the letters count, dots and digits are decoration. In what is read one of the two
 * names must stand at the beginning or the end; what is left is compared with the other.
 * Of several readings the best counts. A mailbox that digits part more than once is made
 * by a machine and spells nothing.
 */

#define MAX_LETTERS 64
#define MIN_LETTERS 3

typedef struct MailboxForm
{
	const uint32_t *s;			/* letters */
	int32_t		len;			/* 0: spells nothing */
	const CdpNicknames *nicknames;
} MailboxForm;

typedef struct Letters
{
	int32_t		len;
	uint32_t	s[MAX_LETTERS];
} Letters;

static bool
is_letter(uint32_t c)
{
	return c > 127 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static MailboxForm *
prepare_mailbox(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, const uint32_t *s, int32_t len)
{
	MailboxForm *form = take(work, arena, sizeof(MailboxForm));
	uint32_t   *letters;
	int			parted = 0;
	bool		digits = false;

	if (len > MAX_LETTERS)
		len = MAX_LETTERS;
	letters = take(work, arena, (size_t) len * sizeof(uint32_t));
	if (form == NULL || letters == NULL)
		return NULL;
	*form = (MailboxForm) {.s = letters, .nicknames = nicknames};
	for (int32_t i = 1; i < len; i++)
	{
		if (is_letter(s[i]))
		{
			parted += digits && form->len > 0;
			digits = false;
			letters[form->len++] = s[i];
		}
		else if (is_digit(s[i]))
			digits = true;
	}
	if (form->len < MIN_LETTERS || parted > 1)
		form->len = 0;
	return form;
}

const uint32_t *
cdp_mailbox_letters(const CdpValue *mailbox, int32_t *len)
{
	const MailboxForm *form = (const MailboxForm *) mailbox->extra;

	*len = form->len;
	return form->s;
}

/* The letters of some words of a name. */
static void
letters_of(const uint32_t *s, int32_t len, Letters *out)
{
	out->len = 0;
	for (int32_t i = 0; i < len && out->len < MAX_LETTERS; i++)
		if (is_letter(s[i]))
			out->s[out->len++] = s[i];
}

/* Takes a name off the beginning or the end of what is spelled; false: it is not there. */
static bool
take_off(const MailboxForm *mailbox, const Letters *name, bool end, Word *rest)
{
	int32_t		left = mailbox->len - name->len;

	if (name->len == 0 || left < 0 || memcmp(mailbox->s + (end ? left : 0), name->s, (size_t) name->len * sizeof(uint32_t)) != 0)
		return false;
	*rest = make_word(mailbox->s + (end ? 0 : name->len), left);
	return true;
}

typedef enum Spelling
{
	SPELLED_EXACT,
	SPELLED_INITIAL,
	SPELLED_NEAR,
	SPELLED_NOTHING,
	SPELLED_ELSE
} Spelling;

/* Do letters stand for one of the words of a given name, or for a short form of it? */
static bool
spells_a_given_name(CdpWork *work, const CdpNicknames *nicknames, const Word *rest, const NameForm *given)
{
	uint32_t	groups[MAX_STACK_GROUPS];
	Word		word = *rest;

	word.groups = groups;
	word.n_groups = nicknames ? cdp_nicknames_groups(nicknames, rest->s, rest->len, groups, MAX_STACK_GROUPS) : 0;
	if (word.n_groups > MAX_STACK_GROUPS)
		word.n_groups = MAX_STACK_GROUPS;
	for (int i = -1; i < given->n_words; i++)
	{
		const Word *name = i < 0 ? &given->whole : &given->words[i];

		if (same_word(&word, name) || share_group(&word, name) || (rest->len > 3 && name->len > 3 && within(work, &word, name, 1)))
			return true;
	}
	return false;
}

/* What is left beside the family name, as the given name. */
static Spelling
spelled_given(CdpWork *work, const MailboxForm *mailbox, const Word *rest, const NameForm *given, const Letters *letters)
{
	if (rest->len == 0)
		return SPELLED_NOTHING;
	if (same_chars(rest->s, rest->len, letters->s, letters->len))
		return SPELLED_EXACT;
	/* perhaps with that of a second name */
	if (rest->len <= 2 && rest->s[0] == letters->s[0])
		return SPELLED_INITIAL;
	if (rest->len < letters->len && memcmp(rest->s, letters->s, (size_t) rest->len * sizeof(uint32_t)) == 0)
		return SPELLED_NEAR;
	return spells_a_given_name(work, mailbox->nicknames, rest, given) ? SPELLED_NEAR : SPELLED_ELSE;
}

/* What is left beside the given name, as the family name. */
static Spelling
spelled_family(CdpWork *work, const Word *rest, const Letters *letters)
{
	Word		name = make_word(letters->s, letters->len);

	if (rest->len == 0)
		return SPELLED_NOTHING;
	if (rest->len < letters->len && memcmp(rest->s, letters->s, (size_t) rest->len * sizeof(uint32_t)) == 0)
		return SPELLED_INITIAL;
	return rest->len > 3 && letters->len > 3 && within(work, rest, &name, 1) ? SPELLED_NEAR : SPELLED_ELSE;
}

/* Nearly: a slip in the family name beside the given name's initial, or part of a family name of several words. */
static bool
nearly_spelled(CdpWork *work, const MailboxForm *mailbox, const NameForm *given, const NameForm *family, const Letters *given_letters,
			   const Letters *family_letters)
{
	Word		name = make_word(family_letters->s, family_letters->len);
	Word		rest;

	if (family_letters->len > 4 && mailbox->len > 4)
		for (int end = 0; end < 2; end++)
		{
			rest = make_word(mailbox->s + !end, mailbox->len - 1);
			if (mailbox->s[end ? mailbox->len - 1 : 0] == given_letters->s[0] && within(work, &rest, &name, 1))
				return true;
		}
	for (int i = 0; i < family->n_words; i++)
	{
		Letters		word;

		letters_of(family->words[i].s, family->words[i].len, &word);
		for (int end = 0; end < 2 && word.len >= MIN_LETTERS; end++)
			if (take_off(mailbox, &word, end, &rest) && spelled_given(work, mailbox, &rest, given, given_letters) <= SPELLED_NEAR)
				return true;
	}
	return false;
}

static int
compare_spelled(CdpWork *work, const CdpValue *local, const CdpValue *given_name, const CdpValue *family_name)
{
	static const uint8_t beside_family[] = {MAIL_EXACT, MAIL_INITIAL_EXACT, MAIL_NEAR_EXACT, MAIL_NONE_EXACT, MAIL_ELSE_EXACT};
	static const uint8_t beside_given[] = {MAIL_EXACT, MAIL_EXACT_NEAR, MAIL_NEAR, MAIL_EXACT_NONE, MAIL_EXACT_ELSE};
	const MailboxForm *mailbox = (const MailboxForm *) local->extra;
	const NameForm *given_form = (const NameForm *) given_name->extra;
	const NameForm *family_form = (const NameForm *) family_name->extra;
	Letters		given,
				family,
				core;
	Word		rest;
	int			level = MAIL_ELSE;

	letters_of(given_name->chars, given_name->len, &given);
	letters_of(family_name->chars, family_name->len, &family);
	letters_of(family_form->whole.s, family_form->whole.len, &core);
	if (mailbox->len == 0 || given.len == 0 || family.len == 0)
		return 0;
	for (int end = 0; end < 2; end++)
	{
		/* with and without its particles; two letters are in many words */
		for (int whole = 0; whole < 2; whole++)
			if (take_off(mailbox, whole ? &family : &core, end, &rest))
			{
				Spelling	beside = spelled_given(work, mailbox, &rest, given_form, &given);

				if (beside_family[beside] < level && (beside == SPELLED_EXACT || (whole ? family.len : core.len) >= MIN_LETTERS))
					level = beside_family[beside];
			}
		if (given.len >= MIN_LETTERS && take_off(mailbox, &given, end, &rest))
		{
			Spelling	beside = spelled_family(work, &rest, &family);

			if (beside_given[beside] < level)
				level = beside_given[beside];
		}
	}
	return level > MAIL_NEAR && nearly_spelled(work, mailbox, given_form, family_form, &given, &family) ? MAIL_NEAR : level;
}

/* Given and family name exchanged: one of them exactly, the other at least nearly. */
static bool
swapped(CdpWork *work, const CdpValue *const *a, const CdpValue *const *b)
{
	for (int i = 0; i < 2; i++)
		if (!sketches_differ(a[i]->sketch, b[1 - i]->sketch) && same_value(a[i], b[1 - i]))
			return same_value(a[1 - i], b[i]) ||
				close_spelling(work, &((const NameForm *) a[1 - i]->extra)->whole, &((const NameForm *) b[i]->extra)->whole);
	return false;
}

static int
compare_person_names(CdpWork *work, const CdpValue *const *a, const CdpValue *const *b)
{
	const CdpValue *given_a = a[0],
			   *given_b = b[0],
			   *family_a = a[1],
			   *family_b = b[1];
	Grade		given,
				family;

	if ((family_a && cdp_is_mailbox(family_a)) || (family_b && cdp_is_mailbox(family_b)))
	{
		bool		mailbox_is_b = family_b && cdp_is_mailbox(family_b);
		const CdpValue *const *named = mailbox_is_b ? a : b;

		if (given_a && given_b)
			return 0;
		if (named[0] == NULL || named[1] == NULL || cdp_is_mailbox(named[1]))
			return 0;
		return compare_spelled(work, mailbox_is_b ? family_b : family_a, named[0], named[1]);
	}
	if (given_a && given_b && family_a && family_b)
	{
		given = grade_given(work, given_a, given_b);
		family = grade_family(work, family_a, family_b);
		if (given == GRADE_EXACT && family == GRADE_EXACT)
			return NAMES_EXACT;
		if (given != GRADE_EXACT && family != GRADE_EXACT && swapped(work, a, b))
			return NAMES_SWAPPED;
		if (family == GRADE_EXACT)
			return given == GRADE_NICKNAME ? NAMES_NICKNAME_EXACT : given == GRADE_CLOSE ? NAMES_CLOSE_EXACT :
				given == GRADE_INITIAL ? NAMES_INITIAL_EXACT : NAMES_ELSE_EXACT;
		if (given == GRADE_EXACT)
			return family == GRADE_CLOSE ? NAMES_EXACT_CLOSE : NAMES_EXACT_ELSE;
		if (given == GRADE_ELSE)
			return family == GRADE_CLOSE ? NAMES_ELSE_CLOSE : NAMES_ELSE;
		return family == GRADE_CLOSE ? NAMES_BOTH_CLOSE : NAMES_CLOSE_ELSE;
	}
	if (family_a && family_b)
	{
		family = grade_family(work, family_a, family_b);
		if (family == GRADE_EXACT)
			return FAMILY_EXACT;
		if ((given_a && same_value(given_a, family_b)) || (given_b && same_value(given_b, family_a)))
			return FAMILY_MISPLACED;
		return family == GRADE_CLOSE ? FAMILY_CLOSE : FAMILY_ELSE;
	}
	if (given_a && given_b)
	{
		given = grade_given(work, given_a, given_b);
		if (given == GRADE_EXACT)
			return GIVEN_EXACT;
		if ((family_a && same_value(family_a, given_b)) || (family_b && same_value(family_b, given_a)))
			return GIVEN_MISPLACED;
		return given == GRADE_ELSE ? GIVEN_ELSE : GIVEN_CLOSE;
	}
	return 0;
}

static Grade
grade_words(CdpWork *work, const Word *a, const Word *b)
{
	if (same_word(a, b))
		return GRADE_EXACT;
	if (share_group(a, b))
		return GRADE_NICKNAME;
	if (close_spelling(work, a, b))
		return GRADE_CLOSE;
	return is_initial(a, b) ? GRADE_INITIAL : GRADE_ELSE;
}

/*
 * Gives each word of the side with fewer the word of the other that it agrees with best,
 * each once. *least is the grade of the worst, *best that of the best.
 */
static void
match_words(CdpWork *work, const Word *few, int n_few, const Word *many, int n_many, Grade *least, Grade *best)
{
	uint8_t		grades[MAX_WORDS][MAX_WORDS];
	bool		given[MAX_WORDS] = {false},
				taken[MAX_WORDS] = {false};
	int			matched = 0;

	*least = GRADE_EXACT;
	*best = GRADE_ELSE;
	for (int i = 0; i < n_few; i++)
		for (int j = 0; j < n_many; j++)
			grades[i][j] = grade_words(work, &few[i], &many[j]);
	for (Grade grade = GRADE_EXACT; grade > GRADE_ELSE; grade--)
		for (int i = 0; i < n_few; i++)
			for (int j = 0; j < n_many && !given[i]; j++)
				if (!taken[j] && grades[i][j] == grade)
				{
					given[i] = taken[j] = true;
					matched++;
					*least = grade;
					if (grade > *best)
						*best = grade;
				}
	if (matched < n_few)
		*least = GRADE_ELSE;
}

static int
name_level(Grade grade)
{
	switch (grade)
	{
		case GRADE_EXACT:
			return NAME_EXACT;
		case GRADE_NICKNAME:
			return NAME_NICKNAME;
		case GRADE_CLOSE:
			return NAME_CLOSE;
		case GRADE_INITIAL:
			return NAME_INITIAL;
		case GRADE_ELSE:
			break;
	}
	return NAME_ELSE;
}

/* A name of one word, or of several such as a full name: then all words of one count. */
static int
compare_names(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const NameForm *a = (const NameForm *) x->extra;
	const NameForm *b = (const NameForm *) y->extra;
	const Word *of_a,
			   *of_b;
	int			na,
				nb;
	int32_t		shorter;
	Grade		least,
				best,
				other;

	if (unlike(x->sketch, y->sketch, false))
		return NAME_ELSE;
	of_a = a->n_words ? a->words : &a->whole;
	of_b = b->n_words ? b->words : &b->whole;
	na = a->n_words ? a->n_words : 1;
	nb = b->n_words ? b->n_words : 1;
	shorter = a->whole.len < b->whole.len ? a->whole.len : b->whole.len;
	if (na == 1 && nb == 1)
		return name_level(grade_words(work, of_a, of_b));
	if (share_group(&a->whole, &b->whole))
		return NAME_NICKNAME;
	if (shorter >= 4 && within(work, &a->whole, &b->whole, shorter < 8 ? 1 : 2))
		return NAME_CLOSE;
	if (na <= nb)
		match_words(work, of_a, na, of_b, nb, &least, &best);
	else
		match_words(work, of_b, nb, of_a, na, &least, &best);
	if (na == nb && best > GRADE_ELSE)
	{
		match_words(work, of_b, nb, of_a, na, &other, &best);
		if (other < least)
			least = other;
	}
	/* all words of a name of several: in another order or with more between them at best */
	if (na > 1 && nb > 1 && least > GRADE_ELSE)
		return least == GRADE_EXACT ? NAME_CLOSE : name_level(least);
	if (best > GRADE_INITIAL)
		return NAME_PART;
	return is_initial(of_a, of_b) ? NAME_INITIAL : NAME_ELSE;
}

static bool
equal_words(CdpWork *work, const Word *a, const Word *b)
{
	return same_word(a, b);
}

static int
compare_cities(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const NameForm *a = (const NameForm *) x->extra;
	const NameForm *b = (const NameForm *) y->extra;
	int32_t		shorter;

	if (unlike(x->sketch, y->sketch, false))
		return CITY_ELSE;
	shorter = a->whole.len < b->whole.len ? a->whole.len : b->whole.len;
	if (same_word(&a->whole, &b->whole))
		return CITY_CLOSE;
	if (shorter < 3)
		return CITY_ELSE;
	if (within(work, &a->whole, &b->whole, shorter < 8 ? 1 : 2) || jaro_winkler_reaches(work, &a->whole, &b->whole, 0.92))
		return CITY_CLOSE;
	if (shorter > 3 && (a->n_words > 1 || b->n_words > 1))
	{
		int			na = a->n_words ? a->n_words : 1;
		int			nb = b->n_words ? b->n_words : 1;

		if (common_words(work, a->n_words ? a->words : &a->whole, na, b->n_words ? b->words : &b->whole, nb, equal_words) == (na < nb ? na : nb))
			return CITY_CLOSE;
	}
	return CITY_ELSE;
}

/*
 * Dates
 */

#define DATE_CHARS 10
#define DATE_DIGITS 8
#define FIRST_OF_JANUARY 0x0101

/* The sketch of a date is its digits, four bits each; nothing else is looked at. */
#define date_digits(value) ((uint32_t) (value)->sketch)

/* Days since the first of March of the year 0 (Gregorian). */
static int32_t
day_number(int32_t year, int32_t month, int32_t day)
{
	int32_t		y = month > 2 ? year : year - 1;
	int32_t		m = month > 2 ? month - 3 : month + 9;

	return 365 * y + (y >= 0 ? y / 4 - y / 100 + y / 400 : -1) + (153 * m + 2) / 5 + day - 1;
}

static inline int32_t
two_digits(uint32_t digits)
{
	return (digits >> 4 & 15) * 10 + (digits & 15);
}

static inline int32_t
year_of(uint32_t digits)
{
	return two_digits(digits >> 24) * 100 + two_digits(digits >> 16);
}

static int32_t
day_of(uint32_t digits)
{
	return day_number(year_of(digits), two_digits(digits >> 8), two_digits(digits));
}

/* 0 for what is no date, YYYY-MM-DD. */
static uint64_t
sketch_date(const uint32_t *s, int32_t len)
{
	uint32_t	digits = 0;

	if (len != DATE_CHARS || s[4] != '-' || s[7] != '-')
		return 0;
	for (int i = 0; i < DATE_CHARS; i++)
	{
		if (i == 4 || i == 7)
			continue;
		if (!is_digit(s[i]))
			return 0;
		digits = digits << 4 | (s[i] - '0');
	}
	if (two_digits(digits >> 8) < 1 || two_digits(digits >> 8) > 12 || two_digits(digits) < 1 || two_digits(digits) > 31)
		return 0;
	return SKETCHED | digits;
}

/* The lowest bit of each digit that is not 0. */
static inline uint32_t
set_digits(uint32_t digits)
{
	digits |= digits >> 2;
	digits |= digits >> 1;
	return digits & UINT32_C(0x11111111);
}

/*
 * The optimal string alignment distance of two dates' digits up to 2, 3 for more. As both
 * have as many digits, two edits are two of substitution and exchange, or a digit taken
 * out at one place and put in at another, which moves those between by one.
 */
static int
date_edits(uint32_t a, uint32_t b)
{
	uint32_t	differ = set_digits(a ^ b);
	/* a digit is the other's next, and the next one the other's */
	uint32_t	exchanged = differ & ~set_digits((a ^ b << 4) | (a << 4 ^ b)) & ~UINT32_C(1);
	int			edits = differ * UINT32_C(0x11111111) >> 28;
	uint32_t	last,
				moved;

	for (; exchanged != 0; edits--)
	{
		uint32_t	first = UINT32_C(1) << (31 - __builtin_clz(exchanged));

		/* the next one is used up */
		exchanged &= ~(first | first >> 4);
	}
	if (edits <= 2)
		return edits;
	/* from the first that differs to the one before the last */
	last = differ & -differ;
	moved = (UINT32_C(2) << (31 - __builtin_clz(differ) + 3)) - (last << 4);
	return ((a << 4 ^ b) & moved) == 0 || ((b << 4 ^ a) & moved) == 0 ? 2 : 3;
}

static int
compare_dates(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	uint32_t	a = date_digits(x),
				b = date_digits(y);
	int32_t		apart;
	int			edits;

	if ((x->sketch & y->sketch & SKETCHED) == 0)
		return DATE_ELSE;
	edits = date_edits(a, b);
	if (edits == 1)
		return DATE_ONE_EDIT;
	if (a >> 16 == b >> 16)
	{
		if ((a >> 8 & 255) == (b & 255) && (a & 255) == (b >> 8 & 255))
			return DATE_SWAPPED;
		if ((a & 0xFFFF) == FIRST_OF_JANUARY || (b & 0xFFFF) == FIRST_OF_JANUARY)
			return DATE_PLACEHOLDER;
	}
	if (edits == 2)
		return DATE_TWO_EDITS;
	apart = year_of(a) - year_of(b);
	if (apart > 11 || apart < -11)
		return DATE_ELSE;
	apart = day_of(a) - day_of(b);
	if (apart < 0)
		apart = -apart;
	return apart <= 31 ? DATE_MONTH : apart <= 366 ? DATE_YEAR : apart <= 3653 ? DATE_TEN_YEARS : DATE_ELSE;
}

/*
 * Addresses of mail
 */

/* so many letters of a mailbox are a name rather than initials */
#define MIN_BARE 7

typedef struct EmailForm
{
	Word		whole;
	Word		local;			/* all where there is no @ */
	Word		domain;
	Word		bare;			/* the letters of local in alphabetical order: a name, whichever way round */
} EmailForm;

static int
order_chars(const void *a, const void *b)
{
	const uint32_t *x = a,
			   *y = b;

	return (*x > *y) - (*x < *y);
}

static EmailForm *
prepare_email(CdpWork *work, CdpArena *arena, const uint32_t *s, int32_t len)
{
	EmailForm  *form = take(work, arena, sizeof(EmailForm));
	uint32_t   *letters;
	int32_t		at = len,
				n = 0;

	if (form == NULL)
		return NULL;
	for (int32_t i = 0; i < len; i++)
		if (s[i] == '@')
			at = i;
	form->whole = make_word(s, len);
	form->local = make_word(s, at);
	form->domain = at < len ? make_word(s + at + 1, len - at - 1) : (Word) {.s = s + len};
	letters = take(work, arena, (size_t) form->local.len * sizeof(uint32_t));
	if (letters == NULL)
		return NULL;
	for (int32_t i = 0; i < form->local.len; i++)
		if (s[i] > 127 || (s[i] >= 'a' && s[i] <= 'z'))
			letters[n++] = s[i];
	qsort(letters, n, sizeof(uint32_t), order_chars);
	form->bare = make_word(letters, n);
	return form;
}

/* Of the mailbox, when the address has one @. */
static uint64_t
sketch_email(const EmailForm *form)
{
	if (form == NULL || form->local.len + 1 >= form->whole.len)
		return 0;
	for (int32_t i = 0; i < form->local.len; i++)
		if (form->local.s[i] == '@')
			return 0;
	return make_sketch(&form->local, form->bare.len >= MIN_BARE ? form->bare.hash | 1 : 0);
}

static int
compare_emails(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const EmailForm *a = (const EmailForm *) x->extra;
	const EmailForm *b = (const EmailForm *) y->extra;
	int32_t		shorter;

	if (unlike(x->sketch, y->sketch, true))
		return EMAIL_ELSE;
	shorter = a->local.len < b->local.len ? a->local.len : b->local.len;
	if (shorter >= 3 && same_word(&a->local, &b->local))
		return EMAIL_SAME_LOCAL;
	/* in short mailboxes of one domain two edits make another person's more often than a slip */
	if (shorter >= 4 && same_word(&a->domain, &b->domain) && within(work, &a->local, &b->local, shorter < 7 ? 1 : 2))
		return EMAIL_LOCAL_CLOSE;
	if (shorter >= 4 && (within(work, &a->whole, &b->whole, 2) || jaro_winkler_reaches(work, &a->local, &b->local, 0.92)))
		return EMAIL_CLOSE;
	return a->bare.len >= MIN_BARE && same_word(&a->bare, &b->bare) ? EMAIL_SAME_LETTERS : EMAIL_ELSE;
}

/*
 * Phone numbers, postal codes, identifiers
 */

#define LAST_DIGITS 7

typedef struct CodeForm
{
	Word		whole;
	Word		base;			/* a phone number without extension, a ZIP code without the four digits more */
	int32_t		area;			/* how many characters of a postal code name its area */
	uint32_t	last;			/* digits of a phone number, as a number; 0: fewer than so many */
} CodeForm;

static CodeForm *
prepare_code(CdpWork *work, CdpArena *arena, CdpMeasure measure, const uint32_t *s, int32_t len)
{
	CodeForm   *form = take(work, arena, sizeof(CodeForm));
	int32_t		base = len;

	if (form == NULL)
		return NULL;
	form->whole = make_word(s, len);
	form->area = 0;
	form->last = 0;
	if (measure == CDP_MEASURE_PHONE)
	{
		int			digits = 0;
		uint32_t	unit = 1;

		for (base = 0; base < len && s[base] != ';'; base++)
			;
		for (int32_t i = base - 1; i >= 0 && is_digit(s[i]) && digits < LAST_DIGITS; i--, digits++, unit *= 10)
			form->last += (s[i] - '0') * unit;
		if (digits < LAST_DIGITS)
			form->last = 0;
	}
	else if (measure == CDP_MEASURE_POSTAL_CODE)
	{
		if (len == 10 && s[5] == '-')
			base = 5;
		while (form->area < base && s[form->area] != ' ')
			form->area++;
		if (form->area == base)
			form->area = base >= 4 ? base - 2 : 0;
	}
	form->base = make_word(s, base);
	return form;
}

/* How many digits there are, and the last twelve, four bits each; of numbers without an extension. */
static uint64_t
sketch_phone(const uint32_t *s, int32_t len)
{
	uint64_t	digits = 0;

	for (int32_t i = 0; i < len; i++)
	{
		if (i == 0 && s[i] == '+')
			continue;
		if (!is_digit(s[i]))
			return 0;
		digits = digits << 4 | (s[i] - '0');
	}
	return len < MAX_SKETCHED ? SKETCHED | (uint64_t) len << 48 | (digits & ((UINT64_C(1) << 48) - 1)) : 0;
}

/* Have two numbers surely more than one edit between them, and other last digits? */
static inline bool
unlike_phones(uint64_t a, uint64_t b)
{
	uint64_t	differ = (a ^ b) & ((UINT64_C(1) << 48) - 1);
	int			longer = (int) (a >> 48 & 63) - (int) (b >> 48 & 63);

	if ((a & b & SKETCHED) == 0 || (differ & ((UINT64_C(1) << 4 * LAST_DIGITS) - 1)) == 0)
		return false;
	differ |= differ >> 2;
	differ |= differ >> 1;
	return longer == 0 ? count_bits(differ & UINT64_C(0x111111111111)) > 2 : longer > 1 || longer < -1;
}

static int
compare_phones(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CodeForm *a = (const CodeForm *) x->extra;
	const CodeForm *b = (const CodeForm *) y->extra;

	if (unlike_phones(x->sketch, y->sketch))
		return PHONE_ELSE;
	if (within(work, &a->base, &b->base, 1))
		return PHONE_ONE_DIGIT;
	return a->last != 0 && a->last == b->last ? PHONE_LAST_SEVEN : PHONE_ELSE;
}

static int
compare_postal_codes(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CodeForm *a = (const CodeForm *) x->extra;
	const CodeForm *b = (const CodeForm *) y->extra;

	if (same_word(&a->base, &b->base))
		return POSTAL_SAME_CODE;
	if (within(work, &a->base, &b->base, 1))
		return POSTAL_ONE_EDIT;
	return a->area > 0 && same_chars(x->chars, a->area, y->chars, b->area) ? POSTAL_SAME_AREA : POSTAL_ELSE;
}

static bool
contains(const Word *long_one, const Word *short_one)
{
	if ((short_one->letters & ~long_one->letters) != 0)
		return false;
	for (int32_t i = 0; i + short_one->len <= long_one->len; i++)
		if (memcmp(long_one->s + i, short_one->s, (size_t) short_one->len * sizeof(uint32_t)) == 0)
			return true;
	return false;
}

static int
compare_ids(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CodeForm *a = (const CodeForm *) x->extra;
	const CodeForm *b = (const CodeForm *) y->extra;
	int32_t		shorter = a->whole.len < b->whole.len ? a->whole.len : b->whole.len;

	if (shorter >= 4 && within(work, &a->whole, &b->whole, 1))
		return ID_ONE_EDIT;
	if (shorter >= 7 && within(work, &a->whole, &b->whole, 2))
		return ID_CLOSE;
	if (shorter >= 5 && (a->whole.len < b->whole.len ? contains(&b->whole, &a->whole) : contains(&a->whole, &b->whole)))
		return ID_CLOSE;
	return ID_ELSE;
}

/*
 * Streets and free text
 */

/* words of streets that many have: kinds, directions, units */
static const char street_kinds[] =
	"st rd ave blvd dr ln ct pl ter cir circuit cct way cres cl sq hwy pkwy pde aly row wlk trl expy fwy rte tpke cts grv gdns gdn prom esp "
	"n s e w ne nw se sw ste fl rm bldg hse no nr apt po box lot trlr spc dept ext the of and at on "
	"de la le les du des del los las rue calle via str strasse strase platz weg allee gasse av avenida rua piazza plaza plz straat laan";

/* words of companies and texts that many have: legal forms and articles */
static const char text_fillers[] =
	"inc ltd llc llp lp gmbh corp corporation incorporated limited co company plc sa ag bv nv kg ohg ug se srl spa sarl sas pty pte ab oy as aps kk "
	"the of and und et y e de la le les der die das a an for in at";

#define MAX_NUMBERS 4

typedef struct Number
{
	uint32_t	value;
	uint32_t	suffix;			/* hash of what follows the digits, 0: nothing */
	bool		leading;		/* may be the house number */
} Number;

typedef struct TextForm
{
	Word		joined;			/* the words that count, in their order */
	Word		sorted;			/* in alphabetical order; texts only */
	Number		numbers[MAX_NUMBERS];
	Word		house_number;
	int8_t		n_numbers;
	int8_t		house;			/* which number is the house number, -1: none */
	int16_t		n_words;
	Word		words[];
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
	while (digits < len && is_digit(s[digits]))
		out->value = out->value * 10 + (s[digits++] - '0');
	if (digits == 0 || (len - digits == 2 && is_listed("st nd rd th", s + digits, 2)))
		return 0;
	while (digits + letters < len && !is_digit(s[digits + letters]))
		letters++;
	if (letters >= 3 && digits + letters == len)
		return digits;
	out->suffix = digits < len ? hash_chars(s + digits, len - digits) | 1 : 0;
	return len;
}

static int
order_words(const void *a, const void *b)
{
	const Word *x = a,
			   *y = b;
	int32_t		shorter = x->len < y->len ? x->len : y->len;

	for (int32_t i = 0; i < shorter; i++)
		if (x->s[i] != y->s[i])
			return x->s[i] < y->s[i] ? -1 : 1;
	return (x->len > y->len) - (x->len < y->len);
}

static bool
join(CdpWork *work, CdpArena *arena, const Word *words, int n, Word *out)
{
	uint32_t   *text,
			   *end;
	size_t		room = 1;

	for (int i = 0; i < n; i++)
		room += words[i].len + 1;
	text = end = take(work, arena, room * sizeof(uint32_t));
	if (text == NULL)
		return false;
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			*end++ = ' ';
		memcpy(end, words[i].s, words[i].len * sizeof(uint32_t));
		end += words[i].len;
	}
	*out = make_word(text, end - text);
	return true;
}

static TextForm *
prepare_text(CdpWork *work, CdpArena *arena, bool street, const uint32_t *s, int32_t len)
{
	Word		words[MAX_WORDS],
				fillers[MAX_WORDS];
	Number		numbers[MAX_NUMBERS];
	const uint32_t *word;
	int32_t		at = 0,
				n;
	int			n_words = 0,
				n_fillers = 0,
				n_numbers = 0,
				house = -1;
	bool		leading = true;
	Word		house_number = {0};
	TextForm   *form;

	if (len > MAX_FORM)
		len = MAX_FORM;
	while (next_word(s, len, &at, &word, &n))
	{
		int32_t		digits = street && n_numbers < MAX_NUMBERS ? parse_number(word, n, &numbers[n_numbers]) : 0;

		if (digits > 0)
		{
			/* the last of the numbers that stand first, or the first of the others */
			numbers[n_numbers].leading = leading || house < 0;
			if (numbers[n_numbers].leading)
			{
				house = n_numbers;
				house_number = make_word(word, digits);
			}
			n_numbers++;
			if (digits == n)
				continue;
			word += digits;
			n -= digits;
		}
		leading = false;
		if (!is_listed(street ? street_kinds : text_fillers, word, n))
		{
			if (n_words < MAX_WORDS)
				words[n_words++] = make_word(word, n);
		}
		else if (n_fillers < MAX_WORDS)
			fillers[n_fillers++] = make_word(word, n);
	}
	/* Park Avenue, The Company: where only such words are, they count */
	if (n_words == 0)
	{
		n_words = n_fillers;
		memcpy(words, fillers, n_words * sizeof(Word));
	}
	form = take(work, arena, sizeof(TextForm) + n_words * sizeof(Word));
	if (form == NULL || !join(work, arena, words, n_words, &form->joined))
		return NULL;
	memcpy(form->numbers, numbers, n_numbers * sizeof(Number));
	form->n_numbers = n_numbers;
	form->house = house;
	form->house_number = house_number;
	form->n_words = n_words;
	form->sorted = form->joined;
	if (!street)
	{
		qsort(words, n_words, sizeof(Word), order_words);
		if (!join(work, arena, words, n_words, &form->sorted))
			return NULL;
	}
	memcpy(form->words, words, n_words * sizeof(Word));
	return form;
}

static bool
alike_words(CdpWork *work, const Word *a, const Word *b)
{
	int32_t		shorter = a->len < b->len ? a->len : b->len;

	if (same_word(a, b))
		return true;
	return shorter >= 5 && a->plain && b->plain && within(work, a, b, shorter < 8 ? 1 : 2);
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

static int
compare_streets(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const TextForm *a = (const TextForm *) x->extra;
	const TextForm *b = (const TextForm *) y->extra;
	int			few = a->n_words < b->n_words ? a->n_words : b->n_words;
	int			many = a->n_words < b->n_words ? b->n_words : a->n_words;
	int			common = common_words(work, a->words, a->n_words, b->words, b->n_words, alike_words);
	int			shared,
				also;
	bool		all,
				same_street,
				number;

	/* all words of one; what else the other may have, a district or a landmark, is much only beside the same number */
	all = common > 0 && common == few;
	same_street = (all && many - few <= 1) || jaro_winkler_reaches(work, &a->joined, &b->joined, 0.92);
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
		within(work, &a->house_number, &b->house_number, 1))
		return STREET_NUMBER_EDIT;
	return STREET_SAME_STREET;
}

/* Is the Levenshtein distance at most a tenth of the longer? */
static bool
nearly_sorted_alike(CdpWork *work, const Word *a, const Word *b)
{
	int32_t		longer = a->len > b->len ? a->len : b->len;
	int32_t		most = longer / 10;

	if (same_word(a, b))
		return true;
	if (a->len - b->len > most || b->len - a->len > most ||
		count_bits(a->letters & ~b->letters) > most || count_bits(b->letters & ~a->letters) > most)
		return false;
	return most > 0 && cdp_levenshtein(work, a->s, a->len, b->s, b->len, most) != CDP_BEYOND;
}

/* One edit, two in longer texts: also of the spaces between words. */
static bool
nearly_alike(CdpWork *work, const Word *a, const Word *b)
{
	int32_t		shorter = a->len < b->len ? a->len : b->len;

	return shorter >= 4 && a->plain && b->plain && within(work, a, b, shorter < 8 ? 1 : 2);
}

static int
compare_texts(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const TextForm *a = (const TextForm *) x->extra;
	const TextForm *b = (const TextForm *) y->extra;
	int			few = a->n_words < b->n_words ? a->n_words : b->n_words;
	int			common;

	/* the beginning says much of a word, little of a text: "universal exports ..." */
	if (nearly_alike(work, &a->joined, &b->joined) || nearly_sorted_alike(work, &a->sorted, &b->sorted) ||
		(a->n_words == 1 && b->n_words == 1 && jaro_winkler_reaches(work, &a->joined, &b->joined, 0.92)))
		return TEXT_CLOSE;
	common = common_words(work, a->words, a->n_words, b->words, b->n_words, alike_words);
	if (common == 0 || common * 2 < few)
		return TEXT_ELSE;
	return common < few ? TEXT_PART : a->n_words == b->n_words ? TEXT_CLOSE : TEXT_CONTAINED;
}

/*
 * Numbers
 */

typedef struct NumberForm
{
	double		value;
	bool		known;
} NumberForm;

static NumberForm *
prepare_number(CdpWork *work, CdpArena *arena, const uint32_t *s, int32_t len)
{
	NumberForm *form = take(work, arena, sizeof(NumberForm));
	int32_t		i = 0;
	double		value = 0,
				unit = 1;
	bool		fraction = false;

	if (form == NULL)
		return NULL;
	*form = (NumberForm) {0};
	if (len > 0 && s[0] == '-')
		i = 1;
	for (; i < len; i++)
	{
		if (s[i] == '.' && !fraction)
		{
			fraction = true;
			continue;
		}
		if (!is_digit(s[i]))
			return form;
		form->known = true;
		if (fraction)
			value += (s[i] - '0') * (unit /= 10);
		else
			value = value * 10 + (s[i] - '0');
	}
	form->known = form->known && value < 1e300;
	form->value = s[0] == '-' ? -value : value;
	return form;
}

static int
compare_numbers(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const NumberForm *a = (const NumberForm *) x->extra;
	const NumberForm *b = (const NumberForm *) y->extra;
	double		size_a,
				size_b,
				apart,
				size;

	if (!a->known || !b->known)
		return NUMBER_ELSE;
	if (a->value == b->value)
		return NUMBER_EXACT;
	size_a = a->value < 0 ? -a->value : a->value;
	size_b = b->value < 0 ? -b->value : b->value;
	size = size_a > size_b ? size_a : size_b;
	apart = a->value > b->value ? a->value - b->value : b->value - a->value;
	return apart <= size * 0.01 ? NUMBER_NEAR : apart <= size * 0.1 ? NUMBER_CLOSE : NUMBER_ELSE;
}

/*
 * All measures
 */

bool
cdp_value_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpMeasure measure, int input,
				  const char *s, size_t len, CdpValue *out)
{
	CdpChars	chars;
	const void *form = NULL;
	uint64_t	sketch = 0;

	*out = (CdpValue) {0};
	if (len > (size_t) CDP_MAX_CHARS * 4)
	{
		work->problem = CDP_TEXT_TOO_LONG;
		return false;
	}
	/* at most as many characters as bytes; what is left of the room goes back */
	chars = (CdpChars) {.data = take(work, arena, (len + 1) * sizeof(uint32_t)), .cap = len + 1};
	if (chars.data == NULL || !cdp_chars_decode(work, s, len, &chars))
		return false;
	keep_chars(arena, len + 1, chars.len);
	out->chars = chars.data;
	out->len = chars.len;
	switch (measure)
	{
		case CDP_MEASURE_PERSON_NAME:
			if (input == 1 && cdp_is_mailbox(out))
			{
				/* it is not compared as names are, and has no sketch */
				form = prepare_mailbox(work, arena, nicknames, out->chars, out->len);
				break;
			}
			form = prepare_name(work, arena, input == 0 ? nicknames : NULL, input == 1, false, out->chars, out->len);
			sketch = sketch_name(form);
			break;
		case CDP_MEASURE_NAME:
			form = prepare_name(work, arena, nicknames, false, false, out->chars, out->len);
			sketch = sketch_name(form);
			break;
		case CDP_MEASURE_CITY:
			form = prepare_name(work, arena, NULL, false, true, out->chars, out->len);
			sketch = sketch_name(form);
			break;
		case CDP_MEASURE_BIRTH_DATE:
		case CDP_MEASURE_DATE:
			sketch = sketch_date(out->chars, out->len);
			form = out->chars;	/* the sketch is enough */
			break;
		case CDP_MEASURE_EMAIL:
			form = prepare_email(work, arena, out->chars, out->len);
			sketch = sketch_email(form);
			break;
		case CDP_MEASURE_PHONE:
			sketch = sketch_phone(out->chars, out->len);
			form = prepare_code(work, arena, measure, out->chars, out->len);
			break;
		case CDP_MEASURE_POSTAL_CODE:
		case CDP_MEASURE_ID:
			form = prepare_code(work, arena, measure, out->chars, out->len);
			break;
		case CDP_MEASURE_STREET:
		case CDP_MEASURE_TEXT:
			form = prepare_text(work, arena, measure == CDP_MEASURE_STREET, out->chars, out->len);
			break;
		case CDP_MEASURE_NUMBER:
			form = prepare_number(work, arena, out->chars, out->len);
			break;
		case CDP_MEASURE_CODE:
		case CDP_MEASURE_GENERATION:
		case CDP_N_MEASURES:
			return true;
	}
	out->extra = form;
	out->sketch = sketch != 0 ? sketch : hash_chars(out->chars, out->len);
	return form != NULL;
}

static const CdpValue *
present(const CdpValue *value)
{
	return value != NULL && value->len > 0 ? value : NULL;
}

int
cdp_compare(CdpWork *work, CdpMeasure measure, const CdpValue *const *a, const CdpValue *const *b)
{
	const CdpValue *x = present(a[0]),
			   *y = present(b[0]);

	if (measure == CDP_MEASURE_PERSON_NAME)
	{
		const CdpValue *names_a[2] = {x, present(a[1])};
		const CdpValue *names_b[2] = {y, present(b[1])};

		return compare_person_names(work, names_a, names_b);
	}
	if (x == NULL || y == NULL)
		return 0;
	/* values of one measure and input with the same characters have the same sketch */
	if (x->sketch == y->sketch && same_value(x, y))
		return 1;
	switch (measure)
	{
		case CDP_MEASURE_NAME:
			return compare_names(work, x, y);
		case CDP_MEASURE_BIRTH_DATE:
		case CDP_MEASURE_DATE:
			return compare_dates(work, x, y);
		case CDP_MEASURE_EMAIL:
			return compare_emails(work, x, y);
		case CDP_MEASURE_PHONE:
			return compare_phones(work, x, y);
		case CDP_MEASURE_POSTAL_CODE:
			return compare_postal_codes(work, x, y);
		case CDP_MEASURE_STREET:
			return compare_streets(work, x, y);
		case CDP_MEASURE_CITY:
			return compare_cities(work, x, y);
		case CDP_MEASURE_ID:
			return compare_ids(work, x, y);
		case CDP_MEASURE_TEXT:
			return compare_texts(work, x, y);
		case CDP_MEASURE_NUMBER:
			return compare_numbers(work, x, y);
		case CDP_MEASURE_GENERATION:
			return GENERATION_ELSE;
		case CDP_MEASURE_PERSON_NAME:
		case CDP_MEASURE_CODE:
		case CDP_N_MEASURES:
			break;
	}
	return CODE_ELSE;
}

/* Do two given names, prepared for the measure name, stand for one another? */
bool
cdp_share_nickname(const CdpValue *a, const CdpValue *b)
{
	return present(a) && present(b) && !same_value(a, b) &&
		share_group(&((const NameForm *) a->extra)->whole, &((const NameForm *) b->extra)->whole);
}
