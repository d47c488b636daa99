/*
 * compare_email.c
 *	  Addresses of mail: the whole, the mailbox (what is before the last @) and the domain, and
 *	  the letters of the mailbox in alphabetical order, which stay the same when the names in
 *	  it change places or other digits are added.
 */
#include "match/value.h"

#include <stdlib.h>

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

const CdpMeasureInfo cdp_email_measure = CDP_MEASURE_INFO("email", 1, email_levels);

/* so many letters of a mailbox are a name rather than initials */
#define MIN_LETTERS 7

typedef struct EmailForm
{
	CdpWord		whole;
	CdpWord		local;			/* all where there is no @ */
	int32_t		at;				/* where the @ is, or the end */
	int32_t		n_letters;		/* of local: a name, whichever way round */
	uint32_t	letters_hash;	/* in alphabetical order */
} EmailForm;

/* The letters of a mailbox in alphabetical order; room for CDP_MAX_FORM. Returns how many. */
static int32_t
sort_letters(const CdpWord *local, uint32_t *letters)
{
	int32_t		n = 0;

	for (int32_t i = 0; i < local->len; i++)
	{
		uint32_t	c = local->s[i];
		int32_t		at = n;

		if (c <= 127 && (c < 'a' || c > 'z'))
			continue;
		/* they are few */
		for (; at > 0 && letters[at - 1] > c; at--)
			letters[at] = letters[at - 1];
		letters[at] = c;
		n++;
	}
	return n;
}

/* Of the mailbox, when the address has one @. */
static uint64_t
sketch_email(const EmailForm *form)
{
	if (form->local.len + 1 >= form->whole.len)
		return 0;
	for (int32_t i = 0; i < form->local.len; i++)
		if (form->local.s[i] == '@')
			return 0;
	return cdp_word_sketch(&form->local, form->n_letters >= MIN_LETTERS ? form->letters_hash | 1 : 0);
}

bool
cdp_email_prepare(CdpWork *work, CdpArena *arena, CdpValue *value)
{
	EmailForm  *form = cdp_arena_take(work, arena, sizeof(EmailForm));
	const uint32_t *s = value->chars;
	uint32_t	letters[CDP_MAX_FORM];

	if (form == NULL)
		return false;
	form->at = value->len;
	for (int32_t i = 0; i < value->len; i++)
		if (s[i] == '@')
			form->at = i;
	form->whole = cdp_word_make(s, value->len);
	form->local = cdp_word_make(s, form->at);
	form->n_letters = sort_letters(&form->local, letters);
	form->letters_hash = cdp_hash_chars(letters, form->n_letters);
	value->extra = (const void *) form;
	value->sketch = sketch_email(form);
	return true;
}

static bool
same_domain(const CdpValue *x, int32_t at_x, const CdpValue *y, int32_t at_y)
{
	return cdp_same_chars(x->chars + at_x, x->len - at_x, y->chars + at_y, y->len - at_y);
}

static bool
same_letters(const EmailForm *a, const EmailForm *b)
{
	uint32_t	x[CDP_MAX_FORM],
				y[CDP_MAX_FORM];

	return a->n_letters >= MIN_LETTERS && a->n_letters == b->n_letters && a->letters_hash == b->letters_hash &&
		cdp_same_chars(x, sort_letters(&a->local, x), y, sort_letters(&b->local, y));
}

int
cdp_email_level(CdpWork *work, const CdpValue *x, const CdpValue *y)
{
	const EmailForm *a = (const EmailForm *) x->extra;
	const EmailForm *b = (const EmailForm *) y->extra;
	int32_t		shorter;

	if (cdp_unlike(x->sketch, y->sketch, true))
		return EMAIL_ELSE;
	shorter = cdp_shorter(&a->local, &b->local);
	if (shorter >= 3 && cdp_same_word(&a->local, &b->local))
		return EMAIL_SAME_LOCAL;
	/* in short mailboxes of one domain two edits make another person's more often than a slip */
	if (shorter >= 4 && same_domain(x, a->at, y, b->at) && cdp_within(work, &a->local, &b->local, shorter < 7 ? 1 : 2))
		return EMAIL_LOCAL_CLOSE;
	if (shorter >= 4 && (cdp_within(work, &a->whole, &b->whole, 2) || cdp_jaro_winkler_reaches(work, &a->local, &b->local, 0.92)))
		return EMAIL_CLOSE;
	return same_letters(a, b) ? EMAIL_SAME_LETTERS : EMAIL_ELSE;
}
