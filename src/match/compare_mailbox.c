/*
 * compare_mailbox.c
 *	  Names that mailboxes spell.
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
#include "match/value.h"

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

/* Without a sketch: it is not compared as names are. */
bool
cdp_mailbox_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpValue *value)
{
	MailboxForm *form = cdp_arena_take(work, arena, sizeof(MailboxForm));
	const uint32_t *s = value->chars;
	int32_t		len = value->len < MAX_LETTERS ? value->len : MAX_LETTERS;
	uint32_t   *letters;
	int			parted = 0;
	bool		digits = false;

	letters = cdp_arena_take(work, arena, (size_t) len * sizeof(uint32_t));
	if (form == NULL || letters == NULL)
		return false;
	*form = (MailboxForm) {.s = letters, .nicknames = nicknames};
	for (int32_t i = 1; i < len; i++)
	{
		if (is_letter(s[i]))
		{
			parted += digits && form->len > 0;
			digits = false;
			letters[form->len++] = s[i];
		}
		else if (cdp_is_digit(s[i]))
			digits = true;
	}
	if (form->len < MIN_LETTERS || parted > 1)
		form->len = 0;
	value->extra = (const void *) form;
	return true;
}

/* The mailbox of an address, as it stands for the name of a record that has none. */
bool
cdp_mailbox_of(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, const CdpValue *email, CdpValue *out)
{
	uint32_t   *s = cdp_arena_take(work, arena, ((size_t) email->len + 1) * sizeof(uint32_t));
	int32_t		len = 0;

	if (s == NULL)
		return false;
	s[0] = '@';
	while (len < email->len && email->chars[len] != '@')
	{
		s[len + 1] = email->chars[len];
		len++;
	}
	*out = (CdpValue) {.chars = s, .len = len + 1};
	return cdp_mailbox_prepare(work, arena, nicknames, out);
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
take_off(const MailboxForm *mailbox, const Letters *name, bool end, CdpWord *rest)
{
	int32_t		left = mailbox->len - name->len;

	if (name->len == 0 || left < 0 || memcmp(mailbox->s + (end ? left : 0), name->s, (size_t) name->len * sizeof(uint32_t)) != 0)
		return false;
	*rest = cdp_word_make(mailbox->s + (end ? 0 : name->len), left);
	return true;
}

/* how the rest of what is spelled stands for the other name, the best first */
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
spells_a_given_name(CdpWork *work, const CdpNicknames *nicknames, const CdpWord *rest, const CdpNameForm *given)
{
	uint32_t	groups[CDP_MAX_STACK_GROUPS];
	CdpWord		word = *rest;

	word.groups = groups;
	word.n_groups = nicknames ? cdp_nicknames_groups(nicknames, rest->s, rest->len, groups, CDP_MAX_STACK_GROUPS) : 0;
	if (word.n_groups > CDP_MAX_STACK_GROUPS)
		word.n_groups = CDP_MAX_STACK_GROUPS;
	for (int i = -1; i < given->n_words; i++)
	{
		const CdpWord *name = i < 0 ? &given->whole : &given->words[i];

		if (cdp_same_word(&word, name) || cdp_share_group(&word, name) || (rest->len > 3 && name->len > 3 && cdp_within(work, &word, name, 1)))
			return true;
	}
	return false;
}

/* Do letters begin a name that has more? */
static bool
begins(const CdpWord *rest, const Letters *letters)
{
	return rest->len < letters->len && memcmp(rest->s, letters->s, (size_t) rest->len * sizeof(uint32_t)) == 0;
}

/* What is left beside the family name, as the given name. */
static Spelling
spelled_given(CdpWork *work, const MailboxForm *mailbox, const CdpWord *rest, const CdpNameForm *given, const Letters *letters)
{
	if (rest->len == 0)
		return SPELLED_NOTHING;
	if (cdp_same_chars(rest->s, rest->len, letters->s, letters->len))
		return SPELLED_EXACT;
	/* perhaps with that of a second name */
	if (rest->len <= 2 && rest->s[0] == letters->s[0])
		return SPELLED_INITIAL;
	if (begins(rest, letters))
		return SPELLED_NEAR;
	return spells_a_given_name(work, mailbox->nicknames, rest, given) ? SPELLED_NEAR : SPELLED_ELSE;
}

/* What is left beside the given name, as the family name. */
static Spelling
spelled_family(CdpWork *work, const CdpWord *rest, const Letters *letters)
{
	CdpWord		name = cdp_word_make(letters->s, letters->len);

	if (rest->len == 0)
		return SPELLED_NOTHING;
	if (begins(rest, letters))
		return SPELLED_INITIAL;
	return rest->len > 3 && letters->len > 3 && cdp_within(work, rest, &name, 1) ? SPELLED_NEAR : SPELLED_ELSE;
}

/* Nearly: a slip in the family name beside the given name's initial, or part of a family name of several words. */
static bool
nearly_spelled(CdpWork *work, const MailboxForm *mailbox, const CdpNameForm *given, const CdpNameForm *family, const Letters *given_letters,
			   const Letters *family_letters)
{
	CdpWord		name = cdp_word_make(family_letters->s, family_letters->len);
	CdpWord		rest;

	if (family_letters->len > 4 && mailbox->len > 4)
		for (int end = 0; end < 2; end++)
		{
			rest = cdp_word_make(mailbox->s + !end, mailbox->len - 1);
			if (mailbox->s[end ? mailbox->len - 1 : 0] == given_letters->s[0] && cdp_within(work, &rest, &name, 1))
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

/* Of a mailbox, as "@" and its local part, and a whole name; 0 where the mailbox spells nothing. */
int
cdp_mailbox_level(CdpWork *work, const CdpValue *local, const CdpValue *given_name, const CdpValue *family_name)
{
	static const uint8_t beside_family[] = {CDP_MAIL_EXACT, CDP_MAIL_INITIAL_EXACT, CDP_MAIL_NEAR_EXACT, CDP_MAIL_NONE_EXACT, CDP_MAIL_ELSE_EXACT};
	static const uint8_t beside_given[] = {CDP_MAIL_EXACT, CDP_MAIL_EXACT_NEAR, CDP_MAIL_NEAR, CDP_MAIL_EXACT_NONE, CDP_MAIL_EXACT_ELSE};
	const MailboxForm *mailbox = (const MailboxForm *) local->extra;
	const CdpNameForm *given_form = cdp_name_form(given_name);
	const CdpNameForm *family_form = cdp_name_form(family_name);
	Letters		given,
				family,
				core;
	CdpWord		rest;
	int			level = CDP_MAIL_ELSE;

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
	return level > CDP_MAIL_NEAR && nearly_spelled(work, mailbox, given_form, family_form, &given, &family) ? CDP_MAIL_NEAR : level;
}
