/*
 * value.h
 *	  What the files that compare values share: prepared words, sketches, the distances of
 *	  words with a bound, and which file prepares and compares which measure.
 *
 * Private to value.c, compare.c and the files compare_*.c of the measures; everybody else
 * includes compare.h. Each measure has here its description with its levels (CdpMeasureInfo),
 * a function that prepares a value (fills its extra and, where the measure has one, its
 * sketch, from its chars; false: out of memory or work->problem is set) and one that gives
 * the level of two values that are there and differ (of two pairs of names any may be missing).
 *
 * What is asked for every pair before anything else, chiefly cdp_unlike, is inline.
 */
#ifndef CDP_MATCH_VALUE_H
#define CDP_MATCH_VALUE_H

#include "match/compare.h"

/* not for other libraries, so that the files call each other directly */
#pragma GCC visibility push(hidden)

/* beyond so many words and characters of a value nothing is looked at */
#define CDP_MAX_WORDS 16
#define CDP_MAX_FORM 256
/* Jaro of longer texts needs sorting */
#define CDP_MAX_JARO 64

#define CDP_LENGTH_OF(a) ((int) (sizeof(a) / sizeof((a)[0])))
#define CDP_MEASURE_INFO(name, n_inputs, levels) {name, n_inputs, CDP_LENGTH_OF(levels), levels}

typedef struct CdpWord
{
	const uint32_t *s;
	uint64_t	letters;		/* which characters occur, as bits */
	const uint32_t *groups;		/* of nicknames, ascending */
	int32_t		len;
	uint32_t	hash;
	uint32_t	sound;			/* hash of how it sounds, 0: too little to tell */
	uint32_t	n_groups:31;
	uint32_t	plain:1;		/* without digits, so that it may have a slip */
} CdpWord;

/*
 * value.c
 */

/* as cdp_arena_get, but sets work->problem */
extern void *cdp_arena_take(CdpWork *work, CdpArena *arena, size_t size);
extern void cdp_arena_keep_chars(CdpArena *arena, size_t room, size_t used);

extern uint32_t cdp_hash_chars(const uint32_t *s, int32_t len);
extern CdpWord cdp_word_make(const uint32_t *s, int32_t len);
extern bool cdp_word_next(const uint32_t *s, int32_t len, int32_t *at, const uint32_t **word, int32_t *n);
extern uint64_t cdp_word_sketch(const CdpWord *word, uint32_t sound);
extern bool cdp_is_listed(const char *list, const uint32_t *s, int32_t len);

/* The same in a long list, given as one for each first letter, a to z. */
static inline bool
cdp_is_listed_by_letter(const char *const *lists, const uint32_t *s, int32_t len)
{
	return len > 0 && s[0] >= 'a' && s[0] <= 'z' && lists[s[0] - 'a'] && cdp_is_listed(lists[s[0] - 'a'], s, len);
}

extern bool cdp_within(CdpWork *work, const CdpWord *a, const CdpWord *b, int edits);
extern bool cdp_jaro_winkler_reaches(CdpWork *work, const CdpWord *a, const CdpWord *b, double least);
extern int	cdp_common_words(CdpWork *work, const CdpWord *a, int na, const CdpWord *b, int nb,
							 bool (*alike) (CdpWork *work, const CdpWord *a, const CdpWord *b));

static inline bool
cdp_is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool
cdp_same_chars(const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb)
{
	return na == nb && memcmp(a, b, (size_t) na * sizeof(uint32_t)) == 0;
}

static inline bool
cdp_same_word(const CdpWord *a, const CdpWord *b)
{
	return a->hash == b->hash && cdp_same_chars(a->s, a->len, b->s, b->len);
}

static inline bool
cdp_same_value(const CdpValue *a, const CdpValue *b)
{
	return cdp_same_chars(a->chars, a->len, b->chars, b->len);
}

/* NULL for a value without characters, too */
static inline const CdpValue *
cdp_present(const CdpValue *value)
{
	return value != NULL && value->len > 0 ? value : NULL;
}

/* so much of a value is looked at */
static inline int32_t
cdp_form_len(const CdpValue *value)
{
	return value->len < CDP_MAX_FORM ? value->len : CDP_MAX_FORM;
}

static inline int32_t
cdp_shorter(const CdpWord *a, const CdpWord *b)
{
	return a->len < b->len ? a->len : b->len;
}

/* One edit, two in words of eight characters and more. */
static inline bool
cdp_nearly_same(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	return cdp_within(work, a, b, cdp_shorter(a, b) < 8 ? 1 : 2);
}

