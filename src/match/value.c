/*
 * value.c
 *	  What prepared values are made of: memory, words with their sketches, and distances of
 *	  words with a bound.
 *
 * Two values that are not alike are by far the most, and comparing them must be quick:
 * before any distance is computed the lengths and the sets of letters bound it from
 * below (each letter that only one side has costs an edit; the same bound limits the
 * matches that Jaro counts). The least of that, the sketch, stands in the value itself,
 * so that most pairs of names, cities and mailboxes are told apart without a look at
 * their forms: memory is slower than any of this. A sketch may only say that values are
 * certainly not alike. Distances are asked for with their bound, 1 or 2; 1 needs no table
 * at all.
 */
#include "match/value.h"

#include <stdlib.h>

#define FIRST_CHUNK 1024
#define MAX_CHUNK (1024 * 1024)

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

void *
cdp_arena_take(CdpWork *work, CdpArena *arena, size_t size)
{
	void	   *got = cdp_arena_get(arena, size);

	if (got == NULL)
		work->problem = CDP_NO_MEMORY;
	return got;
}

/* Gives back what is left of the piece that was taken last; it had room for so many characters. */
void
cdp_arena_keep_chars(CdpArena *arena, size_t room, size_t used)
{
	size_t		unused = (((room * sizeof(uint32_t) + 7) & ~(size_t) 7) - ((used * sizeof(uint32_t) + 7) & ~(size_t) 7));

	arena->free -= unused;
	arena->left += unused;
}

/*
 * Words
 */

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

uint32_t
cdp_hash_chars(const uint32_t *s, int32_t len)
{
	uint32_t	hash = UINT32_C(2166136261);

	for (int32_t i = 0; i < len; i++)
		hash = (hash ^ s[i]) * UINT32_C(16777619);
	return hash;
}

CdpWord
cdp_word_make(const uint32_t *s, int32_t len)
{
	CdpWord		word = {.s = s, .len = len < CDP_MAX_FORM ? len : CDP_MAX_FORM, .plain = true};

	word.hash = cdp_hash_chars(s, len);
	for (int32_t i = 0; i < word.len; i++)
	{
		word.letters |= letter_bit(s[i]);
		word.plain &= !cdp_is_digit(s[i]);
	}
	return word;
}

/* The next word of a text from *at on; false at its end. */
bool
cdp_word_next(const uint32_t *s, int32_t len, int32_t *at, const uint32_t **word, int32_t *n)
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
bool
cdp_is_listed(const char *list, const uint32_t *s, int32_t len)
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

static inline uint64_t
sketch_bit(uint32_t c)
{
	if (c >= 'a' && c <= 'z')
		return UINT64_C(1) << (c - 'a');
	if (c >= '0' && c <= '9')
		return UINT64_C(1) << (c - '0' + 26);
	return UINT64_C(1) << (c % CDP_SKETCH_CHARS);
}

/* sound: any hash, equal for words that are alike in another way than by their characters; 0: none */
uint64_t
cdp_word_sketch(const CdpWord *word, uint32_t sound)
{
	uint64_t	sketch = CDP_SKETCHED;

	if (word->len < 1 || word->len > CDP_MAX_SKETCHED)
		return 0;
	for (int32_t i = 0; i < word->len; i++)
		sketch |= sketch_bit(word->s[i]);
	sketch |= (uint64_t) word->len << CDP_SKETCH_CHARS | (uint64_t) (word->s[0] & 15) << 43;
	if (sound != 0)
		sketch |= (uint64_t) (sound * UINT32_C(2654435769) >> 24 | 1) << 47;
	for (int i = 0; i < word->n_groups; i++)
		sketch |= UINT64_C(1) << (55 + word->groups[i] % 8);
	return sketch;
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
bool
cdp_within(CdpWork *work, const CdpWord *a, const CdpWord *b, int edits)
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
bool
cdp_jaro_winkler_reaches(CdpWork *work, const CdpWord *a, const CdpWord *b, double least)
{
	int32_t		na = a->len,
				nb = b->len;
	int32_t		matches,
				other,
				prefix = 0;
	double		needed;

	if (na > CDP_MAX_JARO || nb > CDP_MAX_JARO || na == 0 || nb == 0)
		return false;
	while (prefix < 4 && prefix < na && prefix < nb && a->s[prefix] == b->s[prefix])
		prefix++;
	/* (m/na + m/nb + 1) / 3 is the most that m matches can give */
	needed = 3 * (least - 0.1 * prefix) / (1 - 0.1 * prefix) - 1;
	matches = na - cdp_count_bits(a->letters & ~b->letters);
	other = nb - cdp_count_bits(b->letters & ~a->letters);
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
int
cdp_common_words(CdpWork *work, const CdpWord *a, int na, const CdpWord *b, int nb,
				 bool (*alike) (CdpWork *work, const CdpWord *a, const CdpWord *b))
{
	int			count[2] = {0, 0};

	for (int turn = 0; turn < 2; turn++)
	{
		const CdpWord *few = turn ? b : a,
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
