/*
 * double_metaphone.c
 *	  Double Metaphone: two codes for how a name may sound, for names of many
 *	  origins in English.
 *
 * The rules are those that Lawrence Philips published (The Double Metaphone
 * Search Algorithm, C/C++ Users Journal, June 2000). The first code is how most
 * Americans say the name, the second how it is said at its origin; where only one
 * is known, both are equal, so that two names may sound alike when their codes
 * overlap. The codes are not cut at four letters.
 *
 * One function per letter with many rules; each says how many characters it used
 * up. A rule looks at the text by at(), in which what follows the text is a
 * space, and what precedes it matches nothing.
 *
 * Memory: letters in slot 0 of work, the codes in slots 4 and 5.
 */
#include "match/string.h"

#define SLOT_TEXT 1
#define SLOT_SECOND 4
#define SLOT_FIRST 5

typedef struct Sound
{
	const uint32_t *w;
	int32_t		n;
	bool		slavic;			/* or Germanic: other rules for g, j, s, z */
	uint32_t   *first;
	uint32_t   *second;
	int32_t		first_len;
	int32_t		second_len;
} Sound;

static uint32_t
letter(const Sound *s, int32_t i)
{
	return i < 0 ? 0 : i < s->n ? s->w[i] : ' ';
}

static bool
vowel(const Sound *s, int32_t i)
{
	uint32_t	c = letter(s, i);

	return c == 'A' || c == 'E' || c == 'I' || c == 'O' || c == 'U' || c == 'Y';
}

/* Does one of the words, parted by |, stand at place i? */
static bool
at(const Sound *s, int32_t i, const char *words)
{
	int32_t		k = i;

	for (const char *p = words;; p++)
	{
		if (*p == '|' || *p == '\0')
			return true;
		if (letter(s, k++) == (unsigned char) *p)
			continue;
		while (*p != '|' && *p != '\0')
			p++;
		if (*p == '\0')
			return false;
		k = i;
	}
}

static void
say2(Sound *s, const char *first, const char *second)
{
	while (*first)
		s->first[s->first_len++] = (unsigned char) *first++;
	while (*second)
		s->second[s->second_len++] = (unsigned char) *second++;
}

static void
say(Sound *s, const char *both)
{
	say2(s, both, both);
}

/* Names that begin like this keep the sounds of Dutch and German. */
static bool
germanic(const Sound *s)
{
	return at(s, 0, "VAN |VON |SCH");
}

static int
sound_ch(Sound *s, int32_t i)
{
	if (i > 0 && at(s, i, "CHAE"))
		say2(s, "K", "X");		/* Michael */
	else if (i == 0 && at(s, 1, "HARAC|HARIS|HOR|HYM|HIA|HEM") && !at(s, 0, "CHORE"))
		say(s, "K");			/* character, chorus */
	else if (germanic(s) || at(s, i - 2, "ORCHES|ARCHIT|ORCHID") || at(s, i + 2, "T|S") ||
			 ((i == 0 || at(s, i - 1, "A|O|U|E")) && at(s, i + 2, "L|R|N|M|B|H|F|V|W| ")))
		say(s, "K");			/* orchestra, Wachtler, Bach */
	else if (i == 0)
		say(s, "X");
	else if (at(s, 0, "MC"))
		say(s, "K");			/* McHugh */
	else
		say2(s, "X", "K");
	return 2;
}

