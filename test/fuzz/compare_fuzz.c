/*
 * compare_fuzz.c
 *	  The comparisons on any bytes: what must hold whatever the values are.
 *
 * Usage: compare_fuzz [pairs [seed]]. Makes values of every measure from words, digits,
 * separators, wide characters and arbitrary bytes, related by edits or not, and looks
 * for: a level that is none of the measure's, a pair that is at another level the other
 * way round or the second time, a value that is not at the exact level with itself, a
 * level of another class than the names that are there, a one-edit level of identifiers
 * and of dates that is not what the distance says, another level without sketches. Then values of a megabyte, and lists
 * of nicknames that grow. Meant to be built with the address and undefined behaviour
 * sanitizers. Leaves with status 1 at the first fault.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/compare.h"

#define MAX_BYTES 600
#define KEEP_ARENA (1024 * 1024)

static CdpWork work;
static uint64_t state;

static uint32_t
draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t) ((state >> 20) % below) : 0;
}

static void
fault(const char *what, CdpMeasure measure, const char *a, size_t na, const char *b, size_t nb)
{
	printf("fault: %s, %s\n", cdp_measure_info(measure)->name, what);
	for (int i = 0; i < 2; i++)
	{
		printf(i ? "  b" : "  a");
		for (size_t j = 0; j < (i ? nb : na); j++)
			printf(" %02x", (unsigned char) (i ? b : a)[j]);
		printf("\n");
	}
	exit(1);
}

static const char *const words[] = {
	"anna", "ann", "robert", "bob", "j", "o", "smith", "smyth", "van", "der", "berg", "garcia", "lopez", "12", "12a", "7", "145th", "st", "ave", "apt",
	"high", "po", "box", "acme", "trading", "ltd", "the", "mail.example", "@", "+1", "-", ".", "north", "saint", "1970", "01", "12-05", ";ext=3", "5551234"
};

static size_t
make_value(CdpMeasure measure, char *out)
{
	size_t		n = 0;
	uint32_t	pieces = draw(6);

	if ((measure == CDP_MEASURE_BIRTH_DATE || measure == CDP_MEASURE_DATE) && draw(8))
		return (size_t) snprintf(out, MAX_BYTES, "%04d-%02d-%02d", (int) (draw(4) ? 1960 + draw(30) : draw(10000)), (int) draw(14), (int) draw(33));
	if (measure == CDP_MEASURE_PHONE && draw(4))
	{
		out[n++] = '+';
		for (uint32_t digits = 4 + draw(9); digits > 0; digits--)
			out[n++] = '0' + draw(3);
		return n;
	}
	switch (draw(6))
	{
		case 0:
			for (uint32_t i = draw(draw(8) ? 12 : 500); i > 0; i--)
				out[n++] = (char) draw(256);
			return n;
		case 1:
			for (uint32_t i = draw(draw(8) ? 12 : 100); i > 0; i--)
				n += cdp_chars_encode(draw(3) ? 'a' + draw(4) : draw(2) ? 0x300 + draw(64) : 0x1F600 + draw(4), out + n);
			return n;
		case 2:
			for (uint32_t i = draw(draw(8) ? 14 : 300); i > 0; i--)
				out[n++] = "0123 -.@AB"[draw(10)];
			return n;
		case 3:
			for (uint32_t i = draw(14); i > 0; i--)
				out[n++] = 'a' + draw(3);
			return n;
		default:
			for (uint32_t i = 0; i <= pieces; i++)
			{
				const char *word = words[draw(sizeof(words) / sizeof(words[0]))];

				if (i > 0 && draw(5))
					out[n++] = ' ';
				memcpy(out + n, word, strlen(word));
				n += strlen(word);
			}
			return n;
	}
}

static size_t
edit_value(const char *in, size_t n, char *out)
{
	memcpy(out, in, n);
	for (uint32_t edits = draw(4); edits > 0 && n > 2; edits--)
	{
		size_t		at = draw(n - 1);
		char		swap = out[at];

		switch (draw(4))
		{
			case 0:
				out[at] = out[at + 1];
				out[at + 1] = swap;
				break;
			case 1:
				memmove(out + at, out + at + 1, n - at - 1);
				n--;
				break;
			case 2:
				memmove(out + at + 1, out + at, n - at);
				n++;
				break;
			default:
				out[at] = "ab1 -"[draw(5)];
		}
	}
	return n;
}

static void
prepare(CdpArena *arena, const CdpNicknames *nicknames, CdpMeasure measure, int input, const char *s, size_t n, CdpValue *out)
{
	if (!cdp_value_prepare(&work, arena, nicknames, measure, input, s, n, out))
		fault("preparing", measure, s, n, "", 0);
}

static bool
is_date(const CdpValue *value)
{
	for (int i = 0; i < value->len; i++)
		if (i == 4 || i == 7 ? value->chars[i] != '-' : value->chars[i] < '0' || value->chars[i] > '9')
			return false;
	return value->len == 10;
}

/* The distance of two dates without their hyphens. */
static int32_t
date_distance(const CdpValue *a, const CdpValue *b)
{
	uint32_t	digits[2][8];
	int			n = 0;

	for (int i = 0; i < 10; i++)
		if (i != 4 && i != 7)
		{
			digits[0][n] = a->chars[i];
			digits[1][n++] = b->chars[i];
		}
	return cdp_osa(&work, digits[0], 8, digits[1], 8, -1);
}

