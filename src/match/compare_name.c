/*
 * compare_name.c
 *	  Names: what is derived from one, when two are spelled alike, and how two agree where
 *	  they are compared alone (middle and maiden names, full names).
 *
 * A name is prepared as a whole and word by word: for each the set of its letters, a hash of
 * how it sounds (double metaphone, which stands for English and for what English made of
 * others), and the groups of nicknames that it is in. The particles of a family name (van
 * der, de la) are none of its words, and its whole begins behind them; the last word always
 * counts. Given and family names (compare_person_name.c), names in mailboxes
 * (compare_mailbox.c) and cities (compare_city.c) use the same form.
 */
#include "match/value.h"

/* codes of how a name sounds with fewer sounds are shared by names that differ */
#define MIN_SOUND 4

/* slots of work that preparing uses: 0, 1, 4 and 5 belong to double metaphone */
#define SLOT_GROUPS 2

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

const CdpMeasureInfo cdp_name_measure = CDP_MEASURE_INFO("name", 1, name_levels);

/* words of family names that many of them have */
static const char *const particles[26] = {
	['a' - 'a'] = "al abu abd ap ab am af av and abdel abdul ait",
	['b' - 'a'] = "bin ben bint",
	['d' - 'a'] = "der den de del della dello degli dei di da das do dos du des d",
	['e' - 'a'] = "el e",
	['f' - 'a'] = "fitz",
	['h' - 'a'] = "het",
	['i' - 'a'] = "ibn im i",
	['l' - 'a'] = "la le les lo l",
	['m' - 'a'] = "mac mc",
	['o' - 'a'] = "op o ould",
	['s' - 'a'] = "san santa st saint",
	['t' - 'a'] = "ter ten te the",
	['u' - 'a'] = "und",
	['v' - 'a'] = "van von vom",
	['y' - 'a'] = "y",
	['z' - 'a'] = "zu zum zur"
};

static uint32_t
sound_of(CdpWork *work, const uint32_t *s, int32_t len)
{
	CdpCode		first,
				second;

	if (len < MIN_SOUND || len > CDP_MAX_JARO || !cdp_double_metaphone(work, s, len, &first, &second) || first.len < MIN_SOUND)
		return 0;
	return cdp_hash_chars(first.data, first.len) | 1;
}

static bool
add_groups(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpWord *word)
{
	uint32_t	few[CDP_MAX_STACK_GROUPS];
	uint32_t   *groups = few;
	uint32_t   *kept;
	int			n;

	if (nicknames == NULL)
		return true;
	n = cdp_nicknames_groups(nicknames, word->s, word->len, groups, CDP_MAX_STACK_GROUPS);
	if (n == 0)
		return true;
	if (n > CDP_MAX_STACK_GROUPS)
	{
		groups = cdp_work_get(work, SLOT_GROUPS, n, sizeof(uint32_t));
		if (groups == NULL)
			return false;
		n = cdp_nicknames_groups(nicknames, word->s, word->len, groups, n);
	}
	kept = cdp_arena_take(work, arena, n * sizeof(uint32_t));
	if (kept == NULL)
		return false;
	memcpy(kept, groups, n * sizeof(uint32_t));
	word->groups = kept;
	word->n_groups = n;
	return true;
}

bool
cdp_name_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpNameKind kind, const uint32_t *s, int32_t len,
				 CdpValue *value)
{
	CdpWord		words[CDP_MAX_WORDS];
	const uint32_t *word;
	const uint32_t *core = s;
	int32_t		at = 0,
				n;
	int			n_words = 0;
	bool		leading = true;
	CdpNameForm *form;

	while (n_words < CDP_MAX_WORDS && cdp_word_next(s, len, &at, &word, &n))
	{
		if (kind == CDP_FAMILY_NAME && cdp_is_listed_by_letter(particles, word, n) && at < len)
			continue;
		if (leading)
			core = word;
		leading = false;
		words[n_words] = cdp_word_make(word, n);
		words[n_words].sound = kind == CDP_CITY_NAME ? 0 : sound_of(work, word, n);
		if (!add_groups(work, arena, nicknames, &words[n_words]))
			return false;
		n_words++;
	}
	if (n_words == 1 && words[0].s == s && words[0].len == len)
		n_words = 0;
	form = cdp_arena_take(work, arena, sizeof(CdpNameForm) + n_words * sizeof(CdpWord));
	if (form == NULL)
		return false;
	form->n_words = n_words;
	if (n_words > 0)
		memcpy(form->words, words, n_words * sizeof(CdpWord));
	form->whole = cdp_word_make(core, len - (core - s));
	form->whole.sound = sound_of(work, core, form->whole.len);
	if (!add_groups(work, arena, nicknames, &form->whole))
		return false;
	value->extra = (const void *) form;
	/* names of several words have none: they may have any of them in common */
	if (n_words == 0)
		value->sketch = cdp_word_sketch(&form->whole, form->whole.sound);
	return work->problem == CDP_NO_PROBLEM;
}