static int
sound_c(Sound *s, int32_t i)
{
	if (i > 1 && !vowel(s, i - 2) && at(s, i - 1, "ACH") && !at(s, i + 2, "I") && (!at(s, i + 2, "E") || at(s, i - 2, "BACHER|MACHER")))
	{
		say(s, "K");			/* Bacher, Macher */
		return 2;
	}
	if (i == 0 && at(s, 0, "CAESAR"))
	{
		say(s, "S");
		return 2;
	}
	if (at(s, i, "CHIA"))
	{
		say(s, "K");			/* Chianti */
		return 2;
	}
	if (at(s, i, "CH"))
		return sound_ch(s, i);
	if (at(s, i, "CZ") && !at(s, i - 2, "WICZ"))
	{
		say2(s, "S", "X");		/* Czerny */
		return 2;
	}
	if (at(s, i + 1, "CIA"))
	{
		say(s, "X");			/* focaccia */
		return 3;
	}
	if (at(s, i, "CC") && !(i == 1 && at(s, 0, "M")))
	{
		if (!at(s, i + 2, "I|E|H") || at(s, i + 2, "HU"))
		{
			say(s, "K");		/* Pecca, bacchus */
			return 2;
		}
		/* accident, success; bellocchio */
		say(s, (i == 1 && at(s, 0, "A")) || at(s, i - 1, "UCCEE|UCCES") ? "KS" : "X");
		return 3;
	}
	if (at(s, i, "CK|CG|CQ"))
	{
		say(s, "K");
		return 2;
	}
	if (at(s, i, "CI|CE|CY"))
	{
		say2(s, "S", at(s, i, "CIO|CIE|CIA") ? "X" : "S");
		return 2;
	}
	say(s, "K");
	if (at(s, i + 1, " C| Q| G"))
		return 3;				/* Mac Caffrey */
	return at(s, i + 1, "C|K|Q") && !at(s, i + 1, "CE|CI") ? 2 : 1;
}

static int
sound_gh(Sound *s, int32_t i)
{
	if (i > 0 && !vowel(s, i - 1))
		say(s, "K");
	else if (i == 0)
		say(s, at(s, 2, "I") ? "J" : "K");	/* Ghislane, ghoul */
	else if (at(s, i - 2, "B|H|D") || at(s, i - 3, "B|H|D") || at(s, i - 4, "B|H"))
		;						/* Hugh, bough, Broughton */
	else if (at(s, i - 1, "U") && at(s, i - 3, "C|G|L|R|T"))
		say(s, "F");			/* laugh, McLaughlin, rough */
	else if (!at(s, i - 1, "I"))
		say(s, "K");
	return 2;
}

static int
sound_g(Sound *s, int32_t i)
{
	if (at(s, i + 1, "H"))
		return sound_gh(s, i);
	if (at(s, i + 1, "N"))
	{
		if (i == 1 && vowel(s, 0) && !s->slavic)
			say2(s, "KN", "N");
		else if (!at(s, i + 2, "EY") && !s->slavic)
			say2(s, "N", "KN");
		else
			say(s, "KN");		/* Cagney */
		return 2;
	}
	if (at(s, i + 1, "LI") && !s->slavic)
	{
		say2(s, "KL", "L");		/* Tagliaro */
		return 2;
	}
	if (i == 0 && at(s, 1, "Y|ES|EP|EB|EL|EY|IB|IL|IN|IE|EI|ER"))
	{
		say2(s, "K", "J");
		return 2;
	}
	if (at(s, i + 1, "ER|Y") && !at(s, 0, "DANGER|RANGER|MANGER") && !at(s, i - 1, "E|I|RGY|OGY"))
	{
		say2(s, "K", "J");
		return 2;
	}
	if (at(s, i + 1, "E|I|Y") || at(s, i - 1, "AGGI|OGGI"))
	{
		if (germanic(s) || at(s, i + 1, "ET"))
			say(s, "K");
		else
			say2(s, "J", at(s, i + 1, "IER ") ? "J" : "K");	/* Biaggi, Rogier */
		return 2;
	}
	say(s, "K");
	return at(s, i + 1, "G") ? 2 : 1;
}

static int
sound_j(Sound *s, int32_t i)
{
	if (at(s, i, "JOSE") || at(s, 0, "SAN "))
	{
		if ((i == 0 && at(s, 4, " ")) || at(s, 0, "SAN "))
			say(s, "H");		/* San Jacinto */
		else
			say2(s, "J", "H");
		return 1;
	}
	if (i == 0)
		say2(s, "J", "A");		/* Yankelovich, Jankelowicz */
	else if (vowel(s, i - 1) && !s->slavic && at(s, i + 1, "A|O"))
		say2(s, "J", "H");		/* bajador */
	else if (i == s->n - 1)
		say2(s, "J", "");
	else if (!at(s, i + 1, "L|T|K|S|N|M|B|Z") && !at(s, i - 1, "S|K|L"))
		say(s, "J");
	return at(s, i + 1, "J") ? 2 : 1;
}

