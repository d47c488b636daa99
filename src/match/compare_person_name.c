/*
 * compare_person_name.c
 *	  How the names of two people agree, given and family name together.
 *
 * The two are one comparison, since they depend on each other: names follow origin, and
 * they get exchanged. Each is graded alone, and the two grades make the level. Where one is
 * missing the levels are a class of their own. A record without a name may have a mailbox
 * in place of the family name: compare_mailbox.c tells those levels.
 */
#include "match/value.h"

/* inputs that are there, or agree exactly */
#define GIVEN 1
#define FAMILY 2
#define BOTH 3

#define MIN_SHORTENED 3		/* letters */

static const CdpLevel person_name_levels[] = {
	[CDP_NAMES_EXACT - 1] = {"exact", "same given and family name", BOTH, BOTH, 0.70, 0.00003},
	[CDP_NAMES_SWAPPED - 1] = {"swapped", "given and family name exchanged", BOTH, 0, 0.01, 0.000003},
	[CDP_NAMES_NICKNAME_EXACT - 1] = {"nickname_exact", "short forms of one given name, same family name", BOTH, FAMILY, 0.04, 0.00001},
	[CDP_NAMES_CLOSE_EXACT - 1] = {"close_exact", "given name nearly the same, same family name", BOTH, FAMILY, 0.07, 0.00002},
	[CDP_NAMES_INITIAL_EXACT - 1] = {"initial_exact", "given name agrees with an initial, same family name", BOTH, FAMILY, 0.02, 0.000005},
	[CDP_NAMES_EXACT_CLOSE - 1] = {"exact_close", "same given name, family name nearly the same", BOTH, GIVEN, 0.05, 0.00003},
	[CDP_NAMES_BOTH_CLOSE - 1] = {"both_close", "given and family name nearly the same", BOTH, 0, 0.015, 0.00004},
	[CDP_NAMES_EXACT_ELSE - 1] = {"exact_else", "same given name, another family name", BOTH, GIVEN, 0.04, 0.005},
	[CDP_NAMES_CLOSE_ELSE - 1] = {"close_else", "given name nearly the same, another family name", BOTH, 0, 0.01, 0.012},
	[CDP_NAMES_SIMILAR_EXACT - 1] = {"similar_exact", "given name similar in half of its letters or shortened, same family name", BOTH, FAMILY, 0.01, 0.00008},
	[CDP_NAMES_ELSE_EXACT - 1] = {"else_exact", "another given name, same family name", BOTH, FAMILY, 0.01, 0.002},
	[CDP_NAMES_ELSE_CLOSE - 1] = {"else_close", "another given name, family name nearly the same", BOTH, 0, 0.005, 0.0025},
	[CDP_NAMES_ELSE - 1] = {"else", "other given and family names", BOTH, 0, 0.02, 0.978282},
	[CDP_FAMILY_EXACT - 1] = {"family_exact", "same family name, a given name is missing", FAMILY, FAMILY, 0.85, 0.002},
	[CDP_FAMILY_CLOSE - 1] = {"family_close", "family name nearly the same, a given name is missing", FAMILY, 0, 0.09, 0.0025},
	[CDP_FAMILY_MISPLACED - 1] = {"family_misplaced", "the only name of one, its family name, is the given name of the other", FAMILY, 0, 0.005, 0.0003},
	[CDP_FAMILY_ELSE - 1] = {"family_else", "other family names, a given name is missing", FAMILY, 0, 0.055, 0.9952},
	[CDP_GIVEN_EXACT - 1] = {"given_exact", "same given name, a family name is missing", GIVEN, GIVEN, 0.80, 0.005},
	[CDP_GIVEN_CLOSE - 1] = {"given_close", "given name nearly the same, a short form or an initial, a family name is missing", GIVEN, 0, 0.12, 0.012},
	[CDP_GIVEN_MISPLACED - 1] = {"misplaced", "the only name of one, its given name, is the family name of the other", GIVEN, 0, 0.02, 0.0003},
	[CDP_GIVEN_ELSE - 1] = {"given_else", "other given names, a family name is missing", GIVEN, 0, 0.06, 0.9827},
	[CDP_MAIL_EXACT - 1] = {"mail_exact", "the mailbox of one spells given and family name of the other", CDP_SPELLED, BOTH, 0.34, 0.000004},
	[CDP_MAIL_INITIAL_EXACT - 1] = {"mail_initial_exact", "the mailbox of one spells initial and family name of the other", CDP_SPELLED, FAMILY, 0.24, 0.00007},
	[CDP_MAIL_NEAR_EXACT - 1] = {"mail_near_exact", "the mailbox of one spells the family name of the other and nearly the given name", CDP_SPELLED, FAMILY, 0.05, 0.00001},
	[CDP_MAIL_EXACT_NEAR - 1] = {"mail_exact_near", "the mailbox of one spells the given name of the other and the beginning of the family name", CDP_SPELLED, GIVEN, 0.08, 0.0003},
	[CDP_MAIL_NEAR - 1] = {"mail_near", "the mailbox of one nearly spells the name of the other", CDP_SPELLED, 0, 0.02, 0.00003},
	[CDP_MAIL_NONE_EXACT - 1] = {"mail_none_exact", "the mailbox of one spells the family name of the other and no more", CDP_SPELLED, FAMILY, 0.03, 0.0002},
	[CDP_MAIL_EXACT_NONE - 1] = {"mail_exact_none", "the mailbox of one spells the given name of the other and no more", CDP_SPELLED, GIVEN, 0.04, 0.001},
	[CDP_MAIL_ELSE_EXACT - 1] = {"mail_else_exact", "the mailbox of one spells the family name of the other with another given name", CDP_SPELLED, FAMILY, 0.01, 0.0015},
	[CDP_MAIL_EXACT_ELSE - 1] = {"mail_exact_else", "the mailbox of one spells the given name of the other with something else", CDP_SPELLED, GIVEN, 0.03, 0.003},
	[CDP_MAIL_ELSE - 1] = {"mail_else", "the mailbox of one spells something other than the name of the other", CDP_SPELLED, 0, 0.16, 0.993886},
};

