/*
 * fold.c
 *	  Unicode work that all normalisers share: tidying for display, folding for
 *	  matching.
 *
 * Tidying keeps what a person reads: NFC, white space of every script collapsed
 * to single spaces and trimmed, control, format, bidirectional and other
 * invisible characters removed, full-width Latin in its usual width. Folding keeps what matters for comparing: any
 * script to Latin, Latin to ASCII, case folded, marks and punctuation gone, words
 * apart by one space. Letters that ICU cannot bring to Latin stay as they are
 * (case folded), so that a name in a rare script still has a key.
 *
 * ASCII input, by far the most, takes a path of its own that touches no ICU;
 * folding also has one for ASCII mixed with Latin letters with marks, and keeps
 * the folded form of words that it saw lately. They must give exactly what the ICU
 * path gives: CDP_FOLD_ICU forces the latter so that tests can compare the two.
 *
 * Idempotence of folding: the ASCII path maps [a-z0-9 ] to itself. When letters
 * outside ASCII remain, the fold is repeated until nothing changes; if that does
 * not come to rest in a few rounds, the remaining letters are dropped.
 *
 * Memory: transliterator, normalizers and the UTF-16 work buffers live as long
 * as the process and are opened once. Transliterators edit in the middle of the
 * text, which is quadratic in its length, so text is handed to them a word, and
 * at most 128 characters, at a time.
 */
#include "clean/value.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#define CHUNK_CHARS 128
#define FOLD_ROUNDS 4
#define MAX_MARKS 30				/* as in Unicode's stream-safe text */

const char	cdp_reason_placeholder[] = "placeholder";
const char	cdp_reason_too_long[] = "too long";
const char	cdp_reason_invalid[] = "invalid characters";

typedef struct WideBuf
{
	UChar	   *data;
	int32_t		len;
	int32_t		cap;
} WideBuf;

static WideBuf wide_in,
			wide_mid,
			wide_out;