static void
check_against_distance(CdpMeasure measure, int level, const CdpValue *x, const CdpValue *y, const char *a, size_t na, const char *b, size_t nb)
{
	const char *name = cdp_measure_info(measure)->levels[level - 1].name;
	int32_t		shorter = x->len < y->len ? x->len : y->len;

	if (measure == CDP_MEASURE_ID && shorter < 200 && (strcmp(name, "one_edit") == 0) != (shorter >= 4 && cdp_osa(&work, x->chars, x->len, y->chars, y->len, -1) == 1))
		fault("one edit", measure, a, na, b, nb);
	if ((measure == CDP_MEASURE_DATE || measure == CDP_MEASURE_BIRTH_DATE) && is_date(x) && is_date(y) && strcmp(name, "else") != 0)
	{
		int32_t		distance = date_distance(x, y);

		if ((strcmp(name, "one_edit") == 0) != (distance == 1) || (strcmp(name, "two_edits") == 0 && distance != 2) ||
			(distance == 2 && strncmp(name, "within", 6) == 0))
			fault("the distance of dates", measure, a, na, b, nb);
	}
}

static void
check_pair(CdpArena *arena, const CdpNicknames *nicknames, CdpMeasure measure)
{
	static char text[2][CDP_MAX_INPUTS][MAX_BYTES * 3];
	size_t		len[2][CDP_MAX_INPUTS];
	CdpValue	values[2][CDP_MAX_INPUTS];
	const CdpValue *side[2][CDP_MAX_INPUTS] = {{NULL}};
	const CdpMeasureInfo *info = cdp_measure_info(measure);
	bool		all_same = true;
	uint8_t		present = 0;
	bool		mailbox = false;
	int			level;

	for (int i = 0; i < info->n_inputs; i++)
	{
		len[0][i] = make_value(measure, text[0][i]);
		len[1][i] = draw(2) ? edit_value(text[0][i], len[0][i], text[1][i]) : make_value(measure, text[1][i]);
		/* exchanged names */
		if (i == 1 && draw(4) == 0)
		{
			memcpy(text[1][1], text[0][0], len[0][0]);
			len[1][1] = len[0][0];
		}
		/* a mailbox of whoever is the other */
		if (i == 1 && draw(5) == 0)
		{
			size_t		initial = len[0][0] > 0 && draw(2) ? 1 : len[0][0];

			text[1][1][0] = '@';
			memcpy(text[1][1] + 1, text[0][0], initial);
			memcpy(text[1][1] + 1 + initial, text[0][1], len[0][1]);
			len[1][1] = 1 + initial + len[0][1];
		}
		for (int j = 0; j < 2; j++)
		{
			prepare(arena, nicknames, measure, i, text[j][i], len[j][i], &values[j][i]);
			side[j][i] = draw(12) ? &values[j][i] : NULL;
			/* who has a mailbox for a name has no given name */
			if (measure == CDP_MEASURE_PERSON_NAME && i == 1 && side[j][1] && cdp_is_mailbox(side[j][1]))
			{
				mailbox = true;
				if (draw(8))
					side[j][0] = NULL;
			}
		}
		if (side[0][i] && side[1][i] && len[0][i] > 0 && len[1][i] > 0)
			present |= 1 << i;
	}
	level = cdp_compare(&work, measure, side[0], side[1]);
	if (level < 0 || level > info->n_levels)
		fault("the level", measure, text[0][0], len[0][0], text[1][0], len[1][0]);
	if (mailbox ? level > 0 && info->levels[level - 1].present != CDP_SPELLED :
		level > 0 ? info->levels[level - 1].present != present : present != 0)
		fault("the class", measure, text[0][0], len[0][0], text[1][0], len[1][0]);
	if (cdp_compare(&work, measure, side[1], side[0]) != level || cdp_compare(&work, measure, side[0], side[1]) != level)
		fault("symmetry", measure, text[0][0], len[0][0], text[1][0], len[1][0]);
	if (present == 1 && info->n_inputs == 1 && level > 1)
		check_against_distance(measure, level, side[0][0], side[1][0], text[0][0], len[0][0], text[1][0], len[1][0]);
	/* a sketch only saves a look at what it is made of; of a date it is all there is */
	if (measure != CDP_MEASURE_DATE && measure != CDP_MEASURE_BIRTH_DATE)
	{
		for (int i = 0; i < info->n_inputs; i++)
			values[0][i].sketch = values[1][i].sketch = 0;
		if (cdp_compare(&work, measure, side[0], side[1]) != level)
			fault("the sketch", measure, text[0][0], len[0][0], text[1][0], len[1][0]);
	}
	for (int i = 0; i < info->n_inputs; i++)
		all_same &= len[0][i] > 0 && !(info->n_inputs > 1 && i == 1 && cdp_is_mailbox(&values[0][1]));
	for (int i = 0; i < info->n_inputs; i++)
		side[0][i] = &values[0][i];
	if (all_same && cdp_compare(&work, measure, side[0], side[0]) != 1)
		fault("identity", measure, text[0][0], len[0][0], text[0][0], len[0][0]);
	if (work.problem != CDP_NO_PROBLEM || work.dirty)
		fault("what is left behind", measure, text[0][0], len[0][0], text[1][0], len[1][0]);
}