const CdpMeasureInfo cdp_person_name_measure = CDP_MEASURE_INFO("person_name", 2, person_name_levels);

bool
cdp_person_name_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, int input, CdpValue *value)
{
	if (input == 0)
		return cdp_name_prepare(work, arena, nicknames, CDP_GIVEN_NAME, value->chars, cdp_form_len(value), value);
	if (cdp_is_mailbox(value))
		return cdp_mailbox_prepare(work, arena, nicknames, value);
	return cdp_name_prepare(work, arena, NULL, CDP_FAMILY_NAME, value->chars, cdp_form_len(value), value);
}

static CdpGrade
grade_given(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpNameForm *a = cdp_name_form(x);
	const CdpNameForm *b = cdp_name_form(y);
	const CdpWord *of_a,
			   *of_b;
	int			na,
				nb;
	bool		nickname = false;

	if (cdp_unlike(x->sketch, y->sketch, false))
		return CDP_GRADE_ELSE;
	of_a = cdp_name_words(a, &na);
	of_b = cdp_name_words(b, &nb);
	if (cdp_same_chars(x->chars, x->len, y->chars, y->len))
		return CDP_GRADE_EXACT;
	if (cdp_share_group(&a->whole, &b->whole))
		return CDP_GRADE_NICKNAME;
	if (cdp_close_spelling(work, &a->whole, &b->whole))
		return CDP_GRADE_CLOSE;
	if (na > 1 || nb > 1)
	{
		/* any of several given names may be the one in use, as it is or in its short form */
		for (int i = 0; i < na; i++)
			for (int j = 0; j < nb; j++)
			{
				if (cdp_same_word(&of_a[i], &of_b[j]) && of_a[i].len > 2)
					return CDP_GRADE_CLOSE;
				nickname |= cdp_share_group(&of_a[i], &of_b[j]);
			}
		if (nickname)
			return CDP_GRADE_NICKNAME;
		if (cdp_same_word(of_a, of_b) || cdp_close_spelling(work, of_a, of_b))
			return of_a->len > 1 ? CDP_GRADE_CLOSE : CDP_GRADE_INITIAL;
	}
	return cdp_is_initial(of_a, of_b) ? CDP_GRADE_INITIAL : CDP_GRADE_ELSE;
}

/* Is one the other with letters left out, but the first: Mhd, Chas, Lizb? */
static bool
is_shortened(const CdpWord *a, const CdpWord *b)
{
	const CdpWord *longer = a->len > b->len ? a : b,
			   *shorter = a->len > b->len ? b : a;
	int32_t		at = 0;

	for (int32_t i = 0; i < longer->len && at < shorter->len; i++)
		at += longer->s[i] == shorter->s[at];
	return at == shorter->len && a->s[0] == b->s[0];
}

/* Not nearly the same, but half alike or an abbreviation: few brothers and sisters have such names. */
static bool
is_similar(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpWord *a = &cdp_name_form(x)->whole;
	const CdpWord *b = &cdp_name_form(y)->whole;

	return cdp_half_alike(work, a, b) || (cdp_shorter(a, b) >= MIN_SHORTENED && is_shortened(a, b));
}

/* a word that two compound names may have in common */
static bool
same_long_word(CdpWork *work, const CdpWord *a, const CdpWord *b)
{
	if (a->len < 3 || b->len < 3)
		return false;
	return cdp_same_word(a, b) || (a->len > 4 && b->len > 4 && cdp_within(work, a, b, 1));
}