/*
 * Sketches of words: which characters occur, as 36 bits; how many there are; four bits of
 * the first; a hash of how the word sounds, or 0; and the groups of nicknames, as eight
 * bits of which those of its groups are set. Dates and phone numbers have sketches of their
 * own, of which only the bit CDP_SKETCHED is the same.
 */
#define CDP_SKETCHED (UINT64_C(1) << 63)
#define CDP_SKETCH_CHARS 36
#define CDP_SKETCH_LETTERS ((UINT64_C(1) << CDP_SKETCH_CHARS) - 1)
#define CDP_SKETCH_TEXT ((UINT64_C(1) << 47) - 1)	/* what words of the same characters have in common */
#define CDP_MAX_SKETCHED 64		/* characters */

static inline int32_t
cdp_sketch_len(uint64_t sketch)
{
	return sketch >> CDP_SKETCH_CHARS & 127;
}

/* Have the words other characters, surely? */
static inline bool
cdp_sketches_differ(uint64_t a, uint64_t b)
{
	return (a & b & CDP_SKETCHED) != 0 && ((a ^ b) & CDP_SKETCH_TEXT) != 0;
}

/*
 * Are two words surely not alike, in none of the ways that the measures know: two edits,
 * beginning, consonants, sound, short form, initial, Jaro-Winkler of at least 0.9? With
 * two_parts they are the mailboxes of addresses, and two edits may move the @.
 */
static inline bool
cdp_unlike(uint64_t a, uint64_t b, bool two_parts)
{
	const uint64_t vowels = UINT64_C(1) << ('a' - 'a') | UINT64_C(1) << ('e' - 'a') | UINT64_C(1) << ('i' - 'a') | UINT64_C(1) << ('o' - 'a') |
		UINT64_C(1) << ('u' - 'a') | UINT64_C(1) << ('w' - 'a') | UINT64_C(1) << ('y' - 'a');
	int32_t		na = cdp_sketch_len(a),
				nb = cdp_sketch_len(b);
	int32_t		only_a,
				only_b,
				matches;
	bool		same_first = (a >> 43 & 15) == (b >> 43 & 15);
	bool		alike;

	/* nearly all are unlike, and for different reasons: one branch, at the end */
	alike = ((a & b & CDP_SKETCHED) == 0) | ((a >> 55 & b >> 55 & 255) != 0) | (((a >> 47 & 255) != 0) & ((a >> 47 & 255) == (b >> 47 & 255)));
	alike |= ((a ^ b) & CDP_SKETCH_LETTERS & ~vowels) == 0;
	only_a = cdp_count_bits(a & ~b & CDP_SKETCH_LETTERS);
	only_b = cdp_count_bits(b & ~a & CDP_SKETCH_LETTERS);
	alike |= (only_a <= 2) & (only_b <= 2) & (two_parts | ((na - nb <= 2) & (nb - na <= 2)));
	alike |= (((na <= nb) & (only_a == 0)) | ((nb <= na) & (only_b == 0))) & (two_parts | same_first);
	/* as cdp_jaro_winkler_reaches, with a common beginning of 4 characters or none */
	matches = na - only_a < nb - only_b ? na - only_a : nb - only_b;
	alike |= matches * (na + nb) * 10 >= (17 - 2 * same_first) * na * nb;
	return !alike;
}

/*
 * compare_name.c: names of people and cities
 */

typedef struct CdpNameForm
{
	CdpWord		whole;			/* without the particles at its beginning */
	int32_t		n_words;		/* 0 where the whole is one word */
	CdpWord		words[];
} CdpNameForm;

typedef enum CdpNameKind
{
	CDP_GIVEN_NAME,				/* or any name */
	CDP_FAMILY_NAME,			/* particles do not count */
	CDP_CITY_NAME				/* how its words sound does not count */
} CdpNameKind;

/* how far two names agree */
typedef enum CdpGrade
{
	CDP_GRADE_ELSE,
	CDP_GRADE_INITIAL,
	CDP_GRADE_CLOSE,
	CDP_GRADE_NICKNAME,
	CDP_GRADE_EXACT
} CdpGrade;

/* room on the stack for the groups of one name; few names are in more */
#define CDP_MAX_STACK_GROUPS 16

extern const CdpMeasureInfo cdp_name_measure;
/* s is what counts of the value; nicknames NULL: none */
extern bool cdp_name_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpNameKind kind,
							 const uint32_t *s, int32_t len, CdpValue *value);
extern int	cdp_name_level(CdpWork *work, const CdpValue *x, const CdpValue *y);
extern bool cdp_close_spelling(CdpWork *work, const CdpWord *a, const CdpWord *b);
extern bool cdp_half_alike(CdpWork *work, const CdpWord *a, const CdpWord *b);