/* Values of a megabyte are prepared and compared at once. */
static void
check_long(const CdpNicknames *nicknames)
{
	const size_t n = 1024 * 1024;
	char	   *text = malloc(n);

	for (int measure = 0; measure < CDP_N_MEASURES; measure++)
		for (int kind = 0; kind < 3; kind++)
		{
			CdpArena	arena = {0};
			CdpValue	x[CDP_MAX_INPUTS],
						y[CDP_MAX_INPUTS];
			const CdpValue *a[CDP_MAX_INPUTS] = {&x[0], &x[1]},
					   *b[CDP_MAX_INPUTS] = {&y[0], &y[1]};

			for (size_t i = 0; i < n; i++)
				text[i] = kind == 0 ? (char) draw(256) : kind == 1 ? "ab 1"[draw(4)] : 'a';
			for (int input = 0; input < cdp_measure_info(measure)->n_inputs; input++)
			{
				prepare(&arena, nicknames, measure, input, text, n, &x[input]);
				text[n / 2] ^= 1;
				prepare(&arena, nicknames, measure, input, text, n, &y[input]);
			}
			for (int i = 0; i < 1000; i++)
				if (cdp_compare(&work, measure, a, b) != cdp_compare(&work, measure, b, a) || cdp_compare(&work, measure, a, a) != 1)
					fault("long values", measure, text, 16, text, 16);
			cdp_arena_free(&arena);
		}
	free(text);
}

static void
check_nicknames(void)
{
	CdpNicknames *nicknames = cdp_nicknames_create();
	CdpArena	arena = {0};
	uint32_t	groups[100];
	CdpValue	x,
				y;
	const CdpValue *a = &x,
			   *b = &y;

	/* a name in more groups than a value is prepared for at once, and a table that grows */
	for (uint32_t i = 0; i < 20000; i++)
	{
		uint32_t	name[2] = {'q', 0x4E00 + i % 10000};
		uint32_t	many[3] = {'x', 'y', 'z'};

		if (!cdp_nicknames_add(nicknames, name, 2, i < 50 ? many : name, i < 50 ? 3 : 2))
			fault("adding a nickname", CDP_MEASURE_NAME, "", 0, "", 0);
	}
	if (cdp_nicknames_groups(nicknames, (uint32_t[]) {'x', 'y', 'z'}, 3, groups, 100) != 50 || cdp_nicknames_groups(nicknames, (uint32_t[]) {'x'}, 0, groups, 100) != 0)
		fault("the groups of a nickname", CDP_MEASURE_NAME, "", 0, "", 0);
	for (int i = 1; i < 50; i++)
		if (groups[i - 1] >= groups[i])
			fault("the order of groups", CDP_MEASURE_NAME, "", 0, "", 0);
	prepare(&arena, nicknames, CDP_MEASURE_NAME, 0, "xyz", 3, &x);
	prepare(&arena, nicknames, CDP_MEASURE_NAME, 0, "q\xE4\xB8\xB1", 4, &y);	/* the last of the fifty */
	if (strcmp(cdp_measure_info(CDP_MEASURE_NAME)->levels[cdp_compare(&work, CDP_MEASURE_NAME, &a, &b) - 1].name, "nickname") != 0)
		fault("an added nickname", CDP_MEASURE_NAME, "", 0, "", 0);
	cdp_arena_free(&arena);
	cdp_nicknames_free(nicknames);
}

int
main(int argc, char **argv)
{
	long		pairs = argc > 1 ? atol(argv[1]) : 100000;
	CdpNicknames *nicknames = cdp_nicknames_create();
	CdpArena	arena = {0};

	state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2654435769 + 88172645463325252 : 88172645463325252;
	for (long i = 0; i < pairs; i++)
	{
		check_pair(&arena, nicknames, i % CDP_N_MEASURES);
		if (arena.total > KEEP_ARENA)
			cdp_arena_free(&arena);
	}
	cdp_arena_free(&arena);
	check_long(nicknames);
	check_nicknames();
	cdp_nicknames_free(nicknames);
	cdp_work_release(&work, 0);
	printf("%ld pairs without a fault\n", pairs);
	return 0;
}
