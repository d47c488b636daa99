/*
 * compare.h
 *	  Comparisons: from two people's cleaned values to a level of agreement.
 *
 * A measure knows how values of a kind agree: an ordered list of levels, best first,
 * each with a name and words that a person understands. Level 0 is "nothing to
 * compare" (a value is missing) and always weighs nothing; levels are 1 .. n_levels.
 *
 * Nothing here knows PostgreSQL, so that the same code runs in SQL functions, in the
 * threads of the engine and in fuzzers. A value is prepared once (code points and what
 * its measure derives from them) and compared as often as needed; comparing allocates
 * nothing that outlives the call (CdpWork, see string.h). Every measure is symmetric.
 */
#ifndef CDP_MATCH_COMPARE_H
#define CDP_MATCH_COMPARE_H

#include "match/string.h"

#define CDP_MAX_INPUTS 2
#define CDP_MAX_LEVELS 31		/* a level has five bits in a pattern */

typedef enum CdpMeasure
{
	/*
	 * given name and family name together: inputs 0 and 1, either may be missing. Who is
	 * known by a mailbox alone has "@" and its local part in place of the family name.
	 */
	CDP_MEASURE_PERSON_NAME = 0,
	/* one name: middle name, maiden name */
	CDP_MEASURE_NAME,
	CDP_MEASURE_BIRTH_DATE,
	CDP_MEASURE_DATE,
	CDP_MEASURE_EMAIL,
	CDP_MEASURE_PHONE,
	CDP_MEASURE_POSTAL_CODE,
	CDP_MEASURE_STREET,
	CDP_MEASURE_CITY,
	/* gender, state, country: equal or not */
	CDP_MEASURE_CODE,
	CDP_MEASURE_ID,
	CDP_MEASURE_TEXT,
	CDP_MEASURE_NUMBER,
	/* what is behind a name: Sr, Jr, III; equal or not */
	CDP_MEASURE_GENERATION,
	CDP_N_MEASURES,
	/* no measure of ours: somebody else tells the level (CdpComparison.level) */
	CDP_MEASURE_SQL = CDP_N_MEASURES
} CdpMeasure;

/*
 * One level of a measure. Levels with the same missing part form one class (inside a
 * class the probabilities of the levels sum to 1, so that a missing part is no evidence
 * by itself): class is the bit mask of the inputs that are present on both sides.
 */
#define CDP_MOVED 5				/* class: of an address of which another part differs */
#define CDP_SPELLED 4			/* class: a whole name on one side, a mailbox in place of one on the other */

typedef struct CdpLevel
{
	const char *name;			/* 'exact', 'close', ...: unique in its measure */
	const char *words;			/* 'same given and family name' */
	uint8_t		present;		/* the class: bit i = input i is there on both sides */
	uint8_t		frequency;		/* bit i = input i agrees exactly, so its value's frequency adjusts the weight (of CDP_SPELLED: the name's) */
	double		m;				/* documented default: how often two records of one person are here (sums to 1 per class) */
	double		u;				/* the same for two people */
} CdpLevel;

/* A distinct value, prepared for its measure and input. Prepared values are read only. */
typedef struct CdpValue
{
	const uint32_t *chars;		/* the text */
	const uint32_t *extra;		/* what the measure derived from it: its own business */
	uint64_t	sketch;			/* of that in brief, which tells most values apart */
	int32_t		len;
} CdpValue;

typedef struct CdpMeasureInfo
{
	const char *name;			/* 'person_name', 'birth_date', ... as in the table match_comparison */
	int			n_inputs;
	int			n_levels;
	const CdpLevel *levels;		/* levels[0] is level 1 */
} CdpMeasureInfo;

/* nickname.c: which names stand for one another; the built-in list and rows of the user's */
typedef struct CdpNicknames CdpNicknames;
extern CdpNicknames *cdp_nicknames_create(void);
extern bool cdp_nicknames_add(CdpNicknames *nicknames, const uint32_t *a, int32_t na, const uint32_t *b, int32_t nb);
/* the ids of the groups that hold a name, ascending; returns how many, at most max are written */
extern int	cdp_nicknames_groups(const CdpNicknames *nicknames, const uint32_t *name, int32_t len, uint32_t *groups, int max);
extern void cdp_nicknames_free(CdpNicknames *nicknames);

/* memory that is freed as a whole; malloc behind it, so that threads and fuzzers can use it */
typedef struct CdpArena
{
	void	   *chunks;
	char	   *free;
	size_t		left;
	size_t		total;			/* bytes taken from malloc */
} CdpArena;
extern void *cdp_arena_get(CdpArena *arena, size_t size);	/* aligned to 8; NULL when out of memory */
extern void cdp_arena_free(CdpArena *arena);

/* compare.c */
extern const CdpMeasureInfo *cdp_measure_info(CdpMeasure measure);
extern const CdpMeasureInfo *cdp_measure_info_moved(CdpMeasure measure);	/* with the levels again, after a move */
extern int	cdp_measure_by_name(const char *name, size_t len);	/* -1: none */

/*
 * Prepares the matching key of a value (UTF-8; what kinds().key_sql gives) for an input
 * of a measure. False: out of memory or work->problem is set.
 */
extern bool cdp_value_prepare(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, CdpMeasure measure, int input,
							  const char *s, size_t len, CdpValue *out);

/*
 * The level of agreement. a and b have n_inputs entries, NULL where missing. 0 when
 * there is nothing to compare. Equal chars give the exact level.
 */
extern int	cdp_compare(CdpWork *work, CdpMeasure measure, const CdpValue *const *a, const CdpValue *const *b);

/* Does a mailbox stand in place of a family name? */
static inline bool
cdp_is_mailbox(const CdpValue *family)
{
	return family->len > 0 && family->chars[0] == '@';
}

/* The mailbox of an address, as it stands for the name of a record that has none. False as above. */
extern bool cdp_mailbox_of(CdpWork *work, CdpArena *arena, const CdpNicknames *nicknames, const CdpValue *email, CdpValue *out);

/* The letters of a prepared mailbox; none when it spells nothing. */
extern const uint32_t *cdp_mailbox_letters(const CdpValue *mailbox, int32_t *len);

/* Do two given names, prepared for CDP_MEASURE_NAME, stand for one another? */
extern bool cdp_share_nickname(const CdpValue *a, const CdpValue *b);

#endif