static int
sound_l(Sound *s, int32_t i)
{
	if (!at(s, i + 1, "L"))
	{
		say(s, "L");
		return 1;
	}
	/* cabrillo, gallegos: the Spanish sound is not a consonant */
	if ((i == s->n - 3 && at(s, i - 1, "ILLO|ILLA|ALLE")) ||
		((at(s, s->n - 2, "AS|OS") || at(s, s->n - 1, "A|O")) && at(s, i - 1, "ALLE")))
		say2(s, "L", "");
	else
		say(s, "L");
	return 2;
}

static int
sound_s(Sound *s, int32_t i)
{
	if (at(s, i - 1, "ISL|YSL"))
		return 1;				/* island, Carlysle */
	if (i == 0 && at(s, 0, "SUGAR"))
	{
		say2(s, "X", "S");
		return 1;
	}
	if (at(s, i, "SH"))
	{
		say(s, at(s, i + 1, "HEIM|HOEK|HOLM|HOLZ") ? "S" : "X");
		return 2;
	}
	if (at(s, i, "SIO|SIA"))
	{
		say2(s, "S", s->slavic ? "S" : "X");
		return 3;
	}
	/* Smith and Schmidt, Snider and Schneider; sz in Hungarian and Polish */
	if ((i == 0 && at(s, 1, "M|N|L|W")) || at(s, i + 1, "Z"))
	{
		say2(s, "S", "X");
		return at(s, i + 1, "Z") ? 2 : 1;
	}
	if (at(s, i, "SC"))
	{
		if (at(s, i + 2, "H"))
		{
			if (at(s, i + 3, "ER|EN"))
				say2(s, "X", "SK");	/* Schermerhorn, Schenker */
			else if (at(s, i + 3, "OO|UY|ED|EM"))
				say(s, "SK");	/* school, schooner */
			else
				say2(s, "X", i == 0 && !vowel(s, 3) && !at(s, 3, "W") ? "S" : "X");
		}
		else
			say(s, at(s, i + 2, "I|E|Y") ? "S" : "SK");
		return 3;
	}
	if (i == s->n - 1 && at(s, i - 2, "AI|OI"))
		say2(s, "", "S");		/* Resnais, Artois */
	else
		say(s, "S");
	return at(s, i + 1, "S|Z") ? 2 : 1;
}

static int
sound_t(Sound *s, int32_t i)
{
	if (at(s, i, "TION|TIA|TCH"))
	{
		say(s, "X");
		return 3;
	}
	if (at(s, i, "TH|TTH"))
	{
		if (at(s, i + 2, "OM|AM") || germanic(s))
			say(s, "T");		/* Thomas, Thames */
		else
			say2(s, "0", "T");
		return 2;
	}
	say(s, "T");
	return at(s, i + 1, "T|D") ? 2 : 1;
}

static int
sound_w(Sound *s, int32_t i)
{
	if (at(s, i, "WR"))
	{
		say(s, "R");
		return 2;
	}
	if (i == 0 && (vowel(s, 1) || at(s, 0, "WH")))
		say2(s, "A", vowel(s, 1) ? "F" : "A");	/* Wasserman may be Vasserman */
	if ((i == s->n - 1 && vowel(s, i - 1)) || at(s, i - 1, "EWSKI|EWSKY|OWSKI|OWSKY") || at(s, 0, "SCH"))
	{
		say2(s, "", "F");		/* Arnow, Filipowski */
		return 1;
	}
	if (at(s, i, "WICZ|WITZ"))
	{
		say2(s, "TS", "FX");
		return 4;
	}
	return 1;
}