bool
cdp_buf_reserve(CdpBuf *buf, size_t more)
{
	size_t		cap = buf->cap ? buf->cap : 256;
	char	   *data;

	if (buf->failed)
		return false;
	if (buf->len + more <= buf->cap)
		return true;
	while (cap < buf->len + more)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (data == NULL)
	{
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void
cdp_buf_free(CdpBuf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

static bool
wide_reserve(WideBuf *buf, int32_t cap)
{
	UChar	   *data;

	if (cap <= buf->cap)
		return true;
	data = realloc(buf->data, (size_t) cap * sizeof(UChar));
	if (data == NULL)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

/* After a very long value: give its memory back. */
static void
wide_shrink(WideBuf *buf)
{
	if (buf->cap > 1024 * 1024)
	{
		free(buf->data);
		memset(buf, 0, sizeof(*buf));
	}
}

bool
cdp_is_ascii(const char *s, size_t len)
{
	size_t		i = 0;

	for (; i + 8 <= len; i += 8)
	{
		uint64_t	word;

		memcpy(&word, s + i, 8);
		if (word & UINT64_C(0x8080808080808080))
			return false;
	}
	for (; i < len; i++)
		if ((unsigned char) s[i] & 0x80)
			return false;
	return true;
}

/* Well-formed UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF. */
bool
cdp_utf8_valid(const char *str, size_t len)
{
	const unsigned char *s = (const unsigned char *) str;
	size_t		i = 0;

	while (i < len)
	{
		unsigned char c = s[i];
		int			more;

		if (c < 0x80)
		{
			i++;
			continue;
		}
		if (c >= 0xC2 && c <= 0xDF)
			more = 1;
		else if (c >= 0xE0 && c <= 0xEF)
			more = 2;
		else if (c >= 0xF0 && c <= 0xF4)
			more = 3;
		else
			return false;
		if (len - i <= (size_t) more)
			return false;
		for (int k = 1; k <= more; k++)
			if ((s[i + k] & 0xC0) != 0x80)
				return false;
		if ((c == 0xE0 && s[i + 1] < 0xA0) || (c == 0xED && s[i + 1] > 0x9F) ||
			(c == 0xF0 && s[i + 1] < 0x90) || (c == 0xF4 && s[i + 1] > 0x8F))
			return false;
		i += more + 1;
	}
	return true;
}

/* Cut ASCII white space and control characters off both ends. */
void
cdp_trim(const char **s, size_t *len)
{
	while (*len > 0 && ((unsigned char) **s <= ' ' || **s == 0x7F))
	{
		(*s)++;
		(*len)--;
	}
	while (*len > 0 && ((unsigned char) (*s)[*len - 1] <= ' ' || (*s)[*len - 1] == 0x7F))
		(*len)--;
}

static const UNormalizer2 *
nfc(void)
{
	static const UNormalizer2 *instance = NULL;
	UErrorCode	err = U_ZERO_ERROR;

	if (instance == NULL)
		instance = unorm2_getNFCInstance(&err);
	return instance;
}

static UTransliterator *
to_ascii(void)
{
	static UTransliterator *instance = NULL;

	if (instance == NULL)
	{
		static const UChar id[] = u"NFKC; Any-Latin; NFKD; [:Mn:] Remove; Latin-ASCII; NFKC";
		UErrorCode	err = U_ZERO_ERROR;

		instance = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &err);
	}
	return instance;
}

/* Valid UTF-8 to UTF-16 */
static bool
widen(const char *in, size_t len, WideBuf *out)
{
	UErrorCode	err = U_ZERO_ERROR;

	if (len > INT32_MAX / 8 || !wide_reserve(out, (int32_t) len + 1))
		return false;
	u_strFromUTF8(out->data, out->cap, &out->len, in, (int32_t) len, &err);
	return U_SUCCESS(err);
}

static bool
narrow(const UChar *in, int32_t len, CdpBuf *out)
{
	UErrorCode	err = U_ZERO_ERROR;
	int32_t		written = 0;

	if (!cdp_buf_reserve(out, (size_t) len * 3 + 1))
		return false;
	u_strToUTF8(out->data + out->len, (int32_t) (out->cap - out->len), &written, in, len, &err);
	if (U_FAILURE(err))
		return false;
	out->len += written;
	return true;
}

static bool
normalize_nfc(const WideBuf *in, WideBuf *out)
{
	UErrorCode	err = U_ZERO_ERROR;

	if (nfc() == NULL || !wide_reserve(out, in->len * 3 + 16))
		return false;
	out->len = unorm2_normalize(nfc(), in->data, in->len, out->data, out->cap, &err);
	return U_SUCCESS(err);
}

/* Controls and everything that is not there to be seen. */
static bool
is_invisible(UChar32 c)
{
	int8_t		type;

	if (c < 0x80)
		return c < 0x20 || c == 0x7F;
	type = u_charType(c);
	return type == U_CONTROL_CHAR || type == U_FORMAT_CHAR ||
		u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

static UChar32
plain_punctuation(UChar32 c)
{
	switch (c)
	{
		case 0x00B4:
		case 0x02B9:
		case 0x02BB:
		case 0x02BC:
		case 0x02BD:
		case 0x02C8:
		case 0x0374:
		case 0x055A:
		case 0x2018:
		case 0x2019:
		case 0x201A:
		case 0x201B:
		case 0x2032:
		case 0x2035:
		case 0xFF07:
		case 0xFF40:
		case '`':
			return '\'';
		case 0x058A:
		case 0x05BE:
		case 0x2010:
		case 0x2011:
		case 0x2012:
		case 0x2013:
		case 0x2014:
		case 0x2015:
		case 0x2043:
		case 0x2212:
		case 0xFE58:
		case 0xFE63:
		case 0xFF0D:
			return '-';
		default:
			return c;
	}
}

static const char *
tidy_ascii(const char *in, size_t len, size_t max_chars, unsigned flags, CdpBuf *out)
{
	char	   *to;
	char	   *start;
	bool		pending = false;

	if (!cdp_buf_reserve(out, len + 1))
		return NULL;
	start = to = out->data + out->len;
	for (size_t i = 0; i < len; i++)
	{
		char		c = in[i];

		if (cdp_is_space(c))
		{
			pending = true;
			continue;
		}
		if ((unsigned char) c < 0x20 || c == 0x7F)
			continue;
		if (c == '`' && (flags & CDP_TIDY_PUNCT))
			c = '\'';
		if (pending && to > start)
			*to++ = ' ';
		pending = false;
		*to++ = c;
	}
	out->len += to - start;
	return (size_t) (to - start) > max_chars ? cdp_reason_too_long : NULL;
}

/*
 * More marks on one letter than any language has: putting them in order takes time
 * quadratic in their number.
 */
static bool
has_too_many_marks(const char *s, size_t len)
{
	int			run = 0;

	for (size_t i = 0; i < len;)
	{
		UChar32		c;

		U8_NEXT(s, i, len, c);
		run = c >= 0x300 && u_getCombiningClass(c) != 0 ? run + 1 : 0;
		if (run > MAX_MARKS)
			return true;
	}
	return false;
}

static const char *
tidy_icu(const char *in, size_t len, size_t max_chars, unsigned flags, CdpBuf *out)
{
	size_t		chars = 0;
	bool		pending = false;
	int32_t		n = 0;

	if (!widen(in, len, &wide_in) || !normalize_nfc(&wide_in, &wide_mid) ||
		!wide_reserve(&wide_in, wide_mid.len * 2 + 2))
	{
		out->failed = true;
		return NULL;
	}
	for (int32_t i = 0; i < wide_mid.len;)
	{
		UChar32		c;

		U16_NEXT(wide_mid.data, i, wide_mid.len, c);
		if (u_isUWhiteSpace(c))
		{
			pending = true;
			continue;
		}
		if (is_invisible(c))
			continue;
		if (c >= 0xFF01 && c <= 0xFF5E)
			c -= 0xFEE0;		/* full-width forms of ASCII */
		if (flags & CDP_TIDY_PUNCT)
			c = plain_punctuation(c);
		if (pending && n > 0)
			wide_in.data[n++] = ' ';
		pending = false;
		U16_APPEND_UNSAFE(wide_in.data, n, c);
	}
	wide_in.len = n;

	/* what was removed may have stood between a letter and its mark */
	if (!normalize_nfc(&wide_in, &wide_mid) || !narrow(wide_mid.data, wide_mid.len, out))
	{
		out->failed = true;
		return NULL;
	}
	chars = u_countChar32(wide_mid.data, wide_mid.len);
	wide_shrink(&wide_in);
	wide_shrink(&wide_mid);
	return chars > max_chars ? cdp_reason_too_long : NULL;
}

/*
 * The tidied form of a value; out is reset first. Gives "too long" when it has more
 * than max_chars characters, "invalid characters" when it is not UTF-8 or heaps
 * marks on a letter.
 */
const char *
cdp_tidy(const char *in, size_t len, size_t max_chars, unsigned flags, CdpBuf *out)
{
	cdp_buf_reset(out);
	cdp_trim(&in, &len);
	if (len > max_chars * 4 + 64)
		return cdp_reason_too_long;
	if (!(flags & CDP_FOLD_ICU) && cdp_is_ascii(in, len))
		return tidy_ascii(in, len, max_chars, flags, out);
	if (!cdp_utf8_valid(in, len) || has_too_many_marks(in, len))
		return cdp_reason_invalid;
	return tidy_icu(in, len, max_chars, flags, out);
}

/* What folding does with an ASCII character: keep, drop, or end the word. */
enum
{
	KEEP,
	DROP,
	BREAK
};

static inline int
fold_class(UChar32 c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return KEEP;
	if (c == '\'' || c == '.' || c == '`' || c == 0x7F || (c < 0x20 && !(c >= '\t' && c <= '\r')))
		return DROP;
	return BREAK;
}

static void
fold_ascii(const char *in, size_t len, CdpBuf *out)
{
	char	   *to;
	char	   *start;
	bool		pending = false;

	if (!cdp_buf_reserve(out, len + 1))
		return;
	start = to = out->data + out->len;
	for (size_t i = 0; i < len; i++)
	{
		char		c = cdp_to_lower(in[i]);

		switch (fold_class((unsigned char) c))
		{
			case KEEP:
				if (pending && to > start)
					*to++ = ' ';
				pending = false;
				*to++ = c;
				break;
			case BREAK:
				pending = true;
				break;
		}
	}
	out->len += to - start;
}

/* Transliterate wide_mid (one chunk) in place, growing it as needed. */
static bool
transliterate(void)
{
	UTransliterator *trans = to_ascii();
	int32_t		len = wide_mid.len;

	if (trans == NULL)
		return false;
	for (int32_t cap = len * 8 + 64; cap <= CHUNK_CHARS * 1024; cap *= 4)
	{
		UErrorCode	err = U_ZERO_ERROR;
		int32_t		limit = len;
		int32_t		n = len;

		if (!wide_reserve(&wide_out, cap + 1))
			return false;
		memcpy(wide_out.data, wide_mid.data, (size_t) len * sizeof(UChar));
		utrans_transUChars(trans, wide_out.data, &n, wide_out.cap, 0, &limit, &err);
		if (U_SUCCESS(err))
		{
			wide_out.len = n;
			return true;
		}
		if (err != U_BUFFER_OVERFLOW_ERROR)
			return false;
	}
	return false;
}

static void
put_utf8(CdpBuf *out, UChar32 c)
{
	char		bytes[4];
	int32_t		n = 0;

	U8_APPEND_UNSAFE(bytes, n, c);
	cdp_buf_append(out, bytes, n);
}

/* In the folded form of a piece of text: here ends a word. */
#define WORD_BREAK '\1'

/* Transliterate the piece of text in wide_mid and append its folded form. */
static bool
fold_piece(CdpBuf *out)
{
	if (!transliterate())
		return false;
	for (int32_t i = 0; i < wide_out.len;)
	{
		UChar32		c;
		int			what;

		U16_NEXT(wide_out.data, i, wide_out.len, c);
		c = u_foldCase(c, U_FOLD_CASE_DEFAULT);
		if (c < 0x80)
			what = fold_class(c);
		else if (u_charDigitValue(c) >= 0)
		{
			c = '0' + u_charDigitValue(c);
			what = KEEP;
		}
		else if (u_isalnum(c) || u_charType(c) == U_COMBINING_SPACING_MARK)
			what = KEEP;
		else if (is_invisible(c) || u_charType(c) == U_NON_SPACING_MARK ||
				 u_charType(c) == U_MODIFIER_LETTER || u_charType(c) == U_MODIFIER_SYMBOL ||
				 plain_punctuation(c) == '\'')
			what = DROP;
		else
			what = BREAK;

		if (what == BREAK)
			cdp_buf_put(out, WORD_BREAK);
		else if (what == KEEP)
			put_utf8(out, c);
	}
	return !out->failed;
}

/*
 * Folded pieces that were seen lately: words repeat, and a transliteration costs
 * as much as a thousand look-ups. One slot per hash value; the newest stays.
 */
#define CACHE_SLOTS 4096
#define CACHE_WIDE 24
#define CACHE_BYTES 60

typedef struct CachedPiece
{
	uint16_t	wide_len;
	uint16_t	len;
	UChar		wide[CACHE_WIDE];
	char		folded[CACHE_BYTES];
} CachedPiece;

static CachedPiece *
cache_slot(void)
{
	static CachedPiece *cache = NULL;
	uint32_t	hash = 2166136261u;

	if (wide_mid.len > CACHE_WIDE)
		return NULL;
	if (cache == NULL)
		cache = calloc(CACHE_SLOTS, sizeof(CachedPiece));
	if (cache == NULL)
		return NULL;
	for (int32_t i = 0; i < wide_mid.len; i++)
		hash = (hash ^ wide_mid.data[i]) * 16777619u;
	return &cache[(hash ^ hash >> 15) % CACHE_SLOTS];
}

/* Append folded pieces to the result: breaks become one space between words. */
static void
join_words(const char *piece, size_t len, size_t start, bool *pending, CdpBuf *out)
{
	for (size_t i = 0; i < len; i++)
	{
		if (piece[i] == WORD_BREAK)
		{
			*pending = true;
			continue;
		}
		if (*pending && out->len > start)
			cdp_buf_put(out, ' ');
		*pending = false;
		cdp_buf_put(out, piece[i]);
	}
}

static void
fold_icu(const char *in, size_t len, bool use_cache, CdpBuf *out)
{
	static CdpBuf piece;
	size_t		start = out->len;
	bool		pending = false;

	if (!widen(in, len, &wide_in))
	{
		out->failed = true;
		return;
	}
	for (int32_t at = 0; at < wide_in.len;)
	{
		int32_t		end = at;
		int			chars = 0;
		CachedPiece *slot;

		/* a word with the space before it; a very long one in parts */
		while (end < wide_in.len && chars < CHUNK_CHARS &&
			   !(end > at && u_isUWhiteSpace(wide_in.data[end])))
		{
			U16_FWD_1(wide_in.data, end, wide_in.len);
			chars++;
		}
		/* but never part a letter from its marks within reason */
		while (end < wide_in.len && chars < CHUNK_CHARS * 2 && chars >= CHUNK_CHARS)
		{
			UChar32		c;
			int32_t		next = end;

			U16_NEXT(wide_in.data, next, wide_in.len, c);
			if (!(U_GET_GC_MASK(c) & U_GC_M_MASK))
				break;
			end = next;
			chars++;
		}
		if (!wide_reserve(&wide_mid, (end - at) * 4 + 64))
		{
			out->failed = true;
			return;
		}

		/* white space and invisible characters first: they would keep letters apart */
		wide_mid.len = 0;
		while (at < end)
		{
			UChar32		c;

			U16_NEXT(wide_in.data, at, end, c);
			if (u_isUWhiteSpace(c))
				pending = true;
			else if (!is_invisible(c))
				U16_APPEND_UNSAFE(wide_mid.data, wide_mid.len, c);
		}
		if (wide_mid.len == 0)
			continue;

		slot = use_cache ? cache_slot() : NULL;
		if (slot != NULL && slot->wide_len == wide_mid.len &&
			memcmp(slot->wide, wide_mid.data, wide_mid.len * sizeof(UChar)) == 0)
		{
			join_words(slot->folded, slot->len, start, &pending, out);
			continue;
		}
		cdp_buf_reset(&piece);
		if (!fold_piece(&piece))
		{
			out->failed = true;
			return;
		}
		if (slot != NULL && piece.len <= CACHE_BYTES)
		{
			slot->wide_len = wide_mid.len;
			slot->len = piece.len;
			memcpy(slot->wide, wide_mid.data, wide_mid.len * sizeof(UChar));
			memcpy(slot->folded, piece.data, piece.len);
		}
		join_words(piece.data, piece.len, start, &pending, out);
	}
	wide_shrink(&wide_in);
}

/*
 * The folded forms of single letters with marks, U+0080 to U+024F and U+1E00 to
 * U+1EFF: text of these and ASCII needs no transliterator, as none of them changes
 * its neighbours. Made by the transliterator itself at first use.
 */
#define LATIN_FIRST 0x80
#define LATIN_END 0x250
#define LATIN_MORE 0x1E00
#define LATIN_MORE_END 0x1F00
#define LATIN_LETTERS (LATIN_END - LATIN_FIRST + LATIN_MORE_END - LATIN_MORE)

typedef struct LatinLetter
{
	uint8_t		known;
	uint8_t		len;
	char		folded[6];
} LatinLetter;

static const LatinLetter *
latin_letter(UChar32 c)
{
	static LatinLetter letters[LATIN_LETTERS];
	static CdpBuf piece;
	LatinLetter *letter;

	if (c >= LATIN_FIRST && c < LATIN_END)
		letter = &letters[c - LATIN_FIRST];
	else if (c >= LATIN_MORE && c < LATIN_MORE_END)
		letter = &letters[c - LATIN_MORE + LATIN_END - LATIN_FIRST];
	else
		return NULL;
	if (letter->known)
		return letter->len <= sizeof(letter->folded) ? letter : NULL;

	letter->known = true;
	letter->len = sizeof(letter->folded) + 1;
	cdp_buf_reset(&piece);
	if (!u_isUWhiteSpace(c) && !is_invisible(c))
	{
		if (!wide_reserve(&wide_mid, 4))
			return NULL;
		wide_mid.data[0] = (UChar) c;
		wide_mid.len = 1;
		if (!fold_piece(&piece) || piece.len > sizeof(letter->folded) || !cdp_is_ascii(piece.data, piece.len))
			return NULL;
	}
	else if (u_isUWhiteSpace(c))
		cdp_buf_put(&piece, WORD_BREAK);
	if (piece.failed)
		return NULL;
	if (piece.len > 0)
		memcpy(letter->folded, piece.data, piece.len);
	letter->len = piece.len;
	return letter;
}

/* Valid UTF-8 that may be Latin; false, with out as it was, when it is not. */
static bool
fold_latin(const char *in, size_t len, CdpBuf *out)
{
	size_t		start = out->len;
	bool		pending = false;

	for (size_t i = 0; i < len;)
	{
		if (!((unsigned char) in[i] & 0x80))
		{
			char		c = cdp_to_lower(in[i++]);
			int			what = fold_class((unsigned char) c);

			if (what == BREAK)
				pending = true;
			else if (what == KEEP)
				join_words(&c, 1, start, &pending, out);
		}
		else
		{
			UChar32		c;
			const LatinLetter *letter;

			U8_NEXT(in, i, len, c);
			letter = latin_letter(c);
			if (letter == NULL)
			{
				out->len = start;
				return false;
			}
			join_words(letter->folded, letter->len, start, &pending, out);
		}
	}
	return true;
}

/*
 * The matching form of a value; out is reset first. Empty when nothing is left,
 * when the input is longer than CDP_KEY_MAX_BYTES, or when it is not UTF-8.
 */
void
cdp_fold(const char *in, size_t len, unsigned flags, CdpBuf *out)
{
	static CdpBuf before;

	cdp_buf_reset(out);
	cdp_trim(&in, &len);
	if (len > CDP_KEY_MAX_BYTES)
		return;
	if (!(flags & CDP_FOLD_ICU) && cdp_is_ascii(in, len))
	{
		fold_ascii(in, len, out);
		return;
	}
	if (!cdp_utf8_valid(in, len))
		return;
	if (!(flags & CDP_FOLD_ICU) && fold_latin(in, len, out))
		return;
	fold_icu(in, len, !(flags & CDP_FOLD_ICU), out);
	for (int round = 0; !out->failed && !cdp_is_ascii(out->data, out->len); round++)
	{
		cdp_buf_reset(&before);
		cdp_buf_append(&before, out->data, out->len);
		cdp_buf_reset(out);
		if (round == FOLD_ROUNDS)
		{
			/* does not come to rest: keep what is certain */
			size_t		n = 0;

			for (size_t i = 0; i < before.len; i++)
				if (!((unsigned char) before.data[i] & 0x80))
					before.data[n++] = before.data[i];
			fold_ascii(before.data, n, out);
			break;
		}
		fold_icu(before.data, before.len, !(flags & CDP_FOLD_ICU), out);
		if (out->len > CDP_KEY_MAX_BYTES)
			cdp_buf_reset(out);
		else if (out->len == before.len && memcmp(out->data, before.data, out->len) == 0)
			break;
	}
}

/* A letter of any script? The text is valid UTF-8. */
bool
cdp_has_letter(const char *s, size_t len)
{
	for (size_t i = 0; i < len;)
	{
		UChar32		c;

		if (!((unsigned char) s[i] & 0x80))
		{
			if (cdp_is_alpha(s[i]))
				return true;
			i++;
			continue;
		}
		U8_NEXT(s, i, len, c);
		if (c >= 0 && u_isalpha(c))
			return true;
	}
	return false;
}

/* Simple case mapping of valid UTF-8, NFC again afterwards; out is reset first. */
static void
map_case(const char *in, size_t len, UChar32 (*map) (UChar32), CdpBuf *out)
{
	int32_t		n = 0;

	cdp_buf_reset(out);
	if (!widen(in, len, &wide_in) || !wide_reserve(&wide_mid, wide_in.len * 2 + 2))
	{
		out->failed = true;
		return;
	}
	for (int32_t i = 0; i < wide_in.len;)
	{
		UChar32		c;

		U16_NEXT(wide_in.data, i, wide_in.len, c);
		c = map(c);
		U16_APPEND_UNSAFE(wide_mid.data, n, c);
	}
	wide_mid.len = n;
	if (!normalize_nfc(&wide_mid, &wide_in) || !narrow(wide_in.data, wide_in.len, out))
		out->failed = true;
}

void
cdp_lower(const char *in, size_t len, CdpBuf *out)
{
	if (!cdp_is_ascii(in, len))
	{
		map_case(in, len, u_tolower, out);
		return;
	}
	cdp_buf_reset(out);
	if (!cdp_buf_reserve(out, len))
		return;
	for (size_t i = 0; i < len; i++)
		out->data[i] = cdp_to_lower(in[i]);
	out->len = len;
}

void
cdp_upper(const char *in, size_t len, CdpBuf *out)
{
	if (!cdp_is_ascii(in, len))
	{
		map_case(in, len, u_toupper, out);
		return;
	}
	cdp_buf_reset(out);
	if (!cdp_buf_reserve(out, len))
		return;
	for (size_t i = 0; i < len; i++)
		out->data[i] = cdp_to_upper(in[i]);
	out->len = len;
}

/*
 * Title case for a text that is all upper or all lower case; any other text is
 * copied. A letter is a capital after the start, a space, a hyphen, a dot or other
 * punctuation; after an apostrophe when two letters or more follow (O'Brien, but
 * King's). Mc with three letters more is McDonald's Mc. II, III and IV after
 * another word stay numerals; two letters without a vowel (JD) stay as they are.
 */
void
cdp_title(const char *in, size_t len, CdpBuf *out)
{
	bool		upper = false;
	bool		lower = false;
	bool		fresh = true;
	int32_t		word = 0;
	int32_t		n;

	cdp_buf_reset(out);
	if (cdp_is_ascii(in, len))
	{
		char	   *w;

		for (size_t i = 0; i < len; i++)
		{
			upper |= cdp_is_upper(in[i]);
			lower |= cdp_is_lower(in[i]);
		}
		cdp_buf_append(out, in, len);
		if (upper == lower || out->failed)
			return;
		w = out->data;
		for (size_t i = 0; i < len;)
		{
			size_t		end = i;
			size_t		letters;

			if (!cdp_is_alpha(w[i]))
			{
				i++;
				continue;
			}
			while (end < len && cdp_is_alpha(w[end]))
				end++;
			letters = end - i;

			if (i > 0 && cdp_is_digit(w[i - 1]))
				fresh = false;	/* 2nd, 3rd */
			else if (i > 1 && w[i - 1] == '\'' && cdp_is_alpha(w[i - 2]))
				fresh = letters >= 2;
			else
				fresh = true;

			if (letters == 2 && upper && fresh &&
				!strpbrk((char[]) {w[i], w[i + 1], '\0'}, "AEIOUY"))
				;				/* JD */
			else if (i > 0 && w[i - 1] == ' ' && (end == len || w[end] == ' ' || w[end] == ',') &&
					 ((letters == 2 && cdp_to_upper(w[i]) == 'I' && cdp_to_upper(w[i + 1]) == 'I') ||
					  (letters == 2 && cdp_to_upper(w[i]) == 'I' && cdp_to_upper(w[i + 1]) == 'V') ||
					  (letters == 3 && cdp_to_upper(w[i]) == 'I' && cdp_to_upper(w[i + 1]) == 'I' &&
					   cdp_to_upper(w[i + 2]) == 'I')))
			{
				for (size_t k = i; k < end; k++)
					w[k] = cdp_to_upper(w[k]);
			}
			else
			{
				for (size_t k = i; k < end; k++)
					w[k] = cdp_to_lower(w[k]);
				if (fresh)
					w[i] = cdp_to_upper(w[i]);
				if (fresh && letters >= 5 && w[i] == 'M' && w[i + 1] == 'c')
					w[i + 2] = cdp_to_upper(w[i + 2]);
			}
			i = end;
		}
		return;
	}

	if (!widen(in, len, &wide_in) || !wide_reserve(&wide_mid, wide_in.len * 2 + 2))
	{
		out->failed = true;
		return;
	}
	for (int32_t i = 0; i < wide_in.len;)
	{
		UChar32		c;

		U16_NEXT(wide_in.data, i, wide_in.len, c);
		upper |= u_isupper(c);
		lower |= u_islower(c);
	}
	if (upper == lower)
	{
		cdp_buf_append(out, in, len);
		return;
	}
	n = 0;
	for (int32_t i = 0; i < wide_in.len;)
	{
		UChar32		c;
		int32_t		next = i;

		U16_NEXT(wide_in.data, next, wide_in.len, c);
		if (c == '\'' && word > 0)
		{
			UChar32		after = 0;
			int32_t		look = next;

			/* two letters must follow for a capital */
			if (look < wide_in.len)
				U16_NEXT(wide_in.data, look, wide_in.len, after);
			fresh = false;
			if (u_isalpha(after) && look < wide_in.len)
			{
				U16_NEXT(wide_in.data, look, wide_in.len, after);
				fresh = u_isalpha(after);
			}
		}
		else if (u_isalpha(c))
		{
			c = fresh ? u_totitle(c) : u_tolower(c);
			fresh = false;
			word++;
		}
		else if (!u_isdigit(c) && !(U_GET_GC_MASK(c) & U_GC_M_MASK))
		{
			fresh = true;
			word = 0;
		}
		else if (u_isdigit(c))
			fresh = false;
		U16_APPEND_UNSAFE(wide_mid.data, n, c);
		i = next;
	}
	wide_mid.len = n;
	if (!normalize_nfc(&wide_mid, &wide_in) || !narrow(wide_in.data, wide_in.len, out))
		out->failed = true;
}
