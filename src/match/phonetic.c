/*
 * phonetic.c
 *	  Codes for how a name sounds in English: Soundex, Metaphone, NYSIIS.
 *
 * Soundex is the American one (Russell 1918, as the US National Archives use it: h
 * and w do not part letters of one code). Metaphone is that of Lawrence Philips
 * (Computer Language, December 1990), word by word. NYSIIS is that of the New York
 * State Identification and Intelligence System (Taft 1970), without its cut at six
 * letters.
 *
 * Soundex and Metaphone take letters without their marks (compatibility
 * decomposition, marks dropped), NYSIIS keeps them. Letters that have no ASCII
 * form have no sound here; cdp.name_key brings other scripts to Latin beforehand.
 *
 * Memory: the letters in slot 0 of work, the code in slot 5; both linear.
 */
#include "match/string.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#define SLOT_LETTERS 0
#define SLOT_CODE 5
/* the longest ligatures have three letters; whole phrases in one character are cut */
#define MAX_DECOMPOSED 4
#define SOUNDEX_LENGTH 4
#define POLL_EVERY 65536

/* The characters in capitals, with decompose without marks; count is how many. */
uint32_t *
cdp_phonetic_letters(CdpWork *work, const uint32_t *s, int32_t n, bool decompose, int32_t *count)
{
	uint32_t   *out = cdp_work_get(work, SLOT_LETTERS, (size_t) n * MAX_DECOMPOSED + 1, sizeof(uint32_t));
	UErrorCode	err = U_ZERO_ERROR;
	const UNormalizer2 *nfkd = decompose ? unorm2_getNFKDInstance(&err) : NULL;
	size_t		len = 0;

	*count = 0;
	if (out == NULL)
		return NULL;
	for (int32_t i = 0; i < n; i++)
	{
		uint32_t	c = s[i];
		UChar		parts[32];
		int32_t		got = -1;

		if (i % POLL_EVERY == 0)
			cdp_poll(work);
		if (c < 128)
		{
			out[len++] = c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
			continue;
		}
		if (c > 0x10FFFF)
			continue;
		err = U_ZERO_ERROR;
		if (nfkd != NULL)
			got = unorm2_getDecomposition(nfkd, c, parts, 32, &err);
		if (got < 0 || U_FAILURE(err))
		{
			if (!decompose || !(U_GET_GC_MASK(c) & U_GC_M_MASK))
				out[len++] = u_toupper(c);
			continue;
		}
		for (int32_t j = 0, kept = 0; j < got && kept < MAX_DECOMPOSED;)
		{
			UChar32		part;

			U16_NEXT(parts, j, got, part);
			if (!(U_GET_GC_MASK(part) & U_GC_M_MASK))
			{
				out[len++] = u_toupper(part);
				kept++;
			}
		}
	}
	*count = len;
	return out;
}