/* Sounds the letter at i and says how many characters that used up. */
static int
sound(Sound *s, int32_t i)
{
	uint32_t	c = s->w[i];
	char		one[2] = {0, 0};

	switch (c)
	{
		case 'A':
		case 'E':
		case 'I':
		case 'O':
		case 'U':
		case 'Y':
			if (i == 0)
				say(s, "A");
			return 1;
		case 'B':
			say(s, "P");		/* thumb is heard as dumb */
			return at(s, i + 1, "B") ? 2 : 1;
		case 'C':
			return sound_c(s, i);
		case 'D':
			if (at(s, i, "DGI|DGE|DGY"))
			{
				say(s, "J");	/* edge */
				return 3;
			}
			say(s, at(s, i + 1, "G") ? "TK" : "T");	/* Edgar */
			return at(s, i + 1, "G|T|D") ? 2 : 1;
		case 'G':
			return sound_g(s, i);
		case 'H':
			/* heard at the beginning or between vowels */
			if ((i > 0 && !vowel(s, i - 1)) || !vowel(s, i + 1))
				return 1;
			say(s, "H");
			return 2;
		case 'J':
			return sound_j(s, i);
		case 'L':
			return sound_l(s, i);
		case 'M':
			say(s, "M");
			return (at(s, i - 1, "UMB") && (i + 1 == s->n - 1 || at(s, i + 2, "ER"))) || at(s, i + 1, "M") ? 2 : 1;
		case 'P':
			say(s, at(s, i + 1, "H") ? "F" : "P");
			return at(s, i + 1, "H|P|B") ? 2 : 1;
		case 'R':
			/* Rogier, but not Hochmeier */
			if (i == s->n - 1 && !s->slavic && at(s, i - 2, "IE") && !at(s, i - 4, "ME|MA"))
				say2(s, "", "R");
			else
				say(s, "R");
			return at(s, i + 1, "R") ? 2 : 1;
		case 'S':
			return sound_s(s, i);
		case 'T':
			return sound_t(s, i);
		case 'W':
			return sound_w(s, i);
		case 'X':
			/* French: breaux */
			if (i != s->n - 1 || !at(s, i - 2, "AU|OU"))
				say(s, "KS");
			return at(s, i + 1, "C|X") ? 2 : 1;
		case 'Z':
			if (at(s, i + 1, "H"))
			{
				say(s, "J");	/* Zhao */
				return 2;
			}
			say2(s, "S", at(s, i + 1, "ZO|ZI|ZA") || (s->slavic && i > 0 && !at(s, i - 1, "T")) ? "TS" : "S");
			return at(s, i + 1, "Z") ? 2 : 1;
		case 'F':
		case 'K':
		case 'N':
		case 'Q':
		case 'V':
			one[0] = c == 'Q' ? 'K' : c == 'V' ? 'F' : c;
			say(s, one);
			return letter(s, i + 1) == c ? 2 : 1;
		default:
			return 1;
	}
}

/*
 * The codes are left in first and second, in memory of work; false without
 * memory.
 */
bool
cdp_double_metaphone(CdpWork *work, const uint32_t *s, int32_t n, CdpCode *first, CdpCode *second)
{
	Sound		sounds = {0};
	uint32_t   *text = cdp_work_get(work, SLOT_TEXT, (size_t) n + 1, sizeof(uint32_t));
	int32_t		count = 0,
				i = 0;

	*first = *second = (CdpCode) {0};
	if (text == NULL)
		return false;
	/* c with a cedilla is an s, in one character or two; white space around and apostrophes do not count */
	while (n > 0 && cdp_is_white_space(s[n - 1]))
		n--;
	while (n > 0 && cdp_is_white_space(s[0]))
		s++, n--;
	for (int32_t k = 0; k < n; k++)
	{
		bool		cedilla = s[k] == 0xC7 || s[k] == 0xE7 || ((s[k] == 'C' || s[k] == 'c') && k + 1 < n && s[k + 1] == 0x327);

		if (s[k] != '\'' && s[k] != 0x2019 && s[k] != 0x2BC)
			text[count++] = cedilla ? 'S' : s[k];
	}
	sounds.w = cdp_phonetic_letters(work, text, count, true, &sounds.n);
	if (sounds.w == NULL)
		return false;
	sounds.first = cdp_work_get(work, SLOT_FIRST, (size_t) sounds.n * 2 + 2, sizeof(uint32_t));
	sounds.second = sounds.first ? cdp_work_get(work, SLOT_SECOND, (size_t) sounds.n * 2 + 2, sizeof(uint32_t)) : NULL;
	if (sounds.second == NULL)
		return false;

	for (int32_t k = 0; k < sounds.n && !sounds.slavic; k++)
		sounds.slavic = at(&sounds, k, "W|K|CZ");
	if (at(&sounds, 0, "GN|KN|PN|WR|PS"))
		i = 1;
	else if (at(&sounds, 0, "X"))
	{
		say(&sounds, "S");		/* Xavier */
		i = 1;
	}
	while (i < sounds.n)
		i += sound(&sounds, i);
	*first = (CdpCode) {sounds.first, sounds.first_len};
	*second = (CdpCode) {sounds.second, sounds.second_len};
	return true;
}