static CdpGrade
grade_family(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const CdpNameForm *a = cdp_name_form(x);
	const CdpNameForm *b = cdp_name_form(y);
	const CdpWord *of_a,
			   *of_b;
	int			na,
				nb;

	if (cdp_unlike(x->sketch, y->sketch, false))
		return CDP_GRADE_ELSE;
	if (cdp_same_chars(x->chars, x->len, y->chars, y->len))
		return CDP_GRADE_EXACT;
	if (cdp_same_word(&a->whole, &b->whole) || cdp_close_spelling(work, &a->whole, &b->whole) || cdp_is_initial(&a->whole, &b->whole))
		return CDP_GRADE_CLOSE;
	of_a = cdp_name_words(a, &na);
	of_b = cdp_name_words(b, &nb);
	if ((na > 1 || nb > 1) && cdp_common_words(work, of_a, na, of_b, nb, same_long_word) > 0)
		return CDP_GRADE_CLOSE;
	return CDP_GRADE_ELSE;
}

/* Given and family name exchanged: one of them exactly, the other at least nearly. */
static bool
swapped(CdpWork *work, const CdpValue *const *a, const CdpValue *const *b)
{
	for (int i = 0; i < 2; i++)
		if (!cdp_sketches_differ(a[i]->sketch, b[1 - i]->sketch) && cdp_same_value(a[i], b[1 - i]))
			return cdp_same_value(a[1 - i], b[i]) ||
				cdp_close_spelling(work, &cdp_name_form(a[1 - i])->whole, &cdp_name_form(b[i])->whole);
	return false;
}

int
cdp_person_name_level(CdpWork *work, const CdpValue *const *a, const CdpValue *const *b)
{
	const CdpValue *given_a = cdp_present(a[0]),
			   *given_b = cdp_present(b[0]),
			   *family_a = cdp_present(a[1]),
			   *family_b = cdp_present(b[1]);
	CdpGrade	given,
				family;

	if ((family_a && cdp_is_mailbox(family_a)) || (family_b && cdp_is_mailbox(family_b)))
	{
		bool		mailbox_is_b = family_b && cdp_is_mailbox(family_b);
		const CdpValue *given_name = mailbox_is_b ? given_a : given_b,
				   *family_name = mailbox_is_b ? family_a : family_b;

		if (given_a && given_b)
			return 0;
		if (given_name == NULL || family_name == NULL || cdp_is_mailbox(family_name))
			return 0;
		return cdp_mailbox_level(work, mailbox_is_b ? family_b : family_a, given_name, family_name);
	}
	if (given_a && given_b && family_a && family_b)
	{
		given = grade_given(work, given_a, given_b);
		family = grade_family(work, family_a, family_b);
		if (given == CDP_GRADE_EXACT && family == CDP_GRADE_EXACT)
			return CDP_NAMES_EXACT;
		if (given != CDP_GRADE_EXACT && family != CDP_GRADE_EXACT && swapped(work, a, b))
			return CDP_NAMES_SWAPPED;
		if (family == CDP_GRADE_EXACT)
			return given == CDP_GRADE_NICKNAME ? CDP_NAMES_NICKNAME_EXACT : given == CDP_GRADE_CLOSE ? CDP_NAMES_CLOSE_EXACT :
				given == CDP_GRADE_INITIAL ? CDP_NAMES_INITIAL_EXACT : is_similar(work, given_a, given_b) ? CDP_NAMES_SIMILAR_EXACT : CDP_NAMES_ELSE_EXACT;
		if (given == CDP_GRADE_EXACT)
			return family == CDP_GRADE_CLOSE ? CDP_NAMES_EXACT_CLOSE : CDP_NAMES_EXACT_ELSE;
		if (given == CDP_GRADE_ELSE)
			return family == CDP_GRADE_CLOSE ? CDP_NAMES_ELSE_CLOSE : CDP_NAMES_ELSE;
		return family == CDP_GRADE_CLOSE ? CDP_NAMES_BOTH_CLOSE : CDP_NAMES_CLOSE_ELSE;
	}
	if (family_a && family_b)
	{
		family = grade_family(work, family_a, family_b);
		if (family == CDP_GRADE_EXACT)
			return CDP_FAMILY_EXACT;
		if ((given_a && cdp_same_value(given_a, family_b)) || (given_b && cdp_same_value(given_b, family_a)))
			return CDP_FAMILY_MISPLACED;
		return family == CDP_GRADE_CLOSE ? CDP_FAMILY_CLOSE : CDP_FAMILY_ELSE;
	}
	if (given_a && given_b)
	{
		given = grade_given(work, given_a, given_b);
		if (given == CDP_GRADE_EXACT)
			return CDP_GIVEN_EXACT;
		if ((family_a && cdp_same_value(family_a, given_b)) || (family_b && cdp_same_value(family_b, given_a)))
			return CDP_GIVEN_MISPLACED;
		return given == CDP_GRADE_ELSE ? CDP_GIVEN_ELSE : CDP_GIVEN_CLOSE;
	}
	return 0;
}