static inline const CdpNameForm *
cdp_name_form(const CdpValue *value)
{
	return (const CdpNameForm *) value->extra;
}

/* The words of a name; the whole where it is one. */
static inline const CdpWord *
cdp_name_words(const CdpNameForm *form, int *n)
{
	*n = form->n_words > 0 ? form->n_words : 1;
	return form->n_words > 0 ? form->words : &form->whole;
}

/* Do names stand for one another? */
static inline bool
cdp_share_group(const CdpWord *a, const CdpWord *b)
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

static inline bool
cdp_is_initial(const CdpWord *a, const CdpWord *b)
{
	return (a->len == 1 || b->len == 1) && a->len > 0 && b->len > 0 && a->s[0] == b->s[0];
}

/*
 * compare_person_name.c, compare_mailbox.c: given and family name, or a mailbox in their place
 */

typedef enum CdpPersonNameLevel
{
	/* two whole names */
	CDP_NAMES_EXACT = 1, CDP_NAMES_SWAPPED, CDP_NAMES_NICKNAME_EXACT, CDP_NAMES_CLOSE_EXACT, CDP_NAMES_INITIAL_EXACT,
	CDP_NAMES_EXACT_CLOSE, CDP_NAMES_BOTH_CLOSE, CDP_NAMES_EXACT_ELSE, CDP_NAMES_CLOSE_ELSE, CDP_NAMES_SIMILAR_EXACT, CDP_NAMES_ELSE_EXACT, CDP_NAMES_ELSE_CLOSE,
	CDP_NAMES_ELSE,
	/* a given name is missing */
	CDP_FAMILY_EXACT, CDP_FAMILY_CLOSE, CDP_FAMILY_MISPLACED, CDP_FAMILY_ELSE,
	/* a family name is missing */
	CDP_GIVEN_EXACT, CDP_GIVEN_CLOSE, CDP_GIVEN_MISPLACED, CDP_GIVEN_ELSE,
	/* a mailbox and a whole name, the best first */
	CDP_MAIL_EXACT, CDP_MAIL_INITIAL_EXACT, CDP_MAIL_NEAR_EXACT, CDP_MAIL_EXACT_NEAR, CDP_MAIL_NEAR, CDP_MAIL_NONE_EXACT,
	CDP_MAIL_EXACT_NONE, CDP_MAIL_ELSE_EXACT, CDP_MAIL_EXACT_ELSE, CDP_MAIL_ELSE
} CdpPersonNameLevel;

extern const CdpMeasureInfo cdp_person_name_measure;
extern bool cdp_person_name_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, int input, CdpValue *value);
extern int	cdp_person_name_level(CdpWork *work, const CdpValue *const *a, const CdpValue *const *b);

extern bool cdp_mailbox_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpValue *value);
extern int	cdp_mailbox_level(CdpWork *work, const CdpValue *local, const CdpValue *given_name, const CdpValue *family_name);

/* compare_city.c */
extern const CdpMeasureInfo cdp_city_measure;
extern bool cdp_city_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_city_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_date.c */
extern const CdpMeasureInfo cdp_birth_date_measure;
extern const CdpMeasureInfo cdp_date_measure;
extern bool cdp_date_prepare(CdpValue *value);
extern int	cdp_date_level(const CdpValue *x, const CdpValue *y);

/* compare_email.c */
extern const CdpMeasureInfo cdp_email_measure;
extern bool cdp_email_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_email_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_phone.c */
extern const CdpMeasureInfo cdp_phone_measure;
extern bool cdp_phone_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_phone_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_postal_code.c */
extern const CdpMeasureInfo cdp_postal_code_measure;
extern bool cdp_postal_code_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_postal_code_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_id.c */
extern const CdpMeasureInfo cdp_id_measure;
extern bool cdp_id_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_id_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_text.c */
extern const CdpMeasureInfo cdp_street_measure;
extern const CdpMeasureInfo cdp_text_measure;
extern bool cdp_street_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern bool cdp_text_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_street_level(CdpWork *work, const CdpValue *x, const CdpValue *y);
extern int	cdp_text_level(CdpWork *work, const CdpValue *x, const CdpValue *y);

/* compare_number.c */
extern const CdpMeasureInfo cdp_number_measure;
extern bool cdp_number_prepare(CdpWork *work, CdpArena *arena, CdpValue *value);
extern int	cdp_number_level(const CdpValue *x, const CdpValue *y);

#pragma GCC visibility pop

#endif