static bool
is_letter(uint32_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
one_of(uint32_t c, const char *set)
{
	return c > 0 && c < 128 && strchr(set, (int) c) != NULL;
}

static bool
is_vowel(uint32_t c)
{
	return one_of(c, "AEIOU");
}

/* The digit of a letter, '0' for a vowel and what parts letters like one, 0 for what is not there. */
static char
soundex_digit(uint32_t c)
{
	/*                           ABCDEFGHIJKLMNOPQRSTUVWXYZ, h and w as not there */
	static const char digits[] = "01230120022455012623010202";

	if (c == 'H' || c == 'W')
		return 0;
	if (is_letter(c))
		return digits[c - 'A'];
	/* hyphens, apostrophes, spaces and digits are not there; letters of other scripts part */
	return c >= 128 && u_isalpha(c) ? '0' : 0;
}

int32_t
cdp_soundex(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code)
{
	int32_t		count;
	uint32_t   *in = cdp_phonetic_letters(work, s, n, true, &count);
	uint32_t   *out = in ? cdp_work_get(work, SLOT_CODE, SOUNDEX_LENGTH, sizeof(uint32_t)) : NULL;
	int32_t		i = 0,
				len = 0;
	char		last;

	*code = out;
	while (out != NULL && i < count && cdp_is_white_space(in[i]))
		i++;
	if (out == NULL || i == count)
		return 0;
	last = soundex_digit(in[i]);
	out[len++] = in[i++];
	for (; i < count && len < SOUNDEX_LENGTH; i++)
	{
		char		digit = soundex_digit(in[i]);

		if (digit == 0)
			continue;
		if (digit != '0' && digit != last)
			out[len++] = digit;
		last = digit;
	}
	while (len < SOUNDEX_LENGTH)
		out[len++] = '0';
	return len;
}

/*
 * One word of n > 0 ASCII capitals; out has room for two letters for each. Returns
 * the end of the code.
 */
static uint32_t *
metaphone_word(const uint32_t *w, int32_t n, uint32_t *out)
{
	int32_t		i = 0,
				first;

#define AT(k) ((k) >= 0 && (k) < n ? w[k] : 0)
	/* beginnings of which one letter is not heard */
	if ((w[0] == 'A' && AT(1) == 'E') || (one_of(w[0], "GKP") && AT(1) == 'N') || (w[0] == 'W' && AT(1) == 'R'))
		i = 1;
	else if (w[0] == 'X' && AT(1) != 'H')
	{
		*out++ = 'S';
		i = 1;
	}
	else if (w[0] == 'X')
	{
		*out++ = 'X';
		i = 1;
	}
	else if (w[0] == 'W' && AT(1) == 'H')
	{
		*out++ = 'W';
		i = 2;
	}
	/* where a vowel is heard: at the beginning, also in Aesop */
	first = w[0] == 'A' ? i : 0;
	for (; i < n; i++)
	{
		uint32_t	c = w[i],
					before = AT(i - 1),
					next = AT(i + 1),
					after = AT(i + 2);

		/* a double letter is heard once, as its second */
		if (c == next && c != 'C')
			continue;
		switch (c)
		{
			case 'A':
			case 'E':
			case 'I':
			case 'O':
			case 'U':
				if (i == first)
					*out++ = c;
				break;
			case 'B':
				/* climb */
				if (before != 'M' || next != 0)
					*out++ = c;
				break;
			case 'C':
				if (next == 'I' && after == 'A')
					*out++ = 'X';
				else if (next == 'H')
				{
					/* school, Christine */
					*out++ = before == 'S' || (i == 0 && after != 0 && !is_vowel(after)) ? 'K' : 'X';
					i++;
				}
				else if (!one_of(next, "EIY"))
					*out++ = 'K';
				else if (before != 'S')
					*out++ = 'S';
				break;
			case 'D':
				if (next == 'G' && one_of(after, "EIY"))
				{
					*out++ = 'J';
					i += 2;
				}
				else
					*out++ = 'T';
				break;
			case 'G':
				if (next == 'H')
				{
					/* silent in night, not in ghost */
					if (i == 0 || is_vowel(after))
						*out++ = 'K';
					i++;
				}
				else if (next == 'N' && (after == 0 || (after == 'E' && AT(i + 3) == 'D' && AT(i + 4) == 0)))
					;			/* sign, signed */
				else if (one_of(next, "EIY") && before != 'G')
					*out++ = 'J';
				else
					*out++ = 'K';
				break;
			case 'H':
				/* heard before a vowel, and where no vowel is to be lengthened */
				if (is_vowel(next) || !is_vowel(before))
					*out++ = 'H';
				break;
			case 'K':
				if (before != 'C')
					*out++ = 'K';
				break;
			case 'P':
				*out++ = next == 'H' ? 'F' : 'P';
				i += next == 'H';
				break;
			case 'Q':
				*out++ = 'K';
				break;
			case 'S':
				if (next == 'H')
				{
					*out++ = 'X';
					i++;
				}
				else
					*out++ = next == 'I' && one_of(after, "AO") ? 'X' : 'S';
				break;
			case 'T':
				if (next == 'H')
				{
					*out++ = '0';
					i++;
				}
				else if (next == 'I' && one_of(after, "AO"))
					*out++ = 'X';
				else if (next != 'C' || after != 'H')
					*out++ = 'T';
				break;
			case 'V':
				*out++ = 'F';
				break;
			case 'W':
			case 'Y':
				if (is_vowel(next))
					*out++ = c;
				break;
			case 'X':
				*out++ = 'K';
				*out++ = 'S';
				break;
			case 'Z':
				*out++ = 'S';
				break;
			default:
				/* F J L M N R */
				*out++ = c;
		}
	}
#undef AT
	return out;
}

int32_t
cdp_metaphone(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code)
{
	int32_t		count;
	uint32_t   *in = cdp_phonetic_letters(work, s, n, true, &count);
	uint32_t   *out = in ? cdp_work_get(work, SLOT_CODE, (size_t) count * 2 + 2, sizeof(uint32_t)) : NULL;
	uint32_t   *end = out;

	*code = out;
	for (int32_t i = 0; out != NULL && i < count;)
	{
		int32_t		start = i,
					letters = i;
		uint32_t   *word_end;

		/* the letters of a word move together over what is none */
		for (; i < count && !cdp_is_white_space(in[i]); i++)
			if (is_letter(in[i]))
				in[letters++] = in[i];
		if (letters > start)
		{
			uint32_t   *at = end > out ? end + 1 : end;

			word_end = metaphone_word(in + start, letters - start, at);
			if (word_end > at)
			{
				if (at > end)
					*end = ' ';
				end = word_end;
			}
		}
		i++;
	}
	return end - out;
}

int32_t
cdp_nysiis(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code)
{
	static const uint32_t ff[] = {'F', 'F'};
	int32_t		count;
	uint32_t   *in = cdp_phonetic_letters(work, s, n, false, &count);
	/* a letter becomes at most two, and replacing the beginning does not lengthen it */
	uint32_t   *out = in ? cdp_work_get(work, SLOT_CODE, (size_t) count * 2 + 2, sizeof(uint32_t)) : NULL;
	int32_t		len = 0,
				letters = 0;

	*code = out;
	if (out == NULL)
		return 0;
	for (int32_t i = 0; i < count; i++)
		if (is_letter(in[i]) || (in[i] >= 128 && u_isalpha(in[i])))
			in[letters++] = in[i];
	count = letters;
	if (count == 0)
		return 0;

	/* the beginning */
	if (count >= 3 && in[0] == 'M' && in[1] == 'A' && in[2] == 'C')
		in[1] = 'C';
	else if (count >= 2 && in[0] == 'K' && in[1] == 'N')
	{
		in++;
		count--;
	}
	else if (in[0] == 'K')
		in[0] = 'C';
	else if (count >= 2 && in[0] == 'P' && one_of(in[1], "HF"))
		memcpy(in, ff, sizeof(ff));
	else if (count >= 3 && in[0] == 'S' && in[1] == 'C' && in[2] == 'H')
		in[1] = in[2] = 'S';
	/* the end */
	if (count >= 2)
	{
		uint32_t	a = in[count - 2],
					b = in[count - 1];

		if (b == 'E' && one_of(a, "IE"))
			in[--count - 1] = 'Y';
		else if ((b == 'T' && one_of(a, "DRN")) || (b == 'D' && one_of(a, "RN")))
			in[--count - 1] = 'D';
	}

	out[len++] = in[0];
	for (int32_t i = 1; i < count; i++)
	{
		uint32_t	c = in[i],
					before = in[i - 1],
					next = i + 1 < count ? in[i + 1] : 0,
					after = i + 2 < count ? in[i + 2] : 0;
		uint32_t	to = c,
					twice = 0;

		if (c == 'E' && next == 'V')
		{
			to = 'A';
			twice = 'F';
			i++;
		}
		else if (is_vowel(c))
			to = 'A';
		else if (c == 'Q')
			to = 'G';
		else if (c == 'Z')
			to = 'S';
		else if (c == 'M')
			to = 'N';
		else if (c == 'K')
			to = next == 'N' ? 'N' : 'C';
		else if (c == 'S' && next == 'C' && after == 'H')
		{
			to = twice = 'S';
			i += 2;
		}
		else if (c == 'P' && next == 'H')
		{
			to = 'F';
			i++;
		}
		else if (c == 'H' && (!is_vowel(before) || !is_vowel(next)))
			to = is_vowel(before) ? 'A' : before;
		else if (c == 'W' && is_vowel(before))
			to = 'A';
		if ((twice != 0 ? twice : to) != out[len - 1])
		{
			out[len++] = to;
			if (twice != 0)
				out[len++] = twice;
		}
	}
	if (len > 1 && out[len - 1] == 'S')
		len--;
	if (len > 1 && out[len - 2] == 'A' && out[len - 1] == 'Y')
		out[--len - 1] = 'Y';
	if (len > 1 && out[len - 1] == 'A')
		len--;
	return len;
}