/* Five and more letters, the first the same and the others in another order: Sarah and Sahra. */
static bool
in_disorder(const CdpWord *a, const CdpWord *b)
{
	if (a->len != b->len || a->letters != b->letters || a->len < 5 || a->len > CDP_MAX_JARO || a->s[0] != b->s[0])
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
next_consonant(const CdpWord *word, int32_t *at)
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
same_but_for_vowels(const CdpWord *a, const CdpWord *b)
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
bool
cdp_close_spelling(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	int32_t		shorter = cdp_shorter(a, b);

	if (shorter < 3)
		return false;
	if (a->sound != 0 && a->sound == b->sound)
		return true;
	if (a->s[0] == b->s[0] && memcmp(a->s, b->s, (size_t) shorter * sizeof(uint32_t)) == 0)
		return true;
	if (cdp_within(work, a, b, shorter < 6 ? 1 : 2))
		return shorter > 3 || a->s[0] == b->s[0];
	return shorter > 3 && (cdp_jaro_winkler_reaches(work, a, b, 0.9) || in_disorder(a, b) || same_but_for_vowels(a, b));
}

/* Is half of the letters right, and there are three at least? What is read by a machine or taken down by ear differs like that. */
bool
cdp_half_alike(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	return cdp_shorter(a, b) >= 3 && cdp_within(work, a, b, (a->len > b->len ? a->len : b->len) / 2);
}

static CdpGrade
grade_words(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	if (cdp_same_word(a, b))
		return CDP_GRADE_EXACT;
	if (cdp_share_group(a, b))
		return CDP_GRADE_NICKNAME;
	if (cdp_close_spelling(work, a, b))
		return CDP_GRADE_CLOSE;
	return cdp_is_initial(a, b) ? CDP_GRADE_INITIAL : CDP_GRADE_ELSE;
}

/*
 * Gives each word of the side with fewer the word of the other that it agrees with best,
 * each once. *least is the grade of the worst, *best that of the best.
 */
static void
match_words(CdpWork *work, const CdpWord *few, int n_few, const CdpWord *many, int n_many, CdpGrade *least, CdpGrade *best)
{
	uint8_t		grades[CDP_MAX_WORDS][CDP_MAX_WORDS];
	bool		given[CDP_MAX_WORDS] = {false},
				taken[CDP_MAX_WORDS] = {false};
	int			matched = 0;

	*least = CDP_GRADE_EXACT;
	*best = CDP_GRADE_ELSE;
	for (int i = 0; i < n_few; i++)
		for (int j = 0; j < n_many; j++)
			grades[i][j] = grade_words(work, &few[i], &many[j]);
	for (CdpGrade grade = CDP_GRADE_EXACT; grade > CDP_GRADE_ELSE; grade--)
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
		*least = CDP_GRADE_ELSE;
}

static int
level_of_grade(CdpGrade grade)
{
	switch (grade)
	{
		case CDP_GRADE_EXACT:
			return NAME_EXACT;
		case CDP_GRADE_NICKNAME:
			return NAME_NICKNAME;
		case CDP_GRADE_CLOSE:
			return NAME_CLOSE;
		case CDP_GRADE_INITIAL:
			return NAME_INITIAL;
		case CDP_GRADE_ELSE:
			break;
	}
	return NAME_ELSE;
}

/* A name of one word, or of several such as a full name: then all words of one count. */
int
cdp_name_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpNameForm *a = cdp_name_form(x);
	const CdpNameForm *b = cdp_name_form(y);
	const CdpWord *of_a,
			   *of_b;
	int			na,
				nb;
	CdpGrade	least,
				best,
				other;

	if (cdp_unlike(x->sketch, y->sketch, false))
		return NAME_ELSE;
	of_a = cdp_name_words(a, &na);
	of_b = cdp_name_words(b, &nb);
	if (na == 1 && nb == 1)
		return level_of_grade(grade_words(work, of_a, of_b));
	if (cdp_share_group(&a->whole, &b->whole))
		return NAME_NICKNAME;
	if (cdp_shorter(&a->whole, &b->whole) >= 4 && cdp_nearly_same(work, &a->whole, &b->whole))
		return NAME_CLOSE;
	if (na <= nb)
		match_words(work, of_a, na, of_b, nb, &least, &best);
	else
		match_words(work, of_b, nb, of_a, na, &least, &best);
	if (na == nb && best > CDP_GRADE_ELSE)
	{
		match_words(work, of_b, nb, of_a, na, &other, &best);
		if (other < least)
			least = other;
	}
	/* all words of a name of several: in another order or with more between them at best */
	if (na > 1 && nb > 1 && least > CDP_GRADE_ELSE)
		return least == CDP_GRADE_EXACT ? NAME_CLOSE : level_of_grade(least);
	if (best > CDP_GRADE_INITIAL)
		return NAME_PART;
	return cdp_is_initial(of_a, of_b) ? NAME_INITIAL : NAME_ELSE;
}

bool
cdp_share_nickname(const CdpValue *a, const CdpValue *b)
{
	return cdp_present(a) && cdp_present(b) && !cdp_same_value(a, b) &&
		cdp_share_group(&cdp_name_form(a)->whole, &cdp_name_form(b)->whole);
}
