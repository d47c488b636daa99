/*
 * string.h
 *	  The cores of the string measures: code points in, a distance, a similarity
 *	  or a phonetic code out.
 *
 * Nothing here knows PostgreSQL, so that the same cores run in SQL functions, in
 * the scoring engine and in fuzzers. Strings are arrays of code points: decode a
 * value once with cdp_chars_decode and compare it as often as needed.
 *
 * A CdpWork is what a caller keeps between pairs: tables and memory that are used
 * again, so that short strings allocate nothing. It must start zeroed and serves
 * one thread. A core that cannot finish sets problem and gives CDP_BEYOND or 0;
 * the caller looks at problem once afterwards and clears it. Long loops call poll
 * (if set), which may jump out: every core then leaves work fit for the next call.
 */
#ifndef CDP_MATCH_STRING_H
#define CDP_MATCH_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* more characters than this in one text are refused: CDP_TEXT_TOO_LONG */
#define CDP_MAX_CHARS (16 * 1024 * 1024)

/* the distance is greater than the bound, or problem is set */
#define CDP_BEYOND (-1)

typedef enum CdpProblem
{
	CDP_NO_PROBLEM = 0,
	CDP_NO_MEMORY,
	CDP_TEXT_TOO_LONG,
	/* the distance is not known after max_steps */
	CDP_TOO_MANY_STEPS
} CdpProblem;

/* a minute or two; two texts of a million characters always stay below, at 64 cells of the table to a step */
#define CDP_MAX_STEPS (INT64_C(1) << 35)

#define CDP_WORK_SLOTS 6
#define CDP_LOW_CHARS 256
#define CDP_HIGH_SLOTS 128

typedef struct CdpWork
{
	/* bit masks of the characters of one pattern of at most 64: all zero unless dirty */
	uint64_t	low[CDP_LOW_CHARS];
	struct
	{
		uint32_t	character;
		uint64_t	mask;
	}			high[CDP_HIGH_SLOTS];
	bool		dirty;
	bool		has_high;
	CdpProblem	problem;
	int64_t		steps;
	int64_t		max_steps;		/* 0: CDP_MAX_STEPS */
	void	   *slot[CDP_WORK_SLOTS];
	size_t		slot_size[CDP_WORK_SLOTS];
	void		(*poll) (void);
} CdpWork;

/* Code points of a text: kept by its owner, grows, free()d by cdp_chars_free. */
typedef struct CdpChars
{
	uint32_t   *data;
	int32_t		len;
	int32_t		cap;
} CdpChars;

typedef struct CdpKeyed
{
	uint64_t	key;
	uint32_t	at;
} CdpKeyed;

/* chars.c */
extern bool cdp_chars_decode(CdpWork *work, const char *s, size_t len, CdpChars *out);
extern size_t cdp_chars_encode(uint32_t c, char *out);
extern void cdp_chars_free(CdpChars *chars);
extern void *cdp_work_get(CdpWork *work, int slot, size_t n, size_t size);
extern void cdp_work_release(CdpWork *work, size_t keep);
extern void cdp_masks_set(CdpWork *work, const uint32_t *pattern, int32_t len);
extern void cdp_masks_clear(CdpWork *work, const uint32_t *pattern, int32_t len);
extern uint64_t cdp_masks_find_high(const CdpWork *work, uint32_t c);
extern CdpKeyed *cdp_keyed_sort(CdpWork *work, CdpKeyed *keyed, CdpKeyed *spare, size_t n);

static inline uint64_t
cdp_mask(const CdpWork *work, uint32_t c)
{
	if (c < CDP_LOW_CHARS)
		return work->low[c];
	return work->has_high ? cdp_masks_find_high(work, c) : 0;
}

/* How many bits are set; without the processor's own instruction, which not every one has. */
static inline int
cdp_count_bits(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (int) (x * UINT64_C(0x0101010101010101) >> 56);
}

static inline void
cdp_poll(const CdpWork *work)
{
	if (work->poll)
		work->poll();
}

/* distance.c: max < 0 means without a bound */
typedef int32_t (*CdpDistance) (CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max);
extern int32_t cdp_levenshtein(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max);
extern int32_t cdp_osa(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max);
extern int32_t cdp_damerau(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t max);

/* jaro.c */
extern double cdp_jaro(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb);
extern double cdp_jaro_winkler(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, bool long_strings);

/* qgram.c */
typedef enum CdpOverlap
{
	CDP_JACCARD,
	CDP_DICE,
	CDP_COSINE
} CdpOverlap;
extern double cdp_qgram(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t q, CdpOverlap how);

/* tokens.c: with size > 0 the pieces of so many characters take the place of the words */
extern double cdp_token_jaccard(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb, int32_t size);
extern double cdp_token_sort(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb);
extern double cdp_token_set(CdpWork *work, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb);
extern bool cdp_is_white_space(uint32_t c);

/*
 * phonetic.c, double_metaphone.c: the code is left in *code, in memory of work, and
 * its length is returned
 */
typedef int32_t (*CdpPhonetic) (CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code);
extern int32_t cdp_soundex(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code);
extern int32_t cdp_metaphone(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code);
extern int32_t cdp_nysiis(CdpWork *work, const uint32_t *s, int32_t n, uint32_t **code);
typedef struct CdpCode
{
	uint32_t   *data;
	int32_t		len;
} CdpCode;
extern bool cdp_double_metaphone(CdpWork *work, const uint32_t *s, int32_t n, CdpCode *first, CdpCode *second);
extern uint32_t *cdp_phonetic_letters(CdpWork *work, const uint32_t *s, int32_t n, bool decompose, int32_t *count);

#endif
